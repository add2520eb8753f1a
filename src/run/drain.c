/*
 * run/drain.c -- a drain: who is waited for, in which phase, and until when.
 *
 * A stage is open until its input has ended, finishes, and has ended. Those
 * that have not ended, though all before them have, are the front. While an
 * open source is in it sources are to stop; while any is open, what was
 * accepted arrives; while one with an out finishes there may be more; then
 * sinks complete what they have.
 * Keeps: phases only grow; no sink completes its output before that phase.
 * Threads: any; tasks tell of each stage once or twice in a run.
 */
#include <string.h>

#include "base/atomic.h"
#include "run/drain.h"
#include "run/run.h"

#define DRAIN_NAMES 4u /* of those waited for, in a text */

/* ---- who is waited for --------------------------------------------------- */

enum state { STATE_OPEN = 0, STATE_FINISHING, STATE_ENDED };

static enum state
task_state(const struct leat__task *task, uint32_t at)
{
	if (leat__load_relaxed(&task->n_ended) > at)
		return STATE_ENDED;
	return leat__load_relaxed(&task->n_finishing) > at ? STATE_FINISHING
							   : STATE_OPEN;
}

/* Of replicas the one that is behind. */
static enum state
stage_state(const struct leat_stage *st)
{
	const struct leat__segment *segment = st->segment;
	const struct leat__task *tasks = segment->run;
	enum state least = STATE_ENDED;

	for (uint32_t k = 0; k < segment->n_replicas; k++) {
		enum state state = task_state(&tasks[k], st->at);

		least = state < least ? state : least;
	}
	return least;
}

static bool
stage_is_first(const struct leat_stage *st)
{
	for (uint32_t k = 0; k < st->n_ins; k++)
		if (st->ins[k] && stage_state(st->ins[k]->from) != STATE_ENDED)
			return false;
	return true;
}

static bool
stage_is_front(const struct leat_stage *st)
{
	return stage_state(st) != STATE_ENDED && stage_is_first(st);
}

/* Its sender can send nothing more. */
static bool
link_is_full(const struct leat__link *link)
{
	const struct leat__chan *ch = &link->chan;
	uint64_t n, n_bytes;

	if (link->is_fused)
		return false;
	n = leat__load_relaxed(&ch->sent_frames) -
		leat__load_relaxed(&ch->granted_frames);
	n_bytes = leat__load_relaxed(&ch->sent_bytes) -
		leat__load_relaxed(&ch->granted_bytes);
	return n + link->n_at_once > ch->capacity_frames ||
		(ch->capacity_bytes && n && n_bytes >= ch->capacity_bytes);
}

static bool
stage_is_held_up(const struct leat_stage *st)
{
	const struct leat__segment *segment = st->segment;
	const struct leat_stage *tail = segment->stages[segment->n_stages - 1];

	for (uint32_t k = 0; k < tail->n_outs; k++)
		if (tail->outs[k] && link_is_full(tail->outs[k]))
			return true;
	return false;
}

static bool
stage_holds_up(const struct leat_stage *st)
{
	for (uint32_t k = 0; k < st->n_ins; k++)
		if (st->ins[k] && link_is_full(st->ins[k]))
			return true;
	return false;
}

/* One of the front, or, where that one is held up, whoever holds it up. */
bool
leat__drain_awaits(const struct leat_stage *st)
{
	return st->segment && st->segment->run &&
		stage_state(st) != STATE_ENDED && !stage_is_held_up(st) &&
		(stage_is_first(st) || stage_holds_up(st));
}

/* The phase that a stage of the front stands for. */
static enum leat_drain_phase
stage_phase(const struct leat_stage *st)
{
	bool is_open = stage_state(st) == STATE_OPEN;

	if (is_open && st->n_ins == 0)
		return LEAT_DRAIN_SOURCES;
	/* a source that has stopped may have one more frame to give */
	if (is_open || st->n_ins == 0)
		return LEAT_DRAIN_ARRIVE;
	return st->n_outs ? LEAT_DRAIN_FINISH : LEAT_DRAIN_COMMIT;
}

static enum leat_drain_phase
graph_phase(const struct leat_graph *graph)
{
	enum leat_drain_phase least = LEAT_DRAIN_OVER;

	for (uint32_t k = 0; k < graph->n_stages; k++) {
		const struct leat_stage *st = graph->stages[k];
		enum leat_drain_phase phase;

		if (!stage_is_front(st))
			continue;
		phase = stage_phase(st);
		least = phase < least ? phase : least;
	}
	return least;
}

/* "write, sort and 2 others" */
static void
graph_names(const struct leat_graph *graph, struct leat__text *text)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < graph->n_stages; k++) {
		if (!leat__drain_awaits(graph->stages[k]))
			continue;
		if (n++ < DRAIN_NAMES)
			leat__text_add(text, "%s'%s'", n > 1 ? ", " : "",
				leat__stage_name(graph->stages[k]));
	}
	if (n > DRAIN_NAMES)
		leat__text_add(text, " and %u others", n - DRAIN_NAMES);
}

