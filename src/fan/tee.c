/*
 * fan/tee.c -- tee: every frame to every branch, shared and not copied.
 *
 * Keeps: a frame goes to all branches that block, or to none yet; one that
 * sheds gets it if it has credit at that moment; one that detaches ends for
 * good when it has none. What a branch misses is counted as shed. No payload
 * byte moves.
 * Threads: the one that steps the stage's task.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "graph/graph.h"
#include <leat/stages.h>

/* An allocator rounds up. */
#define TEE_SIDE_BYTES 64u

enum tee_slow {
	TEE_BLOCK,
	TEE_SHED,
	TEE_DETACH,
	TEE_SLOW_N,
	TEE_GONE = TEE_SLOW_N /* detached */
};

struct tee {
	const char *slow;
	uint8_t *branches; /* enum tee_slow, by out */
};

static const char *const tee_names[TEE_SLOW_N] = {"block", "shed", "detach"};

/* ---- options ------------------------------------------------------------ */

/* The next word, of *n_out bytes; *at goes behind it, NULL = it is the last. */
static const char *
tee_word(const char **at, size_t *n_out)
{
	const char *word = *at + strspn(*at, " ");
	size_t n = strcspn(word, ",");

	*at = word[n] == ',' ? word + n + 1 : NULL;
	while (n && word[n - 1] == ' ')
		n--;
	*n_out = n;
	return word;
}

static enum tee_slow
tee_find(const char *word, size_t n)
{
	uint32_t k = 0;

	while (k < TEE_SLOW_N &&
		(strlen(tee_names[k]) != n || memcmp(tee_names[k], word, n)))
		k++;
	return (enum tee_slow)k;
}

static int
tee_init(struct leat_stage *st, const void *opts)
{
	const struct leat_tee_opts *o = opts;
	struct tee *tee = leat_stage_state(st);
	const char *at = o->slow;

	tee->slow = o->slow;
	while (at) {
		size_t n;
		const char *word = tee_word(&at, &n);

		if (tee_find(word, n) == TEE_SLOW_N)
			return leat_stage_fail_at(st, LEAT_EINVAL, "slow",
				(size_t)(word - o->slow), n,
				"tee: what a slow branch does is block, shed "
				"or detach, not '%.*s'",
				(int)n, word);
	}
	leat_stage_needs(st)->side_bytes =
		TEE_SIDE_BYTES + 2ull * leat_stage_n_outs(st);
	return LEAT_OK;
}

/* One word for all, or one for each. */
static int
tee_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct tee *tee = leat_stage_state(st);
	uint32_t n_outs = leat_stage_n_outs(st), n = 0;
	const char *at = tee->slow;
	void *branches;
	int rc = leat_stage_alloc(st, n_outs, &branches);

	(void)in;
	(void)out;
	if (rc)
		return rc;
	tee->branches = branches;
	for (; at; n++) {
		size_t n_bytes;
		const char *word = tee_word(&at, &n_bytes);

		if (n < n_outs)
			tee->branches[n] = (uint8_t)tee_find(word, n_bytes);
	}
	if (n == 1)
		memset(tee->branches, tee->branches[0], n_outs);
	else if (n != n_outs)
		return leat_stage_fail_at(st, LEAT_EINVAL, "slow", 0, 0,
			"tee: %u words for %u branches; accepted: one for all, "
			"or one for each",
			n, n_outs);
	for (uint32_t k = 0; k < n_outs; k++)
		st->outs[k]->is_in_step = tee->branches[k] == TEE_BLOCK;
	return LEAT_OK;
}

/* ---- frames ------------------------------------------------------------- */

/* Must it be waited for? */
static bool
tee_must_wait(struct leat_stage *st, const struct tee *tee)
{
	uint32_t n_outs = leat_stage_n_outs(st);

	for (uint32_t k = 0; k < n_outs; k++)
		if (tee->branches[k] == TEE_BLOCK && !leat_stage_credit(st, k))
			return true;
	return false;
}

/* One branch. *n_out counts those that have it, or would have had it. */
static int
tee_branch(struct leat_stage *st, const struct tee *tee, uint32_t out,
	struct leat_frame *frame, uint32_t *n_out)
{
	uint32_t credit = leat_stage_credit(st, out);
	bool is_gone = tee->branches[out] == TEE_GONE;

	if (credit == LEAT_CREDIT_CLOSED && !is_gone)
		return LEAT_OK;
	++*n_out;
	if (!credit && tee->branches[out] == TEE_DETACH) {
		leat_stage_end_out(st, out);
		tee->branches[out] = TEE_GONE;
	}
	if (credit && !is_gone) {
		leat_frame_retain(frame);
		return leat_stage_emit(st, out, frame);
	}
	leat_stage_count(st, LEAT_COUNT_SHED, frame->n_items);
	return LEAT_OK;
}

static int
tee_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct tee *tee = leat_stage_state(st);
	uint32_t n_outs = leat_stage_n_outs(st), n = 0;

	if (tee_must_wait(st, tee))
		return LEAT_EAGAIN;
	for (uint32_t k = 0; k < n_outs; k++) {
		int rc = tee_branch(st, tee, k, in, &n);

		if (rc)
			return rc;
	}
	if (n)
		leat_stage_count(
			st, LEAT_COUNT_MADE, (uint64_t)(n - 1) * in->n_items);
	else
		leat_stage_count(st, LEAT_COUNT_FILTERED, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static void
tee_fini(struct leat_stage *st)
{
	struct tee *tee = leat_stage_state(st);

	leat_stage_free(st, tee->branches);
	tee->branches = NULL;
}

static const struct leat_option tee_options[] = {
	{.name = "slow",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_tee_opts, slow),
		.help = "what slow branches do: block, shed, detach"},
	{.name = NULL},
};

const struct leat_stage_ops leat_tee_ops = {
	LEAT_STAGE_OPS_INIT("tee"),
	.flags = LEAT_STAGE_CHOOSES,
	.summary = "every record to every branch",
	.help = "Frames are shared, not copied. One word says what all "
		"branches do\n"
		"when they are slow, or one for each, by commas:\n"
		"\n"
		"    block   all wait for it\n"
		"    shed    it misses what comes while it is full\n"
		"    detach  its stream ends there\n"
		"\n"
		"    leat run 'read a.csv ! tee block name=t\n"
		"        t. ! where \"delay > 60\" ! write late.csv\n"
		"        t. ! count ! write n.txt'\n",
	.state_bytes = sizeof(struct tee),
	.opts_bytes = sizeof(struct leat_tee_opts),
	.options = tee_options,
	.n_outs = LEAT_ENDS_ANY,
	.init = tee_init,
	.negotiate = tee_negotiate,
	.process = tee_process,
	.fini = tee_fini,
};
