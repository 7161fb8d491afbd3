// What an operator sees of its inputs.
#pragma once

#include "onnx_abi.h"

struct array {
    void *data;
    int64_t sizes[4];
    size_t rank;
};

#define OR_RETURN(status) \
    do { \
        OrtStatus *said = (status); \
        if (said) return said; \
    } while (0)

static inline OrtStatus *refuse(OrtApi api, const char *why) { return create_status(api)(INVALID_ARGUMENT, why); }

static inline OrtStatus *look_at(OrtApi api, const OrtValue *value, struct array *array) {
    OrtShape *shape = NULL;
    OR_RETURN(shape_of(api)(value, &shape));
    OrtStatus *status = rank_of(api)(shape, &array->rank);
    if (!status && array->rank > 4) status = refuse(api, "An input has more than four axes.");
    if (!status) status = sizes_of(api)(shape, array->sizes, array->rank);
    release_shape(api)(shape);
    if (status) return status;
    return data_of(api)((OrtValue *)value, &array->data);
}

static inline OrtStatus *input(OrtApi api, const OrtKernelContext *context, size_t index, size_t rank, struct array *array) {
    const OrtValue *value = NULL;
    OR_RETURN(input_of(api)(context, index, &value));
    OR_RETURN(look_at(api, value, array));
    return array->rank == rank ? NULL : refuse(api, "An input has another number of axes than it should.");
}
