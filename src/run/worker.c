/*
 * run/worker.c -- the workers: run queues, stealing, parking; and the thread
 * of a blocking task.
 *
 * Keeps: a READY task is in exactly one queue (its state goes IDLE -> READY
 * once per queueing); a task that is woken while it runs goes to NOTIFIED and
 * is queued again when its step ends; a worker parks only after it drew a
 * ticket, said so, and then found every queue empty. tests/model/worker.pml
 * proves the three together.
 * A queue has one sender, its worker, and many receivers (queue.h). Other
 * threads go through one stack (many push, one takes all), so no queue has
 * two senders.
 */
#include "base/atomic.h"
#include "run/run.h"

/* ---- the main loop ------------------------------------------------------------ */

static struct leat__task *worker_next(struct leat__worker *worker);
static void worker_step(struct leat__worker *worker, struct leat__task *task);

void
leat__worker_thread(void *arg)
{
	struct leat__worker *worker = arg;
	struct leat__task *task;

	leat__cache_init(&worker->lane.cache, worker->run->pool,
		worker->run->graph->magazine_slots);
	while ((task = worker_next(worker)) != NULL)
		worker_step(worker, task);
	leat__cache_fini(&worker->lane.cache);
}

/* ---- queues --------------------------------------------------------------------- */

static void
worker_push(struct leat__worker *worker, struct leat__task *task)
{
	/* it has room for all tasks of the run, each at most once */
	leat__queue_push(&worker->queue, task);
}

static struct leat__task *
worker_pop(struct leat__worker *from)
{
	return leat__queue_pop(&from->queue);
}

static void worker_wake_one(struct leat__run *run);

/* Take all that other threads made ready; the oldest first. */
static struct leat__task *
worker_take_injected(struct leat__worker *worker)
{
	ck_stack_entry_t *entry, *oldest = NULL;
	uint32_t n = 0;

	entry = ck_stack_batch_pop_upmc(&worker->run->injected);
	while (entry) { /* a stack: turn it round */
		ck_stack_entry_t *next = entry->next;

		entry->next = oldest;
		oldest = entry;
		entry = next;
	}
	while (oldest) {
		ck_stack_entry_t *next = oldest->next;

		worker_push(worker,
			leat__container_of(
				oldest, struct leat__task, injected));
		oldest = next;
		n++;
	}
	/* whoever looked while they were in nobody's queue may have parked */
	if (n > 1)
		worker_wake_one(worker->run);
	return worker_pop(worker);
}

static struct leat__task *
worker_steal(struct leat__worker *worker)
{
	struct leat__run *run = worker->run;

	for (uint32_t k = 1; k < run->n_workers; k++) {
		uint32_t victim = (worker->number + k) % run->n_workers;
		struct leat__task *task = worker_pop(&run->workers[victim]);

		if (task)
			return task;
	}
	return NULL;
}

static struct leat__task *
worker_look(struct leat__worker *worker)
{
	struct leat__task *task = worker_pop(worker);

	if (!task)
		task = worker_take_injected(worker);
	if (!task)
		task = worker_steal(worker);
	return task;
}

/* ---- parking -------------------------------------------------------------------- */

static void
worker_wake_one(struct leat__run *run)
{
	/* what was queued is seen before the flags are looked at; the other
	 * half is in worker_park */
	leat__fence_seq();
	if (leat__load_relaxed(&run->n_parked) == 0)
		return;
	for (uint32_t k = 0; k < run->n_workers; k++) {
		struct leat__worker *worker = &run->workers[k];

		if (leat__load_relaxed(&worker->is_parked) &&
			leat__swap_seq(&worker->is_parked, 0u)) {
			leat__sub_acq_rel(&run->n_parked, 1u);
			leat__parker_wake(&worker->parker);
			return;
		}
	}
}

static bool
worker_is_over(const struct leat__worker *worker)
{
	/* acquire: pairs with the release in leat__workers_stop */
	return leat__load_acquire(&worker->run->is_over) != 0;
}

static void
worker_unpark(struct leat__worker *worker)
{
	/* who wakes us has taken the flag and the count already */
	if (leat__swap_seq(&worker->is_parked, 0u))
		leat__sub_acq_rel(&worker->run->n_parked, 1u);
}

/* Say that we park, look once more, park. A task if the look found one. */
static struct leat__task *
worker_park(struct leat__worker *worker)
{
	uint32_t ticket = leat__parker_ticket(&worker->parker);
	struct leat__task *task;

	leat__add_acq_rel(&worker->run->n_parked, 1u);
	leat__store_seq(&worker->is_parked, 1u);
	/* flag before look; the other half is in worker_wake_one */
	leat__fence_seq();
	task = worker_look(worker);
	if (!task && !worker_is_over(worker))
		leat__parker_wait(&worker->parker, ticket, LEAT_NEVER);
	worker_unpark(worker);
	return task;
}

