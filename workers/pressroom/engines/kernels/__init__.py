"""Kernels of our own, in C, as operators of ONNX Runtime: where its own are slower than the memory.

    attention.*   attention over a cache in half precision
    quantise.*    a row of floats in 8 bits
    vectors.h     what a register holds, on each processor   levels.*   and which of them this one is
    *_operator.c  what ONNX Runtime asks of each             operators.*   and of the library
    onnx_abi.h    its binary interface                       tensors.h   and what is in its tensors
    library.py    finds what ``scripts/build_kernels.py`` has compiled

They are optional: where nothing was compiled, or the processor lacks what they need, engines use ONNX Runtime's
own operators.
"""
