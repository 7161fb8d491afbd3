// Attention over a key/value cache, with rotary positions: what of it one task does.
//
// A head's key or value at one position lies in half precision, or coded: hd whole numbers from -127 to 127, and
// behind them what they are to be multiplied by, a float (SCALE_BYTES).
#pragma once

#include <stdint.h>

#define MOST_WIDTH 256
#define WIDTH_STEP 32
#define SCALE_BYTES 4

// One call for B rows of S tokens each. Arrays lie in C order.
struct attention {
    int64_t rows, steps;               // B, S
    int64_t heads, kv_heads, width;    // H, KV, hd: a multiple of WIDTH_STEP, MOST_WIDTH at most
    int64_t room;                      // T: positions of a row of the cache
    float scale;                       // of the products of queries and keys
    int64_t window;                    // positions that a query sees, its own included; 0: all
    const float *qkv;                  // (B, S, (H + 2 KV) hd): queries, keys and values of the new tokens
    const int32_t *last;               // (B): the position of each row's last new token
    const float *cos, *sin;            // (positions, hd / 2)
    uint8_t *keys, *values;            // (B, KV, T, bytes of a position)
    int coded;                         // how: 0 for half precision
    float *out;                        // (B, S, H hd)
};

// With so few tokens a row each query goes by itself; with more, many of them share each key that is read.
#define FEW_STEPS 4

// The three kinds of task, as each processor level has them: one level a compilation (LEVEL).
struct attention_kernels {
    // Turn a row's new keys and put them and the values into the cache, for one head of the cache.
    void (*put)(const struct attention *, int64_t row, int64_t kv_head);
    // What all queries of a row that share one head of the cache take from it. For few steps.
    void (*take_few)(const struct attention *, int64_t row, int64_t kv_head);
    // The same for one tile of such queries, of tiles() in all. For many steps.
    void (*take_many)(const struct attention *, int64_t row, int64_t kv_head, int64_t tile);
};

static inline int64_t attention_tiles(const struct attention *call) {
    const int64_t columns = call->steps * (call->heads / call->kv_heads);
    return (columns + 63) / 64;
}
