/*
 * run/region.c -- tickets, the window, and who emits.
 *
 * Keeps: one task emits at a time (is_emitting), and looks again after it has
 * said that it does not any more; who rests says so under the lock, after a
 * last look at what it waits for, so whoever makes that finds it there.
 * A region that is stalled goes on by its out's grant: is_stalled is set
 * before the sender is armed, and cleared by whom that wakes.
 * Threads: those of the replicas' tasks; the wakers' from any, with no lock of
 * another region held.
 * Source: the reorder buffer of a processor; Tomasulo, 1967.
 */
#include "run/region.h"
#include "run/trace.h"

#define REGION_LOOKS 16u /* frames from one look at the clock to the next */

static struct leat__ticket *
region_ticket(const struct leat__region *region, uint64_t number)
{
	return &region->tickets[number % region->window];
}

/* ---- resting and waking ------------------------------------------------- */

/* Tasks to be woken when the lock is gone. */
struct wakes {
	struct leat__task *one; /* or NULL */
	struct leat__task *oldest;
	bool is_all;
};

/* One of the first n who rests for this; he does not rest any more. NULL =
 * nobody. */
static struct leat__task *
region_pick_locked(
	struct leat__region *region, enum leat__rest what, uint32_t n)
{
	for (uint32_t k = 0; region->n_resting && k < n; k++) {
		struct leat__task *task = &region->tasks[k];

		if (task->rest != what)
			continue;
		task->rest = LEAT__REST_NONE;
		region->n_resting--;
		return task;
	}
	return NULL;
}

static void
region_unrest_locked(struct leat__region *region, struct leat__task *task)
{
	if (task->rest != LEAT__REST_NONE)
		region->n_resting--;
	task->rest = LEAT__REST_NONE;
}

/* The oldest ticket is another now; its holder may have waited for that. */
static void
region_call_locked(struct leat__region *region, struct wakes *wakes)
{
	struct leat__task *holder =
		region_ticket(region, leat__load_relaxed(&region->head))
			->holder;

	if (!holder || holder->rest != LEAT__REST_TURN)
		return;
	region_unrest_locked(region, holder);
	wakes->oldest = holder;
}

static void
region_wake(const struct leat__region *region, const struct wakes *wakes,
	void *hint)
{
	if (wakes->one)
		wakes->one->waker.wake(&wakes->one->waker, hint);
	if (wakes->oldest)
		wakes->oldest->waker.wake(&wakes->oldest->waker, hint);
	for (uint32_t k = 0; wakes->is_all && k < region->n_tasks; k++)
		region->tasks[k].waker.wake(&region->tasks[k].waker, hint);
}

static bool
region_has_ticket(const struct leat__region *region)
{
	return region->next - leat__load_relaxed(&region->head) <
		region->window;
}

/* All that came in has gone out, and nothing will come. */
static bool
region_is_over_locked(const struct leat__region *region)
{
	return region->is_in_ended &&
		region->next == leat__load_relaxed(&region->head);
}

/* Who rests for input is woken if there is some, else told of the next. One at
 * a time: who was picked must be woken, and invites the next one. */
static void
region_invite_locked(struct leat__region *region, struct wakes *wakes)
{
	if (!wakes->one && region->n_resting && !region->is_in_ended &&
		region_has_ticket(region) &&
		!leat__chan_arm_receiver(&region->in->chan))
		wakes->one = region_pick_locked(
			region, LEAT__REST_INPUT, region->n_active);
}

static void
region_on_input(struct leat__waker *waker, void *hint)
{
	struct leat__region *region =
		leat__container_of(waker, struct leat__region, on_input);
	struct wakes wakes = {0};

	leat__lock_take(&region->lock, region->run->env);
	wakes.one =
		region_pick_locked(region, LEAT__REST_INPUT, region->n_active);
	leat__lock_drop(&region->lock, region->run->env);
	region_wake(region, &wakes, hint);
}

static void
region_on_credit(struct leat__waker *waker, void *hint)
{
	struct leat__region *region =
		leat__container_of(waker, struct leat__region, on_credit);
	struct wakes wakes = {0};

	/* pairs with the store in region_stall */
	leat__store_seq(&region->is_stalled, 0u);
	leat__lock_take(&region->lock, region->run->env);
	wakes.is_all = leat__chan_is_recv_closed(&region->out->chan);
	for (uint32_t what = LEAT__REST_INPUT;
		!wakes.one && what <= LEAT__REST_TURN; what++)
		wakes.one = region_pick_locked(
			region, (enum leat__rest)what, region->n_tasks);
	/* or it wants to fail, and waits for the receiver to be through */
	region_call_locked(region, &wakes);
	region->must_emit = !wakes.one && !wakes.oldest;
	leat__lock_drop(&region->lock, region->run->env);
	region_wake(region, &wakes, hint);
}

