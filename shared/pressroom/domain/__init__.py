"""What a job is and how it may change: plain Python, no I/O, no clock, no framework."""
