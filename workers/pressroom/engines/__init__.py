"""Models that make content: one protocol, one implementation a family of models."""
