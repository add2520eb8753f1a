/*
 * json.parse -- bytes to a table: one JSON object a line.
 *
 * Gets frames of whole lines from json.cut, which knows the columns. The
 * structure of many lines is found at once, then walked line by line; the
 * values stay where they are, the table has pieces of the text.
 * Keeps: `at` and `line` say where what is left of the frame in hand begins.
 * Each instance has a tree of its own, made after that of json.cut. One thread
 * at a time.
 */
#include <stdio.h>
#include <string.h>

#include "json.h"

#define JSON_VECTOR_BYTES 192        /* of a column, besides its values */
#define JSON_ROOM_BYTES   (1u << 19) /* left to others in a frame, at least */
#define JSON_ENDS_MAX     (1u << 20) /* entries: of one line at least */

struct json {
	const struct leat_json_parse_opts *opts;
	const struct json_columns *columns; /* that the tree is made after */
	struct json_tree tree;
	const char *origin;
	const char *file; /* of the frame in hand */
	uint64_t max_record;
	uint64_t line;  /* from 1 */
	uint64_t stamp; /* of rows */
	uint32_t at;    /* in the frame in hand */
	uint32_t is_begun;
	uint32_t value_bytes; /* of a frame, for the values */
	uint32_t max_rows;    /* of a frame */
	uint32_t *ends;
	uint32_t max_ends;
};

/* Lines to make a table from. */
struct json_piece {
	struct leat_frame *base; /* holds the text */
	const uint8_t *text;     /* where a line begins */
	uint32_t n;              /* bytes, up to behind a newline */
	uint64_t offset;         /* of text in the source */
	/* set by json_index() */
	uint32_t n_ends;
	uint32_t n_lines;
	uint32_t has_escapes;
	uint32_t has_high;
	uint32_t n_indexed; /* bytes */
};

static uint32_t
json_min(uint64_t a, uint64_t b)
{
	return (uint32_t)(a < b ? a : b);
}

/* ---- what is wrong ------------------------------------------------------ */

/* A line that is wrong, and where it begins in the source. */
struct json_line {
	struct leat_text text; /* without its newline */
	uint64_t offset;
};

/* It is left out. LEAT_OK: go on. */
static int
json_reject(struct leat_stage *st, const struct json *s, struct json_line line,
	uint32_t offset, const char *what)
{
	struct leat_reject reject = {
		.reason = what,
		.origin = s->file,
		.line = s->line,
		.column = (uint64_t)offset + 1,
		.offset = line.offset,
		.data = line.text.data,
		.n_bytes = line.text.len,
	};

	leat_stage_count(st, LEAT_COUNT_READ, 1);
	return leat_stage_reject(st, LEAT_EDATA, &reject);
}

static int
json_reject_long(
	struct leat_stage *st, const struct json *s, struct json_line line)
{
	char what[128];

	snprintf(what, sizeof(what),
		"this line is longer than %llu bytes; max_record_bytes=N "
		"allows longer ones",
		(unsigned long long)s->max_record);
	return json_reject(st, s, line, 0, what);
}

/* What the walk has against a line of good JSON. */
static int
json_reject_fault(struct leat_stage *st, const struct json *s,
	const struct json_walk *w, struct json_line line)
{
	uint32_t start = (uint32_t)(line.text.data - w->text);
	uint32_t len = w->fault_key.len < 64 ? w->fault_key.len : 64;
	char what[320];

	snprintf(what, sizeof(what), "'%.*s': %s", (int)len,
		(const char *)w->fault_key.data, w->fault.what);
	return json_reject(st, s, line, w->fault.offset - start, what);
}

