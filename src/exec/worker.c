/*
 * exec/worker.c -- a worker: what it runs next, stealing, parking.
 *
 * Keeps: a READY job is in exactly one queue (its state goes IDLE -> READY
 * once per queueing); a job that is woken while it runs goes to NOTIFIED and
 * is queued again when its step ends; a worker parks only after it drew a
 * ticket, said so, stopped searching, and then found nothing ready anywhere.
 * tests/model/worker.pml proves the three together.
 * A thread without work for idle_ns says that it has stopped and looks once
 * more; who finds it stopped starts it again.
 * Threads: the worker's own; leat__job_ready any.
 */
#include <ck_pr.h>

#include "base/probe.h"
#include "exec/exec.h"

/* The common queue and new tasks come first every so many entries, so that
 * entries that wake each other do not keep them out. A prime: no rhythm of
 * the work falls in with it. */
#define WORKER_FAIR_TICKS  61
#define WORKER_STEALS_MAX  128
#define WORKER_HANDED_MOST 16
#define WORKER_SENTRY_NS   1000000
#define WORKER_SPINS       16
#define WORKER_YIELDS      4

/* ---- the main loop ------------------------------------------------------ */

static struct leat__entry *worker_next(struct leat__worker *worker);

static void
worker_begin(struct leat__worker *worker)
{
	struct leat__exec *exec = worker->exec;
	const struct leat__env *env = exec->env;

	worker->slot = leat__thread_slot();
	leat__context_init_thread(&worker->context);
	worker->is_searching = true; /* whoever started it counted it */
	worker->idle_since_ns = 0;
	leat__store_relaxed(&worker->coarse_ns, env->now_ns(env));
	if (exec->opts.pin)
		leat__pin_thread(env, exec->opts.pin, worker->number);
	leat__store_seq(&worker->mode, (uint32_t)LEAT__WORKER_AWAKE);
}

void
leat__worker_thread(void *arg)
{
	struct leat__worker *worker = arg;
	struct leat__entry *entry;

	worker_begin(worker);
	while ((entry = worker_next(worker)) != NULL) {
		struct leat__context *to = entry->run(entry, worker);

		for (; to; to = worker->back(worker))
			leat__context_switch(&worker->context, to);
	}
}

/* ---- looking ------------------------------------------------------------ */

static bool
worker_is_over(const struct leat__worker *worker)
{
	/* pairs with the store in leat__exec_stop */
	return leat__load_seq(&worker->exec->is_over) != 0;
}

/* The first of a chain is the next to run, the others go into the queue. */
static struct leat__entry *
worker_keep(struct leat__worker *worker, struct leat__entry *first)
{
	struct leat__entry *entry = first ? first->next : NULL;

	while (entry) {
		struct leat__entry *next = entry->next;

		leat__worker_push(worker, entry);
		entry = next;
	}
	return first;
}

/* What has not begun yet. */
static struct leat__entry *
worker_feed(struct leat__worker *worker)
{
	const struct leat__exec_opts *opts = &worker->exec->opts;

	return opts->feed ? opts->feed(opts->user, worker) : NULL;
}

static struct leat__entry *
worker_look_outside(struct leat__worker *worker)
{
	struct leat__exec *exec = worker->exec;
	struct leat__entry *entry = exec->is_ranked
		? leat__rank_look(worker)
		: worker_keep(worker, leat__exec_take(exec, 0));

	return entry ? entry : worker_feed(worker);
}

/* By turns: where more yield than a queue holds some are outside at any time,
 * and what is new would never begin. */
static struct leat__entry *
worker_look_fairly(struct leat__worker *worker)
{
	bool is_new_first = worker->tick / WORKER_FAIR_TICKS % 2;
	struct leat__entry *entry = is_new_first ? worker_feed(worker) : NULL;

	return entry ? entry : worker_look_outside(worker);
}

static inline struct leat__entry *
worker_pop(struct leat__worker *worker)
{
	if (leat__unlikely(worker->exec->is_ranked))
		return leat__rank_look(worker);
	return worker->exec->n_workers == 1
		? leat__queue_pop_alone(&worker->queue)
		: leat__queue_pop(&worker->queue);
}

struct leat__entry *
leat__worker_pop(struct leat__worker *worker)
{
	struct leat__entry *entry;

	if ((worker->tick + 1) % WORKER_FAIR_TICKS == 0)
		return NULL;
	entry = worker_pop(worker);
	if (entry)
		worker->tick++;
	return entry;
}

/* Two that hand over to each other must not keep out the others, nor one of a
 * lesser rank. */
static struct leat__entry *
worker_look_handed(struct leat__worker *worker)
{
	struct leat__entry *entry = worker->handed;

	worker->handed = NULL;
	worker->n_handed = entry ? worker->n_handed + 1 : 0;
	if (!entry)
		return NULL;
	if (worker->n_handed < WORKER_HANDED_MOST &&
		!leat__rank_has_before(worker->exec, entry->rank))
		return entry;
	worker->n_handed = 0;
	leat__exec_push(worker->exec, worker, entry);
	return NULL;
}

