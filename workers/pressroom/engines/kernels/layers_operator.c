// The operator Layers: all layers of a decoder in one call, so that threads meet only where they must.
//
//     Layers  x (B, S, D)  last (B) int32  cos, sin (P, hd / 2)
//             of each layer: keys, values (B, KV, T, hd + 4) int8  gain (D)  qkv  out  gain (D)  gate and up  down
//                            with `biased`, also the bias of qkv (P, 32)
//             -> y (B, S, D)  scratch (bytes)  of each layer: keys, values: bind them to the inputs' own memory
//             attributes: layers, heads, kv_heads, head_width, hidden, biased (integers), scale, epsilon (floats)
//
//     x' = x + out(attention(qkv(norm(x))))   y = x' + down(silu(gate(norm(x'))) up(norm(x')))
//
// A product is three inputs (see Product). What is of a layer and not its cache must be constant: it is looked at once.

#include "operators.h"

#include "attention_work.h"
#include "product_work.h"

enum { X, LAST, COS, SIN, FIRST_LAYER };
enum { KEYS, VALUES, ATTENTION_GAIN, QKV, OUT = QKV + 3, FEED_GAIN = OUT + 3, GATE, DOWN = GATE + 3, BIAS = DOWN + 3 };
enum { Y, SCRATCH, FIRST_CACHE };
#define LAYER_PHASES (4 * PRODUCT_PHASES + MOST_ATTENTION_PHASES)
#define MOST_LAYERS 1024

struct layer {
    struct attention attention;
    struct product_work qkv, out, gate, down;
};

struct operator {
    OrtApi api;
    struct heads heads;
    int64_t count, head_width, hidden, biased;
    float epsilon;
    int64_t width;         // D
    struct layer *layers;  // what is constant of them
};

static size_t inputs_of_a_layer(const struct operator *self) { return BIAS + (self->biased ? 1 : 0); }
static size_t layer_at(const struct operator *self, int64_t i) { return FIRST_LAYER + i * inputs_of_a_layer(self); }

// ---- what is constant --------------------------------------------------------------------------------------------------

static OrtStatus *read_attributes(OrtApi api, const OrtKernelInfo *info, struct operator *to) {
    OR_RETURN(read_heads(api, info, &to->heads));
    OR_RETURN(int_attribute(api)(info, "layers", &to->count));
    OR_RETURN(int_attribute(api)(info, "head_width", &to->head_width));
    OR_RETURN(int_attribute(api)(info, "hidden", &to->hidden));
    OR_RETURN(int_attribute(api)(info, "biased", &to->biased));
    OR_RETURN(float_attribute(api)(info, "epsilon", &to->epsilon));
    return to->count > 0 && to->count <= MOST_LAYERS ? NULL : refuse(api, "That is no number of layers.");
}

static OrtStatus *constant(OrtApi api, const OrtKernelInfo *info, size_t index, struct array *to) {
    const OrtValue *value = NULL;
    int is_constant = 0;
    OR_RETURN(constant_input(api)(info, index, &is_constant, &value));
    if (!is_constant || !value) return refuse(api, "A layer's weights must be constants.");
    return look_at(api, value, to);
}

static OrtStatus *floats(OrtApi api, const OrtKernelInfo *info, size_t index, int64_t count, const float **to) {
    struct array array;
    OR_RETURN(constant(api, info, index, &array));
    *to = array.data;
    return array.type == ELEMENT_FLOAT && numbers_in(&array) == count ? NULL : refuse(api, MISFITS);
}

static OrtStatus *product(OrtApi api, const OrtKernelInfo *info, size_t index, int64_t width, int64_t columns,
                          struct product_work *to) {
    struct array given[3];
    for (size_t i = 0; i < 3; i++) OR_RETURN(constant(api, info, index + i, &given[i]));
    to->product.columns = columns;
    return product_weights(api, given, width, to);
}

