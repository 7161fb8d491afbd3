"""The relay: one small process that wakes workers, reaps silent ones, and clears away."""
