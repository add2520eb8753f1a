/*
 * exec/fiber.c -- fibers: how they run, park, and end.
 *
 * Keeps: a fiber that parks leaves its stack first; only then does the worker
 * commit the park (leat__waiter_park), and nothing touches the fiber or its
 * waiter after that: another worker may have it already. If the waiter was
 * claimed before, the fiber runs on at once. tests/model/fiber.pml.
 * A fiber may leave to the next one straight; then that one does the worker's
 * part of it first.
 * A fiber that rests may be ready before it has left its stack; then it waits
 * in the queue until it has. tests/model/rest.pml.
 * Threads: a fiber's own functions on its stack, the rest on its worker's.
 * Source: Go's gopark, which commits on the scheduler's stack too.
 */
#include "exec/fiber.h"

#include "ctx/ctx.h"
#include <leat/task.h>

#define FIBER_LOOKS 64 /* calls of leat_yield_if_due() for one of the clock */

#ifdef LEAT_TEST_TINY
#define FIBER_CHUNK 2u
#else
#define FIBER_CHUNK 32u
#endif

struct leat__fiber_chunk {
	struct leat__fiber_chunk *next;
	_Alignas(LEAT__CACHE_LINE) struct leat__fiber fibers[FIBER_CHUNK];
};

static void fiber_park(struct leat__strand *strand, struct leat__waiter *waiter,
	int64_t deadline_ns);

/* ---- on the worker's stack ---------------------------------------------- */

static void
fiber_free(struct leat__fiber *fiber, struct leat__fiber_lane *lane)
{
	struct leat__fibers *fibers = fiber->fibers;
	void *task = fiber->task;

	leat__context_fini(&fiber->context);
	leat__store_relaxed(&fiber->state, (uint32_t)LEAT__FIBER_FREE);
	/* first its stack: whoever is made in its place may need it */
	leat__stacks_give(&fibers->stacks, &lane->stacks, fiber->stack);
	leat__spares_give(&fibers->spares, &lane->fibers, &fiber->spare);
	fibers->ended(fibers->user, task);
}

/* A stack without a guard has been overrun by now if it is too small. */
static void
fiber_check(struct leat__fiber *fiber)
{
	const char *at = leat__context_depth(&fiber->context);
	struct leat__stack *stack = fiber->stack;

	if (!at)
		return;
	LEAT_INVARIANT(leat__stack_is_within(stack, at));
	if (at < stack->lowest)
		stack->lowest = at;
}

/* The context that the worker switches to. */
static struct leat__context *
fiber_enter(struct leat__fiber *fiber, struct leat__worker *worker)
{
	struct leat__fiber_lane *lane = worker->local;

	lane->fiber = fiber;
	fiber->worker = worker;
	leat__store_relaxed(&fiber->state, (uint32_t)LEAT__FIBER_RUNNING);
	*worker->slot = &fiber->strand;
	return &fiber->context;
}

static void fiber_main(void *arg);

static struct leat__context *
fiber_run(struct leat__entry *entry, struct leat__worker *worker)
{
	struct leat__fiber *fiber =
		leat__container_of(entry, struct leat__fiber, entry);
	const struct leat__env *env = worker->exec->env;

	/* acquire: its stack; pairs with the release in fiber_settle */
	if (leat__likely(leat__load_acquire(&fiber->strand.is_away)))
		return fiber_enter(fiber, worker);
	/* another worker is about to leave it */
	env->yield(env);
	leat__worker_push(worker, entry);
	return NULL;
}

/* The first time: on a stack that this worker has used last, if it can be. */
static struct leat__context *
fiber_begin(struct leat__entry *entry, struct leat__worker *worker)
{
	struct leat__fiber *fiber =
		leat__container_of(entry, struct leat__fiber, entry);
	struct leat__fiber_lane *lane = worker->local;
	struct leat__stack *stack =
		leat__stacks_take(&fiber->fibers->stacks, &lane->stacks);

	fiber->stack = stack;
	leat__context_init(&fiber->context, stack->low,
		(size_t)(stack->top - stack->low), fiber_main, fiber);
	entry->run = fiber_run;
	return fiber_enter(fiber, worker);
}

