/*
 * sim/ck_pr.h -- Concurrency Kit's accesses, each a point of the simulator.
 *
 * Put first in the include path of simulator builds; what ck_ring, ck_stack
 * and the inline parts of ck_ec do is then scheduled like the library's own.
 * Only the kinds that these use are here; on x86 the other fences are none.
 */
#ifndef LEAT_TESTS_SIM_CK_PR_H
#define LEAT_TESTS_SIM_CK_PR_H

#pragma GCC system_header /* include_next is an extension */

#define CK_USE_CC_BUILTINS 1
#include_next <ck_pr.h>

#include "sim/hook.h"

static inline uint32_t
sim_ck_load_32(const uint32_t *target)
{
	return SIM_LOAD(target);
}

#undef ck_pr_load_ptr
#undef ck_pr_load_uint
#undef ck_pr_load_int
#undef ck_pr_load_char
#undef ck_pr_load_8
#undef ck_pr_load_16
#undef ck_pr_load_32
#undef ck_pr_load_64
#define ck_pr_load_ptr(p)  SIM_LOAD(p)
#define ck_pr_load_uint(p) sim_ck_load_32(p)
#define ck_pr_load_int(p)  SIM_LOAD(p)
#define ck_pr_load_char(p) SIM_LOAD(p)
#define ck_pr_load_8(p)    SIM_LOAD(p)
#define ck_pr_load_16(p)   SIM_LOAD(p)
#define ck_pr_load_32(p)   sim_ck_load_32(p)
#define ck_pr_load_64(p)   SIM_LOAD(p)

#undef ck_pr_store_ptr
#undef ck_pr_store_uint
#undef ck_pr_store_int
#undef ck_pr_store_char
#undef ck_pr_store_8
#undef ck_pr_store_16
#undef ck_pr_store_32
#undef ck_pr_store_64
#define ck_pr_store_ptr(p, v)  SIM_STORE(p, v)
#define ck_pr_store_uint(p, v) SIM_STORE(p, v)
#define ck_pr_store_int(p, v)  SIM_STORE(p, v)
#define ck_pr_store_char(p, v) SIM_STORE(p, v)
#define ck_pr_store_8(p, v)    SIM_STORE(p, v)
#define ck_pr_store_16(p, v)   SIM_STORE(p, v)
#define ck_pr_store_32(p, v)   SIM_STORE(p, v)
#define ck_pr_store_64(p, v)   SIM_STORE(p, v)

#define ck_pr_faa_uint(p, v) SIM_SWAP(__atomic_fetch_add, p, v)
#define ck_pr_faa_32(p, v)   SIM_SWAP(__atomic_fetch_add, p, v)
#define ck_pr_faa_64(p, v)   SIM_SWAP(__atomic_fetch_add, p, v)
#define ck_pr_fas_ptr(p, v)                                                    \
	SIM_SWAP(__atomic_exchange_n, (void **)(p), (void *)(v))
#define ck_pr_fas_uint(p, v) SIM_SWAP(__atomic_exchange_n, p, v)
#define ck_pr_fas_32(p, v)   SIM_SWAP(__atomic_exchange_n, p, v)

static inline bool
sim_ck_cas_ptr_value(void *target, void *compare, void *set, void *value)
{
	bool is_set = SIM_CAS((void **)target, &compare, set);

	*(void **)value = compare;
	return is_set;
}

static inline bool
sim_ck_cas_ptr(void *target, void *compare, void *set)
{
	return SIM_CAS((void **)target, &compare, set);
}

static inline bool
sim_ck_cas_32(uint32_t *target, uint32_t compare, uint32_t set)
{
	return SIM_CAS(target, &compare, set);
}

#define ck_pr_cas_ptr(p, c, v)          sim_ck_cas_ptr((p), (c), (v))
#define ck_pr_cas_ptr_value(p, c, v, w) sim_ck_cas_ptr_value((p), (c), (v), (w))
#define ck_pr_cas_32(p, c, v)           sim_ck_cas_32((p), (c), (v))
#define ck_pr_cas_uint(p, c, v)         sim_ck_cas_32((p), (c), (v))

#define ck_pr_fence_memory()     SIM_FENCE()
#define ck_pr_fence_store_load() SIM_FENCE()
#define ck_pr_stall()            sim_stall()

#endif
