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
#elif defined(LEAT__HAS_NEON)
void leat__json_repeat_neon(const struct leat_json_member *members,
	uint32_t n_members, struct leat_json_lines *lines);
#endif

#endif