/* ---- phases -------------------------------------------------------------- */

/* Under the lock. A phase that was passed at once began as it ended; one that a
 * cancel passes over does not begin. */
static void
drain_enter(struct leat__drain *drain, uint32_t phase, int64_t now_ns)
{
	while (drain->phase < phase)
		drain->began_ns[++drain->phase] = now_ns;
}

static void
drain_end(struct leat__drain *drain, int64_t now_ns)
{
	drain->phase = LEAT_DRAIN_OVER;
	drain->began_ns[LEAT_DRAIN_OVER] = now_ns;
}

static void
drain_look(struct leat__run *run)
{
	struct leat__drain *drain = &run->drain;

	leat__lock_take(&drain->lock, run->env);
	if (drain->is_begun && !leat_ctx_is_done(run->graph->ctx))
		drain_enter(drain, graph_phase(run->graph),
			run->env->now_ns(run->env));
	leat__lock_drop(&drain->lock, run->env);
}

static void
task_pass(struct leat__task *task)
{
	struct leat__run *run = task->run;

	task->is_past = true;
	/* the last one's count pairs with the look in leat__drain_holds */
	if (leat__sub_acq_rel(&run->drain.n_emitting, 1u) == 1 &&
		leat__load_acquire(&run->is_draining))
		leat__run_wake_all(run);
}

/* Its stages that have an out come first. */
static uint32_t
task_n_emitting(const struct leat__task *task)
{
	const struct leat_stage *tail = task->nodes[task->n_nodes - 1].stage;

	return tail->n_outs ? task->n_nodes : task->n_nodes - 1;
}

void
leat__drain_task(struct leat__task *task)
{
	if (!task->is_past && task->n_ended >= task_n_emitting(task))
		task_pass(task);
	/* acquire: pairs with the release in leat_graph_drain, which looks for
	 * itself after it */
	if (leat__load_acquire(&task->run->is_draining))
		drain_look(task->run);
}

void
leat__drain_over(struct leat__run *run)
{
	struct leat__drain *drain = &run->drain;

	leat__lock_take(&drain->lock, run->env);
	if (drain->is_begun && drain->phase < LEAT_DRAIN_OVER)
		drain_end(drain, run->env->now_ns(run->env));
	leat__lock_drop(&drain->lock, run->env);
}

bool
leat__drain_holds(struct leat__run *run)
{
	/* acquire: pairs with the release in leat_graph_drain */
	if (!leat__load_acquire(&run->is_draining))
		return false;
	/* a read-modify-write, so that whoever counts to 0 after it sees that
	 * a drain has begun, and wakes */
	return leat__add_acq_rel(&run->drain.n_emitting, 0u) > 0;
}

bool
leat__drain_is_cut(struct leat__run *run)
{
	/* who ended because of it has counted itself out after it */
	return leat__load_acquire(&run->is_draining) &&
		leat_ctx_is_done(run->graph->ctx);
}

/* ---- the deadline -------------------------------------------------------- */

static void
late_text(const struct leat_graph *graph, struct leat__text *text)
{
	struct leat_graph_stats stats;

	leat__text_add(text,
		"the drain did not end in its time: it waited "
		"for ");
	graph_names(graph, text);
	leat_graph_stats(graph, &stats);
	if (stats.unfinished)
		leat__text_add(text, "; %llu record%s had not arrived",
			(unsigned long long)stats.unfinished,
			stats.unfinished == 1 ? "" : "s");
}

/* On the thread of the timers, or in leat_graph_drain_until(). */
static void
drain_after(struct leat_ctx *ctx, void *user)
{
	struct leat__run *run = user;
	struct leat_graph *graph = run->graph;
	char buf[LEAT_ERROR_TEXT_BYTES] = "";
	struct leat__text text = {buf, sizeof(buf), 0};
	struct leat_error err;

	(void)ctx;
	/* it has ended otherwise, or ends right now */
	if (leat_ctx_is_done(graph->ctx) || leat__load_acquire(&run->is_over))
		return;
	late_text(graph, &text);
	leat__error(&err, LEAT_ETIMEDOUT, "%s", buf);
	leat__store_relaxed(&run->drain.is_late, 1u);
	leat_ctx_fail(graph->ctx, &err);
}

/* ---- life ---------------------------------------------------------------- */

