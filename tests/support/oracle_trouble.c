/*
 * support/oracle_trouble.c -- see oracle_trouble.h.
 */
#include "support/oracle_trouble.h"
#include "graph/graph.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PAIR_ALIVE 0x5a5a5a5au

/* ---- drawing ----------------------------------------------------------------- */

static uint32_t
trouble_below(struct oracle_node *node, uint32_t n)
{
	return oracle_below(&node->oracle->random, n);
}

static bool
trouble_one_in(struct oracle_node *node, uint32_t n)
{
	return trouble_below(node, n) == 0;
}

/* Of the oracle's own, one stage of its name, with a callback that can fail. */
static bool
trouble_suits(const struct oracle_node *node)
{
	const struct oracle_row *row = &oracle_kinds[node->kind];

	return !row->is_foreign && !row->is_diamond && !row->is_parallel &&
		!row->is_beside && (row->ops->process || row->ops->produce);
}

/* May frames be missing from what it gets without more harm than that? */
static bool
trouble_may_lose(const struct oracle_node *node)
{
	const struct oracle_row *row = &oracle_kinds[node->kind];

	return row->n_ins && row->needs == ORACLE_SUBSET;
}

static void
trouble_draw_failures(struct oracle_node *node)
{
	static const int codes[] = {LEAT_EIO, LEAT_EIO, LEAT_EIO, LEAT_EIO,
		LEAT_EIO, LEAT_EIO, LEAT_EIO, LEAT_ETIMEDOUT, LEAT_ECLOSED,
		LEAT_EDATA, LEAT_ENOMEM, LEAT_ELIMIT, LEAT_ENOTSUP};
	struct oracle_trouble *t = &node->trouble;

	t->one_in = 1 + trouble_below(node, 40);
	t->most = 1 + trouble_below(node, 4);
	t->code = codes[trouble_below(node, leat__array_len(codes))];
	t->attempts = trouble_one_in(node, 8) ? 0 : 2 + trouble_below(node, 5);
	t->is_lenient = trouble_may_lose(node) && trouble_one_in(node, 2);
	t->has_breaker = t->is_lenient && trouble_one_in(node, 2);
	t->breaker_open = trouble_below(node, 3);
}

void
trouble_draw(struct oracle_node *node)
{
	struct oracle_trouble *t = &node->trouble;

	if (!trouble_suits(node))
		return;
	if (node->kind != ORACLE_REJECT && trouble_one_in(node, 2))
		trouble_draw_failures(node);
	if (trouble_may_lose(node) && trouble_one_in(node, 4))
		t->shed_one_in = 1 + trouble_below(node, 20);
	t->has_rate = trouble_one_in(node, 4);
	t->has_timeout = trouble_one_in(node, 4);
	t->is_watched = trouble_one_in(node, 2);
	if (trouble_loses(node))
		node->order = ORACLE_SUBSET;
	if (t->attempts || t->has_rate || t->has_breaker)
		node->is_stateless = false; /* it has a thread of its own */
}

void
trouble_calm(struct oracle *o)
{
	bool is_endless = o->nodes[0].n == ORACLE_ENDLESS;

	for (uint32_t k = 0; k < o->n_nodes; k++) {
		struct oracle_trouble *t = &o->nodes[k].trouble;

		if (!is_endless && !o->nodes[k].fail)
			continue;
		t->one_in = t->attempts = 0;
		t->has_rate = t->has_breaker = false;
	}
}

bool
trouble_loses(const struct oracle_node *node)
{
	return node->trouble.is_lenient || node->trouble.shed_one_in;
}

/* ---- failing ----------------------------------------------------------------- */

int
trouble_strikes(struct oracle_node *node, uint64_t what, uint32_t n)
{
	const struct oracle_trouble *t = &node->trouble;
	uint64_t draw = oracle_mix(node->seed ^ what);

	if (!t->one_in || (draw >> 32) % t->one_in ||
		n >= 1 + (uint32_t)draw % t->most)
		return LEAT_OK;
	return t->code;
}

void
trouble_note(struct oracle_node *node, int code)
{
	if (code == node->trouble.code)
		leat__add_relaxed(&node->trouble.n_struck, 1u);
}

/* ---- hooks of the tests -------------------------------------------------------- */

struct node_opts {
	uint32_t size;
	uint32_t flags;
	struct oracle_node *node;
};

/* Is there, from its init to its fini; knows its node. */
struct pair {
	uint32_t mark;
	struct oracle_node *node;
};

static int
pair_init(struct leat_hook *hook, const void *opts)
{
	const struct node_opts *o = opts;
	struct pair *pair = leat_hook_state(hook);

	pair->mark = PAIR_ALIVE;
	pair->node = o->node;
	leat__add_relaxed(&o->node->trouble.n_hooks, 1u);
	return LEAT_OK;
}

static struct oracle_node *
pair_node(struct leat_hook *hook)
{
	struct pair *pair = leat_hook_state(hook);

	LEAT_INVARIANT(pair->mark == PAIR_ALIVE);
	return pair->node;
}

