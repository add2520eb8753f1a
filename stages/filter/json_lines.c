/*
 * json_lines.c -- from lines to the rows of a table.
 *
 * Lines like the one before are read by their shape, value by value, without
 * another look at what stands between. At the first that is not, the structure
 * of some lines is found, and these are walked one by one: of one at first, of
 * more the less the shape is good for. What is taken or rejected, and why, is
 * decided there alone; a shape only takes what the walk would. One thread at a
 * time.
 */
#include <stdio.h>
#include <string.h>

#include "json_lines.h"

#define LINES_SLOW_BYTES 4096       /* walked where the shape was of no use, */
#define LINES_SLOW_MAX   (1u << 20) /* at first and at most */
#define LINES_FEW        8          /* as many rows do not pay for a shape */
#define LINES_NONE       UINT32_MAX

/* ---- what is wrong ------------------------------------------------------ */

/* It is left out. LEAT_OK: go on. */
static int
json_reject(struct leat_stage *st, const struct json_reader *s,
	struct json_line line, uint32_t offset, const char *what)
{
	struct leat_reject reject = {
		.reason = what,
		.origin = s->file,
		.line = s->line,
		.column = (uint64_t)offset + 1,
		.offset = line.offset + offset,
		.data = line.text.data,
		.n_bytes = line.text.len,
	};

	leat_stage_count(st, LEAT_COUNT_READ, 1);
	return leat_stage_reject(st, LEAT_EDATA, &reject);
}

int
leat__json_reject_long(struct leat_stage *st, const struct json_reader *s,
	struct json_line line)
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
json_reject_fault(struct leat_stage *st, const struct json_reader *s,
	const struct json_walk *w, struct json_line line)
{
	uint32_t start = (uint32_t)(line.text.data - w->text);
	uint32_t len = w->fault_key.len < 64 ? w->fault_key.len : 64;
	char what[320];

	snprintf(what, sizeof(what), "'%.*s': %s", (int)len,
		(const char *)w->fault_key.data, w->fault.what);
	return json_reject(st, s, line, w->fault.offset - start, what);
}

/* What is no JSON. An object over several lines ends none of them. */
static int
json_reject_json(struct leat_stage *st, const struct json_reader *s,
	struct json_line line, const struct leat_json_fault *fault)
{
	bool is_open = fault->offset >= line.text.len;
	char what[320];

	snprintf(what, sizeof(what), "%s%s", fault->what,
		is_open ? "; the line ends here, and every line holds one "
			  "object: jq -c . writes them so"
			: "");
	return json_reject(st, s, line, fault->offset, what);
}

