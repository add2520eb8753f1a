/*
 * support/oracle.c -- draw a random graph, interpret it.
 *
 * A graph grows from its sources: an open out is drawn, and a stage that may
 * stand behind it, until eight stages would be there with a sink at every open
 * out. Sources have more items than all buffers together can hold.
 */
#include "support/oracle.h"
#include "support/oracle_trouble.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- helpers ----------------------------------------------------------- */

/* splitmix64 */
uint64_t
oracle_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

uint32_t
oracle_below(uint64_t *random, uint32_t n)
{
	*random += 0x9e3779b97f4a7c15u;
	return (uint32_t)(oracle_mix(*random) >> 32) % n;
}

void
oracle_list_push(struct oracle_list *list, uint64_t item)
{
	if (list->n == list->n_max) {
		list->n_max = list->n_max ? 2 * list->n_max : 256;
		list->items = realloc(
			list->items, list->n_max * sizeof(*list->items));
		LEAT_INVARIANT(list->items != NULL);
	}
	list->items[list->n++] = item;
}

/* A finding of one thread does not wait for another's. */
void
oracle_find(struct oracle *o, const char *format, ...)
{
	size_t at = strlen(o->text);
	va_list args;

	if (leat__add_relaxed(&o->n_findings, 1u) >= 4)
		return;
	va_start(args, format);
	vsnprintf(o->text + at, sizeof(o->text) - at, format, args);
	va_end(args);
	at = strlen(o->text);
	snprintf(o->text + at, sizeof(o->text) - at, "\n");
}

void
oracle_free(struct oracle *o)
{
	for (uint32_t k = 0; k < ORACLE_NODES_MAX; k++) {
		free(o->nodes[k].expected.items);
		free(o->nodes[k].seen.items);
	}
	memset(o, 0, sizeof(*o));
}

/* ---- drawing: the graph ------------------------------------------------ */

/* Outs that lead nowhere yet. */
struct open {
	uint32_t n;
	uint32_t nodes[ORACLE_NODES_MAX + 1];
	uint32_t outs[ORACLE_NODES_MAX + 1];
};

struct draft {
	struct oracle *o;
	const struct oracle_scale *scale;
	struct open open;
};

static uint32_t
draw(struct draft *d, uint32_t n)
{
	return oracle_below(&d->o->random, n);
}

/* One in n. */
static bool
draw_one_in(struct draft *d, uint32_t n)
{
	return n && draw(d, n) == 0;
}

/* All zero but the lists, which keep their memory. */
static void
draft_reset(struct oracle *o, uint64_t seed)
{
	struct oracle_list expected[ORACLE_NODES_MAX];
	struct oracle_list seen[ORACLE_NODES_MAX];

	for (uint32_t k = 0; k < ORACLE_NODES_MAX; k++) {
		expected[k] = o->nodes[k].expected;
		seen[k] = o->nodes[k].seen;
	}
	memset(o, 0, sizeof(*o));
	for (uint32_t k = 0; k < ORACLE_NODES_MAX; k++) {
		o->nodes[k].expected = expected[k];
		o->nodes[k].seen = seen[k];
		o->nodes[k].expected.n = o->nodes[k].seen.n = 0;
	}
	o->seed = seed;
	o->random = oracle_mix(seed);
}

/* Another graph, of the same seed. */
static void
draft_again(struct draft *d)
{
	uint64_t seed = d->o->seed, random = d->o->random;

	draft_reset(d->o, seed);
	d->o->random = random;
	d->open.n = 0;
}

static struct oracle_node *
draft_node(struct draft *d, enum oracle_kind kind)
{
	struct oracle *o = d->o;
	struct oracle_node *node = &o->nodes[o->n_nodes];
	const struct oracle_row *row = &oracle_kinds[kind];

	snprintf(node->name, sizeof(node->name), "%s%u", row->name,
		o->n_nodes++);
	node->oracle = o;
	node->kind = kind;
	node->seed = oracle_mix(o->random) | 1;
	node->gain = 1;
	node->max_out = 1;
	node->per_frame = 1 + draw(d, d->scale->per_frame_max);
	node->is_bursty = draw_one_in(d, 2);
	node->is_blocking = row->can_block && draw_one_in(d, 4);
	node->is_waiting = node->is_blocking;
	node->is_stateless =
		row->can_replicate && !node->is_blocking && draw_one_in(d, 2);
	node->is_slow = draw_one_in(d, 3);
	if (row->is_maker) {
		node->max_out += draw_one_in(d, 3) ? 1 + draw(d, 3) : 0;
		node->frame_bytes = draw_one_in(d, 4) ? 8192 : 4096;
	}
	return node;
}