static int
pair_before(struct leat_hook *hook, const struct leat_call *call)
{
	(void)call;
	leat__add_relaxed(&pair_node(hook)->trouble.n_before, 1u);
	return LEAT_OK;
}

static void
pair_after(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	(void)call;
	(void)rc;
	leat__add_relaxed(&pair_node(hook)->trouble.n_after, 1u);
}

static void
pair_fini(struct leat_hook *hook)
{
	struct pair *pair = leat_hook_state(hook);

	leat__sub_relaxed(&pair_node(hook)->trouble.n_hooks, 1u);
	pair->mark = 0;
}

#define PAIR                                                                   \
	.state_bytes = sizeof(struct pair),                                    \
	.opts_bytes = sizeof(struct node_opts), .init = pair_init,             \
	.fini = pair_fini

static const struct leat_hook_ops pair_ops = {LEAT_HOOK_OPS_INIT("pair"), PAIR,
	.before = pair_before, .after = pair_after};

static int
lenient_on_error(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	(void)pair_node(hook);
	(void)call;
	(void)rc;
	return LEAT_SHED;
}

static const struct leat_hook_ops lenient_ops = {
	LEAT_HOOK_OPS_INIT("lenient"), PAIR, .on_error = lenient_on_error};

static int
shedder_before(struct leat_hook *hook, const struct leat_call *call)
{
	const struct oracle_node *node = pair_node(hook);
	uint64_t item;

	if (!call->frame || !call->n_items)
		return LEAT_OK;
	memcpy(&item, call->frame->data, sizeof(item));
	/* of what was begun it says so in vain */
	return oracle_mix(item + node->seed + call->is_more) %
			node->trouble.shed_one_in
		? LEAT_OK
		: LEAT_SHED;
}

static const struct leat_hook_ops shedder_ops = {
	LEAT_HOOK_OPS_INIT("shedder"), PAIR, .before = shedder_before};

/* ---- building ------------------------------------------------------------------ */

/* A set of hooks, and the options that it points to. */
struct set {
	struct leat_hook_step steps[TROUBLE_HOOKS_MAX];
	uint32_t n;
	struct node_opts own;
	struct leat_retry_opts retry;
	struct leat_rate_opts rate;
	struct leat_breaker_opts breaker;
	struct leat_timeout_opts timeout;
};

static void
set_put(struct set *set, const struct leat_hook_ops *ops, const void *opts)
{
	LEAT_INVARIANT(set->n < TROUBLE_HOOKS_MAX);
	set->steps[set->n++] = (struct leat_hook_step){ops, opts};
}

static void
set_fill(struct set *set, struct oracle_node *node)
{
	*set = (struct set){
		.own = {LEAT_OPTS_INIT(node_opts), .node = node},
		.retry = {LEAT_OPTS_INIT(leat_retry_opts),
			.max = node->trouble.attempts,
			.base_ns = 1 + (int64_t)(node->seed >> 8) % 300,
			.jitter = 0.5},
		.rate = {LEAT_OPTS_INIT(leat_rate_opts), .items = 20000000,
			.burst_ns = 1 + (int64_t)(node->seed >> 20) % 400},
		.breaker = {LEAT_OPTS_INIT(leat_breaker_opts), .calls = 2,
			.window_ns = 100000,
			.pause_ns = 1 + (int64_t)(node->seed >> 24) % 900,
			.open = node->trouble.breaker_open},
		.timeout = {LEAT_OPTS_INIT(leat_timeout_opts),
			.after_ns = 1 + (int64_t)(node->seed >> 30) % 3000},
	};
}

/* From the outside to the inside; is_more: with one that changes nothing. */
static void
set_make(struct set *set, struct oracle_node *node, bool is_more)
{
	const struct oracle_trouble *t = &node->trouble;

	set_fill(set, node);
	if (t->is_lenient)
		set_put(set, &lenient_ops, &set->own);
	if (t->shed_one_in)
		set_put(set, &shedder_ops, &set->own);
	if (is_more)
		set_put(set, &pair_ops, &set->own);
	if (t->has_breaker)
		set_put(set, &leat_breaker_ops, &set->breaker);
	if (t->has_rate)
		set_put(set, &leat_rate_ops, &set->rate);
	if (t->attempts)
		set_put(set, &leat_retry_ops, &set->retry);
	if (t->has_timeout)
		set_put(set, &leat_timeout_ops, &set->timeout);
	if (t->is_watched)
		set_put(set, &pair_ops, &set->own);
}

uint32_t
trouble_flags(const struct oracle_node *node)
{
	return node->trouble.one_in ? LEAT_STAGE_REPEATS : 0;
}

static uint32_t
trouble_on_error(const struct oracle_node *node)
{
	static const uint32_t hows[] = {LEAT_ON_ERROR_SKIP, LEAT_ON_ERROR_STOP,
		LEAT_ON_ERROR_SKIP, LEAT_ON_ERROR_SKIP,
		LEAT_ON_ERROR_DEAD_LETTER, LEAT_ON_ERROR_DEAD_LETTER};

	return hows[node->trouble.on_error];
}

/* One of those that skip has a limit. */
static uint64_t
trouble_limit(const struct oracle_node *node)
{
	return node->trouble.on_error == 2 ? 1 + node->seed % 60 : 0;
}

