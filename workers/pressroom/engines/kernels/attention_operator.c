// The operators Attention and CodedAttention, as ONNX Runtime asks for them.
//
//     Attention  qkv (B, S, (H + 2 KV) hd)  keys, values (B, KV, T, hd) half  last (B) int32  cos, sin (P, hd / 2)
//                -> attended (B, S, H hd)  keys, values (B, KV, T, hd) half: bind them to the inputs' own memory
//                attributes: heads, kv_heads, window (integers; 0: no window), scale (a float)
//
//     CodedAttention is the same with keys and values (B, KV, T, hd + 4) int8 (see attention.h).

#include "operators.h"

#include "attention_work.h"

struct operator {
    OrtApi api;
    struct heads heads;
    int64_t window;
};

static OrtStatus *read_attributes(OrtApi api, const OrtKernelInfo *info, struct operator *to) {
    OR_RETURN(read_heads(api, info, &to->heads));
    OR_RETURN(int_attribute(api)(info, "window", &to->window));
    return to->window >= 0 ? NULL : refuse(api, "A window cannot be negative.");
}

static OrtStatus *create(const OrtCustomOp *op, OrtApi api, const OrtKernelInfo *info, void **made) {
    (void)op;
    struct operator *self = malloc(sizeof *self);
    return made_or_freed(api, self, self ? read_attributes(api, info, self) : NULL, made);
}

static OrtStatus *compute(void *given, OrtKernelContext *context) {
    const struct operator *self = given;
    OrtApi api = self->api;
    struct array qkv;
    OR_RETURN(input(api, context, 0, 3, &qkv));
    struct attention call = {
        .rows = qkv.sizes[0], .steps = qkv.sizes[1], .qkv = qkv.data,
        .heads = self->heads.count, .kv_heads = self->heads.kv_heads, .scale = self->heads.scale,
        .window = self->window,
    };
    OR_RETURN(attention_cache(api, context, 1, 1, &call));
    OR_RETURN(attention_places(api, context, 3, &call));
    if (qkv.sizes[2] != (call.heads + 2 * call.kv_heads) * call.width)
        return refuse(api, MISFITS);
    const int64_t sizes[] = {call.rows, call.steps, call.heads * call.width};
    OR_RETURN(output(api, context, 0, sizes, 3, (void **)&call.out));
    struct phase list[MOST_ATTENTION_PHASES];
    struct phases phases = {.list = list};
    add_attention(&phases, &call);
    return work_together(api, context, &phases);
}

static const char *name(const OrtCustomOp *op) { return (void)op, "Attention"; }
static size_t inputs(const OrtCustomOp *op) { return (void)op, 6; }
static size_t outputs(const OrtCustomOp *op) { return (void)op, 3; }

static int input_type(const OrtCustomOp *op, size_t index) {
    static const int types[] = {ELEMENT_FLOAT, ELEMENT_HALF, ELEMENT_HALF, ELEMENT_INT32, ELEMENT_FLOAT, ELEMENT_FLOAT};
    return (void)op, types[index];
}

static int output_type(const OrtCustomOp *op, size_t index) { return (void)op, index ? ELEMENT_HALF : ELEMENT_FLOAT; }

const OrtCustomOp attention_operator = {
    ON_HOST,
    WITH_ALL_OUTPUTS,
    .input_kind = required,
    AS_TOLD_HERE,
    .destroy = free,
};

static const char *coded_name(const OrtCustomOp *op) { return (void)op, "CodedAttention"; }

static int coded(int type) { return type == ELEMENT_HALF ? ELEMENT_INT8 : type; }
static int coded_input_type(const OrtCustomOp *op, size_t index) { return coded(input_type(op, index)); }
static int coded_output_type(const OrtCustomOp *op, size_t index) { return coded(output_type(op, index)); }

const OrtCustomOp coded_attention_operator = {
    ON_HOST,
    WITH_ALL_OUTPUTS,
    .input_kind = required,
    .name = coded_name, .input_type = coded_input_type, .inputs = inputs, .output_type = coded_output_type,
    .outputs = outputs, .create_or_say = create, .compute_or_say = compute,
    .destroy = free,
};
