// As much of ONNX Runtime's C interface as an operator needs. The wheels come without the header; what is
// written here is its binary layout, which is kept from version to version: functions only ever follow at the end.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ABI_VERSION 18  // of the table of functions: ONNX Runtime 1.18 and later
#define OPERATOR_VERSION 17

typedef struct OrtStatus OrtStatus;
typedef struct OrtValue OrtValue;
typedef struct OrtShape OrtShape;
typedef struct OrtKernelInfo OrtKernelInfo;
typedef struct OrtKernelContext OrtKernelContext;
typedef struct OrtCustomOp OrtCustomOp;
typedef struct OrtCustomOpDomain OrtCustomOpDomain;
typedef struct OrtSessionOptions OrtSessionOptions;

typedef void *const *OrtApi;  // a table of functions, by the number below

typedef struct OrtApiBase {
    OrtApi (*get)(uint32_t version);
    const char *(*version)(void);
} OrtApiBase;

enum element { ELEMENT_ANY = 0, ELEMENT_FLOAT = 1, ELEMENT_BYTE = 2, ELEMENT_INT8 = 3, ELEMENT_INT32 = 6, ELEMENT_HALF = 10 };
enum { REQUIRED = 0, OPTIONAL = 1, VARIADIC = 2 };
enum { INVALID_ARGUMENT = 2 };

#define FUNCTION(name, number, result, ...) \
    static inline result (*name(OrtApi api))(__VA_ARGS__) { return (result(*)(__VA_ARGS__))api[number]; }

FUNCTION(create_status, 0, OrtStatus *, int code, const char *message)
FUNCTION(create_domain, 26, OrtStatus *, const char *name, OrtCustomOpDomain **)
FUNCTION(add_operator, 27, OrtStatus *, OrtCustomOpDomain *, const OrtCustomOp *)
FUNCTION(add_domain, 28, OrtStatus *, OrtSessionOptions *, OrtCustomOpDomain *)
FUNCTION(data_of, 51, OrtStatus *, OrtValue *, void **)
FUNCTION(type_of, 60, OrtStatus *, const OrtShape *, int *)
FUNCTION(rank_of, 61, OrtStatus *, const OrtShape *, size_t *)
FUNCTION(sizes_of, 62, OrtStatus *, const OrtShape *, int64_t *, size_t)
FUNCTION(shape_of, 65, OrtStatus *, const OrtValue *, OrtShape **)
FUNCTION(float_attribute, 85, OrtStatus *, const OrtKernelInfo *, const char *, float *)
FUNCTION(int_attribute, 86, OrtStatus *, const OrtKernelInfo *, const char *, int64_t *)
FUNCTION(input_of, 90, OrtStatus *, const OrtKernelContext *, size_t, const OrtValue **)
FUNCTION(output_of, 91, OrtStatus *, OrtKernelContext *, size_t, const int64_t *, size_t, OrtValue **)
FUNCTION(release_shape, 99, void, OrtShape *)
FUNCTION(constant_input, 249, OrtStatus *, const OrtKernelInfo *, size_t, int *, const OrtValue **)
FUNCTION(in_parallel, 274, OrtStatus *, const OrtKernelContext *, void (*)(void *, size_t), size_t, size_t, void *)

struct OrtCustomOp {
    uint32_t version;
    void *(*create)(const OrtCustomOp *, OrtApi, const OrtKernelInfo *);
    const char *(*name)(const OrtCustomOp *);
    const char *(*provider)(const OrtCustomOp *);
    int (*input_type)(const OrtCustomOp *, size_t);
    size_t (*inputs)(const OrtCustomOp *);
    int (*output_type)(const OrtCustomOp *, size_t);
    size_t (*outputs)(const OrtCustomOp *);
    void (*compute)(void *, OrtKernelContext *);
    void (*destroy)(void *);
    int (*input_kind)(const OrtCustomOp *, size_t);
    int (*output_kind)(const OrtCustomOp *, size_t);
    int (*input_memory)(const OrtCustomOp *, size_t);
    int (*variadic_inputs)(const OrtCustomOp *);
    int (*variadic_inputs_alike)(const OrtCustomOp *);
    int (*variadic_outputs)(const OrtCustomOp *);
    int (*variadic_outputs_alike)(const OrtCustomOp *);
    OrtStatus *(*create_or_say)(const OrtCustomOp *, OrtApi, const OrtKernelInfo *, void **);
    OrtStatus *(*compute_or_say)(void *, OrtKernelContext *);
    OrtStatus *(*infer_shapes)(const OrtCustomOp *, void *);
    int (*first_version)(const OrtCustomOp *);
    int (*last_version)(const OrtCustomOp *);
};
