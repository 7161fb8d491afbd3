"""What can go wrong with a training run.

TrainingError
├── CheckpointCorrupt      checkpoint_corrupt              the file is damaged, or no checkpoint
├── CheckpointOfAnother    checkpoint_of_another_recipe    it belongs to another recipe
└── Diverged               training_diverged               the loss is not a number any more
"""


class TrainingError(Exception):
    """Base of what can go wrong with a training run. ``code`` is stable; the message says what to do."""

    code = "training_error"


class CheckpointCorrupt(TrainingError):
    code = "checkpoint_corrupt"


class CheckpointOfAnother(TrainingError):
    code = "checkpoint_of_another_recipe"


class Diverged(TrainingError):
    code = "training_diverged"
