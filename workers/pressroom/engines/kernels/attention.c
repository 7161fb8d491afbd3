// Attention for one level of processor; see attention.h for what a task is.
//
//     query, key = rotary(q), rotary(k)   weight = softmax(scale query key)   out = weight value
//
// The softmax goes over blocks of keys and mends what it has by the new maximum (Milakov and Gimelshein 2018,
// "Online normalizer calculation for softmax"; Dao et al. 2022, "FlashAttention", section 3.1). Neither the
// number of rows nor that of threads has any part in the order of a sum: a row's result is always the same.

#include "attention.h"

#include "vectors.h"

#define BLOCK 64    // keys at a time
#define COLUMNS 64  // queries of a tile

// As many sums as the registers hold beside what is multiplied: 16 of 32, or 8 of 16.
#define TILE_ROWS (VECTOR_BYTES == 32 ? 4 : 8)
#define TILE_VECTORS 2

// ---- places ----------------------------------------------------------------------------------------------------

INLINE const float *new_part(const struct attention *call, int64_t row, int64_t step, int64_t head) {
    const int64_t all_heads = call->heads + 2 * call->kv_heads;
    return call->qkv + ((row * call->steps + step) * all_heads + head) * call->width;
}

INLINE int64_t place_bytes(const int64_t width, const int coded) { return coded ? width + SCALE_BYTES : 2 * width; }

INLINE int64_t cache_at(const struct attention *call, int64_t row, int64_t kv_head, const int coded) {
    return (row * call->kv_heads + kv_head) * call->room * place_bytes(call->width, coded);
}

INLINE int64_t position(const struct attention *call, int64_t row, int64_t step) {
    return call->last[row] - (call->steps - 1) + step;
}

// The first position that a query at `at` sees.
INLINE int64_t seen_from(const struct attention *call, int64_t at) {
    return call->window > 0 && at >= call->window ? at + 1 - call->window : 0;
}

// Su et al. 2021, "RoFormer", with the two halves of a head as the pairs; and scaled.
INLINE void turn(const struct attention *call, const float *x, int64_t at, float scale, float *to) {
    const int64_t half = call->width / 2;
    for (int64_t i = 0; i < half; i += LANES) {
        const Floats a = load(x + i), b = load(x + half + i);
        const Floats cos = load(call->cos + at * half + i), sin = load(call->sin + at * half + i);
        store(to + i, (a * cos - b * sin) * scale);
        store(to + half + i, (b * cos + a * sin) * scale);
    }
}

// ---- into the cache, and out of it ---------------------------------------------------------------------------------

INLINE void store_place(uint8_t *place, const float *x, const int64_t width, const int coded) {
    if (!coded) {
        for (int64_t i = 0; i < width; i += LANES) store_half((uint16_t *)place + i, load(x + i));
        return;
    }
    Floats most = all(0.0f);
    for (int64_t i = 0; i < width; i += LANES) most = larger(most, larger(load(x + i), -load(x + i)));
    const float scale = largest_of(most) / 127.0f, times = scale > 0.0f ? 1.0f / scale : 0.0f;
    for (int64_t i = 0; i < width; i += LANES) store_bytes((int8_t *)place + i, load(x + i) * times);
    memcpy(place + width, &scale, sizeof scale);
}

// Elements i on, not yet multiplied by `scale_of` the place.
INLINE Floats load_place(const uint8_t *place, int64_t i, const int coded) {
    return coded ? load_bytes((const int8_t *)place + i) : load_half((const uint16_t *)place + i);
}

INLINE float scale_of(const uint8_t *place, const int64_t width, const int coded) {
    float scale = 1.0f;
    if (coded) memcpy(&scale, place + width, sizeof scale);
    return scale;
}

