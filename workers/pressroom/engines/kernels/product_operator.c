// The operator Product, as ONNX Runtime asks for it (see product.h for what it computes).
//
//     Product  x (…, K)  weights (P, K / 4, 32, 4) int8  scale (P, 32)  shift (P, 32) int32
//              optional: gain (K): x is normalised first  bias (P, 32)  residual (…, N)
//              -> y (…, N)  and x in 8 bits: u (M, K) uint8  its scale (M)
//              attributes: columns (N), gated (0 or 1), epsilon (of the norm)
//
// P panels of 32 columns; the last may be filled up. K is filled up to a multiple of 4 by weights of zero.

#include "operators.h"

#include "product_work.h"

struct operator {
    OrtApi api;
    int64_t columns, gated;
    float epsilon;
};

static OrtStatus *read_attributes(OrtApi api, const OrtKernelInfo *info, struct operator *to) {
    OR_RETURN(int_attribute(api)(info, "columns", &to->columns));
    OR_RETURN(int_attribute(api)(info, "gated", &to->gated));
    return float_attribute(api)(info, "epsilon", &to->epsilon);
}

static OrtStatus *create(const OrtCustomOp *op, OrtApi api, const OrtKernelInfo *info, void **made) {
    (void)op;
    struct operator *self = malloc(sizeof *self);
    return made_or_freed(api, self, self ? read_attributes(api, info, self) : NULL, made);
}

static OrtStatus *compute(void *given, OrtKernelContext *context) {
    const struct operator *self = given;
    OrtApi api = self->api;
    struct product_work work = {
        .product = {.columns = self->columns, .gated = self->gated != 0}, .row = {.epsilon = self->epsilon},
    };
    struct product *product = &work.product;
    struct array x, weights[3];
    OR_RETURN(any_input(api, context, 0, &x));
    for (size_t i = 0; i < 3; i++) OR_RETURN(any_input(api, context, 1 + i, &weights[i]));
    if (x.rank < 1) return refuse(api, "A single number is no row.");
    const int64_t width = x.sizes[x.rank - 1];
    OR_RETURN(product_weights(api, weights, width, &work));
    work.row.x = x.data;
    product->rows = numbers_in(&x) / width;
    OR_RETURN(floats_if_given(api, context, 4, width, &work.row.gain));
    OR_RETURN(floats_if_given(api, context, 5, product->panels * PANEL, &product->bias));
    OR_RETURN(floats_if_given(api, context, 6, product->rows * product->columns, &product->residual));

    const int64_t u_sizes[] = {product->rows, product->depth};
    x.sizes[x.rank - 1] = product->columns;
    OR_RETURN(output(api, context, 0, x.sizes, x.rank, (void **)&product->out));
    OR_RETURN(output(api, context, 1, u_sizes, 2, (void **)&work.u));
    OR_RETURN(output(api, context, 2, u_sizes, 1, (void **)&work.scale));

    struct phase list[PRODUCT_PHASES];
    struct phases phases = {.list = list};
    add_product(&phases, &work);
    return work_together(api, context, &phases);
}

static const char *name(const OrtCustomOp *op) { return (void)op, "Product"; }
static size_t inputs(const OrtCustomOp *op) { return (void)op, 7; }
static size_t outputs(const OrtCustomOp *op) { return (void)op, 3; }
static int input_kind(const OrtCustomOp *op, size_t index) { return (void)op, index < 4 ? REQUIRED : OPTIONAL; }

static int input_type(const OrtCustomOp *op, size_t index) {
    static const int types[] = {ELEMENT_FLOAT, ELEMENT_INT8, ELEMENT_FLOAT, ELEMENT_INT32,
                                ELEMENT_FLOAT, ELEMENT_FLOAT, ELEMENT_FLOAT};
    return (void)op, types[index];
}

static int output_type(const OrtCustomOp *op, size_t index) {
    return (void)op, index == 1 ? ELEMENT_BYTE : ELEMENT_FLOAT;
}

const OrtCustomOp product_operator = {
    ON_HOST,
    WITH_ALL_OUTPUTS,
    .input_kind = input_kind,
    AS_TOLD_HERE,
    .destroy = free,
};
