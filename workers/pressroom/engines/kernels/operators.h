// The operators of the domain "pressroom".
#pragma once

#include "onnx_abi.h"

extern const OrtCustomOp attention_operator, quantise_operator;