/* It has left its stack. Afterwards nothing touches it but who runs it next.
 * false: it is ready, and in no queue. */
static bool
fiber_settle(struct leat__fiber *fiber, struct leat__worker *worker)
{
	struct leat__fiber_lane *lane = worker->local;
	bool is_parked = lane->leave != LEAT__FIBER_YIELDS;

	fiber_check(fiber);
	leat__store_relaxed(
		&fiber->since_ns, leat__load_relaxed(&worker->coarse_ns));
	leat__store_relaxed(&fiber->state,
		(uint32_t)(is_parked ? LEAT__FIBER_PARKED : LEAT__FIBER_READY));
	if (leat__likely(lane->leave == LEAT__FIBER_RESTS)) {
		/* release: its stack; pairs with the loads in fiber_run and
		 * fiber_next */
		leat__store_release(&fiber->strand.is_away, 1u);
		return true;
	}
	leat__store_relaxed(&fiber->strand.is_away, 1u);
	return is_parked && leat__waiter_park(lane->waiter);
}

/* The fiber has left its stack. */
static struct leat__context *
fiber_back(struct leat__worker *worker)
{
	struct leat__fiber_lane *lane = worker->local;
	struct leat__fiber *fiber = lane->fiber;

	*worker->slot = NULL;
	if (leat__unlikely(lane->leave == LEAT__FIBER_ENDS)) {
		fiber_free(fiber, lane);
		return NULL;
	}
	if (fiber_settle(fiber, worker))
		return NULL;
	if (lane->leave == LEAT__FIBER_PARKS && !worker->handed)
		return fiber_enter(fiber, worker);
	leat__exec_push(worker->exec, worker, &fiber->entry);
	return NULL;
}

/* ---- on the fiber's stack ----------------------------------------------- */

/* The next of the worker's own queue, if it is a fiber that can be run; else
 * NULL, and what was taken is for the worker. */
static inline struct leat__fiber *
fiber_next(struct leat__worker *worker)
{
	struct leat__entry *entry;
	struct leat__fiber *fiber;

	/* of one that runs on after it had left, it may be there still */
	entry = worker->handed ? NULL : leat__worker_pop(worker);
	if (!entry)
		return NULL;
	fiber = leat__container_of(entry, struct leat__fiber, entry);
	/* acquire: pairs with the release in fiber_settle */
	if (leat__likely(entry->run == fiber_run &&
		    leat__load_acquire(&fiber->strand.is_away)))
		return fiber;
	worker->handed = entry;
	return NULL;
}

/* On the stack of the one that runs now: who left straight to it. */
static inline void
fiber_arrive(struct leat__fiber *self)
{
	struct leat__worker *worker = self->worker;
	struct leat__fiber_lane *lane = worker->local;
	struct leat__fiber *left = lane->left;

	if (!left)
		return;
	lane->left = NULL;
	if (!fiber_settle(left, worker))
		leat__exec_push(worker->exec, worker, &left->entry);
}

static inline __attribute__((always_inline)) void
fiber_leave(struct leat__fiber *fiber, enum leat__fiber_leave why,
	struct leat__waiter *waiter)
{
	struct leat__worker *worker = fiber->worker;
	struct leat__fiber_lane *lane = worker->local;
	struct leat__fiber *next = fiber_next(worker);
	struct leat__context *to = &worker->context;

	lane->leave = why;
	lane->waiter = waiter;
	if (next) {
		lane->left = fiber;
		to = fiber_enter(next, worker);
	}
	leat__context_switch(&fiber->context, to);
	fiber_arrive(fiber);
}

static void
fiber_main(void *arg)
{
	struct leat__fiber *fiber = arg;
	struct leat__fiber_lane *lane;

	fiber_arrive(fiber);
	fiber->fibers->main(fiber);
	lane = fiber->worker->local;
	lane->leave = LEAT__FIBER_ENDS;
	leat__context_leave(&fiber->context, &fiber->worker->context);
}

/* A wait's deadline, on the stack of who waits. */
struct fiber_alarm {
	struct leat__timer timer;
	struct leat__waiter *waiter;
};

