/*
 * exec/timer.c -- an application's timers, on the workers' timer thread.
 *
 * Keeps: a timer is armed exactly while it is in the workers' list, which
 * knows the place that made it. It leaves the list before its function is
 * called, so that this may start it again, and is not touched afterwards.
 * Threads: any.
 */
#include <string.h>

#include "exec/workers.h"

/* What a struct leat_timer keeps in its rest. */
struct leat__armed {
	struct leat__timer timer;
	struct leat_workers *workers; /* NULL = not armed */
	const char *where;
	struct leat__armed *next;
	struct leat__armed **at; /* what points to it */
};

_Static_assert(
	sizeof(struct leat__armed) <= sizeof(((struct leat_timer *)0)->rest),
	"a timer's place holds what is kept of it");

static struct leat__armed *
armed_of(struct leat_timer *timer)
{
	return (struct leat__armed *)(void *)timer->rest;
}

static void
armed_link_locked(struct leat_workers *workers, struct leat__armed *armed)
{
	armed->workers = workers;
	armed->next = workers->armed;
	armed->at = &workers->armed;
	if (armed->next)
		armed->next->at = &armed->next;
	workers->armed = armed;
	workers->n_armed++;
}

static void
armed_unlink_locked(struct leat__armed *armed)
{
	*armed->at = armed->next;
	if (armed->next)
		armed->next->at = armed->at;
	armed->workers->n_armed--;
	armed->workers = NULL;
}

/* On the timer thread. */
static void
timer_ring(struct leat__timer *inner)
{
	struct leat__armed *armed =
		leat__container_of(inner, struct leat__armed, timer);
	struct leat_timer *timer =
		leat__container_of((void *)armed, struct leat_timer, rest);
	struct leat_workers *workers = armed->workers;

	leat__lock_take(&workers->lock, workers->env);
	armed_unlink_locked(armed);
	leat__lock_drop(&workers->lock, workers->env);
	timer->fn(timer, timer->user);
}

/* Under the lock, so that it does not ring before it is in the list. */
static int
timer_start_locked(struct leat_workers *workers, struct leat__armed *armed,
	int64_t deadline_ns)
{
	if (armed->workers)
		return LEAT_ESTATE;
	memset(&armed->timer, 0, sizeof(armed->timer));
	armed->timer.deadline_ns = deadline_ns;
	armed->timer.fn = timer_ring;
	armed_link_locked(workers, armed);
	if (leat__timer_start(workers->timers, &armed->timer) == 0)
		return LEAT_OK;
	armed_unlink_locked(armed);
	return LEAT_ENOMEM;
}

int
leat_timer_start_at(struct leat_workers *workers, struct leat_timer *timer,
	int64_t deadline_ns, const char *where)
{
	struct leat__armed *armed = armed_of(timer);
	int rc;

	leat__lock_take(&workers->lock, workers->env);
	rc = timer_start_locked(workers, armed, deadline_ns);
	if (rc == LEAT_OK)
		armed->where = where;
	leat__lock_drop(&workers->lock, workers->env);
	return rc;
}

bool
leat_timer_stop(struct leat_workers *workers, struct leat_timer *timer)
{
	struct leat__armed *armed = armed_of(timer);

	if (!leat__timer_stop(workers->timers, &armed->timer))
		return false;
	leat__lock_take(&workers->lock, workers->env);
	armed_unlink_locked(armed);
	leat__lock_drop(&workers->lock, workers->env);
	return true;
}

void
leat__timer_describe_armed(
	struct leat_workers *workers, struct leat__text *text)
{
	const struct leat__armed *armed = workers->armed;

	if (!armed)
		return;
	leat__text_add(text, "; %u timer%s armed", workers->n_armed,
		workers->n_armed == 1 ? "" : "s");
	for (uint32_t k = 0; armed && k < 4; k++, armed = armed->next)
		leat__text_add(text, "%s%s", k ? ", " : " (", armed->where);
	leat__text_add(text, "%s)", armed ? ", ..." : "");
}
