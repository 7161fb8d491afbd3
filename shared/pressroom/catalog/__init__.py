"""What models there are: manifests, read from the zoo and from what was pulled or imported."""
