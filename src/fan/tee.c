/*
 * fan/tee.c -- tee: every frame to every branch, shared and not copied.
 *
 * Keeps: a frame goes to all branches that must have it, or to none yet: those
 * that block need credit for it, those that spill credit or room on the disk.
 * One that sheds gets it if it has credit at that moment, or keeps some of the
 * last, or of the dearest; one that detaches ends for good when it has no
 * credit. Each branch gets its frames in their order. What it misses is counted
 * as shed. No payload byte moves but to the disk and back.
 * Threads: the one that steps the stage's task.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "fan/backlog.h"
#include "fan/spill.h"
#include "graph/graph.h"
#include <leat/stages.h>

#define TEE_SIDE_BYTES  64u /* an allocator rounds up, each time */
#define TEE_HOLD        16u
#define TEE_HOLD_MAX    1024
#define TEE_SPILL_BYTES (1ull << 30)
#define TEE_SPILL_DIR   "/var/tmp"
#define TEE_CATCH_UP    4u /* frames from before, for each that comes */

enum tee_slow {
	TEE_BLOCK,
	TEE_SHED,
	TEE_SHED_OLDEST,
	TEE_SHED_PRIORITY,
	TEE_SPILL,
	TEE_DETACH,
	TEE_SLOW_N,
	TEE_GONE = TEE_SLOW_N /* detached */
};

struct branch {
	enum tee_slow slow;
	struct leat__fan_backlog backlog; /* shed-oldest, shed-priority */
	struct leat__fan_spill spill;
};

struct tee {
	const struct leat_tee_opts *opts;
	struct branch *branches; /* by out */
	uint32_t n_spilling;
	uint32_t n_caught_up; /* since the last frame that came */
};

struct tee_word {
	const char *text;
	enum tee_slow slow;
};

static const struct tee_word tee_words[] = {
	{"block", TEE_BLOCK},
	{"shed", TEE_SHED},
	{"shed-newest", TEE_SHED},
	{"shed-oldest", TEE_SHED_OLDEST},
	{"shed-priority", TEE_SHED_PRIORITY},
	{"spill", TEE_SPILL},
	{"detach", TEE_DETACH},
};

static int tee_flush(struct leat_stage *st);

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
	for (uint32_t k = 0; k < leat__array_len(tee_words); k++)
		if (strlen(tee_words[k].text) == n &&
			memcmp(tee_words[k].text, word, n) == 0)
			return tee_words[k].slow;
	return TEE_SLOW_N;
}

static bool
slow_holds(enum tee_slow slow)
{
	return slow == TEE_SHED_OLDEST || slow == TEE_SHED_PRIORITY;
}

static int
tee_init(struct leat_stage *st, const void *opts)
{
	const struct leat_tee_opts *o = opts;
	struct tee *tee = leat_stage_state(st);
	const char *at = o->slow;

	tee->opts = o;
	st->ops.flush = NULL;
	while (at) {
		size_t n;
		const char *word = tee_word(&at, &n);
		enum tee_slow slow = tee_find(word, n);

		if (slow == TEE_SLOW_N)
			return leat_stage_fail_at(st, LEAT_EINVAL, "slow",
				(size_t)(word - o->slow), n,
				"tee: what a slow branch does is block, shed, "
				"shed-oldest, shed-priority, spill or detach, "
				"not '%.*s'",
				(int)n, word);
		if (slow_holds(slow) || slow == TEE_SPILL)
			st->ops.flush = tee_flush;
		/* it waits for the disk */
		if (slow == TEE_SPILL)
			st->ops.flags |= LEAT_STAGE_BLOCKING;
	}
	return LEAT_OK;
}

/* One word for all, or one for each. */
static int
tee_read_words(struct leat_stage *st, struct tee *tee)
{
	uint32_t n_outs = leat_stage_n_outs(st), n = 0;
	const char *at = tee->opts->slow;

	for (; at; n++) {
		size_t n_bytes;
		const char *word = tee_word(&at, &n_bytes);

		if (n < n_outs)
			tee->branches[n].slow = tee_find(word, n_bytes);
	}
	if (n != 1 && n != n_outs)
		return leat_stage_fail_at(st, LEAT_EINVAL, "slow", 0, 0,
			"tee: %u words for %u branches; accepted: one for all, "
			"or one for each",
			n, n_outs);
	for (uint32_t k = n; k < n_outs; k++)
		tee->branches[k].slow = tee->branches[0].slow;
	return LEAT_OK;
}