static void
alarm_ring(struct leat__timer *timer)
{
	struct fiber_alarm *alarm =
		leat__container_of(timer, struct fiber_alarm, timer);

	leat__waiter_claim(alarm->waiter, LEAT__TOKEN_DEADLINE);
}

/* Without a timer: look again and again, letting the others run. */
static void
fiber_poll(struct leat__fiber *fiber, struct leat__waiter *waiter,
	int64_t deadline_ns)
{
	const struct leat__env *env = fiber->fibers->env;

	/* acquire: pairs with the exchange of who claims it */
	while (leat__load_acquire(&waiter->token) == LEAT__TOKEN_OPEN) {
		if (env->now_ns(env) >= deadline_ns)
			leat__waiter_claim(waiter, LEAT__TOKEN_DEADLINE);
		else
			fiber_leave(fiber, LEAT__FIBER_YIELDS, NULL);
	}
}

static __attribute__((noinline)) void
fiber_park_until(struct leat__fiber *fiber, struct leat__waiter *waiter,
	int64_t deadline_ns)
{
	struct leat__timers *timers = fiber->fibers->timers;
	struct fiber_alarm alarm = {
		.timer = {.deadline_ns = deadline_ns, .fn = alarm_ring},
		.waiter = waiter};

	if (leat__timer_start(timers, &alarm.timer) != 0) {
		fiber_poll(fiber, waiter, deadline_ns);
		return;
	}
	fiber_leave(fiber, LEAT__FIBER_PARKS, waiter);
	leat__timer_stop(timers, &alarm.timer);
}

static void
fiber_park(struct leat__strand *strand, struct leat__waiter *waiter,
	int64_t deadline_ns)
{
	struct leat__fiber *fiber =
		leat__container_of(strand, struct leat__fiber, strand);

	if (deadline_ns == LEAT_NEVER)
		fiber_leave(fiber, LEAT__FIBER_PARKS, waiter);
	else
		fiber_park_until(fiber, waiter, deadline_ns);
}

static void
fiber_rest(struct leat__strand *strand)
{
	fiber_leave(leat__container_of(strand, struct leat__fiber, strand),
		LEAT__FIBER_RESTS, NULL);
}

/* ---- from anywhere ------------------------------------------------------ */

struct leat__fiber *
leat__fiber_self(void)
{
	struct leat__strand *strand = *leat__thread_slot();

	if (!strand || strand->park != fiber_park)
		return NULL;
	return leat__container_of(strand, struct leat__fiber, strand);
}

struct leat__worker *
leat__fiber_worker(const struct leat__fibers *fibers)
{
	struct leat__fiber *self = leat__fiber_self();

	return self && self->fibers == fibers ? self->worker : NULL;
}

static void
fiber_ready(struct leat__strand *strand)
{
	struct leat__fiber *fiber =
		leat__container_of(strand, struct leat__fiber, strand);

	leat__fiber_start(fiber, leat__fiber_worker(fiber->fibers));
}

void
leat__fiber_start(struct leat__fiber *fiber, struct leat__worker *hint)
{
	leat__store_relaxed(&fiber->state, (uint32_t)LEAT__FIBER_READY);
	leat__exec_push(fiber->fibers->exec, hint, &fiber->entry);
}

void
leat__fiber_describe(const struct leat__fiber *fiber, struct leat__text *text)
{
	leat__text_add(text, "fiber %u (%s)", fiber->number,
		leat__load_relaxed(&fiber->where));
}

static void
fiber_describe_strand(
	const struct leat__strand *strand, struct leat__text *text)
{
	leat__fiber_describe(
		leat__container_of(strand, const struct leat__fiber, strand),
		text);
}

/* ---- life --------------------------------------------------------------- */

static void
chunk_init(struct leat__fiber_chunk *chunk, uint32_t n_made)
{
	struct leat__fiber *all = chunk->fibers;

	for (uint32_t k = 0; k < FIBER_CHUNK; k++) {
		all[k].number = n_made + k;
		if (k > 0)
			all[k - 1].spare.next = &all[k].spare;
	}
}

/* As many stacks as fibers, and what all workers may keep on top: then one that
 * begins finds a stack, and nothing that was created fails for want of one. */
