#include "levels.h"

#include <stddef.h>

// Weak: a level that was not linked is NULL.
#define DECLARE(name) \
    extern const struct attention_kernels attention_kernels_##name __attribute__((weak)); \
    extern quantise_row quantise_row_##name __attribute__((weak));

#if defined(__x86_64__)

DECLARE(v3)
DECLARE(v4)

const struct level *level(void) {
    static const struct level v3 = {&attention_kernels_v3, quantise_row_v3}, v4 = {&attention_kernels_v4, quantise_row_v4};
    __builtin_cpu_init();
    if (v4.attention && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return &v4;
    // Every processor with AVX2 has F16C as well.
    if (v3.attention && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &v3;
    return NULL;
}

#else

DECLARE(neon)

const struct level *level(void) {
    static const struct level neon = {&attention_kernels_neon, quantise_row_neon};
    return &neon;
}

#endif
