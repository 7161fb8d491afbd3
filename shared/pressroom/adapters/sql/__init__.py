"""The database: SQLite or PostgreSQL behind the ports ``JobStore`` and ``KeyStore``."""
