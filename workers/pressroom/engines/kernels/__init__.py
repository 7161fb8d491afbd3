"""Kernels of our own, in C, as operators of ONNX Runtime: where its own are slower than the memory.

    vectors.h     sixteen floats at a time, on each processor
    attention.*   attention over a cache in half precision
    operators.c   what ONNX Runtime asks of it   onnx_abi.h   and its binary interface
    library.py    finds what ``scripts/build_kernels.py`` has compiled

They are optional: where nothing was compiled, or the processor lacks what they need, engines use ONNX Runtime's
own operators.
"""
