/*
 * table/json_repeat.c -- lines that are alike: which code this machine runs.
 *
 * Any thread; no state.
 */
#include "table/json_repeat.h"

void
leat_json_repeat(const struct leat_json_member *members, uint32_t n_members,
	struct leat_json_lines *lines)
{
#if defined(__x86_64__)
	if (leat__json_repeat_has_avx512())
		leat__json_repeat_avx512(members, n_members, lines);
	else if (leat__json_repeat_has_avx2())
		leat__json_repeat_avx2(members, n_members, lines);
	else
		leat__json_repeat_sse2(members, n_members, lines);
#elif defined(LEAT__HAS_NEON)
	leat__json_repeat_neon(members, n_members, lines);
#else
	leat__json_repeat_portable(members, n_members, lines);
#endif
}
