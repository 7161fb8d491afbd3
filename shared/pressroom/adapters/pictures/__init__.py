"""Pictures from outside: decoded in a process of their own, written anew, never kept as they came."""

from pressroom.adapters.pictures.cleaner import PictureLimits, ProcessCleaner

__all__ = ["PictureLimits", "ProcessCleaner"]
