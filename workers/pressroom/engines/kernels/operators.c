// What ONNX Runtime and the engine ask the library for.

#include "drawing_work.h"
#include "operators.h"

#define EXPORTED __attribute__((visibility("default")))

// The build's mark of the sources, by which it sees later that nothing has changed. See scripts/build_kernels.py.
EXPORTED const char pressroom_kernels_made_of[] = MADE_OF;

// Called by ONNX Runtime when a session's options name this library. The domain lives as long as the process:
// sessions go on asking for it.
EXPORTED OrtStatus *RegisterCustomOps(OrtSessionOptions *options, const OrtApiBase *base) {
    OrtApi api = base->get(ABI_VERSION);
    OrtCustomOpDomain *domain = NULL;
    if (!api) return NULL;  // an older ONNX Runtime: it will say that it lacks the operator
    OR_RETURN(create_domain(api)("pressroom", &domain));
    OR_RETURN(add_operator(api)(domain, &attention_operator));
    OR_RETURN(add_operator(api)(domain, &coded_attention_operator));
    OR_RETURN(add_operator(api)(domain, &layers_operator));
    OR_RETURN(add_operator(api)(domain, &product_operator));
    return add_domain(api)(options, domain);
}

// 1 where this processor has what the kernels need.
EXPORTED int pressroom_kernels_run_here(void) { return level() != NULL; }

// See use_level. Before a session is opened.
EXPORTED int pressroom_kernels_use_level(const char *name) { return use_level(name); }

// See drawing_work.h.
EXPORTED int64_t pressroom_drawing_room(int64_t vocab) { return drawing_room_bytes(vocab); }

EXPORTED void pressroom_draw(const struct drawing *rows, int64_t count, int64_t vocab, int64_t most, int64_t *tokens,
                             int64_t *ids, double *logprobs, void *room) {
    draw_tokens(rows, count, vocab, most, tokens, ids, logprobs, room);
}
