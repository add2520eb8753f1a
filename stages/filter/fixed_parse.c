/*
 * stages/filter/fixed_parse.c -- lines of columns of a fixed width to a table.
 *
 * A line may be shorter than the widths say, as where spaces at its end were
 * left out: what is missing is null. One that is longer is rejected.
 * Keeps: a row has as many columns as widths that are not gaps; a line is read
 * once, and either becomes a row or is rejected.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/stages.h>
#include <leat/table.h>

#include "cut.h"
#include "file_column.h"

#define FIXED_WIDTH_MAX 1000000

struct fixed_width {
	uint32_t n;
	uint32_t is_gap;  /* passed over */
	uint32_t is_rest; /* up to the end of the line */
};

struct fixed {
	const struct leat_fixed_parse_opts *opts;
	struct fixed_width *widths;
	uint32_t n_widths;
	uint32_t n_columns;
	struct leat_schema narrow;
	struct leat_schema *schema;
	struct leat_builder builder;
	const char *origin;
	const char *file; /* of the frame in hand */
	uint64_t n_lines; /* that have come */
	uint32_t row;     /* of the frame in hand: the next one */
};

/* ---- options --------------------------------------------------------------- */

static int
fixed_fail_widths(struct leat_stage *st, const char *at)
{
	const struct fixed *s = leat_stage_state(st);

	return leat_stage_fail_at(st, LEAT_EINVAL, "widths",
		(size_t)(at - s->opts->widths), strcspn(at, ","),
		"accepted are widths from 1 to %d, -N for N that are passed "
		"over, and * at the end for the rest of the line",
		FIXED_WIDTH_MAX);
}

/* One entry of the list; returns where it ends, NULL if it is none. */
static const char *
fixed_read_width(const char *at, struct fixed_width *out)
{
	char *end;
	long n;

	if (at[0] == '*' && at[1] == '\0') {
		*out = (struct fixed_width){UINT32_MAX, 0, 1};
		return at + 1;
	}
	if (!*at || !strchr("-0123456789", *at))
		return NULL;
	n = strtol(at, &end, 10);
	if (end == at || (*end && *end != ',') || n == 0 ||
		n > FIXED_WIDTH_MAX || n < -FIXED_WIDTH_MAX)
		return NULL;
	*out = (struct fixed_width){(uint32_t)labs(n), n < 0, 0};
	return end;
}

static int
fixed_read_widths(struct leat_stage *st, struct fixed *s)
{
	const char *at = s->opts->widths;

	for (s->n_widths = 0;; at++) {
		struct fixed_width *w = &s->widths[s->n_widths];
		const char *end = fixed_read_width(at, w);

		if (!end)
			return fixed_fail_widths(st, at);
		s->n_columns += !w->is_gap;
		s->n_widths++;
		at = end;
		if (!*at)
			break;
	}
	if (s->n_columns >= 1 && s->n_columns <= LEAT_TABLE_COLUMNS_MAX)
		return LEAT_OK;
	return leat_stage_fail_at(st, LEAT_EINVAL, "widths", 0, 0,
		"the widths make %u columns; accepted: 1 to %d", s->n_columns,
		LEAT_TABLE_COLUMNS_MAX);
}

/* The names that were given, or c1, c2, ... behind them in the same memory. */
static uint32_t
fixed_read_names(struct fixed *s, struct leat_text *names, uint32_t n_max)
{
	const char *at = s->opts->names;
	char *made = (char *)(names + n_max);
	uint32_t n = 0;

	if (!at[0]) {
		for (; n < s->n_columns; n++, made += 8) {
			names[n].data = (const uint8_t *)made;
			names[n].len =
				(uint32_t)snprintf(made, 8, "c%u", n + 1);
		}
		return n;
	}
	for (;; at++) {
		size_t len = strcspn(at, ",");

		if (n < n_max)
			names[n] = (struct leat_text){
				(const uint8_t *)at, (uint32_t)len};
		n++;
		at += len;
		if (!*at)
			return n;
	}
}

/* Columns of vectors, with the names of a schema, in which none is twice. */
static int
fixed_make_columns(
	struct leat_stage *st, struct fixed *s, const struct leat_schema *named)
{
	uint32_t n = named->n_columns;
	struct leat_column *columns;
	void *memory;
	int rc = leat_stage_alloc(st, n * sizeof(*columns), &memory);

	if (rc < 0)
		return leat_stage_fail(st, rc, "no memory for the columns");
	columns = memory;
	for (uint32_t k = 0; k < n; k++)
		columns[k] = (struct leat_column){
			.name = named->columns[k].name,
			.type = LEAT_TYPE_TEXT,
			.field = LEAT_FIELD_NONE,
			.vector = k,
		};
	s->narrow = (struct leat_schema){
		.n_columns = n, .n_vectors = n, .columns = columns};
	s->schema = &s->narrow;
	return leat__file_column_add(st, s->opts->filename, &s->schema);
}

