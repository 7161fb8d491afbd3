"""A project's picture model goes on learning from what people chose.

pairs   what was chosen over what, out of an export of feedback     start   the folder of such a run
task    the loss                                                    room    trains, and tells before and after
"""
