/*
 * support/chan_world.c -- a world for channels.
 */
#include <check.h>

#include "env/side.h"
#include "support/chan_world.h"

static struct chan_world *
chan_world_of(const struct leat__env *env)
{
	return leat__container_of(env->self, struct chan_world, fail);
}

/* Waiters sleep on these values; locks and timers on others. */
static void
chan_world_park(const struct leat__env *env, const uint32_t *word,
	uint32_t expected, int64_t deadline_ns)
{
	const struct leat__env *real = leat__env_posix();

	if (expected == LEAT__TOKEN_PARKED || expected == LEAT__SIDE_THREAD)
		leat__add_acq_rel(&chan_world_of(env)->n_parks, 1u);
	real->park(real, word, expected, deadline_ns);
}

static int
chan_world_barrier(const struct leat__env *env)
{
	struct chan_world *world = chan_world_of(env);
	const struct leat__env *real = leat__env_posix();

	leat__add_acq_rel(&world->n_barriers, 1u);
	return world->barrier_errno ? world->barrier_errno
				    : real->barrier(real);
}

static int64_t
chan_world_now_ns(const struct leat__env *env)
{
	struct chan_world *world = chan_world_of(env);
	int64_t now_ns = leat__load_relaxed(&world->now_ns);

	if (now_ns == 0)
		return leat_now_ns();
	if (world->tick_ns)
		leat__add_relaxed(&world->now_ns, world->tick_ns);
	return now_ns;
}

void
chan_world_init(struct chan_world *world)
{
	*world = (struct chan_world){0};
	fail_env_init(&world->fail);
	world->fail.env.park = chan_world_park;
	world->fail.env.barrier = chan_world_barrier;
	world->fail.env.now_ns = chan_world_now_ns;
	ck_assert_int_eq(
		leat__ctx_create(&world->fail.env, &world->ctx, NULL), LEAT_OK);
}

void
chan_world_fini(struct chan_world *world)
{
	leat_ctx_destroy(world->ctx);
	ck_assert_uint_eq(world->fail.alloc_live, 0);
}

struct leat_channel *
chan_world_create(
	struct chan_world *world, const struct leat_channel_opts *opts)
{
	struct leat_channel *ch = NULL;
	struct leat_error err;

	if (leat_channel_create(world->ctx, opts, &ch, &err) != LEAT_OK)
		ck_abort_msg("%s", err.text);
	return ch;
}

struct leat_channel *
chan_world_open(struct chan_world *world, uint32_t flags, uint32_t item_bytes,
	uint32_t capacity)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.flags = flags, .item_bytes = item_bytes, .capacity = capacity,
		.spin_ns = LEAT_SPIN_NONE};

	return chan_world_create(world, &opts);
}

void
chan_world_await_parks(struct chan_world *world, uint32_t n)
{
	const struct leat__env *env = leat__env_posix();

	/* acquire: pairs with the add in chan_world_park */
	while (leat__load_acquire(&world->n_parks) < n)
		env->yield(env);
}

/* ---- a call on a thread of its own ---------------------------------------- */

static int
chan_call_do(struct chan_call *call)
{
	if (call->cases)
		return leat_select(call->cases, call->n_cases, call->ctx,
			call->deadline_ns, &call->index);
	if (call->is_send)
		return leat_channel_send_until(
			call->ch, &call->item, call->ctx, call->deadline_ns);
	return leat_channel_recv_until(
		call->ch, &call->item, call->ctx, call->deadline_ns);
}

static void
chan_call_main(void *arg)
{
	struct chan_call *call = arg;

	call->rc = chan_call_do(call);
	/* release: pairs with the acquire in chan_call_is_done */
	leat__store_release(&call->is_done, 1u);
}

void
chan_call_begin(struct chan_world *world, struct chan_call *call)
{
	call->env = &world->fail.env;
	call->is_done = 0;
	call->thread = (struct leat__thread){
		.fn = chan_call_main, .arg = call, .name = "call"};
	ck_assert_int_eq(call->env->thread_start(call->env, &call->thread), 0);
}

void
chan_send_begin(struct chan_world *world, struct chan_call *call,
	struct leat_channel *ch, uint64_t item)
{
	*call = (struct chan_call){.ch = ch,
		.is_send = 1,
		.item = item,
		.deadline_ns = LEAT_NEVER};
	chan_call_begin(world, call);
}

void
chan_recv_begin(struct chan_world *world, struct chan_call *call,
	struct leat_channel *ch)
{
	*call = (struct chan_call){.ch = ch, .deadline_ns = LEAT_NEVER};
	chan_call_begin(world, call);
}

void
chan_select_begin(struct chan_world *world, struct chan_call *call,
	struct leat_select_case *cases, uint32_t n_cases)
{
	*call = (struct chan_call){
		.cases = cases, .n_cases = n_cases, .deadline_ns = LEAT_NEVER};
	chan_call_begin(world, call);
}

bool
chan_call_is_done(struct chan_call *call)
{
	/* acquire: pairs with the release in chan_call_main */
	return leat__load_acquire(&call->is_done) != 0;
}

int
chan_call_end(struct chan_call *call)
{
	call->env->thread_join(call->env, &call->thread);
	return call->rc;
}