/* Find what is wrong with a line that was not taken. */
static int
json_reject_line(struct leat_stage *st, const struct json *s,
	const struct json_walk *w, struct json_line line)
{
	struct leat_json_fault fault = {0};
	struct leat_text x = line.text;
	uint32_t at = 0;

	if (x.len > s->max_record)
		return json_reject_long(st, s, line);
	while (at < x.len && json_is_white(x.data[at]))
		at++;
	if (at == x.len)
		return LEAT_OK;
	if (leat_json_check(x, &fault) != LEAT_OK)
		return json_reject(st, s, line, fault.offset, fault.what);
	if (x.data[at] != '{')
		return json_reject(st, s, line, at,
			"every line holds one object: {\"key\":value,...}");
	if (w->fault.what)
		return json_reject_fault(st, s, w, line);
	return json_reject(st, s, line, 0,
		"this line has over 1048576 keys, values and brackets");
}

/* ---- structure ---------------------------------------------------------- */

/* Entries of the unfinished line are taken back. */
static uint32_t
json_last_line(const uint8_t *text, const uint32_t *ends, uint32_t n)
{
	while (n && text[ends[n - 1]] != '\n')
		n--;
	return n;
}

/*
 * Find the structure of the lines of a piece, as many as there is room for. A
 * line that cannot be read gets its newline alone.
 */
static void
json_index(const struct json *s, struct json_piece *p)
{
	uint32_t at = 0, n = 0;

	p->n_lines = 0;
	p->has_escapes = p->has_high = 0;
	while (at < p->n && s->max_ends - n > LEAT_JSON_SCAN_SLACK) {
		uint32_t *ends = s->ends + n;
		const uint8_t *text = p->text + at, *end = NULL;
		struct leat_json_scan scan;
		uint32_t n_ends = leat_json_scan(
			&scan, text, p->n - at, ends, s->max_ends - n);
		uint32_t n_all = json_last_line(text, ends, n_ends);
		uint32_t start = n_all ? ends[n_all - 1] + 1 : 0;

		if (scan.is_bad || (!n_all && !n))
			end = memchr(text + scan.n_scanned, '\n',
				p->n - at - scan.n_scanned);
		if (end)
			ends[n_all++] = (uint32_t)(end - text);
		for (uint32_t k = 0; at && k < n_all; k++)
			ends[k] += at;
		p->n_lines += scan.n_lines + !!end;
		p->has_escapes |= scan.has_escapes;
		p->has_high |= scan.has_high;
		n += n_all;
		at += end ? (uint32_t)(end - text) + 1 : start;
		if (!scan.is_bad)
			break;
	}
	p->n_ends = n;
	p->n_indexed = at;
}

/* ---- rows --------------------------------------------------------------- */

/* Begin a table for so many rows; all values are there. */
static int
json_begin_table(struct leat_stage *st, struct json *s,
	const struct json_piece *p, struct leat_frame *frame, uint32_t n_rows,
	struct leat_table *t)
{
	struct leat_fields fields = {
		.schema = &s->columns->schema,
		.base = p->base,
		.text_offset = (uint32_t)(p->text - leat_frame_start(p->base)),
		.text_bytes = p->n,
		.n_rows = n_rows,
		.source_offset = p->offset,
		.line = s->line,
	};

	leat_frame_retain(p->base);
	leat_table_begin_fields(frame, &fields);
	frame->birth_ns = p->base->birth_ns;
	frame->stamp = p->base->stamp;
	leat_table_open(frame, t);
	for (uint32_t k = 0; k < s->tree.n_columns; k++) {
		struct leat_vector_room room;
		int rc = leat_table_add_vector(t, LEAT_TYPE_TEXT, 0, &room);

		if (rc)
			return leat_stage_fail(st, rc,
				"%u values do not fit into a frame", n_rows);
		s->tree.columns[k]->pieces = room.values;
		s->tree.columns[k]->valid = room.valid;
	}
	return LEAT_OK;
}

/* A row that was not taken leaves nothing behind. */
static void
json_clear_row(struct json *s, struct json_walk *w)
{
	for (uint32_t k = 0; w->table && k < s->tree.n_columns; k++)
		s->tree.columns[k]->valid[w->row / 8] |=
			(uint8_t)(1u << (w->row % 8));
	w->fault.what = NULL;
}