/* The open out k leads to this in. */
static void
draft_link(struct draft *d, uint32_t k, struct oracle_node *to, uint32_t in)
{
	struct oracle *o = d->o;
	struct oracle_link *link = &o->links[o->n_links];
	struct oracle_node *from = &o->nodes[d->open.nodes[k]];

	link->from = d->open.nodes[k];
	link->out = d->open.outs[k];
	link->to = (uint32_t)(to - o->nodes);
	link->in = in;
	link->capacity_frames = from->max_out + draw(d, d->scale->capacity_max);
	if (draw_one_in(d, 4))
		link->capacity_bytes = 8 + 8 * draw(d, 2 * from->per_frame);
	from->outs[link->out] = o->n_links++;
	to->order = to->order > from->order ? to->order : from->order;
	to->gain = to->gain > from->gain ? to->gain : from->gain;
	to->is_sorted = from->is_sorted && (in == 0 || to->is_sorted) &&
		oracle_kinds[to->kind].keeps_sorted;
	/* what passes through is as long as it was */
	if (!oracle_kinds[to->kind].is_maker && to->per_frame < from->per_frame)
		to->per_frame = from->per_frame;
	d->open.n--;
	d->open.nodes[k] = d->open.nodes[d->open.n];
	d->open.outs[k] = d->open.outs[d->open.n];
}

static void
draft_open(struct draft *d, struct oracle_node *node)
{
	for (uint32_t k = 0; k < oracle_kinds[node->kind].n_outs; k++) {
		d->open.nodes[d->open.n] = (uint32_t)(node - d->o->nodes);
		d->open.outs[d->open.n++] = k;
	}
}

/* May what comes by an open out be an in of a stage that gathers? */
static bool
draft_suits(const struct draft *d, const struct oracle_row *row, uint32_t at)
{
	const struct oracle_node *from = &d->o->nodes[d->open.nodes[at]];

	return from->order == ORACLE_SEQUENCE &&
		(from->is_sorted || !row->needs_sorted);
}

static uint32_t
draft_n_suits(const struct draft *d, const struct oracle_row *row)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < d->open.n; k++)
		n += draft_suits(d, row, k);
	return n;
}

/* One of those. */
static uint32_t
draft_suiting(struct draft *d, const struct oracle_row *row)
{
	uint32_t left = draw(d, draft_n_suits(d, row)), at = 0;

	while (!draft_suits(d, row, at) || left-- > 0)
		at++;
	return at;
}

static void
draft_stage(struct draft *d, enum oracle_kind kind, uint32_t at)
{
	const struct oracle_row *row = &oracle_kinds[kind];
	struct oracle_node *node = draft_node(d, kind);

	if (row->n_ins)
		draft_link(d, at, node, 0);
	for (uint32_t k = 1; k < row->n_ins; k++)
		draft_link(d,
			row->gathers ? draft_suiting(d, row)
				     : draw(d, d->open.n),
			node, k);
	if (row->draw)
		row->draw(node);
	if (draw_one_in(d, d->scale->trouble_one_in))
		trouble_draw(node);
	draft_open(d, node);
}

/* May it stand behind that out, and is there room for the sinks after it? */
static bool
draft_fits(const struct draft *d, enum oracle_kind kind, uint32_t at)
{
	const struct oracle_row *row = &oracle_kinds[kind];
	const struct oracle_node *from = &d->o->nodes[d->open.nodes[at]];

	if (row->gathers &&
		(!draft_suits(d, row, at) ||
			draft_n_suits(d, row) < row->n_ins))
		return false;
	return row->n_ins <= d->open.n && from->order <= row->needs &&
		d->o->n_nodes + 1 + d->open.n + row->n_outs - row->n_ins <=
		ORACLE_NODES_MAX;
}

