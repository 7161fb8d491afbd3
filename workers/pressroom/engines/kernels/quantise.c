// quantise_row for one level of processor.

#include "quantise.h"

#include "vectors.h"

typedef uint8_t Bytes __attribute__((vector_size(LANES)));

INLINE Floats size_of(Floats x) { return larger(x, -x); }

// Halves go to the even one: what is behind the point falls off where floats have no room for it.
INLINE Integers rounded(Floats x) { return (Integers)(x + 12582912.0f) - (Integers)all(12582912.0f); }

// The numbers from `at` on; zeros behind the end of the row.
INLINE Floats some(const float *from, int64_t at, int64_t width) {
    if (width - at >= LANES) return load(from + at);
    Floats rest = all(0.0f);
    memcpy(&rest, from + at, sizeof(float) * (width - at));
    return rest;
}

INLINE Floats part(const struct row *row, int64_t at, float factor, const int normal) {
    const Floats x = some(row->x, at, row->width);
    return normal ? x * factor * some(row->gain, at, row->width) : x;
}

INLINE void quantise(const struct row *row, uint8_t *to, float *scale, const int normal) {
    float factor = 1.0f;
    if (normal) {
        Floats squares = all(0.0f);
        for (int64_t at = 0; at < row->width; at += LANES) {
            const Floats x = some(row->x, at, row->width);
            squares += x * x;
        }
        factor = 1.0f / __builtin_sqrtf(sum(squares) / row->width + row->epsilon);
    }
    Floats most = all(0.0f);
    for (int64_t at = 0; at < row->width; at += LANES) most = larger(most, size_of(part(row, at, factor, normal)));
    float largest = 0.0f;
    for (int i = 0; i < LANES; i++) largest = most[i] > largest ? most[i] : largest;
    *scale = largest * (1.0f / 127);
    if (largest == 0.0f) {
        memset(to, 128, row->width);
        return;
    }
    for (int64_t at = 0; at < row->width; at += LANES) {
        const Floats steps = part(row, at, factor, normal) / *scale;
        const Bytes bytes = __builtin_convertvector(rounded(steps) + 128, Bytes);
        memcpy(to + at, &bytes, row->width - at < LANES ? row->width - at : LANES);
    }
}

void NAMED(quantise_row, LEVEL)(const struct row *row, uint8_t *to, float *scale) {
    if (row->gain) quantise(row, to, scale, 1);
    else quantise(row, to, scale, 0);
}