/* ---- emitting ----------------------------------------------------------- */

/* true: no credit, and whoever gives some will see to it. */
static bool
region_stall(struct leat__region *region)
{
	struct leat__chan *ch = &region->out->chan;

	if (leat__chan_credit(ch, 1) > 0 || leat__chan_is_recv_closed(ch))
		return false;
	/* before the arming: pairs with the store in region_on_credit */
	leat__store_seq(&region->is_stalled, 1u);
	if (leat__chan_arm_sender(ch, 1))
		return true;
	leat__store_seq(&region->is_stalled, 0u);
	return false;
}

/* What a ticket has so far. false: stalled. */
static bool
region_send_ticket(struct leat__region *region, struct leat__task *task,
	struct leat__ticket *ticket)
{
	/* acquire: the frames; pairs with the release in leat__region_put */
	uint64_t n_put = leat__load_acquire(&ticket->n_put);
	uint64_t n_sent = leat__load_relaxed(&ticket->n_sent);

	for (; n_sent != n_put; n_sent++) {
		if (region_stall(region))
			return false;
		if (leat__unlikely(ticket->parents != NULL))
			leat__trace_passed(region, ticket, n_sent);
		leat__link_send(region->out, &task->lane->cache,
			ticket->frames[n_sent % region->max_out]);
		/* release: the cell was read; pairs with the acquire in
		 * ticket_has_room */
		leat__store_release(&ticket->n_sent, n_sent + 1);
	}
	return true;
}

/* Its holder may have waited for room, or to fail. */
static void
region_tell_holder(struct leat__region *region, struct leat__task *task,
	const struct leat__ticket *ticket)
{
	struct wakes wakes = {0};

	leat__lock_take(&region->lock, region->run->env);
	if (ticket->holder->rest == LEAT__REST_ROOM ||
		ticket->holder->rest == LEAT__REST_TURN) {
		region_unrest_locked(region, ticket->holder);
		wakes.one = ticket->holder;
	}
	leat__lock_drop(&region->lock, region->run->env);
	region_wake(region, &wakes, task->lane->worker);
}

/* What comes next is that of the oldest ticket, or of the next frame. true:
 * more is promised than before. */
static bool
region_promise_locked(struct leat__region *region)
{
	uint64_t head = leat__load_relaxed(&region->head);
	uint64_t bound = head == region->next
		? leat__min_u64(
			  leat__chan_bound(&region->in->chan), LEAT__STAMP_LAST)
		: region_ticket(region, head)->stamp;

	if (bound <= region->bound)
		return false;
	region->bound = bound;
	leat__chan_set_frontier(&region->out->chan, bound);
	return true;
}

/* The oldest ticket has gone out. */
static void
region_advance(struct leat__region *region, struct leat__task *task)
{
	uint64_t head = leat__load_relaxed(&region->head);
	struct wakes wakes = {0};

	leat__lock_take(&region->lock, region->run->env);
	leat__store_seq(&region->head, head + 1);
	region_promise_locked(region);
	region_call_locked(region, &wakes);
	region_invite_locked(region, &wakes);
	wakes.is_all = region_is_over_locked(region);
	leat__lock_drop(&region->lock, region->run->env);
	region_wake(region, &wakes, task->lane->worker);
}

/* All that can go out. Only one task is in here. */
static void
region_emit_all(struct leat__region *region, struct leat__task *task)
{
	for (;;) {
		uint64_t head = leat__load_relaxed(&region->head);
		struct leat__ticket *ticket = region_ticket(region, head);
		/* acquire, and before its frames are counted: pairs with the
		 * release in leat__region_finish */
		bool is_done = leat__load_acquire(&ticket->done) == head + 1;
		uint64_t n_sent = leat__load_relaxed(&ticket->n_sent);

		if (!region_send_ticket(region, task, ticket))
			return;
		if (is_done) {
			region_advance(region, task);
			continue;
		}
		if (n_sent != leat__load_relaxed(&ticket->n_sent))
			region_tell_holder(region, task, ticket);
		return;
	}
}

