/*
 * env/parker.c -- one thread's event count, over ck_ec.
 *
 * Keeps: a wake after the ticket was drawn ends the wait. Always in the mode
 * for many wakers: the other one may lose a wake and relies on polling.
 * Threads: any may wake; any number may wait, and a wake ends all waits.
 *
 * ck_ec reaches the world through the operations in the parker itself, so a
 * simulator's clock and futex drive it. It takes a deadline in the first
 * second of the clock for "do not wait"; clocks are handed to it a second
 * ahead, so that a clock that begins at 0 works too.
 */
#include <time.h>

#include "env/env.h"

#define PARKER_NS_PER_S 1000000000
#define PARKER_AHEAD_S  1
#define PARKER_SPINS    8u

static struct timespec
parker_timespec(int64_t ns)
{
	struct timespec ts = {PARKER_AHEAD_S, 0};

	if (ns == LEAT_NEVER) {
		ts.tv_sec = INT64_MAX;
	} else if (ns > 0) {
		ts.tv_sec += ns / PARKER_NS_PER_S;
		ts.tv_nsec = ns % PARKER_NS_PER_S;
	}
	return ts;
}

static int64_t
parker_ns(const struct timespec *ts)
{
	int64_t s = ts->tv_sec - PARKER_AHEAD_S;

	if (s >= LEAT_NEVER / PARKER_NS_PER_S)
		return LEAT_NEVER;
	return s < 0 ? 0 : s * PARKER_NS_PER_S + ts->tv_nsec;
}

static const struct leat__env *
parker_env(const struct ck_ec_ops *ops)
{
	const struct leat__parker *parker =
		leat__container_of(ops, const struct leat__parker, ops);

	return parker->env;
}

static int
parker_gettime(const struct ck_ec_ops *ops, struct timespec *now_out)
{
	const struct leat__env *env = parker_env(ops);

	*now_out = parker_timespec(env->now_ns(env));
	return 0;
}

static void
parker_wait32(const struct ck_ec_wait_state *state, const uint32_t *word,
	uint32_t expected, const struct timespec *deadline)
{
	const struct leat__env *env = parker_env(state->ops);

	env->park(env, word, expected,
		deadline ? parker_ns(deadline) : LEAT_NEVER);
}

static void
parker_wake32(const struct ck_ec_ops *ops, const uint32_t *word)
{
	const struct leat__env *env = parker_env(ops);

	env->wake(env, word);
}

void
leat__parker_init(struct leat__parker *parker, const struct leat__env *env)
{
	*parker = (struct leat__parker){
		.ops = {.gettime = parker_gettime,
			.wait32 = parker_wait32,
			.wake32 = parker_wake32,
			.busy_loop_iter = PARKER_SPINS},
		.mode = {.ops = &parker->ops, .single_producer = false},
		.env = env,
	};
	ck_ec32_init(&parker->count, 0);
}

/*
 * In its first second of waiting ck_ec polls, at intervals of its own that
 * pass over the deadline, for wakes that a single waker might lose. Here none
 * is lost: sleep once, to the deadline.
 */
static int
parker_sleep_to_the_end(
	const struct ck_ec_wait_state *state, struct timespec *until)
{
	const struct timespec *deadline = state->data;

	*until = *deadline;
	return 0;
}

uint32_t
leat__parker_ticket(const struct leat__parker *parker)
{
	return ck_ec32_value(&parker->count);
}

int
leat__parker_wait(
	struct leat__parker *parker, uint32_t ticket, int64_t deadline_ns)
{
	struct timespec deadline = parker_timespec(deadline_ns);
	int rc = ck_ec32_wait_pred(&parker->count, &parker->mode, ticket,
		parker_sleep_to_the_end, &deadline, &deadline);

	/* acquire: pairs with the add in leat__parker_wake */
	return leat__parker_ticket(parker) != ticket ? 0 : rc;
}

void
leat__parker_wake(struct leat__parker *parker)
{
	/* Not ck_ec32_inc: it is opaque to ThreadSanitizer, this is not. */
	(void)ck_ec32_add(&parker->count, &parker->mode, 1);
}
