"""Artifacts in a folder of this machine, or of a network file system."""

from pressroom.adapters.files.store import FileArtifacts

__all__ = ["FileArtifacts"]
