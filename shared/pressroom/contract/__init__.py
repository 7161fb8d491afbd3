"""The wire: every shape that crosses HTTP, Redis or a process border, as pydantic models."""
