// The operators of the domain "pressroom", and what is the same for all of them.
#pragma once

#include <stdlib.h>

#include "levels.h"
#include "tensors.h"

extern const OrtCustomOp attention_operator, coded_attention_operator, layers_operator, product_operator;

static inline const char *provider(const OrtCustomOp *op) { return (void)op, "CPUExecutionProvider"; }
static inline int required(const OrtCustomOp *op, size_t index) { return (void)op, (void)index, REQUIRED; }
static inline int on_host(const OrtCustomOp *op, size_t index) { return (void)op, (void)index, 0; }
static inline int none(const OrtCustomOp *op) { return (void)op, 0; }
static inline int first_version(const OrtCustomOp *op) { return (void)op, 1; }
static inline int last_version(const OrtCustomOp *op) { return (void)op, INT32_MAX; }

#define WITH_ALL_OUTPUTS \
    .output_kind = required, .variadic_inputs = none, .variadic_inputs_alike = none, .variadic_outputs = none, \
    .variadic_outputs_alike = none

// By the names that each operator's file gives to its own functions.
#define AS_TOLD_HERE \
    .name = name, .input_type = input_type, .inputs = inputs, .output_type = output_type, .outputs = outputs, \
    .create_or_say = create, .compute_or_say = compute

// An operator's own memory begins with this. `status`: what its attributes had to say.
struct made {
    OrtApi api;
};

static inline OrtStatus *made_or_freed(OrtApi api, void *self, OrtStatus *status, void **made) {
    if (!self) return refuse(api, "No memory for an operator.");
    if (!status && !level()) status = refuse(api, "This processor has neither AVX2 nor AVX-512.");
    if (status) {
        free(self);
        return status;
    }
    ((struct made *)self)->api = api;
    *made = self;
    return NULL;
}

#define ON_HOST \
    .version = OPERATOR_VERSION, .provider = provider, .input_memory = on_host, .first_version = first_version, .last_version = last_version
