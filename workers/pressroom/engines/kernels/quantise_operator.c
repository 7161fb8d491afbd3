// The operator Quantise, as ONNX Runtime asks for it.
//
//     Quantise  x (…, K)  ->  u (…, K) uint8  scale (…, 1), for each row by itself (see quantise.h)

#include "operators.h"

#include "levels.h"
#include "tensors.h"

// With fewer numbers than that a thread of its own takes longer to wake than to work.
#define WORTH_SHARING 65536
#define ROWS_A_TASK 16

static OrtStatus *create(const OrtCustomOp *op, OrtApi api, const OrtKernelInfo *info, void **made) {
    (void)op, (void)info;
    if (!level()) return refuse(api, "This processor has neither AVX2 nor AVX-512.");
    *made = (void *)api;
    return NULL;
}

static void destroy(void *self) { (void)self; }

struct work {
    const float *x;
    uint8_t *to;
    float *scale;
    int64_t rows, width;
};

static void some(void *given, size_t task) {
    const struct work *work = given;
    quantise_row *quantise = level()->quantise;
    const int64_t first = task * ROWS_A_TASK;
    for (int64_t row = first; row < first + ROWS_A_TASK && row < work->rows; row++)
        quantise(work->x + row * work->width, work->width, work->to + row * work->width, work->scale + row);
}

static OrtStatus *compute(void *self, OrtKernelContext *context) {
    OrtApi api = self;
    const OrtValue *value = NULL;
    struct array x;
    OR_RETURN(input_of(api)(context, 0, &value));
    OR_RETURN(look_at(api, value, &x));
    if (x.rank < 1) return refuse(api, "A single number is no row.");
    OrtValue *bytes = NULL, *scales = NULL;
    struct work work = {.x = x.data, .rows = 1, .width = x.sizes[x.rank - 1]};
    for (size_t axis = 0; axis + 1 < x.rank; axis++) work.rows *= x.sizes[axis];
    OR_RETURN(output_of(api)(context, 0, x.sizes, x.rank, &bytes));
    x.sizes[x.rank - 1] = 1;
    OR_RETURN(output_of(api)(context, 1, x.sizes, x.rank, &scales));
    OR_RETURN(data_of(api)(bytes, (void **)&work.to));
    OR_RETURN(data_of(api)(scales, (void **)&work.scale));
    const size_t tasks = (work.rows + ROWS_A_TASK - 1) / ROWS_A_TASK;
    if (tasks > 1 && work.rows * work.width >= WORTH_SHARING) return in_parallel(api)(context, some, tasks, tasks, &work);
    for (size_t task = 0; task < tasks; task++) some(&work, task);
    return NULL;
}

static const char *name(const OrtCustomOp *op) { return (void)op, "Quantise"; }
static size_t inputs(const OrtCustomOp *op) { return (void)op, 1; }
static size_t outputs(const OrtCustomOp *op) { return (void)op, 2; }
static int input_type(const OrtCustomOp *op, size_t index) { return (void)op, (void)index, ELEMENT_FLOAT; }

static int output_type(const OrtCustomOp *op, size_t index) {
    return (void)op, index ? ELEMENT_FLOAT : ELEMENT_BYTE;
}

const OrtCustomOp quantise_operator = {
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
