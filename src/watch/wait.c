/*
 * watch/wait.c -- what a segment waits for, and whom.
 *
 * From what tasks note anyhow: their timesheets, which of their stages is
 * called, the counters of channels. Who waits for room waits for the receiver
 * of a link without credit; who waits for input, for the sender of one that is
 * empty, of an ordered merge the one that has promised least.
 * Keeps: nothing. While tasks run the answer is of a moment; who has really
 * stopped does not change what is read here.
 * Threads: any.
 */
#include <string.h>

#include "run/region.h"
#include "watch/wait.h"

#define WAIT_LOOKS 16 /* at an entry that is being written */

/* ---- links -------------------------------------------------------------- */

uint32_t
leat__wait_flight(const struct leat__link *link)
{
	const struct leat__chan *ch = &link->chan;
	/* acquire: what was sent is not older */
	uint64_t granted = leat__load_acquire(&ch->granted_frames);

	if (link->is_fused)
		return 0;
	return (uint32_t)leat__min_u64(
		leat__load_relaxed(&ch->sent_frames) - granted,
		ch->capacity_frames);
}

static uint32_t
link_queued(const struct leat__link *link)
{
	const struct leat__chan *ch = &link->chan;
	/* acquire: what was sent is not older */
	uint64_t taken = leat__load_acquire(&ch->taken_frames);

	return (uint32_t)(leat__load_relaxed(&ch->sent_frames) - taken);
}

static bool
link_is_short(const struct leat__link *link)
{
	const struct leat__chan *ch = &link->chan;
	uint32_t flight = leat__wait_flight(link);

	if (leat__chan_is_over(ch))
		return false;
	return ch->capacity_frames - flight < link->n_at_once ||
		(ch->capacity_bytes && flight &&
			leat__load_relaxed(&ch->sent_bytes) -
					leat__load_relaxed(
						&ch->granted_bytes) >=
				ch->capacity_bytes);
}

static bool
link_is_empty(const struct leat__link *link)
{
	return !leat__load_relaxed(&link->chan.is_send_closed) &&
		link_queued(link) == 0;
}

/* ---- one task ----------------------------------------------------------- */

/* What it does, and since when. */
static enum leat__doing
task_doing(const struct leat__task *task, int64_t *since_ns)
{
	uint64_t entry = 0;

	for (int k = 0; k < WAIT_LOOKS && !entry; k++)
		/* acquire: where is not older; pairs with the releases in
		 * leat__timesheet_note */
		entry = leat__load_acquire(&task->sheet.entry);
	if (!entry) {
		*since_ns = task->run->env->now_ns(task->run->env);
		return LEAT__DOING_WORK;
	}
	*since_ns = (int64_t)(entry >> 2);
	return (enum leat__doing)(entry & 3u);
}

static enum leat__wait_kind
task_kind(const struct leat__task *task, int64_t *since_ns)
{
	static const enum leat__wait_kind kinds[][LEAT__DOINGS] = {
		{LEAT__WAIT_WORKER, LEAT__WAIT_CALL, LEAT__WAIT_INPUT,
			LEAT__WAIT_ROOM},
		{LEAT__WAIT_WORKER, LEAT__WAIT_CALL, LEAT__WAIT_GIVE,
			LEAT__WAIT_TAKE},
		{LEAT__WAIT_WORKER, LEAT__WAIT_CALL, LEAT__WAIT_INPUT,
			LEAT__WAIT_GUARD}};
	enum leat__doing doing = task_doing(task, since_ns);

	/* acquire: pairs with the releases in job_run, run_block */
	if (leat__load_acquire(&task->job.state) == LEAT__JOB_DONE)
		return LEAT__WAIT_OVER;
	return kinds[leat__load_relaxed(&task->where)][doing];
}

/* ---- a segment ---------------------------------------------------------- */

static const struct leat_stage *
segment_tail(const struct leat__segment *segment)
{
	return segment->stages[segment->n_stages - 1];
}

/* The merge that must get on before branches can begin anew. */
static const struct leat_stage *
stage_closer(const struct leat_stage *st)
{
	const struct leat_graph *graph = st->graph;

	for (uint32_t k = 0; st->opens && k < graph->n_stages; k++)
		if (graph->stages[k]->closes == st->opens)
			return graph->stages[k];
	return NULL;
}

