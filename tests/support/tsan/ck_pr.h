/*
 * support/tsan/ck_pr.h -- Concurrency Kit in words that ThreadSanitizer reads.
 *
 * Put first in the include path of ThreadSanitizer builds. Selects the
 * compiler's builtins for read-modify-write, and turns plain loads and stores
 * into atomic ones with the order that x86 gives them anyway. Fences stay: what
 * they order is already ordered by these. Only header code is covered, so the
 * library calls ck_ec32_add, never ck_ec32_inc (inline assembly).
 */
#ifndef LEAT_TESTS_TSAN_CK_PR_H
#define LEAT_TESTS_TSAN_CK_PR_H

#pragma GCC system_header /* include_next is an extension */

#define CK_USE_CC_BUILTINS 1
#include_next <ck_pr.h>

#define TSAN_CK_LOAD(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define TSAN_CK_STORE(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

#undef ck_pr_load_ptr
#undef ck_pr_load_uint
#undef ck_pr_load_int
#undef ck_pr_load_char
#undef ck_pr_load_8
#undef ck_pr_load_16
#undef ck_pr_load_32
#undef ck_pr_load_64
#define ck_pr_load_ptr(p)  TSAN_CK_LOAD(p)
#define ck_pr_load_uint(p) TSAN_CK_LOAD(p)
#define ck_pr_load_int(p)  TSAN_CK_LOAD(p)
#define ck_pr_load_char(p) TSAN_CK_LOAD(p)
#define ck_pr_load_8(p)    TSAN_CK_LOAD(p)
#define ck_pr_load_16(p)   TSAN_CK_LOAD(p)
#define ck_pr_load_32(p)   TSAN_CK_LOAD(p)
#define ck_pr_load_64(p)   TSAN_CK_LOAD(p)

#undef ck_pr_store_ptr
#undef ck_pr_store_uint
#undef ck_pr_store_int
#undef ck_pr_store_char
#undef ck_pr_store_8
#undef ck_pr_store_16
#undef ck_pr_store_32
#undef ck_pr_store_64
#define ck_pr_store_ptr(p, v)  TSAN_CK_STORE(p, v)
#define ck_pr_store_uint(p, v) TSAN_CK_STORE(p, v)
#define ck_pr_store_int(p, v)  TSAN_CK_STORE(p, v)
#define ck_pr_store_char(p, v) TSAN_CK_STORE(p, v)
#define ck_pr_store_8(p, v)    TSAN_CK_STORE(p, v)
#define ck_pr_store_16(p, v)   TSAN_CK_STORE(p, v)
#define ck_pr_store_32(p, v)   TSAN_CK_STORE(p, v)
#define ck_pr_store_64(p, v)   TSAN_CK_STORE(p, v)

/* The builtins' version of an exchange begins with a plain load. */
#undef ck_pr_fas_ptr
#define ck_pr_fas_ptr(p, v)                                                    \
	__atomic_exchange_n((void **)(p), (void *)(v), __ATOMIC_ACQ_REL)

#endif
