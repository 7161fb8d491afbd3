"""The HTTP API, ``/v1`` and its surroundings: one blueprint a file."""
