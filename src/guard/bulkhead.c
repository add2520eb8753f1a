/*
 * guard/bulkhead.c -- so many calls at once, and not more.
 *
 * A call enters if fewer than `n` are inside and nobody waits; it waits in the
 * order of coming if fewer than `waiting` do, for `wait` at most. Who leaves
 * hands the place over to the first that waits. Calls that cannot be refused
 * (what ends a stage, or goes on with a frame) wait for as long as it takes, or
 * enter where nobody waits at all. Where there is never more than one call, of
 * one instance that counts for itself, nobody is asked.
 * Keeps: every call that entered leaves once; a place is never held while its
 * stage waits for credit, so those inside always come out.
 * Threads: replicas and stages at once; a lock once somebody waits.
 * Source: Nygard, Release It!, 2nd edition, 2018, bulkheads.
 */
#include "base/atomic.h"
#include "base/base.h"
#include "env/env.h"
#include <leat/guard.h>

#define BULKHEAD_WAITING 16u
#define BULKHEAD_CROWDED (1u << 31) /* of inside: somebody waits */

enum bulkhead_full { BULKHEAD_WAIT = 0, BULKHEAD_FAIL, BULKHEAD_SHED };

/* On the stack of who waits. */
struct place {
	struct place *next;
	uint64_t n;                   /* of its hook */
	uint32_t is_mine;             /* atomic: it has entered */
	const struct leat_hook *hook; /* that it waits in */
};

/* Of all hooks that count together. */
struct bulkhead {
	uint32_t inside; /* atomic: calls, and BULKHEAD_CROWDED; that bit and
			    what is below change under the lock */
	struct leat__lock lock;
	uint32_t n_waiting;
	struct place *first, *last;
};

struct bulkhead_hook {
	struct bulkhead *kept;
	uint64_t n;
	bool is_own; /* no other hook counts with it */
};

static struct bulkhead *
bulkhead_of(struct leat_hook *hook)
{
	const struct bulkhead_hook *h = leat_hook_state(hook);

	return h->kept;
}

static int
bulkhead_init(struct leat_hook *hook, const void *opts)
{
	const struct leat_bulkhead_opts *o = opts;
	struct bulkhead_hook *h = leat_hook_state(hook);

	h->n = o->n;
	h->is_own = !o->name[0];
	if (o->full == BULKHEAD_WAIT)
		*leat_hook_flags(hook) |= LEAT_HOOK_WAITS;
	if (o->full == BULKHEAD_SHED || o->late)
		*leat_hook_flags(hook) |= LEAT_HOOK_SHEDS;
	return leat_hook_keep(
		hook, o->name, sizeof(struct bulkhead), (void **)&h->kept);
}

/* ---- in and out --------------------------------------------------------- */

/* Is this the only call of all that count together? There is room for one, and
 * who looks on finds the word right. */
static bool
bulkhead_is_alone(const struct bulkhead_hook *h, const struct leat_call *call)
{
	return (call->flags & LEAT_CALL_ALONE) && h->is_own;
}

static bool
bulkhead_enter(struct bulkhead *s, uint64_t n)
{
	uint32_t inside = leat__load_relaxed(&s->inside);

	do {
		if (inside >= n) /* crowded is more than any n */
			return false;
		/* pairs with the same in bulkhead_leave: what was done inside
		 * comes before */
	} while (!leat__cas_weak_acq_rel(&s->inside, &inside, inside + 1));
	return true;
}

static bool
bulkhead_leave(struct bulkhead *s)
{
	uint32_t inside = leat__load_relaxed(&s->inside);

	do {
		if (inside & BULKHEAD_CROWDED)
			return false;
	} while (!leat__cas_weak_acq_rel(&s->inside, &inside, inside - 1));
	return true;
}

/* Nobody can enter but by the lock from now on. false: it has. */
static bool
bulkhead_crowd_locked(struct bulkhead *s, uint64_t n)
{
	uint32_t inside = leat__load_relaxed(&s->inside);

	while (!(inside & BULKHEAD_CROWDED)) {
		bool is_in = inside < n;

		/* pairs with the same in bulkhead_leave */
		if (leat__cas_acq_rel(&s->inside, &inside,
			    is_in ? inside + 1 : inside | BULKHEAD_CROWDED))
			return !is_in;
	}
	return true;
}

static void
queue_put(struct bulkhead *s, struct place *place)
{
	*(s->first ? &s->last->next : &s->first) = place;
	s->last = place;
	s->n_waiting++;
}