static bool
region_can_emit(struct leat__region *region)
{
	/* seq: read after is_emitting was cleared; pairs with the stores of who
	 * finishes or puts, and then finds it set */
	uint64_t head = leat__load_seq(&region->head);
	struct leat__ticket *ticket = region_ticket(region, head);

	return !leat__load_seq(&region->is_stalled) &&
		(leat__load_seq(&ticket->done) == head + 1 ||
			leat__load_seq(&ticket->n_put) !=
				leat__load_seq(&ticket->n_sent));
}

static void
region_emit(struct leat__region *region, struct leat__task *task)
{
	while (region_can_emit(region)) {
		/* pairs with the store below */
		if (leat__swap_seq(&region->is_emitting, 1u))
			return; /* that one looks again */
		region_emit_all(region, task);
		leat__store_seq(&region->is_emitting, 0u);
		leat__fence_seq();
		leat__chan_notify(&region->out->chan, task->lane->worker);
	}
}

/* ---- how many are at work ----------------------------------------------- */

/* Does it draw tickets? */
static bool
region_is_active(
	const struct leat__region *region, const struct leat__task *task)
{
	return (uint32_t)(task - region->tasks) < region->n_active;
}

static void
region_set_active_locked(
	struct leat__region *region, uint32_t n, struct wakes *wakes)
{
	region->n_active = n;
	region_invite_locked(region, wakes);
}

void
leat__region_set_active(struct leat__region *region, uint32_t n)
{
	struct wakes wakes = {0};

	LEAT_INVARIANT(n >= 1 && n <= region->n_tasks);
	leat__lock_take(&region->lock, region->run->env);
	region_set_active_locked(region, n, &wakes);
	leat__lock_drop(&region->lock, region->run->env);
	region_wake(region, &wakes, NULL);
}

static void
region_tick_locked(
	struct leat__region *region, int64_t now_ns, struct wakes *wakes)
{
	struct leat_resize resize;

	if (!leat__elastic_tick(&region->elastic->elastic, now_ns, &resize))
		return;
	leat__parallel_note(region->elastic, &resize);
	region_set_active_locked(region, resize.n_after, wakes);
}

/* The share of the places for frames that wait which is full; those in hand
 * have places of their own. */
static double
region_fullness_locked(const struct leat__region *region)
{
	uint32_t capacity = region->in->capacity_frames;
	uint32_t n_waiting = ck_ring_size(&region->in->chan.ring);

	return region->n_in_hand < capacity
		? (double)n_waiting / (capacity - region->n_in_hand)
		: LEAT__ELASTIC_UNKNOWN;
}

/* Somebody is through with a frame, and has not yet given its credit back: does
 * the number of replicas change? Now and then the clock is read. */
static void
region_watch_locked(struct leat__region *region, const struct leat__task *task,
	struct wakes *wakes)
{
	const struct leat__env *env = region->run->env;
	struct leat__elastic *e = &region->elastic->elastic;
	int64_t birth_ns = task->nodes[0].birth_ns, now_ns;

	leat__elastic_look(e, region_fullness_locked(region));
	if (e->n_looks % REGION_LOOKS != 1)
		return;
	now_ns = env->now_ns(env);
	if (birth_ns)
		leat__elastic_age(e, now_ns - birth_ns);
	region_tick_locked(region, now_ns, wakes);
}

/* ---- for the tasks ------------------------------------------------------ */

void
leat__region_resume(struct leat__task *task)
{
	region_emit(task->region, task);
}

struct leat_frame *
leat__region_take(struct leat__task *task)
{
	struct leat__region *region = task->region;
	struct leat__chan *ch = &region->in->chan;
	struct leat_frame *frame = NULL;
	bool is_promised;
	struct wakes wakes = {0};

	leat__lock_take(&region->lock, region->run->env);
	region_unrest_locked(region, task);
	/* a frame that it was woken for when it still was active is seen by
	 * the others: those before it in the row did not rest for input then,
	 * or they would have been woken, and they look before they do */
	if (region_is_active(region, task) && region_has_ticket(region)) {
		bool is_closed = leat__chan_is_send_closed(ch);

		frame = leat__chan_pop(ch);
		/* closed was read first, so empty means ended */
		region->is_in_ended = is_closed && !frame;
		wakes.is_all = region_is_over_locked(region);
	}
	is_promised = !frame && region_promise_locked(region) &&
		region->out->is_ordered;
	if (frame) {
		if (leat__unlikely(ch->parents != NULL))
			leat__trace_taken(task, ch);
		task->ticket = region_ticket(region, region->next);
		task->ticket->holder = task;
		task->ticket->stamp = frame->stamp;
		task->n_ticket = region->next++;
		region->n_in_hand++;
		if (region->elastic)
			leat__elastic_count(
				&region->elastic->elastic, frame->n_items);
		region_invite_locked(region, &wakes);
	}
	leat__lock_drop(&region->lock, region->run->env);
	region_wake(region, &wakes, task->lane->worker);
	if (is_promised)
		leat__chan_notify(&region->out->chan, task->lane->worker);
	return frame;
}

