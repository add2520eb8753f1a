/*
 * support/oracle_run.c -- run a description in the library, and compare.
 *
 * A run that ended well must have delivered what the interpreter says; one
 * that was ended early a prefix of it, or a part where the order is not known.
 * In both the books must balance, the pool must be full again, the memory used
 * within what was proved, and in the end nothing is left of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctx/ctx.h"
#include "graph/parallel.h"
#include "support/oracle_trouble.h"

#define RUN_MOMENT_NS 100000000 /* it does not come if a start failed */

/* ---- building ---------------------------------------------------------- */

void
oracle_ops(const struct oracle_node *node, struct leat_stage_ops *ops)
{
	*ops = *oracle_kinds[node->kind].ops;
	ops->n_outs = oracle_kinds[node->kind].n_outs;
	ops->needs.frame_bytes = node->frame_bytes;
	ops->needs.max_out = node->max_out;
	if (node->kind == ORACLE_HOLD)
		ops->needs.holds = (uint32_t)node->n;
	if (node->is_blocking)
		ops->flags |= LEAT_STAGE_BLOCKING;
	if (node->is_stateless)
		ops->flags |= LEAT_STAGE_STATELESS;
	ops->flags |= trouble_flags(node);
}

/* Links between copies hold as little as can be, now and then. */
static void
build_tighten(struct oracle *o, const struct oracle_node *node)
{
	for (uint32_t k = 0; k < o->graph->n_links; k++) {
		struct leat__link *link = o->graph->links[k];

		if (link->to && link->from->parallel &&
			link->from->parallel == link->to->parallel)
			link->asked_frames = link->from->needs.max_out +
				(uint32_t)(node->seed >> (8 + k % 40)) % 3;
	}
}

/* Up to four replicas; often their number changes whenever it can. */
static int
build_parallel(struct oracle *o, struct oracle_node *node)
{
	struct leat_parallel_opts opts = {LEAT_OPTS_INIT(leat_parallel_opts),
		.is_ordered = node->kind == ORACLE_PARALLEL,
		.most = 1 + (uint32_t)(node->seed >> 4) % 4u,
		.least = node->seed & 2u, .grow_queue = 2, .shrink_queue = 1,
		.grow_rate = 101, .shrink_rate = 100,
		.window_ns = 1 + (int64_t)(node->seed >> 16) % 300,
		.cooldown_ns = 1};
	struct oracle_stage_opts mine = {
		LEAT_OPTS_INIT(oracle_stage_opts), .node = node};
	struct leat_stage_ops ops;
	struct leat_step step = {&ops, &mine};

	oracle_ops(node, &ops);
	ops.name = node->name;
	opts.least = opts.least ? opts.most : 1;
	LEAT_TRY(leat_parallel(o->graph, &opts, &step, 1, &node->replicas_in,
		&node->replicas_out, &o->err));
	build_tighten(o, node);
	return LEAT_OK;
}

static int
build_node(struct oracle *o, struct oracle_node *node)
{
	struct oracle_stage_opts opts = {
		LEAT_OPTS_INIT(oracle_stage_opts), .node = node};
	struct leat_stage_ops ops;
	const struct oracle_row *row = &oracle_kinds[node->kind];
	struct leat_step step = {&ops, &opts};
	struct leat_stage *st;

	if (row->is_beside)
		return oracle_build_beside(o, node);
	if (row->is_foreign) {
		step = (struct leat_step){row->ops, row->opts};
		return leat_graph_add(
			o->graph, node->name, &step, &st, &o->err);
	}
	if (row->is_parallel)
		return build_parallel(o, node);
	if (row->is_diamond)
		return oracle_build_diamond(o, node);
	oracle_ops(node, &ops);
	LEAT_TRY(leat_graph_add(o->graph, node->name, &step, &st, &o->err));
	return trouble_build(o, node, st);
}

/* The stage that has a node's outs, or its ins. */
static struct leat_stage *
build_find(struct oracle *o, uint32_t node, bool is_out)
{
	bool is_other = is_out && oracle_kinds[o->nodes[node].kind].is_diamond;
	char name[24];

	if (oracle_kinds[o->nodes[node].kind].is_parallel)
		return is_out ? o->nodes[node].replicas_out.stage
			      : o->nodes[node].replicas_in.stage;
	snprintf(name, sizeof(name), "%s%s", o->nodes[node].name,
		is_other ? "-out" : "");
	return leat__graph_find(o->graph, name, strlen(name));
}