static int
fixed_make_schema(struct leat_stage *st, struct fixed *s)
{
	struct leat_schema *named = NULL;
	struct leat_text *names;
	void *memory;
	uint32_t n;
	int rc = leat_stage_alloc(
		st, s->n_columns * (sizeof(*names) + 8), &memory);

	if (rc < 0)
		return leat_stage_fail(st, rc, "no memory for the columns");
	names = memory;
	n = fixed_read_names(s, names, s->n_columns);
	if (n != s->n_columns)
		return leat_stage_fail_at(st, LEAT_EINVAL, "names", 0, 0,
			"there are %u columns, and names= has %u", s->n_columns,
			n);
	rc = leat_schema_create(st, names, n, &named);
	leat_stage_free(st, memory);
	if (rc < 0)
		return leat_stage_fail_at(st, rc, "names", 0, 0,
			"names have at most %d bytes", LEAT_TABLE_NAME_MAX);
	return fixed_make_columns(st, s, named);
}

/* No list has more columns than bytes. */
static uint64_t
fixed_side_bytes(const struct fixed *s, size_t n_list)
{
	return n_list * (sizeof(struct fixed_width) + 256) +
		leat_builder_side_bytes(n_list + 1) +
		2 * strlen(s->opts->names) + 8192;
}

static int
fixed_init(struct leat_stage *st, const void *opts)
{
	struct fixed *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);
	size_t n_list;
	void *memory;
	int rc;

	s->opts = opts;
	s->origin = "input";
	n_list = strlen(s->opts->widths) + 1;
	needs->frame_bytes = leat_builder_frame_bytes();
	needs->holds = 1;
	needs->side_bytes = fixed_side_bytes(s, n_list);
	rc = leat_stage_alloc(st, n_list * sizeof(*s->widths), &memory);
	if (rc < 0)
		return leat_stage_fail(st, rc, "no memory for the widths");
	s->widths = memory;
	rc = fixed_read_widths(st, s);
	if (rc == LEAT_OK)
		rc = fixed_make_schema(st, s);
	if (rc < 0)
		return rc;
	return LEAT_OK;
}

static int
fixed_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct fixed *s = leat_stage_state(st);

	if (in->origin)
		s->origin = in->origin;
	s->schema->origin = s->origin;
	*out = (struct leat_shape){
		.layout = LEAT_LAYOUT_TABLE,
		.frame_bytes = leat_stage_needs(st)->frame_bytes,
		.schema = s->schema,
		.origin = in->origin,
	};
	return LEAT_OK;
}

/* ---- lines ------------------------------------------------------------------ */

/* Take a width off the front of the line: bytes, or characters of UTF-8. */
static struct leat_text
fixed_take(const struct fixed *s, uint32_t width, struct leat_text *line)
{
	struct leat_text x = {line->data, 0};

	if (!s->opts->unit) {
		x.len = width < line->len ? width : line->len;
	} else {
		for (; width && x.len < line->len; width--) {
			x.len++;
			while (x.len < line->len &&
				(line->data[x.len] & 0xc0) == 0x80)
				x.len++;
		}
	}
	line->data += x.len;
	line->len -= x.len;
	return x;
}

static struct leat_text
fixed_trim(struct leat_text x)
{
	while (x.len && x.data[x.len - 1] == ' ')
		x.len--;
	while (x.len && x.data[0] == ' ') {
		x.data++;
		x.len--;
	}
	return x;
}

static void
fixed_put_line(struct fixed *s, struct leat_text line)
{
	uint32_t column = 0;

	for (uint32_t k = 0; k < s->n_widths; k++) {
		struct leat_text x = fixed_take(s, s->widths[k].n, &line);

		if (s->widths[k].is_gap)
			continue;
		if (!s->opts->trim)
			x = fixed_trim(x);
		if (x.len)
			leat_builder_text(&s->builder, column, x);
		column++;
	}
	if (s->schema != &s->narrow)
		leat_builder_text(&s->builder, column,
			(struct leat_text){(const uint8_t *)s->file,
				(uint32_t)strlen(s->file)});
}

/* Is there anything behind the last column? */
static bool
fixed_is_long(const struct fixed *s, struct leat_text line)
{
	for (uint32_t k = 0; k < s->n_widths; k++)
		fixed_take(s, s->widths[k].n, &line);
	return fixed_trim(line).len > 0;
}

/* Where the lines of a frame come from, if whoever made it has said that. */
static const struct cut_head *
fixed_place(const struct leat_frame *in)
{
	const struct leat_frame *base = leat_frame_base(in);

	return base && in->flags & LEAT_FRAME_PLACED ? cut_head(base) : NULL;
}