int
trouble_build(
	struct oracle *o, const struct oracle_node *node, struct leat_stage *st)
{
	struct set set;

	if (node->kind == ORACLE_REJECT)
		LEAT_TRY(leat_stage_set_on_error(st, trouble_on_error(node),
			trouble_limit(node), &o->err));
	set_make(&set, (struct oracle_node *)(uintptr_t)node, false);
	if (!set.n)
		return LEAT_OK;
	return leat_stage_set_hooks(st, set.steps, set.n, &o->err);
}

/* ---- exchanging ------------------------------------------------------------------ */

static void
trouble_exchange(struct oracle *o, uint32_t n)
{
	struct oracle_node *node =
		&o->nodes[oracle_mix(o->seed + n) % o->n_nodes];
	struct leat_stage *st =
		leat__graph_find(o->graph, node->name, strlen(node->name));
	struct set set;

	if (!st || !trouble_suits(node))
		return;
	set_make(&set, node, n % 2 == 0);
	/* where there is no memory the old ones stay */
	(void)!leat_stage_set_hooks(st, set.steps, set.n, NULL);
}

static void
trouble_run(void *arg)
{
	const struct leat__env *env = leat__env_posix();
	struct oracle *o = arg;

	for (uint32_t n = 0; n < o->n_exchanges; n++) {
		trouble_exchange(o, n);
		env->yield(env);
	}
}

void
trouble_begin(struct oracle *o)
{
	const struct leat__env *env = leat__env_posix();

	o->changer = (struct leat__thread){
		.fn = trouble_run, .arg = o, .env = env, .name = "changer"};
	o->is_changing =
		o->n_exchanges && env->thread_start(env, &o->changer) == 0;
}

void
trouble_end(struct oracle *o)
{
	const struct leat__env *env = leat__env_posix();

	if (o->is_changing)
		env->thread_join(env, &o->changer);
	o->is_changing = false;
}

/* ---- comparing -------------------------------------------------------------------- */

static bool
trouble_rejects(const struct oracle_node *node, const struct leat_error *err)
{
	return node->kind == ORACLE_REJECT && err->code == LEAT_EDATA &&
		(trouble_on_error(node) == LEAT_ON_ERROR_STOP ||
			trouble_limit(node));
}

bool
trouble_is_cause(const struct oracle *o, const struct leat_error *err)
{
	for (uint32_t k = 0; k < o->n_nodes; k++) {
		const struct oracle_node *node = &o->nodes[k];
		bool has_struck = leat__load_relaxed(&node->trouble.n_struck) &&
			err->code == node->trouble.code;

		if (strcmp(err->stage, node->name) == 0 &&
			(has_struck || trouble_rejects(node, err)))
			return true;
	}
	return false;
}

/* Did a call fail that nobody makes again, nor gives up? */
static bool
trouble_stands(const struct oracle_node *node)
{
	const struct oracle_trouble *t = &node->trouble;
	bool is_mended = t->attempts &&
		(t->code == LEAT_EIO || t->code == LEAT_ETIMEDOUT ||
			t->code == LEAT_ECLOSED);

	return leat__load_relaxed(&t->n_struck) && !is_mended &&
		!t->is_lenient && !node->is_stateless;
}

/* Did it reject more than it may? */
static bool
trouble_exceeds(const struct oracle_node *node)
{
	uint64_t n_bad = node->n_in - node->n_out;

	if (node->kind != ORACLE_REJECT || node->is_cut || node->is_loose ||
		trouble_loses(node) || !n_bad)
		return false;
	return trouble_on_error(node) == LEAT_ON_ERROR_STOP ||
		(trouble_limit(node) && n_bad > trouble_limit(node));
}

bool
trouble_is_certain(const struct oracle *o)
{
	for (uint32_t k = 0; k < o->n_nodes; k++)
		if (trouble_stands(&o->nodes[k]) ||
			trouble_exceeds(&o->nodes[k]))
			return true;
	return false;
}

static uint64_t
trouble_n_letters(const struct oracle *o)
{
	FILE *file = fopen(o->dead_path, "r");
	uint64_t n = 0;
	int c;

	while (file && (c = getc(file)) != EOF)
		n += c == '\n';
	if (file)
		fclose(file);
	return n;
}

void
trouble_check(struct oracle *o)
{
	uint64_t n_letters = trouble_n_letters(o);

	for (uint32_t k = 0; k < o->n_nodes; k++) {
		const struct oracle_trouble *t = &o->nodes[k].trouble;

		if (t->n_hooks)
			oracle_find(o, "%s: %u hooks have had no fini",
				o->nodes[k].name, t->n_hooks);
		if (t->n_before != t->n_after)
			oracle_find(o, "%s: %u befores and %u afters",
				o->nodes[k].name, t->n_before, t->n_after);
	}
	if (o->is_waited && n_letters != o->stats.dead_lettered)
		oracle_find(o, "%llu dead letters instead of %llu",
			(unsigned long long)n_letters,
			(unsigned long long)o->stats.dead_lettered);
	unlink(o->dead_path);
}
