// drawing_kernels for one level of processor.
//
//     largest ─> shortened, where only a few can be kept ─> weighed ─> the least that is kept, found ─> cut ─> picked
//
// Nothing is sorted: which tokens are kept is all that a draw needs to know, so its cost hardly depends on how many.

#include "drawing.h"

#include <float.h>
#include <math.h>

#include "vectors.h"

// Vectors that share a vector of maxima, or a part of the mass.
#define GROUP 64
#define WIDE (GROUP * LANES)

// Tokens in the order of their ids, the next `count` of them; places behind the end of the row are minus infinity.
struct tokens {
    const float *logits;
    const int32_t *ids;  // NULL: those of all from 0 on
    int64_t count;
    float *weights;      // each one's chance, in chances of the likeliest; 0 behind the end
    float *parts;        // of the weights, of WIDE each
};

INLINE Floats some(const float *logits, int64_t at, int64_t count) {
    if (count - at >= LANES) return load(logits + at);
    Floats rest = all(-INFINITY);
    memcpy(&rest, logits + at, sizeof(float) * (count - at));
    return rest;
}

INLINE int64_t end_of_group(int64_t from, int64_t count) { return count - from < WIDE ? count : from + WIDE; }

INLINE Floats where(Integers lanes, Floats x) { return (Floats)(lanes & (Integers)x); }

// ---- what is likeliest ---------------------------------------------------------------------------------------------

// The largest of a row, and of each group the largest of each lane, `count` in all. NaN where one is not a number.
static float largest(const float *logits, int64_t vocab, float *maxima, int64_t *count) {
    Floats most = all(-INFINITY);
    Integers broken = {};
    *count = 0;
    for (int64_t from = 0; from < vocab; from += WIDE, *count += LANES) {
        const int64_t to = end_of_group(from, vocab);
        Floats here = all(-INFINITY);
        for (int64_t at = from; at < to; at += LANES) {
            const Floats x = some(logits, at, vocab);
            broken |= x != x;
            here = larger(x, here);
        }
        store(maxima + *count, here);
        most = larger(here, most);
    }
    return lanes_in(broken) ? NAN : largest_of(most);
}

static int64_t first_of(const float *logits, int64_t vocab, float value) {
    for (int64_t at = 0; at < vocab; at += LANES) {
        const unsigned found = lanes_in(some(logits, at, vocab) == value);
        if (found) return at + __builtin_ctz(found);
    }
    return -1;
}

// ---- the likeliest of a list -----------------------------------------------------------------------------------------

INLINE uint64_t rank_of(float logit, int64_t place) {
    int32_t bits;
    logit += 0.0f;  // no -0, which is equal to 0
    memcpy(&bits, &logit, sizeof bits);
    const uint32_t ordered = bits < 0 ? ~(uint32_t)bits : (uint32_t)bits | 0x80000000u;
    return (uint64_t)ordered << 32 | (uint32_t)~place;
}

INLINE int64_t place_of(uint64_t rank) { return (uint32_t)~rank; }

INLINE void swap(struct drawn_item *a, struct drawn_item *b) {
    const struct drawn_item kept = *a;
    *a = *b;
    *b = kept;
}

INLINE int64_t middle_of(const struct drawn_item *list, int64_t a, int64_t b, int64_t c) {
    const uint64_t x = list[a].rank, y = list[b].rank, z = list[c].rank;
    if (x < y) return y < z ? b : x < z ? c : a;
    return x < z ? a : y < z ? c : b;
}

// Bring the likeliest to the front, as many as it takes for `wanted` of their weights; how many they are, one at least.
// Hoare 1961, "Algorithm 65: find", with weights.
static int64_t bring(struct drawn_item *list, int64_t count, double wanted) {
    int64_t low = 0, high = count;
    double have = 0;
    while (high - low > 1) {
        swap(list + middle_of(list, low, low + (high - low) / 2, high - 1), list + high - 1);
        const struct drawn_item pivot = list[high - 1];
        int64_t split = low;
        double before = have;
        for (int64_t at = low; at < high - 1; at++) {
            if (list[at].rank < pivot.rank) continue;
            before += list[at].weight;
            swap(list + at, list + split++);
        }
        swap(list + split, list + high - 1);
        if (before >= wanted) high = split;
        else if (before + pivot.weight >= wanted) return split + 1;
        else have = before + pivot.weight, low = split + 1;
    }
    return high > 1 ? high : 1;
}

