"""The network in whose features pictures are compared: how ``measure/feature_net.onnx`` came about.

model   a small convolutional classifier     task   it under the loop     room   the recipe
"""
