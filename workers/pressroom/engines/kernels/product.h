// A product of 8-bit integers with a scale a row, of what is multiplied and of the weights, and what follows it:
//
//     y = sum_k (u - 128) w  scale  weight_scale + bias       then  y + residual,  or  silu(y) y' where it is gated
#pragma once

#include <stdint.h>

#define PANEL 32       // columns of weights that lie together
#define DEPTH_STEP 4   // numbers of each that lie side by side: what one instruction multiplies and adds

// A sum of so many products of 255 by 127 fits into 32 bits.
#define MOST_DEPTH 65536

struct product {
    int64_t rows, columns;      // M, N
    int64_t panels;             // P
    int64_t depth;              // K, up to a multiple of DEPTH_STEP
    int gated;                  // of a panel's 32 columns, 16 are gates and 16 what they let through: 16 come out
    const uint8_t *u;           // (M, depth)
    const float *scale;         // (M)
    const int8_t *weights;      // (panels, depth / 4, 32, 4)
    const float *weight_scale;  // (panels, 32)
    const int32_t *shift;       // (panels, 32): 128 times the sum of a column's weights
    const float *bias;          // (panels, 32), or NULL
    const float *residual;      // (M, N), or NULL
    float *out;                 // (M, N)
};

// Some rows by one panel. The order of a sum does not depend on how many rows there are: integers have none.
typedef void product_tile(const struct product *, int64_t panel, int64_t first_row, int64_t rows);

static inline int64_t columns_of_a_panel(int gated) { return gated ? PANEL / 2 : PANEL; }
