/*
 * sim/trace.c -- the decisions of a run: kept, replayed, made fewer.
 *
 * Keeps: an event is named by its thread and that thread's own step, so that
 * leaving one out shifts only what depends on it. A replay follows the default
 * where the trace is silent; an event that cannot be followed is passed over.
 * Source of the shrinking: Zeller and Hildebrandt, Simplifying and Isolating
 * Failure-Inducing Input, 2002.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/internal.h"

#define TRACE_LEAST 1024u
#define TRACE_MOST  ((size_t)1 << 22)

static bool
trace_reserve(struct sim_trace *trace, size_t n)
{
	size_t n_max = trace->n_max ? trace->n_max : TRACE_LEAST;
	struct sim_event *events;

	while (n_max < n)
		n_max *= 2;
	if (n_max == trace->n_max)
		return true;
	events = realloc(trace->events, n_max * sizeof(*events));
	if (!events)
		return false;
	trace->events = events;
	trace->n_max = n_max;
	return true;
}

bool
sim_trace_push(struct sim_trace *trace, const struct sim_event *event)
{
	if (trace->n == TRACE_MOST || !trace_reserve(trace, trace->n + 1))
		return false;
	trace->events[trace->n++] = *event;
	return true;
}

void
sim_trace_add(enum sim_kind kind, uint32_t arg)
{
	struct sim_event event = {
		.thread = (uint16_t)sim.current->number,
		.kind = (uint8_t)kind,
		.arg = arg,
		.step = sim_own_steps(sim.current),
	};

	sim.hash = sim_mix(sim.hash ^ (event.step << 20) ^ (arg << 4) ^ kind);
	(void)sim_trace_push(&sim.trace, &event); /* its end may be lost */
}

bool
sim_trace_copy(struct sim_trace *dst, const struct sim_trace *src)
{
	if (!trace_reserve(dst, src->n + 1))
		return false;
	if (src->n)
		memcpy(dst->events, src->events, src->n * sizeof(*src->events));
	dst->n = src->n;
	return true;
}

void
sim_trace_free(struct sim_trace *trace)
{
	free(trace->events);
	*trace = (struct sim_trace){0};
}

/* ---- replay ----------------------------------------------------------------- */

/* The next event of a thread, at this own step or later; NULL = none. */
static const struct sim_event *
replay_event(struct sim_thread *thread, uint64_t own_steps)
{
	const struct sim_trace *trace = sim.opts.replay;

	for (; trace && thread->replay_at < trace->n; thread->replay_at++) {
		const struct sim_event *event =
			&trace->events[thread->replay_at];

		if (event->thread == thread->number && event->step >= own_steps)
			return event;
	}
	return NULL;
}

uint64_t
sim_replay_next(struct sim_thread *thread)
{
	uint64_t own_steps = sim_own_steps(thread);
	const struct sim_event *event = replay_event(thread, own_steps + 1);

	if (!event)
		return UINT64_MAX;
	return sim_hot.steps + (event->step - own_steps);
}

static struct sim_choice
replay_follow(const struct sim_event *event)
{
	enum sim_kind kind = (enum sim_kind)event->kind;
	struct sim_thread *thread = &sim_threads[event->arg];

	if (event->arg >= sim.n_threads ||
		(kind == SIM_RUN && thread->state != SIM_READY))
		return (struct sim_choice){SIM_RUN, NULL};
	return (struct sim_choice){kind, thread};
}

struct sim_choice
sim_replay_choose(enum sim_why why)
{
	uint64_t own_steps = sim_own_steps(sim.current);
	const struct sim_event *event = replay_event(sim.current, own_steps);
	struct sim_choice choice = {SIM_RUN, NULL};

	if (event && event->step == own_steps) {
		choice = replay_follow(event);
		sim.current->replay_at++;
	}
	if (!choice.thread)
		choice.thread = sim_default(why);
	return choice;
}

/* ---- shrinking -------------------------------------------------------------- */

struct shrink {
	struct sim_opts opts;
	sim_fn fn;
	void *user;
	enum sim_verdict verdict;
	struct sim_trace *best;
	struct sim_trace trial;
	struct sim_result *result;
	uint64_t n_steps_left;
};

static bool
shrink_fails(struct shrink *s)
{
	s->opts.replay = &s->trial;
	sim_run(&s->opts, s->fn, s->user, s->result);
	s->n_steps_left -= leat__min_u64(s->n_steps_left, s->result->steps + 1);
	return s->result->verdict == s->verdict;
}

/* Without n events from at on: does it still fail? */
static bool
shrink_try(struct shrink *s, size_t at, size_t n)
{
	struct sim_trace *best = s->best;
	size_t rest = best->n - at - n;

	if (!sim_trace_copy(&s->trial, best))
		return false;
	memmove(s->trial.events + at, s->trial.events + at + n,
		rest * sizeof(*best->events));
	s->trial.n -= n;
	return shrink_fails(s) && sim_trace_copy(best, &s->trial);
}

static bool
shrink_pass(struct shrink *s, size_t n)
{
	bool is_shorter = false;

	for (size_t at = 0; at < s->best->n && s->n_steps_left;) {
		size_t n_out = leat__min_u64(n, s->best->n - at);

		if (shrink_try(s, at, n_out))
			is_shorter = true;
		else
			at += n_out;
	}
	return is_shorter;
}

void
sim_shrink(const struct sim_opts *opts, sim_fn fn, void *user,
	enum sim_verdict verdict, struct sim_trace *trace, uint64_t max_steps)
{
	struct shrink s = {.opts = *opts,
		.fn = fn,
		.user = user,
		.verdict = verdict,
		.best = trace,
		.result = malloc(sizeof(*s.result)),
		.n_steps_left = max_steps};
	size_t n = trace->n;

	s.opts.strategy = SIM_REPLAY;
	s.opts.is_verbose = s.opts.is_watched = false;
	while (s.result && n && s.n_steps_left) {
		bool is_shorter = shrink_pass(&s, n);

		if (n > 1)
			n /= 2;
		else if (!is_shorter)
			break;
	}
	sim_trace_free(&s.trial);
	free(s.result);
}