static void put(const struct attention *call, int64_t row, int64_t kv_head) {
    float turned[MOST_WIDTH];
    const int64_t bytes = place_bytes(call->width, call->coded), cache = cache_at(call, row, kv_head, call->coded);
    for (int64_t step = 0; step < call->steps; step++) {
        const int64_t at = position(call, row, step), to = cache + at * bytes;
        const float *value = new_part(call, row, step, call->heads + call->kv_heads + kv_head);
        turn(call, new_part(call, row, step, call->heads + kv_head), at, 1.0f, turned);
        store_place(call->keys + to, turned, call->width, call->coded);
        store_place(call->values + to, value, call->width, call->coded);
    }
}

// ---- few queries: each key is read once for the `count` heads that share it ------------------------------------------

// `width`, `coded` and `count` (1 to 4) are constants where this is inlined, so that the sums stay in registers.
INLINE void take_heads(const struct attention *call, int64_t row, int64_t step, int64_t kv_head, int64_t first,
                       const int64_t width, const int coded, const int count) {
    const int64_t vectors = width / LANES, at = position(call, row, step);
    const int64_t cache = cache_at(call, row, kv_head, coded), bytes = place_bytes(width, coded);
    float query[4][MOST_WIDTH];
    Floats sums[4][MOST_WIDTH / LANES], total[4];
    float most[4];
    UNROLL
    for (int g = 0; g < count; g++) {
        turn(call, new_part(call, row, step, first + g), at, call->scale, query[g]);
        UNROLL
        for (int64_t v = 0; v < vectors; v++) sums[g][v] = all(0.0f);
        total[g] = all(0.0f);
        most[g] = -1e30f;
    }
    for (int64_t begin = seen_from(call, at); begin <= at; begin += BLOCK) {
        const int64_t keys = at + 1 - begin < BLOCK ? at + 1 - begin : BLOCK;
        float weights[4][BLOCK];
        for (int64_t k = 0; k < keys; k++) {
            const uint8_t *key = call->keys + cache + (begin + k) * bytes;
            const float scale = scale_of(key, width, coded);
            Floats products[4] = {};
            UNROLL
            for (int64_t v = 0; v < vectors; v++) {
                const Floats part = load_place(key, v * LANES, coded);
                UNROLL
                for (int g = 0; g < count; g++) products[g] += part * load(query[g] + v * LANES);
            }
            UNROLL
            for (int g = 0; g < count; g++) weights[g][k] = coded ? sum(products[g]) * scale : sum(products[g]);
        }
        const int64_t padded = (keys + LANES - 1) / LANES * LANES;
        UNROLL
        for (int g = 0; g < count; g++) {
            for (int64_t k = keys; k < padded; k++) weights[g][k] = -1e30f;
            Floats largest = all(most[g]);
            for (int64_t k = 0; k < padded; k += LANES) largest = larger(largest, load(weights[g] + k));
            float now = most[g];
            for (int i = 0; i < LANES; i++) now = largest[i] > now ? largest[i] : now;
            const Floats kept = exp_negative(all(most[g] - now));
            most[g] = now;
            total[g] *= kept;
            UNROLL
            for (int64_t v = 0; v < vectors; v++) sums[g][v] *= kept;
            for (int64_t k = 0; k < padded; k += LANES) {
                const Floats weight = exp_negative(load(weights[g] + k) - now);
                total[g] += weight;
                store(weights[g] + k, weight);
            }
        }
        for (int64_t k = 0; k < keys; k++) {
            const uint8_t *value = call->values + cache + (begin + k) * bytes;
            const float scale = scale_of(value, width, coded);
            float weight[4];
            UNROLL
            for (int g = 0; g < count; g++) weight[g] = coded ? weights[g][k] * scale : weights[g][k];
            UNROLL
            for (int64_t v = 0; v < vectors; v++) {
                const Floats part = load_place(value, v * LANES, coded);
                UNROLL
                for (int g = 0; g < count; g++) sums[g][v] += part * weight[g];
            }
        }
    }
    UNROLL
    for (int g = 0; g < count; g++) {
        float *out = call->out + ((row * call->steps + step) * call->heads + first + g) * width;
        const float part = 1.0f / sum(total[g]);
        UNROLL
        for (int64_t v = 0; v < vectors; v++) store(out + v * LANES, sums[g][v] * part);
    }
}