/* What a line must be besides JSON. */
struct json_limits {
	bool is_utf8; /* all of the piece is */
	uint64_t max_record;
};

static bool
json_begins_object(const struct json_walk *w, uint32_t start)
{
	while (json_is_white(w->text[start]))
		start++;
	return start == w->ends[w->at] && w->text[start] == '{';
}

/* Is the line at the walk's place a row? Then its end is at w->at. */
static bool
json_take_row(
	struct json_walk *w, const struct json_limits *limits, uint32_t start)
{
	uint32_t first = w->at;

	if (!w->table || !json_begins_object(w, start))
		return false;
	if (!limits->is_utf8) {
		struct leat_text x = {w->text + start, 0};

		while (w->text[w->ends[first]] != '\n')
			first++;
		x.len = w->ends[first] - start;
		if (leat_json_utf8(x) != x.len)
			return false;
	}
	return leat__json_walk_line(w) &&
		w->ends[w->at] - start <= limits->max_record;
}

/* It is none. 1: it is left out; 0: there is no room for it. */
static int
json_leave_line(struct leat_stage *st, struct json *s, struct json_walk *w,
	struct json_line line)
{
	int rc;

	if (w->is_full && w->row)
		return 0;
	if (w->is_full)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"a line with escapes does not fit into a frame");
	rc = json_reject_line(st, s, w, line);
	json_clear_row(s, w);
	return rc ? rc : 1;
}

/* All lines of a piece, up to max_lines: *done_out bytes. */
static int
json_take_lines(struct leat_stage *st, struct json *s,
	const struct json_piece *p, struct json_walk *w, uint32_t max_lines,
	uint32_t *done_out)
{
	struct leat_text all = {p->text, p->n_indexed};
	struct json_limits limits = {
		!p->has_high || leat_json_utf8(all) == all.len, s->max_record};
	uint32_t start = 0;

	*done_out = 0;
	for (uint32_t k = 0; k < max_lines; k++) {
		struct json_line line = {
			{p->text + start, 0}, p->offset + start};
		uint32_t last = w->at;
		int rc = 1;

		if (json_take_row(w, &limits, start)) {
			w->row++;
		} else {
			while (w->text[w->ends[last]] != '\n')
				last++;
			line.text.len = w->ends[last] - start;
			rc = json_leave_line(st, s, w, line);
			w->at = last;
		}
		if (rc <= 0)
			return rc;
		*done_out = start = w->ends[w->at++] + 1;
		s->line++;
	}
	return LEAT_OK;
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
	uint32_t n_rows = (*frame)->n_items;
	int rc = leat_stage_emit(st, 0, *frame);

	if (rc)
		return rc;
	*frame = NULL;
	leat_stage_count(st, LEAT_COUNT_READ, n_rows);
	return LEAT_OK;
}

/*
 * Make a table of the lines of a piece, as far as they go into a frame, and
 * emit it: *done_out bytes are dealt with. Before there are columns all lines
 * are wrong, or blank.
 */
static int
json_take(struct leat_stage *st, struct json *s, struct json_piece *p,
	struct leat_frame **frame, uint32_t *done_out)
{
	struct leat_table t;
	struct json_walk w = {.text = p->text,
		.ends = s->ends,
		.stamp = s->stamp,
		.is_strict = s->opts->extra == LEAT_JSON_EXTRA_ERROR ||
			(!s->opts->extra &&
				!(s->opts->schema && s->opts->schema[0])),
		.tree = &s->tree};
	uint32_t n_lines;
	int rc = LEAT_OK;

	json_index(s, p);
	n_lines = json_min(p->n_lines, s->columns ? s->max_rows : UINT32_MAX);
	w.has_escapes = p->has_escapes;
	if (s->columns) {
		rc = json_begin_table(st, s, p, *frame, n_lines, &t);
		w.table = &t;
	}
	if (!rc)
		rc = json_take_lines(st, s, p, &w, n_lines, done_out);
	s->stamp = w.stamp;
	if (rc || !w.row)
		return rc;
	json_end_table(&t, w.row);
	return json_emit(st, frame);
}

