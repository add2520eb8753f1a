/*
 * csv.parse -- bytes to a table. RFC 4180, and what people write instead.
 *
 * A scan always begins where a record begins. The unfinished record at the end
 * of a chunk (the tail, copied to `carry`) is put right in front of the next
 * chunk's data, so text is contiguous and tables point into the chunk. A long
 * tail is searched for its end byte by byte as it comes, then gets a table
 * with text of its own: no byte is looked at more often than a few times.
 * Invariant: offset and line say where the tail, or else what follows at `at`
 * in the input frame, stands in the source. One thread at a time.
 */
#include <stdio.h>
#include <string.h>

#include <leat/stages.h>
#include <leat/table.h>

#define CSV_RECORD_BYTES  (1u << 20) /* default of max_record_bytes */
#define CSV_HEADER_BYTES  (1u << 18) /* most of a header record */
#define CSV_LONG_BYTES    4096  /* a longer tail is searched, not rescanned */
#define CSV_COPY_BYTES    65536 /* copied at once where it must be */
#define CSV_SLACK_BYTES   64    /* a scan reads on behind its text */
#define CSV_SCHEMA_BYTES  (CSV_HEADER_BYTES + 64 * LEAT_TABLE_COLUMNS_MAX)
#define CSV_EXCERPT_BYTES 60 /* of a bad row, in messages */
#define CSV_LONG_ENDS     128

struct csv {
	const struct leat_csv_parse_opts *opts;
	struct leat_dialect dialect;
	const struct leat_schema *schema;
	const char *origin;
	uint8_t *carry; /* the tail */
	uint64_t n_carry;
	uint64_t max_record;
	uint64_t offset;    /* of the next record, in the source */
	uint64_t line;      /* its line, from 1 */
	uint32_t at;        /* in the input: what follows the tail */
	uint32_t has_start; /* the byte order mark is behind us */
	uint32_t has_header;
	uint32_t has_emitted;
	uint32_t is_cut;
	uint32_t is_long; /* carry has been searched up to its end */
	struct leat_scan search;
};

/* Text to make one table from. */
struct csv_piece {
	struct leat_frame *frame; /* the table to be */
	struct leat_frame *base;  /* holds the text; NULL = frame does */
	const uint8_t *text;
	uint32_t text_offset; /* in its slot */
	uint32_t at;          /* consumed so far */
	uint32_t n;
	uint32_t is_all;     /* of the input */
	uint32_t is_scanned; /* what is left of it is one record's beginning */
	/* set by csv_scan() */
	uint32_t *ends;
	uint32_t n_ends;
	uint32_t n_scanned;
	struct leat_scan scan;
	/* set by csv_rows() */
	uint32_t n_rows;
	uint32_t first;
	uint64_t line;
};

/* ---- messages ----------------------------------------------------------- */

/* Line and column of a place in text that begins at s->line. */
static struct leat_position
csv_position(const struct csv *s, const uint8_t *text, uint32_t offset)
{
	struct leat_position p = {s->line, 1, 0};

	for (uint32_t k = 0; k < offset; k++) {
		p.column++;
		if (text[k] == '\n') {
			p.line++;
			p.column = 1;
		}
	}
	return p;
}

/* Fail at text[offset]: "NAME:LINE:COLUMN: what". */
static int
csv_fail(struct leat_stage *st, const struct csv *s, const uint8_t *text,
	uint32_t offset, const char *what)
{
	struct leat_position p = csv_position(s, text, offset);

	return leat_stage_fail(st, LEAT_EDATA, "%s:%llu:%llu: %s", s->origin,
		(unsigned long long)p.line, (unsigned long long)p.column, what);
}

/* As csv_fail; the record counts as read, and as failed. */
static int
csv_fail_record(struct leat_stage *st, const struct csv *s, const uint8_t *text,
	uint32_t offset, const char *what)
{
	leat_stage_count(st, LEAT_COUNT_READ, 1);
	leat_stage_count(st, LEAT_COUNT_FAILED, 1);
	return csv_fail(st, s, text, offset, what);
}

