/*
 * sim/atomic.h -- the atomic accesses of src/base/atomic.h, each a point.
 *
 * One OS thread runs everything, so a plain access would do; what is decided
 * here is only who runs between two of them, and when a store is seen. The
 * model is x86: loads and stores of any order are the same instruction, a
 * store_seq and all that reads and writes at once empty the store buffer.
 */
#ifndef LEAT_TESTS_SIM_ATOMIC_H
#define LEAT_TESTS_SIM_ATOMIC_H

#include "sim/hook.h"

#define leat__load_relaxed(p)     SIM_LOAD(p)
#define leat__load_acquire(p)     SIM_LOAD(p)
#define leat__load_seq(p)         SIM_LOAD(p)
#define leat__store_relaxed(p, v) SIM_STORE(p, v)
#define leat__store_release(p, v) SIM_STORE(p, v)
#define leat__store_seq(p, v)     ((void)SIM_SWAP(__atomic_exchange_n, p, v))
#define leat__add_relaxed(p, v)   SIM_SWAP(__atomic_fetch_add, p, v)
#define leat__add_acq_rel(p, v)   SIM_SWAP(__atomic_fetch_add, p, v)
#define leat__add_seq(p, v)       SIM_SWAP(__atomic_fetch_add, p, v)
#define leat__sub_relaxed(p, v)   SIM_SWAP(__atomic_fetch_sub, p, v)
#define leat__sub_acq_rel(p, v)   SIM_SWAP(__atomic_fetch_sub, p, v)
#define leat__sub_seq(p, v)       SIM_SWAP(__atomic_fetch_sub, p, v)
#define leat__or_relaxed(p, v)    SIM_SWAP(__atomic_fetch_or, p, v)
#define leat__or_acq_rel(p, v)    SIM_SWAP(__atomic_fetch_or, p, v)
#define leat__or_seq(p, v)        SIM_SWAP(__atomic_fetch_or, p, v)
#define leat__and_relaxed(p, v)   SIM_SWAP(__atomic_fetch_and, p, v)
#define leat__and_acq_rel(p, v)   SIM_SWAP(__atomic_fetch_and, p, v)
#define leat__and_seq(p, v)       SIM_SWAP(__atomic_fetch_and, p, v)
#define leat__swap_relaxed(p, v)  SIM_SWAP(__atomic_exchange_n, p, v)
#define leat__swap_acq_rel(p, v)  SIM_SWAP(__atomic_exchange_n, p, v)
#define leat__swap_seq(p, v)      SIM_SWAP(__atomic_exchange_n, p, v)

#define leat__cas_relaxed(p, expected, v)      SIM_CAS(p, expected, v)
#define leat__cas_acq_rel(p, expected, v)      SIM_CAS(p, expected, v)
#define leat__cas_seq(p, expected, v)          SIM_CAS(p, expected, v)
#define leat__cas_weak_relaxed(p, expected, v) SIM_CAS_WEAK(p, expected, v)
#define leat__cas_weak_acq_rel(p, expected, v) SIM_CAS_WEAK(p, expected, v)
#define leat__cas_weak_seq(p, expected, v)     SIM_CAS_WEAK(p, expected, v)

#define leat__fence_seq() SIM_FENCE()

/* A compiler's barrier orders what one thread's instructions are; points do
 * that anyway. */
#define leat__fence_compiler() __asm__ __volatile__("" ::: "memory")

#define leat__bump(p, n) SIM_STORE((p), (__typeof__(*(p)))(SIM_LOAD(p) + (n)))

#endif
