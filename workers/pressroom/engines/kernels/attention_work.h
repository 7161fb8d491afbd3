// Attention as an operator has it: its inputs, and the phases of its work.
#pragma once

#include "attention.h"
#include "crew.h"

// What the attributes of an operator say: heads, kv_heads (integers), scale (a float).
struct heads {
    int64_t count, kv_heads;
    float scale;
};

OrtStatus *read_heads(OrtApi api, const OrtKernelInfo *info, struct heads *to);

// Keys and values are the inputs `cache` and the next, and the outputs `out` and the next; last, cos and sin the
// inputs `last` on. `call` says how many rows, steps and heads there are; refused where the inputs do not fit to it.
OrtStatus *attention_cache(OrtApi api, OrtKernelContext *context, size_t cache, size_t out, struct attention *call);
OrtStatus *attention_places(OrtApi api, const OrtKernelContext *context, size_t last, struct attention *call);

#define MOST_ATTENTION_PHASES 2

// When qkv and out are known.
void add_attention(struct phases *phases, struct attention *call);