static struct leat__entry *
worker_look(struct leat__worker *worker)
{
	struct leat__entry *entry = worker_look_handed(worker);

	if (entry)
		return entry;
	if (leat__unlikely(++worker->tick % WORKER_FAIR_TICKS == 0)) {
		const struct leat__env *env = worker->exec->env;

		leat__store_relaxed(&worker->coarse_ns, env->now_ns(env));
		entry = worker_look_fairly(worker);
		if (entry)
			return entry;
	}
	entry = worker_pop(worker);
	return entry ? entry : worker_look_outside(worker);
}

/* ---- searching ---------------------------------------------------------- */

static struct leat__entry *
worker_steal_from(struct leat__worker *worker, struct leat__worker *victim)
{
	void *entries[WORKER_STEALS_MAX];
	uint32_t n =
		leat__queue_take(&victim->queue, entries, WORKER_STEALS_MAX);

	for (uint32_t k = 1; k < n; k++)
		leat__worker_push(worker, entries[k]);
	if (n == 0)
		return NULL;
	leat__bump(&worker->n_steals, n);
	if (leat__unlikely(worker->trace != NULL))
		leat__trace_stole(worker, victim, n);
	return entries[0];
}

static struct leat__entry *
worker_steal(struct leat__worker *worker)
{
	struct leat__exec *exec = worker->exec;
	struct leat__entry *entry = NULL;

	if (exec->is_ranked)
		return leat__rank_look(worker);
	for (uint32_t k = 1; k < exec->n_workers && !entry; k++) {
		uint32_t victim = (worker->number + k) % exec->n_workers;

		entry = worker_steal_from(worker, &exec->workers[victim]);
	}
	return entry;
}

static struct leat__entry *
worker_spin(struct leat__worker *worker)
{
	struct leat__exec *exec = worker->exec;
	const struct leat__env *env = exec->env;
	struct leat__entry *entry = NULL;
	int64_t end_ns;

	if (!exec->opts.spin_ns)
		return NULL;
	end_ns = env->now_ns(env) + (int64_t)exec->opts.spin_ns;
	while (!entry && !worker_is_over(worker) && env->now_ns(env) < end_ns) {
		for (int k = 0; k < WORKER_SPINS; k++)
			ck_pr_stall();
		entry = worker_look_outside(worker);
		if (!entry)
			entry = worker_steal(worker);
	}
	return entry;
}

/* Whoever made it wake may be about to make more ready, and share its core:
 * let that happen before it pays for parking and being woken again. */
static struct leat__entry *
worker_linger(struct leat__worker *worker)
{
	const struct leat__env *env = worker->exec->env;
	struct leat__entry *entry = NULL;

	for (int k = 0; k < WORKER_YIELDS && !entry; k++) {
		env->yield(env);
		entry = worker_look_outside(worker);
	}
	return entry;
}

static void
worker_start_searching(struct leat__worker *worker)
{
	if (!worker->is_searching)
		leat__add_seq(&worker->exec->n_searching, 1u);
	worker->is_searching = true;
}

/* Enough are searching already, for those that are at work. */
static bool
worker_may_search(const struct leat__worker *worker)
{
	const struct leat__exec *exec = worker->exec;
	uint32_t n_idle = leat__load_relaxed(&exec->n_parked) +
		leat__load_relaxed(&exec->n_stopped);

	return worker->is_searching || exec->n_workers == 1 ||
		2 * leat__load_relaxed(&exec->n_searching) + n_idle <
		exec->n_workers;
}

static struct leat__entry *
worker_search(struct leat__worker *worker)
{
	struct leat__entry *entry;

	if (!worker_may_search(worker))
		return NULL;
	worker_start_searching(worker);
	entry = worker_steal(worker);
	if (!entry)
		entry = worker_spin(worker);
	return entry ? entry : worker_linger(worker);
}

/* It has something to run. Whoever made something ready meanwhile has left it
 * to the searchers to see that. */
static void
worker_found(struct leat__worker *worker)
{
	struct leat__exec *exec = worker->exec;

	worker->idle_since_ns = 0;
	worker->is_for_one = false;
	if (worker->is_sentry)
		leat__sub_seq(&exec->n_sentries, 1u);
	worker->is_sentry = false;
	if (!worker->is_searching)
		return;
	worker->is_searching = false;
	/* before the look; the other half is in leat__exec_wake_one */
	if (leat__sub_seq(&exec->n_searching, 1u) == 1 &&
		leat__exec_has_work(exec, false))
		leat__exec_wake_one(exec, false);
}

