/*
 * table/arrow_in.c -- an Arrow stream as a source of tables.
 *
 * A batch is cut into frames of so many rows that they fit, and copied a
 * column at a time.
 * Keeps: the stream is released once, with the stage; an array as soon as its
 * last row is in a frame.
 * Threads: the source's own, as the stream's calls may wait.
 */
#include <stdio.h>
#include <string.h>

#include "graph/graph.h"
#include "table/arrow.h"

#define ARROW_FRAME_BYTES (1u << 20)
#define ARROW_FRAME_ROWS  8192u
#define ARROW_SIDE_BYTES  (4u << 20)
#define ARROW_NAME_SHOWN  60

struct arrow_in_opts {
	uint32_t size;
	uint32_t flags;
	struct arrow_stream *stream;
};

/* The graph's own copy: a value of its context, and gone with that. */
struct arrow_stream {
	struct leat_ctx_key key;
	const struct leat__env *env;
	struct ArrowArrayStream stream;
};

struct arrow_in {
	struct ArrowArrayStream *stream;
	struct leat_schema *schema;
	struct leat__arrow_column *columns;
	uint8_t *has_dictionary;
	struct ArrowArray array; /* in work; no release: none */
	int64_t row;             /* of it, next */
	uint32_t n_rows;         /* that fitted last time */
};

static void
stream_end(struct ArrowArrayStream *stream)
{
	if (stream->release)
		stream->release(stream);
	stream->release = NULL;
}

/* The context goes; perhaps no stage ever was inited. */
static void
stream_free(void *value)
{
	struct arrow_stream *own = value;

	stream_end(&own->stream);
	own->env->free(own->env, own);
}

static int
in_fail_call(struct leat_stage *st, struct arrow_in *s, int sys_errno,
	const char *what)
{
	const char *text = s->stream->get_last_error
		? s->stream->get_last_error(s->stream)
		: NULL;

	return leat_stage_fail_errno(st, LEAT_EIO, sys_errno,
		"the Arrow stream cannot give its %s: %s", what,
		text ? text : "it does not say why");
}

static int
in_init(struct leat_stage *st, const void *opts)
{
	const struct arrow_in_opts *o = opts;
	struct arrow_in *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);

	s->stream = &o->stream->stream;
	s->n_rows = ARROW_FRAME_ROWS;
	needs->frame_bytes = ARROW_FRAME_BYTES;
	needs->side_bytes = ARROW_SIDE_BYTES;
	return LEAT_OK;
}

/* ---- columns ------------------------------------------------------------------------ */

static int
in_fail_format(struct leat_stage *st, const struct ArrowSchema *column)
{
	return leat_stage_fail(st, LEAT_ENOTSUP,
		"column '%.*s' of the Arrow stream has the format '%.40s'; "
		"accepted: numbers, bool, strings, binary, dates, timestamps "
		"and decimals of 128 bits",
		ARROW_NAME_SHOWN, column->name ? column->name : "",
		column->format ? column->format : "");
}

/* What a column is: in leat, and in the stream. */
static int
in_column(struct leat_stage *st, struct arrow_in *s, uint32_t k,
	const struct ArrowSchema *from, struct leat_column *to)
{
	const struct ArrowSchema *values =
		from->dictionary ? from->dictionary : from;
	struct leat__arrow_column *column = &s->columns[k];

	s->has_dictionary[k] = from->dictionary != NULL;
	if (leat__arrow_parse(values->format, &column->type) != LEAT_OK ||
		values->dictionary)
		return in_fail_format(st, values);
	if (from->dictionary &&
		(leat__arrow_parse(from->format, &column->index_type) !=
				LEAT_OK ||
			column->index_type.kind != LEAT__ARROW_INT))
		return in_fail_format(st, from);
	to->type = column->type.type;
	to->scale = column->type.scale;
	to->field = LEAT_FIELD_NONE;
	to->vector = k;
	return LEAT_OK;
}

