// quantise_row for one level of processor.

#include "quantise.h"

#include "vectors.h"

typedef uint8_t Bytes __attribute__((vector_size(LANES)));

static inline Floats size_of(Floats x) { return larger(x, -x); }

// Halves go to the even one: what is behind the point falls off where floats have no room for it.
static inline Integers rounded(Floats x) {
    return (Integers)(x + 12582912.0f) - (Integers)all(12582912.0f);
}

void NAMED(quantise_row, LEVEL)(const float *x, int64_t width, uint8_t *to, float *scale) {
    const int64_t whole = width / LANES * LANES;
    Floats rest = all(0.0f), most = all(0.0f);
    memcpy(&rest, x + whole, sizeof(float) * (width - whole));
    for (int64_t i = 0; i < whole; i += LANES) most = larger(most, size_of(load(x + i)));
    most = larger(most, size_of(rest));
    float largest = 0.0f;
    for (int i = 0; i < LANES; i++) largest = most[i] > largest ? most[i] : largest;
    *scale = largest * (1.0f / 127);
    if (largest == 0.0f) {
        memset(to, 128, width);
        return;
    }
    for (int64_t i = 0; i < whole; i += LANES) {
        const Bytes bytes = __builtin_convertvector(rounded(load(x + i) / *scale) + 128, Bytes);
        memcpy(to + i, &bytes, sizeof bytes);
    }
    const Bytes bytes = __builtin_convertvector(rounded(rest / *scale) + 128, Bytes);
    memcpy(to + whole, &bytes, width - whole);
}