/* Find what is wrong with a line that was not taken. */
static int
json_reject_line(struct leat_stage *st, const struct json_reader *s,
	const struct json_walk *w, struct json_line line)
{
	struct leat_json_fault fault = {0};
	struct leat_text x = line.text;
	uint32_t at = 0;

	if (x.len > s->max_record)
		return leat__json_reject_long(st, s, line);
	while (at < x.len &&
		(x.data[at] == ' ' || x.data[at] == '\t' || x.data[at] == '\r'))
		at++;
	if (at == x.len)
		return LEAT_OK;
	if (leat_json_check(x, &fault) != LEAT_OK)
		return json_reject_json(st, s, line, &fault);
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
lines_last(const uint8_t *text, const uint32_t *ends, uint32_t n)
{
	while (n && text[ends[n - 1]] != '\n')
		n--;
	return n;
}

/* What was found of the structure of some lines. */
struct lines_index {
	uint32_t n_lines;
	uint32_t has_high;
	uint32_t end; /* behind them in the text */
};

/*
 * Find the structure of the lines from `at` to `end`, as many as there is room
 * for. A line that cannot be read gets its newline alone.
 */
static struct lines_index
lines_find(struct json_reader *s, const uint8_t *all, uint32_t at, uint32_t end)
{
	struct lines_index found = {0, 0, at};
	uint32_t n = 0;

	s->walk.has_escapes = 0;
	while (at < end && s->max_ends - n > LEAT_JSON_SCAN_SLACK) {
		uint32_t *ends = s->ends + n;
		const uint8_t *text = all + at, *newline = NULL;
		struct leat_json_scan scan;
		uint32_t n_ends = leat_json_scan(
			&scan, text, end - at, ends, s->max_ends - n);
		uint32_t n_all = lines_last(text, ends, n_ends);
		uint32_t start = n_all ? ends[n_all - 1] + 1 : 0;

		if (scan.is_bad || (!n_all && !n))
			newline = memchr(text + scan.n_scanned, '\n',
				end - at - scan.n_scanned);
		if (newline)
			ends[n_all++] = (uint32_t)(newline - text);
		for (uint32_t k = 0; at && k < n_all; k++)
			ends[k] += at;
		found.n_lines += scan.n_lines + !!newline;
		found.has_high |= scan.has_high;
		s->walk.has_escapes |= scan.has_escapes;
		n += n_all;
		at += newline ? (uint32_t)(newline - text) + 1 : start;
		if (!scan.is_bad)
			break;
	}
	found.end = at;
	return found;
}

/* Of the bytes of a text, as many as end in a newline at or before max; if
 * there is none, the first line. */
static uint32_t
lines_whole(const uint8_t *text, uint32_t n, uint64_t max)
{
	uint32_t at = n < max ? n : (uint32_t)max;
	const uint8_t *end;

	while (at && text[at - 1] != '\n')
		at--;
	if (at)
		return at;
	end = memchr(text, '\n', n);
	return end ? (uint32_t)(end - text) + 1 : n;
}

/* ---- a line by its structure -------------------------------------------- */

/* A row that was not taken leaves nothing behind. */
static void
lines_clear_row(struct json_walk *w)
{
	uint32_t n = w->table && !w->is_blind ? w->tree->n_columns : 0;

	for (uint32_t k = 0; k < n; k++)
		if (w->tree->columns[k]->valid)
			w->tree->columns[k]->valid[w->row / 8] |=
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
lines_leave(struct leat_stage *st, struct json_reader *s, struct json_line line)
{
	struct json_walk *w = &s->walk;
	int rc;

	if (w->is_full && w->row)
		return 0;
	if (w->is_full)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"a line with escapes does not fit into a frame");
	rc = json_reject_line(st, s, w, line);
	lines_clear_row(w);
	return rc ? rc : 1;
}

/* Walk the lines from *at to `end`, as far as there are rows for them. */
static int
lines_walk(struct leat_stage *st, struct json_reader *s,
	const struct json_piece *p, uint32_t end, uint32_t *at)
{
	struct json_walk *w = &s->walk;
	struct lines_index found = lines_find(s, p->text, *at, end);
	struct leat_text all = {p->text + *at, found.end - *at};
	struct json_limits limits = {
		!found.has_high || leat_json_utf8(all) == all.len,
		s->max_record};

	w->at = 0;
	for (uint32_t k = 0; k < found.n_lines && w->row < p->max_rows; k++) {
		struct json_line line = {{p->text + *at, 0}, p->offset + *at};
		uint32_t last = w->at;
		int rc = 1;

		if (json_take_row(w, &limits, *at)) {
			w->row++;
			s->good = *at;
		} else {
			while (w->text[w->ends[last]] != '\n')
				last++;
			line.text.len = w->ends[last] - *at;
			rc = lines_leave(st, s, line);
			w->at = last;
		}
		if (rc <= 0)
			return rc;
		*at = w->ends[w->at++] + 1;
		s->line++;
	}
	return LEAT_OK;
}

/* ---- lines by their shape ----------------------------------------------- */

/* Bits from `row` on are cleared. */
static void
lines_clear_bits(uint8_t *bits, uint32_t row, uint32_t n)
{
	for (; n && row % 8; row++, n--)
		bits[row / 8] &= (uint8_t) ~(1u << (row % 8));
	memset(bits + row / 8, 0, n / 8);
	for (row += n / 8 * 8, n %= 8; n; row++, n--)
		bits[row / 8] &= (uint8_t) ~(1u << (row % 8));
}

/* Columns that the shape does not have are null. */
static void
lines_set_missing(const struct json_walk *w, uint32_t row, uint32_t n)
{
	for (uint32_t k = 0; k < w->tree->n_columns; k++) {
		const struct json_path *path = w->tree->columns[k];

		if (!path->is_in_shape && path->valid)
			lines_clear_bits(path->valid, row, n);
	}
}

/* Lines from *at on that have the shape. @return how many */
static uint32_t
lines_repeat(struct json_reader *s, const struct json_piece *p, uint32_t *at)
{
	struct json_walk *w = &s->walk;
	struct leat_json_lines lines = {
		.text = p->text,
		.n_bytes = p->n,
		.at = *at,
		.row = w->row,
		.max_rows = p->max_rows,
		.max_line_bytes = s->max_record,
	};
	uint32_t n;

	if (!s->shape.is_made || !w->table)
		return 0;
	leat_json_repeat(s->shape.members, s->shape.n_members, &lines);
	n = lines.row - w->row;
	if (!w->is_blind && s->shape.n_columns < w->tree->n_columns)
		lines_set_missing(w, w->row, n);
	*at = lines.at;
	w->row = lines.row;
	s->line += n;
	return n;
}

/* The same, by the shape of the last line that was walked if the one that there
 * is has been of no use. */
static uint32_t
lines_repeat_any(
	struct json_reader *s, const struct json_piece *p, uint32_t *at)
{
	uint32_t n = lines_repeat(s, p, at);

	if (n || s->good == LINES_NONE)
		return n;
	leat__json_shape_make(&s->shape, s->walk.tree, p->text, s->good);
	leat__json_shape_bind(&s->shape, s->walk.is_blind);
	return lines_repeat(s, p, at);
}

int
leat__json_lines_take(struct leat_stage *st, struct json_reader *s,
	const struct json_piece *p, uint32_t *done_out)
{
	struct json_walk *w = &s->walk;
	uint32_t at = 0;
	int rc = LEAT_OK;

	s->good = LINES_NONE;
	leat__json_shape_bind(&s->shape, w->is_blind);
	while (!rc && !w->is_full && at < p->n && w->row < p->max_rows) {
		uint32_t n = lines_repeat_any(s, p, &at);
		uint32_t end;

		if (n > LINES_FEW || !s->slow_bytes)
			s->slow_bytes = 1;
		else if (s->slow_bytes < LINES_SLOW_MAX)
			s->slow_bytes = 2 * s->slow_bytes + LINES_SLOW_BYTES;
		if (at == p->n || w->row == p->max_rows)
			break;
		end = at + lines_whole(p->text + at, p->n - at, s->slow_bytes);
		rc = lines_walk(st, s, p, end, &at);
	}
	*done_out = at;
	return rc;
}
