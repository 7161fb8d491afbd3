"""The operator's commands. They work on the database of the settings, not through a front."""