/* ---- frames ------------------------------------------------------------- */

/* Of the bytes of a text, as many as end in a newline at or before max; if
 * there is none, the first line. */
static uint32_t
json_whole(const uint8_t *text, uint32_t n, uint64_t max)
{
	uint32_t at = json_min(n, max);
	const uint8_t *end;

	while (at && text[at - 1] != '\n')
		at--;
	if (at)
		return at;
	end = memchr(text, '\n', n);
	return end ? (uint32_t)(end - text) + 1 : n;
}

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
	n = columns->schema.n_columns;
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

	return json_reject_long(st, s, line);
}

/* The very last line may have no newline; there is room for one. */
static void
json_end_lines(struct leat_frame *in)
{
	if (in->len_bytes && in->data[in->len_bytes - 1] != '\n')
		in->data[in->len_bytes++] = '\n';
}

/* What is left of a frame: one table at most. */
static int
json_step(struct leat_stage *st, struct json *s, struct leat_frame *in,
	struct leat_frame **frame)
{
	struct json_piece p = {.base = in,
		.text = in->data + s->at,
		.offset = in->source_offset + s->at};
	struct leat_table t;
	uint32_t n_done = 0;
	int rc;

	if (!in->len_bytes && s->columns) {
		rc = json_begin_table(st, s, &p, *frame, 0, &t);
		return rc ? rc : json_emit(st, frame);
	}
	p.n = json_whole(p.text, in->len_bytes - s->at,
		s->columns ? (uint64_t)s->max_rows * 256 : UINT32_MAX);
	rc = json_take(st, s, &p, frame, &n_done);
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

	if (!s->is_begun) {
		s->is_begun = 1;
		s->file = head->file ? head->file : s->origin;
		s->at = 0;
		s->line = head->line;
		json_end_lines(in);
	}
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
	return s->max_ends * sizeof(*s->ends) +
		leat__json_tree_bytes(n_paths, n_names) + 1024;
}

static int
json_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct json *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);
	/* a frame without the room for one very long line */
	uint64_t usual = in->frame_bytes > s->max_record
		? in->frame_bytes - s->max_record
		: in->frame_bytes;
	uint64_t n =
		in->schema ? in->schema->n_columns : LEAT_TABLE_COLUMNS_MAX;
	uint64_t least = 4096 + n * (JSON_VECTOR_BYTES + 128);
	uint64_t text = s->max_record + 4096;
	const struct json_columns *columns =
		(const struct json_columns *)in->schema;
	void *memory;
	int rc = leat_stage_alloc(st, s->max_ends * sizeof(*s->ends), &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the structure");
	s->ends = memory;
	s->origin = in->origin ? in->origin : "input";
	s->value_bytes = (uint32_t)(2 * usual > least ? 2 * usual : least);
	needs->frame_bytes = s->value_bytes +
		(uint32_t)(text > JSON_ROOM_BYTES ? text : JSON_ROOM_BYTES);
	if (columns)
		needs->side_bytes = json_side_bytes(
			s, columns->tree.n_paths, columns->tree.n_names);
	*out = (struct leat_shape){
		.layout = LEAT_LAYOUT_TABLE,
		.frame_bytes = needs->frame_bytes,
		.base_bytes = in->frame_bytes,
		.schema = in->schema,
		.origin = in->origin,
	};
	return LEAT_OK;
}

static int
json_init(struct leat_stage *st, const void *opts)
{
	struct json *s = leat_stage_state(st);

	s->opts = opts;
	s->max_record = s->opts->max_record_bytes ? s->opts->max_record_bytes
						  : CUT_RECORD_BYTES;
	s->origin = "input";
	s->max_ends = JSON_ENDS_MAX + LEAT_JSON_SCAN_SLACK;
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
		"of the first lines (1000, or 64 KiB of them) in order of\n"
		"appearance. An object in an object gives a column for each "
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
		"as that type: \"12\" is a string, no number.\n"
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
