"""Models that read texts and tell numbers of them: embeddings and moderations."""
