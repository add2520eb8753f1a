/*
 * unit/chan/two.h -- two channels of a test whose waits it drives by hand: what
 * another one would do while somebody is away.
 */
#ifndef LEAT_TESTS_UNIT_CHAN_TWO_H
#define LEAT_TESTS_UNIT_CHAN_TWO_H

#include "chan/channel.h"

#include "support/chan_world.h"
#include "support/test.h"

#define MS LEAT_CHANNEL_MANY_SENDERS
#define MR LEAT_CHANNEL_MANY_RECEIVERS

static struct chan_world world;
static struct leat_channel *a, *b;
static uint64_t item;

/* What is done while who waits is away, or about to be; and where it waits. */
static void (*meanwhile)(void);
static struct leat_channel *waited;

static inline void
setup(uint32_t flags_a, uint32_t flags_b)
{
	chan_world_init(&world);
	a = chan_world_open(&world, flags_a, sizeof(item), 1);
	b = chan_world_open(&world, flags_b, sizeof(item), 1);
}

static inline void
teardown(void)
{
	leat_channel_destroy(a);
	leat_channel_destroy(b);
	chan_world_fini(&world);
}

static inline int
try_send(struct leat_channel *ch, uint64_t n)
{
	return leat_channel_try_send(ch, &n);
}

static inline void
send_six(void)
{
	ck_assert_int_eq(try_send(waited, 6), LEAT_OK);
}

static inline void
take_one(void)
{
	uint64_t n;

	ck_assert_int_eq(leat_channel_try_recv(waited, &n), LEAT_OK);
}

static inline void
send_in_vain(void)
{
	send_six();
	take_one();
	meanwhile = send_six;
}

static inline void
close_senders(void)
{
	leat_channel_close_send(waited);
}

static inline void
close_receivers(void)
{
	leat_channel_close_recv(waited);
}

static inline void
cancel_world(void)
{
	leat_ctx_cancel(world.ctx, LEAT_ECANCELED, NULL);
}

static inline void
describe_and_send(void)
{
	char buf[128];
	struct leat__text text = {buf, sizeof(buf), 0};

	leat__channel_describe(waited, &text);
	ck_assert_str_eq(buf,
		"channel without a name (0 of 1 queued, 1 receiver waits)");
	send_six();
}

static inline int
barrier_and_act(const struct leat__env *env)
{
	void (*act)(void) = meanwhile;

	(void)env;
	meanwhile = NULL;
	if (act)
		act();
	return 0;
}

#endif
