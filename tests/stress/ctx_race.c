/*
 * stress/ctx_race.c -- one tree, many threads that grow, end and fell it.
 *
 * In each round threads create contexts below shared ones, some with deadlines
 * that pass at once or are moved, hand them to each other to be destroyed, hang
 * callbacks and waits on them and take them back, and write the tree, while all
 * of them cancel the shared ones. A callback runs once or was taken back; a
 * context below an ended one has ended, for a cause that somebody gave; what
 * lives while the tree is written is met once; and at the end of the round no
 * memory is left. Then the same for the timers below it, alone.
 */
#include "ctx/ctx.h"

#include "support/fail.h"
#include "support/stress.h"
#include "support/test.h"

#define N_THREADS 4u
#define N_SHARED  3u
#define N_BOXES   4u
#define N_OWN     8u
#define N_STEPS   300u
#define OUT_BYTES 65536u

static struct fail_env world;
static const struct leat__env *env = &world.env;
static struct leat_ctx *root;
static struct leat_ctx *shared[N_SHARED];
static struct leat_ctx *boxes[N_BOXES]; /* to be destroyed; atomic */

/* A context of one's own, and a callback on it or on a shared one. */
struct own {
	struct leat_ctx *ctx;
	struct leat_ctx *watched;
	struct leat__ctx_wait wait;
	uint32_t n_calls; /* atomic */
};

struct hand {
	struct leat__thread thread;
	uint64_t random;
	struct own own[N_OWN];
	size_t n_out;
	char out[OUT_BYTES]; /* a dump */
};

static void
count_call(struct leat_ctx *ctx, void *user)
{
	struct own *own = user;

	must(leat_ctx_is_done(ctx));
	leat__add_relaxed(&own->n_calls, 1);
}

static void
check_cause(const struct leat_ctx *ctx)
{
	struct leat_error cause;
	int code = leat_ctx_cause(ctx, &cause);

	must(code == cause.code);
	must(code == LEAT_ECANCELED || code == LEAT_ETIMEDOUT ||
		code == LEAT_EDATA);
	must(cause.text[0] != '\0');
}

static void
plant(struct hand *hand, struct own *own)
{
	struct own *other = &hand->own[stress_below(&hand->random, N_OWN)];
	struct leat_ctx *parent = other->ctx;
	int64_t deadline_ns = LEAT_NEVER;

	if (!parent || stress_below(&hand->random, 2))
		parent = shared[stress_below(&hand->random, N_SHARED)];
	if (stress_below(&hand->random, 4) == 0)
		deadline_ns =
			leat_now_ns() + stress_below(&hand->random, 100000);
	must(leat_ctx_child(parent, deadline_ns, &own->ctx, NULL) == LEAT_OK);
	if (leat_ctx_is_done(parent))
		must(leat_ctx_is_done(own->ctx) ||
			leat_ctx_wait(own->ctx, LEAT_NEVER) == LEAT_OK);
}

static void
describe(const struct leat__ctx_wait *wait, struct leat__text *text)
{
	const struct own *own = wait->after.user;

	leat__text_add(text, "somebody of %u",
		leat__load_relaxed(&own->n_calls) + (uint32_t)N_OWN);
}

static void
watch(struct hand *hand, struct own *own)
{
	own->watched = stress_below(&hand->random, 2)
		? own->ctx
		: shared[stress_below(&hand->random, N_SHARED)];
	leat__store_relaxed(&own->n_calls, 0);
	own->wait = (struct leat__ctx_wait){
		.after = {.fn = count_call, .user = own}, .describe = describe};
	if (stress_below(&hand->random, 2))
		leat__ctx_wait_begin(own->watched, &own->wait);
	else
		leat_ctx_after(own->watched, &own->wait.after);
}

static void
unwatch(struct own *own)
{
	bool is_stopped;

	if (!own->watched)
		return;
	is_stopped = leat__ctx_wait_end(own->watched, &own->wait);
	must(leat__load_relaxed(&own->n_calls) == (is_stopped ? 0 : 1));
	own->watched = NULL;
}

/* Destroy it, or let another thread do so and take what it left. */
static void
fell(struct hand *hand, struct own *own)
{
	uint32_t k = stress_below(&hand->random, 2 * N_BOXES);
	struct leat_ctx *ctx = own->ctx;

	unwatch(own);
	own->ctx = NULL;
	if (k < N_BOXES)
		ctx = leat__swap_acq_rel(&boxes[k], ctx);
	if (ctx && leat_ctx_is_done(ctx))
		check_cause(ctx);
	leat_ctx_destroy(ctx);
}

static void
cancel_some(struct hand *hand, struct own *own)
{
	uint32_t k = stress_below(&hand->random, 100);

	if (k == 0)
		leat_ctx_cancel(shared[stress_below(&hand->random, N_SHARED)],
			LEAT_EDATA, "shared");
	else if (k < 50)
		leat_ctx_cancel(own->ctx, LEAT_EDATA, "own");
	else if (k < 60)
		leat_ctx_cancel(own->ctx, LEAT_ECANCELED, NULL);
	else if (leat_ctx_wait(own->ctx, leat_now_ns() + 1000) == LEAT_OK)
		check_cause(own->ctx);
}

