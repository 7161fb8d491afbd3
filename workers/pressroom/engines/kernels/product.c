// product_tile for one level of processor.
//
// A panel of weights is read from memory once for all rows. As many rows go side by side as there are registers for
// their sums; each weight that was read is multiplied with all of them.

#include "product.h"

#include "vectors.h"

#define VECTORS (PANEL / LANES)

// Sums of so many rows fit into the registers, beside a step's weights.
#if VECTOR_BYTES == 64
#define MOST_ROWS 12
#else
#define MOST_ROWS 2
#endif

// With few rows memory is what is waited for: weights are asked for so many bytes before they are needed.
#define FEW_ROWS 4
#define AHEAD 2048

// ---- sums of four products each --------------------------------------------------------------------------------------

#if defined(__AVX512VNNI__)

INLINE Integers add_products(Integers sums, Integers bytes, Integers weights) {
    return (Integers)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)bytes, (__m512i)weights);
}

#else

typedef int16_t Shorts __attribute__((vector_size(VECTOR_BYTES)));

// Two products a sum; in 32 bits, where they have room.
INLINE Integers add_pairs(Integers sums, Shorts a, Shorts b) {
#if VECTOR_BYTES == 64
    return sums + (Integers)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif VECTOR_BYTES == 32
    return sums + (Integers)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#else
    const Integers x = (Integers)a, y = (Integers)b;
    return sums + (x >> 16) * (y >> 16) + (x << 16 >> 16) * (y << 16 >> 16);
#endif
}

INLINE Integers add_products(Integers sums, Integers bytes, Integers weights) {
    const Shorts u = (Shorts)bytes, w = (Shorts)weights;
    return add_pairs(add_pairs(sums, u & 255, w << 8 >> 8), u >> 8 & 255, w >> 8);
}

#endif

// ---- what becomes of a sum ---------------------------------------------------------------------------------------------

// x / (1 + e^-x), without a large exponent.
INLINE Floats silu(Floats x) {
    const Floats small = exp_negative(choose(x < 0.0f, x, -x));
    return x * choose(x < 0.0f, small, all(1.0f)) / (small + 1.0f);
}

INLINE void put(const struct product *call, int64_t panel, int64_t row, Floats y[VECTORS]) {
    const int64_t width = columns_of_a_panel(call->gated), first = panel * width;
    const int64_t count = call->columns - first < width ? call->columns - first : width;
    const int64_t at = row * call->columns + first;
    const int vectors = call->gated ? VECTORS / 2 : VECTORS;
    float line[PANEL];
    if (call->gated) {
        UNROLL
        for (int j = 0; j < VECTORS / 2; j++) y[j] = silu(y[j]) * y[j + VECTORS / 2];
    }
    if (count < width) {
        UNROLL
        for (int j = 0; j < VECTORS; j++) store(line + j * LANES, y[j]);
        for (int64_t i = 0; i < count; i++) call->out[at + i] = call->residual ? line[i] + call->residual[at + i] : line[i];
        return;
    }
    for (int j = 0; j < vectors; j++) {
        if (call->residual) y[j] += load(call->residual + at + j * LANES);
        store(call->out + at + j * LANES, y[j]);
    }
}

// ---- rows by a panel ---------------------------------------------------------------------------------------------------

// `rows` is a constant where this is inlined, so that the sums stay in registers.
INLINE void multiply(const struct product *call, int64_t panel, int64_t row, const int rows) {
    const int8_t *weights = call->weights + panel * call->depth * PANEL;
    const uint8_t *u = call->u + row * call->depth;
    Integers sums[MOST_ROWS][VECTORS];
    UNROLL
    for (int i = 0; i < rows; i++)
        UNROLL
        for (int j = 0; j < VECTORS; j++) sums[i][j] = -load_integers(call->shift + panel * PANEL + j * LANES);
    for (int64_t k = 0; k < call->depth; k += DEPTH_STEP) {
        Integers right[VECTORS];
        if (rows <= FEW_ROWS) {
            for (int at = 0; at < DEPTH_STEP * PANEL; at += 64) __builtin_prefetch(weights + k * PANEL + AHEAD + at);
        }
        UNROLL
        for (int j = 0; j < VECTORS; j++)
            right[j] = load_integers((const int32_t *)(weights + k * PANEL) + j * LANES);
        UNROLL
        for (int i = 0; i < rows; i++) {
            int32_t four;
            memcpy(&four, u + i * call->depth + k, sizeof four);
            const Integers left = (Integers){} + four;
            UNROLL
            for (int j = 0; j < VECTORS; j++) sums[i][j] = add_products(sums[i][j], left, right[j]);
        }
    }
    UNROLL
    for (int i = 0; i < rows; i++) {
        Floats y[VECTORS];
        UNROLL
        for (int j = 0; j < VECTORS; j++) {
            const int64_t at = panel * PANEL + j * LANES;
            y[j] = __builtin_convertvector(sums[i][j], Floats) * load(call->weight_scale + at) * call->scale[row + i];
            if (call->bias) y[j] += load(call->bias + at);
        }
        put(call, panel, row + i, y);
    }
}

void NAMED(product_tile, LEVEL)(const struct product *call, int64_t panel, int64_t first_row, int64_t rows) {
    int64_t row = first_row;
    const int64_t end = first_row + rows;
    for (; end - row >= MOST_ROWS; row += MOST_ROWS) multiply(call, panel, row, MOST_ROWS);
#if MOST_ROWS > 8
    for (; end - row >= 8; row += 8) multiply(call, panel, row, 8);
    for (; end - row >= 4; row += 4) multiply(call, panel, row, 4);
#endif
    for (; end - row >= 2; row += 2) multiply(call, panel, row, 2);
    if (row < end) multiply(call, panel, row, 1);
}