static struct leat__task *
worker_spin(struct leat__worker *worker)
{
	const struct leat__env *env = worker->run->env;
	uint64_t spin_ns = worker->run->graph->opts.spin_ns;
	int64_t end_ns;

	if (!spin_ns)
		return NULL;
	end_ns = env->now_ns(env) + (int64_t)spin_ns;
	do {
		struct leat__task *task = worker_look(worker);

		if (task || worker_is_over(worker))
			return task;
		for (int k = 0; k < 16; k++)
			ck_pr_stall();
	} while (env->now_ns(env) < end_ns);
	return NULL;
}

/* The next task to step; NULL when the run is over. */
static struct leat__task *
worker_next(struct leat__worker *worker)
{
	struct leat__task *task = worker_look(worker);

	if (!task)
		task = worker_spin(worker);
	while (!task && !worker_is_over(worker))
		task = worker_park(worker);
	return task;
}

void
leat__workers_stop(struct leat__run *run)
{
	/* release: pairs with the acquire in worker_is_over */
	leat__store_release(&run->is_over, 1u);
	leat__fence_seq();
	for (uint32_t k = 0; k < run->n_workers; k++)
		leat__parker_wake(&run->workers[k].parker);
}

/* ---- tasks ------------------------------------------------------------------------ */

static void
task_submit(struct leat__task *task, struct leat__worker *hint)
{
	if (hint)
		worker_push(hint, task);
	else
		ck_stack_push_upmc(&task->run->injected, &task->injected);
	worker_wake_one(task->run);
}

void
leat__task_ready(struct leat__task *task, struct leat__worker *hint)
{
	uint32_t state = leat__load_relaxed(&task->state);

	for (;;) {
		uint32_t next = state == LEAT__TASK_IDLE ? LEAT__TASK_READY
							 : LEAT__TASK_NOTIFIED;

		if (state == LEAT__TASK_DONE)
			return;
		/* READY and NOTIFIED stay as they are, but the exchange is made
		 * all the same: what the waker did happens before the step */
		if (state == LEAT__TASK_READY)
			next = LEAT__TASK_READY;
		/* pairs with the exchanges in worker_step */
		if (leat__cas_weak_acq_rel(&task->state, &state, next))
			break;
	}
	if (state == LEAT__TASK_IDLE)
		task_submit(task, hint);
}

static void
task_done(struct leat__task *task)
{
	leat__store_release(&task->state, (uint32_t)LEAT__TASK_DONE);
	leat__run_task_done(task->run);
}

/* After an idle step: idle, unless it was woken while it ran. */
static void
worker_settle(struct leat__worker *worker, struct leat__task *task)
{
	uint32_t running = LEAT__TASK_RUNNING;

	/* pairs with the exchange in leat__task_ready */
	if (leat__cas_acq_rel(
		    &task->state, &running, (uint32_t)LEAT__TASK_IDLE))
		return;
	leat__swap_acq_rel(&task->state, (uint32_t)LEAT__TASK_READY);
	worker_push(worker, task);
}

static void
worker_step(struct leat__worker *worker, struct leat__task *task)
{
	enum leat__step step;

	/* pairs with the exchange in leat__task_ready: all that wakers did
	 * before is seen by this step */
	leat__swap_acq_rel(&task->state, (uint32_t)LEAT__TASK_RUNNING);
	step = leat__task_step(task, &worker->lane);
	if (step == LEAT__STEP_DONE) {
		task_done(task);
	} else if (step == LEAT__STEP_IDLE) {
		worker_settle(worker, task);
	} else {
		/* pairs with the exchange in leat__task_ready */
		leat__swap_acq_rel(&task->state, (uint32_t)LEAT__TASK_READY);
		worker_push(worker, task);
	}
}

/* ---- blocking tasks ----------------------------------------------------------------- */

void
leat__task_thread(void *arg)
{
	struct leat__task *task = arg;
	enum leat__step step;

	leat__cache_init(&task->own_lane.cache, task->run->pool,
		task->run->graph->magazine_slots);
	do {
		/* drawn before the step arms anything: no wake is lost */
		uint32_t ticket = leat__parker_ticket(&task->parker);

		step = leat__task_step(task, &task->own_lane);
		if (step == LEAT__STEP_IDLE)
			leat__parker_wait(&task->parker, ticket, LEAT_NEVER);
	} while (step != LEAT__STEP_DONE);
	leat__cache_fini(&task->own_lane.cache);
	task_done(task);
}

/* ---- life ----------------------------------------------------------------------------- */

int
leat__worker_init(
	struct leat__worker *worker, struct leat__run *run, uint32_t number)
{
	worker->run = run;
	worker->number = number;
	worker->lane.worker = worker;
	leat__parker_init(&worker->parker, run->env);
	return leat__queue_init(&worker->queue, run->env, run->n_tasks)
		? LEAT_OK
		: LEAT_ENOMEM;
}

void
leat__worker_fini(struct leat__worker *worker)
{
	if (worker->run)
		leat__queue_fini(&worker->queue, worker->run->env);
}
