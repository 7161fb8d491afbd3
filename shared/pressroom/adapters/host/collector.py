"""Python's garbage collector, kept away from what stays for as long as the process."""

import gc


def spare_what_is_here() -> None:
    """To be called once a process is assembled. A full collection goes through some 100,000 objects that
    modules and statements are made of, and stops every thread for 50 to 100 ms; from now on it does not.
    Processes that are forked later go on sharing that memory, since nothing writes to it."""
    gc.collect()
    gc.freeze()