static int
build_link(struct oracle *o, const struct oracle_link *link)
{
	struct leat_link_opts opts = {LEAT_OPTS_INIT(leat_link_opts),
		.capacity_frames = link->capacity_frames,
		.capacity_bytes = link->capacity_bytes};

	return leat_graph_link(o->graph,
		leat_out(build_find(o, link->from, true), link->out),
		leat_in(build_find(o, link->to, false), link->in), &opts,
		&o->err);
}

/* In every other graph some stages come before others; nothing else may come
 * of that. Strictly only where all ends by itself: a stage without end may keep
 * out a later one for ever. */
static uint32_t
build_schedule(const struct oracle *o)
{
	return oracle_has_moment(o) || (o->seed & 2u) ? LEAT_SCHEDULE_WEIGHTED
						      : LEAT_SCHEDULE_STRICT;
}

static int
build_priorities(struct oracle *o)
{
	for (uint32_t k = 0; (o->seed & 1u) && k < o->graph->n_stages; k++) {
		struct leat_stage *st = o->graph->stages[k];
		uint64_t draw = oracle_mix(o->seed + k);

		if ((st->ops.flags & LEAT_STAGE_BLOCKING) || draw % 4 == 0)
			continue;
		LEAT_TRY(leat_stage_set_priority(
			st, (uint32_t)(draw >> 8) % LEAT_PRIORITIES, &o->err));
	}
	return LEAT_OK;
}

static int
build(struct oracle *o, uint64_t memory_bytes)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = o->workers, .quantum_ns = o->quantum_ns,
		.spin_ns = o->spin_ns, .memory_bytes = memory_bytes,
		.parent = o->parent, .schedule = build_schedule(o),
		.dead_letters = o->dead_path};

	LEAT_TRY(leat__graph_create(&o->world.env, &opts, &o->graph, &o->err));
	o->graph->magazine_slots = o->magazine_slots;
	for (uint32_t k = 0; k < o->n_nodes; k++)
		LEAT_TRY(build_node(o, &o->nodes[k]));
	for (uint32_t k = 0; k < o->n_links; k++)
		LEAT_TRY(build_link(o, &o->links[k]));
	return build_priorities(o);
}

static void
unbuild(struct oracle *o)
{
	leat_graph_destroy(o->graph);
	o->graph = NULL;
}

/* Build it with a limit one byte below what it needs: refused. Then with
 * exactly that. */
static int
build_tight(struct oracle *o)
{
	uint64_t bound_bytes;

	LEAT_TRY(leat_graph_check(o->graph, &o->err));
	bound_bytes = leat_graph_bound_bytes(o->graph);
	unbuild(o);
	LEAT_TRY(build(o, bound_bytes - 1));
	if (leat_graph_check(o->graph, &o->err) == LEAT_OK)
		oracle_find(o, "accepted with less memory than it needs");
	unbuild(o);
	return build(o, bound_bytes);
}

/* More slots than the plan asks for; the proof stays what it was. */
static int
build_spare(struct oracle *o)
{
	LEAT_TRY(leat_graph_check(o->graph, &o->err));
	for (uint32_t k = 0; k < o->graph->n_classes; k++)
		o->graph->classes[k].n_slots += 3;
	return LEAT_OK;
}

static int
run_build(struct oracle *o)
{
	LEAT_TRY(leat__ctx_create(&o->world.env, &o->parent, &o->err));
	if (o->ending == ORACLE_DEADLINE)
		LEAT_TRY(leat_ctx_set_deadline(
			o->parent, leat_now_ns() + o->deadline_ns));
	LEAT_TRY(build(o, 0));
	if (o->is_tight)
		LEAT_TRY(build_tight(o));
	return o->is_spare ? build_spare(o) : LEAT_OK;
}

static void
run_set_fault(struct oracle *o)
{
	struct fail_env *world = &o->world;

	switch (o->fault) {
	case ORACLE_FAULT_ALLOC:
	case ORACLE_FAULT_ALLOC_ON:
		world->alloc_fail_at = o->fault_at;
		world->alloc_fail_for_ever = o->fault == ORACLE_FAULT_ALLOC_ON;
		break;
	case ORACLE_FAULT_MAP:
		world->map.fail_at = o->fault_at;
		break;
	case ORACLE_FAULT_THREAD:
		world->thread.fail_at = o->fault_at;
		break;
	case ORACLE_FAULT_EVENT:
		world->open.fail_at = o->fault_at;
		break;
	case ORACLE_FAULT_FULL:
		world->write.fail_at = o->fault_at;
		world->write.sys_errno = ENOSPC;
		break;
	case ORACLE_FAULT_READ:
		world->read.fail_at = o->fault_at;
		break;
	case ORACLE_FAULT_UNLINK:
		world->unlink.fail_at = o->fault_at;
		break;
	default:
		break;
	}
}

