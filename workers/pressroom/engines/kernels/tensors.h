// What an operator sees of its inputs.
#pragma once

#include "onnx_abi.h"

struct array {
    void *data;
    int type;
    int64_t sizes[4];
    size_t rank;
};

#define OR_RETURN(status) \
    do { \
        OrtStatus *said = (status); \
        if (said) return said; \
    } while (0)

static inline int64_t numbers_in(const struct array *array) {
    int64_t count = 1;
    for (size_t axis = 0; axis < array->rank; axis++) count *= array->sizes[axis];
    return count;
}

#define MISFITS "The inputs' sizes do not fit together."

static inline OrtStatus *refuse(OrtApi api, const char *why) { return create_status(api)(INVALID_ARGUMENT, why); }

static inline OrtStatus *look_at(OrtApi api, const OrtValue *value, struct array *array) {
    OrtShape *shape = NULL;
    OR_RETURN(shape_of(api)(value, &shape));
    OrtStatus *status = type_of(api)(shape, &array->type);
    if (!status) status = rank_of(api)(shape, &array->rank);
    if (!status && array->rank > 4) status = refuse(api, "An input has more than four axes.");
    if (!status) status = sizes_of(api)(shape, array->sizes, array->rank);
    release_shape(api)(shape);
    if (status) return status;
    return data_of(api)((OrtValue *)value, &array->data);
}

static inline OrtStatus *any_input(OrtApi api, const OrtKernelContext *context, size_t index, struct array *array) {
    const OrtValue *value = NULL;
    OR_RETURN(input_of(api)(context, index, &value));
    return look_at(api, value, array);
}

static inline OrtStatus *input(OrtApi api, const OrtKernelContext *context, size_t index, size_t rank, struct array *array) {
    OR_RETURN(any_input(api, context, index, array));
    return array->rank == rank ? NULL : refuse(api, "An input has another number of axes than it should.");
}

// Floats of an input that may be missing; there must be `count` of them.
static inline OrtStatus *floats_if_given(OrtApi api, const OrtKernelContext *context, size_t index, int64_t count,
                                         const float **to) {
    const OrtValue *value = NULL;
    struct array array;
    OR_RETURN(input_of(api)(context, index, &value));
    if (!value) return NULL;
    OR_RETURN(look_at(api, value, &array));
    *to = array.data;
    return numbers_in(&array) == count ? NULL : refuse(api, MISFITS);
}

// The memory of an output.
static inline OrtStatus *output(OrtApi api, OrtKernelContext *context, size_t index, const int64_t *sizes, size_t rank,
                                void **to) {
    OrtValue *value = NULL;
    OR_RETURN(output_of(api)(context, index, sizes, rank, &value));
    return data_of(api)(value, to);
}