static void
queue_remove(struct bulkhead *s, const struct place *place)
{
	struct place *before = NULL, *at = s->first;

	while (at != place) {
		before = at;
		at = at->next;
	}
	*(before ? &before->next : &s->first) = at->next;
	if (s->last == at)
		s->last = before;
	s->n_waiting--;
}

/* Those that are first enter, as long as there is room. */
static void
bulkhead_admit_locked(
	struct bulkhead *s, const struct leat_call *call, uint32_t inside)
{
	while (s->first && inside < s->first->n) {
		struct place *place = s->first;
		uint32_t *word = &place->is_mine;

		queue_remove(s, place);
		inside++;
		/* release: pairs with the acquire in bulkhead_wait; then it
		 * may be gone, and what follows is an address */
		leat__store_release(word, 1u);
		leat_call_wake(call, word);
	}
	/* release: pairs with the exchange in bulkhead_enter */
	leat__store_release(
		&s->inside, inside | (s->first ? BULKHEAD_CROWDED : 0));
}

/* Others wait: the place is handed over. Apart: seldom. */
static __attribute__((noinline)) void
bulkhead_hand_over(struct bulkhead *s, const struct leat_call *call)
{
	const struct leat__env *env = leat__env_posix();
	uint32_t inside;

	leat__lock_take(&s->lock, env);
	if (!bulkhead_leave(s)) {
		inside = leat__load_relaxed(&s->inside) & ~BULKHEAD_CROWDED;
		bulkhead_admit_locked(s, call, inside - 1);
	}
	leat__lock_drop(&s->lock, env);
}

static void
bulkhead_after(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	const struct bulkhead_hook *h = leat_hook_state(hook);

	(void)rc;
	if (bulkhead_is_alone(h, call))
		leat__store_relaxed(&h->kept->inside, 0u);
	else if (leat__unlikely(!bulkhead_leave(h->kept)))
		bulkhead_hand_over(h->kept, call);
}

/* ---- waiting ------------------------------------------------------------ */

static bool
call_can_be_refused(const struct leat_call *call)
{
	return call->kind != LEAT_CALL_FINISH && !call->is_more;
}

static int
bulkhead_refuse(const struct leat_call *call,
	const struct leat_bulkhead_opts *o, bool is_shed, const char *why)
{
	/* without a frame there is nothing to drop */
	if (is_shed && call->frame)
		return LEAT_SHED;
	return leat_call_fail(call, LEAT_ELIMIT,
		"@bulkhead%s%s is full: n=%llu calls are under way%s",
		o->name[0] ? " " : "", o->name, (unsigned long long)o->n, why);
}

/* It does not wait any more; or it was let in at the last moment: LEAT_OK. */
static int
bulkhead_give_up(struct bulkhead *s, const struct leat_call *call,
	struct place *place, int rc)
{
	const struct leat__env *env = leat__env_posix();

	leat__lock_take(&s->lock, env);
	if (leat__load_relaxed(&place->is_mine)) {
		rc = LEAT_OK;
	} else {
		queue_remove(s, place);
		bulkhead_admit_locked(s, call,
			leat__load_relaxed(&s->inside) & ~BULKHEAD_CROWDED);
	}
	leat__lock_drop(&s->lock, env);
	return rc;
}

static int
bulkhead_wait(struct bulkhead *s, const struct leat_call *call,
	const struct leat_bulkhead_opts *o, struct place *place)
{
	bool is_bounded = o->wait_ns && call_can_be_refused(call);
	int64_t until_ns = is_bounded
		? leat_hook_now_ns(place->hook) + o->wait_ns
		: LEAT_NEVER;

	/* acquire: pairs with the release in bulkhead_admit_locked */
	while (!leat__load_acquire(&place->is_mine)) {
		int rc =
			leat_call_wait_word(call, &place->is_mine, 0, until_ns);

		if (rc == LEAT_OK && is_bounded &&
			leat_hook_now_ns(place->hook) >= until_ns)
			rc = LEAT_SHED;
		if (rc == LEAT_OK)
			continue;
		rc = bulkhead_give_up(s, call, place, rc);
		return rc == LEAT_SHED ? bulkhead_refuse(call, o, o->late,
						 ", and it has waited too long")
				       : rc;
	}
	return LEAT_OK;
}