/* A kind, by weight; ORACLE_KINDS = there is no room for any. */
static enum oracle_kind
draft_kind(struct draft *d, uint32_t at)
{
	uint32_t sum = 0, left;

	for (int k = 0; k < ORACLE_KINDS; k++)
		if (draft_fits(d, (enum oracle_kind)k, at))
			sum += oracle_kinds[k].weight;
	if (!sum)
		return ORACLE_KINDS;
	left = draw(d, sum);
	for (int k = 0; k < ORACLE_KINDS; k++) {
		if (!draft_fits(d, (enum oracle_kind)k, at))
			continue;
		if (left < oracle_kinds[k].weight)
			return (enum oracle_kind)k;
		left -= oracle_kinds[k].weight;
	}
	return ORACLE_KINDS;
}

static void
draft_graph(struct draft *d)
{
	uint32_t n = 1u + draw_one_in(d, 2) + draw_one_in(d, 4);

	for (uint32_t k = 0; k < n; k++)
		draft_stage(d, ORACLE_SOURCE, 0);
	n = draw(d, ORACLE_NODES_MAX);
	while (n-- > 0) {
		uint32_t at = draw(d, d->open.n);
		enum oracle_kind kind = draft_kind(d, at);

		if (kind == ORACLE_KINDS)
			break;
		draft_stage(d, kind, at);
	}
	while (d->open.n)
		draft_stage(d, ORACLE_SINK, 0);
}

/* ---- drawing: ins that must not hang together ----------------------------- */

/* All nodes that a node hangs together with when one is taken away, as bits. */
static uint32_t
draft_part(const struct oracle *o, uint32_t node, uint32_t without)
{
	uint32_t part = 1u << node, before;

	do {
		before = part;
		for (uint32_t k = 0; k < o->n_links; k++) {
			uint32_t ends =
				1u << o->links[k].from | 1u << o->links[k].to;

			if (!(ends & 1u << without) && (ends & part))
				part |= ends;
		}
	} while (part != before);
	return part;
}

/* Is the graph one that leat refuses, since it could get stuck? */
static bool
draft_can_stick(const struct oracle *o)
{
	for (uint32_t a = 0; a < o->n_links; a++)
		for (uint32_t b = 0; b < a; b++) {
			uint32_t to = o->links[a].to;

			if (o->links[b].to == to &&
				oracle_kinds[o->nodes[to].kind].gathers &&
				draft_part(o, o->links[a].from, to) &
					1u << o->links[b].from)
				return true;
		}
	return false;
}

/* Upstream of who may want no more, and downstream of what is not known. */
static void
draft_mark(struct oracle *o)
{
	for (uint32_t k = o->n_links; k-- > 0;) {
		const struct oracle_node *to = &o->nodes[o->links[k].to];

		o->nodes[o->links[k].from].is_cut |= to->is_cut ||
			to->kind == ORACLE_HEAD || to->kind == ORACLE_ZIP ||
			(to->kind == ORACLE_SINK && to->n);
	}
	for (uint32_t k = 0; k < o->n_links; k++) {
		const struct oracle_node *from = &o->nodes[o->links[k].from];

		o->nodes[o->links[k].to].is_loose |=
			from->is_loose || from->order == ORACLE_SUBSET;
	}
}

/* ---- drawing: the run -------------------------------------------------- */

/* More than all buffers together hold; now and then next to nothing. */
static void
draft_items(struct draft *d)
{
	struct oracle *o = d->o;
	uint64_t n = 8;

	for (uint32_t k = 0; k < o->n_links; k++)
		n += (uint64_t)o->links[k].capacity_frames *
			o->nodes[o->links[k].from].per_frame;
	for (uint32_t k = 0; k < o->n_nodes; k++) {
		struct oracle_node *node = &o->nodes[k];

		if (node->kind != ORACLE_SOURCE)
			continue;
		node->n = draw_one_in(d, 12) ? draw(d, 3)
					     : n + draw(d, (uint32_t)n);
		node->n = leat__min_u64(node->n, d->scale->items_max);
	}
}

