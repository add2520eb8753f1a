/*
 * sim/scenario_task.c -- workers, fibers, tasks, timers.
 *
 * Where a worker would look for work again after its idle time, a wake that
 * was lost would heal; so whatever is not done when nobody can run any more
 * counts as lost.
 */
#include <leat/channel.h>
#include <leat/task.h>

#include "exec/threads.h"
#include "scenario.h"

struct crew {
	struct leat_workers *workers;
	struct leat_channel *channel;
	struct leat_ctx *ctx;
	uint32_t n_to_do; /* fibers and tasks not ended; atomic */
	uint32_t n_done;  /* atomic */
	uint64_t sum;     /* of one receiver */
};

static bool
crew_is_behind(void *user)
{
	const struct crew *c = user;

	return c->n_to_do != 0;
}

static void
crew_begin_with(
	struct crew *c, const struct leat_workers_opts *opts, uint32_t n_to_do)
{
	*c = (struct crew){.n_to_do = n_to_do};
	SIM_CHECK(
		leat_workers_create(NULL, opts, &c->workers, NULL) == LEAT_OK);
}

/* Whatever is not done when nobody can run is lost. */
static void
crew_begin(struct crew *c, uint32_t n_workers, uint32_t n_to_do)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = n_workers,
		.stack_bytes = LEAT_STACK_BYTES_LEAST};

	crew_begin_with(c, &opts, n_to_do);
	if (n_to_do)
		sim_watch(NULL, crew_is_behind, c);
}

static void
crew_end(struct crew *c)
{
	leat_workers_close(c->workers);
	SIM_CHECK(leat_workers_wait(c->workers, LEAT_NEVER) == LEAT_OK);
	SIM_CHECK(c->n_to_do == 0);
	leat_workers_destroy(c->workers);
}

static void
crew_done(struct crew *c)
{
	leat__add_relaxed(&c->n_done, 1u);
	leat__sub_relaxed(&c->n_to_do, 1u);
}

/* ---- fibers over a channel ------------------------------------------------------ */

static void
fiber_send(struct leat_ctx *ctx, void *arg)
{
	struct crew *c = arg;

	(void)ctx;
	for (uint64_t k = 1; k <= 3; k++)
		SIM_CHECK(leat_channel_send(c->channel, &k) == LEAT_OK);
	leat_channel_close_send(c->channel);
	crew_done(c);
}

static void
fiber_recv(struct leat_ctx *ctx, void *arg)
{
	struct crew *c = arg;
	uint64_t item;

	(void)ctx;
	SIM_CHECK(leat_is_fiber());
	while (leat_channel_recv(c->channel, &item) == LEAT_OK)
		c->sum += item;
	crew_done(c);
}

static void
fibers_talk(uint32_t n_workers, uint32_t capacity)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = sizeof(uint64_t), .capacity = capacity};
	static struct crew c;

	crew_begin(&c, n_workers, 2);
	SIM_CHECK(leat_channel_create(NULL, &opts, &c.channel, NULL) == 0);
	SIM_CHECK(leat_go(c.workers, fiber_recv, &c, NULL) == LEAT_OK);
	SIM_CHECK(leat_go(c.workers, fiber_send, &c, NULL) == LEAT_OK);
	crew_end(&c);
	SIM_CHECK(c.sum == 1 + 2 + 3);
	leat_channel_destroy(c.channel);
}

static void
fiber_park_wake(void *user)
{
	(void)user;
	fibers_talk(2, 1);
}

static void
fiber_one_worker(void *user)
{
	(void)user;
	fibers_talk(1, 1);
}

static void
fiber_rendezvous(void *user)
{
	(void)user;
	fibers_talk(2, 0);
}

/* A thread sends to a fiber. */
static void
fiber_and_thread(void *user)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = sizeof(uint64_t), .capacity = 1,
		.spin_ns = LEAT_SPIN_NONE};
	static struct crew c;

	(void)user;
	crew_begin(&c, 1, 1);
	SIM_CHECK(leat_channel_create(NULL, &opts, &c.channel, NULL) == 0);
	SIM_CHECK(leat_go(c.workers, fiber_recv, &c, NULL) == LEAT_OK);
	for (uint64_t k = 1; k <= 3; k++)
		SIM_CHECK(leat_channel_send(c.channel, &k) == LEAT_OK);
	leat_channel_close_send(c.channel);
	crew_end(&c);
	SIM_CHECK(c.sum == 1 + 2 + 3);
	leat_channel_destroy(c.channel);
}

