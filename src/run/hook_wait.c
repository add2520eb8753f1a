/*
 * run/hook_wait.c -- what hooks may ask for in a call beside time: to wait for
 * each other, and how full queue and pool are.
 *
 * Who waits for a word is in the graph's list before it looks at the word for
 * the last time; who changes the word does so before it looks into the list.
 * Both under one lock.
 * Keeps: no wake-up is lost; a waiter is in the list only while it waits.
 * Threads: waits by the one that steps the stage's task, wakes by any.
 */
#include "run/hook.h"

#include "env/waiter.h"

/* ---- words -------------------------------------------------------------- */

struct leat__word_wait {
	struct leat__word_wait *next;
	const uint32_t *word;
	struct leat__ctx_wait wait; /* for the end of the call's context */
	struct leat__waiter waiter;
};

static void
word_cancel(struct leat_ctx *ctx, void *user)
{
	struct leat__word_wait *self = user;

	(void)ctx;
	leat__waiter_claim(&self->waiter, LEAT__TOKEN_CANCEL);
}

static void
word_describe(const struct leat__ctx_wait *wait, struct leat__text *text)
{
	const struct leat__word_wait *self =
		leat__container_of(wait, const struct leat__word_wait, wait);

	leat__waiter_describe(&self->waiter, text);
	leat__text_add(text, " waits in a hook");
}

/* false: the word has changed. */
static bool
word_enter(struct leat_graph *graph, struct leat__word_wait *self, uint32_t is)
{
	bool is_waiting;

	leat__lock_take(&graph->words_lock, graph->env);
	/* acquire: what was done before the word changed is seen */
	is_waiting = leat__load_acquire(self->word) == is;
	if (is_waiting) {
		self->next = graph->words;
		graph->words = self;
	}
	leat__lock_drop(&graph->words_lock, graph->env);
	return is_waiting;
}

static void
word_leave(struct leat_graph *graph, struct leat__word_wait *self)
{
	struct leat__word_wait **at = &graph->words;

	leat__lock_take(&graph->words_lock, graph->env);
	while (*at != self)
		at = &(*at)->next;
	*at = self->next;
	leat__lock_drop(&graph->words_lock, graph->env);
}

static int
word_wait(struct leat_graph *graph, struct leat_ctx *ctx,
	struct leat__word_wait *self, uint32_t is, int64_t until_ns)
{
	uint32_t token;

	leat__waiter_init(&self->waiter, graph->env);
	if (!word_enter(graph, self, is))
		return LEAT_OK;
	self->wait.since_ns = graph->env->now_ns(graph->env);
	leat__ctx_wait_begin(ctx, &self->wait);
	token = leat__waiter_wait(&self->waiter, until_ns);
	leat__ctx_wait_end(ctx, &self->wait);
	word_leave(graph, self);
	return token == LEAT__TOKEN_CANCEL ? LEAT_ECANCELED : LEAT_OK;
}

/* What ends a source's waits is a drain, too. */
static int
word_wait_in_call(const struct leat_call *call, struct leat__word_wait *self,
	uint32_t is, int64_t until_ns)
{
	struct leat_stage *st = leat__call_stage(call);
	struct leat_graph *graph = st->graph;
	int64_t deadline_ns = st->call_deadline_ns;
	int rc;

	if (call->kind != LEAT_CALL_PRODUCE) {
		rc = word_wait(graph, leat_stage_ctx(st), self, is, until_ns);
		return rc < 0 ? leat__call_ended(st) : rc;
	}
	if (deadline_ns && deadline_ns < until_ns)
		until_ns = deadline_ns;
	rc = word_wait(graph, graph->run->drain.waits, self, is, until_ns);
	if (leat_ctx_is_done(graph->ctx))
		return LEAT_ECANCELED;
	if (rc < 0)
		return LEAT_EOS;
	return deadline_ns && graph->env->now_ns(graph->env) >= deadline_ns
		? LEAT_ETIMEDOUT
		: LEAT_OK;
}

int
leat_call_wait_word(const struct leat_call *call, const uint32_t *word,
	uint32_t is, int64_t until_ns)
{
	struct leat_stage *st = leat__call_stage(call);
	const struct leat__env *env = st->graph->env;
	struct leat__word_wait self = {.word = word,
		.wait = {.after = {.fn = word_cancel, .user = &self},
			.describe = word_describe}};
	int64_t began_ns = env->now_ns(env);
	int rc;

	LEAT_TRY(leat__call_may_wait(call));
	leat__run_guard_begin(st);
	rc = word_wait_in_call(call, &self, is, until_ns);
	leat__run_wait_end(st);
	leat__add_relaxed(&leat__call_hook(call)->wait_ns,
		(uint64_t)(env->now_ns(env) - began_ns));
	return rc;
}

void
leat_call_wake(const struct leat_call *call, const uint32_t *word)
{
	struct leat_graph *graph = leat__call_stage(call)->graph;

	leat__lock_take(&graph->words_lock, graph->env);
	for (struct leat__word_wait *at = graph->words; at; at = at->next)
		if (at->word == word)
			leat__waiter_claim(&at->waiter, LEAT__TOKEN_HINT);
	leat__lock_drop(&graph->words_lock, graph->env);
}

/* ---- load --------------------------------------------------------------- */

/* Of the link that leads to its segment; the fullest of several. */
static double
queue_share(const struct leat_stage *st)
{
	const struct leat_stage *head = st->segment->stages[0];
	double most = 0;

	for (uint32_t k = 0; k < head->n_ins; k++) {
		const struct leat__chan *ch = &head->ins[k]->chan;
		double share = (double)leat__chan_queued(ch) /
			(double)ch->capacity_frames;

		most = share > most ? share : most;
	}
	return most < 1 ? most : 1;
}

void
leat_call_look(const struct leat_call *call, struct leat_call_load *load_out)
{
	const struct leat_stage *st = leat__call_stage(call);
	const struct leat_graph *graph = st->graph;
	uint64_t n_bytes = leat__pool_bytes(graph->classes, graph->n_classes);

	*load_out = (struct leat_call_load){.size = (uint32_t)sizeof(*load_out),
		.queue = queue_share(st),
		.memory = n_bytes
			? (double)leat__pool_used_bytes(graph->run->pool) /
				(double)n_bytes
			: 0};
}

struct leat_frame *
leat_call_frame(const struct leat_call *call)
{
	/* it has nobody else's: LEAT_HOOK_IN_PLACE */
	return (struct leat_frame *)(uintptr_t)call->frame;
}
