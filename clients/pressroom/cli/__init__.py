"""The command line: a thin face of the client, and the door to the operator's commands."""
