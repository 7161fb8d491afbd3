// Tokens drawn from rows of logits, one row at a time: what is done to its logits, which token, what is told of it.
#pragma once

#include <stdint.h>

// What a row's logits are changed by, in this order. Each list has at most as many ids as there are tokens; those outside
// of the vocabulary are nobody's.
struct adjustment {
    int64_t biased, seen, said, barred;               // how many there are of each
    const int64_t *bias_ids, *seen_ids, *said_ids, *barred_ids;
    const float *bias, *times;                        // of those biased; how often each was said
    float repetition;                                 // of those seen: Keskar et al. 2019 (CTRL), section 4.1
    float presence, frequency;                        // of those said: once, and for each time
    float unused;
};

// One draw. Of the `top_k` likeliest the smallest set whose mass reaches `top_p` (Holtzman et al. 2020, section 3.1),
// and of these all that are `min_p` times as likely as the likeliest (Nguyen et al. 2024, section 3); equal ones by id.
struct drawing {
    float *logits;                    // (V), changed in place
    uint64_t seed, output, position;  // whose number it is, between 0 and 1
    double top_p;                     // 1: all
    float temperature;                // 0: the likeliest token
    float min_p;                      // 0: all
    int64_t top_k;                    // 0: all
    struct adjustment adjustment;
    const uint32_t *allowed;          // a bit for each token, the first the lowest; NULL: all
    int64_t told;                     // so many of the likeliest are told with the token; -1: not even that
};

struct drawn_item {
    uint64_t rank;  // the larger the likelier: of the logit, then of the place in the row
    float weight;
};

// Where a row is worked on. Of each, as many as tokens, in whole registers; of what is kept four times as many.
struct drawing_room {
    struct drawn_item *items;
    float *weights, *logits, *parts, *kept;
    int32_t *ids;
};

// As each level of processor has them: one level a compilation (LEVEL).
struct drawing_kernels {
    // The largest logit; NaN where one is not a number.
    float (*top)(const float *logits, int64_t vocab, const struct drawing_room *);
    // Those that are not allowed become minus infinity.
    void (*restrict_to)(float *logits, int64_t vocab, const uint32_t *allowed);
    // The token; -1 where a logit is not a number or none is finite. Those kept go by their ids, each as far in [0, 1) as
    // it is likely, and the one where `chance` lies is drawn.
    int64_t (*draw)(const struct drawing *, int64_t vocab, double chance, const struct drawing_room *);
    // The logarithm of the sum of all e^logit, not finite where the largest is not; and the `count` likeliest tokens, the
    // likeliest first, -1 where there are no more.
    double (*tell)(const float *logits, int64_t vocab, int64_t count, int64_t *ids, const struct drawing_room *);
};