static uint64_t least_rank(const struct drawn_item *list, int64_t count) {
    uint64_t least = UINT64_MAX;
    for (int64_t at = 0; at < count; at++) least = list[at].rank < least ? list[at].rank : least;
    return least;
}

// At most the least logit of the `k` likeliest: the k-th largest of the maxima is no larger than the k-th of all.
static float limit_of(const float *maxima, int64_t count, int64_t k, struct drawn_item *list) {
    if (count <= k) return -INFINITY;
    for (int64_t at = 0; at < count; at++) list[at] = (struct drawn_item){rank_of(maxima[at], at), 1};
    return maxima[place_of(least_rank(list, bring(list, count, k)))];
}

// ---- tokens ----------------------------------------------------------------------------------------------------------

INLINE Integers counted(void) {
    Integers lanes;
    for (int i = 0; i < LANES; i++) lanes[i] = i;
    return lanes;
}

// Only those whose logit is `limit` at least.
static struct tokens shortened(struct tokens tokens, float limit, const struct drawing_room *room) {
    int64_t count = 0;
    for (int64_t at = 0; at < tokens.count; at += LANES) {
        const Floats x = some(tokens.logits, at, tokens.count);
        const Integers found = x >= limit;
        if (!lanes_in(found)) continue;
        store_found(room->ids + count, found, counted() + (int32_t)at);
        count += store_found(room->logits + count, found, (Integers)x);
    }
    return (struct tokens){room->logits, room->ids, count, tokens.weights, tokens.parts};
}

// 2^x for x <= 0, to some millionths; nothing below -125. On half a step to both sides a polynomial whose error is 1e-7 at
// most, and 1 at 0 exactly.
INLINE Floats power_of_two(Floats x) {
    const Floats kept = larger(x, all(-125.0f));
    const Floats shifted = kept + 12582912.0f;  // 1.5 * 2^23: what is behind the point falls off, rounded
    const Floats rest = kept - (shifted - 12582912.0f);
    Floats series = all(0.00132187f);
    series = series * rest + 0.0096717f;
    series = series * rest + 0.05550893f;
    series = series * rest + 0.24022238f;
    series = series * rest + 0.69314686f;
    series = series * rest + 1.0f;
    return where(x >= -125.0f, (Floats)((Integers)series + ((Integers)shifted << 23)));
}

// `heat`: one over the temperature. The mass of all.
static double weigh(const struct tokens *tokens, float top, float heat) {
    const float scale = heat * 1.44269504f;
    double mass = 0;
    for (int64_t from = 0; from < tokens->count; from += WIDE) {
        Floats here = all(0.0f);
        for (int64_t at = from; at < end_of_group(from, tokens->count); at += LANES) {
            const Floats weights = power_of_two((some(tokens->logits, at, tokens->count) - top) * scale);
            store(tokens->weights + at, weights);
            here += weights;
        }
        mass += tokens->parts[from / WIDE] = sum(here);
    }
    return mass;
}

// Nothing is left of those below `least`, nor of those lighter than `light`. The mass of the others.
static double cut(const struct tokens *tokens, uint64_t least, float light) {
    const int64_t place = place_of(least);
    const float limit = least ? tokens->logits[place] : -INFINITY;
    double mass = 0;
    for (int64_t from = 0; from < tokens->count; from += WIDE) {
        Floats here = all(0.0f);
        for (int64_t at = from; at < end_of_group(from, tokens->count); at += LANES) {
            const Floats x = some(tokens->logits, at, tokens->count), weights = load(tokens->weights + at);
            const Integers early = counted() + (int32_t)at <= (int32_t)place;
            const Integers kept = ((x > limit) | ((x == limit) & early)) & (weights >= light);
            store(tokens->weights + at, where(kept, weights));
            here += where(kept, weights);
        }
        mass += tokens->parts[from / WIDE] = sum(here);
    }
    return mass;
}

