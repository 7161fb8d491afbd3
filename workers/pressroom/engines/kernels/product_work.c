#include "product_work.h"

#include "levels.h"

// Rows that share a panel while it is near.
#define ROWS_A_PART 96
// With few rows a panel is read in no time: a thread takes some of them, one behind the other in memory.
#define FEW_ROWS 8
#define CHUNKS 16

static int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }

OrtStatus *product_weights(OrtApi api, const struct array given[3], int64_t width, struct product_work *work) {
    struct product *product = &work->product;
    const struct array *weights = given, *scale = given + 1, *shift = given + 2;
    if (weights->rank != 4 || weights->type != ELEMENT_INT8 || scale->type != ELEMENT_FLOAT ||
        shift->type != ELEMENT_INT32)
        return refuse(api, "Weights are int8 with four axes, their scale float, their shift int32.");
    const int64_t panels = weights->sizes[0], depth = weights->sizes[1] * DEPTH_STEP;
    const int64_t most = panels * columns_of_a_panel(product->gated);
    if (weights->sizes[2] != PANEL || weights->sizes[3] != DEPTH_STEP || depth < width ||
        depth - width >= DEPTH_STEP || numbers_in(scale) != panels * PANEL || numbers_in(shift) != panels * PANEL ||
        product->columns > most || product->columns <= most - columns_of_a_panel(product->gated) || !width)
        return refuse(api, MISFITS);
    if (depth > MOST_DEPTH) return refuse(api, "A row is too long: its sums would not fit into 32 bits.");
    product->panels = panels;
    product->depth = depth;
    product->weights = weights->data;
    product->weight_scale = scale->data;
    product->shift = shift->data;
    work->row.width = width;
    return NULL;
}

static void quantise_some(void *given, int64_t chunk) {
    const struct product_work *work = given;
    const struct product *product = &work->product;
    const int64_t first = chunk * work->rows_a_chunk;
    for (int64_t i = first; i < first + work->rows_a_chunk && i < product->rows; i++) {
        struct row row = work->row;
        row.x += i * row.width;
        uint8_t *to = work->u + i * product->depth;
        level()->quantise(&row, to, work->scale + i);
        for (int64_t k = row.width; k < product->depth; k++) to[k] = 128;
    }
}

static void multiply_some(void *given, int64_t chunk) {
    const struct product_work *work = given;
    const struct product *product = &work->product;
    const int64_t row = chunk % work->parts * ROWS_A_PART, left = product->rows - row;
    const int64_t first = chunk / work->parts * work->panels_a_chunk;
    for (int64_t panel = first; panel < first + work->panels_a_chunk && panel < product->panels; panel++)
        level()->product(product, panel, row, left < ROWS_A_PART ? left : ROWS_A_PART);
}

void add_product(struct phases *phases, struct product_work *work) {
    struct product *product = &work->product;
    product->u = work->u;
    product->scale = work->scale;
    work->parts = up(product->rows, ROWS_A_PART);
    work->rows_a_chunk = up(product->rows, CHUNKS);
    work->panels_a_chunk = product->rows <= FEW_ROWS ? up(product->panels, CHUNKS) : 1;
    add_phase(phases, quantise_some, work, product->rows ? up(product->rows, work->rows_a_chunk) : 0);
    add_phase(phases, multiply_some, work, up(product->panels, work->panels_a_chunk) * work->parts);
}
