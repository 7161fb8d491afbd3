"""Training: the only room that knows torch. Data → model → metrics → ONNX → ``model_zoo/``."""
