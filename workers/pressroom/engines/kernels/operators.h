// The operators of the domain "pressroom", and what is the same for all of them.
#pragma once

#include "onnx_abi.h"

extern const OrtCustomOp attention_operator, quantise_operator;

static inline const char *provider(const OrtCustomOp *op) { return (void)op, "CPUExecutionProvider"; }
static inline int required(const OrtCustomOp *op, size_t index) { return (void)op, (void)index, 0; }
static inline int on_host(const OrtCustomOp *op, size_t index) { return (void)op, (void)index, 0; }
static inline int none(const OrtCustomOp *op) { return (void)op, 0; }
static inline int first_version(const OrtCustomOp *op) { return (void)op, 1; }
static inline int last_version(const OrtCustomOp *op) { return (void)op, INT32_MAX; }

#define ON_HOST_WITH_ALL_INPUTS \
    .version = OPERATOR_VERSION, .provider = provider, .input_kind = required, .output_kind = required, \
    .input_memory = on_host, .variadic_inputs = none, .variadic_inputs_alike = none, .variadic_outputs = none, \
    .variadic_outputs_alike = none, .first_version = first_version, .last_version = last_version
