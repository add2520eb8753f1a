/*
 * table/arrow_out.c -- an out of a graph as an Arrow stream.
 *
 * A sink turns each frame into an array of its own memory and sends that down
 * a channel; the stream's calls take it from there. Both hold the tap between
 * them, which goes with the last of the stream and the graph.
 * Keeps: whoever waits in get_next is woken by the sink's end, and by the end
 * of the graph's context, whose cause is kept; after fini the tap knows
 * nothing of the graph. An array is owned by the channel until it is taken.
 * Threads: the sink's, and the consumer's, one at a time each.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <leat/channel.h>

#include "base/atomic.h"
#include "chan/channel.h"
#include "graph/graph.h"
#include "table/arrow.h"

#define ARROW_WAITING 2 /* arrays that wait to be taken */

struct arrow_tap {
	const struct leat__env *env;
	uint32_t n_holds;          /* atomic: the graph, the stream */
	struct leat_ctx_key key;   /* as a value of the graph's context */
	struct leat_ctx *ctx;      /* ends with the graph's */
	struct leat_channel *ch;   /* of struct ArrowArray */
	struct ArrowSchema schema; /* set before the first array is sent */
	uint32_t has_schema;       /* atomic */
	/* the consumer's: */
	struct ArrowArray first; /* taken by get_schema, which wanted to know */
	bool has_first;
	struct leat_error error; /* of the last call */
};

struct arrow_out_opts {
	uint32_t size;
	uint32_t flags;
	struct arrow_tap *tap;
};

struct arrow_out {
	struct arrow_tap *tap;
	const struct leat_schema *schema; /* of the frames so far */
	struct leat_ctx_after after;
	bool is_after_set;
	bool is_open; /* the channel has not been closed by this end */
};

/* ---- the tap ---------------------------------------------------------------------- */

static void
array_end(struct ArrowArray *array)
{
	if (array->release)
		array->release(array);
}

/* One that nobody takes any more: the stream was released, or the run ended. */
static void
array_drop(void *item)
{
	struct ArrowArray array;

	memcpy(&array, item, sizeof(array));
	array_end(&array);
}

static void
tap_drop(struct arrow_tap *tap)
{
	/* acq_rel: what the other did with the tap is over before it is freed
	 */
	if (!tap || leat__sub_acq_rel(&tap->n_holds, 1u) != 1)
		return;
	leat_channel_destroy(tap->ch);
	leat_ctx_destroy(tap->ctx);
	if (tap->schema.release)
		tap->schema.release(&tap->schema);
	tap->env->free(tap->env, tap);
}

/* The graph's context goes. */
static void
tap_end(void *value)
{
	tap_drop(value);
}

static int
tap_create(const struct leat__env *env, struct arrow_tap **out,
	struct leat_error *err)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = sizeof(struct ArrowArray),
		.capacity = ARROW_WAITING, .name = "arrow"};
	struct arrow_tap *tap = env->alloc(env, sizeof(*tap));
	int rc;

	if (!tap)
		return leat__error(err, LEAT_ENOMEM, "no memory for a stream");
	tap->env = env;
	tap->n_holds = 1;
	rc = leat_ctx_create(&tap->ctx, err);
	if (rc == LEAT_OK)
		rc = leat_channel_create(tap->ctx, &opts, &tap->ch, err);
	if (rc != LEAT_OK) {
		tap_drop(tap);
		return rc;
	}
	tap->ch->drop = array_drop;
	*out = tap;
	return LEAT_OK;
}

/* ---- the stream --------------------------------------------------------------------- */

static int
stream_fail(struct arrow_tap *tap, int sys_errno)
{
	if (leat_ctx_cause(tap->ctx, &tap->error) == LEAT_OK)
		snprintf(tap->error.text, sizeof(tap->error.text),
			"the graph has ended without a table, and its columns "
			"are not known");
	return sys_errno;
}

/* The next array; one without release is the end. */
static int
stream_recv(struct arrow_tap *tap, struct ArrowArray *out)
{
	int rc = leat_channel_recv(tap->ch, out);

	if (rc == LEAT_OK)
		return 0;
	*out = (struct ArrowArray){.release = NULL};
	/* who fails ends the context before it closes the channel */
	return rc == LEAT_EOS && !leat_ctx_is_done(tap->ctx)
		? 0
		: stream_fail(tap, EIO);
}

static int
stream_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
	struct arrow_tap *tap = stream->private_data;

	if (!tap->has_first)
		return stream_recv(tap, out);
	tap->has_first = false;
	*out = tap->first;
	return 0;
}