static OrtStatus *read_layer(OrtApi api, const OrtKernelInfo *info, const struct operator *self, size_t at,
                             struct layer *to) {
    const int64_t attended = self->heads.count * self->head_width;
    const int64_t turned = attended + 2 * self->heads.kv_heads * self->head_width;
    to->qkv.row.epsilon = to->gate.row.epsilon = self->epsilon;
    to->gate.product.gated = 1;
    OR_RETURN(floats(api, info, at + ATTENTION_GAIN, self->width, &to->qkv.row.gain));
    OR_RETURN(product(api, info, at + QKV, self->width, turned, &to->qkv));
    OR_RETURN(product(api, info, at + OUT, attended, self->width, &to->out));
    OR_RETURN(floats(api, info, at + FEED_GAIN, self->width, &to->gate.row.gain));
    OR_RETURN(product(api, info, at + GATE, self->width, self->hidden, &to->gate));
    OR_RETURN(product(api, info, at + DOWN, self->hidden, self->width, &to->down));
    if (!self->biased) return NULL;
    return floats(api, info, at + BIAS, to->qkv.product.panels * PANEL, &to->qkv.product.bias);
}

static OrtStatus *read_layers(OrtApi api, const OrtKernelInfo *info, struct operator *to) {
    struct array gain;
    OR_RETURN(read_attributes(api, info, to));
    OR_RETURN(constant(api, info, FIRST_LAYER + ATTENTION_GAIN, &gain));
    to->width = numbers_in(&gain);
    to->layers = calloc(to->count, sizeof *to->layers);
    if (!to->layers) return refuse(api, "No memory for the layers.");
    for (int64_t i = 0; i < to->count; i++) OR_RETURN(read_layer(api, info, to, layer_at(to, i), &to->layers[i]));
    return NULL;
}

static OrtStatus *create(const OrtCustomOp *op, OrtApi api, const OrtKernelInfo *info, void **made) {
    (void)op;
    struct operator *self = calloc(1, sizeof *self);
    OrtStatus *status = self ? read_layers(api, info, self) : NULL;
    if (status) free(self->layers);
    return made_or_freed(api, self, status, made);
}

static void destroy(void *self) {
    free(((struct operator *)self)->layers);
    free(self);
}

// ---- one call ------------------------------------------------------------------------------------------------------------

// Parts of one piece of memory, each on a cache line of its own. Without the memory it only counts.
struct scratch {
    uint8_t *memory;
    int64_t used;
};

static void *part(struct scratch *scratch, int64_t bytes) {
    void *at = scratch->memory ? scratch->memory + scratch->used : NULL;
    scratch->used += (bytes + 63) / 64 * 64;
    return at;
}

// Who puts its result where, and who takes it from there. All layers are alike, and use the same memory in turn.
static void lay_out(struct layer *layer, int64_t rows, struct scratch *scratch) {
    struct product_work *const all[] = {&layer->qkv, &layer->out, &layer->gate, &layer->down};
    for (size_t i = 0; i < 4; i++) {
        struct product *product = &all[i]->product;
        product->rows = rows;
        all[i]->u = part(scratch, rows * product->depth);
        all[i]->scale = part(scratch, rows * sizeof(float));
        if (all[i] != &layer->down) product->out = part(scratch, rows * product->columns * sizeof(float));
    }
    layer->attention.out = part(scratch, rows * layer->out.row.width * sizeof(float));
    layer->attention.qkv = layer->qkv.product.out;
    layer->out.row.x = layer->attention.out;
    layer->gate.row.x = layer->down.product.residual = layer->out.product.out;
    layer->down.row.x = layer->gate.product.out;
}

static OrtStatus *take_part(const struct operator *self, OrtKernelContext *context, int64_t i,
                            const struct attention *attention, struct layer *layer) {
    *layer = self->layers[i];
    layer->attention = *attention;
    OR_RETURN(attention_cache(self->api, context, layer_at(self, i), FIRST_CACHE + 2 * i, &layer->attention));
    return layer->attention.width == self->head_width ? NULL : refuse(self->api, MISFITS);
}

