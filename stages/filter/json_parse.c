/*
 * json.parse -- bytes to a table: one JSON object a line.
 *
 * The structure of many lines is found at once, then walked line by line; the
 * values stay where they are, the table has pieces of the text. The unfinished
 * line at the end of a chunk (the tail, in `carry`) is completed with what
 * comes next and gets a table with text of its own. Without a sample the
 * columns wait until as much has come as a sample has.
 * Keeps: offset and line say where the tail, or else what follows at `at` in
 * the input, stands in the source. One thread at a time.
 */
#include <stdio.h>
#include <string.h>

#include "json.h"

#define JSON_RECORD_BYTES (1u << 20) /* default of max_record_bytes */
#define JSON_SAMPLE_BYTES 65536      /* that columns are made from */
#define JSON_COPY_BYTES   65536      /* copied at once where it must be */
#define JSON_VALUE_BYTES  (1u << 20) /* of a frame, for the values */
#define JSON_ROOM_BYTES   (1u << 19) /* left to others in a frame */
#define JSON_VECTOR_BYTES 192        /* of a column, besides its values */
#define JSON_ENDS_MAX     (1u << 20) /* entries: of one line at least */

struct json {
	const struct leat_json_parse_opts *opts;
	const struct leat_schema *schema;
	struct json_tree tree;
	const char *origin;
	uint64_t max_record;
	uint64_t offset; /* in the source */
	uint64_t line;   /* from 1 */
	uint64_t stamp;  /* of rows */
	uint8_t *carry;
	uint32_t carry_at; /* taken so far */
	uint32_t n_carry;
	uint32_t max_carry;
	uint32_t n_lines;     /* whole ones in carry */
	uint32_t n_objects;   /* of a sample that is being collected, */
	uint32_t objects_end; /* up to there */
	uint32_t at;          /* in the input: what follows the tail */
	uint32_t is_skipping; /* a line that is too long, to its end */
	uint32_t is_cut;
	uint32_t max_rows; /* of a frame */
	uint32_t *ends;
	uint32_t max_ends;
};

/* Lines to make a table from. */
struct json_piece {
	const uint8_t *text;     /* where a line begins */
	uint32_t n;              /* bytes, up to behind a newline */
	struct leat_frame *base; /* holds the text; NULL: the table's frame */
	uint32_t text_offset;    /* in its slot */
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

/* A line, [start, end) without its newline, is left out. LEAT_OK: go on. */
static int
json_reject(struct leat_stage *st, const struct json *s, struct leat_text line,
	uint32_t offset, const char *what)
{
	struct leat_reject reject = {
		.reason = what,
		.origin = s->origin,
		.line = s->line,
		.column = (uint64_t)offset + 1,
		.offset = s->offset,
		.data = line.data,
		.n_bytes = line.len,
	};

	leat_stage_count(st, LEAT_COUNT_READ, 1);
	return leat_stage_reject(st, LEAT_EDATA, &reject);
}

static int
json_reject_long(
	struct leat_stage *st, const struct json *s, struct leat_text line)
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
	const struct json_walk *w, struct leat_text line)
{
	uint32_t start = (uint32_t)(line.data - w->text);
	uint32_t len = w->fault_key.len < 64 ? w->fault_key.len : 64;
	char what[320];

	snprintf(what, sizeof(what), "'%.*s': %s", (int)len,
		(const char *)w->fault_key.data, w->fault.what);
	return json_reject(st, s, line, w->fault.offset - start, what);
}

/* Find what is wrong with a line that was not taken. */
static int
json_reject_line(struct leat_stage *st, const struct json *s,
	const struct json_walk *w, struct leat_text line)
{
	struct leat_json_fault fault = {0};
	uint32_t at = 0;

	if (line.len > s->max_record)
		return json_reject_long(st, s, line);
	while (at < line.len && json_is_white(line.data[at]))
		at++;
	if (at == line.len)
		return LEAT_OK;
	if (leat_json_check(line, &fault) != LEAT_OK)
		return json_reject(st, s, line, fault.offset, fault.what);
	if (line.data[at] != '{')
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
		.schema = s->schema,
		.base = p->base,
		.text_offset = p->text_offset,
		.text_bytes = p->n,
		.n_rows = n_rows,
		.source_offset = s->offset,
		.line = s->line,
	};

	if (p->base)
		leat_frame_retain(p->base);
	leat_table_begin_fields(frame, &fields);
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
	for (uint32_t k = 0; k < s->tree.n_columns; k++)
		s->tree.columns[k]->valid[w->row / 8] |=
			(uint8_t)(1u << (w->row % 8));
	w->fault.what = NULL;
}

