/*
 * fan/split.c -- split: every frame, or every record, to one of the branches.
 *
 * Keeps: a frame goes to one branch whose receiver wants it; in turn, as many
 * as the branch's weight, or where the most credit is. With by=round and
 * by=weight who gets which depends on the data alone, not on the schedule. By
 * key and by hash-range, records go to the branch of their key (deal.c).
 * How many branches are active is looked up once for a frame.
 * Threads: the one that steps the stage's task; leat__split_set_active any.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "fan/deal.h"
#include "fan/follow.h"
#include "fan/split.h"

#define SPLIT_WEIGHT_MAX 1000000ul
#define SPLIT_SIDE_BYTES 64u /* an allocator rounds up */

struct split {
	const struct leat_split_opts *opts;
	uint32_t by;                /* enum leat_split_by */
	uint32_t *weights;          /* by out */
	uint32_t at;                /* whose turn it is */
	uint32_t n_given;           /* in this turn */
	uint32_t n_active;          /* atomic: only the first so many get any */
	struct leat__fan_deal deal; /* by key */
	struct leat__fan_follow follow;
};

static bool
split_by_key(const struct split *split)
{
	return split->by == LEAT_SPLIT_KEY ||
		split->by == LEAT_SPLIT_HASH_RANGE;
}

/* ---- options ------------------------------------------------------------ */

static int
split_init(struct leat_stage *st, const void *opts)
{
	struct split *split = leat_stage_state(st);
	const struct leat_split_opts *o = opts;

	split->opts = o;
	split->by =
		o->by == LEAT_SPLIT_ROUND && o->key[0] ? LEAT_SPLIT_KEY : o->by;
	leat__fan_follow_init(st, &split->follow);
	leat__split_set_active(st, leat__fan_follow_n(&split->follow));
	if (o->weights[0] && split->by < LEAT_SPLIT_WEIGHT)
		return leat_stage_fail_at(st, LEAT_EINVAL, "weights", 0, 0,
			"split: weights are for by=weight, key and hash-range");
	if (o->key[0] && !split_by_key(split))
		return leat_stage_fail_at(st, LEAT_EINVAL, "key", 0, 0,
			"split: key is for by=key and hash-range");
	leat_stage_needs(st)->side_bytes = SPLIT_SIDE_BYTES +
		2ull * leat_stage_n_outs(st) * sizeof(uint32_t);
	return LEAT_OK;
}

static int
split_bad_weight(struct leat_stage *st, const char *at)
{
	const struct split *split = leat_stage_state(st);

	return leat_stage_fail_at(st, LEAT_EINVAL, "weights",
		(size_t)(at - split->opts->weights), strcspn(at, ","),
		"split: a weight is a whole number from 1 to %lu, one for each "
		"of %u branches, by commas",
		SPLIT_WEIGHT_MAX, leat_stage_n_outs(st));
}

static int
split_read_weights(struct leat_stage *st, struct split *split)
{
	uint32_t n_outs = leat_stage_n_outs(st);
	const char *at = split->opts->weights;

	for (uint32_t k = 0; k < n_outs; k++) {
		unsigned long weight;
		char *end;

		if (*at < '0' || *at > '9')
			return split_bad_weight(st, at);
		weight = strtoul(at, &end, 10);
		if (weight < 1 || weight > SPLIT_WEIGHT_MAX ||
			*end != (k + 1 < n_outs ? ',' : '\0'))
			return split_bad_weight(st, at);
		split->weights[k] = (uint32_t)weight;
		at = end + (*end == ',');
	}
	return LEAT_OK;
}

static int
split_make_weights(struct leat_stage *st, struct split *split)
{
	uint32_t n_outs = leat_stage_n_outs(st);
	void *weights;

	LEAT_TRY(leat_stage_alloc(st, n_outs * sizeof(uint32_t), &weights));
	split->weights = weights;
	for (uint32_t k = 0; k < n_outs; k++)
		split->weights[k] = 1;
	return split->by == LEAT_SPLIT_WEIGHT || split->opts->weights[0]
		? split_read_weights(st, split)
		: LEAT_OK;
}

static int
split_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct split *split = leat_stage_state(st);
	struct leat__fan_deal_opts deal = {
		.key = split->opts->key,
		.by_range = split->by == LEAT_SPLIT_HASH_RANGE,
	};

	LEAT_TRY(split_make_weights(st, split));
	deal.weights = split->weights;
	return split_by_key(split)
		? leat__fan_deal_init(st, &split->deal, &deal, in, out)
		: LEAT_OK;
}

/* ---- frames ------------------------------------------------------------- */

void
leat__split_set_active(struct leat_stage *st, uint32_t n)
{
	struct split *split = leat_stage_state(st);
	uint32_t n_outs = leat_stage_n_outs(st);

	/* a number that stands for itself: it orders nothing */
	leat__store_relaxed(&split->n_active,
		n < 1                ? 1
			: n < n_outs ? n
				     : n_outs);
}

