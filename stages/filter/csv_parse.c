/*
 * csv.parse -- bytes to a table. RFC 4180, and what people write instead.
 *
 * Of each frame, which csv.cut has made to hold whole records, comes a table
 * that points into it; more than one if there are very many fields, and where
 * a bad row stands between good ones. Nothing is kept from frame to frame, so
 * several instances take turns. Where nobody looks at values, fields are not
 * indexed: records are counted, and their separators.
 * Keeps: at says how much of the frame in hand has become tables or was
 * rejected, line where that is. One thread at a time.
 */
#include <stdio.h>
#include <string.h>

#include "csv.h"
#include "csv_lean.h"
#include "file_column.h"

#define CSV_FIELDS_MIN    (LEAT_TABLE_COLUMNS_MAX + 64)
#define CSV_FIELDS_MAX    65535
#define CSV_VECTOR_BYTES  (1u << 19) /* for typed columns, derived ones */
#define CSV_PIECE_BYTES   8192       /* looked at again behind a bad row */
#define CSV_EXCERPT_BYTES 60         /* of a bad row, in messages */

struct csv {
	const struct leat_csv_parse_opts *opts;
	struct leat_dialect dialect;
	const char *origin;
	const char *file; /* of the frame in hand */
	uint64_t max_record;
	uint32_t max_ends; /* fields of a table */
	uint32_t *ends;    /* of their own, where nobody looks at them */
	uint32_t is_begun; /* at and line are of the frame in hand */
	uint32_t at;
	uint64_t line;
	uint32_t has_emitted; /* of that frame */
	uint32_t is_careful;  /* a bad row was there: look at small pieces */
	struct csv_lean lean;
};

/* What is being made of the frame in hand. */
struct csv_piece {
	struct leat_frame *in;
	struct leat_frame *table;
	const struct leat_schema *schema;
	const struct csv_lean *lean; /* NULL: all fields are indexed, */
	bool is_lean;                /* or for this table not */
	const uint8_t *text;         /* at s->at */
	uint32_t n;
	uint32_t *ends;
	uint32_t n_ends;
	uint32_t n_scanned;
	struct leat_scan scan;
	/* rows that can be passed on, and what stops them */
	uint32_t n_rows;
	uint32_t first;
	uint32_t n_taken;  /* bytes, with blank lines */
	uint32_t bad_end;  /* behind the bad record that follows; 0 = none */
	uint32_t n_fields; /* of that one */
};

/* ---- bad records -------------------------------------------------------- */

/* The record that begins at s->at. */
static struct csv_record
csv_record(const struct csv *s, const struct csv_piece *p, uint32_t n_bytes)
{
	return (struct csv_record){
		p->text, n_bytes, s->line, p->in->source_offset + s->at};
}

/* Lines are counted for what is left of the frame. */
static void
csv_take(struct csv *s, struct csv_piece *p, uint32_t n_bytes)
{
	if (n_bytes < p->n)
		s->line += cut_newlines(p->text, n_bytes);
	s->at += n_bytes;
	p->text += n_bytes;
	p->n -= n_bytes;
}

/* Reject it; LEAT_OK: go on behind it. */
static int
csv_reject(struct leat_stage *st, struct csv *s, struct csv_piece *p,
	uint32_t n_bytes, const struct csv_finding *finding)
{
	struct csv_record r = csv_record(s, p, n_bytes);
	struct leat_position at = csv_position(&r, finding->offset);
	struct leat_reject reject = {
		.reason = finding->text,
		.origin = s->file,
		.line = at.line,
		.column = at.column,
		.offset = at.offset,
		.data = p->text,
		.n_bytes = n_bytes - (n_bytes && p->text[n_bytes - 1] == '\n'),
		.head = p->schema->head,
	};
	int rc;

	leat_stage_count(st, LEAT_COUNT_READ, 1);
	rc = leat_stage_reject(st, LEAT_EDATA, &reject);
	if (!rc)
		csv_take(s, p, n_bytes);
	return rc;
}

