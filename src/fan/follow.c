/*
 * fan/follow.c -- how full the branches of a split are, and how many of them
 * there should be.
 *
 * Keeps: the number changes between two frames only. So an ordered merge
 * behind the branches keeps all order across it.
 * Threads: the one that steps the stage's task.
 */
#include "fan/follow.h"

#define FOLLOW_LOOKS 4u /* frames from one look to the next */

void
leat__fan_follow_init(
	const struct leat_stage *st, struct leat__fan_follow *follow)
{
	struct leat__parallel *par = st->parallel;

	*follow = (struct leat__fan_follow){0};
	if (par && par->split == st && leat__parallel_is_elastic(par))
		follow->parallel = par;
}

uint32_t
leat__fan_follow_n(const struct leat__fan_follow *follow)
{
	return follow->parallel
		? leat__elastic_n_active(&follow->parallel->elastic)
		: UINT32_MAX;
}

/* The share of the first n branches' places for frames that wait which is full;
 * each branch has one more for the frame that it works on. Where that is all,
 * the share of branches that have one. */
static double
follow_fullness(const struct leat_stage *st, uint32_t n)
{
	uint64_t n_waiting = 0, n_places = 0, n_busy = 0;

	for (uint32_t k = 0; k < n; k++) {
		struct leat__link *link = st->outs[k];
		uint32_t capacity = link->capacity_frames;
		uint32_t n_used =
			capacity - leat__chan_credit(&link->chan, capacity);

		n_places += capacity - 1;
		n_waiting += n_used > 1 ? n_used - 1 : 0;
		n_busy += n_used > 0;
	}
	return n_places ? (double)n_waiting / (double)n_places
			: (double)n_busy / n;
}

uint32_t
leat__fan_follow_frame(const struct leat_stage *st,
	struct leat__fan_follow *follow, uint64_t n_items, int64_t birth_ns,
	uint32_t n)
{
	const struct leat__env *env = st->graph->env;
	struct leat__parallel *par = follow->parallel;
	struct leat_resize resize;
	int64_t now_ns;

	leat__elastic_count(&par->elastic, n_items);
	if (++follow->n_frames % FOLLOW_LOOKS)
		return n;
	now_ns = env->now_ns(env);
	leat__elastic_look(&par->elastic, follow_fullness(st, n));
	if (birth_ns)
		leat__elastic_age(&par->elastic, now_ns - birth_ns);
	if (!leat__elastic_tick(&par->elastic, now_ns, &resize))
		return n;
	leat__parallel_note(par, &resize);
	return resize.n_after;
}