static void
split_turn(struct split *split, uint32_t n)
{
	split->n_given = 0;
	split->at = split->at + 1 < n ? split->at + 1 : 0;
}

/* Of the first n: whose turn it is, leaving out who has closed; n = nobody is
 * left. */
static uint32_t
split_next(struct leat_stage *st, struct split *split, uint32_t n)
{
	if (split->at >= n) {
		split->at = n - 1;
		split_turn(split, n);
	}
	for (uint32_t k = 0; k < n; k++) {
		if (leat_stage_credit(st, split->at) != LEAT_CREDIT_CLOSED)
			return split->at;
		split_turn(split, n);
	}
	return n;
}

/* The most credit; the first in turn of several. n: nobody is left. */
static uint32_t
split_freest(struct leat_stage *st, struct split *split, uint32_t n)
{
	uint32_t best = n, most = 0;

	for (uint32_t k = 0; k < n; k++) {
		uint32_t out = (split->at + k) % n;
		uint32_t credit = leat_stage_credit(st, out);

		if (credit == LEAT_CREDIT_CLOSED ||
			(best < n && credit <= most))
			continue;
		best = out;
		most = credit;
	}
	split->at = best < n ? best : 0;
	return best;
}

static int
split_give(struct leat_stage *st, struct split *split, struct leat_frame *in,
	uint32_t n)
{
	uint32_t out;

	if (split_by_key(split))
		return leat__fan_deal_process(st, &split->deal, in, n);
	out = split->by == LEAT_SPLIT_CREDIT ? split_freest(st, split, n)
					     : split_next(st, split, n);
	/* all have closed: if that is all outs, the run ends of itself */
	if (out == n)
		return leat_stage_emit(st, 0, in);
	if (!leat_stage_credit(st, out))
		return LEAT_EAGAIN;
	if (++split->n_given >= split->weights[out])
		split_turn(split, n);
	return leat_stage_emit(st, out, in);
}

static int
split_process(struct leat_stage *st, struct leat_frame *in)
{
	struct split *split = leat_stage_state(st);
	/* relaxed: see leat__split_set_active */
	uint32_t n = leat__load_relaxed(&split->n_active);
	uint64_t n_items = in->n_items; /* it is moved */
	int64_t birth_ns = in->birth_ns;
	int rc = split_give(st, split, in, n);

	if (rc == LEAT_OK && split->follow.parallel)
		leat__split_set_active(st,
			leat__fan_follow_frame(
				st, &split->follow, n_items, birth_ns, n));
	return rc;
}

static void
split_fini(struct leat_stage *st)
{
	struct split *split = leat_stage_state(st);

	leat__fan_deal_fini(st, &split->deal);
	leat_stage_free(st, split->weights);
	split->weights = NULL;
}

static const struct leat_option split_options[] = {
	{.name = "by",
		.type = LEAT_OPTION_ENUM,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_split_opts, by),
		.fallback = "round",
		.values = "round|credit|weight|key|hash-range",
		.help = "in turn, to who has most room, by weights, by key"},
	{.name = "key",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_split_opts, key),
		.help = "the column whose value decides; alone, it is by=key"},
	{.name = "weights",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_split_opts, weights),
		.help = "frames in a turn, or parts of the keys, like 3,1"},
	{.name = NULL},
};

const struct leat_stage_ops leat_split_ops = {
	LEAT_STAGE_OPS_INIT("split"),
	.flags = LEAT_STAGE_CHOOSES,
	.summary = "every record to one branch",
	.help = "Whole frames go to one branch each: in turn, to the one with "
		"most\n"
		"room, or by weights. By key, each record goes where its key "
		"belongs:\n"
		"\n"
		"    key         one more or less branch moves no other keys\n"
		"    hash-range  each branch has one range of the hash\n"
		"\n"
		"The key is a column of a table, the first 8 bytes of an item, "
		"or a\n"
		"whole line; records without one go where most room is. Each "
		"branch\n"
		"keeps the order of what it gets.\n"
		"\n"
		"    leat run 'read a.csv ! split credit name=s\n"
		"        s. ! where \"x > 1\" ! m.   s. ! where \"x > 1\" ! "
		"m.\n"
		"        merge name=m ! write b.csv'\n"
		"    leat run 'read a.csv ! split key=city name=s\n"
		"        s. ! write b.csv   s. ! write c.csv'\n",
	.state_bytes = sizeof(struct split),
	.opts_bytes = sizeof(struct leat_split_opts),
	.options = split_options,
	.n_outs = LEAT_ENDS_ANY,
	.init = split_init,
	.negotiate = split_negotiate,
	.process = split_process,
	.fini = split_fini,
};