static uint32_t
tee_hold(const struct tee *tee)
{
	return tee->opts->hold ? (uint32_t)tee->opts->hold : TEE_HOLD;
}

static uint64_t
tee_spill_bytes(const struct tee *tee)
{
	return tee->opts->spill_bytes ? tee->opts->spill_bytes
				      : TEE_SPILL_BYTES;
}

static const char *
tee_spill_dir(const struct tee *tee)
{
	return tee->opts->spill_dir[0] ? tee->opts->spill_dir : TEE_SPILL_DIR;
}

/* Frames that are held; slots for those that come back from the disk. */
static void
tee_set_needs(
	struct leat_stage *st, struct tee *tee, const struct leat_shape *in)
{
	struct leat_needs *needs = leat_stage_needs(st);

	for (uint32_t k = 0; k < leat_stage_n_outs(st); k++) {
		struct branch *branch = &tee->branches[k];

		if (branch->slow == TEE_SPILL)
			tee->n_spilling++;
		if (!slow_holds(branch->slow))
			continue;
		needs->holds += tee_hold(tee);
		needs->side_bytes += TEE_SIDE_BYTES +
			2 * tee_hold(tee) * sizeof(struct leat_frame *);
	}
	if (!tee->n_spilling)
		return;
	needs->holds += tee->n_spilling;
	needs->frame_bytes =
		(uint32_t)leat__max_u64(in->frame_bytes, in->base_bytes);
	st->is_restoring = true;
}

static int
branch_init(struct leat_stage *st, const struct tee *tee, struct branch *branch)
{
	if (branch->slow == TEE_SPILL)
		leat__fan_spill_init(st, &branch->spill, tee_spill_dir(tee),
			tee_spill_bytes(tee));
	return slow_holds(branch->slow)
		? leat__fan_backlog_init(st, &branch->backlog, tee_hold(tee),
			  branch->slow == TEE_SHED_PRIORITY)
		: LEAT_OK;
}

static int
tee_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct tee *tee = leat_stage_state(st);
	uint32_t n_outs = leat_stage_n_outs(st);
	size_t n_bytes = n_outs * sizeof(*tee->branches);
	void *branches;

	(void)out;
	leat_stage_needs(st)->side_bytes = TEE_SIDE_BYTES + 2 * n_bytes;
	LEAT_TRY(leat_stage_alloc(st, n_bytes, &branches));
	memset(branches, 0, n_bytes);
	tee->branches = branches;
	LEAT_TRY(tee_read_words(st, tee));
	tee_set_needs(st, tee, in);
	for (uint32_t k = 0; k < n_outs; k++) {
		LEAT_TRY(branch_init(st, tee, &tee->branches[k]));
		st->outs[k]->is_in_step = tee->branches[k].slow == TEE_BLOCK;
	}
	return LEAT_OK;
}

/* Better now than when the first branch is slow. */
static int
tee_open(struct leat_stage *st)
{
	struct tee *tee = leat_stage_state(st);

	for (uint32_t k = 0; k < leat_stage_n_outs(st); k++)
		if (tee->branches[k].slow == TEE_SPILL)
			return leat__scratch_try(
				&tee->branches[k].spill.scratch);
	return LEAT_OK;
}

/* ---- frames from before --------------------------------------------------- */

static bool
branch_is_behind(const struct branch *branch)
{
	return leat__fan_backlog_n(&branch->backlog) ||
		leat__fan_spill_n(&branch->spill);
}

/* Its receiver has closed: what it has not had is filtered. */
static void
branch_drop(struct leat_stage *st, struct branch *branch)
{
	struct leat_frame *frame;

	while ((frame = leat__fan_backlog_take(&branch->backlog))) {
		leat_stage_count(st, LEAT_COUNT_FILTERED, frame->n_items);
		leat_stage_release(st, frame);
	}
	if (leat__fan_spill_n(&branch->spill))
		leat_stage_count(st, LEAT_COUNT_FILTERED,
			leat__fan_spill_drop(&branch->spill));
}

