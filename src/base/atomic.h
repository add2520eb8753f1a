/*
 * base/atomic.h -- every atomic access of the library goes through here.
 *
 * Plain fields, compiler builtins: ThreadSanitizer understands them, and a
 * simulator can put its own in their place. Names say the order; anything but
 * relaxed carries a comment at its use that names its partner.
 * Concurrency Kit does its own inside its rings and event counts.
 */
#ifndef LEAT_SRC_BASE_ATOMIC_H
#define LEAT_SRC_BASE_ATOMIC_H

#if defined(LEAT__SIM)
#include "sim/atomic.h"
#else

#define leat__load_relaxed(p)     __atomic_load_n((p), __ATOMIC_RELAXED)
#define leat__load_acquire(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define leat__load_seq(p)         __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define leat__store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define leat__store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define leat__store_seq(p, v)     __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define leat__add_relaxed(p, v)   __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)
#define leat__add_acq_rel(p, v)   __atomic_fetch_add((p), (v), __ATOMIC_ACQ_REL)
#define leat__sub_relaxed(p, v)   __atomic_fetch_sub((p), (v), __ATOMIC_RELAXED)
#define leat__sub_acq_rel(p, v)   __atomic_fetch_sub((p), (v), __ATOMIC_ACQ_REL)
#define leat__swap_acq_rel(p, v)  __atomic_exchange_n((p), (v), __ATOMIC_ACQ_REL)
#define leat__swap_seq(p, v)      __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define leat__add_seq(p, v)       __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define leat__sub_seq(p, v)       __atomic_fetch_sub((p), (v), __ATOMIC_SEQ_CST)
#define leat__cas_weak_seq(p, expected, v)                                     \
	__atomic_compare_exchange_n(                                           \
		(p), (expected), (v), 1, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define leat__cas_seq(p, expected, v)                                          \
	__atomic_compare_exchange_n(                                           \
		(p), (expected), (v), 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define leat__or_seq(p, v)  __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define leat__and_seq(p, v) __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)
#define leat__cas_acq_rel(p, expected, v)                                      \
	__atomic_compare_exchange_n(                                           \
		(p), (expected), (v), 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
#define leat__cas_weak_acq_rel(p, expected, v)                                 \
	__atomic_compare_exchange_n(                                           \
		(p), (expected), (v), 1, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)

/* ThreadSanitizer knows no fences, and gcc says so at each; the older builtin
 * is the same barrier in silence. What fences order here are flags that decide
 * who wakes whom; data is always published by a release. */
#if defined(__SANITIZE_THREAD__)
#define leat__fence_seq() __sync_synchronize()
#else
#define leat__fence_seq() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif

/* Orders what one thread's instructions are, for others that run a barrier on
 * it (leat__env.barrier). */
#define leat__fence_compiler() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/* A counter with one writer: readers on other threads see whole values, and who
 * sees one by an acquire also what was counted before it (run/flight.c). */
#define leat__bump(p, n)                                                       \
	__atomic_store_n((p), __atomic_load_n((p), __ATOMIC_RELAXED) + (n),    \
		__ATOMIC_RELEASE)

#endif /* LEAT__SIM */

#endif
