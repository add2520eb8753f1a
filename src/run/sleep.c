/*
 * run/sleep.c -- a stage with a thread of its own waits for a moment, or at
 * channels.
 *
 * Keeps: the wait ends with the run, with a call's deadline, and, of a source,
 * with the beginning of a drain.
 * Threads: the stage's own.
 */
#include "run/hook.h"
#include "run/run.h"
#include <leat/channel.h>
#include <leat/task.h>

/* Does the time of a source's call end before that? */
static bool
sleep_is_cut(const struct leat_stage *st, int64_t *until_ns)
{
	int64_t deadline_ns = st->call_deadline_ns;

	if (!deadline_ns || deadline_ns >= *until_ns)
		return false;
	*until_ns = deadline_ns;
	return true;
}

int
leat__sleep_until_drain(struct leat_stage *st, int64_t until_ns)
{
	struct leat__run *run = st->graph->run;
	bool is_cut = sleep_is_cut(st, &until_ns);
	int rc = leat_sleep_until(run->drain.waits, until_ns);

	if (leat_ctx_is_done(st->graph->ctx))
		return LEAT_ECANCELED;
	if (rc != LEAT_OK)
		return LEAT_EOS;
	return is_cut ? LEAT_ETIMEDOUT : LEAT_OK;
}

/* ---- a moment that is asked for ----------------------------------------- */

/* Both are called on the thread of the segment's task, so there is nothing to
 * be ordered. */
void
leat_stage_ask(struct leat_stage *st, int64_t at_ns)
{
	st->segment->stages[0]->asked_ns = at_ns == LEAT_NEVER ? 0 : at_ns;
}

int64_t
leat_stage_asked_ns(const struct leat_stage *st)
{
	return st->asked_ns ? st->asked_ns : LEAT_NEVER;
}

/* ---- sleeping ------------------------------------------------------------ */

int
leat_stage_sleep_until(struct leat_stage *st, int64_t until_ns)
{
	const struct leat__env *env = st->graph->env;
	int rc;

	if (!(st->ops.flags & LEAT_STAGE_BLOCKING))
		return leat_stage_fail(st, LEAT_EBUG,
			"it sleeps, and has no LEAT_STAGE_BLOCKING");
	if (until_ns <= env->now_ns(env))
		return LEAT_OK;
	leat__run_wait_begin(st, LEAT__DOING_BLOCK);
	if (st->n_ins)
		rc = leat_sleep_until(leat_stage_ctx(st), until_ns);
	else
		rc = leat__sleep_until_drain(st, until_ns);
	leat__run_wait_end(st);
	return rc;
}

/* ---- channels ------------------------------------------------------------ */

static int
select_until_drain(struct leat_stage *st, struct leat_select_case *cases,
	uint32_t n, int64_t until_ns, uint32_t *index_out)
{
	int rc;

	(void)sleep_is_cut(st, &until_ns);
	rc = leat_select(
		cases, n, st->graph->run->drain.waits, until_ns, index_out);
	return rc == LEAT_ECANCELED && !leat_ctx_is_done(st->graph->ctx)
		? LEAT_EOS
		: rc;
}

/* The context of a call ends at its deadline. */
static int
select_in_call(struct leat_stage *st, struct leat_select_case *cases,
	uint32_t n, int64_t until_ns, uint32_t *index_out)
{
	int rc = leat_select(cases, n, leat_stage_ctx(st), until_ns, index_out);

	return rc == LEAT_ECANCELED ? leat__call_ended(st) : rc;
}

int
leat_stage_select(struct leat_stage *st, struct leat_select_case *cases,
	uint32_t n, int64_t until_ns, uint32_t *index_out)
{
	int rc;

	if (!(st->ops.flags & LEAT_STAGE_BLOCKING))
		return leat_stage_fail(st, LEAT_EBUG,
			"it waits at channels, and has no LEAT_STAGE_BLOCKING");
	rc = leat_try_select(cases, n, index_out);
	if (rc != LEAT_EAGAIN)
		return rc;
	leat__run_wait_begin(st, LEAT__DOING_BLOCK);
	if (st->n_ins)
		rc = select_in_call(st, cases, n, until_ns, index_out);
	else
		rc = select_until_drain(st, cases, n, until_ns, index_out);
	leat__run_wait_end(st);
	return rc;
}
