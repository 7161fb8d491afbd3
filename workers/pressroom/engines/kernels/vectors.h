// As many floats as a register holds, on every processor that the kernels are built for; half precision and whole
// numbers of one byte in memory.
#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#define VECTOR_BYTES 64
#elif defined(__AVX2__) && defined(__F16C__)
#include <immintrin.h>
#define VECTOR_BYTES 32
#elif defined(__aarch64__)
#include <arm_neon.h>
#define VECTOR_BYTES 16
#else
#error "No kernels for this processor: they need AVX2 with F16C, AVX-512 or 64-bit ARM."
#endif

#define LANES (VECTOR_BYTES / 4)

#define INLINE static inline __attribute__((always_inline))

// Before a short loop of constant length: what it fills has to stay in registers.
#define UNROLL _Pragma("GCC unroll 16")

// A name for each level of processor: one level a compilation (LEVEL).
#define NAMED_(name, level) name##_##level
#define NAMED(name, level) NAMED_(name, level)

typedef float Floats __attribute__((vector_size(VECTOR_BYTES)));
typedef int32_t Integers __attribute__((vector_size(VECTOR_BYTES)));

static inline Floats load(const float *from) {
    Floats x;
    memcpy(&x, from, sizeof x);
    return x;
}

static inline Integers load_integers(const int32_t *from) {
    Integers x;
    memcpy(&x, from, sizeof x);
    return x;
}

static inline void store(float *to, Floats x) { memcpy(to, &x, sizeof x); }

static inline Floats all(float x) { return (Floats){} + x; }

static inline Floats load_half(const uint16_t *from) {
#if VECTOR_BYTES == 64
    return (Floats)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)from));
#elif VECTOR_BYTES == 32
    return (Floats)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)from));
#else
    return (Floats)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from)));
#endif
}

static inline void store_half(uint16_t *to, Floats x) {
#if VECTOR_BYTES == 64
    _mm256_storeu_si256((__m256i *)to, _mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT));
#elif VECTOR_BYTES == 32
    _mm_storeu_si128((__m128i *)to, _mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT));
#else
    vst1_u16(to, vreinterpret_u16_f16(vcvt_f16_f32((float32x4_t)x)));
#endif
}

static inline Floats load_bytes(const int8_t *from) {
#if VECTOR_BYTES == 64
    return (Floats)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)from)));
#elif VECTOR_BYTES == 32
    return (Floats)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)from)));
#else
    int32_t four;
    memcpy(&four, from, sizeof four);
    const int8x8_t bytes = vreinterpret_s8_s32(vdup_n_s32(four));
    return (Floats)vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(bytes))));
#endif
}

// The nearest whole numbers; they must be between -127 and 127.
static inline void store_bytes(int8_t *to, Floats x) {
    const Integers whole = (Integers)(x + 12582912.0f) - (Integers)all(12582912.0f);  // 1.5 * 2^23
#if VECTOR_BYTES == 64
    _mm_storeu_si128((__m128i *)to, _mm512_cvtepi32_epi8((__m512i)whole));
#else
    for (int i = 0; i < LANES; i++) to[i] = (int8_t)whole[i];
#endif
}

// A bit for each lane that is true.
static inline unsigned lanes_in(Integers where) {
#if VECTOR_BYTES == 64
    return _mm512_movepi32_mask((__m512i)where);
#elif VECTOR_BYTES == 32
    return (unsigned)_mm256_movemask_ps((__m256)where);
#else
    unsigned lanes = 0;
    for (int i = 0; i < LANES; i++) lanes |= (unsigned)(where[i] != 0) << i;
    return lanes;
#endif
}

// What lies in the lanes that are true, side by side; how many there are.
static inline int store_found(void *to, Integers where, Integers x) {
    unsigned found = lanes_in(where);
#if VECTOR_BYTES == 64
    _mm512_mask_compressstoreu_epi32(to, (__mmask16)found, (__m512i)x);
    return __builtin_popcount(found);
#else
    int count = 0;
    for (; found; found &= found - 1) {
        const int32_t one = x[__builtin_ctz(found)];
        memcpy((int32_t *)to + count++, &one, sizeof one);
    }
    return count;
#endif
}

static inline Floats choose(Integers where, Floats yes, Floats no) {
    return (Floats)((where & (Integers)yes) | (~where & (Integers)no));
}

static inline Floats larger(Floats a, Floats b) { return choose(a > b, a, b); }

static inline float largest_of(Floats x) {
    float most = x[0];
    for (int i = 1; i < LANES; i++) most = x[i] > most ? x[i] : most;
    return most;
}

static inline float sum(Floats x) {
    typedef float Four __attribute__((vector_size(16)));
    Four parts[LANES / 4];
    memcpy(parts, &x, sizeof x);
#if VECTOR_BYTES == 64
    parts[0] += parts[2];
    parts[1] += parts[3];
#endif
#if VECTOR_BYTES >= 32
    parts[0] += parts[1];
#endif
    return (parts[0][0] + parts[0][2]) + (parts[0][1] + parts[0][3]);
}

// e^x for x <= 0, to 2 units in the last place: 2^n 2^f with n whole and |f| <= 1/2, where 2^f is the Taylor
// series of e^(f ln 2), whose next term is below 1e-8. Below -87, where floats end, it is 0.
static inline Floats exp_negative(Floats x) {
    const Floats kept = larger(x, all(-87.0f));
    const Floats wanted = kept * 1.44269504f;
    const Floats shifted = wanted + 12582912.0f;  // 1.5 * 2^23: what is behind the point falls off, rounded
    const Floats whole = shifted - 12582912.0f;
    // ln 2 in two parts, of which the first has few enough bits for an exact product.
    const Floats rest = (kept - whole * 0.693145752f) - whole * 1.42860677e-6f;
    Floats series = all(1.0f / 5040);
    series = series * rest + 1.0f / 720;
    series = series * rest + 1.0f / 120;
    series = series * rest + 1.0f / 24;
    series = series * rest + 1.0f / 6;
    series = series * rest + 0.5f;
    series = series * rest + 1.0f;
    series = series * rest + 1.0f;
    const Integers exponent = ((Integers)shifted - (Integers)all(12582912.0f)) << 23;
    const Floats power = (Floats)((Integers)series + exponent);
    return choose(x < -87.0f, all(0.0f), power);
}