static void
wait_for_room(const struct leat__segment *segment, struct leat__wait *wait)
{
	const struct leat_stage *tail = segment_tail(segment);
	const struct leat_stage *closer = stage_closer(tail);

	wait->stage = tail;
	for (uint32_t k = 0; k < tail->n_outs; k++) {
		if (!link_is_short(tail->outs[k]))
			continue;
		wait->link = tail->outs[k];
		wait->on = wait->link->to->segment;
		return;
	}
	if (closer)
		wait->on = closer->segment;
}

/* Has it promised less than the best so far? Of equals the first. */
static bool
link_is_behind(const struct leat__link *link, const struct leat__link *best)
{
	return !best ||
		leat__load_relaxed(&link->chan.frontier) <
		leat__load_relaxed(&best->chan.frontier);
}

static void
wait_for_input(const struct leat__segment *segment, struct leat__wait *wait)
{
	const struct leat_stage *head = segment->stages[0];

	wait->stage = head;
	for (uint32_t k = 0; k < head->n_ins; k++)
		if (link_is_empty(head->ins[k]) &&
			link_is_behind(head->ins[k], wait->link))
			wait->link = head->ins[k];
	/* one in that has something is enough for a merge as they come */
	if (wait->link)
		wait->on = wait->link->from->segment;
}

/* The task that tells most of the segment, of equals the one for longest. */
static const struct leat__task *
segment_task(const struct leat__segment *segment, struct leat__wait *wait)
{
	const struct leat__task *tasks = segment->run, *best = &tasks[0];

	wait->kind = task_kind(best, &wait->since_ns);
	for (uint32_t k = 1; k < segment->n_replicas; k++) {
		int64_t since_ns;
		enum leat__wait_kind kind = task_kind(&tasks[k], &since_ns);

		if (kind < wait->kind ||
			(kind == wait->kind && since_ns >= wait->since_ns))
			continue;
		best = &tasks[k];
		wait->kind = kind;
		wait->since_ns = since_ns;
	}
	return best;
}

void
leat__wait_of(const struct leat__segment *segment, struct leat__wait *wait_out)
{
	const struct leat__task *task;

	memset(wait_out, 0, sizeof(*wait_out));
	task = segment_task(segment, wait_out);
	wait_out->stage = segment->stages[leat__load_relaxed(&task->shown_at)];
	if (wait_out->kind == LEAT__WAIT_ROOM)
		wait_for_room(segment, wait_out);
	else if (wait_out->kind == LEAT__WAIT_INPUT)
		wait_for_input(segment, wait_out);
}

/* ---- work and progress -------------------------------------------------- */

static bool
segment_has_frames(const struct leat__segment *segment)
{
	const struct leat_stage *head = segment->stages[0];

	for (uint32_t k = 0; k < head->n_ins; k++)
		if (!leat__chan_is_recv_closed(&head->ins[k]->chan) &&
			leat__wait_flight(head->ins[k]))
			return true;
	return false;
}

bool
leat__wait_has_work(
	const struct leat__segment *segment, const struct leat__wait *wait)
{
	bool is_source = segment->stages[0]->n_ins == 0;

	switch (wait->kind) {
	case LEAT__WAIT_OVER:
		return false;
	case LEAT__WAIT_ROOM:
	case LEAT__WAIT_TAKE:
		return true;
	case LEAT__WAIT_CALL:
	case LEAT__WAIT_GIVE:
		return wait->stage->at > 0 || !is_source;
	default:
		return segment_has_frames(segment);
	}
}

static uint64_t
stage_progress(const struct leat_stage *st)
{
	const struct leat__counters *c = &st->counters;
	uint64_t n = leat__load_relaxed(&c->in_frames) +
		leat__load_relaxed(&c->out_frames);

	for (uint32_t k = 0; k < LEAT_COUNT_N; k++)
		n += leat__load_relaxed(&c->counts[k]);
	return n;
}

uint64_t
leat__wait_progress(const struct leat__segment *segment)
{
	uint64_t n = 0;

	for (uint32_t j = 0; j < segment->n_stages; j++)
		for (uint32_t k = 0; k < segment->n_replicas; k++)
			n += stage_progress(
				leat__stage_instance(segment->stages[j], k));
	return n;
}

const struct leat__segment *
leat__wait_root(
	const struct leat_graph *graph, const struct leat__segment *from)
{
	struct leat__wait wait;

	for (uint32_t n = 0; n < graph->n_segments; n++) {
		leat__wait_of(from, &wait);
		if (!wait.on)
			return from;
		from = wait.on;
	}
	return from;
}
