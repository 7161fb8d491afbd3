"""Data sets the models are trained on: where they come from, their licences, their hashes."""
