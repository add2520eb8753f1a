/*
 * run/task.c -- step a segment: run its stages until input or credit is gone.
 *
 * Keeps: a stage is called only when everything downstream of it in the
 * segment is empty and every out has credit for max_out frames. So emitting
 * cannot fail, a frame runs through the whole segment while it is hot, and
 * nothing piles up. `at` is the most downstream stage with work: after stage
 * i ran, only i and i+1 can have any.
 * Threads: one at a time; the task's state (worker.c) sees to that.
 * Not here: queues and parking (worker.c), the calls themselves (stage.c),
 * which in the next frame comes from (pull.c), what is promised to those behind
 * (promise.c), what is waited for (rest.c).
 */
#include <string.h>

#include "base/atomic.h"
#include "base/probe.h"
#include "run/bisect.h"
#include "run/pull.h"
#include "run/region.h"
#include "run/sample.h"
#include "run/task.h"
#include "run/trace.h"

#define TASK_QUANTUM_CALLS 64 /* between looks at the clock */

/* ---- credit and closed ends -------------------------------------------------- */

/* Has every receiver downstream closed? Then nobody wants more. */
static bool
task_is_unwanted(const struct leat__task *task)
{
	struct leat_stage *tail = leat__task_tail(task);
	uint32_t n_outs = leat__stage_n_own_outs(tail);

	for (uint32_t k = 0; k < n_outs; k++)
		if (tail->outs[k] && !leat__chan_is_over(&tail->outs[k]->chan))
			return false;
	return n_outs > 0;
}

/* A stage that chooses asks for credit itself; what it finds without any in its
 * call is what it waits for. */
static void
task_forget_wants(struct leat__task *task)
{
	struct leat_stage *tail = leat__task_tail(task);

	for (uint32_t k = 0; k < tail->n_outs; k++)
		tail->outs[k]->is_wanted = false;
}

static bool
task_has_credit(struct leat__task *task, uint32_t at)
{
	if (at + 1 < task->n_nodes)
		return true;
	if (leat__stage_chooses(leat__task_tail(task))) {
		task_forget_wants(task);
		return true;
	}
	return task->region ? leat__region_has_room(task)
			    : !leat__task_short_out(task);
}

static void
task_notify(struct leat__task *task)
{
	struct leat_stage *tail = leat__task_tail(task);

	if (task->region) /* who emits for it tells */
		return;
	for (uint32_t k = 0; k < tail->n_outs; k++)
		if (tail->outs[k])
			leat__chan_notify(
				&tail->outs[k]->chan, task->lane->worker);
}

/* ---- credit for input --------------------------------------------------------- */

/* The head is through with the frame in hand: its credit goes back. */
static void
task_grant(struct leat__task *task)
{
	struct leat__node *head = &task->nodes[0];
	struct leat_stage *st = head->stage;

	leat__probe_3(credit, st->name, head->in_link, head->in_bytes);
	if (task->region)
		leat__region_grant(task, head->in_bytes);
	else if (st->n_ins)
		leat__chan_grant(&st->ins[head->in_link]->chan, 1,
			head->in_bytes, task->lane->worker);
}

/*
 * Does who sends to it wait until all has been granted before it fails? Then a
 * frame is through when all stages of the segment are through with it, for one
 * of them may have enough by it. Such a sender is in one chain with all that is
 * behind it, so nothing else waits for the credit meanwhile.
 */
static bool
task_grants_late(const struct leat__task *task)
{
	const struct leat__node *head = &task->nodes[0];
	const struct leat__task *from;

	if (task->region || !head->stage->n_ins || task->n_nodes == 1)
		return false;
	from = head->stage->ins[head->in_link]->from->task;
	return from && from->region && from->region->is_patient;
}

/* The head is through with its frame, the others may not be. */
static void
task_end_frame(struct leat__task *task)
{
	if (task_grants_late(task))
		task->owes_grant = true;
	else
		task_grant(task);
}

/* After a call: is what the last frame has become through all stages? */
static void
task_pay(struct leat__task *task)
{
	if (!task->owes_grant || task->at)
		return;
	task->owes_grant = false;
	task_grant(task);
}

/* ---- ending ------------------------------------------------------------------ */

static void
task_close_ins(struct leat__task *task)
{
	struct leat_stage *st = task->nodes[0].stage;

	if (st->closes)
		leat__nest_close(st->closes, task->lane->worker);
	for (uint32_t k = 0; k < st->n_ins; k++)
		if (st->ins[k])
			leat__chan_close_recv(
				&st->ins[k]->chan, task->lane->worker);
}

