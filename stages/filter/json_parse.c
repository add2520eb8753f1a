/*
 * json.parse -- bytes to a table: one JSON object a line.
 *
 * Gets frames of whole lines from json.cut, which knows the columns. The values
 * stay where they are, the table has pieces of the text; where nobody looks at
 * values, lines are checked and counted. json_lines.c reads them.
 * Keeps: at and the reader's line say where what is left of the frame in hand
 * begins. Each instance has a tree of its own, made after that of json.cut. One
 * thread at a time.
 */
#include <stdio.h>
#include <string.h>

#include "file_column.h"
#include "json_lines.h"

#define JSON_VECTOR_BYTES 192        /* of a column, besides its values */
#define JSON_ROOM_BYTES   (1u << 19) /* left to others in a frame, at least */
#define JSON_ENDS_MAX     (1u << 20) /* entries: of one line at least */

/* Tables of the columns alone that anybody looks at. Of the first instance,
 * where all others find it. */
struct json_lean {
	const struct json_columns *from; /* NULL: all columns */
	struct leat_schema *to;
	const bool *wanted; /* of each column */
};

struct json {
	const struct leat_json_parse_opts *opts;
	const struct json_columns *columns; /* that the tree is made after */
	struct json_tree tree;
	struct json_reader reader;
	const char *origin;
	uint32_t has_file; /* a column says which file a row is of */
	uint64_t n_lines;  /* of the frame in hand, that are left */
	uint32_t at;       /* in the frame in hand */
	uint32_t is_begun;
	uint32_t is_blind;    /* nobody looks at values */
	uint32_t value_bytes; /* of a frame, for the values */
	uint32_t max_rows;    /* of a frame */
	struct json_lean lean;
};

static uint32_t
json_min(uint64_t a, uint64_t b)
{
	return (uint32_t)(a < b ? a : b);
}

/* ---- tables ------------------------------------------------------------- */

/* Are tables made of some of the columns in hand? */
static bool
json_is_lean(const struct json *s)
{
	return s->lean.from && s->lean.from == s->columns;
}

static const struct leat_schema *
json_schema(const struct json *s)
{
	return json_is_lean(s) ? s->lean.to : &s->columns->schema;
}

/* Room for the values of all columns that are looked at. */
static int
json_add_vectors(struct leat_stage *st, struct json *s, struct leat_table *t)
{
	for (uint32_t k = 0; k < s->tree.n_columns; k++) {
		struct leat_vector_room room;
		int rc;

		if (json_is_lean(s) && !s->lean.wanted[k])
			continue;
		rc = leat_table_add_vector(t, LEAT_TYPE_TEXT, 0, &room);
		if (rc)
			return leat_stage_fail(st, rc,
				"%u values do not fit into a frame",
				t->n_rows_all);
		s->tree.columns[k]->pieces = room.values;
		s->tree.columns[k]->valid = room.valid;
	}
	if (!s->has_file)
		return LEAT_OK;
	return leat__file_column_put(t, s->reader.file);
}

/* Begin a table for the rows of a piece; all values are there. */
static int
json_begin_table(struct leat_stage *st, struct json *s,
	const struct json_piece *p, struct leat_frame *frame,
	struct leat_table *t)
{
	struct leat_fields fields = {
		.schema = json_schema(s),
		.base = p->base,
		.text_offset = (uint32_t)(p->text - leat_frame_start(p->base)),
		.text_bytes = p->n,
		.n_rows = p->max_rows,
		.source_offset = p->offset,
		.line = s->reader.line,
		.file = s->reader.file,
	};

	frame->birth_ns = p->base->birth_ns;
	frame->stamp = p->base->stamp;
	if (s->is_blind)
		return leat_table_begin(frame, fields.schema, p->max_rows, t);
	leat_frame_retain(p->base);
	leat_table_begin_fields(frame, &fields);
	leat_table_open(frame, t);
	return json_add_vectors(st, s, t);
}

/* Rows 0 to n - 1 of those that there is room for are alive. */
static void
json_end_table(struct leat_table *t, uint32_t n)
{
	uint32_t *rows = leat_table_selection(t);

	if (n == t->n_rows_all)
		return;
	for (uint32_t k = 0; k < n; k++)
		rows[k] = k;
	leat_table_select(t, rows, n);
}

static int
json_emit(struct leat_stage *st, struct leat_frame **frame)
{
	int rc;

	leat_stage_count(st, LEAT_COUNT_READ, (*frame)->n_items);
	rc = leat_stage_emit(st, 0, *frame);
	if (!rc)
		*frame = NULL;
	return rc;
}

/*
 * Make a table of the lines of a piece, as far as they go into a frame, and
 * emit it: *done_out bytes are dealt with. Before there are columns all lines
 * are wrong, or blank.
 */