static bool
json_begins_object(const struct json_walk *w, uint32_t start)
{
	while (json_is_white(w->text[start]))
		start++;
	return start == w->ends[w->at] && w->text[start] == '{';
}

/* The line at `start`, to the newline at ends[last]. 1: it is a row, or is
 * left out; 0: no room. */
static int
json_take_line(struct leat_stage *st, struct json *s, struct json_walk *w,
	uint32_t start, uint32_t last, bool is_utf8)
{
	uint32_t end = w->ends[last];
	struct leat_text line = {w->text + start, end - start};
	bool is_good = line.len <= s->max_record &&
		(is_utf8 || leat_json_utf8(line) == line.len);
	int rc;

	if (is_good && json_begins_object(w, start) &&
		leat__json_walk_line(w) && w->at == last) {
		w->row++;
		return 1;
	}
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
	bool is_utf8 = !p->has_high || leat_json_utf8(all) == all.len;
	uint32_t start = 0, last = 0;
	uint64_t offset = s->offset;

	for (uint32_t k = 0; k < max_lines; k++) {
		int rc;

		w->at = last;
		while (w->text[w->ends[last]] != '\n')
			last++;
		rc = json_take_line(st, s, w, start, last, is_utf8);
		if (rc < 0)
			return rc;
		if (!rc)
			break;
		start = w->ends[last++] + 1;
		s->line++;
		s->offset = offset + start;
	}
	*done_out = start;
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

/*
 * Make a table of the lines of a piece, as far as they go into a frame, and
 * emit it: *done_out bytes are dealt with.
 */
static int
json_take(struct leat_stage *st, struct json *s, struct json_piece *p,
	struct leat_frame **frame, const struct leat_frame *in,
	uint32_t *done_out)
{
	struct leat_table t;
	struct json_walk w = {.text = p->text,
		.ends = s->ends,
		.stamp = s->stamp,
		.is_strict = s->opts->extra == LEAT_JSON_EXTRA_ERROR ||
			(!s->opts->extra &&
				!(s->opts->schema && s->opts->schema[0])),
		.table = &t,
		.tree = &s->tree};
	uint32_t n_lines;
	int rc;

	json_index(s, p);
	n_lines = json_min(p->n_lines, s->max_rows);
	w.has_escapes = p->has_escapes;
	rc = json_begin_table(st, s, p, *frame, n_lines, &t);
	if (rc)
		return rc;
	rc = json_take_lines(st, s, p, &w, n_lines, done_out);
	s->stamp = w.stamp;
	if (rc || !w.row)
		return rc;
	json_end_table(&t, w.row);
	if (in) {
		(*frame)->birth_ns = in->birth_ns;
		(*frame)->stamp = in->stamp;
	}
	rc = leat_stage_emit(st, 0, *frame);
	if (rc)
		return rc;
	*frame = NULL;
	leat_stage_count(st, LEAT_COUNT_READ, w.row);
	return LEAT_OK;
}

/* ---- the tail ----------------------------------------------------------- */

static uint32_t
json_newlines(const uint8_t *text, size_t n)
{
	const uint8_t *end = text + n;
	uint32_t count = 0;

	while (n && (text = memchr(text, '\n', (size_t)(end - text)))) {
		count++;
		text++;
	}
	return count;
}

/* Bytes from the tail's start, up to behind the last newline before max; if
 * there is none, behind the first. 0: there is no newline. */
static uint32_t
json_whole(const uint8_t *text, uint32_t n, uint64_t max)
{
	const uint8_t *end;
	uint32_t at = json_min(n, max);

	while (at && text[at - 1] != '\n')
		at--;
	if (at)
		return at;
	end = n ? memchr(text, '\n', n) : NULL;
	return end ? (uint32_t)(end - text) + 1 : 0;
}

static int
json_make_carry(struct leat_stage *st, struct json *s)
{
	void *memory;
	int rc;

	if (s->carry)
		return LEAT_OK;
	rc = leat_stage_alloc(st, s->max_carry, &memory);
	if (rc)
		return leat_stage_fail(st, rc,
			"no memory for lines of %llu bytes",
			(unsigned long long)s->max_record);
	s->carry = memory;
	return LEAT_OK;
}

/* Add to the tail. There is room for it. */
static int
json_add(struct leat_stage *st, struct json *s, const uint8_t *data, uint32_t n)
{
	int rc = json_make_carry(st, s);

	if (rc || !n)
		return rc;
	if (s->carry_at) {
		s->n_carry -= s->carry_at;
		memmove(s->carry, s->carry + s->carry_at, s->n_carry);
		s->carry_at = 0;
	}
	memcpy(s->carry + s->n_carry, data, n);
	s->n_carry += n;
	s->n_lines += json_newlines(data, n);
	return LEAT_OK;
}

/* What stands in the tail but is not a whole line is longer than a line may
 * be: it is left out, with what is still to come of it. */
static int
json_drop_long(struct leat_stage *st, struct json *s)
{
	struct leat_text line = {
		s->carry + s->carry_at, s->n_carry - s->carry_at};
	int rc = json_reject_long(st, s, line);

	s->offset += line.len;
	s->carry_at = s->n_carry = 0;
	s->is_skipping = 1;
	return rc;
}

/* Pass over the rest of a line that is left out. */
static void
json_skip(struct json *s, const struct leat_frame *in)
{
	const uint8_t *data = in->data + s->at;
	uint32_t n = in->len_bytes - s->at;
	const uint8_t *end = n ? memchr(data, '\n', n) : NULL;
	uint32_t len = end ? (uint32_t)(end - data) + 1 : n;

	s->at += len;
	s->offset += len;
	if (!end)
		return;
	s->line++;
	s->is_skipping = 0;
}

/* ---- columns ------------------------------------------------------------ */

/* How many objects there are among the whole lines that have come. */
static void
json_count_objects(struct json *s)
{
	const uint8_t *text = s->carry + s->carry_at;
	uint32_t n = s->n_carry - s->carry_at;

	while (s->objects_end < n) {
		const uint8_t *line = text + s->objects_end;
		const uint8_t *end = memchr(line, '\n', n - s->objects_end);
		struct leat_json_fault fault;
		struct leat_text x = {line, 0};

		if (!end)
			break;
		x.len = (uint32_t)(end - line);
		s->objects_end += x.len + 1;
		s->n_objects += leat_json_check(x, &fault) == LEAT_OK;
	}
}

static int
json_make_columns(struct leat_stage *st, struct json *s, const uint8_t *sample,
	uint32_t n_bytes, uint32_t is_all)
{
	static const uint8_t mark[3] = {0xef, 0xbb, 0xbf};
	struct json_source source = {.opts = s->opts,
		.sample = sample,
		.n_bytes = n_bytes,
		.is_all = is_all,
		.origin = s->origin};
	struct leat_schema *schema;
	uint64_t max_rows = JSON_VALUE_BYTES - 4096;
	int rc;

	if (n_bytes >= 3 && !s->offset && !memcmp(sample, mark, 3)) {
		source.sample += 3;
		source.n_bytes -= 3;
	}
	rc = leat__json_make_columns(st, &source, &s->tree, &schema);
	if (rc || !schema)
		return rc;
	s->schema = schema;
	max_rows -= schema->n_columns * JSON_VECTOR_BYTES;
	max_rows /= schema->n_columns * 65 / 8 + 5;
	s->max_rows = json_min(max_rows ? max_rows : 1, LEAT_TABLE_ROWS_MAX);
	return LEAT_OK;
}

/* Is there as much in the tail as columns are made from? Then make them. */
static int
json_look(struct leat_stage *st, struct json *s, uint32_t is_end)
{
	uint64_t wanted = s->opts->infer_rows ? s->opts->infer_rows : 1000;
	uint32_t n = s->n_carry - s->carry_at;

	json_count_objects(s);
	if (!is_end && n < JSON_SAMPLE_BYTES && s->n_objects < wanted)
		return LEAT_OK;
	s->objects_end = s->n_objects = 0;
	return json_make_columns(st, s, s->carry + s->carry_at, n, is_end);
}

/* Lines before the first object: there are no columns yet to put them into. */
static int
json_reject_all(struct leat_stage *st, struct json *s)
{
	const uint8_t *text = s->carry + s->carry_at;
	uint32_t n = json_whole(text, s->n_carry - s->carry_at, UINT32_MAX);
	const struct json_walk w = {.text = text};
	uint32_t at = 0;

	while (at < n) {
		const uint8_t *end = memchr(text + at, '\n', n - at);
		struct leat_text line = {
			text + at, (uint32_t)(end - text) - at};
		int rc = json_reject_line(st, s, &w, line);

		if (rc)
			return rc;
		at += line.len + 1;
		s->offset += line.len + 1;
		s->line++;
	}
	s->carry_at += n;
	s->n_lines = 0;
	return LEAT_OK;
}

/* ---- pieces ------------------------------------------------------------- */

/* Whole lines of the tail, in the table's own slot. */
static void
json_copy_piece(
	const struct json *s, struct leat_frame *frame, struct json_piece *p)
{
	const uint8_t *from = s->carry + s->carry_at;
	uint32_t n_max,
		n = json_whole(from, s->n_carry - s->carry_at,
			json_min(JSON_COPY_BYTES, s->max_rows));
	uint32_t *ends = leat_table_fields_room(frame, &n_max);
	uint8_t *to =
		(uint8_t *)(ends + (json_newlines(from, n) + 31) / 16 * 16);

	memcpy(to, from, n);
	memset(to + n, 0, JSON_SLACK_BYTES);
	*p = (struct json_piece){.text = to,
		.n = n,
		.text_offset = (uint32_t)(to - leat_frame_start(frame))};
}

static int
json_take_carry(struct leat_stage *st, struct json *s,
	struct leat_frame **frame, const struct leat_frame *in)
{
	struct json_piece p;
	uint32_t n_done = 0;
	uint64_t line = s->line;
	int rc;

	if (!s->schema)
		return json_reject_all(st, s);
	json_copy_piece(s, *frame, &p);
	rc = json_take(st, s, &p, frame, in, &n_done);
	s->carry_at += n_done;
	s->n_lines -= (uint32_t)(s->line - line);
	return rc;
}

/* Whole lines of the input, where they stand. 0 bytes: there are none that may
 * be read on behind. */
static void
json_open_piece(
	const struct json *s, struct leat_frame *in, struct json_piece *p)
{
	const uint8_t *start = leat_frame_start(in);
	const uint8_t *text = in->data + s->at;
	uint64_t before = (uint64_t)(text - start);
	uint64_t behind = leat_frame_capacity_bytes(in) - before -
		(in->len_bytes - s->at);
	uint32_t n = in->len_bytes - s->at;
	uint32_t short_of = behind < JSON_SLACK_BYTES
		? JSON_SLACK_BYTES - (uint32_t)behind
		: 0;
	uint32_t usable = n > short_of ? n - short_of : 0;

	*p = (struct json_piece){.text = text,
		.n = json_whole(text, usable, (uint64_t)s->max_rows * 256),
		.base = in,
		.text_offset = (uint32_t)before};
}

/* The input's next bytes go to the tail: as many as complete a line, or a
 * sample, or all. */
static int
json_pull(struct leat_stage *st, struct json *s, struct leat_frame *in)
{
	const uint8_t *data = in->data + s->at;
	uint32_t n = in->len_bytes - s->at;
	uint32_t n_tail = s->n_carry - s->carry_at;
	const uint8_t *end = s->schema && n ? memchr(data, '\n', n) : NULL;
	uint64_t room = s->schema ? s->max_record + 1 : s->max_carry;
	int rc;

	room -= json_min(n_tail, room);
	if (end)
		n = (uint32_t)(end - data) + 1;
	n = json_min(n, room);
	rc = json_add(st, s, data, n);
	s->at += n;
	if (rc)
		return rc;
	if (!s->schema)
		rc = json_look(st, s, 0);
	n_tail = s->n_carry - s->carry_at;
	if (!rc && !s->n_lines && n_tail > s->max_record)
		return json_drop_long(st, s);
	return rc;
}

/* Skip a byte order mark. Its bytes may come one by one. */
static void
json_skip_mark(struct json *s, const struct leat_frame *in)
{
	static const uint8_t mark[3] = {0xef, 0xbb, 0xbf};

	while (s->offset < 3 && s->at < in->len_bytes && s->line == 1 &&
		!s->n_carry && in->data[s->at] == mark[s->offset]) {
		s->offset++;
		s->at++;
	}
}

/* ---- the stage ---------------------------------------------------------- */

/* What the input has: one table at most. LEAT_MORE: there may be more. */
static int
json_step(struct leat_stage *st, struct json *s, struct leat_frame *in,
	struct leat_frame **frame)
{
	struct json_piece p;
	uint32_t n_done = 0;
	int rc;

	json_skip_mark(s, in);
	if (s->is_skipping)
		json_skip(s, in);
	if (s->schema && s->n_lines) {
		rc = json_take_carry(st, s, frame, in);
		return rc ? rc : LEAT_MORE;
	}
	json_open_piece(s, in, &p);
	if (s->schema && s->n_carry == s->carry_at && p.n) {
		rc = json_take(st, s, &p, frame, in, &n_done);
		s->at += n_done;
		return rc ? rc : LEAT_MORE;
	}
	rc = json_pull(st, s, in);
	if (!rc && !s->schema && s->n_objects == 0 && s->n_lines &&
		s->n_carry - s->carry_at >= JSON_SAMPLE_BYTES)
		rc = json_reject_all(st, s);
	if (rc)
		return rc;
	return s->at < in->len_bytes || (s->schema && s->n_lines) ? LEAT_MORE
								  : LEAT_OK;
}

static int
json_process(struct leat_stage *st, struct leat_frame *in)
{
	struct json *s = leat_stage_state(st);
	struct leat_frame *frame = NULL;
	int rc = leat_stage_acquire(st, &frame);

	if (rc)
		return rc;
	s->is_cut |= in->flags & LEAT_FRAME_CUT;
	rc = json_step(st, s, in, &frame);
	leat_stage_release(st, frame);
	if (rc)
		return rc;
	s->at = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* The last line, if it has no newline, and a sample that stayed small. */
static int
json_finish_carry(struct leat_stage *st, struct json *s)
{
	static const uint8_t newline[1] = {'\n'};
	int rc = LEAT_OK;

	if (s->is_cut && s->n_carry != s->carry_at) {
		uint32_t n = s->n_carry - s->carry_at;

		n = json_whole(s->carry + s->carry_at, n, n);
		s->n_carry = s->carry_at + n;
	}
	if (s->n_carry != s->carry_at && s->carry[s->n_carry - 1] != '\n')
		rc = json_add(st, s, newline, 1);
	if (!rc && !s->schema && s->n_carry != s->carry_at)
		rc = json_look(st, s, 1);
	return rc;
}

static int
json_finish(struct leat_stage *st)
{
	struct json *s = leat_stage_state(st);
	struct leat_frame *frame = NULL;
	int rc = json_finish_carry(st, s);

	if (rc || !s->n_lines)
		return rc;
	rc = leat_stage_acquire(st, &frame);
	if (rc)
		return rc;
	rc = json_take_carry(st, s, &frame, NULL);
	leat_stage_release(st, frame);
	return rc ? rc : s->n_lines ? LEAT_MORE : LEAT_OK;
}

static int
json_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct json *s = leat_stage_state(st);
	const char *list = s->opts->schema;
	void *memory;
	int rc = LEAT_OK;

	s->origin = in->origin ? in->origin : "input";
	if (!s->ends) {
		rc = leat_stage_alloc(
			st, s->max_ends * sizeof(*s->ends), &memory);
		if (rc)
			return leat_stage_fail(
				st, rc, "no memory for the structure");
		s->ends = memory;
	}
	if ((in->sample && in->sample_bytes) || (list && list[0]))
		rc = json_make_columns(
			st, s, in->sample, in->sample_bytes, in->sample_is_all);
	*out = (struct leat_shape){
		.layout = LEAT_LAYOUT_TABLE,
		.frame_bytes = leat_stage_needs(st)->frame_bytes,
		.base_bytes = in->frame_bytes,
		.schema = s->schema,
		.origin = in->origin,
	};
	return rc;
}

static int
json_init(struct leat_stage *st, const void *opts)
{
	struct json *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);

	s->opts = opts;
	s->max_record = s->opts->max_record_bytes ? s->opts->max_record_bytes
						  : JSON_RECORD_BYTES;
	s->line = 1;
	s->origin = "input";
	s->max_carry = (uint32_t)s->max_record + JSON_SAMPLE_BYTES + 16;
	s->max_ends = JSON_ENDS_MAX + LEAT_JSON_SCAN_SLACK;
	needs->frame_bytes = (uint32_t)s->max_record + JSON_COPY_BYTES +
		JSON_VALUE_BYTES + JSON_ROOM_BYTES;
	needs->side_bytes = s->max_carry + s->max_ends * sizeof(*s->ends) +
		leat__json_columns_bytes() + 1024;
	return LEAT_OK;
}

static const struct leat_option json_options[] = {
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
	.flags = LEAT_STAGE_REJECTS,
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
	.options = json_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.out_layout = LEAT_LAYOUT_TABLE,
	.init = json_init,
	.negotiate = json_negotiate,
	.process = json_process,
	.finish = json_finish,
};
