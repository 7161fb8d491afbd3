"""What can be done with a job: one use case a file, over the ports that adapters fill."""