/* ---- many fibers, few workers ------------------------------------------------ */

static void
fiber_yield(struct leat_ctx *ctx, void *arg)
{
	(void)ctx;
	leat_yield();
	crew_done(arg);
}

static void
fiber_start_others(struct leat_ctx *ctx, void *arg)
{
	struct crew *c = arg;

	(void)ctx;
	for (int k = 0; k < 3; k++)
		SIM_CHECK(leat_go(c->workers, fiber_yield, c, NULL) == LEAT_OK);
	crew_done(c);
}

/* One worker makes work for two; nothing is left behind by who sleeps. */
static void
fiber_steal(void *user)
{
	static struct crew c;

	(void)user;
	crew_begin(&c, 2, 4);
	SIM_CHECK(leat_go(c.workers, fiber_start_others, &c, NULL) == LEAT_OK);
	crew_end(&c);
	SIM_CHECK(c.n_done == 4);
}

/* A worker's thread ends when it has been idle for long; work that comes at
 * that moment starts another one. */
static void
workers_idle(void *user)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = 1, .idle_ns = 500,
		.stack_bytes = LEAT_STACK_BYTES_LEAST};
	static struct crew c;

	(void)user;
	crew_begin_with(&c, &opts, 0);
	for (uint32_t k = 1; k <= 3; k++) {
		leat__add_relaxed(&c.n_to_do, 1u);
		SIM_CHECK(leat_go(c.workers, fiber_yield, &c, NULL) == LEAT_OK);
		sim_sleep_until(leat_now_ns() + 400 + sim_draw(200));
	}
	crew_end(&c);
	SIM_CHECK(c.n_done == 3);
}

/* ---- a worker that does not come back ------------------------------------------ */

/* Who starts the other fiber. */
enum hold_start {
	HOLD_BY_ITSELF,
	HOLD_BY_THREAD_LATER,
	HOLD_BY_THREAD_AT_ONCE
};

struct hold {
	struct crew crew;
	uint32_t n_held;     /* atomic, a park word */
	uint32_t n_released; /* atomic, a park word */
	enum hold_start start;
};

static void
hold_count(uint32_t *word)
{
	leat__add_seq(word, 1u);
	sim_env()->wake(sim_env(), word);
}

static void
hold_await(uint32_t *word, uint32_t n)
{
	uint32_t now;

	while ((now = leat__load_seq(word)) < n)
		sim_env()->park(sim_env(), word, now, LEAT_NEVER);
}

static void
fiber_release(struct leat_ctx *ctx, void *arg)
{
	struct hold *h = arg;

	(void)ctx;
	hold_count(&h->n_released);
	crew_done(&h->crew);
}

/* Keeps its worker until another fiber has run. */
static void
fiber_hold(struct leat_ctx *ctx, void *arg)
{
	struct hold *h = arg;
	uint32_t round = leat__load_seq(&h->n_held) + 1;

	(void)ctx;
	hold_count(&h->n_held);
	if (h->start == HOLD_BY_ITSELF)
		SIM_CHECK(leat_go(h->crew.workers, fiber_release, h, NULL) ==
			LEAT_OK);
	hold_await(&h->n_released, round);
	crew_done(&h->crew);
}

/* Two workers, one of them held: the other one must run what is ready, also
 * when it is about to sleep, or its thread about to end. */
static void
hold_once(struct hold *h, uint32_t round)
{
	leat__add_relaxed(&h->crew.n_to_do, 2u);
	SIM_CHECK(leat_go(h->crew.workers, fiber_hold, h, NULL) == LEAT_OK);
	if (h->start == HOLD_BY_THREAD_LATER)
		hold_await(&h->n_held, round);
	if (h->start != HOLD_BY_ITSELF)
		SIM_CHECK(leat_go(h->crew.workers, fiber_release, h, NULL) ==
			LEAT_OK);
	hold_await(&h->n_released, round);
}