static void
task_close_outs(struct leat__task *task)
{
	struct leat_stage *st = leat__task_tail(task);

	for (uint32_t k = 0; k < st->n_outs; k++)
		if (st->outs[k])
			leat__chan_close_send(
				&st->outs[k]->chan, task->lane->worker);
}

/* Its first n stages have ended. */
static void
task_set_ended(struct leat__task *task, uint32_t n)
{
	leat__store_relaxed(&task->n_ended, n);
	leat__drain_task(task);
}

/* The input of its first n stages has ended. */
static void
task_set_finishing(struct leat__task *task, uint32_t n)
{
	if (task->n_finishing >= n)
		return;
	leat__store_relaxed(&task->n_finishing, n);
	leat__drain_task(task);
}

/*
 * Stage at-1 and all before it are not wanted any more: what they hold is
 * dropped, and counted as filtered by whoever holds it.
 */
static void
task_cut(struct leat__task *task, uint32_t at)
{
	for (uint32_t k = 0; k < at; k++) {
		leat__node_drop_inbox(task, &task->nodes[k], true);
		leat__store_relaxed(
			&task->nodes[k].stage->original->is_cut, 1u);
	}
	if (task->n_ended < at)
		task_set_ended(task, at);
	task->is_head_ended = true;
	task->owes_grant = false;
	task->at = 0;
	task_close_ins(task);
}

static enum leat__task_verdict
task_fail(struct leat__task *task, struct leat_stage *st, int code)
{
	struct leat_error err;
	bool must_wait =
		task->region && task->ticket && !leat__region_may_fail(task);

	/* the first failure is that of the earliest frame, and none if what
	 * came before is enough: looked at last, for who has enough closes
	 * and does not grant */
	if (task->region && task_is_unwanted(task)) {
		task_cut(task, task->n_nodes);
		return LEAT__VERDICT_OVER;
	}
	if (must_wait) {
		task->failed = st;
		task->failed_code = code;
		return LEAT__VERDICT_NO_TURN;
	}
	if (st->error.code != code)
		leat_stage_fail(st, code, "%s", leat_err_text(code));
	leat__stage_error(st, &err);
	leat__store_relaxed(&task->run->is_broken, 1u);
	leat__run_fail(task->run, &err);
	return LEAT__VERDICT_OVER;
}

static void
task_end(struct leat__task *task)
{
	for (uint32_t k = 0; k < task->n_nodes; k++)
		leat__node_drop_inbox(task, &task->nodes[k], false);
	task_set_ended(task, task->n_nodes);
	if (task->region) {
		leat__region_leave(task);
		return;
	}
	task_close_ins(task);
	task_close_outs(task);
}

/* It cannot go on without credit, and has asked for it. */
static enum leat__task_verdict
task_wants(struct leat__task *task)
{
	struct leat_stage *tail = leat__task_tail(task);

	for (uint32_t k = 0; k < tail->n_outs; k++)
		if (tail->outs[k]->is_wanted)
			return LEAT__VERDICT_NO_CREDIT;
	leat_stage_fail(tail, LEAT_EBUG,
		"stage '%s' waits for credit, and has not asked for any",
		tail->name);
	return task_fail(task, tail, LEAT_EBUG);
}

/* ---- one call ---------------------------------------------------------------- */

/* A call of a callback; its time counts so many times. */
static int
task_call(struct leat__task *task, struct leat__node *node,
	int (*call)(struct leat__task *task, struct leat__node *node),
	uint32_t n_times)
{
	const struct leat__env *env = task->run->env;
	int64_t began_ns, ended_ns;
	int rc;

	if (leat__likely(n_times == 0))
		return call(task, node);
	began_ns = leat__sample_begin(task, node);
	rc = call(task, node);
	ended_ns = env->now_ns(env);
	leat__sample_timed(task, node, began_ns, ended_ns, n_times);
	if (leat__trace_has_events(task->lane->trace))
		leat__trace_called(task, node->stage, began_ns, ended_ns);
	return rc;
}

