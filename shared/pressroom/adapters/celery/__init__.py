"""Celery carries tickets: wake-up messages that name a pool. The queue itself is the database."""
