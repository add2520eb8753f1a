/*
 * guard/shed.c -- less is let through, in three levels, while it is too much.
 *
 * At the end of each window the 99th percentile of the calls' time, the queue
 * before the stage and the memory in use are held against three thresholds
 * each. A level is entered as soon as one of its thresholds is reached, and is
 * left for the one below when for `dwell` all were `back` percent below.
 * Level 1 sheds `share` percent of the records worth least: each frame adds
 * n * share to what is owed, and goes if more than half of it is. Level 2 sheds
 * everything at an optional stage, and as level 1 elsewhere. Level 3 passes
 * only critical frames.
 * One call in 16 is timed, in 128 once the window has its samples, and whatever
 * follows a slow one.
 * Keeps: what was shed at level 1 differs from its share by at most half a
 * frame. Threads: replicas at once.
 * Source: Zhou et al., Overload Control for WeChat, SoCC 2018.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "env/env.h"
#include "graph/value.h"
#include <leat/guard.h>

#define SHED_SHARE     30u
#define SHED_BACK      20u
#define SHED_WINDOW_NS 100000000
#define SHED_DWELL_NS  1000000000
#define SHED_QUEUE     "70,85,95"
#define SHED_MEMORY    "80,90,97"
#define SHED_LEVELS    3u
#define SHED_SAMPLES   128u /* of a window */
#define SHED_EACH      16u  /* of so many calls one is timed */
#define SHED_SELDOM    128u /* of so many, once the window has its samples */
#define SHED_SLOW_NS   2000 /* and each behind one that took so long */

enum shed_sign { SHED_P99 = 0, SHED_QUEUED, SHED_MEMORY_USED, SHED_SIGNS };

/* Goes on when the hook is exchanged. */
struct shed {
	uint32_t level;  /* atomic, stored under the lock */
	uint32_t n_left; /* atomic: calls before the next that is timed */
	struct leat__lock lock; /* guards all below */
	int64_t began_ns;       /* this window; 0 = none yet */
	int64_t calm_ns;        /* all has been below since; 0 = it is not */
	int64_t owed;           /* percent of records */
	uint32_t n_samples;     /* offered in this window */
	int64_t samples_ns[SHED_SAMPLES];
};

struct shed_hook {
	struct shed *kept;
	double limits[SHED_SIGNS][SHED_LEVELS]; /* 0 = is not looked at */
};

static struct shed_hook *
shed_of(struct leat_hook *hook)
{
	return leat_hook_state(hook);
}

/* ---- thresholds --------------------------------------------------------- */

/* One value of a list, without the spaces around it; *at goes behind it. */
static struct leat__piece
list_next(const char **at)
{
	const char *begin = *at + strspn(*at, " ");
	size_t n = strcspn(begin, ",");

	*at = begin + n + (begin[n] == ',');
	while (n && begin[n - 1] == ' ')
		n--;
	return (struct leat__piece){begin, n};
}

static double
list_number(uint32_t type, const union leat__value *value)
{
	return type == LEAT_OPTION_UINT ? (double)value->uint / 100
					: (double)value->sint;
}

/* Up to three values, each greater than the one before. */
static bool
list_read(const char *list, uint32_t type, double limits[SHED_LEVELS])
{
	struct leat_option option = {.name = "limit",
		.type = type,
		.min = 1,
		.max = type == LEAT_OPTION_UINT ? 100 : INT64_MAX / 4};
	double before = 0;

	if (!strcmp(list, "off"))
		return true;
	for (uint32_t k = 0; *list; k++) {
		struct leat__piece piece = list_next(&list);
		union leat__value value;

		/* "70%" is what people write */
		if (type == LEAT_OPTION_UINT && piece.n_bytes > 1 &&
			piece.text[piece.n_bytes - 1] == '%')
			piece.n_bytes--;

		if (k == SHED_LEVELS ||
			leat__value_read(&option, piece, &value) !=
				LEAT__READ_OK)
			return false;
		limits[k] = list_number(type, &value);
		if (limits[k] <= before)
			return false;
		before = limits[k];
	}
	return true;
}