/* Its oldest frame to a branch that has credit. LEAT_OK: nothing was done. */
static int
branch_catch_up(struct leat_stage *st, struct branch *branch, uint32_t out)
{
	struct leat_frame *frame;
	uint32_t credit;

	if (!branch_is_behind(branch))
		return LEAT_OK;
	credit = leat_stage_credit(st, out);
	if (credit == LEAT_CREDIT_CLOSED)
		branch_drop(st, branch);
	if (!credit || credit == LEAT_CREDIT_CLOSED)
		return LEAT_OK;
	if (leat__fan_spill_n(&branch->spill))
		LEAT_TRY(leat__fan_spill_take(st, &branch->spill, &frame));
	else
		frame = leat__fan_backlog_take(&branch->backlog);
	LEAT_TRY(leat_stage_emit(st, out, frame));
	return LEAT_MORE;
}

/* LEAT_MORE: at least one branch got a frame; LEAT_OK: none. */
static int
tee_catch_up(struct leat_stage *st, struct tee *tee)
{
	int verdict = LEAT_OK;

	for (uint32_t k = 0; k < leat_stage_n_outs(st); k++) {
		int rc = branch_catch_up(st, &tee->branches[k], k);

		if (rc < 0)
			return rc;
		if (rc == LEAT_MORE)
			verdict = rc;
	}
	return verdict;
}

static bool
tee_is_behind(struct leat_stage *st, const struct tee *tee)
{
	for (uint32_t k = 0; k < leat_stage_n_outs(st); k++)
		if (branch_is_behind(&tee->branches[k]))
			return true;
	return false;
}

/* ---- the frame in hand ------------------------------------------------------ */

/* Nothing can be done with the frame before this branch has credit. */
static bool
branch_needs_credit(const struct branch *branch, struct leat_frame *in)
{
	if (branch->slow == TEE_SPILL)
		return !leat__fan_spill_has_room(&branch->spill, in);
	return branch->slow == TEE_BLOCK;
}

/* LEAT_OK; LEAT_EAGAIN: for want of credit; LEAT_MORE: a branch has credit for
 * what is before this frame. */
static int
tee_look(struct leat_stage *st, struct tee *tee, struct leat_frame *in)
{
	int verdict = LEAT_OK;

	for (uint32_t k = 0; k < leat_stage_n_outs(st); k++) {
		struct branch *branch = &tee->branches[k];

		if (!branch_needs_credit(branch, in))
			continue;
		if (!leat_stage_credit(st, k))
			return LEAT_EAGAIN;
		if (branch_is_behind(branch))
			verdict = LEAT_MORE;
	}
	return verdict;
}

/* A branch that holds frames back has one more. */
static void
branch_hold(
	struct leat_stage *st, struct branch *branch, struct leat_frame *frame)
{
	struct leat_frame *dropped;

	leat_frame_retain(frame);
	dropped = leat__fan_backlog_put(&branch->backlog, frame);
	if (!dropped)
		return;
	leat_stage_count(st, LEAT_COUNT_SHED, dropped->n_items);
	leat_stage_release(st, dropped);
}

/* It has no credit, or is behind. */
static int
branch_is_slow(struct leat_stage *st, struct branch *branch, uint32_t out,
	struct leat_frame *frame)
{
	if (branch->slow == TEE_SPILL)
		return leat__fan_spill_put(&branch->spill, frame);
	if (slow_holds(branch->slow)) {
		branch_hold(st, branch, frame);
		return LEAT_OK;
	}
	leat_stage_count(st, LEAT_COUNT_SHED, frame->n_items);
	if (branch->slow == TEE_DETACH) {
		leat_stage_end_out(st, out);
		branch->slow = TEE_GONE;
	}
	return LEAT_OK;
}

/* One branch. *n_out counts those that have it, or would have had it. */
static int
tee_branch(struct leat_stage *st, struct branch *branch, uint32_t out,
	struct leat_frame *frame, uint32_t *n_out)
{
	uint32_t credit = leat_stage_credit(st, out);
	bool is_gone = branch->slow == TEE_GONE;

	if (credit == LEAT_CREDIT_CLOSED && !is_gone) {
		branch_drop(st, branch);
		return LEAT_OK;
	}
	if (++*n_out > 1)
		leat_stage_count(st, LEAT_COUNT_MADE, frame->n_items);
	if (!credit || is_gone || branch_is_behind(branch))
		return branch_is_slow(st, branch, out, frame);
	leat_frame_retain(frame);
	return leat_stage_emit(st, out, frame);
}

