"""Everything here but recipes, the reading of data sets and what is drawn in numpy needs torch, or what comes with it.

Without torch those modules cannot even be imported, so they are left out at collection, and the test
in ``test_torch.py`` skips in their place and says why.
"""

import importlib.util

TORCH = importlib.util.find_spec("torch") is not None

_NEED_TORCH = [
    "vae/*",
    "loop/*",
    "language/*",
    "gan/*",
    "fsq/*",
    "features/*",
    "upscale/*",
    "icons/*",
    "flow/*",
    "exporting/*",
    "measure/test_psnr.py",
    "measure/test_likeness.py",
    "embeddings/*",
    "preference/*",
    "drawings/*",
    *(
        f"test_{name}.py"
        for name in ("article", "commands", "made_to_served", "plots", "recipes_learn", "telling")
    ),
]
collect_ignore_glob = [] if TORCH else _NEED_TORCH

if TORCH:
    import torch

    # Networks this small lose more to waking threads than they win, above all beside other work.
    torch.set_num_threads(1)
    # A warning that comes once a process would be found by chance alone.
    torch.set_warn_always(True)