/* The field that is open at the end of text; *is_quoted: by a quote. */
static uint32_t
csv_open_field(const struct csv *s, const uint8_t *text, uint32_t n,
	uint32_t *is_quoted)
{
	uint32_t ends[CSV_LONG_ENDS];
	struct leat_scan scan = {0};
	uint32_t field = 0;
	uint32_t at = 0;

	while (at < n && !scan.is_odd) {
		uint32_t n_scanned;
		uint32_t n_ends = leat_text_scan_exact(&scan, &s->dialect,
			text + at, n - at, at, ends, CSV_LONG_ENDS, &n_scanned);

		if (n_ends)
			field = ends[n_ends - 1] + 1;
		at += n_scanned;
	}
	*is_quoted = scan.in_quotes != 0;
	return field;
}

/* A record went on for too long, or to the end of the input. */
static int
csv_fail_open(struct leat_stage *st, const struct csv *s, const uint8_t *text,
	uint32_t n, uint32_t is_end)
{
	uint32_t is_quoted;
	uint32_t field = csv_open_field(s, text, n, &is_quoted);
	char what[256];

	if (is_end)
		return csv_fail_record(st, s, text, field,
			"this quote is not closed before the end");
	snprintf(what, sizeof(what),
		"%s not ended after %llu bytes; max_record_bytes=N allows "
		"longer records",
		is_quoted ? "this quote is not closed, its record is"
			  : "this record has",
		(unsigned long long)s->max_record);
	return csv_fail_record(st, s, text, is_quoted ? field : 0, what);
}

/* At text[offset], in a record that begins at text[0], a quote is closed. */
static int
csv_fail_closed(struct leat_stage *st, const struct csv *s, const uint8_t *text,
	uint32_t offset)
{
	if (offset > s->max_record)
		return csv_fail_open(st, s, text, (uint32_t)s->max_record, 0);
	return csv_fail_record(st, s, text, offset,
		"text after a closing quote; a quote inside a quoted field is "
		"written twice");
}

static int
csv_fail_ragged(struct leat_stage *st, const struct csv *s,
	const struct csv_piece *p, uint32_t start, uint32_t end, uint32_t n)
{
	const uint8_t *text = p->text + p->at;
	uint32_t len = end - start;
	char row[CSV_EXCERPT_BYTES + 4];
	char what[256];
	uint32_t k;

	for (k = 0; k < len && k < CSV_EXCERPT_BYTES; k++) {
		uint8_t c = text[start + k];

		row[k] = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
	}
	snprintf(row + k, sizeof(row) - k, "%s", k < len ? "..." : "");
	snprintf(what, sizeof(what),
		"row has %u field%s, the %s has %u (line of the row: %s)", n,
		n == 1 ? "" : "s", s->opts->header ? "first row" : "header",
		s->schema->n_fields, row);
	return csv_fail_record(st, s, text, start, what);
}

/* ---- the header --------------------------------------------------------- */

/* The first record of a text. */
struct csv_record {
	uint32_t start;
	uint32_t end; /* behind its newline */
	uint32_t n_fields;
	uint32_t n_lines;     /* newlines in it */
	const uint32_t *ends; /* of its fields */
	struct leat_scan scan;
	uint32_t n_scanned;
};

static uint32_t
csv_newlines(const uint8_t *text, size_t n)
{
	const uint8_t *end = text + n;
	uint32_t count = 0;

	while (n && (text = memchr(text, '\n', (size_t)(end - text)))) {
		count++;
		text++;
	}
	return count;
}

static uint32_t
csv_is_blank(const uint8_t *text, uint32_t start, uint32_t end)
{
	return end == start || (end == start + 1 && text[start] == '\r');
}

/* Find the first record that is not blank. 1 = found, 0 = not complete. */
static int
csv_find_record(const struct csv *s, const uint8_t *text, uint32_t n,
	uint32_t *room, uint32_t n_room, struct csv_record *r)
{
	uint32_t n_ends, at = 0, k;

	*r = (struct csv_record){0};
	n_ends = leat_text_scan_exact(
		&r->scan, &s->dialect, text, n, 0, room, n_room, &r->n_scanned);
	for (k = 0; k < n_ends; k++) {
		if (text[room[k]] != '\n')
			continue;
		if (at == k && csv_is_blank(text, r->start, room[k])) {
			r->start = room[k] + 1;
			at = k + 1;
			continue;
		}
		r->end = room[k] + 1;
		r->n_fields = k + 1 - at;
		r->ends = room + at;
		r->n_lines = csv_newlines(text + r->start, r->end - r->start);
		return 1;
	}
	r->n_fields = n_ends - at;
	return 0;
}