static int
tee_give(struct leat_stage *st, struct tee *tee, struct leat_frame *in)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < leat_stage_n_outs(st); k++)
		LEAT_TRY(tee_branch(st, &tee->branches[k], k, in, &n));
	if (!n)
		leat_stage_count(st, LEAT_COUNT_FILTERED, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* Some of what is before the frame first, so that who has become fast again
 * comes to its end, but the others need not wait for that. */
static int
tee_process(struct leat_stage *st, struct leat_frame *in)
{
	struct tee *tee = leat_stage_state(st);
	bool has_looked = tee->n_caught_up < TEE_CATCH_UP;
	int rc;

	if (has_looked) {
		tee->n_caught_up++;
		rc = tee_catch_up(st, tee);
		if (rc)
			return rc;
	}
	tee->n_caught_up = 0;
	rc = tee_look(st, tee, in);
	if (rc == LEAT_OK)
		return tee_give(st, tee, in);
	/* who waits has asked for the credit of all that are behind */
	return has_looked ? rc : LEAT_MORE;
}

static int
tee_flush(struct leat_stage *st)
{
	struct tee *tee = leat_stage_state(st);
	int rc = tee_catch_up(st, tee);

	if (rc)
		return rc;
	return tee_is_behind(st, tee) ? LEAT_EAGAIN : LEAT_OK;
}

static void
tee_fini(struct leat_stage *st)
{
	struct tee *tee = leat_stage_state(st);

	for (uint32_t k = 0; tee->branches && k < leat_stage_n_outs(st); k++) {
		leat__fan_backlog_fini(st, &tee->branches[k].backlog);
		leat__fan_spill_fini(&tee->branches[k].spill);
	}
	leat_stage_free(st, tee->branches);
	tee->branches = NULL;
}

static uint32_t
tee_promises(struct leat_stage *st, uint32_t out)
{
	static const uint32_t by_slow[TEE_SLOW_N] = {
		[TEE_SHED] = LEAT_PROMISE_SHEDS | LEAT_PROMISE_LETS_GO,
		[TEE_SHED_OLDEST] = LEAT_PROMISE_SHEDS | LEAT_PROMISE_LETS_GO,
		[TEE_SHED_PRIORITY] = LEAT_PROMISE_SHEDS | LEAT_PROMISE_LETS_GO,
		[TEE_SPILL] = LEAT_PROMISE_SPILLS,
		[TEE_DETACH] = LEAT_PROMISE_SHEDS | LEAT_PROMISE_LETS_GO};
	const struct tee *tee = leat_stage_state(st);

	return by_slow[tee->branches[out].slow] |
		(st->n_outs > 1 ? LEAT_PROMISE_SHARES : 0);
}

static const struct leat_option tee_options[] = {
	{.name = "slow",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_tee_opts, slow),
		.help = "what slow branches do: block, shed, shed-oldest, "
			"shed-priority, spill, detach"},
	{.name = "hold",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_tee_opts, hold),
		.min = 1,
		.max = TEE_HOLD_MAX,
		.fallback = "16",
		.unit = "frames",
		.help = "kept for a branch that sheds the oldest or by "
			"priority"},
	{.name = "spill_bytes",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct leat_tee_opts, spill_bytes),
		.min = 65536,
		.max = 1ll << 46,
		.fallback = "1G",
		.unit = "bytes",
		.help = "most on the disk for a branch that spills"},
	{.name = "spill_dir",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_tee_opts, spill_dir),
		.fallback = TEE_SPILL_DIR,
		.help = "folder for it"},
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
		"    block          all wait for it\n"
		"    shed           it misses what comes while it is full\n"
		"    shed-oldest    it misses the oldest of what it has not "
		"had\n"
		"    shed-priority  it misses what is worth least; see "
		"`priority`\n"
		"    spill          what it has not had waits on the disk; "
		"when that\n"
		"                   has its spill_bytes, all wait for it\n"
		"    detach         its stream ends there\n"
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
	.open = tee_open,
	.process = tee_process,
	.flush = tee_flush,
	.fini = tee_fini,
	.promises = tee_promises,
};