static int
json_take(struct leat_stage *st, struct json *s, const struct json_piece *p,
	struct leat_frame **frame, uint32_t *done_out)
{
	struct json_walk *w = &s->reader.walk;
	struct leat_table t;
	int rc = LEAT_OK;

	*w = (struct json_walk){.text = p->text,
		.ends = s->reader.ends,
		.stamp = w->stamp,
		.is_strict = s->opts->extra == LEAT_JSON_EXTRA_ERROR ||
			(!s->opts->extra &&
				!(s->opts->schema && s->opts->schema[0])),
		.is_blind = s->is_blind,
		.tree = &s->tree};
	if (s->columns) {
		rc = json_begin_table(st, s, p, *frame, &t);
		w->table = &t;
	}
	if (!rc)
		rc = leat__json_lines_take(st, &s->reader, p, done_out);
	if (rc || !w->row)
		return rc;
	json_end_table(&t, w->row);
	if (s->opts->strict)
		rc = leat__json_check_values(st, &s->reader, &t);
	return rc ? rc : json_emit(st, frame);
}

/* ---- frames ------------------------------------------------------------- */

/* The columns are those of another frame than before, or the first. */
static int
json_bind(struct leat_stage *st, struct json *s,
	const struct json_columns *columns)
{
	uint64_t n, room;
	int rc;

	if (columns == s->columns)
		return LEAT_OK;
	rc = leat__json_tree_clone(st, &columns->tree, &s->tree);
	if (rc)
		return rc;
	s->columns = columns;
	s->reader.shape.is_made = 0;
	if (s->is_blind)
		return LEAT_OK;
	n = json_schema(s)->n_columns;
	room = s->value_bytes - 4096 - n * JSON_VECTOR_BYTES;
	room /= n * 65 / 8 + 5;
	s->max_rows = json_min(room ? room : 1, LEAT_TABLE_ROWS_MAX);
	return LEAT_OK;
}

/* The one line of a frame that is longer than a line may be. */
static int
json_reject_frame(struct leat_stage *st, const struct json *s,
	const struct leat_frame *in)
{
	struct json_line line = {{in->data, in->len_bytes}, in->source_offset};

	return leat__json_reject_long(st, &s->reader, line);
}

/* The very last line may have no newline; there is room for one. */
static void
json_begin_frame(struct json *s, struct leat_frame *in)
{
	const struct cut_head *head = cut_head(in);

	s->is_begun = 1;
	s->at = 0;
	s->n_lines = head->n_lines;
	s->reader.file = head->file ? head->file : s->origin;
	s->reader.line = head->line;
	if (in->len_bytes && in->data[in->len_bytes - 1] != '\n') {
		in->data[in->len_bytes++] = '\n';
		s->n_lines++;
	}
}

/* What is left of a frame: one table at most. */
static int
json_step(struct leat_stage *st, struct json *s, struct leat_frame *in,
	struct leat_frame **frame)
{
	struct json_piece p = {.base = in,
		.text = in->data + s->at,
		.n = in->len_bytes - s->at,
		.max_rows = UINT32_MAX,
		.offset = in->source_offset + s->at};
	uint64_t line = s->reader.line;
	struct leat_table t;
	uint32_t n_done = 0;
	int rc;

	if (s->columns)
		p.max_rows = json_min(s->n_lines, s->max_rows);
	if (!p.n && s->columns) {
		rc = json_begin_table(st, s, &p, *frame, &t);
		return rc ? rc : json_emit(st, frame);
	}
	rc = json_take(st, s, &p, frame, &n_done);
	s->n_lines -= s->reader.line - line;
	s->at += n_done;
	return rc;
}