static void
hold_twice(enum hold_start start)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = 2, .idle_ns = 500,
		.stack_bytes = LEAT_STACK_BYTES_LEAST};
	static struct hold h;

	h = (struct hold){.start = start};
	crew_begin_with(&h.crew, &opts, 0);
	for (uint32_t round = 1; round <= 2; round++) {
		hold_once(&h, round);
		sim_sleep_until(leat_now_ns() + 300 + sim_draw(400));
	}
	crew_end(&h.crew);
	SIM_CHECK(h.crew.n_done == 4);
}

static void
workers_held(void *user)
{
	(void)user;
	hold_twice(HOLD_BY_ITSELF);
}

static void
workers_held_outside(void *user)
{
	(void)user;
	hold_twice(HOLD_BY_THREAD_LATER);
}

static void
workers_held_both(void *user)
{
	(void)user;
	hold_twice(HOLD_BY_THREAD_AT_ONCE);
}

struct fiber_wait {
	struct crew crew;
	struct leat_ctx *ctx;
};

static void
fiber_recv_cancelled(struct leat_ctx *ctx, void *arg)
{
	struct fiber_wait *w = arg;
	uint64_t item;

	(void)ctx;
	SIM_CHECK(leat_channel_recv_until(w->crew.channel, &item, w->ctx,
			  leat_now_ns() + 1000) < 0);
	crew_done(&w->crew);
}

static void
fiber_cancel_other(void *arg)
{
	struct fiber_wait *w = arg;

	leat_ctx_cancel(w->ctx, LEAT_ECANCELED, NULL);
}

/* A fiber waits on a channel, with a deadline and a context that ends. */
static void
fiber_cancel(void *user)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = sizeof(uint64_t), .capacity = 1};
	static struct fiber_wait w;
	struct sim_thread *canceller;

	(void)user;
	crew_begin(&w.crew, 1, 0);
	SIM_CHECK(leat_ctx_create(&w.ctx, NULL) == LEAT_OK);
	SIM_CHECK(leat_channel_create(NULL, &opts, &w.crew.channel, NULL) == 0);
	leat__add_relaxed(&w.crew.n_to_do, 1u);
	canceller = sim_go("canceller", fiber_cancel_other, &w);
	SIM_CHECK(leat_go(w.crew.workers, fiber_recv_cancelled, &w, NULL) ==
		LEAT_OK);
	sim_join(canceller);
	crew_end(&w.crew);
	leat_channel_destroy(w.crew.channel);
	leat_ctx_destroy(w.ctx);
}

/* ---- tasks ------------------------------------------------------------------------ */

static int
task_count(
	struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err)
{
	(void)ctx;
	(void)err;
	*result = arg;
	crew_done(arg);
	return LEAT_OK;
}

/* A task ends while its handle is let go. */
static void
task_release(void *user)
{
	static struct crew c;
	struct leat_task *task;

	(void)user;
	crew_begin(&c, 2, 2);
	for (int k = 0; k < 2; k++) {
		SIM_CHECK(leat_workers_submit(c.workers, NULL, task_count, &c,
				  &task, NULL) == LEAT_OK);
		leat_task_release(task);
	}
	crew_end(&c);
	SIM_CHECK(c.n_done == 2);
}

/* A thread waits for a task. */
static void
task_wait(void *user)
{
	static struct crew c;
	struct leat_task *task;
	void *result = NULL;

	(void)user;
	crew_begin(&c, 1, 1);
	SIM_CHECK(leat_workers_submit(c.workers, NULL, task_count, &c, &task,
			  NULL) == LEAT_OK);
	SIM_CHECK(leat_task_wait(task, LEAT_NEVER, &result, NULL) == LEAT_OK);
	SIM_CHECK(result == &c);
	leat_task_release(task);
	crew_end(&c);
}

/* The queue has room for one: who submits more waits until it is taken. */
static void
task_queue_full(void *user)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = 1, .max_queued = 1, .max_running = 1,
		.stack_bytes = LEAT_STACK_BYTES_LEAST};
	static struct crew c;

	(void)user;
	crew_begin_with(&c, &opts, 3);
	sim_watch(NULL, crew_is_behind, &c);
	for (int k = 0; k < 3; k++)
		SIM_CHECK(leat_workers_submit(c.workers, NULL, task_count, &c,
				  NULL, NULL) == LEAT_OK);
	crew_end(&c);
	SIM_CHECK(c.n_done == 3);
}