bool
leat__region_is_over(struct leat__task *task)
{
	struct leat__region *region = task->region;
	bool is_over;

	leat__lock_take(&region->lock, region->run->env);
	is_over = region_is_over_locked(region);
	leat__lock_drop(&region->lock, region->run->env);
	return is_over;
}

bool
leat__region_is_oldest(const struct leat__task *task)
{
	/* acquire: what older ones did; pairs with the store in
	 * region_advance */
	return task->n_ticket == leat__load_acquire(&task->region->head);
}

static bool
ticket_has_room(const struct leat__ticket *ticket)
{
	/* acquire: pairs with the release in region_send_ticket */
	return leat__load_acquire(&ticket->n_sent) ==
		leat__load_relaxed(&ticket->n_put);
}

bool
leat__region_has_room(struct leat__task *task)
{
	if (!task->ticket || ticket_has_room(task->ticket))
		return true;
	region_emit(task->region, task);
	return ticket_has_room(task->ticket);
}

bool
leat__region_may_fail(struct leat__task *task)
{
	/* what it has emitted before is to go out first */
	return leat__region_is_oldest(task) && leat__region_has_room(task) &&
		(!task->region->is_patient ||
			leat__chan_is_drained(&task->region->out->chan));
}

void
leat__region_put(struct leat__task *task, struct leat_frame *frame)
{
	struct leat__ticket *ticket = task->ticket;
	uint64_t n_put = leat__load_relaxed(&ticket->n_put);

	LEAT_INVARIANT(n_put - leat__load_relaxed(&ticket->n_sent) <
		task->region->max_out);
	ticket->frames[n_put % task->region->max_out] = frame;
	/* release: the frame; seq: pairs with region_can_emit */
	leat__store_seq(&ticket->n_put, n_put + 1);
}

void
leat__region_grant(struct leat__task *task, uint64_t n_bytes)
{
	struct leat__region *region = task->region;
	struct leat__chan *ch = &region->in->chan;
	struct wakes wakes = {0};

	leat__lock_take(&region->lock, region->run->env);
	if (region->elastic)
		region_watch_locked(region, task, &wakes);
	region->n_in_hand--;
	leat__chan_grant_quietly(ch, 1, n_bytes);
	leat__lock_drop(&region->lock, region->run->env);
	region_wake(region, &wakes, task->lane->worker);
	leat__chan_tell_sender(ch, task->lane->worker);
}

void
leat__region_finish(struct leat__task *task)
{
	struct leat__ticket *ticket = task->ticket;

	task->ticket = NULL;
	/* release: its frames; seq: pairs with region_can_emit */
	leat__store_seq(&ticket->done, task->n_ticket + 1);
	region_emit(task->region, task);
}

static bool
region_has_news_locked(struct leat__region *region)
{
	return leat__load_relaxed(&region->head) == region->next &&
		leat__min_u64(leat__chan_bound(&region->in->chan),
			LEAT__STAMP_LAST) > region->bound;
}

/* Is there none of what it wants to rest for? */
static bool
region_lacks_locked(struct leat__region *region, struct leat__task *task,
	enum leat__rest what)
{
	if (what == LEAT__REST_ROOM)
		return !ticket_has_room(task->ticket);
	/* the arming may undo that of who emits and is stalled: then all has
	 * been granted, and this task fails, which ends every wait */
	if (what == LEAT__REST_TURN)
		return !leat__region_is_oldest(task) ||
			!ticket_has_room(task->ticket) ||
			(region->is_patient &&
				leat__chan_arm_drained(&region->out->chan));
	if (region->is_in_ended)
		return !region_is_over_locked(region);
	if (!region_is_active(region, task))
		return true;
	if (region_has_ticket(region) &&
		!leat__chan_arm_receiver(&region->in->chan))
		return false;
	/* a promise that came before the arming is to be passed on */
	return !region->out->is_ordered || !region_has_news_locked(region);
}