/* ---- parking ------------------------------------------------------------ */

static void
worker_unpark(struct leat__worker *worker)
{
	uint32_t was = LEAT__WORKER_PARKED;

	/* pairs with the exchange in exec_unpark_one */
	if (leat__cas_seq(&worker->mode, &was, (uint32_t)LEAT__WORKER_AWAKE)) {
		leat__sub_seq(&worker->exec->n_parked, 1u);
		return;
	}
	/* woken: it has been counted as searching */
	leat__store_seq(&worker->mode, (uint32_t)LEAT__WORKER_AWAKE);
	worker->is_searching = true;
	worker->is_for_one = was == LEAT__WORKER_WOKEN_FOR_ONE;
}

static void
worker_sleep(struct leat__worker *worker, uint32_t ticket, int64_t deadline_ns)
{
	const struct leat__env *env = worker->exec->env;
	int64_t since_ns =
		leat__unlikely(worker->trace != NULL) ? env->now_ns(env) : 0;

	leat__probe_1(park, worker->number);
	(void)leat__parker_wait(&worker->parker, ticket, deadline_ns);
	if (leat__unlikely(worker->trace != NULL))
		leat__trace_parked(worker, since_ns);
}

/* Say that it parks, stop searching, look once more, park. */
static void
worker_park(struct leat__worker *worker, int64_t deadline_ns)
{
	struct leat__exec *exec = worker->exec;
	uint32_t ticket = leat__parker_ticket(&worker->parker);
	bool is_idle;

	leat__add_seq(&exec->n_parked, 1u);
	leat__store_seq(&worker->mode, (uint32_t)LEAT__WORKER_PARKED);
	if (worker->is_searching)
		leat__sub_seq(&exec->n_searching, 1u);
	worker->is_searching = false;
	/* mode before look; the other half is in leat__exec_wake_one */
	leat__fence_seq();
	is_idle = !leat__exec_has_work(exec, worker->is_sentry) &&
		!worker_is_over(worker);
	if (is_idle) {
		leat__bump(&worker->n_parks, 1);
		worker_sleep(worker, ticket, deadline_ns);
	}
	worker_unpark(worker);
	if (is_idle)
		return;
	/* what it saw may be gone when it gets there */
	worker_start_searching(worker);
	worker->is_for_one = true;
}

/* All the others sleep: nothing can be waiting for them. */
static bool
worker_is_alone(const struct leat__worker *worker)
{
	const struct leat__exec *exec = worker->exec;

	return leat__load_seq(&exec->n_parked) +
		leat__load_seq(&exec->n_stopped) + 1 >=
		exec->n_workers;
}

/*
 * It was woken for a single entry, and found it run already by who made it
 * ready: waking for such costs more than it brings. It stays on watch instead,
 * and looks from time to time for as long as others work.
 */
static void
worker_watch(struct leat__worker *worker)
{
	struct leat__exec *exec = worker->exec;
	bool is_watch = worker->is_for_one || worker->is_sentry;

	is_watch = is_watch && !worker_is_alone(worker);
	if (is_watch && !worker->is_sentry)
		leat__add_seq(&exec->n_sentries, 1u);
	/* before the last look in worker_park; the other half is in
	 * leat__exec_wake_one */
	if (!is_watch && worker->is_sentry)
		leat__sub_seq(&exec->n_sentries, 1u);
	worker->is_sentry = is_watch;
	worker->is_for_one = false;
}

/* Its thread ends if nothing came in idle_ns; the first one's never does. */
static bool
worker_end(struct leat__worker *worker)
{
	struct leat__exec *exec = worker->exec;
	uint32_t stopped = LEAT__WORKER_STOPPED;

	/* acquire: pairs with the release of who started this thread, and may
	 * not have come back from that yet */
	while (!leat__load_acquire(&worker->is_started))
		exec->env->yield(exec->env);
	leat__add_seq(&exec->n_stopped, 1u);
	leat__store_seq(&worker->mode, stopped);
	/* mode before look; the other half is in leat__exec_wake_one */
	leat__fence_seq();
	if (!leat__exec_has_work(exec, false))
		return true;
	/* pairs with the exchange in worker_try_start: who made it has begun
	 * to start another thread, which will look */
	if (!leat__cas_seq(
		    &worker->mode, &stopped, (uint32_t)LEAT__WORKER_AWAKE))
		return true;
	leat__sub_seq(&exec->n_stopped, 1u);
	worker_start_searching(worker);
	return false;
}

static int64_t
worker_idle_end_ns(struct leat__worker *worker, int64_t now_ns)
{
	uint64_t idle_ns = worker->exec->opts.idle_ns;

	if (!worker->idle_since_ns)
		worker->idle_since_ns = now_ns;
	if (!idle_ns || worker->number == 0)
		return LEAT_NEVER;
	return worker->idle_since_ns + (int64_t)idle_ns;
}