/* Two groups that are not full share a queue that is. */
static void
task_groups_full(void *user)
{
	static const struct leat_group groups[2] = {
		{.name = "a", .max_queued = 2}, {.name = "b", .max_queued = 2}};
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = 1, .max_queued = 2, .max_running = 1,
		.n_groups = 2, .groups = groups,
		.stack_bytes = LEAT_STACK_BYTES_LEAST};
	struct leat_task_opts in_b = {
		LEAT_OPTS_INIT(leat_task_opts), .group = 1};
	struct leat_workers_stats stats;
	static struct crew c;
	int rc;

	(void)user;
	crew_begin_with(&c, &opts, 0);
	for (uint32_t k = 0; k < 5; k++) {
		rc = leat_workers_try_submit(c.workers, k % 2 ? &in_b : NULL,
			task_count, &c, NULL, NULL);
		SIM_CHECK(rc == LEAT_OK || rc == LEAT_EAGAIN);
		c.n_to_do += rc == LEAT_OK;
		leat_workers_stats(c.workers, &stats);
		SIM_CHECK(stats.n_queued <= 2);
	}
	crew_end(&c);
}

/* On threads that come and go. */
static void
task_blocking(void *user)
{
	struct leat_task_opts opts = {
		LEAT_OPTS_INIT(leat_task_opts), .flags = LEAT_TASK_BLOCKING};
	static struct crew c;

	(void)user;
	crew_begin(&c, 1, 2);
	for (int k = 0; k < 2; k++)
		SIM_CHECK(leat_workers_submit(c.workers, &opts, task_count, &c,
				  NULL, NULL) == LEAT_OK);
	crew_end(&c);
	SIM_CHECK(c.n_done == 2);
}

/* ---- threads that end as soon as they can ---------------------------------------- */

struct brief {
	struct leat__call call; /* first */
	uint32_t *n_made;       /* atomic */
};

struct callers {
	struct leat__threads threads;
	struct brief calls[4];
	uint32_t n_made; /* atomic */
};

static void
brief_main(struct leat__call *call)
{
	struct brief *brief = (struct brief *)(void *)call;

	leat__add_relaxed(brief->n_made, 1u);
}

static void
callers_call(struct callers *all, uint32_t first)
{
	for (uint32_t k = first; k < first + 2; k++) {
		struct brief *brief = &all->calls[k];

		*brief = (struct brief){{NULL, brief_main}, &all->n_made};
		SIM_CHECK(leat__threads_call(
				  &all->threads, &brief->call, false) == 0);
	}
}

static void
callers_other(void *arg)
{
	callers_call(arg, 2);
}

/* Two start threads and join those that ended, whoever started them. */
static void
threads_two_callers(void *user)
{
	static struct callers all;
	struct sim_thread *other;

	(void)user;
	all = (struct callers){.n_made = 0};
	leat__threads_init(&all.threads, sim_env(), "brief", 2, 1);
	other = sim_go("caller", callers_other, &all);
	callers_call(&all, 0);
	sim_join(other);
	leat__threads_fini(&all.threads);
	SIM_CHECK(all.n_made == 4);
}

/* ---- the end of a task ------------------------------------------------------------ */

/* A task is cancelled while it starts: it runs to its end or not at all. */
static void
task_cancel(void *user)
{
	static struct crew c;
	struct leat_task *task;
	int rc;

	(void)user;
	crew_begin(&c, 1, 0);
	c.n_to_do = 1;
	SIM_CHECK(leat_workers_submit(c.workers, NULL, task_count, &c, &task,
			  NULL) == LEAT_OK);
	leat_task_cancel(task);
	rc = leat_task_wait(task, LEAT_NEVER, NULL, NULL);
	SIM_CHECK(rc == LEAT_OK || rc == LEAT_ECANCELED);
	SIM_CHECK(c.n_done == 1 || rc == LEAT_ECANCELED);
	if (!c.n_done)
		leat__sub_relaxed(&c.n_to_do, 1u);
	leat_task_release(task);
	crew_end(&c);
}

