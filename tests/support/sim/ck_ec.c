/*
 * sim/ck_ec.c -- the slow paths of Concurrency Kit's event count, as points.
 *
 * In the place of libck's, which no hook reaches: the same steps on the same
 * word (look, raise the flag by compare-and-swap, look, sleep; clear the flag,
 * wake), without the spinning and with the predicate's deadline alone.
 * Source: the contract in ck_ec.h.
 */
#include <time.h>

#include <ck_ec.h>

#include "sim/internal.h"

#define EC_FLAG (1u << 31)

void
ck_ec32_wake(struct ck_ec32 *ec, const struct ck_ec_ops *ops)
{
	(void)SIM_SWAP(__atomic_fetch_and, &ec->counter, EC_FLAG - 1);
	ops->wake32(ops, &ec->counter);
}

/* Has the time come? */
static bool
ec_is_late(struct ck_ec_wait_state *state, const struct timespec *deadline)
{
	if (state->ops->gettime(state->ops, &state->now) || !deadline)
		return false;
	if (deadline->tv_sec != state->now.tv_sec)
		return deadline->tv_sec < state->now.tv_sec;
	return deadline->tv_nsec <= state->now.tv_nsec;
}

/* Raise the flag; false: the count has moved on. */
static bool
ec_flag(struct ck_ec32 *ec, uint32_t old_value)
{
	uint32_t was = SIM_LOAD(&ec->counter);

	if (was == old_value && SIM_CAS(&ec->counter, &was, was | EC_FLAG))
		return true;
	return was == (old_value | EC_FLAG);
}

int
ck_ec32_wait_pred_slow(struct ck_ec32 *ec, const struct ck_ec_ops *ops,
	uint32_t old_value,
	int (*pred)(const struct ck_ec_wait_state *, struct timespec *),
	void *data, const struct timespec *deadline)
{
	struct ck_ec_wait_state state = {.ops = ops, .data = data};

	while (ec_flag(ec, old_value)) {
		struct timespec until =
			deadline ? *deadline : (struct timespec){0};
		int rc;

		if (ec_is_late(&state, deadline))
			return -1;
		rc = pred ? pred(&state, &until) : 0;
		if (rc != 0)
			return rc;
		ops->wait32(&state, &ec->counter, old_value | EC_FLAG,
			deadline ? &until : NULL);
	}
	return 0;
}

int
ck_ec32_wait_slow(struct ck_ec32 *ec, const struct ck_ec_ops *ops,
	uint32_t old_value, const struct timespec *deadline)
{
	return ck_ec32_wait_pred_slow(ec, ops, old_value, NULL, NULL, deadline);
}