int
leat__drain_init(struct leat__run *run, struct leat_error *err)
{
	struct leat__drain *drain = &run->drain;
	struct leat_ctx *top = run->graph->ctx;

	drain->deadline_ns = LEAT_NEVER;
	for (uint32_t k = 0; k < run->n_tasks; k++)
		if (task_n_emitting(&run->tasks[k]))
			drain->n_emitting++;
		else
			run->tasks[k].is_past = true;
	LEAT_TRY(leat_ctx_child(top, LEAT_NEVER, &drain->waits, err));
	LEAT_TRY(leat_ctx_child(top, LEAT_NEVER, &drain->timeout, err));
	drain->after.fn = drain_after;
	drain->after.user = run;
	leat_ctx_after(drain->timeout, &drain->after);
	return LEAT_OK;
}

void
leat__drain_close(struct leat__run *run)
{
	struct leat__drain *drain = &run->drain;
	struct leat_ctx *waits, *timeout;

	if (drain->is_closed)
		return;
	leat__lock_take(&drain->lock, run->env);
	drain->is_closed = true;
	waits = drain->waits;
	timeout = drain->timeout;
	leat__lock_drop(&drain->lock, run->env);
	leat_ctx_destroy(waits);
	if (drain->after.fn)
		leat_ctx_after_stop(timeout, &drain->after);
	leat_ctx_destroy(timeout);
}

/* ---- for applications ---------------------------------------------------- */

/* Callbacks of the context take no lock of a drain. */
static void
drain_begin(struct leat__run *run)
{
	struct leat__drain *drain = &run->drain;

	leat__lock_take(&drain->lock, run->env);
	if (!drain->is_begun && !drain->is_closed) {
		drain->is_begun = true;
		drain_enter(
			drain, LEAT_DRAIN_SOURCES, run->env->now_ns(run->env));
	}
	leat__lock_drop(&drain->lock, run->env);
}

static void
drain_end_waits(struct leat__run *run)
{
	struct leat__drain *drain = &run->drain;

	leat__lock_take(&drain->lock, run->env);
	if (!drain->is_closed)
		leat_ctx_cancel(drain->waits, LEAT_ECANCELED, NULL);
	leat__lock_drop(&drain->lock, run->env);
}

void
leat_graph_drain(struct leat_graph *graph)
{
	struct leat__run *run = graph->run;

	if (!run)
		return;
	drain_begin(run);
	/* release: pairs with the acquire in task_produce */
	leat__store_release(&run->is_draining, 1u);
	run->env->event_set(run->env, run->drain_fd);
	drain_end_waits(run);
	leat__run_wake_all(run);
	drain_look(run);
}

int
leat_graph_drain_until(struct leat_graph *graph, int64_t deadline_ns)
{
	struct leat__run *run = graph->run;
	int rc = LEAT_ESTATE;

	if (!run)
		return LEAT_ESTATE;
	leat_graph_drain(graph);
	leat__lock_take(&run->drain.lock, run->env);
	if (!run->drain.is_closed)
		rc = leat_ctx_set_deadline(run->drain.timeout, deadline_ns);
	if (rc == LEAT_OK)
		run->drain.deadline_ns = deadline_ns;
	leat__lock_drop(&run->drain.lock, run->env);
	return rc;
}

static void
stats_of_waits(
	const struct leat_graph *graph, struct leat_drain_stats *stats_out)
{
	struct leat_graph_stats stats;

	for (uint32_t k = 0; k < graph->n_stages; k++)
		stats_out->n_awaited += leat__drain_awaits(graph->stages[k]);
	leat_graph_stats(graph, &stats);
	stats_out->n_left = stats.unfinished;
}

void
leat_graph_drain_stats(
	const struct leat_graph *graph, struct leat_drain_stats *stats_out)
{
	struct leat__run *run = graph->run;

	memset(stats_out, 0, sizeof(*stats_out));
	stats_out->size = (uint32_t)sizeof(*stats_out);
	stats_out->deadline_ns = LEAT_NEVER;
	if (!run)
		return;
	leat__lock_take(&run->drain.lock, run->env);
	stats_out->phase = run->drain.phase;
	stats_out->deadline_ns = run->drain.deadline_ns;
	memcpy(stats_out->began_ns, run->drain.began_ns,
		sizeof(stats_out->began_ns));
	leat__lock_drop(&run->drain.lock, run->env);
	stats_out->is_late = leat__load_relaxed(&run->drain.is_late);
	if (stats_out->phase)
		stats_of_waits(graph, stats_out);
}

const char *
leat_drain_phase_text(uint32_t phase)
{
	static const char *const texts[LEAT_DRAIN_PHASES] = {
		[LEAT_DRAIN_NONE] = "no drain",
		[LEAT_DRAIN_SOURCES] = "the sources stop",
		[LEAT_DRAIN_ARRIVE] = "what was read arrives",
		[LEAT_DRAIN_FINISH] = "stages finish",
		[LEAT_DRAIN_COMMIT] = "sinks complete their outputs",
		[LEAT_DRAIN_OVER] = "the end",
	};

	return phase < LEAT_DRAIN_PHASES ? texts[phase] : "?";
}