static int
json_process(struct leat_stage *st, struct leat_frame *in)
{
	struct json *s = leat_stage_state(st);
	const struct cut_head *head = cut_head(in);
	struct leat_frame *frame = NULL;
	int rc = LEAT_OK;

	if (!s->is_begun)
		json_begin_frame(s, in);
	if (head->schema)
		rc = json_bind(
			st, s, (const struct json_columns *)head->schema);
	if (!rc)
		rc = leat_stage_acquire(st, &frame);
	if (!rc && head->flaw) {
		rc = json_reject_frame(st, s, in);
		s->at = in->len_bytes;
	} else if (!rc) {
		rc = json_step(st, s, in, &frame);
	}
	leat_stage_release(st, frame);
	if (rc)
		return rc;
	if (s->at < in->len_bytes)
		return LEAT_MORE;
	s->is_begun = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* ---- life --------------------------------------------------------------- */

static uint64_t
json_side_bytes(const struct json *s, uint32_t n_paths, uint32_t n_names)
{
	return s->reader.max_ends * sizeof(*s->reader.ends) +
		leat__json_tree_bytes(n_paths, n_names) +
		leat__json_shape_bytes() + 1024;
}

/* How large tables get, by the text that comes at once. */
static void
json_size(struct leat_stage *st, struct json *s, const struct leat_shape *in)
{
	uint64_t max_record = s->reader.max_record;
	/* a frame without the room for one very long line */
	uint64_t usual = in->frame_bytes > max_record
		? in->frame_bytes - max_record
		: in->frame_bytes;
	uint64_t n =
		in->schema ? in->schema->n_columns : LEAT_TABLE_COLUMNS_MAX;
	uint64_t least = 4096 + n * (JSON_VECTOR_BYTES + 128);
	uint64_t text = max_record + 4096;

	if (s->is_blind) {
		s->max_rows = json_min(usual / 8 + 1, LEAT_TABLE_ROWS_MAX);
		leat_stage_needs(st)->frame_bytes = 4096 + 8 * s->max_rows;
		return;
	}
	if (s->has_file)
		least += FILE_COLUMN_BYTES;
	s->value_bytes = (uint32_t)(2 * usual > least ? 2 * usual : least);
	if (s->has_file)
		text += FILE_COLUMN_BYTES;
	leat_stage_needs(st)->frame_bytes = s->value_bytes +
		(uint32_t)(text > JSON_ROOM_BYTES ? text : JSON_ROOM_BYTES);
}

/* Side memory that it takes, of the first instance only. */
static uint64_t
json_lean_bytes(const struct leat_schema *from)
{
	return sizeof(struct leat_schema) +
		from->n_columns * (sizeof(struct leat_column) + sizeof(bool)) +
		128;
}

/* The columns that are wanted, as vectors one behind the other. */
static void
json_lean_fill(struct json_lean *lean, struct leat_column *columns)
{
	const struct leat_schema *from = &lean->from->schema;
	uint32_t n = 0;

	for (uint32_t k = 0; k < from->n_columns; k++) {
		if (!lean->wanted[k])
			continue;
		columns[n] = from->columns[k];
		columns[n].vector = n;
		n++;
	}
	*lean->to = *from;
	lean->to->columns = columns;
	lean->to->n_columns = lean->to->n_vectors = n;
}

static int
json_lean_make(struct leat_stage *st, const struct json_columns *from,
	struct json_lean *lean)
{
	const struct leat_schema *schema = &from->schema;
	struct leat_column *columns;
	void *memory;
	bool *wanted;
	uint32_t n;
	int rc = leat_stage_alloc(
		st, (size_t)json_lean_bytes(schema) - 128, &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	columns = (struct leat_column *)((struct leat_schema *)memory + 1);
	wanted = (bool *)(columns + schema->n_columns);
	n = leat_stage_columns_wanted(st, schema, wanted);
	if (!n || n == schema->n_columns) {
		leat_stage_free(st, memory);
		return LEAT_OK;
	}
	*lean = (struct json_lean){from, memory, wanted};
	json_lean_fill(lean, columns);
	return LEAT_OK;
}

/* Where the columns are known: which of them is looked at? */
static int
json_make_lean(struct leat_stage *st, struct json *s,
	const struct leat_shape *in, struct leat_shape *out)
{
	const struct json *first = leat_stage_state(leat_stage_first(st));
	uint64_t n_bytes;
	int rc = LEAT_OK;

	if (!in->schema || s->opts->strict || s->has_file || s->is_blind)
		return LEAT_OK;
	n_bytes = json_lean_bytes(in->schema);
	leat_stage_needs(st)->side_bytes += n_bytes;
	leat_stage_share(st, n_bytes);
	if (first == s)
		rc = json_lean_make(
			st, (const struct json_columns *)in->schema, &s->lean);
	else
		s->lean = first->lean;
	if (!rc && s->lean.from)
		out->schema = s->lean.to;
	return rc;
}

static int
json_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct json *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);
	const struct json_columns *columns =
		(const struct json_columns *)in->schema;
	void *memory;
	int rc = leat_stage_alloc(
		st, s->reader.max_ends * sizeof(*s->reader.ends), &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the structure");
	s->reader.ends = memory;
	s->origin = in->origin ? in->origin : "input";
	s->is_blind = !leat_stage_values_wanted(st) && !s->opts->strict;
	json_size(st, s, in);
	if (columns)
		needs->side_bytes = json_side_bytes(
			s, columns->tree.n_paths, columns->tree.n_names);
	*out = (struct leat_shape){
		.layout = LEAT_LAYOUT_TABLE,
		.frame_bytes = needs->frame_bytes,
		.base_bytes = s->is_blind ? 0 : in->frame_bytes,
		.schema = in->schema,
		.origin = in->origin,
	};
	rc = json_make_lean(st, s, in, out);
	return rc ? rc : leat__json_shape_create(st, &s->reader.shape);
}

static int
json_init(struct leat_stage *st, const void *opts)
{
	struct json *s = leat_stage_state(st);

	s->opts = opts;
	s->reader.max_record = s->opts->max_record_bytes
		? s->opts->max_record_bytes
		: CUT_RECORD_BYTES;
	s->origin = "input";
	s->has_file = s->opts->filename && s->opts->filename[0];
	s->reader.max_ends = JSON_ENDS_MAX + LEAT_JSON_SCAN_SLACK;
	leat_stage_needs(st)->side_bytes =
		json_side_bytes(s, JSON_PATHS_MAX, JSON_NAMES_MAX);
	return LEAT_OK;
}

const struct leat_option leat__json_parse_options[] = {
	{.name = "schema",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_json_parse_opts, schema),
		.help = "columns and their types: id:int64,user.name:string"},
	{.name = "infer_rows",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_json_parse_opts, infer_rows),
		.min = 1,
		.max = INT64_MAX,
		.fallback = "1000",
		.unit = "rows",
		.help = "lines that columns are made from, without schema"},
	{.name = "infer_wait",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_json_parse_opts, infer_wait_ns),
		.min = 1,
		.max = INT64_MAX,
		.fallback = "10s",
		.unit = "ns",
		.help = "of a pipe: then the lines that have come are enough; "
			"behind a decoder, when more comes"},
	{.name = "nested",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_json_parse_opts, nested),
		.fallback = "paths",
		.values = "paths|text",
		.help = "objects in objects: columns a.b, or JSON text"},
	{.name = "extra",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_json_parse_opts, extra),
		.fallback = "auto",
		.values = "auto|ignore|error",
		.help = "keys without a column; auto: with schema ignored, "
			"else an error"},
	{.name = "max_record_bytes",
		.type = LEAT_OPTION_BYTES,
		.offset =
			offsetof(struct leat_json_parse_opts, max_record_bytes),
		.min = 16,
		.max = 1 << 30,
		.fallback = "1M",
		.unit = "bytes",
		.help = "longest line; a longer one is an error"},
	{.name = "strict",
		.type = LEAT_OPTION_BOOL,
		.offset = offsetof(struct leat_json_parse_opts, strict),
		.fallback = "off",
		.help = "check every value of every typed column"},
	{.name = "filename",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_json_parse_opts, filename),
		.help = "a column of this name says which file a row is of"},
	{.name = NULL},
};