/* Decode one field of the header to *out. */
static struct leat_text
csv_name(const struct csv *s, struct leat_text x, uint8_t **out)
{
	struct leat_text name = {*out, 0};
	uint8_t quote = s->dialect.quote;

	if (x.len >= 2 && x.data[0] == quote)
		x = (struct leat_text){x.data + 1, x.len - 2};
	else
		quote = 0;
	for (uint32_t k = 0; k < x.len; k++) {
		*(*out)++ = x.data[k];
		name.len++;
		k += quote && x.data[k] == quote;
	}
	return name;
}

/* c1, c2, ... for a file without header. */
static struct leat_text
csv_made_name(uint32_t column, uint8_t **out)
{
	struct leat_text name = {*out, 0};

	name.len = (uint32_t)snprintf((char *)*out, 8, "c%u", column + 1);
	*out += 8;
	return name;
}

static int
csv_fail_names(struct leat_stage *st, const struct csv *s, const uint8_t *text,
	int code)
{
	if (code == LEAT_EINVAL)
		return csv_fail(
			st, s, text, 0, "a column name has a NUL byte in it");
	if (code == LEAT_ENOMEM)
		return leat_stage_fail(st, code, "no memory for the header");
	return csv_fail(st, s, text, 0,
		"the header is too long: at most 4096 columns with names of "
		"at most 1024 bytes, 256 KiB in all");
}

/* Make a schema of the first record; s stands at its start. */
static int
csv_make_schema(struct leat_stage *st, const struct csv *s, const uint8_t *text,
	const struct csv_record *r, struct leat_schema **out)
{
	uint32_t n_text = s->opts->header ? 0 : r->end - r->start;
	size_t n_bytes = r->n_fields * (sizeof(struct leat_text) + 8) + n_text;
	struct leat_text *names;
	uint32_t start = r->start;
	void *memory = NULL;
	uint8_t *at;
	int rc = LEAT_ELIMIT;

	if (r->n_fields <= LEAT_TABLE_COLUMNS_MAX && n_text <= CSV_HEADER_BYTES)
		rc = leat_stage_alloc(st, n_bytes, &memory);
	if (rc)
		return csv_fail_names(st, s, text + r->start, rc);
	names = memory;
	at = (uint8_t *)(names + r->n_fields);
	for (uint32_t k = 0; k < r->n_fields; k++) {
		struct leat_text x = {text + start, r->ends[k] - start};

		if (k + 1 == r->n_fields && x.len && x.data[x.len - 1] == '\r')
			x.len--;
		names[k] = s->opts->header ? csv_made_name(k, &at)
					   : csv_name(s, x, &at);
		start = r->ends[k] + 1;
	}
	rc = leat_schema_create(st, names, r->n_fields, out);
	leat_stage_free(st, memory);
	if (rc)
		return csv_fail_names(st, s, text + r->start, rc);
	(*out)->separator = s->dialect.separator;
	(*out)->quote = s->dialect.quote;
	(*out)->origin = s->origin;
	return LEAT_OK;
}

/* Is this the header that was there when the input was looked at? */
static int
csv_schema_is_equal(const struct leat_schema *a, const struct leat_schema *b)
{
	if (a->n_columns != b->n_columns)
		return 0;
	for (uint32_t k = 0; k < a->n_columns; k++)
		if (strcmp(a->columns[k].name, b->columns[k].name) != 0)
			return 0;
	return 1;
}

static int
csv_take_schema(struct leat_stage *st, struct csv *s, const uint8_t *text,
	const struct csv_record *r)
{
	struct leat_schema *schema = NULL;
	int rc = csv_make_schema(st, s, text, r, &schema);

	if (rc)
		return rc;
	s->has_header = 1;
	if (!s->schema) {
		s->schema = schema;
		return LEAT_OK;
	}
	rc = csv_schema_is_equal(s->schema, schema);
	leat_stage_free(st, schema);
	if (!rc)
		return csv_fail(st, s, text + r->start, 0,
			"the header is not the one that the plan was made for; "
			"the file has changed");
	return LEAT_OK;
}

/* ---- taking from a piece ------------------------------------------------ */

/*
 * n_bytes of the piece, with so many newlines, are done with. That is all of
 * the tail or nothing: it has no record end in it.
 */