static OrtStatus *run(const struct operator *self, OrtKernelContext *context, struct layer *layers, struct phase *list) {
    OrtApi api = self->api;
    struct array x;
    OR_RETURN(input(api, context, X, 3, &x));
    if (x.type != ELEMENT_FLOAT || x.sizes[2] != self->width) return refuse(api, MISFITS);
    const int64_t rows = x.sizes[0] * x.sizes[1];
    const struct attention attention = {
        .rows = x.sizes[0], .steps = x.sizes[1],
        .heads = self->heads.count, .kv_heads = self->heads.kv_heads, .scale = self->heads.scale,
    };
    for (int64_t i = 0; i < self->count; i++) OR_RETURN(take_part(self, context, i, &attention, &layers[i]));
    for (int64_t i = 0; i < self->count; i++) OR_RETURN(attention_places(api, context, LAST, &layers[i].attention));

    float *y = NULL;
    struct scratch scratch = {.memory = NULL};
    lay_out(&layers[0], rows, &scratch);
    OR_RETURN(output(api, context, Y, x.sizes, 3, (void **)&y));
    OR_RETURN(output(api, context, SCRATCH, &scratch.used, 1, (void **)&scratch.memory));
    if (!rows) return NULL;
    struct phases phases = {.list = list};
    for (int64_t i = 0; i < self->count; i++) {
        struct layer *layer = &layers[i];
        scratch.used = 0;
        lay_out(layer, rows, &scratch);
        layer->qkv.row.x = layer->out.product.residual = i ? y : x.data;
        layer->down.product.out = y;
        add_product(&phases, &layer->qkv);
        add_attention(&phases, &layer->attention);
        add_product(&phases, &layer->out);
        add_product(&phases, &layer->gate);
        add_product(&phases, &layer->down);
    }
    return work_together(api, context, &phases);
}

static OrtStatus *compute(void *given, OrtKernelContext *context) {
    const struct operator *self = given;
    struct layer *layers = malloc(self->count * sizeof *layers);
    struct phase *list = malloc(self->count * LAYER_PHASES * sizeof *list);
    OrtStatus *status = layers && list ? run(self, context, layers, list) : refuse(self->api, "No memory for a step.");
    free(list);
    free(layers);
    return status;
}

// ---- what is told of it ------------------------------------------------------------------------------------------------

static const char *name(const OrtCustomOp *op) { return (void)op, "Layers"; }
static size_t inputs(const OrtCustomOp *op) { return (void)op, FIRST_LAYER + 1; }
static size_t outputs(const OrtCustomOp *op) { return (void)op, FIRST_CACHE + 1; }
static int input_kind(const OrtCustomOp *op, size_t index) { return (void)op, index < FIRST_LAYER ? REQUIRED : VARIADIC; }
static int output_kind(const OrtCustomOp *op, size_t index) { return (void)op, index < FIRST_CACHE ? REQUIRED : VARIADIC; }
static int one_at_least(const OrtCustomOp *op) { return (void)op, 1; }

static int input_type(const OrtCustomOp *op, size_t index) {
    static const int types[] = {ELEMENT_FLOAT, ELEMENT_INT32, ELEMENT_FLOAT, ELEMENT_FLOAT, ELEMENT_ANY};
    return (void)op, types[index];
}

static int output_type(const OrtCustomOp *op, size_t index) {
    static const int types[] = {ELEMENT_FLOAT, ELEMENT_BYTE, ELEMENT_INT8};
    return (void)op, types[index];
}

const OrtCustomOp layers_operator = {
    ON_HOST,
    .input_kind = input_kind,
    .output_kind = output_kind,
    .variadic_inputs = one_at_least,
    .variadic_inputs_alike = none,
    .variadic_outputs = one_at_least,
    .variadic_outputs_alike = one_at_least,
    AS_TOLD_HERE,
    .destroy = destroy,
};
