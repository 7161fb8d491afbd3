// The operator Attention, as ONNX Runtime asks for it.
//
//     Attention  qkv (B, S, (H + 2 KV) hd)  keys, values (B, KV, T, hd) half  last (B) int32  cos, sin (P, hd / 2)
//                -> attended (B, S, H hd)  keys, values (B, KV, T, hd) half: bind them to the inputs' own memory
//                attributes: heads, kv_heads (integers), scale (a float)

#include "operators.h"

#include <stdlib.h>
#include <string.h>

#include "levels.h"
#include "tensors.h"

struct operator {
    OrtApi api;
    const struct attention_kernels *kernels;
    int64_t heads, kv_heads;
    float scale;
};

// ---- the kernel -----------------------------------------------------------------------------------------------------

static OrtStatus *create(const OrtCustomOp *op, OrtApi api, const OrtKernelInfo *info, void **made) {
    (void)op;
    struct operator *self = malloc(sizeof *self);
    if (!self) return refuse(api, "No memory for an operator.");
    self->api = api;
    self->kernels = level() ? level()->attention : NULL;
    OrtStatus *status = int_attribute(api)(info, "heads", &self->heads);
    if (!status) status = int_attribute(api)(info, "kv_heads", &self->kv_heads);
    if (!status) status = float_attribute(api)(info, "scale", &self->scale);
    if (!status && !self->kernels) status = refuse(api, "This processor has neither AVX2 nor AVX-512.");
    if (!status && (self->kv_heads < 1 || self->heads < 1 || self->heads % self->kv_heads))
        status = refuse(api, "heads must be a multiple of kv_heads.");
    if (status) {
        free(self);
        return status;
    }
    *made = self;
    return NULL;
}

static void destroy(void *self) { free(self); }

// An output of the cache: bound to the input's memory it is there already, else it begins as a copy of it.
static OrtStatus *carried(OrtApi api, OrtKernelContext *context, size_t index, const struct array *from, uint16_t **to) {
    OrtValue *value = NULL;
    OR_RETURN(output_of(api)(context, index, from->sizes, 4, &value));
    OR_RETURN(data_of(api)(value, (void **)to));
    if (*to != from->data)
        memcpy(*to, from->data, sizeof(uint16_t) * from->sizes[0] * from->sizes[1] * from->sizes[2] * from->sizes[3]);
    return NULL;
}

struct work {
    const struct attention *call;
    const struct attention_kernels *kernels;
};

static void few(void *given, size_t task) {
    const struct work *work = given;
    const int64_t row = task / work->call->kv_heads, head = task % work->call->kv_heads;
    work->kernels->put(work->call, row, head);
    work->kernels->take_few(work->call, row, head);
}

static void put_all(void *given, size_t task) {
    const struct work *work = given;
    work->kernels->put(work->call, task / work->call->kv_heads, task % work->call->kv_heads);
}

static void many(void *given, size_t task) {
    const struct work *work = given;
    const int64_t tiles = attention_tiles(work->call), head = task / tiles;
    // The last tiles see the most keys: they go first, so that no thread begins a long one when others are done.
    const int64_t tile = tiles - 1 - task % tiles;
    work->kernels->take_many(work->call, head / work->call->kv_heads, head % work->call->kv_heads, tile);
}

static OrtStatus *compute(void *given, OrtKernelContext *context) {
    const struct operator *self = given;
    OrtApi api = self->api;
    struct array qkv, keys, values, last, cos, sin;
    OR_RETURN(input(api, context, 0, 3, &qkv));
    OR_RETURN(input(api, context, 1, 4, &keys));
    OR_RETURN(input(api, context, 2, 4, &values));
    OR_RETURN(input(api, context, 3, 1, &last));
    OR_RETURN(input(api, context, 4, 2, &cos));
    OR_RETURN(input(api, context, 5, 2, &sin));
    const int64_t rows = qkv.sizes[0], steps = qkv.sizes[1], width = keys.sizes[3], room = keys.sizes[2];
    if (width < 1 || width % WIDTH_STEP || width > MOST_WIDTH) return refuse(api, "A head's width is not offered.");
    if (qkv.sizes[2] != (self->heads + 2 * self->kv_heads) * width || keys.sizes[0] != rows || last.sizes[0] != rows ||
        keys.sizes[1] != self->kv_heads || memcmp(keys.sizes, values.sizes, sizeof keys.sizes) ||
        cos.sizes[1] != width / 2 || memcmp(cos.sizes, sin.sizes, 2 * sizeof *cos.sizes))
        return refuse(api, "The inputs' sizes do not fit together.");
    const int32_t *positions = last.data;
    for (int64_t row = 0; row < rows; row++)
        if (positions[row] < steps - 1 || positions[row] >= room || positions[row] >= cos.sizes[0])
            return refuse(api, "A position is outside the cache or the table of angles.");

    struct attention call = {
        .rows = rows, .steps = steps, .heads = self->heads, .kv_heads = self->kv_heads, .width = width, .room = room,
        .scale = self->scale, .qkv = qkv.data, .last = positions, .cos = cos.data, .sin = sin.data,
    };
    const int64_t out_sizes[] = {rows, steps, self->heads * width};
    OrtValue *out = NULL;
    OR_RETURN(output_of(api)(context, 0, out_sizes, 3, &out));
    OR_RETURN(data_of(api)(out, (void **)&call.out));
    OR_RETURN(carried(api, context, 1, &keys, &call.keys));
    OR_RETURN(carried(api, context, 2, &values, &call.values));

    struct work work = {&call, self->kernels};
    const size_t heads = rows * self->kv_heads;
    if (!heads || !steps) return NULL;
    if (steps <= FEW_STEPS) return in_parallel(api)(context, few, heads, heads, &work);
    const size_t tiles = heads * attention_tiles(&call);
    OR_RETURN(in_parallel(api)(context, put_all, heads, heads, &work));
    return in_parallel(api)(context, many, tiles, tiles, &work);
}

// ---- what is told of it -----------------------------------------------------------------------------------------------

static const char *name(const OrtCustomOp *op) { return (void)op, "Attention"; }
static size_t inputs(const OrtCustomOp *op) { return (void)op, 6; }
static size_t outputs(const OrtCustomOp *op) { return (void)op, 3; }

static int input_type(const OrtCustomOp *op, size_t index) {
    static const int types[] = {ELEMENT_FLOAT, ELEMENT_HALF, ELEMENT_HALF, ELEMENT_INT32, ELEMENT_FLOAT, ELEMENT_FLOAT};
    return (void)op, types[index];
}

static int output_type(const OrtCustomOp *op, size_t index) { return (void)op, index ? ELEMENT_HALF : ELEMENT_FLOAT; }

const OrtCustomOp attention_operator = {
    ON_HOST_WITH_ALL_INPUTS,
    .name = name,
    .input_type = input_type,
    .inputs = inputs,
    .output_type = output_type,
    .outputs = outputs,
    .destroy = destroy,
    .create_or_say = create,
    .compute_or_say = compute,
};