static int
shed_read(struct leat_hook *hook, const char *name, const char *list,
	uint32_t type, enum shed_sign sign)
{
	if (list_read(list, type, shed_of(hook)->limits[sign]))
		return LEAT_OK;
	return leat_hook_fail(hook, LEAT_EINVAL,
		"@shed: %s=\"%s\" is no list of thresholds; accepted: %s for "
		"level 1, then 2, then 3, each greater than the one before, "
		"like \"%s\"; or off",
		name, list,
		type == LEAT_OPTION_UINT ? "a percentage" : "a duration",
		type == LEAT_OPTION_UINT ? SHED_QUEUE : "20ms,50ms,200ms");
}

static int
shed_init(struct leat_hook *hook, const void *opts)
{
	const struct leat_shed_opts *o = opts;

	LEAT_TRY(
		shed_read(hook, "p99", o->p99, LEAT_OPTION_DURATION, SHED_P99));
	LEAT_TRY(shed_read(
		hook, "queue", o->queue, LEAT_OPTION_UINT, SHED_QUEUED));
	LEAT_TRY(shed_read(
		hook, "memory", o->memory, LEAT_OPTION_UINT, SHED_MEMORY_USED));
	return leat_hook_keep(
		hook, NULL, sizeof(struct shed), (void **)&shed_of(hook)->kept);
}

/* ---- a window ----------------------------------------------------------- */

static int
sample_compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
window_p99(struct shed *s)
{
	uint32_t n = s->n_samples < SHED_SAMPLES ? s->n_samples : SHED_SAMPLES;

	if (n == 0)
		return 0;
	qsort(s->samples_ns, n, sizeof(s->samples_ns[0]), sample_compare);
	return (double)s->samples_ns[(n * 99 + 99) / 100 - 1];
}

/* Does any sign reach what it has for a level, less some part of it? */
static bool
level_is_reached(const struct shed_hook *h, const double signs[SHED_SIGNS],
	uint32_t level, double part)
{
	for (uint32_t k = 0; k < SHED_SIGNS; k++) {
		double limit = h->limits[k][level - 1];

		if (limit > 0 && signs[k] >= limit * part)
			return true;
	}
	return false;
}

static uint32_t
level_wanted(const struct shed_hook *h, const double signs[SHED_SIGNS])
{
	uint32_t level = SHED_LEVELS;

	while (level && !level_is_reached(h, signs, level, 1))
		level--;
	return level;
}

/* Up at once; down by one, after a while. */
static uint32_t
level_next(const struct shed_hook *h, const struct leat_shed_opts *o,
	const double signs[SHED_SIGNS], int64_t now_ns)
{
	struct shed *s = h->kept;
	uint32_t level = s->level, wanted = level_wanted(h, signs);
	double part = 1 - (double)(o->back ? o->back : SHED_BACK) / 100;
	int64_t dwell_ns = o->dwell_ns ? o->dwell_ns : SHED_DWELL_NS;

	if (wanted > level ||
		level_is_reached(h, signs, level ? level : 1, part))
		s->calm_ns = 0;
	else if (!s->calm_ns)
		s->calm_ns = now_ns;
	if (wanted > level)
		return wanted;
	if (!level || !s->calm_ns || now_ns - s->calm_ns < dwell_ns)
		return level;
	s->calm_ns = now_ns;
	return level - 1;
}

/* The window is over: true, the level has changed. */
static bool
window_close_locked(struct leat_hook *hook, const struct leat_call *call,
	int64_t now_ns, double signs[SHED_SIGNS], uint32_t *before_out)
{
	struct shed *s = shed_of(hook)->kept;
	struct leat_call_load load;

	leat_call_look(call, &load);
	signs[SHED_P99] = window_p99(s);
	signs[SHED_QUEUED] = load.queue;
	signs[SHED_MEMORY_USED] = load.memory;
	s->began_ns = now_ns;
	s->n_samples = 0;
	*before_out = s->level;
	leat__store_relaxed(&s->level,
		level_next(shed_of(hook), leat_hook_opts(hook), signs, now_ns));
	return s->level != *before_out;
}

