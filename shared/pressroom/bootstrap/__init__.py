"""The only wiring: each module here builds one process's parts from the settings."""
