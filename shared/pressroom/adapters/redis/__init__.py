"""Redis or Valkey: streams of events and finished jobs. Fast, bounded, and allowed to be lost."""