static bool
fibers_make_locked(struct leat__fibers *fibers)
{
	const struct leat__env *env = fibers->env;
	uint32_t n = fibers->n_made + FIBER_CHUNK;
	uint32_t n_kept = fibers->exec->n_workers * LEAT__SPARES_OWN_MAX;
	struct leat__fiber_chunk *chunk;

	if (!leat__stacks_reserve(&fibers->stacks, n + n_kept))
		return false;
	chunk = env->alloc(env, sizeof(*chunk));
	if (!chunk)
		return false;
	chunk_init(chunk, fibers->n_made);
	chunk->next = fibers->chunks;
	fibers->n_made = n;
	/* release: pairs with the acquire in leat__fibers_each */
	leat__store_release(&fibers->chunks, chunk);
	leat__spares_add(&fibers->spares, &chunk->fibers[0].spare,
		&chunk->fibers[FIBER_CHUNK - 1].spare);
	return true;
}

bool
leat__fibers_reserve(struct leat__fibers *fibers, uint32_t n)
{
	bool is_made = true;

	leat__lock_take(&fibers->lock, fibers->env);
	while (is_made && fibers->n_made < n)
		is_made = fibers_make_locked(fibers);
	leat__lock_drop(&fibers->lock, fibers->env);
	return is_made;
}

/* Who waited for the lock finds what its holder has made. */
static struct leat__spare *
fibers_take_new(struct leat__fibers *fibers, struct leat__spares_own *own)
{
	struct leat__spare *spare;

	leat__lock_take(&fibers->lock, fibers->env);
	do
		spare = leat__spares_take(&fibers->spares, own);
	while (!spare && fibers_make_locked(fibers));
	leat__lock_drop(&fibers->lock, fibers->env);
	return spare;
}

static struct leat__fiber *
fibers_take(struct leat__fibers *fibers, struct leat__worker *hint)
{
	struct leat__fiber_lane *lane = hint ? hint->local : NULL;
	struct leat__spares_own *own = lane ? &lane->fibers : NULL;
	struct leat__spare *spare = leat__spares_take(&fibers->spares, own);

	if (leat__unlikely(!spare))
		spare = fibers_take_new(fibers, own);
	if (!spare)
		return NULL;
	return leat__container_of(spare, struct leat__fiber, spare);
}

struct leat__fiber *
leat__fiber_create(struct leat__fibers *fibers, struct leat__worker *hint)
{
	struct leat__fiber *fiber = fibers_take(fibers, hint);

	if (!fiber)
		return NULL;
	fiber->strand.park = fiber_park;
	fiber->strand.ready = fiber_ready;
	fiber->strand.rest = fiber_rest;
	fiber->strand.is_away = 1;
	leat__store_relaxed(&fiber->strand.waits_for, NULL);
	fiber->strand.describe = fiber_describe_strand;
	fiber->entry = (struct leat__entry){NULL, fiber_begin, 0};
	fiber->fibers = fibers;
	leat__store_relaxed(&fiber->since_ns, 0);
	leat__store_relaxed(&fiber->where, "");
	leat__store_relaxed(&fiber->task, NULL);
	fiber->n_looks = fiber->turn = 0;
	fiber->turn_ns = 0;
	return fiber;
}

void
leat__fiber_drop(struct leat__fiber *fiber)
{
	if (fiber)
		leat__spares_give(&fiber->fibers->spares, NULL, &fiber->spare);
}

void
leat__fibers_each(struct leat__fibers *fibers,
	void (*fn)(const struct leat__fiber *fiber, void *user), void *user)
{
	/* acquire: pairs with the release in fibers_make_locked */
	const struct leat__fiber_chunk *chunk =
		leat__load_acquire(&fibers->chunks);

	for (; chunk; chunk = chunk->next)
		for (uint32_t k = 0; k < FIBER_CHUNK; k++)
			fn(&chunk->fibers[k], user);
}