/* The same, of what is called without a frame. */
static int
task_call_other(struct leat__task *task, struct leat__node *node,
	int (*call)(struct leat__task *task, struct leat__node *node),
	uint32_t n_times)
{
	int rc;

	if (leat__unlikely(node->trace != NULL))
		leat__trace_begin_other(task, node);
	rc = task_call(task, node, call, n_times);
	if (leat__unlikely(node->trace != NULL))
		leat__trace_end(task, node, rc);
	return rc;
}

/* After a call: go on with whoever has work now, the most downstream first. */
static void
task_move(struct leat__task *task, uint32_t at)
{
	if (at + 1 < task->n_nodes && task->nodes[at + 1].n_inbox)
		at++;
	while (at > 0 && !task->nodes[at].n_inbox)
		at--;
	task->at = at;
	leat__store_relaxed(&task->shown_at, at);
}

static enum leat__task_verdict
task_process(struct leat__task *task, uint32_t at)
{
	struct leat__node *node = &task->nodes[at];
	int rc;

	if (at == 0 && !node->is_counted)
		leat__sample_next(task);
	if (leat__unlikely(node->trace != NULL) && !node->is_counted)
		leat__trace_begin(task, node);
	rc = task_call(task, node, leat__node_process, task->n_spread);
	if (leat__unlikely(node->trace != NULL))
		leat__trace_end(task, node, rc);

	if (rc == LEAT_EAGAIN && leat__stage_chooses(node->stage))
		return task_wants(task);
	if (rc == LEAT_EOS && task->region)
		rc = leat_stage_fail(node->stage, LEAT_EBUG,
			"stage '%s' wants no further input, but is declared "
			"stateless",
			node->stage->name);
	if (rc < 0 && rc != LEAT_EOS)
		return task_fail(task, node->stage, rc);
	if (rc != LEAT_MORE && node->arrived)
		leat__sample_arrived(task, node);
	if (rc != LEAT_MORE && at == 0) {
		/* who emits for a replica promises; and on ordered links
		 * task_head does */
		if (!task->region && !task->segment->is_ordered)
			leat__task_promise(task);
		/* whom a grant lets fail would not see that it is enough: the
		 * close, which comes next, says both */
		if (rc != LEAT_EOS)
			task_end_frame(task);
	}
	if (rc == LEAT_EOS) {
		/* it ends as if its input had ended; what is left is dropped */
		task_cut(task, at);
		leat__node_drop_inbox(task, node, true);
	}
	/* also if it is held up in its next call */
	if (node->stage->is_restamping)
		leat__task_promise_up_to(task, task->fork_stamp + 1);
	task_move(task, at);
	task_pay(task);
	return LEAT__VERDICT_ON;
}

static void
task_end_source(struct leat__task *task)
{
	task->is_head_ended = true;
	if (leat__load_relaxed(&task->run->is_draining))
		leat__store_relaxed(&task->run->is_drained, 1u);
	task_set_finishing(task, 1);
}

static enum leat__task_verdict task_flush(
	struct leat__task *task, bool is_between);

/* Nothing more is taken in for a while: what the segment has goes on. */
static enum leat__task_verdict
task_pause(struct leat__task *task)
{
	enum leat__task_verdict verdict = task_flush(task, false);

	return verdict == LEAT__VERDICT_NO_INPUT ? LEAT__VERDICT_PAUSED
						 : verdict;
}

static enum leat__task_verdict
task_produce(struct leat__task *task)
{
	struct leat__node *head = &task->nodes[0];
	int rc;

	/* acquire: pairs with the release in leat_graph_drain */
	if (leat__load_acquire(&task->run->is_draining)) {
		task_end_source(task);
		return LEAT__VERDICT_ON;
	}
	if (leat__pause_is_asked(task->run))
		return task_pause(task);
	if (!task_has_credit(task, 0))
		return LEAT__VERDICT_NO_CREDIT;
	leat__sample_next(task);
	if (leat__unlikely(head->trace != NULL))
		leat__trace_begin_source(task, head);
	rc = task_call(task, head, leat__node_produce, task->n_spread);
	if (leat__unlikely(head->trace != NULL))
		leat__trace_end(task, head, rc);
	if (rc == LEAT_EAGAIN && leat__stage_chooses(head->stage))
		return task_wants(task);
	if (rc == LEAT_EOS)
		task_end_source(task);
	else if (rc < 0)
		return task_fail(task, head->stage, rc);
	task_move(task, 0);
	return LEAT__VERDICT_ON;
}