static void
csv_find_ragged(
	const struct csv *s, const struct csv_piece *p, struct csv_finding *out)
{
	uint32_t len = p->bad_end - p->n_taken - 1;
	const uint8_t *text = p->text + p->n_taken;
	char row[CSV_EXCERPT_BYTES + 4];
	uint32_t k;

	for (k = 0; k < len && k < CSV_EXCERPT_BYTES; k++) {
		uint8_t c = text[k];

		row[k] = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
	}
	snprintf(row + k, sizeof(row) - k, "%s", k < len ? "..." : "");
	out->offset = 0;
	snprintf(out->text, sizeof(out->text),
		"row has %u field%s, the %s has %u (line of the row: %s)%s",
		p->n_fields, p->n_fields == 1 ? "" : "s",
		s->opts->header ? "first row" : "header", p->schema->n_fields,
		row,
		p->schema->n_fields == 1 && !s->opts->sniff
			? "; sep= names another separator, sniff=on finds it"
			: "");
}

/* The record behind the rows, which there are none of. */
static int
csv_reject_row(struct leat_stage *st, struct csv *s, struct csv_piece *p)
{
	uint32_t n_bytes = p->bad_end - p->n_taken;
	struct csv_finding finding;

	csv_take(s, p, p->n_taken);
	p->bad_end = n_bytes;
	p->n_taken = 0;
	s->is_careful = 1;
	if (n_bytes - 1 > s->max_record) {
		struct csv_record r = csv_record(s, p, n_bytes);

		csv_find_open(&s->dialect, &r, s->max_record, &finding);
	} else {
		csv_find_ragged(s, p, &finding);
	}
	return csv_reject(st, s, p, n_bytes, &finding);
}

/* A frame that holds one record, which csv.cut found bad. */
static int
csv_reject_frame(struct leat_stage *st, struct csv *s, struct csv_piece *p)
{
	const struct cut_head *head = cut_head(p->in);
	struct csv_record r = csv_record(s, p, p->n);
	struct csv_finding finding = {CSV_CLOSED_TEXT, head->flaw_at};

	if (head->flaw != CUT_CLOSED)
		csv_find_open(&s->dialect, &r,
			head->flaw == CUT_OPEN_AT_END ? 0 : s->max_record,
			&finding);
	return csv_reject(st, s, p, p->n, &finding);
}

/* More fields than any table has. */
static int
csv_reject_wide(struct leat_stage *st, struct csv *s, struct csv_piece *p)
{
	struct csv_finding finding = {
		"row has too many fields; at most 4096", 0};
	struct leat_cut cut = {0};

	leat_text_cut_first(&cut, &s->dialect, p->text, p->n);
	return csv_reject(st, s, p, cut.end ? cut.end : p->n, &finding);
}

/* ---- fields and rows ---------------------------------------------------- */

/* Find the field ends of what is left, or of a piece of it. */
static void
csv_scan(const struct csv *s, struct csv_piece *p, uint32_t n)
{
	p->scan = (struct leat_scan){0};
	p->n_ends = leat_text_scan(&p->scan, &s->dialect, p->text, n, 0,
		p->ends, s->max_ends, &p->n_scanned);
	if (!p->scan.is_odd)
		return;
	p->scan = (struct leat_scan){0};
	p->n_ends = leat_text_scan_exact(&p->scan, &s->dialect, p->text, n, 0,
		p->ends, s->max_ends, &p->n_scanned);
	p->scan.has_quotes = LEAT_QUOTES_ODD;
}

static bool
csv_is_blank(const uint8_t *text, uint32_t start, uint32_t end)
{
	return end == start || (end == start + 1 && text[start] == '\r');
}

/* Does every record have the right number of fields? The common case. */
static bool
csv_is_rectangular(const struct csv_piece *p)
{
	uint32_t n_fields = p->schema->n_fields;
	uint32_t n_lines = p->scan.n_lines;
	const uint32_t *end = p->ends + n_fields - 1;

	if ((uint64_t)n_lines * n_fields > p->n_ends)
		return false;
	for (uint32_t k = 0; k < n_lines; k++, end += n_fields)
		if (p->text[*end] != '\n')
			return false;
	return true;
}

