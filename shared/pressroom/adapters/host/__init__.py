"""What the operating system and its watchers want of a process: signals, health, metrics."""
