/*
 * exec/block.c -- a task on a thread of its own: who it is, how it waits.
 *
 * The thread says in its slot whose function it runs, as a worker does for a
 * fiber; so what it submits is known to come from a task.
 * Keeps: a wait that was parked returns only after ready() was called for it,
 * or after it has claimed itself, so nobody touches the strand any more.
 * Threads: park by the thread itself, ready by any.
 */
#include "exec/workers.h"

struct block_strand {
	struct leat__strand strand;
	const struct leat__env *env;
	struct leat_task *task;
	uint32_t is_ready; /* atomic, a park word */
};

static struct block_strand *
block_of(struct leat__strand *strand)
{
	return leat__container_of(strand, struct block_strand, strand);
}

static void
block_park(struct leat__strand *strand, struct leat__waiter *waiter,
	int64_t deadline_ns)
{
	struct block_strand *self = block_of(strand);
	const struct leat__env *env = self->env;
	struct leat__wakeup wakeup;

	if (!leat__waiter_park(waiter))
		return;
	/* acquire: pairs with the release in block_ready */
	while (!leat__load_acquire(&self->is_ready)) {
		if (deadline_ns != LEAT_NEVER &&
			env->now_ns(env) >= deadline_ns) {
			if (leat__waiter_claim_quietly(
				    waiter, LEAT__TOKEN_DEADLINE, &wakeup))
				return;
			deadline_ns = LEAT_NEVER; /* ready() is on its way */
		}
		env->park(env, &self->is_ready, 0, deadline_ns);
	}
	leat__store_relaxed(&self->is_ready, 0u);
}

/* The thread may be gone as soon as it sees the word: what follows is a wake
 * on an address. */
static void
block_ready(struct leat__strand *strand)
{
	struct block_strand *self = block_of(strand);
	const struct leat__env *env = self->env;
	uint32_t *word = &self->is_ready;

	/* release: pairs with the acquire in block_park */
	leat__store_release(word, 1u);
	env->wake(env, word);
}

static void
block_describe(const struct leat__strand *strand, struct leat__text *text)
{
	const struct block_strand *self =
		leat__container_of(strand, const struct block_strand, strand);

	leat__text_add(text, "task %s on a thread (%s)", self->task->name,
		self->task->where);
}

struct leat_task *
leat__block_self(void)
{
	struct leat__strand *strand = *leat__thread_slot();

	return strand && strand->park == block_park ? block_of(strand)->task
						    : NULL;
}

void
leat__block_run(struct leat_task *task, void (*fn)(struct leat_task *))
{
	struct block_strand self = {.strand = {.park = block_park,
					    .ready = block_ready,
					    .describe = block_describe},
		.env = task->workers->env,
		.task = task};

	*leat__thread_slot() = &self.strand;
	fn(task);
	*leat__thread_slot() = NULL;
}
