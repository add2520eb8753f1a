/*
 * table/json_repeat.h -- what the files of leat_json_repeat() share.
 */
#ifndef LEAT_SRC_TABLE_JSON_REPEAT_H
#define LEAT_SRC_TABLE_JSON_REPEAT_H

#include "base/base.h"
#include "table/neon.h"
#include <leat/json.h>

typedef void (*leat__json_repeat_fn)(const struct leat_json_member *members,
	uint32_t n_members, struct leat_json_lines *lines);

void leat__json_repeat_portable(const struct leat_json_member *members,
	uint32_t n_members, struct leat_json_lines *lines);
#if defined(__x86_64__)
void leat__json_repeat_sse2(const struct leat_json_member *members,
	uint32_t n_members, struct leat_json_lines *lines);
/* Needs AVX2 and BMI. */
void leat__json_repeat_avx2(const struct leat_json_member *members,
	uint32_t n_members, struct leat_json_lines *lines);
/* Needs AVX-512 F, BW and VL as well, and BMI2. */
void leat__json_repeat_avx512(const struct leat_json_member *members,
	uint32_t n_members, struct leat_json_lines *lines);
#elif defined(LEAT__HAS_NEON)
void leat__json_repeat_neon(const struct leat_json_member *members,
	uint32_t n_members, struct leat_json_lines *lines);
#endif

#if defined(__x86_64__)
static inline bool
leat__json_repeat_has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
}

static inline bool
leat__json_repeat_has_avx512(void)
{
	return leat__json_repeat_has_avx2() && __builtin_cpu_supports("bmi2") &&
		__builtin_cpu_supports("avx512f") &&
		__builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512vl");
}
#endif

/* The first n of 32 bits. */
static inline uint32_t
repeat_first(uint32_t n)
{
	return (uint32_t)(((uint64_t)1 << n) - 1);
}

#endif
