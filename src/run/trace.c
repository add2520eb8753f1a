/*
 * run/trace.c -- what a run records: its memory, and what its threads do.
 *
 * Threads: the one that starts and ends the run; events by the thread whose
 * lane it is, but leat__trace_woken, which any calls that wakes a task.
 */
#include "run/trace.h"

#include "run/region.h"

/* ---- how much -------------------------------------------------------------- */

static bool
trace_has_spans(const struct leat_graph *graph)
{
	return graph->tracing->ring_spans > 0;
}

static uint32_t
trace_max_inbox(const struct leat__segment *segment, uint32_t at)
{
	return at == 0 ? 1 : segment->stages[at - 1]->needs.max_out;
}

static uint32_t
trace_max_out(const struct leat__segment *segment)
{
	return segment->stages[segment->n_stages - 1]->needs.max_out;
}

static uint32_t
trace_capacity(const struct leat_graph *graph, const struct leat__link *link)
{
	return link->capacity_frames ? link->capacity_frames
				     : graph->opts.capacity_frames;
}

/* Nodes of all tasks, and places where frames wait. */
static void
trace_count(const struct leat_graph *graph, uint64_t *nodes_out,
	uint64_t *places_out)
{
	uint64_t n_nodes = 0, n_places = 0;

	for (uint32_t k = 0; k < graph->n_segments; k++) {
		const struct leat__segment *segment = &graph->segments[k];
		uint64_t n_replicas = segment->n_replicas;

		n_nodes += n_replicas * segment->n_stages;
		for (uint32_t at = 0; at < segment->n_stages; at++)
			n_places += n_replicas * trace_max_inbox(segment, at);
		if (n_replicas > 1)
			n_places += (uint64_t)segment->window *
				trace_max_out(segment);
	}
	for (uint32_t k = 0; k < graph->n_links; k++)
		if (!graph->links[k]->is_fused)
			n_places += trace_capacity(graph, graph->links[k]) + 1;
	*nodes_out = n_nodes;
	*places_out = n_places;
}

uint64_t
leat__trace_bytes(const struct leat_graph *graph)
{
	const struct leat__tracing *tracing = graph->tracing;
	uint64_t n_nodes, n_places, n_slots = 0;
	uint64_t n_bytes = graph->n_threads *
		(sizeof(struct leat__trace_lane) +
			tracing->ring_events *
				sizeof(struct leat__trace_event) +
			tracing->ring_spans * sizeof(struct leat__trace_span));

	if (!trace_has_spans(graph))
		return n_bytes;
	for (uint32_t c = 0; c < graph->n_classes; c++)
		n_slots += graph->classes[c].n_slots;
	trace_count(graph, &n_nodes, &n_places);
	return n_bytes + n_nodes * sizeof(struct leat__trace_node) +
		n_places * sizeof(uint64_t) + n_slots * LEAT__FRAME_TRACE_BYTES;
}

/* ---- rings ----------------------------------------------------------------- */

static int
ring_init(struct leat__trace_ring *ring, const struct leat__env *env,
	uint32_t n_cells, uint32_t cell_bytes)
{
	if (!n_cells)
		return LEAT_OK;
	ring->cell_bytes = cell_bytes;
	ring->cells = env->alloc(env, (uint64_t)n_cells * cell_bytes);
	if (!ring->cells)
		return LEAT_ENOMEM;
	ring->n_cells = n_cells;
	return LEAT_OK;
}

static int
trace_init_lane(struct leat__run *run, struct leat__trace_lane *lane)
{
	const struct leat__tracing *tracing = run->graph->tracing;
	const struct leat__env *env = run->env;

	lane->number = (uint32_t)(lane - tracing->lanes);
	lane->random = env->random(env);
	LEAT_TRY(ring_init(&lane->events, env, tracing->ring_events,
		sizeof(struct leat__trace_event)));
	return ring_init(&lane->spans, env, tracing->ring_spans,
		sizeof(struct leat__trace_span));
}

/* Lanes of workers come first, then those of tasks with a thread. */
static int
trace_init_lanes(struct leat__run *run)
{
	struct leat__tracing *tracing = run->graph->tracing;
	uint32_t n = 0;

	tracing->lanes = run->env->alloc(
		run->env, run->graph->n_threads * sizeof(*tracing->lanes));
	if (!tracing->lanes)
		return LEAT_ENOMEM;
	tracing->n_lanes = run->graph->n_threads;
	for (uint32_t k = 0; k < tracing->n_lanes; k++)
		LEAT_TRY(trace_init_lane(run, &tracing->lanes[k]));
	for (; n < run->exec.n_workers; n++) {
		run->exec.workers[n].trace = &tracing->lanes[n];
		run->lanes[n].trace = &tracing->lanes[n];
	}
	for (uint32_t k = 0; k < run->n_tasks; k++) {
		struct leat__task *task = &run->tasks[k];

		task->is_traced = tracing->ring_events > 0;
		if (!task->segment->is_blocking)
			continue;
		tracing->lanes[n].task = task;
		task->own_lane.trace = &tracing->lanes[n++];
	}
	return LEAT_OK;
}

