"""An engine without a model, for trying out everything around engines."""