/* Sleep until there may be something. false: the thread is to end. */
static bool
worker_idle(struct leat__worker *worker)
{
	const struct leat__env *env = worker->exec->env;
	int64_t now_ns = env->now_ns(env);
	int64_t end_ns = worker_idle_end_ns(worker, now_ns);
	int64_t deadline_ns = end_ns;

	leat__store_relaxed(&worker->coarse_ns, now_ns);
	worker_watch(worker);
	if (worker->is_sentry && now_ns + WORKER_SENTRY_NS < end_ns)
		deadline_ns = now_ns + WORKER_SENTRY_NS;
	worker_park(worker, deadline_ns);
	if (worker->is_searching)
		return true;
	/* the deadline came, or nothing at all */
	now_ns = env->now_ns(env);
	leat__store_relaxed(&worker->coarse_ns, now_ns);
	if (now_ns >= end_ns && !worker->is_sentry)
		return !worker_end(worker);
	worker_start_searching(worker);
	return true;
}

/* The next entry to run; NULL when the thread is to end. */
static struct leat__entry *
worker_next(struct leat__worker *worker)
{
	if (leat__unlikely(worker->exec->is_ranked))
		leat__rank_end(worker);
	for (;;) {
		struct leat__entry *entry = worker_look(worker);

		if (!entry)
			entry = worker_search(worker);
		if (entry) {
			worker_found(worker);
			if (leat__unlikely(worker->exec->is_ranked))
				leat__rank_begin(worker, entry);
			return entry;
		}
		if (worker_is_over(worker) || !worker_idle(worker))
			return NULL;
	}
}

/* ---- jobs --------------------------------------------------------------- */

/* true: it was idle, and is to be queued. */
static bool
job_wake(struct leat__job *job)
{
	uint32_t state = leat__load_relaxed(&job->state);

	for (;;) {
		uint32_t next = state == LEAT__JOB_IDLE ? LEAT__JOB_READY
							: LEAT__JOB_NOTIFIED;

		if (state == LEAT__JOB_DONE)
			return false;
		/* READY and NOTIFIED stay as they are, but the exchange is made
		 * all the same: what the waker did happens before the step */
		if (state == LEAT__JOB_READY)
			next = LEAT__JOB_READY;
		/* pairs with the exchanges in job_run */
		if (leat__cas_weak_acq_rel(&job->state, &state, next))
			break;
	}
	return state == LEAT__JOB_IDLE;
}

void
leat__job_ready(struct leat__job *job, struct leat__worker *hint)
{
	if (job_wake(job))
		leat__exec_push(job->exec, hint, &job->entry);
}

void
leat__job_ready_next(struct leat__job *job, struct leat__worker *hint)
{
	if (!job_wake(job))
		return;
	if (hint && !hint->handed)
		hint->handed = &job->entry;
	else
		leat__exec_push(job->exec, hint, &job->entry);
}

/* What it has handed over comes first; another worker may take it. */
static void
job_again(struct leat__job *job, struct leat__worker *worker)
{
	leat__worker_push(worker, &job->entry);
	if (worker->handed && worker->exec->n_workers > 1)
		leat__exec_wake_one(
			worker->exec, leat__worker_len(worker) == 1);
}

/* After an idle step: idle, unless it was woken while it ran. */
static void
job_settle(struct leat__job *job, struct leat__worker *worker)
{
	uint32_t running = LEAT__JOB_RUNNING;

	/* pairs with the exchange in leat__job_ready */
	if (leat__cas_acq_rel(&job->state, &running, (uint32_t)LEAT__JOB_IDLE))
		return;
	leat__swap_acq_rel(&job->state, (uint32_t)LEAT__JOB_READY);
	job_again(job, worker);
}

static struct leat__context *
job_run(struct leat__entry *entry, struct leat__worker *worker)
{
	struct leat__job *job =
		leat__container_of(entry, struct leat__job, entry);
	enum leat__step step;

	/* pairs with the exchange in leat__job_ready: all that wakers did
	 * before is seen by this step */
	leat__swap_acq_rel(&job->state, (uint32_t)LEAT__JOB_RUNNING);
	step = job->step(job, worker);
	if (step == LEAT__STEP_DONE) {
		leat__store_release(&job->state, (uint32_t)LEAT__JOB_DONE);
		job->done(job);
	} else if (step == LEAT__STEP_IDLE) {
		job_settle(job, worker);
	} else {
		/* pairs with the exchange in leat__job_ready */
		leat__swap_acq_rel(&job->state, (uint32_t)LEAT__JOB_READY);
		job_again(job, worker);
	}
	return NULL;
}

void
leat__job_init(struct leat__job *job, struct leat__exec *exec)
{
	job->entry.run = job_run;
	job->exec = exec;
	job->state = LEAT__JOB_IDLE;
}
