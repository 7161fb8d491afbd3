"""Everything here but the data set's reading needs torch.

Without torch those modules cannot even be imported, so they are left out at collection, and the test
in ``test_torch.py`` skips in their place and says why.
"""

import importlib.util

TORCH = importlib.util.find_spec("torch") is not None

collect_ignore_glob = [] if TORCH else ["vae/*", "test_cli.py", "test_export.py"]

if TORCH:
    import torch

    # Networks this small lose more to waking threads than they win, above all beside other work.
    torch.set_num_threads(1)