/* A copy, as the caller will release it. */
static int
schema_copy(struct arrow_tap *tap, struct ArrowSchema *out)
{
	const struct ArrowSchema *from = &tap->schema;
	struct leat_column *columns;
	struct leat_schema schema = {.n_columns = (uint32_t)from->n_children};
	int rc;

	columns = tap->env->alloc(
		tap->env, schema.n_columns * sizeof(*columns) + 1);
	if (!columns)
		return ENOMEM;
	for (uint32_t k = 0; k < schema.n_columns; k++) {
		struct leat__arrow_type type = {0};

		rc = leat__arrow_parse(from->children[k]->format, &type);
		LEAT_INVARIANT(rc == LEAT_OK);
		columns[k] =
			(struct leat_column){.name = from->children[k]->name,
				.type = type.type,
				.scale = type.scale};
	}
	schema.columns = columns;
	rc = leat__arrow_schema(tap->env, &schema, out);
	tap->env->free(tap->env, columns);
	return rc ? ENOMEM : 0;
}

static int
stream_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
	struct arrow_tap *tap = stream->private_data;

	/* acquire: the columns were written before */
	if (!leat__load_acquire(&tap->has_schema) && !tap->has_first) {
		int rc = stream_recv(tap, &tap->first);

		if (rc)
			return rc;
		tap->has_first = true; /* an array, or the end */
	}
	if (!leat__load_acquire(&tap->has_schema))
		return stream_fail(tap, EIO);
	return schema_copy(tap, out);
}

static const char *
stream_get_last_error(struct ArrowArrayStream *stream)
{
	struct arrow_tap *tap = stream->private_data;

	return tap->error.text[0] ? tap->error.text : NULL;
}

static void
stream_release(struct ArrowArrayStream *stream)
{
	struct arrow_tap *tap = stream->private_data;

	if (tap->has_first)
		array_end(&tap->first);
	leat_channel_close_recv(tap->ch);
	tap_drop(tap);
	stream->release = NULL;
}

/* ---- the sink ------------------------------------------------------------------------- */

/* The graph's context has ended: so does every wait for an array. */
static void
out_after(struct leat_ctx *ctx, void *user)
{
	struct arrow_out *s = user;
	struct leat_error cause;

	if (leat_ctx_cause(ctx, &cause) != LEAT_OK)
		leat_ctx_fail(s->tap->ctx, &cause);
}

static int
out_init(struct leat_stage *st, const void *opts)
{
	const struct arrow_out_opts *o = opts;
	struct arrow_out *s = leat_stage_state(st);

	s->tap = o->tap;
	s->is_open = true;
	return LEAT_OK;
}

static bool
schemas_are_equal(const struct leat_schema *a, const struct leat_schema *b)
{
	if (a->n_columns != b->n_columns)
		return false;
	for (uint32_t k = 0; k < a->n_columns; k++)
		if (strcmp(a->columns[k].name, b->columns[k].name) != 0 ||
			a->columns[k].type != b->columns[k].type ||
			a->columns[k].scale != b->columns[k].scale)
			return false;
	return true;
}

/* The columns are known from here on, and stay. */
static int
out_bind(struct leat_stage *st, const struct leat_schema *schema)
{
	struct arrow_out *s = leat_stage_state(st);
	struct arrow_tap *tap = s->tap;

	if (schema == s->schema)
		return LEAT_OK;
	if (s->schema && !schemas_are_equal(s->schema, schema))
		return leat_stage_fail(st, LEAT_EDATA,
			"the columns of this table are not those of the first; "
			"an Arrow stream has one schema");
	s->schema = schema;
	if (tap->has_schema)
		return LEAT_OK;
	if (leat__arrow_schema(tap->env, schema, &tap->schema) != LEAT_OK)
		return leat_stage_fail(
			st, LEAT_ENOMEM, "no memory for a schema");
	/* release: for whoever asks for the columns */
	leat__store_release(&tap->has_schema, 1u);
	return LEAT_OK;
}

static int
out_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)out;
	return in->schema ? out_bind(st, in->schema) : LEAT_OK;
}

static int
out_open(struct leat_stage *st)
{
	struct arrow_out *s = leat_stage_state(st);

	s->after = (struct leat_ctx_after){.fn = out_after, .user = s};
	leat_ctx_after(leat_stage_ctx(st), &s->after);
	s->is_after_set = true;
	return LEAT_OK;
}

