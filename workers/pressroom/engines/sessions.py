"""The only place that imports onnxruntime: opens sessions on a chosen execution provider."""
