// The kernels of the best level that this processor has.
#pragma once

#include "attention.h"
#include "quantise.h"

struct level {
    const struct attention_kernels *attention;
    quantise_row *quantise;
};

// NULL where it has none of those that were compiled.
const struct level *level(void);