static void
shed_tell(struct leat_hook *hook, uint32_t before, uint32_t after,
	const double signs[SHED_SIGNS])
{
	char was[4], is[4];

	snprintf(was, sizeof(was), "%u", before % 10);
	snprintf(is, sizeof(is), "%u", after % 10);
	leat_hook_tell(hook, "level", was, is,
		"p99 of calls %.3g ms, queue %.0f %% full, memory %.0f %% in "
		"use",
		signs[SHED_P99] / 1e6, signs[SHED_QUEUED] * 100,
		signs[SHED_MEMORY_USED] * 100);
}

static void
shed_sample_locked(struct shed *s, int64_t took_ns)
{
	bool is_full = s->n_samples >= SHED_SAMPLES;
	uint32_t each = is_full ? SHED_SELDOM : SHED_EACH;

	s->samples_ns[s->n_samples++ % SHED_SAMPLES] = took_ns;
	/* looking at the clock is nothing to a slow call */
	leat__store_relaxed(
		&s->n_left, took_ns >= SHED_SLOW_NS ? 0u : each - 1);
}

/* It is `now`; a call took so long, or was none (took_ns < 0). */
static void
shed_watch(struct leat_hook *hook, const struct leat_call *call, int64_t now_ns,
	int64_t took_ns)
{
	const struct leat_shed_opts *o = leat_hook_opts(hook);
	const struct leat__env *env = leat__env_posix();
	int64_t window_ns = o->window_ns ? o->window_ns : SHED_WINDOW_NS;
	struct shed *s = shed_of(hook)->kept;
	double signs[SHED_SIGNS];
	uint32_t before = 0, after = 0;

	leat__lock_take(&s->lock, env);
	if (!s->began_ns)
		s->began_ns = now_ns;
	if (took_ns >= 0)
		shed_sample_locked(s, took_ns);
	if (now_ns - s->began_ns >= window_ns &&
		window_close_locked(hook, call, now_ns, signs, &before))
		after = s->level;
	else
		before = 0;
	leat__lock_drop(&s->lock, env);
	if (before != after)
		shed_tell(hook, before, after, signs);
}

/* ---- a call ------------------------------------------------------------- */

/* Is this frame part of the share? */
static bool
shed_owes(struct shed *s, const struct leat_call *call, uint64_t share)
{
	const struct leat__env *env = leat__env_posix();
	int64_t n = (int64_t)call->n_items;
	bool is_owed;

	leat__lock_take(&s->lock, env);
	s->owed += n * (int64_t)(share ? share : SHED_SHARE);
	is_owed = n && s->owed * 2 >= n * 100;
	if (is_owed)
		s->owed -= n * 100;
	leat__lock_drop(&s->lock, env);
	return is_owed;
}

static bool
shed_takes(struct leat_hook *hook, const struct leat_call *call, uint32_t level)
{
	const struct leat_shed_opts *o = leat_hook_opts(hook);
	uint32_t priority = leat_frame_priority(call->frame);
	uint64_t critical = o->critical ? o->critical : LEAT_FRAME_PRIORITY_MAX;

	if (level == 3)
		return priority < critical;
	if (level == 2 && o->optional)
		return true;
	return priority <= o->low &&
		shed_owes(shed_of(hook)->kept, call, o->share);
}

/* One of some is timed. */
static void
shed_time(struct leat_hook *hook, struct shed *s, const struct leat_call *call)
{
	uint32_t n_left = leat__load_relaxed(&s->n_left);

	/* replicas may lose a count: then some other call is timed */
	leat__store_relaxed(&s->n_left, n_left ? n_left - 1 : SHED_EACH - 1);
	if (leat__likely(n_left != 0))
		return;
	leat_call_set_mark(call, leat_hook_now_ns(hook));
}

/* There was a level just now: is there one still, and what of this frame? */
static __attribute__((noinline)) bool
shed_refuses(struct leat_hook *hook, const struct leat_call *call)
{
	uint32_t level;

	/* if nothing is let through, nobody else looks */
	shed_watch(hook, call, leat_hook_now_ns(hook), -1);
	level = leat__load_relaxed(&shed_of(hook)->kept->level);
	return level && call->frame && !call->is_more &&
		shed_takes(hook, call, level);
}

