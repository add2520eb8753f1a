/*
 * support/chan_world.h -- a world for channels: who parks is counted, time and
 * barriers can be made up, and calls can be made on threads of their own.
 *
 *	struct chan_world world;
 *	struct chan_call call;
 *
 *	chan_world_init(&world);
 *	ch = chan_world_open(&world, 0, sizeof(uint64_t), 1);
 *	chan_recv_begin(&world, &call, ch);   a thread that receives
 *	chan_world_await_parks(&world, 1);    and has nothing to receive
 *	... send ...
 *	ck_assert_int_eq(chan_call_end(&call), LEAT_OK);
 *	leat_channel_destroy(ch);
 *	chan_world_fini(&world);
 *
 * Channels made by it do not spin. Items are uint64_t where calls are used.
 */
#ifndef LEAT_TESTS_SUPPORT_CHAN_WORLD_H
#define LEAT_TESTS_SUPPORT_CHAN_WORLD_H

#include <leat/channel.h>

#include "ctx/ctx.h"
#include "support/fail.h"

struct chan_world {
	struct fail_env fail; /* its env is the world's */
	struct leat_ctx *ctx;
	uint32_t n_parks;    /* waiters that went to sleep so far; atomic */
	uint32_t n_barriers; /* atomic */
	int barrier_errno;   /* what a barrier returns */
	int64_t now_ns;      /* time that is made up; 0 = the real one */
	int64_t tick_ns;     /* and passes with each look */
};

void chan_world_init(struct chan_world *world);
/* Nothing may be left. */
void chan_world_fini(struct chan_world *world);

/* By the world's context, whose end it will see. */
struct leat_channel *chan_world_create(
	struct chan_world *world, const struct leat_channel_opts *opts);
struct leat_channel *chan_world_open(struct chan_world *world, uint32_t flags,
	uint32_t item_bytes, uint32_t capacity);

/* Until n waiters went to sleep, since the world began. */
void chan_world_await_parks(struct chan_world *world, uint32_t n);

/* ---- a call on a thread of its own ---------------------------------------- */

struct chan_call {
	struct leat__thread thread;
	const struct leat__env *env;
	struct leat_channel *ch;
	struct leat_ctx *ctx;
	int64_t deadline_ns;
	uint64_t item; /* sent or received */
	uint32_t is_send;
	uint32_t is_done;               /* atomic: it has returned */
	struct leat_select_case *cases; /* not NULL: a select instead */
	uint32_t n_cases;
	uint32_t index; /* of the case that was done */
	int rc;
};

void chan_send_begin(struct chan_world *world, struct chan_call *call,
	struct leat_channel *ch, uint64_t item);
void chan_recv_begin(struct chan_world *world, struct chan_call *call,
	struct leat_channel *ch);
void chan_select_begin(struct chan_world *world, struct chan_call *call,
	struct leat_select_case *cases, uint32_t n_cases);
/* The fields above are filled; by leat_channel_..._until or leat_select. */
void chan_call_begin(struct chan_world *world, struct chan_call *call);
bool chan_call_is_done(struct chan_call *call);
/* Wait for it; what it returned. */
int chan_call_end(struct chan_call *call);

#endif