static void
draft_failure(struct draft *d)
{
	struct oracle_node *node = &d->o->nodes[draw(d, d->o->n_nodes)];
	const struct leat_stage_ops *ops;

	if (oracle_kinds[node->kind].is_foreign ||
		oracle_kinds[node->kind].is_diamond)
		node = &d->o->nodes[0];
	ops = oracle_kinds[node->kind].ops;
	node->fail = draw_one_in(d, 2)
		? ORACLE_FAIL_WORK
		: (enum oracle_fail)(1 + draw(d, ORACLE_FAILS - 1));
	/* a function of one item cannot fail */
	if (node->fail == ORACLE_FAIL_WORK && !ops->process && !ops->produce)
		node->fail = ORACLE_FAIL_FINISH;
	node->fail_at = draw(d, 200);
	/* an instance does not know what the others have had */
	if (node->fail == ORACLE_FAIL_WORK)
		node->is_stateless = false;
}

/*
 * Only the drain or the cancel ends it, and the one source says when. In
 * virtual time work costs next to nothing: so nobody waits for a time here,
 * and turns are short.
 */
static void
draft_endless(struct draft *d)
{
	struct oracle *o = d->o;

	if (!oracle_has_moment(o) || o->nodes[0].is_cut ||
		o->nodes[1].kind == ORACLE_SOURCE || draw_one_in(d, 2))
		return;
	o->moment_node = 0;
	o->nodes[0].n = ORACLE_ENDLESS;
	for (uint32_t k = 0; k < o->n_nodes; k++)
		o->nodes[k].is_waiting = false;
}

static void
draft_ending(struct draft *d)
{
	struct oracle *o = d->o;

	if (!draw_one_in(d, 3))
		o->ending = (enum oracle_ending)draw(d, ORACLE_ENDINGS);
	o->moment_node = draw(d, o->n_nodes);
	o->moment_at = draw_one_in(d, 4) ? 0 : draw(d, 200);
	o->deadline_ns = 1 + draw(d, (uint32_t)d->scale->deadline_max_ns);
	draft_endless(d);
	if (o->ending == ORACLE_FAILURE)
		draft_failure(d);
}

static void
draft_fault(struct draft *d)
{
	struct oracle *o = d->o;

	if (!draw_one_in(d, d->scale->fault_one_in))
		return;
	o->fault = (enum oracle_fault)(1 + draw(d, ORACLE_FAULTS - 1));
	o->fault_at = 1 + draw(d, o->fault <= ORACLE_FAULT_ALLOC_ON ? 100 : 4);
}

static void
draft_run(struct draft *d)
{
	static const uint64_t quanta[] = {1, 1, 500, 0};
	static const uint32_t magazines[] = {0, 1, 2, 16};
	struct oracle *o = d->o;

	o->workers = 1 + draw(d, 8);
	o->quantum_ns =
		o->nodes[0].n == ORACLE_ENDLESS ? 1 : quanta[draw(d, 4)];
	o->spin_ns = draw_one_in(d, 4) ? 1 + draw(d, 300) : 0;
	o->magazine_slots = magazines[draw(d, 4)];
	o->is_tight = draw_one_in(d, 8);
	o->is_spare = draw_one_in(d, 8);
	o->waits_first = draw_one_in(d, 6);
	o->waits_twice = draw_one_in(d, 8);
}

void
oracle_draw(struct oracle *o, uint64_t seed, const struct oracle_scale *scale)
{
	struct draft d = {.o = o, .scale = scale};

	draft_reset(o, seed);
	draft_graph(&d);
	while (draft_can_stick(o)) {
		draft_again(&d);
		draft_graph(&d);
	}
	draft_mark(o);
	draft_items(&d);
	draft_ending(&d);
	draft_fault(&d);
	draft_run(&d);
	trouble_calm(o);
	if (draw_one_in(&d, scale->trouble_one_in))
		o->n_exchanges = draw(&d, 12);
}

void
oracle_draw_defect(struct oracle *o, enum oracle_defect defect)
{
	static const struct oracle_scale scale = {
		.per_frame_max = 1, .capacity_max = 1};
	struct draft d = {.o = o, .scale = &scale};

	draft_reset(o, defect);
	draft_stage(&d, ORACLE_SOURCE, 0);
	draft_stage(&d, ORACLE_MAP, 0);
	draft_stage(&d, ORACLE_SINK, 0);
	for (uint32_t k = 0; k < o->n_nodes; k++) {
		o->nodes[k].is_blocking = true;
		o->nodes[k].is_stateless = false;
		o->nodes[k].is_bursty = false;
		o->nodes[k].is_cut = false;
		o->nodes[k].per_frame = 3;
		o->nodes[k].n = 0;
	}
	o->nodes[0].n = 100;
	o->nodes[defect == ORACLE_DEAFENS ? 2 : 1].defect = defect;
	o->workers = 1;
}