static void
csv_consume(
	struct csv *s, struct csv_piece *p, uint32_t n_bytes, uint32_t n_lines)
{
	uint32_t from_carry =
		n_bytes < s->n_carry ? n_bytes : (uint32_t)s->n_carry;

	p->at += n_bytes;
	s->offset += n_bytes;
	s->line += n_lines;
	s->n_carry -= from_carry;
	s->at += n_bytes - from_carry;
}

/* Skip a byte order mark. 1 = the start is known, 0 = more bytes are needed. */
static int
csv_start(struct csv *s, struct csv_piece *p)
{
	static const uint8_t mark[3] = {0xef, 0xbb, 0xbf};
	uint32_t n = p->n < sizeof(mark) ? p->n : (uint32_t)sizeof(mark);

	if (s->has_start)
		return 1;
	if (memcmp(p->text, mark, n) != 0) {
		s->has_start = 1;
		return 1;
	}
	if (n < sizeof(mark))
		return 0;
	csv_consume(s, p, n, 0);
	s->has_start = 1;
	return 1;
}

/* Take the header from a piece. 1 = have it, 0 = more bytes are needed. */
static int
csv_header(struct leat_stage *st, struct csv *s, struct csv_piece *p)
{
	struct csv_record r;
	uint32_t n_room, n = p->n - p->at;
	uint32_t *room = leat_table_fields_room(p->frame, &n_room);
	const uint8_t *text;
	int is_found, rc;

	if (s->has_header)
		return 1;
	is_found = csv_find_record(s, p->text + p->at, n, room, n_room, &r);
	csv_consume(s, p, r.start, csv_newlines(p->text + p->at, r.start));
	text = p->text + p->at;
	if (!is_found && r.scan.is_odd)
		return csv_fail_closed(st, s, text, r.n_scanned - r.start);
	if (!is_found && r.n_fields > LEAT_TABLE_COLUMNS_MAX)
		return csv_fail_names(st, s, text, LEAT_ELIMIT);
	p->is_scanned = r.n_scanned == n;
	if (!is_found)
		return 0;
	if (r.end - r.start > s->max_record + 1)
		return csv_fail_open(st, s, text, (uint32_t)s->max_record, 0);
	rc = csv_take_schema(st, s, text - r.start, &r);
	if (rc)
		return rc;
	if (!s->opts->header)
		csv_consume(s, p, r.end - r.start, r.n_lines);
	return 1;
}

/* Find the field ends of what is left of a piece. 1, or a code. */
static int
csv_scan(struct leat_stage *st, const struct csv *s, struct csv_piece *p)
{
	const uint8_t *text = p->text + p->at;
	uint32_t n = p->n - p->at;
	uint32_t n_room;

	p->ends = leat_table_fields_room(p->frame, &n_room);
	p->scan = (struct leat_scan){0};
	p->n_ends = leat_text_scan(&p->scan, &s->dialect, text, n, 0, p->ends,
		n_room, &p->n_scanned);
	if (p->scan.is_odd) {
		p->scan = (struct leat_scan){0};
		p->n_ends = leat_text_scan_exact(&p->scan, &s->dialect, text, n,
			0, p->ends, n_room, &p->n_scanned);
		p->scan.has_quotes = LEAT_QUOTES_ODD;
	}
	if (p->scan.is_odd && !p->scan.n_lines)
		return csv_fail_closed(st, s, text, p->n_scanned);
	p->is_scanned = p->n_scanned == n;
	return 1;
}

static int
csv_fail_fields(struct leat_stage *st, const struct csv *s, const uint8_t *text)
{
	return csv_fail(
		st, s, text, 0, "row has over 65000 fields; at most 4096");
}

/* ---- rows --------------------------------------------------------------- */

/* Does every record have the header's number of fields? The common case. */
static int
csv_is_rectangular(const struct csv *s, const struct csv_piece *p)
{
	const uint8_t *text = p->text + p->at;
	uint32_t n_fields = s->schema->n_fields;
	uint32_t n_lines = p->scan.n_lines;
	const uint32_t *end = p->ends + n_fields - 1;

	if ((uint64_t)n_lines * n_fields > p->n_ends)
		return 0;
	for (uint32_t k = 0; k < n_lines; k++, end += n_fields)
		if (text[*end] != '\n')
			return 0;
	return 1;
}

/*
 * Take the blank lines out: one belongs to the row before it, whose last field
 * then ends further on. Fail at the first row of another length.
 */
