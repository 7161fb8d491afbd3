#include "attention_work.h"

#include <string.h>

#include "levels.h"
#include "tensors.h"

OrtStatus *read_heads(OrtApi api, const OrtKernelInfo *info, struct heads *to) {
    OR_RETURN(int_attribute(api)(info, "heads", &to->count));
    OR_RETURN(int_attribute(api)(info, "kv_heads", &to->kv_heads));
    OR_RETURN(float_attribute(api)(info, "scale", &to->scale));
    if (to->kv_heads < 1 || to->count < 1 || to->count % to->kv_heads)
        return refuse(api, "heads must be a multiple of kv_heads.");
    return NULL;
}

// An output of the cache: bound to the input's memory it is there already, else it begins as a copy of it.
static OrtStatus *carried(OrtApi api, OrtKernelContext *context, size_t index, const struct array *from, uint8_t **to) {
    OR_RETURN(output(api, context, index, from->sizes, 4, (void **)to));
    const size_t bytes = from->type == ELEMENT_HALF ? 2 : 1;
    if (*to != from->data) memcpy(*to, from->data, bytes * numbers_in(from));
    return NULL;
}

OrtStatus *attention_cache(OrtApi api, OrtKernelContext *context, size_t cache, size_t out, struct attention *call) {
    struct array keys, values;
    OR_RETURN(input(api, context, cache, 4, &keys));
    OR_RETURN(input(api, context, cache + 1, 4, &values));
    if ((keys.type != ELEMENT_HALF && keys.type != ELEMENT_INT8) || values.type != keys.type)
        return refuse(api, "Keys and values are of half precision, or whole numbers of one byte.");
    call->coded = keys.type == ELEMENT_INT8;
    call->room = keys.sizes[2];
    call->width = keys.sizes[3] - (call->coded ? SCALE_BYTES : 0);
    if (call->width < 1 || call->width % WIDTH_STEP || call->width > MOST_WIDTH)
        return refuse(api, "A head's width is not offered.");
    if (keys.sizes[0] != call->rows || keys.sizes[1] != call->kv_heads ||
        memcmp(keys.sizes, values.sizes, sizeof keys.sizes))
        return refuse(api, MISFITS);
    OR_RETURN(carried(api, context, out, &keys, &call->keys));
    return carried(api, context, out + 1, &values, &call->values);
}

OrtStatus *attention_places(OrtApi api, const OrtKernelContext *context, size_t first, struct attention *call) {
    struct array last, cos, sin;
    OR_RETURN(input(api, context, first, 1, &last));
    OR_RETURN(input(api, context, first + 1, 2, &cos));
    OR_RETURN(input(api, context, first + 2, 2, &sin));
    call->last = last.data;
    call->cos = cos.data;
    call->sin = sin.data;
    if (last.sizes[0] != call->rows || cos.sizes[1] != call->width / 2 ||
        memcmp(cos.sizes, sin.sizes, 2 * sizeof *cos.sizes))
        return refuse(api, MISFITS);
    for (int64_t row = 0; row < call->rows; row++)
        if (call->last[row] < call->steps - 1 || call->last[row] >= call->room || call->last[row] >= cos.sizes[0])
            return refuse(api, "A position is outside the cache or the table of angles.");
    return NULL;
}

static void few(void *given, int64_t chunk) {
    const struct attention *call = given;
    const int64_t row = chunk / call->kv_heads, head = chunk % call->kv_heads;
    level()->attention->put(call, row, head);
    level()->attention->take_few(call, row, head);
}

static void put_all(void *given, int64_t chunk) {
    const struct attention *call = given;
    level()->attention->put(call, chunk / call->kv_heads, chunk % call->kv_heads);
}

static void many(void *given, int64_t chunk) {
    const struct attention *call = given;
    const int64_t tiles = attention_tiles(call), head = chunk / tiles;
    // The last tiles see the most keys: they go first, so that no thread begins a long one when others are done.
    const int64_t tile = tiles - 1 - chunk % tiles;
    level()->attention->take_many(call, head / call->kv_heads, head % call->kv_heads, tile);
}

void add_attention(struct phases *phases, struct attention *call) {
    const int64_t heads = call->steps ? call->rows * call->kv_heads : 0;
    if (call->steps <= FEW_STEPS) {
        add_phase(phases, few, call, heads);
        return;
    }
    add_phase(phases, put_all, call, heads);
    add_phase(phases, many, call, heads * attention_tiles(call));
}
