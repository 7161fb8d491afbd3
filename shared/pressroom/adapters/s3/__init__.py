"""Artifacts in a bucket of S3, or of a server that speaks it."""

from pressroom.adapters.s3.store import S3Artifacts

__all__ = ["S3Artifacts"]
