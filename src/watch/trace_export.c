/*
 * watch/trace_export.c -- spans leave the process: batches, repeats, the end.
 *
 * The rings of the run's threads are the queue. While a batch cannot be sent
 * they fill, and what finds no room is counted; nobody waits for it.
 * Keeps: every span that was recorded is sent once, or counted as lost or
 * dropped; a request that was answered is not sent again.
 * Threads: the looker's own; life by that which starts and ends the run.
 */
#include <string.h>

#include "watch/trace.h"

#define EXPORT_RING_SPANS      1024u
#define EXPORT_RING_SPANS_MAX  65536u
#define EXPORT_BATCH_SPANS     256u
#define EXPORT_BATCH_SPANS_MAX 4096u
#define EXPORT_ATTEMPTS        5u
#define EXPORT_ATTEMPTS_MAX    100u
#define EXPORT_BACK_OFF_NS     UINT64_C(200000000)
#define EXPORT_BACK_OFF_MAX_NS UINT64_C(30000000000)
#define EXPORT_DELAY_NS        UINT64_C(1000000000)
#define EXPORT_LINGER_NS       UINT64_C(3000000000)
#define EXPORT_NS_MAX          UINT64_C(3600000000000)
#define EXPORT_EVERY_NS        UINT64_C(50000000)
#define EXPORT_SAMPLE          (LEAT_TRACE_WHOLE / 100)

struct leat__trace_export {
	struct leat__looker looker;
	struct leat_graph *graph;
	struct leat_trace_export_opts opts; /* defaults filled in */
	char *service;
	uint8_t parent_id[8]; /* of the run's span */
	int64_t run_began_ns;
	int64_t run_ended_ns; /* 0 = not yet */
	int64_t first_ns;     /* when the first of the batch came */
	int64_t end_ns;       /* until when the last may be tried; 0 = none */
	uint32_t n_batch;
	struct leat__trace_span *batch;
	char *text;
	size_t text_bytes;
	/* atomic, for who asks: */
	uint64_t n_sent, n_dropped, n_lost, n_requests;
};

static int64_t
export_now(const struct leat__trace_export *x)
{
	return x->looker.env->now_ns(x->looker.env);
}

/* ---- sending ---------------------------------------------------------------- */

/* Until the next attempt; false: there is no time for one any more. */
static bool
export_wait(struct leat__trace_export *x, uint64_t ns)
{
	int64_t until_ns = export_now(x) + (int64_t)ns;
	uint32_t ticket;

	if (!leat__looker_sleep(&x->looker, until_ns))
		return true;
	if (!x->end_ns)
		x->end_ns = export_now(x) + (int64_t)x->opts.linger_ns;
	if (until_ns > x->end_ns)
		return false;
	/* nobody wakes it any more */
	ticket = leat__parker_ticket(&x->looker.parker);
	(void)leat__parker_wait(&x->looker.parker, ticket, until_ns);
	return true;
}

static bool
export_is_late(const struct leat__trace_export *x)
{
	return x->end_ns && export_now(x) >= x->end_ns;
}

static bool
export_try(struct leat__trace_export *x, size_t n_bytes)
{
	uint64_t back_off_ns = x->opts.back_off_ns;

	for (uint32_t k = 1; !export_is_late(x); k++) {
		int rc = x->opts.send(x->opts.user, x->text, n_bytes);

		leat__bump(&x->n_requests, 1);
		if (rc != LEAT_EAGAIN)
			return rc >= 0;
		if (k == x->opts.attempts || !export_wait(x, back_off_ns))
			return false;
		back_off_ns =
			leat__min_u64(2 * back_off_ns, EXPORT_BACK_OFF_MAX_NS);
	}
	return false;
}

static void
export_send(struct leat__trace_export *x)
{
	struct leat__text text = {x->text, x->text_bytes, 0};
	uint32_t n = x->n_batch;

	leat__trace_otlp(x->graph, x->service, x->batch, n, &text);
	LEAT_INVARIANT(text.at < text.n_bytes);
	if (export_try(x, text.at))
		leat__bump(&x->n_sent, n);
	else
		leat__bump(&x->n_dropped, n);
	x->n_batch = 0;
}

/* ---- collecting ------------------------------------------------------------- */

static void
export_add(struct leat__trace_export *x, const struct leat__trace_span *span)
{
	if (x->n_batch == 0)
		x->first_ns = export_now(x);
	x->batch[x->n_batch++] = *span;
	if (x->n_batch == x->opts.batch_spans)
		export_send(x);
}