/* ---- the end of the workers --------------------------------------------------------- */

static void
fiber_wait_for_end(struct leat_ctx *ctx, void *arg)
{
	SIM_CHECK(leat_sleep_until(ctx, LEAT_NEVER) == LEAT_ECANCELED);
	crew_done(arg);
}

static void
crew_cancel(void *arg)
{
	struct crew *c = arg;

	leat_workers_cancel(c->workers);
}

/* Fibers that sleep for ever end when the workers are cancelled. */
static void
workers_cancel(void *user)
{
	static struct crew c;
	struct sim_thread *canceller;

	(void)user;
	crew_begin(&c, 2, 1);
	SIM_CHECK(leat_go(c.workers, fiber_wait_for_end, &c, NULL) == LEAT_OK);
	canceller = sim_go("canceller", crew_cancel, &c);
	SIM_CHECK(leat_workers_wait(c.workers, LEAT_NEVER) == LEAT_OK);
	sim_join(canceller);
	SIM_CHECK(c.n_done == 1);
	leat_workers_destroy(c.workers);
}

/* ---- timers ---------------------------------------------------------------------------- */

static void
crew_timer(struct leat_timer *timer, void *user)
{
	(void)timer;
	crew_done(user);
}

/* A timer fires while it is stopped. */
static void
workers_timer(void *user)
{
	static struct crew c;
	struct leat_timer timer = {.fn = crew_timer, .user = &c};

	(void)user;
	crew_begin(&c, 1, 0);
	c.n_to_do = 1;
	SIM_CHECK(leat_timer_start(c.workers, &timer, leat_now_ns() + 200) ==
		LEAT_OK);
	if (leat_timer_stop(c.workers, &timer)) {
		SIM_CHECK(c.n_done == 0);
		leat__sub_relaxed(&c.n_to_do, 1u);
	}
	crew_end(&c);
}

const struct sim_scenario scenarios_task[] = {
	{.name = "fiber_park_wake",
		.idea = "two fibers on two workers",
		.run = fiber_park_wake},
	{.name = "fiber_one_worker",
		.idea = "two fibers on one worker",
		.run = fiber_one_worker},
	{.name = "fiber_rendezvous",
		.idea = "two fibers, no capacity",
		.run = fiber_rendezvous},
	{.name = "fiber_and_thread",
		.idea = "a thread sends to a fiber",
		.run = fiber_and_thread},
	{.name = "fiber_steal",
		.idea = "one worker makes work for two",
		.run = fiber_steal},
	{.name = "fiber_cancel",
		.idea = "deadline and cancel of a fiber",
		.run = fiber_cancel},
	{.name = "workers_held",
		.idea = "a fiber keeps its worker until another ran",
		.run = workers_held},
	{.name = "workers_held_outside",
		.idea = "the same, the other is made by a thread",
		.run = workers_held_outside},
	{.name = "workers_held_both",
		.idea = "the same, both are made at once",
		.run = workers_held_both},
	{.name = "workers_idle",
		.idea = "work for a worker that just ends",
		.run = workers_idle},
	{.name = "task_queue_full",
		.idea = "submits wait for room",
		.run = task_queue_full},
	{.name = "task_groups_full",
		.idea = "two groups, and room for two tasks",
		.run = task_groups_full},
	{.name = "task_blocking",
		.idea = "tasks on threads of their own",
		.run = task_blocking},
	{.name = "threads_two_callers",
		.idea = "two start threads, and join those that ended",
		.run = threads_two_callers},
	{.name = "task_release",
		.idea = "a task ends, its handle goes",
		.run = task_release},
	{.name = "task_wait",
		.idea = "a thread waits for a task",
		.run = task_wait},
	{.name = "task_cancel",
		.idea = "a task is cancelled at its start",
		.run = task_cancel},
	{.name = "workers_cancel",
		.idea = "a sleeping fiber is ended",
		.run = workers_cancel},
	{.name = "workers_timer",
		.idea = "a timer fires while it is stopped",
		.run = workers_timer},
	{0},
};
