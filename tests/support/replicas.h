/*
 * support/replicas.h -- stateless test stages, which several workers run.
 *
 * Items are those of support/numbers.h. All instances of a stage share what
 * its options point to: which item is late, which fail, and how often each
 * callback was called. Header only, for tests on threads and in the simulator.
 */
#ifndef LEAT_TESTS_SUPPORT_REPLICAS_H
#define LEAT_TESTS_SUPPORT_REPLICAS_H

#include <string.h>

#include <leat/leat.h>

#include "base/atomic.h"
#include "base/base.h"
#include "env/env.h"

struct replicas {
	/* set by the test; 0 = none */
	uint64_t late;  /* the work on this item waits ... */
	uint64_t until; /* ... until this one is worked on, or for open() */
	struct replicas *ahead; /* each but the last waits until the next one */
	uint64_t last;          /* is worked on there; NULL = no */
	uint64_t fails[2];      /* the work on these fails */
	uint32_t init_fails_at; /* the k-th call, from 1 */
	uint32_t open_fails_at; /* as above */
	uint32_t finish_fails_at;    /* as above */
	void (*work)(uint64_t item); /* done for each; NULL = none */
	/* atomic */
	uint32_t is_open;
	uint32_t n_noted;
	uint32_t n_inits, n_opens, n_finishes, n_finis; /* calls */
	uint64_t highest;      /* item that was worked on */
	uint64_t highest_then; /* the same, when the late one went on */
};

struct replicas_opts {
	uint32_t size;
	uint32_t flags;
	struct replicas *all;
};

/* One instance. */
struct replica {
	struct replicas *all;
	uint32_t at; /* scatter: items of the frame in hand that are done */
};

/* ---- what the test does ------------------------------------------------ */

/* Let the late one go on. */
static inline void
replicas_open(struct replicas *all)
{
	const struct leat__env *env = leat__env_posix();

	/* pairs with the load in replicas_await */
	leat__swap_acq_rel(&all->is_open, 1u);
	env->wake(env, &all->is_open);
}

/* A chain, and how many frames its links hold, but no less than their senders
 * emit at once. A frame in hand counts: with 1 into a region nobody in it works
 * while another does. */
struct replicas_chain {
	const struct leat_step *steps;
	uint32_t n_steps;
	uint32_t into; /* of a stateless stage */
	uint32_t out;  /* of all others */
};

static inline uint32_t
replicas_capacity(const struct replicas_chain *chain, uint32_t to)
{
	uint32_t n = chain->steps[to].ops->flags & LEAT_STAGE_STATELESS
		? chain->into
		: chain->out;
	uint32_t max_out = chain->steps[to - 1].ops->needs.max_out;

	return n > max_out ? n : max_out;
}

/* As leat_graph_chain(). */
static inline int
replicas_chain(struct leat_graph *graph, const struct replicas_chain *chain,
	struct leat_error *err)
{
	struct leat_stage *before = NULL, *st;

	for (uint32_t k = 0; k < chain->n_steps; k++) {
		struct leat_link_opts opts = {LEAT_OPTS_INIT(leat_link_opts)};

		LEAT_TRY(leat_graph_add(
			graph, NULL, &chain->steps[k], &st, err));
		if (before) {
			opts.capacity_frames = replicas_capacity(chain, k);
			LEAT_TRY(leat_graph_link(graph, leat_out(before, 0),
				leat_in(st, 0), &opts, err));
		}
		before = st;
	}
	return LEAT_OK;
}

/* ---- callbacks --------------------------------------------------------- */

static inline bool
replicas_counted_to(uint32_t *count, uint32_t k)
{
	return leat__add_relaxed(count, 1u) + 1 == k;
}

static inline int
replica_fail(struct leat_stage *st, const char *what)
{
	return leat_stage_fail(st, LEAT_EIO, "%s fails on purpose", what);
}

static inline int
replica_init(struct leat_stage *st, const void *opts)
{
	struct replica *s = leat_stage_state(st);

	s->all = ((const struct replicas_opts *)opts)->all;
	return replicas_counted_to(&s->all->n_inits, s->all->init_fails_at)
		? replica_fail(st, "init")
		: LEAT_OK;
}

static inline int
replica_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	(void)in;
	out->item_bytes = 8;
	return LEAT_OK;
}

static inline int
replica_open(struct leat_stage *st)
{
	struct replicas *all = ((struct replica *)leat_stage_state(st))->all;

	return replicas_counted_to(&all->n_opens, all->open_fails_at)
		? replica_fail(st, "open")
		: LEAT_OK;
}

static inline int
replica_finish(struct leat_stage *st)
{
	struct replicas *all = ((struct replica *)leat_stage_state(st))->all;

	return replicas_counted_to(&all->n_finishes, all->finish_fails_at)
		? replica_fail(st, "finish")
		: LEAT_OK;
}

static inline void
replica_fini(struct leat_stage *st)
{
	struct replicas *all = ((struct replica *)leat_stage_state(st))->all;

	leat__add_relaxed(&all->n_finis, 1u);
}

static inline void
replicas_await(struct replicas *all)
{
	const struct leat__env *env = leat__env_posix();

	/* acquire: pairs with the exchange in replicas_open */
	while (!leat__load_acquire(&all->is_open))
		env->park(env, &all->is_open, 0, LEAT_NEVER);
	all->highest_then = leat__load_relaxed(&all->highest);
}

