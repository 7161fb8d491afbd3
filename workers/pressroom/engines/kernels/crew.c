#include "crew.h"

#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

// So long a thread looks for the next phase before it lets others have its core: about 50 microseconds.
#define LOOKS 1000

struct crew {
    const struct phases *phases;
    // The phase (upper half) and its first chunk that nobody has taken. On a cache line of its own, like `done`.
    _Alignas(64) _Atomic uint64_t next;
    _Alignas(64) _Atomic int64_t done;  // chunks of this phase
};

static inline void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void wait_for_another_phase(struct crew *crew, uint64_t phase) {
    for (int looks = 0; atomic_load_explicit(&crew->next, memory_order_acquire) >> 32 == phase; looks++) {
        if (looks < LOOKS) pause_briefly();
        else sched_yield();
    }
}

static void work(void *given, size_t unused) {
    struct crew *crew = given;
    (void)unused;
    for (;;) {
        uint64_t next = atomic_load_explicit(&crew->next, memory_order_acquire);
        const uint64_t number = next >> 32;
        const int64_t chunk = next & UINT32_MAX;
        if (number == (uint64_t)crew->phases->count) return;
        const struct phase *phase = &crew->phases->list[number];
        if (chunk == phase->chunks) {
            wait_for_another_phase(crew, number);
            continue;
        }
        if (!atomic_compare_exchange_weak(&crew->next, &next, next + 1)) continue;
        phase->some(phase->work, chunk);
        if (atomic_fetch_add(&crew->done, 1) + 1 < phase->chunks) continue;
        atomic_store(&crew->done, 0);
        atomic_store_explicit(&crew->next, (number + 1) << 32, memory_order_release);
    }
}

OrtStatus *work_together(OrtApi api, const OrtKernelContext *context, const struct phases *phases) {
    struct crew crew = {.phases = phases};
    if (!phases->count) return NULL;
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t most = processors < 1 ? 1 : processors;
    return in_parallel(api)(context, work, most, most, &crew);
}