int
leat__fibers_init(struct leat__fibers *fibers, size_t stack_bytes)
{
	const struct leat__env *env = fibers->env;
	struct leat__exec *exec = fibers->exec;

	fibers->spares.env = env;
	leat__stacks_init(&fibers->stacks, env, stack_bytes);
	fibers->lanes =
		env->alloc(env, exec->n_workers * sizeof(*fibers->lanes));
	if (!fibers->lanes)
		return LEAT_ENOMEM;
	for (uint32_t k = 0; k < exec->n_workers; k++) {
		exec->workers[k].local = &fibers->lanes[k];
		exec->workers[k].back = fiber_back;
	}
	return LEAT_OK;
}

void
leat__fibers_fini(struct leat__fibers *fibers)
{
	const struct leat__env *env = fibers->env;
	struct leat__fiber_chunk *chunk = fibers->chunks;

	if (!env)
		return;
	leat__stacks_fini(&fibers->stacks);
	while (chunk) {
		struct leat__fiber_chunk *next = chunk->next;

		env->free(env, chunk);
		chunk = next;
	}
	fibers->chunks = NULL;
	if (fibers->lanes)
		env->free(env, fibers->lanes);
	fibers->lanes = NULL;
}

/* ---- for everybody (leat/task.h) ---------------------------------------- */

bool
leat_is_fiber(void)
{
	return leat__fiber_self() != NULL;
}

void
leat_yield(void)
{
	struct leat__fiber *self = leat__fiber_self();
	const struct leat__env *env = leat__env_posix();

	if (self)
		fiber_leave(self, LEAT__FIBER_YIELDS, NULL);
	else
		env->yield(env);
}

/* Its turn began at the first look of the clock since its worker took it. */
static bool
fiber_is_due(struct leat__fiber *fiber)
{
	const struct leat__env *env = fiber->fibers->env;
	uint32_t turn = fiber->worker->tick;
	int64_t now_ns = env->now_ns(env);

	if (fiber->turn != turn || !fiber->turn_ns) {
		fiber->turn = turn;
		fiber->turn_ns = now_ns;
	}
	return now_ns - fiber->turn_ns >= (int64_t)fiber->fibers->quantum_ns;
}

void
leat_yield_if_due(void)
{
	struct leat__fiber *self = leat__fiber_self();

	if (!self || ++self->n_looks % FIBER_LOOKS != 0)
		return;
	if (fiber_is_due(self))
		leat_yield();
}

struct sleeper {
	struct leat__ctx_wait wait;
	struct leat__waiter waiter;
};

static void
sleeper_wake(struct leat_ctx *ctx, void *user)
{
	struct sleeper *sleeper = user;

	(void)ctx;
	leat__waiter_claim(&sleeper->waiter, LEAT__TOKEN_CANCEL);
}

static void
sleeper_describe(const struct leat__ctx_wait *wait, struct leat__text *text)
{
	const struct sleeper *sleeper =
		leat__container_of(wait, const struct sleeper, wait);
	const struct leat__strand *strand = sleeper->waiter.strand;

	if (strand && strand->describe)
		strand->describe(strand, text);
	else
		leat__text_add(text, "a thread");
	leat__text_add(text, " sleeps");
}

static const struct leat__env *
sleeper_env(const struct leat__fiber *self, const struct leat_ctx *ctx)
{
	if (self)
		return self->fibers->env;
	return ctx ? leat__ctx_env(ctx) : leat__env_posix();
}

int
leat_sleep_until(struct leat_ctx *ctx, int64_t deadline_ns)
{
	struct leat__fiber *self = leat__fiber_self();
	const struct leat__env *env = sleeper_env(self, ctx);
	struct sleeper sleeper = {
		.wait = {.after = {.fn = sleeper_wake, .user = &sleeper},
			.describe = sleeper_describe}};
	uint32_t token;

	leat__waiter_init(&sleeper.waiter, env);
	sleeper.waiter.what = "sleeps";
	if (ctx) {
		sleeper.wait.since_ns = env->now_ns(env);
		leat__ctx_wait_begin(ctx, &sleeper.wait);
	}
	token = leat__waiter_wait(&sleeper.waiter, deadline_ns);
	if (ctx)
		leat__ctx_wait_end(ctx, &sleeper.wait);
	return token == LEAT__TOKEN_CANCEL ? LEAT_ECANCELED : LEAT_OK;
}
