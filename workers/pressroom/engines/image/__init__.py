"""Pictures: a decoder in micro-batches over the requests of everybody."""
