#include "levels.h"

#include <stddef.h>
#include <string.h>

// Weak: a level that was not linked is NULL.
#define DECLARE(name) \
    extern const struct attention_kernels attention_kernels_##name __attribute__((weak)); \
    extern quantise_row quantise_row_##name __attribute__((weak)); \
    extern product_tile product_tile_##name __attribute__((weak)); \
    extern const struct drawing_kernels drawing_kernels_##name __attribute__((weak));

#define LEVEL_OF(name) {&attention_kernels_##name, quantise_row_##name, product_tile_##name, &drawing_kernels_##name}

static const char *only;

static int wanted(const char *name) { return !only || !strcmp(only, name); }

int use_level(const char *name) {
    only = name;
    return level() != NULL;
}

#if defined(__x86_64__)

DECLARE(v3)
DECLARE(v4)
DECLARE(vnni)

static int has_v3(void) {
    // Every processor with AVX2 has F16C as well.
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_v4(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

const struct level *level(void) {
    static const struct level v3 = LEVEL_OF(v3), v4 = LEVEL_OF(v4);
    static const struct level vnni = {&attention_kernels_v4, quantise_row_v4, product_tile_vnni, &drawing_kernels_v4};
    __builtin_cpu_init();
    if (wanted("vnni") && v4.attention && vnni.product && has_v4() && __builtin_cpu_supports("avx512vnni")) return &vnni;
    if (wanted("v4") && v4.attention && has_v4()) return &v4;
    if (wanted("v3") && v3.attention && has_v3()) return &v3;
    return NULL;
}

#else

DECLARE(neon)

const struct level *level(void) {
    static const struct level neon = LEVEL_OF(neon);
    return wanted("neon") ? &neon : NULL;
}

#endif