// ---- the least that is kept ------------------------------------------------------------------------------------------

#define MARKS 4

// What those from each mark on have of the mass, or how many they are.
INLINE void measure(const struct tokens *tokens, const float *marks, double *found, const int count, const int by_mass) {
    for (int j = 0; j < count; j++) found[j] = 0;
    for (int64_t from = 0; from < tokens->count; from += WIDE) {
        Floats here[MARKS] = {};
        for (int64_t at = from; at < end_of_group(from, tokens->count); at += LANES) {
            const Floats x = some(tokens->logits, at, tokens->count);
            const Floats each = by_mass ? load(tokens->weights + at) : all(1.0f);
            UNROLL for (int j = 0; j < count; j++) here[j] += where(x >= marks[j], each);
        }
        for (int j = 0; j < count; j++) found[j] += sum(here[j]);
    }
}

// The items from `low` to below `high`.
INLINE int64_t between(const struct tokens *tokens, float low, float high, struct drawn_item *items, const int by_mass) {
    int64_t count = 0;
    for (int64_t at = 0; at < tokens->count; at += LANES) {
        const Floats x = some(tokens->logits, at, tokens->count);
        for (unsigned found = lanes_in((x >= low) & (x < high)); found; found &= found - 1) {
            const int lane = __builtin_ctz(found);
            const float weight = by_mass ? tokens->weights[at + lane] : 1.0f;
            items[count++] = (struct drawn_item){rank_of(x[lane], at + lane), weight};
        }
    }
    return count;
}

// A logit that is not above the last one kept, and mostly not far below: ten times the temperature under the likeliest, or
// minus infinity.
INLINE float reach(const struct tokens *tokens, float top, float heat, double wanted, const int by_mass) {
    const float mark = top - 10 / heat;
    double found;
    measure(tokens, &mark, &found, 1, by_mass);
    return found >= wanted ? mark : -INFINITY;
}

// The rank of the last that is kept where the likeliest are, until they have `wanted` of the mass, or are so many; no logit
// that counts is below `low`. It lies between two that come nearer with each look at all tokens, until few are between.
INLINE uint64_t least_of(const struct tokens *tokens, float low, float top, double wanted,
                         const struct drawing_room *room, const int by_mass) {
    float high = nextafterf(top, INFINITY);
    double above = 0;
    for (int looks = 0; tokens->count > WIDE / 4 && looks < 3; looks++) {
        float marks[MARKS];
        double found[MARKS];
        for (int j = 0; j < MARKS; j++) marks[j] = high - (high - low) * (j + 1) / (MARKS + 1);
        measure(tokens, marks, found, MARKS, by_mass);
        for (int j = 0; j < MARKS && low < marks[j]; j++) {
            if (found[j] >= wanted) low = marks[j];
            else high = marks[j], above = found[j];
        }
    }
    const int64_t count = between(tokens, low, high, room->items, by_mass);
    return least_rank(room->items, count ? bring(room->items, count, wanted - above) : 0);
}

// ---- a draw -----------------------------------------------------------------------------------------------------------

// The token where `wanted` of the mass is passed. Where rounding lets that be behind them all, it is the last with any.
static int64_t pick(const struct tokens *tokens, double wanted) {
    int64_t group = 0, last = 0;
    for (int64_t at = 0; at * WIDE < tokens->count; at++) {
        if (!tokens->parts[at]) continue;
        group = at;
        if (wanted < tokens->parts[at]) break;
        wanted -= tokens->parts[at];
    }
    for (int64_t at = group * WIDE; at < end_of_group(group * WIDE, tokens->count); at++) {
        if (!tokens->weights[at]) continue;
        last = at;
        wanted -= tokens->weights[at];
        if (wanted < 0) break;
    }
    return tokens->ids ? tokens->ids[last] : last;
}