static int
csv_fold_blank(struct leat_stage *st, const struct csv *s, struct csv_piece *p)
{
	const uint8_t *text = p->text + p->at;
	uint32_t n_fields = s->schema->n_fields;
	uint32_t start = 0, from = 0, to = 0;

	for (uint32_t k = 0; k < p->n_ends; k++) {
		uint32_t end = p->ends[k];

		if (text[end] != '\n')
			continue;
		if (k == from && csv_is_blank(text, start, end)) {
			if (to)
				p->ends[to - 1] = end;
			else
				p->first = end + 1;
		} else if (k + 1 - from != n_fields) {
			return csv_fail_ragged(
				st, s, p, start, end, k + 1 - from);
		} else {
			memmove(p->ends + to, p->ends + from,
				n_fields * sizeof(*p->ends));
			to += n_fields;
		}
		start = end + 1;
		from = k + 1;
	}
	p->n_rows = to / n_fields;
	return LEAT_OK;
}

/*
 * Fail if the first record is too long; if another one is, leave it and what
 * follows for the next call, so that what is wrong first is reported first.
 */
static int
csv_check_lengths(
	struct leat_stage *st, const struct csv *s, struct csv_piece *p)
{
	const uint8_t *text = p->text + p->at;
	uint32_t start = 0, n_ends = 0, n_lines = 0;

	if (p->n - p->at <= s->max_record)
		return LEAT_OK;
	for (uint32_t k = 0; k < p->n_ends; k++) {
		if (text[p->ends[k]] != '\n')
			continue;
		if (p->ends[k] - start > s->max_record)
			break;
		start = p->ends[k] + 1;
		n_ends = k + 1;
		n_lines++;
	}
	if (!n_ends)
		return csv_fail_open(st, s, text, (uint32_t)s->max_record, 0);
	p->is_scanned &= n_ends == p->n_ends;
	p->n_ends = n_ends;
	p->scan.n_lines = n_lines;
	return LEAT_OK;
}

/* Turn field ends into rows. */
static int
csv_rows(struct leat_stage *st, const struct csv *s, struct csv_piece *p)
{
	int rc = LEAT_OK;

	p->first = 0;
	p->n_rows = p->scan.n_lines;
	if (!csv_is_rectangular(s, p))
		rc = csv_fold_blank(st, s, p);
	p->line = s->line + csv_newlines(p->text + p->at, p->first);
	return rc;
}

/* Emit the rows of a piece as a table. The frame is [moved] on LEAT_OK. */
static int
csv_emit(struct leat_stage *st, struct csv *s, struct csv_piece *p,
	const struct leat_frame *in)
{
	struct leat_fields fields = {
		.schema = s->schema,
		.base = p->base,
		.text_offset = p->text_offset + p->at,
		.first = p->first,
		.n_rows = p->n_rows,
		.has_quotes = p->scan.has_quotes,
		.source_offset = s->offset,
		.line = p->line,
	};
	int rc;

	if (p->base)
		leat_frame_retain(p->base);
	leat_table_begin_fields(p->frame, &fields);
	if (in) {
		p->frame->birth_ns = in->birth_ns;
		p->frame->stamp = in->stamp;
	}
	rc = leat_stage_emit(st, 0, p->frame);
	if (rc)
		return rc;
	p->frame = NULL;
	s->has_emitted = 1;
	leat_stage_count(st, LEAT_COUNT_READ, p->n_rows);
	return LEAT_OK;
}

/* Newlines before text[end], where a record ends. */
static uint32_t
csv_consumed_lines(const struct csv_piece *p, const uint8_t *text, uint32_t end)
{
	if (!p->scan.n_quoted_lines)
		return p->scan.n_lines;
	return csv_newlines(text, end);
}

/*
 * Make a table of the complete records of a piece and consume them. The frame
 * is still there if there were none.
 */