bool
leat__region_rest(struct leat__task *task, enum leat__rest what)
{
	struct leat__region *region = task->region;
	bool must_emit, rests;

	leat__lock_take(&region->lock, region->run->env);
	region_unrest_locked(region, task);
	must_emit = region->must_emit;
	region->must_emit = false;
	rests = !must_emit && region_lacks_locked(region, task, what);
	if (rests) {
		task->rest = what;
		region->n_resting++;
	}
	leat__lock_drop(&region->lock, region->run->env);
	if (must_emit)
		region_emit(region, task);
	return rests;
}

void
leat__region_leave(struct leat__task *task)
{
	struct leat__region *region = task->region;
	bool is_last;

	leat__lock_take(&region->lock, region->run->env);
	region_unrest_locked(region, task);
	is_last = --region->n_live == 0;
	leat__lock_drop(&region->lock, region->run->env);
	if (!is_last)
		return;
	leat__chan_close_recv(&region->in->chan, task->lane->worker);
	leat__chan_close_send(&region->out->chan, task->lane->worker);
}

/* ---- life --------------------------------------------------------------- */

static int
region_alloc(struct leat__region *region)
{
	const struct leat__env *env = region->run->env;
	struct leat_frame **cells;

	region->tickets =
		env->alloc(env, region->window * sizeof(*region->tickets));
	cells = env->alloc(env,
		(uint64_t)region->window * region->max_out * sizeof(*cells));
	if (!region->tickets || !cells) {
		env->free(env, cells);
		env->free(env, region->tickets);
		region->tickets = NULL;
		return LEAT_ENOMEM;
	}
	for (uint32_t k = 0; k < region->window; k++)
		region->tickets[k].frames = cells + (size_t)k * region->max_out;
	return LEAT_OK;
}

/*
 * Does what its receiver is a part of go on without anything else of the graph?
 * It is followed as long as it is one chain: where chains come together, they
 * may wait for each other, and where they part, for the slowest.
 */
static bool
region_is_patient(const struct leat_graph *graph, const struct leat_stage *tail)
{
	/* no chain is longer than the graph */
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		tail = tail->outs[0]->to;
		if (tail->n_ins > 1 || tail->n_outs > 1)
			return false;
		if (tail->n_outs == 0)
			return true;
	}
	return false;
}

int
leat__region_init(struct leat__region *region, struct leat__run *run,
	struct leat__segment *segment, struct leat__task *tasks)
{
	struct leat_stage *head = segment->stages[0];
	struct leat_stage *tail = segment->stages[segment->n_stages - 1];
	struct leat__parallel *par = leat__parallel_region(head);

	*region = (struct leat__region){.run = run,
		.in = head->ins[0],
		.out = tail->outs[0],
		.n_tasks = segment->n_replicas,
		.tasks = tasks,
		.max_out = tail->needs.max_out,
		.window = segment->window,
		.n_active = segment->n_replicas,
		.n_live = segment->n_replicas,
		.is_patient = region_is_patient(run->graph, tail)};
	if (par && leat__parallel_is_elastic(par)) {
		region->elastic = par;
		region->n_active = par->elastic.n_active;
	}
	region->on_input.wake = region_on_input;
	region->on_credit.wake = region_on_credit;
	for (uint32_t k = 0; k < region->n_tasks; k++)
		tasks[k].region = region;
	return region_alloc(region);
}

uint64_t
leat__region_drain(struct leat__region *region)
{
	uint64_t n_items = 0;

	for (uint32_t k = 0; region->tickets && k < region->window; k++) {
		struct leat__ticket *ticket = &region->tickets[k];

		for (; ticket->n_sent != ticket->n_put; ticket->n_sent++) {
			struct leat_frame *frame =
				ticket->frames[ticket->n_sent %
					region->max_out];

			n_items += frame->n_items;
			leat__frame_release(NULL, frame);
		}
	}
	return n_items;
}

void
leat__region_fini(struct leat__region *region)
{
	const struct leat__env *env;

	if (!region->tickets)
		return;
	env = region->run->env;
	leat__region_drain(region);
	env->free(env, region->tickets[0].frames);
	env->free(env, region->tickets);
	region->tickets = NULL;
}