static void
export_add_run(struct leat__trace_export *x)
{
	const struct leat__run *run = x->graph->run;
	struct leat__trace_span span = {.context = x->graph->tracing->root,
		.stage = LEAT__TRACE_NOBODY,
		.began_ns = (uint64_t)x->run_began_ns,
		.ended_ns = (uint64_t)x->run_ended_ns,
		.code = run->result};

	memcpy(span.parent_id, x->parent_id, sizeof(span.parent_id));
	if (span.context.flags & LEAT_TRACE_SAMPLED)
		export_add(x, &span);
}

/* The cells are free before the batch is sent: that may take long. */
static void
export_look_at(struct leat__trace_export *x, struct leat__trace_ring *ring)
{
	while (leat__trace_ring_len(ring)) {
		struct leat__trace_span span;

		memcpy(&span, leat__trace_ring_at(ring, 0), sizeof(span));
		leat__trace_ring_took(ring, 1);
		export_add(x, &span);
	}
}

static void
export_look(struct leat__looker *looker, bool is_last)
{
	struct leat__trace_export *x =
		leat__container_of(looker, struct leat__trace_export, looker);
	const struct leat__tracing *tracing = x->graph->tracing;
	uint64_t n_lost = 0;

	if (is_last && !x->end_ns)
		x->end_ns = export_now(x) + (int64_t)x->opts.linger_ns;
	for (uint32_t k = 0; k < tracing->n_lanes; k++) {
		export_look_at(x, &tracing->lanes[k].spans);
		n_lost += leat__load_relaxed(&tracing->lanes[k].spans.n_lost);
	}
	leat__store_relaxed(&x->n_lost, n_lost);
	if (is_last)
		export_add_run(x);
	if (x->n_batch &&
		(is_last ||
			export_now(x) - x->first_ns >=
				(int64_t)x->opts.delay_ns))
		export_send(x);
}

/* ---- life ------------------------------------------------------------------- */

uint64_t
leat__trace_export_bytes(const struct leat__trace_export *x)
{
	return sizeof(*x) + strlen(x->service) + 1 +
		x->opts.batch_spans * sizeof(*x->batch) +
		leat__trace_otlp_bytes(
			x->graph, x->service, x->opts.batch_spans);
}

int
leat__trace_export_start(struct leat__trace_export *x, struct leat_graph *graph,
	struct leat_error *err)
{
	const struct leat__env *env = graph->env;
	int sys_errno;

	x->text_bytes =
		leat__trace_otlp_bytes(graph, x->service, x->opts.batch_spans);
	x->batch = env->alloc(env, x->opts.batch_spans * sizeof(*x->batch));
	x->text = env->alloc(env, x->text_bytes);
	if (!x->batch || !x->text)
		return leat__error(err, LEAT_ENOMEM, "no memory for spans");
	x->run_began_ns = export_now(x);
	sys_errno = leat__looker_start(&x->looker, "leat-spans");
	if (!sys_errno)
		return LEAT_OK;
	return leat__error_errno(err, LEAT_ELIMIT, sys_errno,
		"cannot start the thread that sends spans");
}

void
leat__trace_export_stop(struct leat__trace_export *x)
{
	x->run_ended_ns = export_now(x);
	leat__looker_stop(&x->looker);
}

void
leat__trace_export_destroy(struct leat__trace_export *x)
{
	const struct leat__env *env;

	if (!x)
		return;
	env = x->looker.env;
	env->free(env, x->batch);
	env->free(env, x->text);
	env->free(env, x->service);
	env->free(env, x);
}

void
leat__trace_export_stats(
	const struct leat__trace_export *x, struct leat_trace_stats *stats)
{
	stats->spans = leat__load_relaxed(&x->n_sent);
	stats->spans_dropped = leat__load_relaxed(&x->n_dropped);
	stats->spans_lost = leat__load_relaxed(&x->n_lost);
	stats->requests = leat__load_relaxed(&x->n_requests);
}

/* ---- asking for it ---------------------------------------------------------- */

static int
export_over(struct leat_error *err, const char *field, uint64_t value,
	uint64_t most)
{
	if (value <= most)
		return LEAT_OK;
	return leat__error(err, LEAT_EINVAL,
		"spans: %s is %llu; accepted: up to %llu", field,
		(unsigned long long)value, (unsigned long long)most);
}

