// A row of floats in 8 bits: scale = max |x| / 127, u = round(x / scale) + 128.
#pragma once

#include <stdint.h>

// A row of zeros has the scale 0 and 128 everywhere. Halves are rounded to the even one.
typedef void quantise_row(const float *x, int64_t width, uint8_t *to, float *scale);