const struct leat_stage_ops leat_json_parse_ops = {
	LEAT_STAGE_OPS_INIT("json.parse"),
	.flags =
		LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS | LEAT_STAGE_REJECTS,
	.summary = "bytes to a table: one JSON object a line",
	.help = "Every line holds one object (NDJSON); blank lines are "
		"passed\n"
		"over. Columns are those of schema=, in its order; or the "
		"keys\n"
		"of the first lines (1000, or 64 KiB of them, or what a pipe "
		"has\n"
		"brought until infer_wait) in order of appearance.\n"
		"An object in an object gives a column for each "
		"of\n"
		"its keys, named by path: user.name; lists are kept as "
		"JSON\n"
		"text. In schema= a name with a dot is such a path, one in\n"
		"double quotes a key as it stands. A key that is not there, "
		"and\n"
		"null, is null; \"\" is an empty string.\n"
		"\n"
		"Types: int64 if all numbers of a key are whole, float64, "
		"bool,\n"
		"else string; others if declared. A value of another type "
		"is\n"
		"passed on as it is, and is an error where somebody asks for "
		"it\n"
		"as that type, with strict=on in any case: \"12\" is a string, "
		"no\n"
		"number.\n"
		"\n"
		"Every line is checked as a whole, whoever asks for what of "
		"it,\n"
		"by RFC 8259: at most 64 objects and lists inside each "
		"other,\n"
		"UTF-8, and no column's key twice in an object. Without "
		"schema\n"
		"a key that is no column is an error too (extra=ignore).\n"
		"on_error says what becomes of a line that is wrong.\n"
		"\n"
		"    leat run 'read a.ndjson ! json.parse "
		"schema=id:int64,user.name:string ! csv.format ! write -'\n",
	.state_bytes = sizeof(struct json),
	.opts_bytes = sizeof(struct leat_json_parse_opts),
	.options = leat__json_parse_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.out_layout = LEAT_LAYOUT_TABLE,
	.init = json_init,
	.negotiate = json_negotiate,
	.process = json_process,
	.before = &leat_json_cut_ops,
};