static uint64_t
fixed_line(const struct fixed *s, const struct leat_frame *in,
	struct leat_text line)
{
	const struct cut_head *head = fixed_place(in);
	const uint8_t *text;

	if (!head)
		return s->n_lines + 1;
	text = leat_frame_base(in)->data;
	return head->line + cut_newlines(text, (size_t)(line.data - text));
}

/* Where it begins in its source, if whoever made the frame has said that. */
static uint64_t
fixed_offset(const struct leat_frame *in, struct leat_text x)
{
	const struct leat_frame *base = leat_frame_base(in);

	return base->source_offset + (uint64_t)(x.data - base->data);
}

static int
fixed_reject(struct leat_stage *st, const struct fixed *s,
	const struct leat_frame *in, struct leat_text line)
{
	struct leat_reject reject = {
		.reason = "the line goes on behind the last column; * as the "
			  "last width takes the rest",
		.origin = s->file,
		.line = fixed_line(s, in, line),
		.data = line.data,
		.n_bytes = line.len};
	struct leat_text rest = line;

	for (uint32_t k = 0; k < s->n_widths; k++)
		fixed_take(s, s->widths[k].n, &rest);
	reject.column = line.len - rest.len + 1;
	if (fixed_place(in))
		reject.offset = fixed_offset(in, rest);
	return leat_stage_reject(st, LEAT_EDATA, &reject);
}

static int
fixed_process(struct leat_stage *st, struct leat_frame *in)
{
	struct fixed *s = leat_stage_state(st);
	struct leat_rows rows = leat_frame_rows(in);

	s->file = fixed_place(in) && fixed_place(in)->file
		? fixed_place(in)->file
		: s->origin;
	leat_builder_enter(&s->builder, s->schema, in);
	while (s->row < rows.n) {
		struct leat_row row = rows.rows[s->row];
		struct leat_text line = {rows.text + row.offset, row.len};
		int rc, n_done = 1;

		if (fixed_is_long(s, line)) {
			rc = fixed_reject(st, s, in, line);
		} else {
			rc = leat_builder_begin_row(st, &s->builder);
			if (rc)
				return rc;
			fixed_put_line(s, line);
			rc = n_done = leat_builder_end_row(st, &s->builder);
		}
		if (rc < 0)
			return rc;
		s->row += (uint32_t)n_done;
		s->n_lines += (uint32_t)n_done;
	}
	s->row = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
fixed_flush(struct leat_stage *st)
{
	struct fixed *s = leat_stage_state(st);

	leat_builder_enter(&s->builder, s->schema, NULL);
	return leat_builder_flush(st, &s->builder, false);
}

static int
fixed_finish(struct leat_stage *st)
{
	struct fixed *s = leat_stage_state(st);

	leat_builder_enter(&s->builder, s->schema, NULL);
	return leat_builder_flush(st, &s->builder, true);
}

static void
fixed_fini(struct leat_stage *st)
{
	struct fixed *s = leat_stage_state(st);

	leat_stage_release(st, s->builder.frame);
	s->builder.frame = NULL;
}

static const struct leat_option fixed_options[] = {
	{.name = "widths",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_fixed_parse_opts, widths),
		.help = "of the columns, by commas; -N passes N over, * is the "
			"rest"},
	{.name = "names",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_fixed_parse_opts, names),
		.help = "of the columns, by commas; else c1, c2, ..."},
	{.name = "trim",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_fixed_parse_opts, trim),
		.fallback = "on",
		.values = "on|off",
		.help = "without the spaces around a value; nothing left is "
			"null"},
	{.name = "unit",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_fixed_parse_opts, unit),
		.fallback = "bytes",
		.values = "bytes|characters",
		.help = "what widths count: bytes, or characters of UTF-8"},
	{.name = "filename",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_fixed_parse_opts, filename),
		.help = "a column of this name says which file a row is of"},
	{.name = NULL},
};

const struct leat_stage_ops leat_fixed_parse_ops = {
	LEAT_STAGE_OPS_INIT("fixed.parse"),
	.flags = LEAT_STAGE_REJECTS,
	.summary = "lines of columns of a fixed width to a table",
	.help = "Lines come from lines.parse. A line that ends early has nulls "
		"at its end;\none that goes on behind the last column is "
		"rejected.\n"
		"\n"
		"    leat run 'read a.txt ! fixed.parse widths=10,-1,8,* "
		"names=day,code,text ! write a.csv'\n",
	.state_bytes = sizeof(struct fixed),
	.opts_bytes = sizeof(struct leat_fixed_parse_opts),
	.options = fixed_options,
	.in_layouts = LEAT_LAYOUT_ROWS,
	.out_layout = LEAT_LAYOUT_TABLE,
	.init = fixed_init,
	.negotiate = fixed_negotiate,
	.process = fixed_process,
	.flush = fixed_flush,
	.finish = fixed_finish,
	.fini = fixed_fini,
};