static int
csv_take(struct leat_stage *st, struct csv *s, struct csv_piece *p,
	const struct leat_frame *in)
{
	const uint8_t *text;
	uint32_t end, n_lines;
	int rc = csv_start(s, p);

	p->is_scanned = 1;
	if (rc > 0)
		rc = csv_header(st, s, p);
	if (rc > 0)
		rc = csv_scan(st, s, p);
	if (rc <= 0)
		return rc;
	text = p->text + p->at;
	if (!p->scan.n_lines)
		return p->is_scanned ? LEAT_OK : csv_fail_fields(st, s, text);
	while (text[p->ends[p->n_ends - 1]] != '\n')
		p->n_ends--;
	rc = csv_check_lengths(st, s, p);
	if (rc)
		return rc;
	end = p->ends[p->n_ends - 1] + 1;
	n_lines = csv_consumed_lines(p, text, end);
	rc = csv_rows(st, s, p);
	if (!rc && p->n_rows)
		rc = csv_emit(st, s, p, in);
	if (!rc)
		csv_consume(s, p, end, n_lines);
	return rc;
}

/* ---- pieces ------------------------------------------------------------- */

/* Where a frame's own text stands, and how much fits. */
static uint8_t *
csv_own_text(struct csv_piece *p, uint32_t *n_room)
{
	uint32_t n_max;
	uint32_t *ends = leat_table_fields_room(p->frame, &n_max);
	uint8_t *start = leat_frame_start(p->frame);

	p->base = NULL;
	p->at = 0;
	p->text_offset = (uint32_t)((uint8_t *)(ends + 2 * n_max) - start);
	p->text = start + p->text_offset;
	*n_room = leat_frame_capacity_bytes(p->frame) - p->text_offset -
		CSV_SLACK_BYTES;
	return start + p->text_offset;
}

/* The tail and n_bytes of the input, in the table's own slot. */
static void
csv_piece_copy(struct csv *s, struct csv_piece *p, const uint8_t *data,
	uint32_t n_bytes)
{
	uint32_t n_carry = (uint32_t)s->n_carry;
	uint32_t n_room;
	uint8_t *text = csv_own_text(p, &n_room);

	if (n_bytes > n_room - n_carry)
		n_bytes = n_room - n_carry;
	if (n_carry)
		memcpy(text, s->carry, n_carry);
	if (n_bytes)
		memcpy(text + n_carry, data, n_bytes);
	memset(text + n_carry + n_bytes, 0, CSV_SLACK_BYTES);
	p->n = n_carry + n_bytes;
}

/*
 * The tail and the rest of the input, in place if the tail can be put in front
 * of it and a scan may read on behind it.
 */
static void
csv_piece_open(struct csv *s, struct csv_piece *p, struct leat_frame *in)
{
	uint8_t *start = leat_frame_start(in);
	uint32_t n_carry = (uint32_t)s->n_carry;
	uint64_t before = (uint64_t)(in->data - start);
	uint64_t behind =
		leat_frame_capacity_bytes(in) - before - in->len_bytes;
	uint32_t can_prepend = !n_carry ||
		(s->at == 0 && before >= n_carry && leat_frame_is_sole(in));
	uint8_t *text = in->data + s->at;

	p->is_all = 1;
	if (!can_prepend || behind < CSV_SLACK_BYTES) {
		csv_piece_copy(s, p, text, in->len_bytes - s->at);
		p->is_all = p->n == n_carry + in->len_bytes - s->at;
		return;
	}
	text -= n_carry;
	if (n_carry)
		memcpy(text, s->carry, n_carry);
	p->base = in;
	p->at = 0;
	p->text = text;
	p->text_offset = (uint32_t)(text - start);
	p->n = n_carry + in->len_bytes - s->at;
}

/* Add bytes to the tail. */
static int
csv_carry(struct leat_stage *st, struct csv *s, const uint8_t *data, uint64_t n)
{
	uint64_t room = s->max_record - s->n_carry;
	void *memory;
	int rc;

	if (!s->carry && n) {
		rc = leat_stage_alloc(st, (size_t)s->max_record, &memory);
		if (rc)
			return leat_stage_fail(st, rc,
				"no memory for records of %llu bytes",
				(unsigned long long)s->max_record);
		s->carry = memory;
	}
	if (n)
		memcpy(s->carry + s->n_carry, data, n < room ? n : room);
	s->n_carry += n < room ? n : room;
	if (n > room)
		return csv_fail_open(st, s, s->carry, (uint32_t)s->n_carry, 0);
	return LEAT_OK;
}