/* Is this record, of so many fields, one that stops the rows? */
static bool
csv_is_bad(const struct csv *s, const struct csv_piece *p, uint32_t start,
	uint32_t end, uint32_t n_fields)
{
	return n_fields != p->schema->n_fields || end - start > s->max_record;
}

/*
 * Up to the first bad record. Blank lines are taken out: one belongs to the row
 * before it, whose last field then ends further on.
 */
static void
csv_walk(const struct csv *s, struct csv_piece *p)
{
	uint32_t n_fields = p->schema->n_fields;
	uint32_t start = 0, from = 0, to = 0;

	for (uint32_t k = 0; k < p->n_ends; k++) {
		uint32_t end = p->ends[k], n = k + 1 - from;

		if (p->text[end] != '\n')
			continue;
		if (n == 1 && n_fields > 1 &&
			csv_is_blank(p->text, start, end)) {
			if (to)
				p->ends[to - 1] = end;
			else
				p->first = end + 1;
		} else if (csv_is_bad(s, p, start, end, n)) {
			p->bad_end = end + 1;
			p->n_fields = n;
			break;
		} else {
			memmove(p->ends + to, p->ends + from,
				n_fields * sizeof(*p->ends));
			to += n_fields;
		}
		start = end + 1;
		from = k + 1;
	}
	p->n_rows = to / n_fields;
	p->n_taken = start;
}

/* Turn field ends into rows. There is a record end among them. */
static void
csv_rows(const struct csv *s, struct csv_piece *p)
{
	p->first = 0;
	p->bad_end = 0;
	while (p->text[p->ends[p->n_ends - 1]] != '\n')
		p->n_ends--;
	p->n_taken = p->ends[p->n_ends - 1] + 1;
	p->n_rows = p->scan.n_lines;
	if (p->n > s->max_record || !csv_is_rectangular(p))
		csv_walk(s, p);
}

/* ---- tables ------------------------------------------------------------- */

/* Rows without values, for those who only count them. */
static int
csv_begin_blind(struct csv_piece *p)
{
	struct leat_table t;

	return leat_table_begin(p->table, p->schema, p->n_rows, &t);
}

static void
csv_begin_fields(const struct csv *s, struct csv_piece *p)
{
	const uint8_t *start = leat_frame_start(p->in);
	struct leat_fields fields = {
		.schema = p->lean ? p->lean->to : p->schema,
		.base = p->in,
		.text_offset = (uint32_t)(p->text - start),
		.first = p->first,
		.n_rows = p->n_rows,
		.has_quotes = p->scan.has_quotes,
		.source_offset = p->in->source_offset + s->at,
		.file = s->file,
		.line = s->line + cut_newlines(p->text, p->first),
	};

	if (p->lean && !p->is_lean)
		csv_lean_ends(p->lean, p->ends, p->n_rows);
	leat_frame_retain(p->in);
	leat_table_begin_fields(p->table, &fields);
}

/* Every row is of the file in hand. */
static int
csv_put_file(const struct csv *s, struct leat_table *t)
{
	if (s->ends || !s->opts->filename[0])
		return LEAT_OK;
	return leat__file_column_put(t, s->file);
}

/* Emit the rows as a table; they are behind us then. */
static int
csv_emit(struct leat_stage *st, struct csv *s, struct csv_piece *p)
{
	struct leat_table t;
	int rc = LEAT_OK;

	if (s->ends)
		rc = csv_begin_blind(p);
	else
		csv_begin_fields(s, p);
	leat_table_open(p->table, &t);
	leat_stage_count(st, LEAT_COUNT_READ, p->n_rows);
	if (!rc)
		rc = csv_put_file(s, &t);
	if (!rc && s->opts->strict)
		rc = csv_check_values(st, &t, s->file);
	if (!rc)
		rc = leat_stage_emit(st, 0, p->table);
	if (rc)
		return rc;
	p->table = NULL;
	s->has_emitted = 1;
	csv_take(s, p, p->n_taken);
	return LEAT_OK;
}

/* Where nobody looks: are all records of the frame as they should be? */
static bool
csv_count(const struct csv *s, struct csv_piece *p)
{
	p->n_taken = p->n;
	return s->ends && !s->at && p->n && p->n <= s->max_record &&
		leat_text_count(&s->dialect, p->text, p->n, p->schema->n_fields,
			&p->n_rows) &&
		p->n_rows <= s->max_ends;
}