/* ---- running ----------------------------------------------------------- */

static void
check_memory(struct oracle *o)
{
	if (o->stats.memory_high_bytes > o->stats.memory_bound_bytes)
		oracle_find(o, "used %llu bytes, over the proved %llu",
			(unsigned long long)o->stats.memory_high_bytes,
			(unsigned long long)o->stats.memory_bound_bytes);
	if (o->is_waited && o->stats.memory_bytes)
		oracle_find(o, "%llu bytes are not back in the pool",
			(unsigned long long)o->stats.memory_bytes);
}

void
oracle_ring(struct oracle *o)
{
	const struct leat__env *env = leat__env_posix();

	if (leat__load_relaxed(&o->moment))
		return;
	/* release: pairs with the acquire in run_await_moment */
	leat__store_release(&o->moment, 1u);
	env->wake(env, &o->moment);
}

static void
run_await_moment(struct oracle *o)
{
	const struct leat__env *env = leat__env_posix();
	int64_t end_ns = leat_now_ns() + RUN_MOMENT_NS;

	/* acquire: pairs with the release in oracle_ring */
	while (o->moment_at && !leat__load_acquire(&o->moment) &&
		leat_now_ns() < end_ns)
		env->park(env, &o->moment, 0, end_ns);
}

/* Somebody else who waits for the same graph. */
struct waiter {
	struct leat__thread thread;
	struct leat_graph *graph;
	int rc;
};

static void
waiter_wait(void *arg)
{
	struct waiter *waiter = arg;

	waiter->rc = leat_graph_wait(waiter->graph, LEAT_NEVER, NULL);
}

static bool
waiter_start(struct oracle *o, struct waiter *waiter)
{
	const struct leat__env *env = leat__env_posix();

	*waiter = (struct waiter){.graph = o->graph};
	waiter->thread = (struct leat__thread){
		.fn = waiter_wait, .arg = waiter, .env = env, .name = "waiter"};
	return env->thread_start(env, &waiter->thread) == 0;
}

/* What each stage did with its time is all the time there was. */
static void
check_load(struct oracle *o)
{
	struct leat_stage_load stage;
	struct leat_load *load;

	if (o->fault != ORACLE_NO_FAULT ||
		leat_load_create(o->graph, NULL, &load, NULL) < 0)
		return;
	leat_load_tick(load, leat_now_ns());
	for (uint32_t k = 0; leat_load_stage(load, k, &stage) == LEAT_OK; k++) {
		const struct leat_load_shares *s = &stage.total;

		if ((uint64_t)s->busy + s->starved + s->blocked + s->idle !=
			LEAT_LOAD_WHOLE)
			oracle_find(o, "the shares of '%s' are not the whole",
				stage.name);
	}
	leat_load_destroy(load);
}

static void
run_wait(struct oracle *o)
{
	const struct leat__env *env = leat__env_posix();
	struct waiter waiter;
	bool is_second = o->waits_twice && waiter_start(o, &waiter);

	o->rc = leat_graph_wait(o->graph, LEAT_NEVER, &o->err);
	o->is_waited = true;
	check_load(o);
	if (!is_second)
		return;
	env->thread_join(env, &waiter.thread);
	if (waiter.rc != o->rc)
		oracle_find(o, "one wait gives %s, another %s",
			leat_err_name(o->rc), leat_err_name(waiter.rc));
}

/* A wait whose deadline passes leaves everything as it is. */
static void
run_wait_first(struct oracle *o)
{
	(void)!leat_graph_wait(o->graph, leat_now_ns() + 3000, NULL);
	leat_graph_stats(o->graph, &o->stats);
	check_memory(o);
	check_load(o);
}

static void
run_end(struct oracle *o)
{
	if (o->waits_first)
		run_wait_first(o);
	if (oracle_has_moment(o))
		run_await_moment(o);
	if (o->ending == ORACLE_DRAIN || o->ending == ORACLE_DRAIN_CANCEL)
		leat_graph_drain(o->graph);
	if (o->ending == ORACLE_CANCEL || o->ending == ORACLE_DRAIN_CANCEL)
		leat_graph_cancel(o->graph);
	if (o->ending == ORACLE_PARENT)
		leat_ctx_cancel(o->parent, LEAT_ECANCELED, NULL);
	if (o->ending != ORACLE_DESTROY)
		run_wait(o);
}

