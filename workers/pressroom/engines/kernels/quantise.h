// A row of floats in 8 bits: scale = max |x| / 127, u = round(x / scale) + 128.
#pragma once

#include <stdint.h>

struct row {
    const float *x;     // (width)
    const float *gain;  // (width), or NULL: as it is
    float epsilon;
    int64_t width;
};

// With a gain it is normalised before: x gain / sqrt(mean(x^2) + epsilon) (Zhang and Sennrich 2019, "Root Mean
// Square Layer Normalization"). A row of zeros has the scale 0 and 128 everywhere. Halves are rounded to the even one.
typedef void quantise_row(const struct row *, uint8_t *to, float *scale);