/* One in of a stage that gathers has ended, the others may go on. */
static enum leat__task_verdict
task_end_in(struct leat__task *task)
{
	struct leat__node *head = &task->nodes[0];
	int rc;

	if (!task_has_credit(task, 0))
		return LEAT__VERDICT_NO_CREDIT;
	rc = task_call_other(task, head, leat__node_end_in, 0);
	if (rc < 0 && rc != LEAT_EOS)
		return task_fail(task, head->stage, rc);
	if (rc != LEAT_MORE)
		task->pull.ended = LEAT__IN_NONE;
	if (rc == LEAT_EOS)
		task_cut(task, 0);
	task_move(task, 0);
	return LEAT__VERDICT_ON;
}

static enum leat__task_verdict
task_fail_stuck(struct leat__task *task)
{
	struct leat_stage *st = task->nodes[0].stage;

	return task_fail(task, st,
		leat_stage_fail(st, LEAT_EBUG,
			"stage '%s' wants no frame of any in, and not all have "
			"ended",
			st->name));
}

/* A stage whose input has ended: flush, finish, and on to the next. */
static enum leat__task_verdict
task_finish(struct leat__task *task)
{
	uint32_t at = task->n_ended;
	struct leat__node *node = &task->nodes[at];
	int rc;

	if (!task_has_credit(task, at))
		return LEAT__VERDICT_NO_CREDIT;
	task_set_finishing(task, at + 1);
	if (node->is_flushed && !node->stage->n_outs) {
		if (leat__drain_holds(task->run))
			return LEAT__VERDICT_HELD;
		if (leat__drain_is_cut(task->run))
			return LEAT__VERDICT_ON; /* and the task is stopped */
	}
	if (!node->is_flushed) {
		rc = task_call_other(task, node, leat__node_flush, 0);
		node->is_flushed = rc == LEAT_OK;
	} else {
		task->ended_ns = 0;
		rc = task_call_other(task, node, leat__node_finish,
			node->stage->ops.finish ? 1 : 0);
		if (rc == LEAT_OK)
			task_set_ended(task, at + 1);
	}
	if (rc == LEAT_EAGAIN && leat__stage_chooses(node->stage))
		return task_wants(task);
	if (rc < 0)
		return task_fail(task, node->stage, rc);
	task_move(task, at);
	return LEAT__VERDICT_ON;
}

/* A stage that chooses holds frames for outs without credit: more input is as
 * good a reason to go on as credit is. */
static enum leat__task_verdict
task_holds(struct leat__task *task)
{
	enum leat__task_verdict verdict = task_wants(task);

	return verdict == LEAT__VERDICT_NO_CREDIT ? LEAT__VERDICT_HOLDS
						  : verdict;
}

/* Pass on what stages hold: there is no input right now, or there may be, and
 * stages on ordered branches hold nothing between two frames. NO_INPUT: nothing
 * was held. */
static enum leat__task_verdict
task_flush(struct leat__task *task, bool is_between)
{
	for (uint32_t k = task->n_ended; k < task->n_nodes; k++) {
		struct leat__node *node = &task->nodes[k];
		int rc;

		if (!node->is_dirty || !node->stage->ops.flush ||
			(is_between && !node->is_kept_empty))
			continue;
		if (!task_has_credit(task, k))
			return LEAT__VERDICT_NO_CREDIT;
		task->ended_ns = 0;
		rc = task_call_other(task, node, leat__node_flush, 0);
		if (rc == LEAT_EAGAIN && leat__stage_chooses(node->stage))
			return task_holds(task);
		if (rc < 0)
			return task_fail(task, node->stage, rc);
		node->is_dirty = rc == LEAT_MORE;
		task_move(task, k);
		return LEAT__VERDICT_ON;
	}
	return LEAT__VERDICT_NO_INPUT;
}

/* Of a replica: the frame in hand is through; the next, or the end. */
static enum leat__task_verdict
task_head_of_replica(struct leat__task *task)
{
	struct leat_frame *frame;

	if (task->ticket)
		leat__region_finish(task);
	if (task->is_head_ended)
		return task_finish(task);
	frame = leat__region_take(task);
	if (frame)
		leat__pull_take(task, 0, frame);
	else if (leat__region_is_over(task))
		task->is_head_ended = true;
	else
		return LEAT__VERDICT_NO_INPUT;
	return LEAT__VERDICT_ON;
}