static void
run_all(struct oracle *o)
{
	o->rc = run_build(o);
	if (o->rc == LEAT_OK)
		o->rc = leat_graph_start(o->graph, &o->err);
	o->is_started = o->rc == LEAT_OK;
	if (o->is_started && o->on_start)
		o->on_start(o);
	if (!o->is_started)
		return;
	trouble_begin(o);
	run_end(o);
	trouble_end(o);
}

/* ---- comparing: what came of it ---------------------------------------- */

/* Did the disk fail a tee that spills? */
static bool
disk_has_failed(const struct oracle *o)
{
	const struct fail_env *w = &o->world;

	return (w->write.fail_at && w->write.n >= w->write.fail_at) ||
		(w->read.fail_at && w->read.n >= w->read.fail_at) ||
		(w->unlink.fail_at && w->unlink.n >= w->unlink.fail_at);
}

/* Has a fault been met? */
static bool
fault_is_met(const struct oracle *o)
{
	const struct fail_env *w = &o->world;

	return disk_has_failed(o) ||
		(w->alloc_fail_at && w->alloc_n >= w->alloc_fail_at) ||
		(w->map.fail_at && w->map.n >= w->map.fail_at) ||
		(w->thread.fail_at && w->thread.n >= w->thread.fail_at) ||
		(w->open.fail_at && w->open.n >= w->open.fail_at);
}

/* The stage that is to fail; NULL = none. */
static const struct oracle_node *
failing_node(const struct oracle *o)
{
	for (uint32_t k = 0; k < o->n_nodes; k++)
		if (o->nodes[k].fail)
			return &o->nodes[k];
	return NULL;
}

/* Does the stage get as far as where it fails? Of one that may be cut off, or
 * that gets nobody knows what, this is only a may. */
static bool
node_reaches_fail(const struct oracle_node *node)
{
	if (node->fail != ORACLE_FAIL_WORK)
		return true;
	return (node->kind == ORACLE_SOURCE ? node->n : node->n_in) >
		node->fail_at;
}

static bool
node_is_certain(const struct oracle_node *node)
{
	return !node->is_cut && !node->is_loose && !trouble_loses(node) &&
		node->kind != ORACLE_HEAD &&
		!(node->kind == ORACLE_SINK && node->n);
}

static bool
rc_must_be_bad(const struct oracle *o)
{
	const struct oracle_node *node = failing_node(o);

	if (trouble_is_certain(o))
		return true;
	if (!node)
		return false;
	return node->fail <= ORACLE_FAIL_OPEN ||
		(node_is_certain(node) && node_reaches_fail(node));
}

static bool
rc_is_allowed(const struct oracle *o)
{
	const struct oracle_node *failing = failing_node(o);

	if (o->rc < 0 && trouble_is_cause(o, &o->err))
		return true;
	switch (o->rc) {
	case LEAT_OK:
		return !rc_must_be_bad(o) && !disk_has_failed(o);
	case LEAT_ECANCELED:
		return o->ending == ORACLE_CANCEL ||
			o->ending == ORACLE_PARENT ||
			o->ending == ORACLE_DRAIN_CANCEL;
	case LEAT_ETIMEDOUT:
		return o->ending == ORACLE_DEADLINE;
	case LEAT_EIO:
		return (failing && node_reaches_fail(failing)) ||
			fault_is_met(o);
	case LEAT_ENOMEM:
	case LEAT_ELIMIT:
		return fault_is_met(o);
	default:
		return false;
	}
}

static void
check_rc(struct oracle *o)
{
	const struct oracle_node *failing = failing_node(o);

	if (!rc_is_allowed(o))
		oracle_find(o, "it ended with %s: %s", leat_err_name(o->rc),
			o->rc ? o->err.text : "");
	if (o->rc == LEAT_EIO && failing && !fault_is_met(o) &&
		!trouble_is_cause(o, &o->err) &&
		strcmp(o->err.stage, failing->name) != 0)
		oracle_find(o, "'%s' failed, and '%s' is blamed", failing->name,
			o->err.stage);
}

/* Did something fail on purpose, so that this may be told? */
static bool
error_is_injected(const struct oracle *o, const struct leat_error *err)
{
	const struct oracle_node *failing = failing_node(o);

	return trouble_is_cause(o, err) || fault_is_met(o) ||
		(failing && strcmp(err->stage, failing->name) == 0);
}

