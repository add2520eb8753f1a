/*
 * support/cli/losing.c -- the command, and one of its stages counts wrong.
 *
 * Linked in the place of leat_stage_count: the first time that the stage which
 * LEAT_LOSING names counts something, it counts LEAT_LOSING_BY records more
 * than there are, or less. For tests/cli.sh: what does the command say?
 */
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include <leat/stage.h>

void __real_leat_stage_count(
	struct leat_stage *st, enum leat_count what, uint64_t n);
void __wrap_leat_stage_count(
	struct leat_stage *st, enum leat_count what, uint64_t n);

void
__wrap_leat_stage_count(struct leat_stage *st, enum leat_count what, uint64_t n)
{
	static uint32_t has_counted;
	const char *name = getenv("LEAT_LOSING");
	const char *by = getenv("LEAT_LOSING_BY");

	if (name && by && n && strcmp(leat_stage_name(st), name) == 0 &&
		!leat__swap_acq_rel(&has_counted, 1u))
		n += (uint64_t)atoll(by);
	__real_leat_stage_count(st, what, n);
}