/* ---- places ---------------------------------------------------------------- */

static void
trace_init_task(struct leat__task *task, struct leat__trace_node **node,
	uint64_t **place)
{
	for (uint32_t k = 0; k < task->n_nodes; k++) {
		task->nodes[k].trace = (*node)++;
		task->nodes[k].trace->parents = *place;
		*place += trace_max_inbox(task->segment, k);
	}
}

static void
trace_init_region(struct leat__region *region, uint64_t **place)
{
	for (uint32_t k = 0; k < region->window; k++) {
		region->tickets[k].parents = *place;
		*place += region->max_out;
	}
}

static int
trace_init_places(struct leat__run *run)
{
	struct leat_graph *graph = run->graph;
	struct leat__tracing *tracing = graph->tracing;
	const struct leat__env *env = run->env;
	struct leat__trace_node *node;
	uint64_t n_nodes, n_places, *place;

	trace_count(graph, &n_nodes, &n_places);
	node = tracing->nodes = env->alloc(env, n_nodes * sizeof(*node));
	place = tracing->parents = env->alloc(env, n_places * sizeof(*place));
	if (!node || !place)
		return LEAT_ENOMEM;
	for (uint32_t k = 0; k < run->n_tasks; k++)
		trace_init_task(&run->tasks[k], &node, &place);
	for (uint32_t k = 0; k < run->n_regions; k++)
		trace_init_region(&run->regions[k], &place);
	for (uint32_t k = 0; k < graph->n_links; k++) {
		if (graph->links[k]->is_fused)
			continue;
		graph->links[k]->chan.parents = place;
		place += trace_capacity(graph, graph->links[k]) + 1;
	}
	LEAT_INVARIANT(place == tracing->parents + n_places);
	return run->pool ? leat__pool_trace(run->pool) : LEAT_OK;
}

/* ---- life ------------------------------------------------------------------ */

int
leat__trace_init(struct leat__run *run, struct leat_error *err)
{
	struct leat_graph *graph = run->graph;

	if (!graph->tracing)
		return LEAT_OK;
	for (uint32_t k = 0; k < graph->n_links; k++)
		graph->links[k]->number = k;
	if (trace_init_lanes(run) < 0 ||
		(trace_has_spans(graph) && trace_init_places(run) < 0))
		return leat__error(
			err, LEAT_ENOMEM, "no memory to trace the run");
	return LEAT_OK;
}

void
leat__trace_fini(struct leat__run *run)
{
	struct leat__tracing *tracing = run->graph->tracing;
	const struct leat__env *env = run->env;

	if (!tracing)
		return;
	for (uint32_t k = 0; k < tracing->n_lanes; k++) {
		env->free(env, tracing->lanes[k].events.cells);
		env->free(env, tracing->lanes[k].spans.cells);
	}
	env->free(env, tracing->lanes);
	env->free(env, tracing->nodes);
	env->free(env, tracing->parents);
	tracing->lanes = NULL;
	tracing->nodes = NULL;
	tracing->parents = NULL;
	tracing->n_lanes = 0;
}

/* ---- events ---------------------------------------------------------------- */

void
leat__trace_event(
	struct leat__trace_lane *lane, const struct leat__trace_event *event)
{
	struct leat__trace_event *cell = lane->events.n_cells
		? leat__trace_ring_cell(&lane->events)
		: NULL;

	if (!cell)
		return;
	*cell = *event;
	leat__trace_ring_put(&lane->events);
}

static uint32_t
trace_number(const struct leat__task *task)
{
	return (uint32_t)(task - task->run->tasks);
}

static void
trace_span_of_task(struct leat__task *task, enum leat__trace_kind kind,
	uint64_t from_ns, uint64_t to_ns)
{
	struct leat__trace_event event = {.at_ns = from_ns,
		.took_ns = to_ns > from_ns ? to_ns - from_ns : 0,
		.kind = (uint16_t)kind,
		.why = (uint16_t)task->trace.why,
		.subject = trace_number(task),
		.object = task->trace.link};

	leat__trace_event(task->lane->trace, &event);
}

/* Who was woken before it rested was ready all the time. */
void
leat__trace_step_began(struct leat__task *task, int64_t now_ns)
{
	struct leat__trace_rest *rest = &task->trace;
	uint64_t since_ns = (uint64_t)rest->since_ns;
	uint64_t woken_ns = leat__load_relaxed(&rest->woken_ns);

	leat__store_relaxed(&rest->woken_ns, (uint64_t)0);
	if (!since_ns)
		return;
	if (rest->why == LEAT__TRACE_QUANTUM)
		woken_ns = since_ns;
	else if (!woken_ns || woken_ns > (uint64_t)now_ns)
		woken_ns = (uint64_t)now_ns;
	if (woken_ns > since_ns)
		trace_span_of_task(task, LEAT__TRACE_WAIT, since_ns, woken_ns);
	else
		woken_ns = since_ns;
	if ((uint64_t)now_ns > woken_ns)
		trace_span_of_task(
			task, LEAT__TRACE_READY, woken_ns, (uint64_t)now_ns);
}

