/*
 * stress/ctx_race.c -- one tree, many threads that grow, end and fell it.
 *
 * In each round threads create contexts below shared ones, some with deadlines
 * that pass at once, hand them to each other to be destroyed, hang callbacks on
 * them and take them back, while all of them cancel the shared ones. A callback
 * runs once or was taken back; a context below an ended one has ended, for a
 * cause that somebody gave; and at the end of the round no memory is left.
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

static struct fail_env world;
static const struct leat__env *env = &world.env;
static struct leat_ctx *root;
static struct leat_ctx *shared[N_SHARED];
static struct leat_ctx *boxes[N_BOXES]; /* to be destroyed; atomic */

/* A context of one's own, and a callback on it or on a shared one. */
struct own {
	struct leat_ctx *ctx;
	struct leat_ctx *watched;
	struct leat_ctx_after after;
	uint32_t n_calls; /* atomic */
};

struct hand {
	struct leat__thread thread;
	uint64_t random;
	struct own own[N_OWN];
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
watch(struct hand *hand, struct own *own)
{
	own->watched = stress_below(&hand->random, 2)
		? own->ctx
		: shared[stress_below(&hand->random, N_SHARED)];
	own->n_calls = 0;
	own->after = (struct leat_ctx_after){.fn = count_call, .user = own};
	leat_ctx_after(own->watched, &own->after);
}

static void
unwatch(struct own *own)
{
	bool is_stopped;

	if (!own->watched)
		return;
	is_stopped = leat_ctx_after_stop(own->watched, &own->after);
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
step(struct hand *hand)
{
	struct own *own = &hand->own[stress_below(&hand->random, N_OWN)];

	if (!own->ctx) {
		plant(hand, own);
		return;
	}
	switch (stress_below(&hand->random, 3)) {
	case 0:
		cancel_some(hand, own);
		break;
	case 1:
		unwatch(own);
		watch(hand, own);
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
	for (uint32_t k = 0; k < N_SHARED; k++)
		must(leat_ctx_child(k ? shared[k - 1] : root, LEAT_NEVER,
			     &shared[k], NULL) == LEAT_OK);
}

static void
fell_tree(void)
{
	for (uint32_t k = 0; k < N_BOXES; k++) {
		leat_ctx_destroy(boxes[k]);
		boxes[k] = NULL;
	}
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
	uint32_t n_rounds = stress_rounds(300);

	for (uint32_t k = 0; k < n_rounds; k++)
		play_round(hands, seed + k * N_THREADS);
}
END_TEST

TEST_MAIN("stress/ctx_race", every_end_reaches_all_below_and_calls_back_once)