static inline void
replicas_note(struct replicas *all, uint64_t item)
{
	const struct leat__env *env = leat__env_posix();
	uint64_t highest = leat__load_relaxed(&all->highest);

	while (item > highest &&
		!leat__cas_weak_acq_rel(&all->highest, &highest, item))
		;
	leat__add_acq_rel(&all->n_noted, 1u);
	env->wake(env, &all->n_noted);
}

/* Until an item as high as this is worked on. */
static inline void
replicas_await_item(struct replicas *all, uint64_t item)
{
	const struct leat__env *env = leat__env_posix();

	for (;;) {
		/* acquire: pairs with the add in replicas_note */
		uint32_t n = leat__load_acquire(&all->n_noted);

		if (leat__load_relaxed(&all->highest) >= item)
			return;
		env->park(env, &all->n_noted, n, LEAT_NEVER);
	}
}

/* The work on one item; may fail. */
static inline int
replica_work(struct leat_stage *st, struct replicas *all, uint64_t item)
{
	replicas_note(all, item);
	if (item == all->until)
		replicas_open(all);
	if (item == all->late)
		replicas_await(all);
	if (all->ahead && item < all->last)
		replicas_await_item(all->ahead, item + 1);
	if (all->work)
		all->work(item);
	if (item == all->fails[0] || item == all->fails[1])
		return leat_stage_fail(st, LEAT_EIO, "item %llu is bad",
			(unsigned long long)item);
	return LEAT_OK;
}

static inline int
replica_work_all(struct leat_stage *st, const struct leat_frame *in)
{
	struct replicas *all = ((struct replica *)leat_stage_state(st))->all;
	const uint64_t *items = (const uint64_t *)(const void *)in->data;

	for (uint32_t k = 0; k < in->n_items; k++) {
		int rc = replica_work(st, all, items[k]);

		if (rc < 0)
			return rc;
	}
	return LEAT_OK;
}

static inline int
same_process(struct leat_stage *st, struct leat_frame *in)
{
	int rc = replica_work_all(st, in);

	return rc < 0 ? rc : leat_stage_emit(st, 0, in);
}

static inline int
scatter_one(struct leat_stage *st, const struct leat_frame *in, uint32_t at)
{
	struct leat_frame *frame;
	int rc = leat_stage_acquire(st, &frame);

	if (rc < 0)
		return rc;
	memcpy(frame->data, in->data + (size_t)at * 8, 8);
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = 1;
	frame->len_bytes = 8;
	return leat_stage_emit(st, 0, frame);
}

static inline int
scatter_process(struct leat_stage *st, struct leat_frame *in)
{
	struct replica *s = leat_stage_state(st);
	uint32_t n_most = leat_stage_needs(st)->max_out;
	int rc = s->at == 0 ? replica_work_all(st, in) : LEAT_OK;

	for (uint32_t k = 0; rc == LEAT_OK && k < n_most && s->at < in->n_items;
		k++)
		rc = scatter_one(st, in, s->at++);
	if (rc < 0)
		return rc;
	if (s->at < in->n_items)
		return LEAT_MORE;
	s->at = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static inline bool
sieve_item(const void *item, void *state)
{
	struct replica *s = state;

	replicas_note(s->all, *(const uint64_t *)item);
	return *(const uint64_t *)item % 2 == 1;
}

/* ---- stages ------------------------------------------------------------ */

#define REPLICA_OPS                                                            \
	.state_bytes = sizeof(struct replica),                                 \
	.opts_bytes = sizeof(struct replicas_opts),                            \
	.in_layouts = LEAT_LAYOUT_ITEMS, .item_bytes = 8,                      \
	.init = replica_init, .open = replica_open, .finish = replica_finish,  \
	.fini = replica_fini

/* passes its input on */
static const struct leat_stage_ops same_ops = {LEAT_STAGE_OPS_INIT("same"),
	.flags = LEAT_STAGE_STATELESS, REPLICA_OPS, .process = same_process};

/* the same, by one worker at a time */
static const struct leat_stage_ops serial_ops = {
	LEAT_STAGE_OPS_INIT("serial"), REPLICA_OPS, .process = same_process};

/* every item in a frame of its own; one a call, or two, by LEAT_MORE */
static const struct leat_stage_ops scatter_ops = {
	LEAT_STAGE_OPS_INIT("scatter"), .flags = LEAT_STAGE_STATELESS,
	REPLICA_OPS, .out_layout = LEAT_LAYOUT_ITEMS,
	.needs = {.frame_bytes = 4096}, .negotiate = replica_negotiate,
	.process = scatter_process};
static const struct leat_stage_ops scatter2_ops = {
	LEAT_STAGE_OPS_INIT("scatter2"), .flags = LEAT_STAGE_STATELESS,
	REPLICA_OPS, .out_layout = LEAT_LAYOUT_ITEMS,
	.needs = {.frame_bytes = 4096, .max_out = 2},
	.negotiate = replica_negotiate, .process = scatter_process};

/* odd items only */
static const struct leat_stage_ops sieve_ops = {LEAT_STAGE_OPS_INIT("sieve"),
	.flags = LEAT_STAGE_STATELESS, REPLICA_OPS, .keep_item = sieve_item};

#endif