/* ---- the interpreter --------------------------------------------------- */

static void
interpret_item(struct oracle_node *node, uint64_t item)
{
	node->n_in++;
	oracle_kinds[node->kind].item(node, item);
}

void
oracle_give(struct oracle_node *node, uint32_t out, uint64_t item)
{
	struct oracle *o = node->oracle;

	node->n_out++;
	o->nodes[o->links[node->outs[out]].to].in =
		o->links[node->outs[out]].in;
	interpret_item(&o->nodes[o->links[node->outs[out]].to], item);
}

void
oracle_interpret(struct oracle *o)
{
	for (uint32_t k = 0; k < o->n_nodes; k++) {
		struct oracle_node *node = &o->nodes[k];

		node->n_in = node->n_out = node->sum = node->n_sum = 0;
		node->expected.n = 0;
	}
	for (uint32_t k = 0; k < o->n_nodes; k++) {
		const struct oracle_row *row = &oracle_kinds[o->nodes[k].kind];

		if (row->end)
			row->end(&o->nodes[k]);
	}
}

/* ---- words ------------------------------------------------------------- */

bool
oracle_has_moment(const struct oracle *o)
{
	return o->ending != ORACLE_BY_ITSELF && o->ending != ORACLE_DEADLINE &&
		o->ending != ORACLE_FAILURE;
}

static void
describe_trouble(const struct oracle_trouble *t, struct leat__text *text)
{
	if (t->one_in)
		leat__text_add(text, ", 1 in %u fails <=%u x %s", t->one_in,
			t->most, leat_err_name(t->code));
	if (t->attempts)
		leat__text_add(text, ", retry %u", t->attempts);
	if (t->shed_one_in)
		leat__text_add(text, ", 1 in %u shed", t->shed_one_in);
	leat__text_add(text, "%s%s%s%s%s", t->is_lenient ? ", lenient" : "",
		t->has_rate ? ", rate" : "", t->has_timeout ? ", timeout" : "",
		t->has_breaker ? ", breaker" : "",
		t->is_watched ? ", watched" : "");
	if (t->on_error)
		leat__text_add(text, ", on_error %u", t->on_error);
}

static void
describe_node(const struct oracle_node *node, struct leat__text *text)
{
	leat__text_add(text, " %s(%lld, <=%u%s%s", node->name,
		(long long)node->n, node->per_frame,
		node->is_blocking            ? ", blocking"
			: node->is_stateless ? ", stateless"
					     : "",
		node->is_bursty ? ", bursty" : "");
	if (node->fail)
		leat__text_add(text, ", fails %d:%llu", node->fail,
			(unsigned long long)node->fail_at);
	describe_trouble(&node->trouble, text);
	leat__text_add(text, ")");
}

void
oracle_describe(const struct oracle *o, struct leat__text *text)
{
	static const char *const endings[ORACLE_ENDINGS] = {"by itself",
		"drain", "drain, cancel", "cancel", "parent cancelled",
		"deadline", "failure", "destroy"};
	static const char *const faults[ORACLE_FAULTS] = {"", "allocation",
		"allocations from", "mapping", "thread", "event", "write",
		"read", "unlink"};

	leat__text_add(text, "graph %llu:", (unsigned long long)o->seed);
	for (uint32_t k = 0; k < o->n_nodes; k++)
		describe_node(&o->nodes[k], text);
	leat__text_add(text, ";");
	for (uint32_t k = 0; k < o->n_links; k++)
		leat__text_add(text, " %u.%u-%u>%u.%u", o->links[k].from,
			o->links[k].out, o->links[k].capacity_frames,
			o->links[k].to, o->links[k].in);
	leat__text_add(
		text, "; %u workers; %s", o->workers, endings[o->ending]);
	if (oracle_has_moment(o))
		leat__text_add(text, " at %s:%llu",
			o->nodes[o->moment_node].name,
			(unsigned long long)o->moment_at);
	if (o->fault)
		leat__text_add(text, "; %s %llu fails", faults[o->fault],
			(unsigned long long)o->fault_at);
}
