"""Every table, for those who need the whole: migrations and their tests."""

from pressroom.adapters.sql import (
    batch_tables,
    copy_tables,
    feedback_tables,
    spending_tables,
    upload_tables,
    webhook_tables,
    word_list_tables,
)
from pressroom.adapters.sql.tables import metadata

__all__ = [
    "batch_tables",
    "copy_tables",
    "feedback_tables",
    "metadata",
    "spending_tables",
    "upload_tables",
    "webhook_tables",
    "word_list_tables",
]
