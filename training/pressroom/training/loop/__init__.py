"""How everything here is trained: a plan, a task that takes steps, checkpoints, and what is told on the way."""