/* In line, if there is room. */
static bool
bulkhead_line_up(struct bulkhead *s, const struct leat_call *call,
	const struct leat_bulkhead_opts *o, struct place *place)
{
	uint64_t most = o->waiting ? o->waiting : BULKHEAD_WAITING;
	const struct leat__env *env = leat__env_posix();
	bool is_there = true;

	leat__lock_take(&s->lock, env);
	if (!bulkhead_crowd_locked(s, o->n))
		place->is_mine = 1;
	else if (s->n_waiting < most || !call_can_be_refused(call))
		queue_put(s, place);
	else
		is_there = false;
	leat__lock_drop(&s->lock, env);
	return is_there;
}

/* It enters although it is full. */
static void
bulkhead_force(struct bulkhead *s)
{
	const struct leat__env *env = leat__env_posix();

	leat__lock_take(&s->lock, env);
	leat__add_acq_rel(&s->inside, 1u);
	leat__lock_drop(&s->lock, env);
}

/* There is no room. Apart: seldom. */
static __attribute__((noinline)) int
bulkhead_full(struct leat_hook *hook, const struct leat_call *call)
{
	const struct leat_bulkhead_opts *o = leat_hook_opts(hook);
	struct bulkhead *s = bulkhead_of(hook);
	struct place place = {.n = o->n, .hook = hook};

	if (o->full == BULKHEAD_WAIT) {
		if (bulkhead_line_up(s, call, o, &place))
			return bulkhead_wait(s, call, o, &place);
		return bulkhead_refuse(call, o, o->late, ", and too many wait");
	}
	if (call_can_be_refused(call))
		return bulkhead_refuse(call, o, o->full == BULKHEAD_SHED, "");
	bulkhead_force(s);
	return LEAT_OK;
}

static int
bulkhead_before(struct leat_hook *hook, const struct leat_call *call)
{
	const struct bulkhead_hook *h = leat_hook_state(hook);

	if (bulkhead_is_alone(h, call)) {
		leat__store_relaxed(&h->kept->inside, 1u);
		return LEAT_OK;
	}
	return leat__likely(bulkhead_enter(h->kept, h->n))
		? LEAT_OK
		: bulkhead_full(hook, call);
}

static uint64_t
bulkhead_level(struct leat_hook *hook)
{
	return leat__load_relaxed(&bulkhead_of(hook)->inside) &
		~BULKHEAD_CROWDED;
}

static const struct leat_option bulkhead_options[] = {
	{.name = "n",
		.type = LEAT_OPTION_UINT,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_bulkhead_opts, n),
		.min = 1,
		.max = 1000000,
		.unit = "calls",
		.help = "so many at once"},
	{.name = "name",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_bulkhead_opts, name),
		.help = "all of the graph with this name count together"},
	{.name = "full",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_bulkhead_opts, full),
		.fallback = "wait",
		.values = "wait|fail|shed",
		.help = "what becomes of calls that find it full: they wait, "
			"fail, or the frame is dropped and counted as shed"},
	{.name = "waiting",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_bulkhead_opts, waiting),
		.min = 1,
		.max = 1000000,
		.fallback = "16",
		.unit = "calls",
		.help = "most that wait at once"},
	{.name = "wait",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_bulkhead_opts, wait_ns),
		.min = 1,
		.max = INT64_MAX / 4,
		.unit = "ns",
		.help = "the longest that one waits"},
	{.name = "late",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_bulkhead_opts, late),
		.fallback = "fail",
		.values = "fail|shed",
		.help = "what becomes of those that find no room to wait, or "
			"waited too long"},
	{.name = NULL},
};

const struct leat_hook_ops leat_bulkhead_ops = {
	LEAT_HOOK_OPS_INIT("bulkhead"),
	.summary = "make so many calls at once, and not more",
	.help = "Counted are the calls of all replicas of the stage, or of all "
		"stages of the\n"
		"graph that give the same name: so that a database or a "
		"service is not asked too\n"
		"much at once. Those that wait come in the order in which they "
		"came. Of stages\n"
		"with the same name each has its own n, held against the "
		"number of all.\n"
		"\n"
		"    parallel 8 { @bulkhead(n=2, name=db) STAGE ... }\n",
	.state_bytes = sizeof(struct bulkhead_hook),
	.opts_bytes = sizeof(struct leat_bulkhead_opts),
	.options = bulkhead_options,
	.init = bulkhead_init,
	.before = bulkhead_before,
	.after = bulkhead_after,
	.level = bulkhead_level,
};