/* All of the input that is not in a table yet becomes tail. */
static int
csv_carry_rest(struct leat_stage *st, struct csv *s, struct leat_frame *in)
{
	int rc = csv_carry(st, s, in->data + s->at, in->len_bytes - s->at);

	if (rc)
		return rc;
	s->at = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* ---- long records ------------------------------------------------------- */

/*
 * Go on searching: how many bytes up to the end of the record, or to what makes
 * it unreadable; 0 = neither is there.
 */
static uint32_t
csv_search(struct csv *s, const uint8_t *text, uint32_t n)
{
	uint32_t ends[CSV_LONG_ENDS];
	uint32_t at = 0;

	while (at < n) {
		uint32_t n_scanned, k;
		uint32_t n_ends = leat_text_scan_exact(&s->search, &s->dialect,
			text + at, n - at, at, ends, CSV_LONG_ENDS, &n_scanned);

		for (k = 0; k < n_ends && text[ends[k]] != '\n'; k++)
			continue;
		if (k < n_ends)
			return ends[k] + 1;
		at += n_scanned;
		if (s->search.is_odd)
			return at + 1;
	}
	return 0;
}

/* The tail is long: only its end is looked for. */
static int
csv_process_long(struct leat_stage *st, struct csv *s, struct csv_piece *p,
	struct leat_frame *in)
{
	const uint8_t *data = in->data + s->at;
	uint32_t end;
	int rc;

	if (!s->is_long) {
		s->search = (struct leat_scan){0};
		csv_search(s, s->carry, (uint32_t)s->n_carry);
		s->is_long = 1;
	}
	end = csv_search(s, data, in->len_bytes - s->at);
	if (!end)
		return csv_carry_rest(st, s, in);
	s->is_long = 0;
	if (s->n_carry + end > s->max_record + 1)
		return csv_carry(st, s, data, end);
	csv_piece_copy(s, p, data, end);
	rc = csv_take(st, s, p, in);
	return rc ? rc : LEAT_MORE;
}

/* ---- the stage ---------------------------------------------------------- */

/* Take what the input has; LEAT_MORE if it may have more. */
static int
csv_process_piece(struct leat_stage *st, struct csv *s, struct csv_piece *p,
	struct leat_frame *in)
{
	int rc;

	if (s->n_carry > CSV_LONG_BYTES)
		return csv_process_long(st, s, p, in);
	csv_piece_open(s, p, in);
	rc = csv_take(st, s, p, in);
	if (rc)
		return rc;
	if (p->at && !(p->is_scanned && p->is_all))
		return LEAT_MORE;
	return csv_carry_rest(st, s, in);
}

static int
csv_process(struct leat_stage *st, struct leat_frame *in)
{
	struct csv *s = leat_stage_state(st);
	struct csv_piece p = {0};
	int rc = leat_stage_acquire(st, &p.frame);

	if (rc)
		return rc;
	s->is_cut |= in->flags & LEAT_FRAME_CUT;
	rc = csv_process_piece(st, s, &p, in);
	leat_stage_release(st, p.frame);
	return rc;
}

/* The last record, if it has no newline. */
static int
csv_finish_tail(struct leat_stage *st, struct csv *s, struct csv_piece *p)
{
	static const uint8_t newline[1] = {'\n'};
	int rc;

	csv_piece_copy(s, p, newline, 1);
	rc = csv_take(st, s, p, NULL);
	if (!rc && s->n_carry)
		rc = csv_fail_open(st, s, p->text + p->at, p->n - p->at - 1, 1);
	return rc;
}

/* A file of a header alone is a table as well. */
static int
csv_finish(struct leat_stage *st)
{
	struct csv *s = leat_stage_state(st);
	struct csv_piece p = {0};
	int rc = leat_stage_acquire(st, &p.frame);

	if (rc)
		return rc;
	if (s->n_carry && !s->is_cut)
		rc = csv_finish_tail(st, s, &p);
	if (!rc && !s->has_emitted && s->schema) {
		uint32_t n_room;

		csv_own_text(&p, &n_room);
		p.n_rows = 0;
		p.first = 0;
		rc = csv_emit(st, s, &p, NULL);
	}
	leat_stage_release(st, p.frame);
	return rc;
}

/* Make the schema from what the source shows of itself, if that suffices. */
static int
csv_look(struct leat_stage *st, struct csv *s, const struct leat_shape *in)
{
	struct csv_piece p = {.text = in->sample, .n = in->sample_bytes};
	struct leat_schema *schema = NULL;
	struct csv_record r;
	struct csv start = *s;
	const uint8_t *text;
	void *room;
	int rc;

	if (csv_start(&start, &p) != 1)
		return LEAT_OK;
	rc = leat_stage_alloc(
		st, (LEAT_TABLE_COLUMNS_MAX + 1) * sizeof(uint32_t), &room);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the header");
	text = p.text + p.at;
	if (csv_find_record(s, text, p.n - p.at, room,
		    LEAT_TABLE_COLUMNS_MAX + 1, &r)) {
		csv_consume(&start, &p, r.start, csv_newlines(text, r.start));
		rc = csv_make_schema(st, &start, text, &r, &schema);
	}
	s->schema = schema;
	leat_stage_free(st, room);
	return rc;
}

static int
csv_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct csv *s = leat_stage_state(st);
	int rc = LEAT_OK;

	s->origin = in->origin ? in->origin : "input";
	if (in->sample && in->sample_bytes)
		rc = csv_look(st, s, in);
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
csv_check_dialect(struct leat_stage *st, const struct leat_dialect *d)
{
	if (d->separator == '\n' || d->separator == '\r')
		return leat_stage_fail_at(st, LEAT_EINVAL, "sep", 0, 0,
			"a line end cannot separate fields");
	if (d->quote == '\n' || d->quote == '\r')
		return leat_stage_fail_at(st, LEAT_EINVAL, "quote", 0, 0,
			"a line end cannot be the quote");
	if (d->quote == d->separator)
		return leat_stage_fail_at(st, LEAT_EINVAL, "quote", 0, 0,
			"quote and sep must differ");
	return LEAT_OK;
}

static int
csv_init(struct leat_stage *st, const void *opts)
{
	struct csv *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);

	s->opts = opts;
	s->dialect.separator = (uint8_t)(s->opts->sep ? s->opts->sep : ',');
	s->dialect.quote = (uint8_t)(s->opts->quote ? s->opts->quote : '"');
	s->max_record = s->opts->max_record_bytes ? s->opts->max_record_bytes
						  : CSV_RECORD_BYTES;
	s->line = 1;
	s->origin = "input";
	needs->frame_bytes = leat_table_frame_bytes(
		(uint32_t)s->max_record + CSV_COPY_BYTES);
	needs->side_bytes = s->max_record + 3 * CSV_SCHEMA_BYTES;
	return csv_check_dialect(st, &s->dialect);
}