static int
in_alloc(struct leat_stage *st, struct arrow_in *s, uint32_t n,
	struct leat_text **names)
{
	void *memory;
	int rc = leat_stage_alloc(
		st, n * (sizeof(*s->columns) + 1 + sizeof(**names)), &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for %u columns", n);
	s->columns = memory;
	*names = (struct leat_text *)(void *)(s->columns + n);
	s->has_dictionary = (uint8_t *)(*names + n);
	return LEAT_OK;
}

static int
in_schema(struct leat_stage *st, struct arrow_in *s,
	const struct ArrowSchema *from)
{
	uint32_t n = (uint32_t)from->n_children;
	struct leat_text *names = NULL;
	int rc;

	if (strcmp(from->format, "+s") != 0 || from->n_children < 1 ||
		from->n_children > LEAT_TABLE_COLUMNS_MAX)
		return leat_stage_fail(st, LEAT_ENOTSUP,
			"the Arrow stream is of '%.20s' with %lld columns; "
			"accepted: structs of 1 to %d",
			from->format, (long long)from->n_children,
			LEAT_TABLE_COLUMNS_MAX);
	LEAT_TRY(in_alloc(st, s, n, &names));
	for (uint32_t k = 0; k < n; k++) {
		const char *name = from->children[k]->name;

		names[k] =
			(struct leat_text){(const uint8_t *)(name ? name : ""),
				name ? (uint32_t)strlen(name) : 0};
	}
	rc = leat_schema_create(st, names, n, &s->schema);
	if (rc)
		return leat_stage_fail(st, rc,
			"the names of the Arrow stream's columns are too long");
	s->schema->n_fields = 0;
	s->schema->n_vectors = n;
	for (uint32_t k = 0; k < n; k++)
		LEAT_TRY(in_column(st, s, k, from->children[k],
			(struct leat_column *)(uintptr_t)&s->schema
				->columns[k]));
	return LEAT_OK;
}

static int
in_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct arrow_in *s = leat_stage_state(st);
	struct ArrowSchema schema;
	int rc = s->stream->get_schema(s->stream, &schema);

	(void)in;
	if (rc)
		return in_fail_call(st, s, rc, "columns");
	rc = in_schema(st, s, &schema);
	schema.release(&schema);
	if (rc)
		return rc;
	s->schema->origin = "arrow";
	out->schema = s->schema;
	out->origin = "arrow";
	out->frame_bytes = ARROW_FRAME_BYTES;
	return LEAT_OK;
}

/* ---- arrays --------------------------------------------------------------------------- */

/* LEAT_OK: there is one with rows; LEAT_EOS. */
static int
in_next(struct leat_stage *st, struct arrow_in *s)
{
	while (!s->array.release || s->row == s->array.length) {
		int rc;

		if (s->array.release)
			s->array.release(&s->array);
		s->array.release = NULL;
		s->row = 0;
		if (leat_stage_is_draining(st))
			return LEAT_EOS;
		rc = s->stream->get_next(s->stream, &s->array);
		if (rc) {
			s->array.release = NULL;
			return in_fail_call(st, s, rc, "next batch");
		}
		if (!s->array.release)
			return LEAT_EOS;
		if (s->array.n_children != s->schema->n_columns)
			return leat_stage_fail(st, LEAT_EDATA,
				"the Arrow stream gives %lld columns and has "
				"said that there are %u",
				(long long)s->array.n_children,
				s->schema->n_columns);
	}
	return LEAT_OK;
}

static int
in_fail_value(struct leat_stage *st, const struct arrow_in *s, uint32_t k,
	int64_t row)
{
	const struct leat_column *column = &s->schema->columns[k];

	leat_stage_count(st, LEAT_COUNT_READ, 1);
	leat_stage_count(st, LEAT_COUNT_FAILED, 1);
	return leat_stage_fail(st, LEAT_EDATA,
		"column '%.*s' of the Arrow stream has a value in row %lld of "
		"a batch that does not fit %s",
		ARROW_NAME_SHOWN, column->name, (long long)row,
		leat_type_name(column->type));
}