/* "a.csv:7:3: column 'n' has 'x', where int64 is wanted" */
static int
out_fail(struct leat_stage *st, const struct leat_table *t, uint32_t column,
	uint32_t row, int code)
{
	const struct leat_column *c = &t->schema->columns[column];
	struct leat_position p = leat_table_position(t, column, row);

	if (code == LEAT_ENOMEM)
		return leat_stage_fail(st, code, "no memory for an array");
	if (code != LEAT_EDATA)
		return leat_stage_fail(st, code,
			"column '%s' cannot be converted in a frame of %u rows",
			c->name, t->n_rows);
	leat_stage_count(st, LEAT_COUNT_FAILED, 1);
	return leat_stage_fail(st, code,
		"%s:%llu:%llu: column '%s' has a value that is no %s",
		t->file                     ? t->file
			: t->schema->origin ? t->schema->origin
					    : "input",
		(unsigned long long)p.line, (unsigned long long)p.column,
		c->name, leat_type_name(c->type));
}

static int
out_process(struct leat_stage *st, struct leat_frame *in)
{
	struct arrow_out *s = leat_stage_state(st);
	uint32_t bad_column = 0, bad_row = 0;
	struct ArrowArray array;
	struct leat_table t;
	uint32_t n;
	int rc;

	leat_table_open(in, &t);
	n = t.n_rows;
	LEAT_TRY(out_bind(st, t.schema));
	rc = leat__arrow_export(s->tap->env, &t, &array, &bad_column, &bad_row);
	if (rc)
		return out_fail(st, &t, bad_column, bad_row, rc);
	rc = leat_channel_send_until(
		s->tap->ch, &array, leat_stage_ctx(st), LEAT_NEVER);
	if (rc)
		array.release(&array);
	if (rc && rc != LEAT_ECLOSED)
		return rc;
	leat_stage_count(st, rc ? LEAT_COUNT_FILTERED : LEAT_COUNT_WRITTEN, n);
	leat_stage_release(st, in);
	return rc ? LEAT_EOS : LEAT_OK;
}

static void
out_close(struct arrow_out *s)
{
	if (s->is_open)
		leat_channel_close_send(s->tap->ch);
	s->is_open = false;
}

static int
out_finish(struct leat_stage *st)
{
	out_close(leat_stage_state(st));
	return LEAT_OK;
}

static void
out_fini(struct leat_stage *st)
{
	struct arrow_out *s = leat_stage_state(st);

	if (s->is_after_set)
		leat_ctx_after_stop(leat_stage_ctx(st), &s->after);
	if (s->is_open)
		leat_ctx_cancel(s->tap->ctx, LEAT_ECANCELED,
			"the graph has ended before the stream did");
	out_close(s);
}

static const struct leat_stage_ops arrow_out_ops = {
	LEAT_STAGE_OPS_INIT("arrow.out"),
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_BLOCKING | LEAT_STAGE_IN_PLACE,
	.summary = "tables to whoever reads the stream",
	.state_bytes = sizeof(struct arrow_out),
	.opts_bytes = sizeof(struct arrow_out_opts),
	.in_layouts = LEAT_LAYOUT_TABLE,
	.init = out_init,
	.negotiate = out_negotiate,
	.open = out_open,
	.process = out_process,
	.finish = out_finish,
	.fini = out_fini,
};

int
leat_arrow_out(struct leat_graph *graph, struct leat_end out,
	struct ArrowArrayStream *stream, struct leat_error *err)
{
	struct arrow_out_opts opts = {LEAT_OPTS_INIT(arrow_out_opts)};
	struct leat_step step = {&arrow_out_ops, &opts};
	struct leat_stage *st;
	int rc;

	LEAT_TRY(tap_create(graph->env, &opts.tap, err));
	opts.tap->key.name = "arrow.out";
	rc = leat_graph_add(graph, NULL, &step, &st, err);
	if (rc == LEAT_OK)
		rc = leat_ctx_set_value(
			graph->ctx, &opts.tap->key, opts.tap, tap_end);
	if (rc) {
		tap_drop(opts.tap);
		return rc;
	}
	/* the graph holds it from here on; the stage stays, linked or not */
	LEAT_TRY(leat_graph_link(graph, out, leat_in(st, 0), NULL, err));
	leat__add_relaxed(&opts.tap->n_holds, 1u);
	*stream = (struct ArrowArrayStream){.get_schema = stream_get_schema,
		.get_next = stream_get_next,
		.get_last_error = stream_get_last_error,
		.release = stream_release,
		.private_data = opts.tap};
	return LEAT_OK;
}