/* The first fields only: are all records that have room as they should be? */
static bool
csv_scan_lean(const struct csv *s, struct csv_piece *p)
{
	struct leat_lean lean = {.n_fields = p->schema->n_fields};

	if (!p->lean || s->is_careful || p->n > s->max_record)
		return false;
	lean.n_kept = p->lean->n_kept;
	p->is_lean = leat_text_scan_lean(
		&lean, &s->dialect, p->text, p->n, p->ends, s->max_ends);
	if (!p->is_lean)
		return false;
	p->scan = (struct leat_scan){.has_quotes = lean.has_quotes};
	p->n_rows = lean.n_records;
	p->n_taken = lean.n_taken;
	p->first = 0;
	p->bad_end = 0;
	return p->n_rows > 0;
}

/* Rows, or a bad one, or neither at the end of the frame. */
static int
csv_next(struct leat_stage *st, struct csv *s, struct csv_piece *p)
{
	uint32_t n = p->n;

	if (csv_scan_lean(s, p))
		return csv_emit(st, s, p);
	p->is_lean = false;
	if (s->is_careful && n > CSV_PIECE_BYTES)
		n = CSV_PIECE_BYTES;
	csv_scan(s, p, n);
	if (!p->scan.n_lines && n < p->n)
		csv_scan(s, p, p->n);
	if (!p->scan.n_lines)
		return csv_reject_wide(st, s, p);
	csv_rows(s, p);
	if (p->n_rows)
		return csv_emit(st, s, p);
	if (p->bad_end)
		return csv_reject_row(st, s, p);
	csv_take(s, p, p->n_taken);
	return LEAT_OK;
}

/* Until a table has gone, or the frame is through. */
static int
csv_process_rows(struct leat_stage *st, struct csv *s, struct csv_piece *p)
{
	int rc = LEAT_OK;

	if (csv_count(s, p))
		return csv_emit(st, s, p);
	while (!rc && p->table && p->n)
		rc = csv_next(st, s, p);
	return rc;
}

/* The columns are news even where no row is. */
static int
csv_emit_news(struct leat_stage *st, struct csv *s, struct csv_piece *p)
{
	if (p->n || !p->table || s->has_emitted)
		return LEAT_OK;
	p->n_rows = p->n_taken = p->first = 0;
	return csv_emit(st, s, p);
}

