/*
 * run/sample.h -- of which frames it is timed how long they take.
 *
 * A look at the clock costs as much as a stage that does little; so of a frame
 * in 64, and of all while they take LEAT__SAMPLE_SLOW_NS and more.
 * Keeps: what a frame stands for is settled before it is looked at, so sums
 * over what samples stand for are right in the mean.
 * Threads: the one that steps the task.
 */
#ifndef LEAT_SRC_RUN_SAMPLE_H
#define LEAT_SRC_RUN_SAMPLE_H

#include "run/run.h"

#define LEAT__SAMPLE_OF 64u
/* a frame that takes so long is timed, and so is the next: it costs nothing */
#define LEAT__SAMPLE_SLOW_NS 100000u

/*
 * In the last bits of a frame's birth: the framework says it, of few frames
 * only, and each stands for many or, if it is ALONE, for itself. A source that
 * says it of all its frames has these bits cleared.
 */
#define LEAT__BORN_SAMPLED 1u
#define LEAT__BORN_ALONE   2u
#define LEAT__BORN_BITS    3

/* In the mean LEAT__SAMPLE_OF, and by chance, lest it be in step with what
 * comes every so many frames. */
static inline uint32_t
leat__sample_draw(struct leat__task *task)
{
	task->random = task->random * 1664525u + 1013904223u;
	return (task->random >> 16) % (2 * LEAT__SAMPLE_OF - 1) + 1;
}

/* How long each stage has a frame: of one in 64, and of all while they are
 * slow. How many a frame stands for is settled by the one before it, not by
 * itself, so that the slow ones do not count for too much. */
static inline void
leat__sample_next(struct leat__task *task)
{
	if (task->n_spread) {
		bool is_slow = task->timed_ns >= LEAT__SAMPLE_SLOW_NS;

		task->n_stands = is_slow ? 1 : LEAT__SAMPLE_OF;
		task->n_until = is_slow ? 1 : leat__sample_draw(task);
		task->timed_ns = 0;
		task->ended_ns = 0;
	}
	task->n_spread = --task->n_until ? 0 : task->n_stands;
}

/* Not of the first, which finds everything cold. Who is alone in its segment
 * needs no share of it. */
static inline void
leat__sample_init(struct leat__task *task)
{
	bool is_timed = task->n_nodes > 1 || task->nodes[0].called;

	task->n_stands = is_timed ? 1 : 0;
	task->n_until = 2;
	task->random = task->segment->number;
}

/* A stage begins when the one before it in the segment has ended, if there was
 * no more between them than the way from one to the other. */
static inline int64_t
leat__sample_begin(const struct leat__task *task, const struct leat__node *node)
{
	const struct leat__env *env = task->run->env;

	return task->ended_ns && node != task->nodes ? task->ended_ns
						     : env->now_ns(env);
}

static inline void
leat__sample_add(const struct leat__task *task, struct leat__histogram *h,
	uint64_t ns, uint32_t n)
{
	if (task->segment->n_replicas == 1)
		leat__histogram_add_alone(h, ns, n);
	else
		leat__histogram_add(h, ns, n);
}

/* A call that stands for so many has ended. */
static inline void
leat__sample_timed(struct leat__task *task, struct leat__node *node,
	int64_t began_ns, int64_t ended_ns, uint32_t n_times)
{
	uint64_t ns = (uint64_t)(ended_ns - began_ns);

	leat__bump(&node->called_ns, n_times * ns);
	task->timed_ns += ns;
	task->ended_ns = ended_ns;
	if (node->called)
		leat__sample_add(task, node->called, ns, n_times);
}

/* A sink is through with a frame. */
static inline void
leat__sample_arrived(struct leat__task *task, const struct leat__node *node)
{
	const struct leat__env *env = task->run->env;
	uint64_t birth_ns = (uint64_t)node->birth_ns;
	uint32_t n = task->n_spread;
	int64_t now_ns;

	if (birth_ns & LEAT__BORN_SAMPLED)
		n = birth_ns & LEAT__BORN_ALONE ? 1 : LEAT__SAMPLE_OF;
	if (!birth_ns || !n)
		return;
	now_ns = task->n_spread ? task->ended_ns : env->now_ns(env);
	birth_ns &= ~(uint64_t)LEAT__BORN_BITS;
	leat__sample_add(task, node->arrived,
		(uint64_t)now_ns > birth_ns ? (uint64_t)now_ns - birth_ns : 0,
		n);
}

#endif