static int
shed_before(struct leat_hook *hook, const struct leat_call *call)
{
	struct shed *s = shed_of(hook)->kept;

	if (leat__unlikely(leat__load_relaxed(&s->level) != 0) &&
		shed_refuses(hook, call))
		return LEAT_SHED;
	shed_time(hook, s, call);
	return LEAT_OK;
}

/* A call that was timed has ended. Apart: seldom. */
static __attribute__((noinline)) void
shed_timed(
	struct leat_hook *hook, const struct leat_call *call, int64_t began_ns)
{
	int64_t now_ns = leat_hook_now_ns(hook);

	shed_watch(hook, call, now_ns, now_ns - began_ns);
}

static void
shed_after(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	int64_t began_ns = leat_call_mark(call);

	(void)rc;
	if (leat__unlikely(began_ns != 0))
		shed_timed(hook, call, began_ns);
}

/* ---- options ------------------------------------------------------------ */

static uint64_t
shed_level(struct leat_hook *hook)
{
	return leat__load_relaxed(&shed_of(hook)->kept->level);
}

static const struct leat_option shed_options[] = {
	{.name = "p99",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_shed_opts, p99),
		.help = "of the calls' time: thresholds of levels 1, 2, 3, "
			"like \"20ms,50ms,200ms\""},
	{.name = "queue",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_shed_opts, queue),
		.fallback = SHED_QUEUE,
		.help = "percent of the queue before the stage: thresholds"},
	{.name = "memory",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_shed_opts, memory),
		.fallback = SHED_MEMORY,
		.help = "percent of the graph's frames in use: thresholds"},
	{.name = "share",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_shed_opts, share),
		.min = 1,
		.max = 100,
		.fallback = "30",
		.unit = "percent",
		.help = "level 1 sheds so much of what is worth least"},
	{.name = "low",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_shed_opts, low),
		.min = 0,
		.max = LEAT_FRAME_PRIORITY_MAX,
		.help = "frames of a priority up to this are worth least"},
	{.name = "critical",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_shed_opts, critical),
		.min = 1,
		.max = LEAT_FRAME_PRIORITY_MAX,
		.fallback = "7",
		.help = "level 3 passes frames of a priority from this on"},
	{.name = "optional",
		.type = LEAT_OPTION_BOOL,
		.offset = offsetof(struct leat_shed_opts, optional),
		.fallback = "off",
		.help = "the stage can be done without: level 2 passes "
			"nothing"},
	{.name = "back",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_shed_opts, back),
		.min = 1,
		.max = 99,
		.fallback = "20",
		.unit = "percent",
		.help = "a level is left so far below its thresholds"},
	{.name = "window",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_shed_opts, window_ns),
		.min = 1000,
		.max = INT64_MAX / 4,
		.fallback = "100ms",
		.unit = "ns",
		.help = "between two looks"},
	{.name = "dwell",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_shed_opts, dwell_ns),
		.min = 1,
		.max = INT64_MAX / 4,
		.fallback = "1s",
		.unit = "ns",
		.help = "a level is left when it was calm for so long"},
	{.name = NULL},
};

const struct leat_hook_ops leat_shed_ops = {
	LEAT_HOOK_OPS_INIT("shed"),
	.flags = LEAT_HOOK_SHEDS,
	.summary = "let less through while it is too much",
	.help = "What is worth less goes first; the stage priority, or its "
		"like, says what a\n"
		"frame is worth, from 0 to 7, and 0 is what is not said.\n"
		"\n"
		"  level 1  sheds share=30 percent of what is worth least\n"
		"  level 2  at an optional stage everything; elsewhere as "
		"level 1\n"
		"  level 3  everything but what is critical\n"
		"\n"
		"A level begins when one of its thresholds is reached, and "
		"ends when for dwell=1s\n"
		"all that is measured was back=20 percent below them. Each "
		"change is told with\n"
		"its numbers. Where the source can wait, any queue before what "
		"is slower is full:\n"
		"queue=off is for that.\n"
		"\n"
		"    @shed(p99=\"20ms,50ms,200ms\", low=2) STAGE ...\n",
	.state_bytes = sizeof(struct shed_hook),
	.opts_bytes = sizeof(struct leat_shed_opts),
	.options = shed_options,
	.init = shed_init,
	.before = shed_before,
	.after = shed_after,
	.level = shed_level,
};