/* The head: its own frame, or more input, or its end. */
static enum leat__task_verdict
task_head(struct leat__task *task)
{
	struct leat_stage *st = task->nodes[0].stage;

	if (task->region)
		return task_head_of_replica(task);
	if (task->segment->is_ordered) {
		enum leat__task_verdict verdict = task_flush(task, true);

		if (verdict != LEAT__VERDICT_NO_INPUT)
			return verdict;
		leat__task_promise_bound(task);
	}
	if (task->pull.ended != LEAT__IN_NONE)
		return task_end_in(task);
	if (task->is_head_ended)
		return leat__task_lacks_room(task) ? LEAT__VERDICT_NO_CREDIT
						   : task_finish(task);
	if (st->ops.produce)
		return task_produce(task);
	if (leat__pull(task) || task->is_head_ended)
		return LEAT__VERDICT_ON;
	if (leat__pull_is_stuck(task))
		return task_fail_stuck(task);
	return task_flush(task, false);
}

/* Has it woken one that this worker is to run next? Then its step ends before
 * the next call, for that may take long. */
static bool
task_has_handed(const struct leat__task *task)
{
	return task->lane->worker && task->lane->worker->handed;
}

/* Is something ready that comes before it? Then it leaves between two frames,
 * long before its quantum is spent. */
static bool
task_must_leave(const struct leat__task *task)
{
	const struct leat__worker *worker = task->lane->worker;

	return worker &&
		leat__rank_has_before(worker->exec, task->job.entry.rank);
}

/* Do the most downstream thing that can be done. */
static enum leat__task_verdict
task_once(struct leat__task *task)
{
	uint32_t at = task->at;

	if (task->n_ended == task->n_nodes)
		return LEAT__VERDICT_OVER;
	if (leat__unlikely(task->failed != NULL))
		return task_fail(task, task->failed, task->failed_code);
	if (!task->nodes[at].n_inbox)
		return task_head(task);
	if (!task_has_credit(task, at) ||
		(at + 1 == task->n_nodes && leat__task_lacks_room(task)))
		return LEAT__VERDICT_NO_CREDIT;
	/* a replica may have emitted to get room */
	return task_has_handed(task) ? LEAT__VERDICT_ON
				     : task_process(task, at);
}

/* What it does from here on. A replica that has no frame because what was done
 * cannot go out is held up like any other. */
static void
task_note(struct leat__task *task, enum leat__doing doing)
{
	const struct leat__env *env = task->run->env;

	if (doing == LEAT__DOING_STARVE && task->region &&
		leat__load_relaxed(&task->region->is_stalled))
		doing = LEAT__DOING_BLOCK;
	leat__timesheet_note(&task->sheet, doing, env->now_ns(env));
}

static enum leat__doing
task_doing(enum leat__task_verdict verdict)
{
	return verdict == LEAT__VERDICT_NO_CREDIT  ? LEAT__DOING_BLOCK
		: verdict == LEAT__VERDICT_NO_TURN ? LEAT__DOING_NOTHING
						   : LEAT__DOING_STARVE;
}

/* ---- the loop ---------------------------------------------------------------- */

/* Is there a reason from outside to end: a cancel, or nobody who wants more? */
static bool
task_is_stopped(struct leat__task *task)
{
	if (leat_ctx_is_done(task->run->graph->ctx)) {
		leat__store_relaxed(&task->run->is_broken, 1u);
		return true;
	}
	if (task->n_ended == task->n_nodes || !task_is_unwanted(task))
		return false;
	task_cut(task, task->n_nodes);
	return true;
}

/*
 * A frame is through: whoever waits for it runs while it is hot; and a blocking
 * stage may wait in its next call. A source that does not wait lets some frames
 * gather, for to wake somebody costs as much as a frame does.
 */
static bool
task_must_notify(struct leat__task *task)
{
	uint32_t burst = task->nodes[0].stage->needs.burst;

	if (burst <= 1 || !task->segment->is_blocking || task->is_head_ended)
		return true;
	task->n_quiet++;
	if (task->n_quiet < burst && !leat__task_short_out(task))
		return false;
	task->n_quiet = 0;
	return true;
}

