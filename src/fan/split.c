/*
 * fan/split.c -- split: every frame to one of the branches.
 *
 * Keeps: a frame goes to one branch whose receiver wants it; in turn, as many
 * as the branch's weight, or where the most credit is. With by=round and
 * by=weight who gets which depends on the data alone, not on the schedule.
 * Threads: the one that steps the stage's task.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <leat/stages.h>

#define SPLIT_WEIGHT_MAX 1000000ul
#define SPLIT_SIDE_BYTES 64u /* an allocator rounds up */

struct split {
	const struct leat_split_opts *opts;
	uint32_t *weights; /* by out */
	uint32_t at;       /* whose turn it is */
	uint32_t n_given;  /* in this turn */
};

/* ---- options ------------------------------------------------------------ */

static int
split_init(struct leat_stage *st, const void *opts)
{
	struct split *split = leat_stage_state(st);
	const struct leat_split_opts *o = opts;

	split->opts = o;
	if (o->weights[0] && o->by != LEAT_SPLIT_WEIGHT)
		return leat_stage_fail_at(st, LEAT_EINVAL, "weights", 0, 0,
			"split: weights are for by=weight");
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
split_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct split *split = leat_stage_state(st);
	uint32_t n_outs = leat_stage_n_outs(st);
	void *weights;
	int rc = leat_stage_alloc(st, n_outs * sizeof(uint32_t), &weights);

	(void)in;
	(void)out;
	if (rc)
		return rc;
	split->weights = weights;
	for (uint32_t k = 0; k < n_outs; k++)
		split->weights[k] = 1;
	return split->opts->by == LEAT_SPLIT_WEIGHT
		? split_read_weights(st, split)
		: LEAT_OK;
}

/* ---- frames ------------------------------------------------------------- */

static void
split_turn(struct leat_stage *st, struct split *split)
{
	split->n_given = 0;
	split->at = (split->at + 1) % leat_stage_n_outs(st);
}

/* Whose turn it is, leaving out who has closed; n_outs = nobody is left. */
static uint32_t
split_next(struct leat_stage *st, struct split *split)
{
	uint32_t n_outs = leat_stage_n_outs(st);

	for (uint32_t k = 0; k < n_outs; k++) {
		if (leat_stage_credit(st, split->at) != LEAT_CREDIT_CLOSED)
			return split->at;
		split_turn(st, split);
	}
	return n_outs;
}

/* The most credit; the first in turn of several. n_outs: nobody is left. */
static uint32_t
split_freest(struct leat_stage *st, struct split *split)
{
	uint32_t n_outs = leat_stage_n_outs(st);
	uint32_t best = n_outs, most = 0;

	for (uint32_t k = 0; k < n_outs; k++) {
		uint32_t out = (split->at + k) % n_outs;
		uint32_t credit = leat_stage_credit(st, out);

		if (credit == LEAT_CREDIT_CLOSED ||
			(best < n_outs && credit <= most))
			continue;
		best = out;
		most = credit;
	}
	split->at = best < n_outs ? best : 0;
	return best;
}

static int
split_process(struct leat_stage *st, struct leat_frame *in)
{
	struct split *split = leat_stage_state(st);
	uint32_t out = split->opts->by == LEAT_SPLIT_CREDIT
		? split_freest(st, split)
		: split_next(st, split);

	if (out == leat_stage_n_outs(st)) {
		/* all have closed this moment: the run ends of itself */
		return leat_stage_emit(st, 0, in);
	}
	if (!leat_stage_credit(st, out))
		return LEAT_EAGAIN;
	if (++split->n_given >= split->weights[out])
		split_turn(st, split);
	return leat_stage_emit(st, out, in);
}

static void
split_fini(struct leat_stage *st)
{
	struct split *split = leat_stage_state(st);

	leat_stage_free(st, split->weights);
	split->weights = NULL;
}

static const struct leat_option split_options[] = {
	{.name = "by",
		.type = LEAT_OPTION_ENUM,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_split_opts, by),
		.fallback = "round",
		.values = "round|credit|weight",
		.help = "in turn, to who has most room, or by weights"},
	{.name = "weights",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_split_opts, weights),
		.help = "frames in a turn, for by=weight, like 3,1"},
	{.name = NULL},
};

const struct leat_stage_ops leat_split_ops = {
	LEAT_STAGE_OPS_INIT("split"),
	.flags = LEAT_STAGE_CHOOSES,
	.summary = "every record to one branch",
	.help = "Whole frames go to one branch each: in turn, to the one with "
		"most\n"
		"room, or by weights. Each branch keeps the order of what it "
		"gets.\n"
		"\n"
		"    leat run 'read a.csv ! split credit name=s\n"
		"        s. ! upper ! m.   s. ! upper ! m.\n"
		"        merge name=m ! write b.csv'\n",
	.state_bytes = sizeof(struct split),
	.opts_bytes = sizeof(struct leat_split_opts),
	.options = split_options,
	.n_outs = LEAT_ENDS_ANY,
	.init = split_init,
	.negotiate = split_negotiate,
	.process = split_process,
	.fini = split_fini,
};
