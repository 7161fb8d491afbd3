"""Everything that the use cases need, in memory: supported fakes for tests and for trying things out.

They keep the same promises as the real adapters, and one suite runs over both.
"""
