"""``python -m pressroom.training``: train a model from its data to a folder that workers can open."""

import sys

try:
    from pressroom.training.cli import main
except ModuleNotFoundError as error:
    missing = (error.name or "").partition(".")[0]
    if missing == "pressroom":
        raise
    sys.exit(f"Training needs {missing}, which is not installed here: `pip install 'pressroom[train]'`.")

main(prog_name="python -m pressroom.training")
