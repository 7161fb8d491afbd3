"""Examples are drawn by hypothesis; a slow machine is no failure."""

from hypothesis import settings

settings.register_profile("domain", deadline=None, max_examples=60)
settings.load_profile("domain")