INLINE void take_width(const struct attention *call, int64_t row, int64_t kv_head, const int64_t width,
                       const int coded) {
    const int64_t shared = call->heads / call->kv_heads;
    for (int64_t step = 0; step < call->steps; step++) {
        for (int64_t g = 0; g < shared; g += 4) {
            const int64_t first = kv_head * shared + g;
            switch (shared - g) {
                case 1: take_heads(call, row, step, kv_head, first, width, coded, 1); break;
                case 2: take_heads(call, row, step, kv_head, first, width, coded, 2); break;
                case 3: take_heads(call, row, step, kv_head, first, width, coded, 3); break;
                default: take_heads(call, row, step, kv_head, first, width, coded, 4);
            }
        }
    }
}

INLINE void take_form(const struct attention *call, int64_t row, int64_t kv_head, const int coded) {
    switch (call->width) {
        case 64: take_width(call, row, kv_head, 64, coded); break;
        case 128: take_width(call, row, kv_head, 128, coded); break;
        default: take_width(call, row, kv_head, call->width, coded);
    }
}

static void take_few(const struct attention *call, int64_t row, int64_t kv_head) {
    if (call->coded)
        take_form(call, row, kv_head, 1);
    else
        take_form(call, row, kv_head, 0);
}

// ---- many queries: they are the columns, so that nothing has to be summed across a vector ------------------------------

// c (M, COLUMNS) = [c +] a (M, K) @ b (K, COLUMNS); a's element (m, k) is a[m * a_row + k * a_step].
// M is a multiple of TILE_ROWS.
INLINE void multiply(float *c, const float *a, int64_t a_row, int64_t a_step, const float *b, int64_t rows,
                     int64_t depth, const int add) {
    for (int64_t m = 0; m < rows; m += TILE_ROWS) {
        for (int64_t n = 0; n < COLUMNS; n += TILE_VECTORS * LANES) {
            Floats sums[TILE_ROWS][TILE_VECTORS];
            UNROLL
            for (int i = 0; i < TILE_ROWS; i++)
                UNROLL
                for (int j = 0; j < TILE_VECTORS; j++)
                    sums[i][j] = add ? load(c + (m + i) * COLUMNS + n + j * LANES) : all(0.0f);
            const float *left = a + m * a_row;
            for (int64_t k = 0; k < depth; k++) {
                Floats right[TILE_VECTORS];
                UNROLL
                for (int j = 0; j < TILE_VECTORS; j++) right[j] = load(b + k * COLUMNS + n + j * LANES);
                UNROLL
                for (int i = 0; i < TILE_ROWS; i++)
                    UNROLL
                    for (int j = 0; j < TILE_VECTORS; j++) sums[i][j] += left[i * a_row + k * a_step] * right[j];
            }
            UNROLL
            for (int i = 0; i < TILE_ROWS; i++)
                UNROLL
                for (int j = 0; j < TILE_VECTORS; j++) store(c + (m + i) * COLUMNS + n + j * LANES, sums[i][j]);
        }
    }
}

// `count` places of the cache as floats, (count, width).
INLINE void widen(float *to, const uint8_t *from, int64_t count, int64_t width, const int coded) {
    for (int64_t k = 0; k < count; k++, from += place_bytes(width, coded), to += width) {
        const float scale = scale_of(from, width, coded);
        for (int64_t i = 0; i < width; i += LANES) {
            const Floats x = load_place(from, i, coded);
            store(to + i, coded ? x * scale : x);
        }
    }
}

