// The kernels of the best level that this processor has.
#pragma once

#include "attention.h"
#include "drawing.h"
#include "product.h"
#include "quantise.h"

struct level {
    const struct attention_kernels *attention;
    quantise_row *quantise;
    product_tile *product;
    const struct drawing_kernels *drawing;
};

// NULL where it has none of those that were compiled.
const struct level *level(void);

// From now on only this level, "v3" for example, as if the processor had no better one; NULL: the best again. For
// tests. 0 where it cannot run here.
int use_level(const char *name);