static int64_t draw(const struct drawing *row, int64_t vocab, double chance, const struct drawing_room *room) {
    int64_t maxima;
    const float top = largest(row->logits, vocab, room->parts, &maxima);
    if (!isfinite(top)) return -1;
    if (row->temperature <= 0) return first_of(row->logits, vocab, top);
    const float heat = 1.0f / (row->temperature < 1e-30f ? 1e-30f : row->temperature);
    struct tokens tokens = {row->logits, NULL, vocab, room->weights, room->parts};
    double mass = 0, wanted = 0;
    float limit = -INFINITY;
    if (row->top_k > 0) {
        limit = limit_of(room->parts, maxima, row->top_k, room->items);
        if (limit == -INFINITY) limit = reach(&tokens, top, heat, row->top_k, 0);
    } else if (row->top_p < 1) {
        wanted = row->top_p * weigh(&tokens, top, heat);
        limit = reach(&tokens, top, heat, wanted, 1);
    } else if (row->min_p > 0) {
        // A little below, as logarithms are rounded; by their weights they are judged.
        limit = top + (logf(row->min_p) - 0.001f) / heat;
    }
    if (limit > -INFINITY) tokens = shortened(tokens, limit, room);
    mass = weigh(&tokens, top, heat);
    const float low = limit > -INFINITY ? limit : top - 90 / heat;
    if (row->top_k > 0 && row->top_k < tokens.count) {
        mass = cut(&tokens, least_of(&tokens, limit > -INFINITY ? limit : -FLT_MAX, top, row->top_k, room, 0), 0);
    }
    uint64_t least = 0;
    if (row->top_p < 1) least = least_of(&tokens, low, top, row->top_k > 0 ? row->top_p * mass : wanted, room, 1);
    if (least || row->min_p > 0) mass = cut(&tokens, least, row->min_p);
    return pick(&tokens, chance * mass);
}

// ---- what else is done with a row ------------------------------------------------------------------------------------

static float top(const float *logits, int64_t vocab, const struct drawing_room *room) {
    int64_t maxima;
    return largest(logits, vocab, room->parts, &maxima);
}

static void restrict_to(float *logits, int64_t vocab, const uint32_t *allowed) {
    for (int64_t at = 0; at < vocab; at += LANES) {
        const Integers word = (Integers){} + (int32_t)allowed[at / 32];
        const Integers bits = word << (31 - (counted() + (int32_t)(at % 32)));
        const Floats left = choose(bits < 0, some(logits, at, vocab), all(-INFINITY));
        memcpy(logits + at, &left, sizeof(float) * (vocab - at < LANES ? vocab - at : LANES));
    }
}

static double tell(const float *logits, int64_t vocab, int64_t count, int64_t *ids, const struct drawing_room *room) {
    int64_t maxima;
    const float most = largest(logits, vocab, room->parts, &maxima);
    if (!isfinite(most)) return most;
    const struct tokens tokens = {logits, NULL, vocab, room->weights, room->parts};
    if (count > 0) {
        const float limit = limit_of(room->parts, maxima, count, room->items);
        const int64_t found = between(&tokens, limit < -FLT_MAX ? -FLT_MAX : limit, INFINITY, room->items, 0);
        bring(room->items, found, count);
        for (int64_t at = 0; at < count && at < found; at++) {  // sorted by insertion: they are few
            const struct drawn_item item = room->items[at];
            int64_t to = at;
            for (; to > 0 && room->items[to - 1].rank < item.rank; to--) room->items[to] = room->items[to - 1];
            room->items[to] = item;
        }
        for (int64_t at = 0; at < count; at++) ids[at] = at < found ? place_of(room->items[at].rank) : -1;
    }
    return most + log(weigh(&tokens, most, 1.0f));
}

const struct drawing_kernels NAMED(drawing_kernels, LEVEL) = {top, restrict_to, draw, tell};