static const struct leat_option csv_options[] = {
	{.name = "sep",
		.type = LEAT_OPTION_CHAR,
		.offset = offsetof(struct leat_csv_parse_opts, sep),
		.fallback = ",",
		.help = "what stands between fields"},
	{.name = "quote",
		.type = LEAT_OPTION_CHAR,
		.offset = offsetof(struct leat_csv_parse_opts, quote),
		.fallback = "\"",
		.help = "what stands around fields"},
	{.name = "header",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_csv_parse_opts, header),
		.fallback = "on",
		.values = "on|off",
		.help = "the first record names the columns; off: c1, c2, ..."},
	{.name = "max_record_bytes",
		.type = LEAT_OPTION_BYTES,
		.offset =
			offsetof(struct leat_csv_parse_opts, max_record_bytes),
		.min = 16,
		.max = 1 << 30,
		.fallback = "1M",
		.unit = "bytes",
		.help = "longest record; a longer one is an error"},
	{.name = NULL},
};

const struct leat_stage_ops leat_csv_parse_ops = {
	LEAT_STAGE_OPS_INIT("csv.parse"),
	.summary = "bytes to a table: CSV as in RFC 4180",
	.help = "The first record names the columns. Fields may stand in "
		"quotes;\n"
		"a quote inside is written twice. Lines end in LF or CR LF, "
		"the\n"
		"last one may do without. A quote inside a field that does "
		"not\n"
		"begin with one is data, so is a CR alone; a byte order mark "
		"is\n"
		"skipped. Blank lines are skipped, but in a file of one "
		"column\n"
		"each is an empty value. Every row has as many fields as the\n"
		"header; names that come twice get _2, _3, ...\n"
		"\n"
		"    leat run 'read a.tsv ! csv.parse sep=tab ! count'\n",
	.state_bytes = sizeof(struct csv),
	.opts_bytes = sizeof(struct leat_csv_parse_opts),
	.options = csv_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.out_layout = LEAT_LAYOUT_TABLE,
	.init = csv_init,
	.negotiate = csv_negotiate,
	.process = csv_process,
	.finish = csv_finish,
};