static int
csv_process(struct leat_stage *st, struct leat_frame *in)
{
	struct csv *s = leat_stage_state(st);
	const struct cut_head *head = cut_head(in);
	struct csv_piece p = {.in = in, .schema = head->schema};
	int rc = leat_stage_acquire(st, &p.table);

	if (rc)
		return rc;
	if (p.schema && s->lean.from == p.schema)
		p.lean = &s->lean;
	s->file = head->file ? head->file : s->origin;
	if (!s->is_begun) {
		s->is_begun = 1;
		s->at = s->has_emitted = s->is_careful = 0;
		s->line = head->line;
	}
	p.text = in->data + s->at;
	p.n = in->len_bytes - s->at;
	p.ends = s->ends ? s->ends : leat_table_fields_room(p.table, &p.n_ends);
	/* what was guessed stands in the schema */
	s->dialect = (struct leat_dialect){
		(uint8_t)p.schema->separator, (uint8_t)p.schema->quote};
	rc = head->flaw ? csv_reject_frame(st, s, &p)
			: csv_process_rows(st, s, &p);
	if (!rc)
		rc = csv_emit_news(st, s, &p);
	leat_stage_release(st, p.table);
	if (rc)
		return rc;
	if (p.n)
		return LEAT_MORE;
	s->is_begun = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* ---- life --------------------------------------------------------------- */

static int
csv_blind(struct leat_stage *st, struct csv *s)
{
	void *memory;
	int rc = leat_stage_alloc(
		st, (size_t)s->max_ends * sizeof(*s->ends), &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for fields");
	s->ends = memory;
	return LEAT_OK;
}

/* Where the columns are known: is an index of the first fields enough? */
static int
csv_make_lean(struct leat_stage *st, struct csv *s, const struct leat_shape *in,
	struct leat_shape *out)
{
	const struct csv *first = leat_stage_state(leat_stage_first(st));
	uint64_t n_bytes = in->schema ? csv_lean_bytes(in->schema) : 0;
	int rc = LEAT_OK;

	if (!n_bytes || s->opts->strict || s->opts->filename[0])
		return LEAT_OK;
	leat_stage_needs(st)->side_bytes += n_bytes;
	leat_stage_share(st, n_bytes);
	if (first == s)
		rc = csv_lean_make(st, in->schema, &s->lean);
	else
		s->lean = first->lean;
	if (!rc && s->lean.from)
		out->schema = s->lean.to;
	return rc;
}

static int
csv_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct csv *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);
	bool is_blind = !leat_stage_values_wanted(st) && !s->opts->strict;
	/* a frame without the room for one very long record */
	uint64_t usual = in->frame_bytes > s->max_record
		? in->frame_bytes - s->max_record
		: in->frame_bytes;
	uint32_t n = (uint32_t)usual / (is_blind ? 16 : 6);

	s->origin = in->origin ? in->origin : "input";
	s->max_ends = n < CSV_FIELDS_MIN ? CSV_FIELDS_MIN
		: n > CSV_FIELDS_MAX     ? CSV_FIELDS_MAX
					 : n;
	/* the head, the fields' ends and the selection */
	needs->frame_bytes = 4096 + 8 * s->max_ends;
	if (!is_blind)
		needs->frame_bytes += CSV_VECTOR_BYTES;
	if (!is_blind && s->opts->filename[0])
		needs->frame_bytes += FILE_COLUMN_BYTES +
			(uint32_t)sizeof(struct leat_piece) * s->max_ends;
	needs->side_bytes = is_blind ? 4096 + 4 * (uint64_t)s->max_ends : 0;
	*out = (struct leat_shape){
		.layout = LEAT_LAYOUT_TABLE,
		.frame_bytes = needs->frame_bytes,
		.base_bytes = is_blind ? 0 : in->frame_bytes,
		.schema = in->schema,
		.origin = in->origin,
	};
	return is_blind ? csv_blind(st, s) : csv_make_lean(st, s, in, out);
}

static int
csv_init(struct leat_stage *st, const void *opts)
{
	struct csv *s = leat_stage_state(st);

	s->opts = opts;
	s->max_record = s->opts->max_record_bytes ? s->opts->max_record_bytes
						  : CUT_RECORD_BYTES;
	s->origin = "input";
	return csv_dialect(st, s->opts, &s->dialect);
}

const struct leat_stage_ops leat_csv_parse_ops = {
	LEAT_STAGE_OPS_INIT("csv.parse"),
	.flags = LEAT_STAGE_STATELESS | LEAT_STAGE_REJECTS,
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
		"Columns are int64, float64, bool, date or timestamp if the "
		"first rows\n"
		"say so, else string; schema=\"NAME:TYPE,...\" declares some. "
		"A value that\n"
		"its inferred type cannot hold is an error where somebody asks "
		"for it\n"
		"as such, and with strict=on in any case.\n"
		"\n"
		"Of a pipe, rows wait until the sample is there (infer_rows, "
		"64 KiB, or the\n"
		"end), so that types do not hang on timing; but infer_wait "
		"behind its first\n"
		"bytes those that have come have to do, as soon as there is "
		"one; behind a\n"
		"decoder, or a stage with a thread of its own, when the next "
		"bytes come. With\n"
		"infer=off, or all columns declared, rows go on as they come.\n"
		"\n"
		"    leat run 'read a.tsv ! csv.parse sep=tab ! count'\n"
		"    leat run 'read a.csv schema=\"id:string\" ! select id'\n",
	.state_bytes = sizeof(struct csv),
	.opts_bytes = sizeof(struct leat_csv_parse_opts),
	.options = leat__csv_parse_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.out_layout = LEAT_LAYOUT_TABLE,
	.init = csv_init,
	.negotiate = csv_negotiate,
	.process = csv_process,
	.before = &leat_csv_cut_ops,
};
