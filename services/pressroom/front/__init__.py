"""The front: the HTTP API and the pages. It takes jobs in and gives results out; it runs no model."""