static void take_many(const struct attention *call, int64_t row, int64_t kv_head, int64_t tile) {
    _Alignas(64) float queries[MOST_WIDTH * COLUMNS], sums[MOST_WIDTH * COLUMNS], weights[BLOCK * COLUMNS];
    _Alignas(64) float keys[BLOCK * MOST_WIDTH], values[BLOCK * MOST_WIDTH];
    float most[COLUMNS], total[COLUMNS], turned[MOST_WIDTH];
    int32_t sees[COLUMNS], from[COLUMNS];  // the last position that a query sees, and the first
    const int64_t width = call->width, shared = call->heads / call->kv_heads, bytes = place_bytes(width, call->coded);
    const int64_t cache = cache_at(call, row, kv_head, call->coded);
    const int64_t first = tile * COLUMNS, all_columns = call->steps * shared;
    const int64_t columns = all_columns - first < COLUMNS ? all_columns - first : COLUMNS;
    memset(queries, 0, sizeof(float) * width * COLUMNS);
    memset(sums, 0, sizeof(float) * width * COLUMNS);
    for (int64_t c = 0; c < COLUMNS; c++) {
        const int64_t step = (first + (c < columns ? c : columns - 1)) / shared;
        sees[c] = (int32_t)position(call, row, step);
        from[c] = (int32_t)seen_from(call, sees[c]);
        most[c] = -1e30f;
        total[c] = 0.0f;
        if (c >= columns) continue;
        turn(call, new_part(call, row, step, kv_head * shared + (first + c) % shared), sees[c], call->scale, turned);
        for (int64_t d = 0; d < width; d++) queries[d * COLUMNS + c] = turned[d];
    }
    const int64_t end = sees[COLUMNS - 1] + 1;
    for (int64_t begin = from[0]; begin < end; begin += BLOCK) {
        const int64_t count = end - begin < BLOCK ? end - begin : BLOCK;
        const int64_t padded = (count + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
        widen(keys, call->keys + cache + begin * bytes, count, width, call->coded);
        memset(keys + count * width, 0, sizeof(float) * (padded - count) * width);
        multiply(weights, keys, width, 1, queries, padded, width, 0);
        const int hidden = begin + count - 1 > sees[0] || begin < from[COLUMNS - 1];  // from some of the queries
        for (int64_t c = 0; c < COLUMNS; c += LANES) {
            Integers seen, since;
            memcpy(&seen, sees + c, sizeof seen);
            memcpy(&since, from + c, sizeof since);
            Floats largest = load(most + c);
            for (int64_t k = 0; k < count; k++) {
                Floats weight = load(weights + k * COLUMNS + c);
                if (hidden) {
                    const int32_t at = (int32_t)(begin + k);
                    weight = choose((seen < at) | (since > at), all(-1e30f), weight);
                    store(weights + k * COLUMNS + c, weight);
                }
                largest = larger(largest, weight);
            }
            const Floats kept = exp_negative(load(most + c) - largest);
            store(most + c, largest);
            Floats whole = load(total + c) * kept;
            for (int64_t k = 0; k < count; k++) {
                const Floats weight = exp_negative(load(weights + k * COLUMNS + c) - largest);
                store(weights + k * COLUMNS + c, weight);
                whole += weight;
            }
            store(total + c, whole);
            for (int64_t d = 0; d < width; d++) store(sums + d * COLUMNS + c, load(sums + d * COLUMNS + c) * kept);
        }
        widen(values, call->values + cache + begin * bytes, count, width, call->coded);
        multiply(sums, values, 1, width, weights, width, count, 1);
    }
    for (int64_t c = 0; c < columns; c++) {
        const int64_t step = (first + c) / shared, head = kv_head * shared + (first + c) % shared;
        float *out = call->out + ((row * call->steps + step) * call->heads + head) * width;
        const float part = 1.0f / total[c];
        for (int64_t d = 0; d < width; d++) out[d] = sums[d * COLUMNS + c] * part;
    }
}

const struct attention_kernels NAMED(attention_kernels, LEVEL) = {put, take_few, take_many};