static enum leat__step
task_loop(struct leat__task *task, int64_t end_ns)
{
	const struct leat__env *env = task->run->env;
	uint32_t n = 0;

	for (;;) {
		enum leat__task_verdict verdict;

		if (task_has_handed(task))
			return LEAT__STEP_AGAIN;
		/* first of all, then once a frame, or more often if one frame
		 * takes many calls */
		if ((task->at == 0 || n % TASK_QUANTUM_CALLS == 0) &&
			task_is_stopped(task))
			return LEAT__STEP_DONE;
		verdict = task_once(task);
		if (verdict == LEAT__VERDICT_OVER)
			return LEAT__STEP_DONE;
		if (verdict != LEAT__VERDICT_ON) {
			task_notify(task);
			if (leat__task_arm(task, verdict)) {
				task_note(task, task_doing(verdict));
				if (leat__unlikely(task->is_traced))
					leat__task_rests(task, verdict);
				return LEAT__STEP_IDLE;
			}
			continue;
		}
		n++;
		if (task->at == 0 || n % TASK_QUANTUM_CALLS == 0) {
			if (task_must_notify(task))
				task_notify(task);
			if (task_must_leave(task))
				return LEAT__STEP_AGAIN;
		}
		if (n % TASK_QUANTUM_CALLS == 0 && env->now_ns(env) >= end_ns)
			return LEAT__STEP_AGAIN;
	}
}

enum leat__step
leat__task_step(struct leat__task *task, struct leat__lane *lane)
{
	const struct leat__env *env = task->run->env;
	int64_t now_ns = env->now_ns(env);
	enum leat__step step;

	if (leat__unlikely(!leat__pause_enter(task)))
		return LEAT__STEP_IDLE;
	task->lane = lane;
	task->ended_ns = 0;
	leat__timesheet_note(&task->sheet, LEAT__DOING_WORK, now_ns);
	if (leat__unlikely(task->is_traced))
		leat__trace_step_began(task, now_ns);
	if (task->region)
		leat__region_resume(task);
	step = task_loop(
		task, now_ns + (int64_t)task->run->graph->opts.quantum_ns);
	if (step == LEAT__STEP_DONE)
		task_end(task);
	if (step != LEAT__STEP_IDLE)
		task_note(task, LEAT__DOING_NOTHING);
	if (leat__unlikely(task->is_traced))
		leat__trace_step_ended(task, now_ns, step);
	task->lane = NULL;
	leat__pause_leave(task);
	return step;
}

/* ---- life -------------------------------------------------------------------- */

static int
node_init(struct leat__task *task, struct leat__node *node,
	struct leat_stage *st, uint32_t max_inbox)
{
	const struct leat__env *env = task->run->env;

	node->stage = st;
	node->called = st->original->called;
	node->arrived = st->original->arrived;
	node->is_kept_empty = leat__order_keeps_empty(st);
	node->max_inbox = max_inbox;
	node->inbox = env->alloc(env, max_inbox * sizeof(*node->inbox));
	if (leat__stage_is_bisected(st)) {
		node->bisect = env->alloc(env, sizeof(*node->bisect));
		if (!node->bisect)
			return LEAT_ENOMEM;
	}
	return node->inbox ? LEAT_OK : LEAT_ENOMEM;
}

int
leat__task_init(struct leat__task *task, struct leat__run *run,
	struct leat__segment *segment, uint32_t replica)
{
	const struct leat__env *env = run->env;

	task->run = run;
	task->segment = segment;
	if (replica == 0)
		segment->run = task;
	leat__parker_init(&task->parker, env);
	task->nodes = env->alloc(env, segment->n_stages * sizeof(*task->nodes));
	if (!task->nodes)
		return LEAT_ENOMEM;
	task->n_nodes = segment->n_stages;
	for (uint32_t k = 0; k < task->n_nodes; k++) {
		uint32_t max_inbox =
			k == 0 ? 1 : segment->stages[k - 1]->needs.max_out;
		struct leat_stage *st =
			leat__stage_instance(segment->stages[k], replica);

		st->task = task;
		LEAT_TRY(node_init(task, &task->nodes[k], st, max_inbox));
	}
	leat__sample_init(task);
	return leat__pull_init(task);
}

void
leat__task_fini(struct leat__task *task)
{
	const struct leat__env *env = task->run ? task->run->env : NULL;

	if (!env || !task->nodes)
		return;
	for (uint32_t k = 0; k < task->n_nodes; k++) {
		if (task->nodes[k].stage)
			task->nodes[k].stage->task = NULL;
		env->free(env, task->nodes[k].inbox);
		env->free(env, task->nodes[k].bisect);
	}
	leat__pull_fini(task);
	env->free(env, task->nodes);
	task->nodes = NULL;
	task->segment->run = NULL;
}