static void
move_deadline(struct hand *hand, struct own *own)
{
	int64_t deadline_ns = LEAT_NEVER;
	int rc;

	if (stress_below(&hand->random, 3))
		deadline_ns =
			leat_now_ns() + stress_below(&hand->random, 200000);
	rc = leat_ctx_set_deadline(own->ctx, deadline_ns);
	must(rc == LEAT_OK || rc == LEAT_ESTATE);
	if (rc == LEAT_ESTATE) /* at the latest when its timer has run */
		must(leat_ctx_wait(own->ctx, LEAT_NEVER) == LEAT_OK);
}

/* ---- writing the tree ----------------------------------------------------- */

static void
collect(void *user, const char *text, size_t n_bytes)
{
	struct hand *hand = user;

	must(hand->n_out + n_bytes < OUT_BYTES);
	memcpy(hand->out + hand->n_out, text, n_bytes);
	hand->n_out += n_bytes;
	hand->out[hand->n_out] = '\0';
}

static void
write_tree(struct hand *hand)
{
	uint32_t flags = stress_below(&hand->random, 2) ? LEAT_DUMP_JSON : 0;

	hand->n_out = 0;
	must(leat_ctx_dump(root, flags, 0, collect, hand) == LEAT_OK);
	for (uint32_t k = 0; k < N_SHARED; k++) {
		char name[] = "\"shared 0\"";
		const char *at;

		name[8] = (char)('0' + k);
		at = strstr(hand->out, name);
		must(at && !strstr(at + 1, name));
	}
	must(leat_ctx_leaks(root, NULL) == LEAT_ESTATE);
}

/* ---- rounds --------------------------------------------------------------- */

static void
step(struct hand *hand)
{
	struct own *own = &hand->own[stress_below(&hand->random, N_OWN)];

	if (!own->ctx) {
		plant(hand, own);
		return;
	}
	switch (stress_below(&hand->random, 5)) {
	case 0:
		cancel_some(hand, own);
		break;
	case 1:
		unwatch(own);
		watch(hand, own);
		break;
	case 2:
		move_deadline(hand, own);
		break;
	case 3:
		if (stress_below(&hand->random, 4) == 0)
			write_tree(hand);
		break;
	default:
		fell(hand, own);
		break;
	}
}

static void
hand_main(void *arg)
{
	struct hand *hand = arg;

	for (uint32_t k = 0; k < N_STEPS; k++)
		step(hand);
	for (uint32_t k = 0; k < N_OWN; k++)
		fell(hand, &hand->own[k]);
}

static void
make_tree(void)
{
	fail_env_init(&world);
	must(leat__ctx_create(env, &root, NULL) == LEAT_OK);
	for (uint32_t k = 0; k < N_SHARED; k++) {
		char name[] = "shared 0";

		must(leat_ctx_child(k ? shared[k - 1] : root, LEAT_NEVER,
			     &shared[k], NULL) == LEAT_OK);
		name[7] = (char)('0' + k);
		must(leat_ctx_set_name(shared[k], name) == LEAT_OK);
	}
}

static void
fell_tree(void)
{
	struct leat_error left;

	for (uint32_t k = 0; k < N_BOXES; k++) {
		leat_ctx_destroy(boxes[k]);
		boxes[k] = NULL;
	}
	must(leat_ctx_leaks(root, &left) == LEAT_ESTATE);
	must(strstr(left.text, ": 3 contexts created at ctx_race.c:"));
	must(!strchr(left.text, ';')); /* nothing else */
	leat_ctx_destroy(root);
	for (uint32_t k = 0; k < N_SHARED; k++) {
		must(leat_ctx_is_done(shared[k]));
		leat_ctx_destroy(shared[k]);
	}
	must(world.alloc_live == 0);
}

static void
play_round(struct hand *hands, uint64_t seed)
{
	make_tree();
	for (uint32_t k = 0; k < N_THREADS; k++) {
		hands[k] = (struct hand){
			.thread = {.fn = hand_main}, .random = seed + k};
		hands[k].thread.arg = &hands[k];
		must(env->thread_start(env, &hands[k].thread) == 0);
	}
	for (uint32_t k = 0; k < N_THREADS; k++)
		env->thread_join(env, &hands[k].thread);
	fell_tree();
}

START_TEST(every_end_reaches_all_below_and_calls_back_once)
{
	static struct hand hands[N_THREADS];
	uint64_t seed = stress_seed("ctx_race");
	uint32_t n_rounds = stress_rounds(200);

	for (uint32_t k = 0; k < n_rounds; k++)
		play_round(hands, seed + k * N_THREADS);
}
END_TEST

