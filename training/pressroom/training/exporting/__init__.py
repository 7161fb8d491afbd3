"""`pressroom export`: a trained network becomes a model that workers open, or nothing at all.

onnx_file   a torch module as an ONNX file      parity     is it the same function?
precision   its weights in fewer bits           golden     inputs and outputs that travel with it
model       the folder: files, manifest, notice, sheet; written whole, or not
"""