/* n rows into a frame: LEAT_OK; LEAT_ELIMIT: they do not fit. */
static int
in_fill(struct leat_stage *st, struct arrow_in *s, struct leat_frame *frame,
	uint32_t n)
{
	struct leat_table t;

	LEAT_TRY(leat_table_begin(frame, s->schema, n, &t));
	for (uint32_t k = 0; k < s->schema->n_columns; k++) {
		struct leat__arrow_column *column = &s->columns[k];
		int64_t bad_row = 0;
		int rc;

		column->array = s->array.children[k];
		column->index = NULL;
		if (s->has_dictionary[k]) {
			column->index = column->array;
			column->array = column->array->dictionary;
		}
		rc = leat__arrow_import(
			&t, column, s->row + s->array.offset, n, &bad_row);
		if (rc == LEAT_EDATA)
			return in_fail_value(st, s, k, bad_row);
		if (rc)
			return rc;
	}
	return LEAT_OK;
}

static int
in_produce(struct leat_stage *st)
{
	struct arrow_in *s = leat_stage_state(st);
	struct leat_frame *frame;
	uint32_t n;
	int rc;

	LEAT_TRY(in_next(st, s));
	LEAT_TRY(leat_stage_acquire(st, &frame));
	n = (uint32_t)leat__min_u64(
		s->n_rows, (uint64_t)(s->array.length - s->row));
	while ((rc = in_fill(st, s, frame, n)) == LEAT_ELIMIT && n > 1)
		s->n_rows = n = n / 2;
	if (rc == LEAT_ELIMIT)
		rc = leat_stage_fail(st, rc,
			"a row of the Arrow stream does not fit into a frame "
			"of %u bytes",
			ARROW_FRAME_BYTES);
	if (rc) {
		leat_stage_release(st, frame);
		return rc;
	}
	s->row += n;
	frame->birth_ns = leat_now_ns();
	leat_stage_count(st, LEAT_COUNT_READ, n);
	return leat_stage_emit(st, 0, frame);
}

static void
in_fini(struct leat_stage *st)
{
	struct arrow_in *s = leat_stage_state(st);

	if (s->array.release)
		s->array.release(&s->array);
	s->array.release = NULL;
	stream_end(s->stream);
}

static const struct leat_stage_ops arrow_in_ops = {
	LEAT_STAGE_OPS_INIT("arrow.in"),
	.flags = LEAT_STAGE_BLOCKING,
	.summary = "tables of an Arrow stream",
	.state_bytes = sizeof(struct arrow_in),
	.opts_bytes = sizeof(struct arrow_in_opts),
	.out_layout = LEAT_LAYOUT_TABLE,
	.init = in_init,
	.negotiate = in_negotiate,
	.produce = in_produce,
	.fini = in_fini,
};

int
leat_arrow_in(struct leat_graph *graph, const char *name,
	struct ArrowArrayStream *stream, struct leat_end *out,
	struct leat_error *err)
{
	struct arrow_in_opts opts = {LEAT_OPTS_INIT(arrow_in_opts)};
	struct leat_step step = {&arrow_in_ops, &opts};
	struct leat_stage *st;
	int rc;

	LEAT_TRY(leat__graph_is_open(graph, err));
	opts.stream = graph->env->alloc(graph->env, sizeof(*opts.stream));
	if (!opts.stream)
		return leat__graph_no_memory(err, "a stream");
	opts.stream->key.name = "arrow.in";
	opts.stream->env = graph->env;
	rc = leat_graph_add(graph, name, &step, &st, err);
	if (rc == LEAT_OK)
		rc = leat_ctx_set_value(graph->ctx, &opts.stream->key,
			opts.stream, stream_free);
	if (rc) {
		graph->env->free(graph->env, opts.stream);
		return rc;
	}
	opts.stream->stream = *stream;
	stream->release = NULL;
	if (out)
		*out = leat_out(st, 0);
	return LEAT_OK;
}