/* The cause comes first, and nothing behind it that nobody has injected. */
static void
check_errors(struct oracle *o)
{
	struct leat_error err;

	if (leat_graph_error(o->graph, 0, &err) < 0) {
		if (o->rc < 0)
			oracle_find(o, "it failed without an error");
		return;
	}
	if (o->rc < 0 && memcmp(&err, &o->err, sizeof(err)) != 0)
		oracle_find(
			o, "the first error is not the cause: %s", err.text);
	for (uint32_t k = o->rc < 0; leat_graph_error(o->graph, k, &err) == 0;
		k++)
		if (!error_is_injected(o, &err))
			oracle_find(o, "nobody did this: %s: %s: %s", err.stage,
				leat_err_name(err.code), err.text);
}

/* ---- comparing: items -------------------------------------------------- */

static int
item_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
list_sort(struct oracle_list *list)
{
	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), item_compare);
}

/* How many of the sorted list are in the other, sorted one too. */
static size_t
list_n_common(const struct oracle_list *list, const struct oracle_list *other)
{
	size_t n = 0;

	for (size_t k = 0; n < list->n && k < other->n; k++)
		n += list->items[n] == other->items[k];
	return n;
}

static size_t
list_n_alike(const struct oracle_list *list, const struct oracle_list *other)
{
	size_t n = 0;

	while (n < list->n && n < other->n && list->items[n] == other->items[n])
		n++;
	return n;
}

static void
check_sink(struct oracle *o, struct oracle_node *node)
{
	bool is_whole = o->rc == LEAT_OK && o->is_waited &&
		node->order != ORACLE_SUBSET;
	size_t n;

	if (node->order != ORACLE_SEQUENCE) {
		list_sort(&node->seen);
		list_sort(&node->expected);
	}
	n = node->order == ORACLE_SEQUENCE
		? list_n_alike(&node->seen, &node->expected)
		: list_n_common(&node->seen, &node->expected);
	if (n < node->seen.n)
		oracle_find(o,
			"%s got %zu items; item %zu is not as it should "
			"be",
			node->name, node->seen.n, n);
	else if (is_whole && n < node->expected.n)
		oracle_find(o, "%s got %zu items instead of %zu", node->name, n,
			node->expected.n);
	if (node->n && node->seen.n > node->n)
		oracle_find(o, "%s got more than it wants", node->name);
}

/* ---- comparing: books -------------------------------------------------- */

struct oracle_node *
oracle_find_node(struct oracle *o, const char *name)
{
	for (uint32_t k = 0; k < o->n_nodes; k++)
		if (strcmp(o->nodes[k].name, name) == 0)
			return &o->nodes[k];
	return NULL;
}

static void
check_count(struct oracle *o, const struct oracle_node *node, const char *what,
	const uint64_t n[2])
{
	if (n[0] != n[1])
		oracle_find(o, "%s: %s is %llu instead of %llu", node->name,
			what, (unsigned long long)n[0],
			(unsigned long long)n[1]);
}

static void
check_stage(struct oracle *o, const struct leat_stage_stats *s)
{
	const struct oracle_node *node = oracle_find_node(o, s->name);
	int64_t rest = leat_stage_balance(s);

	if (rest < 0 || (rest && o->rc == LEAT_OK))
		oracle_find(o, "%s: %lld items are left over", s->name,
			(long long)rest);
	if (!node || oracle_kinds[node->kind].is_diamond ||
		oracle_kinds[node->kind].is_lossy)
		return;
	check_count(o, node, "written",
		(const uint64_t[]){s->written, node->seen.n});
	if (o->rc != LEAT_OK || !node_is_certain(node))
		return;
	check_count(o, node, "read", (const uint64_t[]){s->read, node->n_read});
	check_count(o, node, "in", (const uint64_t[]){s->in, node->n_in});
	check_count(o, node, "out", (const uint64_t[]){s->out, node->n_out});
}

static void
check_books(struct oracle *o)
{
	const struct leat_graph_stats *s = &o->stats;

	struct leat_stage_stats stage;

	for (uint32_t k = 0; leat_stage_stats(o->graph, k, &stage) == LEAT_OK;
		k++)
		check_stage(o, &stage);
	if (!s->is_balanced || !s->is_done)
		oracle_find(o, "the books do not balance");
	if (s->unfinished && o->rc == LEAT_OK)
		oracle_find(o, "%llu items are unfinished",
			(unsigned long long)s->unfinished);
}

