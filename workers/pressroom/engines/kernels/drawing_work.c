#include "drawing_work.h"

#include <math.h>

#include "levels.h"

static int64_t room_length(int64_t vocab) { return (vocab + 63) / 64 * 64; }

int64_t drawing_room_bytes(int64_t vocab) {
    return room_length(vocab) * (int64_t)(sizeof(struct drawn_item) + 7 * sizeof(float) + sizeof(int32_t));
}

static struct drawing_room room_in(void *bytes, int64_t vocab) {
    const int64_t length = room_length(vocab);
    struct drawn_item *const items = bytes;
    float *const floats = (float *)(items + length);
    int32_t *const ids = (int32_t *)(floats + 7 * length);
    return (struct drawing_room){items, floats, floats + length, floats + 2 * length, floats + 3 * length, ids};
}

// ---- a number between 0 and 1 ---------------------------------------------------------------------------------------

static uint64_t product_of(uint64_t a, uint64_t b, uint64_t *high) {
    const unsigned __int128 whole = (unsigned __int128)a * b;
    *high = whole >> 64;
    return whole;
}

// Philox 4x64 with ten rounds, the first of its four numbers (Salmon et al. 2011, section 3.3), of the block behind
// `position`, as numpy's generator begins.
static double chance_of(const struct drawing *row) {
    uint64_t c0 = row->position + 1, c1 = c0 == 0, c2 = 0, c3 = 0, k0 = row->seed, k1 = row->output;
    for (int round = 0; round < 10; round++) {
        uint64_t high0, high1;
        const uint64_t low0 = product_of(0xD2E7470EE14C6C93u, c0, &high0);
        const uint64_t low1 = product_of(0xCA5A826395121157u, c2, &high1);
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9E3779B97F4A7C15u;
        k1 += 0xBB67AE8584CAA73Bu;
    }
    return (c0 >> 11) * 0x1p-53;
}

// ---- what the logits are changed by ---------------------------------------------------------------------------------

static int is_token(int64_t id, int64_t vocab) { return 0 <= id && id < vocab; }

static int changes(const struct drawing *row) {
    const struct adjustment *by = &row->adjustment;
    return by->biased || by->seen || by->said || by->barred || row->allowed;
}

// The lists of an adjustment, one after the other.
struct list {
    const int64_t *ids;
    int64_t count;
};

#define LISTS(by) {{by->bias_ids, by->biased}, {by->seen_ids, by->seen}, {by->said_ids, by->said}, {by->barred_ids, by->barred}}

// What the logits that will be adjusted were before.
static void remember(const float *logits, int64_t vocab, const struct adjustment *by, float *kept) {
    const struct list lists[] = LISTS(by);
    for (int list = 0; list < 4; kept += lists[list++].count) {
        for (int64_t i = 0; i < lists[list].count; i++) {
            if (is_token(lists[list].ids[i], vocab)) kept[i] = logits[lists[list].ids[i]];
        }
    }
}

// What a token's logit was before; what is not allowed is not asked for.
static float recall(const float *logits, int64_t token, const struct adjustment *by, const float *kept) {
    const struct list lists[] = LISTS(by);
    for (int list = 0; list < 4; kept += lists[list++].count) {
        for (int64_t i = 0; i < lists[list].count; i++) {
            if (lists[list].ids[i] == token) return kept[i];
        }
    }
    return logits[token];
}

static void adjust(float *logits, int64_t vocab, const struct adjustment *by) {
    for (int64_t i = 0; i < by->biased; i++) {
        if (is_token(by->bias_ids[i], vocab)) logits[by->bias_ids[i]] += by->bias[i];
    }
    for (int64_t i = 0; i < by->seen; i++) {
        const int64_t id = by->seen_ids[i];
        if (is_token(id, vocab)) logits[id] = logits[id] > 0 ? logits[id] / by->repetition : logits[id] * by->repetition;
    }
    for (int64_t i = 0; i < by->said; i++) {
        if (is_token(by->said_ids[i], vocab)) logits[by->said_ids[i]] -= by->presence + by->times[i] * by->frequency;
    }
    for (int64_t i = 0; i < by->barred; i++) {
        if (is_token(by->barred_ids[i], vocab)) logits[by->barred_ids[i]] = -INFINITY;
    }
}

// ---- a row -----------------------------------------------------------------------------------------------------------

// A chance is rounded, and none is above 1.
static double logprob(float logit, double total) { return fmin(logit - total, 0); }

static int64_t draw_token(const struct drawing *row, int64_t vocab, int64_t *ids, double *logprobs,
                          const struct drawing_room *room) {
    const struct drawing_kernels *const kernels = level()->drawing;
    double total = 0;
    // Before anything is taken out: what is left might be numbers. What is looked at is near, too, when it is changed.
    if (row->told < 0) {
        if (changes(row) && !isfinite(kernels->top(row->logits, vocab, room))) return -1;
    } else {
        total = kernels->tell(row->logits, vocab, row->told, ids, room);
        if (!isfinite(total)) return -1;
        for (int64_t at = 0; at < row->told && ids[at] >= 0; at++) logprobs[1 + at] = logprob(row->logits[ids[at]], total);
        remember(row->logits, vocab, &row->adjustment, room->kept);
    }
    adjust(row->logits, vocab, &row->adjustment);
    if (row->allowed) kernels->restrict_to(row->logits, vocab, row->allowed);
    const int64_t token = kernels->draw(row, vocab, chance_of(row), room);
    if (row->told >= 0 && token >= 0) {
        logprobs[0] = logprob(recall(row->logits, token, &row->adjustment, room->kept), total);
    }
    return token;
}

void draw_tokens(const struct drawing *rows, int64_t count, int64_t vocab, int64_t most, int64_t *tokens, int64_t *ids,
                 double *logprobs, void *bytes) {
    const struct drawing_room room = room_in(bytes, vocab);
    for (int64_t at = 0; at < count; at++) {
        tokens[at] = draw_token(rows + at, vocab, ids + at * most, logprobs + at * (1 + most), &room);
    }
}
