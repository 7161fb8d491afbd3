// Threads that do a call's phases together: all of one, then all of the next.
#pragma once

#include "onnx_abi.h"

// `some` does one chunk of a phase. Chunks of one phase go in any order, on any thread.
struct phase {
    void (*some)(void *work, int64_t chunk);
    void *work;
    int64_t chunks;
};

struct phases {
    struct phase *list;
    int count;
};

// A phase without chunks is none. The list has room for it.
static inline void add_phase(struct phases *phases, void (*some)(void *, int64_t), void *work, int64_t chunks) {
    if (chunks > 0) phases->list[phases->count++] = (struct phase){some, work, chunks};
}

// Run them on the threads of ONNX Runtime, this one among them, as many as come: who comes late takes what is left,
// and one alone gets to the end as well.
OrtStatus *work_together(OrtApi api, const OrtKernelContext *context, const struct phases *phases);