static int
export_check(const struct leat_trace_export_opts *o, struct leat_error *err)
{
	if (o->flags & ~(LEAT_TRACE_FOLLOW | LEAT_TRACE_APART))
		return leat__error(err, LEAT_EINVAL,
			"spans: flags %#x are unknown; accepted: "
			"LEAT_TRACE_FOLLOW, LEAT_TRACE_APART",
			o->flags);
	if (!o->send)
		return leat__error(err, LEAT_EINVAL,
			"spans: send is NULL; accepted: a function");
	if (o->parent && !leat_trace_is_set(o->parent))
		return leat__error(err, LEAT_EINVAL,
			"spans: parent has no trace; accepted: NULL, or one "
			"that has");
	LEAT_TRY(export_over(
		err, "sample_parts", o->sample_parts, LEAT_TRACE_WHOLE));
	LEAT_TRY(export_over(
		err, "ring_spans", o->ring_spans, EXPORT_RING_SPANS_MAX));
	LEAT_TRY(export_over(
		err, "batch_spans", o->batch_spans, EXPORT_BATCH_SPANS_MAX));
	LEAT_TRY(
		export_over(err, "attempts", o->attempts, EXPORT_ATTEMPTS_MAX));
	LEAT_TRY(
		export_over(err, "back_off_ns", o->back_off_ns, EXPORT_NS_MAX));
	LEAT_TRY(export_over(err, "delay_ns", o->delay_ns, EXPORT_NS_MAX));
	return export_over(err, "linger_ns", o->linger_ns, EXPORT_NS_MAX);
}

static void
export_defaults(struct leat_trace_export_opts *o)
{
	o->service = o->service ? o->service : "leat";
	o->sample_parts = o->sample_parts ? o->sample_parts : EXPORT_SAMPLE;
	o->ring_spans = o->ring_spans ? o->ring_spans : EXPORT_RING_SPANS;
	o->batch_spans = o->batch_spans ? o->batch_spans : EXPORT_BATCH_SPANS;
	o->attempts = o->attempts ? o->attempts : EXPORT_ATTEMPTS;
	o->back_off_ns = o->back_off_ns ? o->back_off_ns : EXPORT_BACK_OFF_NS;
	o->delay_ns = o->delay_ns ? o->delay_ns : EXPORT_DELAY_NS;
	o->linger_ns = o->linger_ns ? o->linger_ns : EXPORT_LINGER_NS;
}

static struct leat__trace_export *
export_create(
	struct leat_graph *graph, const struct leat_trace_export_opts *opts)
{
	const struct leat__env *env = graph->env;
	struct leat__trace_export *x = env->alloc(env, sizeof(*x));
	size_t n_bytes = strlen(opts->service) + 1;

	if (!x)
		return NULL;
	x->looker = (struct leat__looker){
		.env = env, .look = export_look, .every_ns = EXPORT_EVERY_NS};
	x->graph = graph;
	x->opts = *opts;
	x->service = env->alloc(env, n_bytes);
	if (x->service) {
		memcpy(x->service, opts->service, n_bytes);
		return x;
	}
	env->free(env, x);
	return NULL;
}

static void
export_draw(const struct leat__env *env, uint8_t *id, size_t n_bytes)
{
	for (size_t k = 0; k < n_bytes; k += sizeof(uint64_t)) {
		uint64_t random = env->random(env);

		random += random == 0;
		memcpy(id + k, &random, sizeof(random));
	}
}

/* The run's span: of its caller's trace, and recorded as that is; or of one of
 * its own. */
static void
export_set_root(
	struct leat__watch_trace *t, const struct leat_trace_export_opts *opts)
{
	const struct leat__env *env = t->export->looker.env;
	struct leat_trace_context *root = &t->tracing.root;

	root->flags = LEAT_TRACE_SAMPLED;
	if (opts->parent) {
		*root = *opts->parent;
		memcpy(t->export->parent_id, root->span_id,
			sizeof(root->span_id));
	} else {
		export_draw(env, root->trace_id, sizeof(root->trace_id));
	}
	export_draw(env, root->span_id, sizeof(root->span_id));
	if (!(root->flags & LEAT_TRACE_SAMPLED))
		t->tracing.flags |= LEAT_TRACE_FOLLOW;
}

int
leat_graph_trace_export(struct leat_graph *graph,
	const struct leat_trace_export_opts *opts, struct leat_error *err)
{
	struct leat_trace_export_opts full;
	struct leat__watch_trace *t;
	uint32_t n = 2;

	LEAT_TRY(leat__opts_copy(
		&full, sizeof(full), opts, "leat_trace_export_opts", err));
	LEAT_TRY(export_check(&full, err));
	LEAT_TRY(leat__watch_trace_get(graph, "spans", &t, err));
	if (t->export)
		return leat__error(err, LEAT_ESTATE,
			"spans: this graph exports them already");
	export_defaults(&full);
	t->export = export_create(graph, &full);
	if (!t->export)
		return leat__error(err, LEAT_ENOMEM, "no memory for spans");
	while (n < full.ring_spans)
		n *= 2;
	t->tracing.ring_spans = n;
	t->tracing.flags = full.flags;
	t->tracing.sample =
		((uint64_t)full.sample_parts << 32) / LEAT_TRACE_WHOLE;
	export_set_root(t, &full);
	return LEAT_OK;
}