static void
trace_link(
	struct leat__task *task, const struct leat__link *link, int64_t now_ns)
{
	const struct leat__chan *ch = &link->chan;
	uint64_t flight = leat__load_relaxed(&ch->sent_frames) -
		leat__load_relaxed(&ch->granted_frames);
	struct leat__trace_event event = {.at_ns = (uint64_t)now_ns,
		.kind = LEAT__TRACE_LINK,
		.subject = link->number,
		.n = (uint32_t)leat__chan_queued(ch)};

	event.object = flight < ch->capacity_frames
		? (uint32_t)(ch->capacity_frames - flight)
		: 0;
	leat__trace_event(task->lane->trace, &event);
}

static void
trace_links(struct leat__task *task, int64_t now_ns)
{
	const struct leat_stage *head = task->nodes[0].stage->original;
	const struct leat_stage *tail =
		task->nodes[task->n_nodes - 1].stage->original;

	for (uint32_t k = 0; k < head->n_ins && k < LEAT__TRACE_LINKS; k++)
		if (head->ins[k])
			trace_link(task, head->ins[k], now_ns);
	for (uint32_t k = 0; k < tail->n_outs && k < LEAT__TRACE_LINKS; k++)
		if (tail->outs[k])
			trace_link(task, tail->outs[k], now_ns);
}

void
leat__trace_step_ended(
	struct leat__task *task, int64_t began_ns, enum leat__step step)
{
	const struct leat__env *env = task->run->env;
	struct leat__trace_rest *rest = &task->trace;
	int64_t now_ns = env->now_ns(env);

	if (step == LEAT__STEP_AGAIN)
		rest->why = LEAT__TRACE_QUANTUM;
	else if (step == LEAT__STEP_DONE)
		rest->why = LEAT__TRACE_ENDED;
	if (step != LEAT__STEP_IDLE)
		rest->link = LEAT__TRACE_NOBODY;
	trace_span_of_task(
		task, LEAT__TRACE_SLICE, (uint64_t)began_ns, (uint64_t)now_ns);
	trace_links(task, now_ns);
	rest->since_ns = step == LEAT__STEP_DONE ? 0 : now_ns;
}

void
leat__trace_called(struct leat__task *task, const struct leat_stage *stage,
	int64_t began_ns, int64_t ended_ns)
{
	struct leat__trace_event event = {.at_ns = (uint64_t)began_ns,
		.took_ns = (uint64_t)(ended_ns - began_ns),
		.kind = LEAT__TRACE_CALL,
		.subject = stage->number};

	leat__trace_event(task->lane->trace, &event);
}

void
leat__trace_outside(struct leat__task *task, const struct leat_stage *st,
	enum leat__doing doing)
{
	const struct leat__env *env = task->run->env;
	struct leat__trace_rest *rest = &task->trace;
	uint64_t now_ns = (uint64_t)env->now_ns(env);
	struct leat__trace_event event = {.at_ns = rest->outside_ns,
		.took_ns = now_ns - rest->outside_ns,
		.kind = LEAT__TRACE_OUTSIDE,
		.why = (uint16_t)rest->why,
		.subject = st->number};

	if (doing == LEAT__DOING_WORK && rest->outside_ns)
		leat__trace_event(task->lane->trace, &event);
	rest->outside_ns = doing == LEAT__DOING_WORK ? 0 : now_ns;
	rest->why = doing == LEAT__DOING_STARVE ? LEAT__TRACE_GIVE
						: LEAT__TRACE_TAKE;
}

void
leat__trace_woken(struct leat__task *task, struct leat__worker *worker)
{
	const struct leat__env *env = task->run->env;
	uint64_t now_ns = (uint64_t)env->now_ns(env);
	struct leat__trace_event event = {.at_ns = now_ns,
		.kind = LEAT__TRACE_WAKE,
		.subject = trace_number(task)};

	/* of several the first; two at once are as good as each other */
	if (!leat__load_relaxed(&task->trace.woken_ns))
		leat__store_relaxed(&task->trace.woken_ns, now_ns);
	if (worker && worker->trace)
		leat__trace_event(worker->trace, &event);
}

void
leat__trace_parked(struct leat__worker *worker, int64_t since_ns)
{
	const struct leat__env *env = worker->exec->env;
	struct leat__trace_event event = {.at_ns = (uint64_t)since_ns,
		.took_ns = (uint64_t)(env->now_ns(env) - since_ns),
		.kind = LEAT__TRACE_PARK};

	leat__trace_event(worker->trace, &event);
}

void
leat__trace_stole(struct leat__worker *worker,
	const struct leat__worker *victim, uint32_t n)
{
	const struct leat__env *env = worker->exec->env;
	struct leat__trace_event event = {.at_ns = (uint64_t)env->now_ns(env),
		.kind = LEAT__TRACE_STEAL,
		.subject = victim->number,
		.n = n};

	leat__trace_event(worker->trace, &event);
}