/* ---- deadlines ------------------------------------------------------------ */

/* It is moved at about the time it passes: either it was, or it has ended. */
static void
play_deadline(uint64_t *random)
{
	int64_t deadline_ns = leat_now_ns() + 20000;
	int64_t moved_ns = deadline_ns - 10000 + stress_below(random, 20000);
	struct leat_ctx *ctx;
	int rc;

	must(leat_ctx_child(root, deadline_ns, &ctx, NULL) == LEAT_OK);
	while (leat_now_ns() < moved_ns)
		;
	rc = leat_ctx_set_deadline(ctx, LEAT_NEVER);
	if (rc == LEAT_ESTATE)
		must(leat_ctx_wait(ctx, LEAT_NEVER) == LEAT_OK);
	else
		must(leat_ctx_wait(ctx, moved_ns + 10000) == LEAT_ETIMEDOUT);
	leat_ctx_destroy(ctx);
}

START_TEST(a_deadline_that_was_moved_in_time_does_not_pass)
{
	uint64_t random = stress_seed("ctx_race");
	uint32_t n_rounds = stress_rounds(5000);

	fail_env_init(&world);
	must(leat__ctx_create(env, &root, NULL) == LEAT_OK);
	for (uint32_t k = 0; k < n_rounds; k++)
		play_deadline(&random);
	leat_ctx_destroy(root);
	must(world.alloc_live == 0);
}
END_TEST

/* ---- timers --------------------------------------------------------------- */

#define N_TIMERS 64u

/* How often it was started, and how each of these ended. */
struct slot {
	struct leat__timer timer;
	uint32_t n_started;
	uint32_t n_stopped;
	uint32_t n_fired; /* atomic */
};

struct winder {
	struct leat__thread thread;
	uint64_t random;
	struct slot slots[N_TIMERS];
};

static struct leat__timers *timers;

static void
fire(struct leat__timer *timer)
{
	struct slot *slot = leat__container_of(timer, struct slot, timer);

	must(leat_now_ns() >= timer->deadline_ns);
	leat__add_relaxed(&slot->n_fired, 1);
}

/* Late, soon, or so far that it will be stopped. */
static int64_t
draw_deadline_ns(struct winder *winder)
{
	uint32_t n = stress_below(&winder->random, 30);

	return leat_now_ns() - 1000 +
		stress_below(&winder->random, (1u << n) + 1) *
		(n > 20 ? 1000000ll : 1ll);
}

static void
wind(struct winder *winder, struct slot *slot)
{
	/* not armed, or it counts as stopped */
	slot->n_stopped += leat__timer_stop(timers, &slot->timer);
	must(slot->n_started ==
		slot->n_stopped + leat__load_relaxed(&slot->n_fired));
	slot->timer.deadline_ns = draw_deadline_ns(winder);
	slot->timer.fn = fire;
	must(leat__timer_start(timers, &slot->timer) == 0);
	slot->n_started++;
}

static void
winder_main(void *arg)
{
	struct winder *winder = arg;

	for (uint32_t k = 0; k < 20 * N_STEPS; k++) {
		struct slot *slot =
			&winder->slots[stress_below(&winder->random, N_TIMERS)];

		if (stress_below(&winder->random, 3))
			wind(winder, slot);
		else
			(void)leat__timer_reset(
				timers, &slot->timer, draw_deadline_ns(winder));
	}
	for (uint32_t k = 0; k < N_TIMERS; k++) {
		struct slot *slot = &winder->slots[k];

		slot->n_stopped += leat__timer_stop(timers, &slot->timer);
		must(slot->n_started ==
			slot->n_stopped + leat__load_relaxed(&slot->n_fired));
	}
}

static void
play_timers(struct winder *winders, uint64_t seed)
{
	fail_env_init(&world);
	must(leat__timers_create(env, &timers) == 0);
	for (uint32_t k = 0; k < N_THREADS; k++) {
		winders[k] = (struct winder){
			.thread = {.fn = winder_main}, .random = seed + k};
		winders[k].thread.arg = &winders[k];
		must(env->thread_start(env, &winders[k].thread) == 0);
	}
	for (uint32_t k = 0; k < N_THREADS; k++)
		env->thread_join(env, &winders[k].thread);
	must(leat__timers_count(timers) == 0);
	leat__timers_destroy(timers);
	must(world.alloc_live == 0);
}

START_TEST(each_timer_fires_or_is_stopped_once)
{
	static struct winder winders[N_THREADS];
	uint64_t seed = stress_seed("ctx_race");
	uint32_t n_rounds = stress_rounds(20);

	for (uint32_t k = 0; k < n_rounds; k++)
		play_timers(winders, seed + k * N_THREADS);
}
END_TEST

TEST_MAIN("stress/ctx_race", every_end_reaches_all_below_and_calls_back_once,
	a_deadline_that_was_moved_in_time_does_not_pass,
	each_timer_fires_or_is_stopped_once)
