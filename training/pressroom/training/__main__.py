"""``python -m pressroom.training``: train a model from its data to a folder that workers can open."""

from pressroom.training.cli import main

main(prog_name="python -m pressroom.training")