/* All credit is back, but where a receiver wanted no more. */
static void
check_credit(struct oracle *o)
{
	for (uint32_t k = 0; o->rc == LEAT_OK && k < o->graph->n_links; k++) {
		const struct leat__link *link = o->graph->links[k];
		const struct leat__chan *ch = &link->chan;
		const struct oracle_node *node =
			oracle_find_node(o, link->to->name);

		if (link->is_fused || !node || node->is_cut ||
			node->kind == ORACLE_HEAD || node->kind == ORACLE_ZIP ||
			(node->kind == ORACLE_SINK && node->n))
			continue;
		if (ch->sent_frames != ch->granted_frames ||
			ch->sent_bytes != ch->granted_bytes)
			oracle_find(o,
				"credit for %llu frames is not back from %s",
				(unsigned long long)(ch->sent_frames -
					ch->granted_frames),
				link->to->name);
	}
}

static void
check_calls(struct oracle *o)
{
	for (uint32_t k = 0; k < o->n_nodes; k++) {
		const struct oracle_node *node = &o->nodes[k];

		if (oracle_kinds[node->kind].is_foreign)
			continue;
		if (node->n_inits != node->n_finis)
			oracle_find(o, "%s: init %u times, fini %u", node->name,
				node->n_inits, node->n_finis);
		if (node->n_opens > node->n_inits ||
			(o->is_started && !node->n_opens))
			oracle_find(o, "%s: opened %u times", node->name,
				node->n_opens);
		if (o->is_waited && o->rc == LEAT_OK && !node->n_finishes &&
			!node->is_cut)
			oracle_find(o, "%s: not finished", node->name);
	}
}

static void
check_left(struct oracle *o)
{
	const struct fail_env *w = &o->world;

	if (w->alloc_live || w->map_live || w->fd_live)
		oracle_find(o, "left: %llu blocks, %llu mappings, %llu events",
			(unsigned long long)w->alloc_live,
			(unsigned long long)w->map_live,
			(unsigned long long)w->fd_live);
}

/* ---- the whole --------------------------------------------------------- */

static void
run_destroy(struct oracle *o)
{
	leat_frame_release(o->kept);
	unbuild(o);
	if (o->parent && leat_ctx_leaks(o->parent, &o->err) < 0)
		oracle_find(o, "%s", o->err.text);
	leat_ctx_destroy(o->parent);
	o->parent = NULL;
}

/* While the graph is still there to be asked. */
static void
run_check(struct oracle *o)
{
	oracle_interpret(o);
	check_rc(o);
	if (!o->is_waited)
		return;
	check_errors(o);
	leat_graph_stats(o->graph, &o->stats);
	check_books(o);
	check_memory(o);
	check_credit(o);
}

static void
run_check_after(struct oracle *o)
{
	for (uint32_t k = 0; k < o->n_nodes; k++)
		if (o->nodes[k].kind == ORACLE_SINK)
			check_sink(o, &o->nodes[k]);
	check_calls(o);
	check_left(o);
	trouble_check(o);
}

const char *
oracle_run(struct oracle *o)
{
	struct leat__text text;

	fail_env_init(&o->world);
	snprintf(o->dead_path, sizeof(o->dead_path),
		"/tmp/leat-oracle-%d.ndjson", (int)getpid());
	unlink(o->dead_path);
	run_set_fault(o);
	run_all(o);
	if (o->is_waited || !o->is_started)
		run_check(o);
	run_destroy(o);
	if (!o->is_waited)
		oracle_interpret(o); /* destroy ended it */
	run_check_after(o);
	if (!o->n_findings)
		return NULL;
	text = (struct leat__text){o->text, sizeof(o->text), strlen(o->text)};
	oracle_describe(o, &text);
	return o->text;
}

void
oracle_say_progress(const struct oracle *o, struct leat__text *text)
{
	oracle_describe(o, text);
	for (uint32_t k = 0; o->graph && k < o->n_nodes; k++) {
		struct leat_stage_stats s;

		if (leat_stage_stats(o->graph, k, &s) < 0)
			continue;
		leat__text_add(text,
			"\n  %s: %llu in, %llu out, %llu written%s", s.name,
			(unsigned long long)s.in, (unsigned long long)s.out,
			(unsigned long long)s.written,
			s.flags & LEAT_STATS_DONE ? ", done" : "");
	}
}
