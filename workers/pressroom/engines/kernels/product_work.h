// A product as an operator has it: its inputs, and the two phases of its work.
#pragma once

#include "crew.h"
#include "product.h"
#include "quantise.h"
#include "tensors.h"

struct product_work {
    struct product product;
    struct row row;  // the first
    uint8_t *u;      // (M, depth), and
    float *scale;    // (M): where the rows go in 8 bits
    int64_t rows_a_chunk, panels_a_chunk, parts;
};

// `given` are weights, their scale and shift. Refused where they do not fit to a row's `width`, or are of another type.
OrtStatus *product_weights(OrtApi api, const struct array given[3], int64_t width, struct product_work *work);

#define PRODUCT_PHASES 2

// When x, u, scale and out are known: the rows in 8 bits, then the product.
void add_product(struct phases *phases, struct product_work *work);
