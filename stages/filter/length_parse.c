/*
 * stages/filter/length_parse.c -- bytes to rows, each with its length before
 * it.
 *
 * Rows point into the chunk that they came in, nothing is copied; only a record
 * that goes on in the next chunk is put together in side memory and gets a
 * frame of its own. Where a column is to say which file a record is of, they
 * become tables, into which records are copied: what stands around them in the
 * chunk is no text.
 * Keeps: carry is the beginning of a record, its length included, or empty. An
 * input that ends inside a record is an error, but for one that was cut.
 */
#include <string.h>

#include "file_column.h"
#include "length.h"

#define LENGTH_RECORD_BYTES (1u << 20)
#define LENGTH_ROWS_BYTES   65536 /* of a frame's array: stays in the cache */
#define LENGTH_ROWS         (LENGTH_ROWS_BYTES / sizeof(struct leat_row))
#define LENGTH_TEXT_BYTES   (1u << 18) /* of a table, or one record */
#define LENGTH_SPARE_BYTES  (1u << 19) /* for typed columns, derived ones */

struct length_parse {
	const struct leat_length_parse_opts *opts;
	const char *origin; /* the file in hand, or what all are called */
	uint8_t *carry;
	uint32_t n_carry;
	uint32_t n_max;    /* bytes of a record */
	uint32_t at;       /* in the frame in hand */
	uint32_t is_begun; /* at stands in a frame in hand */
	uint32_t is_cut;
	uint64_t offset; /* in the source, of the record that is carried */
	struct leat_schema *schema; /* of tables; NULL = rows are made */
	struct leat_column column;
	struct leat_schema narrow;
	struct leat_row *rows; /* of the table in work */
	uint32_t n_text_max;   /* bytes of text of a table */
};

static uint32_t
length_gives(const void *opts)
{
	const struct leat_length_parse_opts *o = opts;

	return o->filename && o->filename[0] ? LEAT_LAYOUT_TABLE
					     : LEAT_LAYOUT_ROWS;
}

static int
length_init_table(struct leat_stage *st, struct length_parse *s)
{
	struct leat_needs *needs = leat_stage_needs(st);

	s->column = (struct leat_column){.name = "record",
		.type = LEAT_TYPE_TEXT,
		.field = LEAT_FIELD_NONE};
	s->narrow = (struct leat_schema){
		.n_columns = 1, .n_vectors = 1, .columns = &s->column};
	s->schema = &s->narrow;
	s->n_text_max =
		s->n_max > LENGTH_TEXT_BYTES ? s->n_max : LENGTH_TEXT_BYTES;
	needs->frame_bytes = 4096 + LENGTH_SPARE_BYTES + FILE_COLUMN_BYTES +
		s->n_text_max +
		(uint32_t)LENGTH_ROWS *
			(2 * (uint32_t)sizeof(struct leat_piece) + 8);
	needs->side_bytes += LENGTH_ROWS_BYTES + 1024;
	return leat__file_column_add(st, s->opts->filename, &s->schema);
}

static int
length_init(struct leat_stage *st, const void *opts)
{
	struct length_parse *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);

	s->opts = opts;
	s->origin = "input";
	s->n_max = s->opts->max_record_bytes
		? (uint32_t)s->opts->max_record_bytes
		: LENGTH_RECORD_BYTES;
	/* a frame holds an array of rows, or one row with its text */
	needs->frame_bytes = s->n_max + 64;
	if (needs->frame_bytes < LENGTH_ROWS_BYTES)
		needs->frame_bytes = LENGTH_ROWS_BYTES;
	needs->side_bytes = (uint64_t)s->n_max + 4096;
	return length_gives(opts) == LEAT_LAYOUT_TABLE
		? length_init_table(st, s)
		: LEAT_OK;
}

static int
length_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct length_parse *s = leat_stage_state(st);

	if (in->origin)
		s->origin = in->origin;
	out->frame_bytes = leat_stage_needs(st)->frame_bytes;
	if (!s->schema) {
		out->base_bytes = in->frame_bytes;
		return LEAT_OK;
	}
	s->schema->origin = s->origin;
	out->layout = LEAT_LAYOUT_TABLE;
	out->schema = s->schema;
	out->origin = in->origin;
	return LEAT_OK;
}

static int
length_open(struct leat_stage *st)
{
	struct length_parse *s = leat_stage_state(st);
	void *memory;
	int rc = leat_stage_alloc(
		st, (size_t)s->n_max + LENGTH_VARINT_MAX, &memory);

	if (rc < 0)
		return leat_stage_fail(
			st, rc, "no memory for a record of %u bytes", s->n_max);
	s->carry = memory;
	if (!s->schema)
		return LEAT_OK;
	rc = leat_stage_alloc(st, LENGTH_ROWS_BYTES, &memory);
	s->rows = memory;
	return rc < 0 ? leat_stage_fail(st, rc, "no memory for a table's rows")
		      : LEAT_OK;
}

/* ---- one record ---------------------------------------------------------- */

/*
 * The length at data. 1: *n_bytes_out is that of the record with its length;
 * 0: there are too few bytes to tell; or a code.
 */
static int
length_look(struct leat_stage *st, const uint8_t *data, size_t n,
	uint64_t offset, uint32_t *n_prefix_out, uint32_t *length_out)
{
	struct length_parse *s = leat_stage_state(st);
	int n_prefix = length_read(s->opts->prefix, data, n, length_out);

	if (n_prefix < 0) {
		leat_stage_fail(st, LEAT_EDATA,
			"%s: at byte %llu: no varint up to 2^32 stands here",
			s->origin, (unsigned long long)offset);
		return leat_stage_locate(st, s->origin, 0, 0, offset);
	}
	if (n_prefix > 0 && *length_out > s->n_max) {
		leat_stage_fail(st, LEAT_EDATA,
			"%s: at byte %llu: a record of %u bytes is longer than "
			"%u; max_record_bytes=N allows more",
			s->origin, (unsigned long long)offset, *length_out,
			s->n_max);
		return leat_stage_locate(st, s->origin, 0, 0, offset);
	}
	*n_prefix_out = (uint32_t)n_prefix;
	return n_prefix > 0;
}

static int
length_emit(struct leat_stage *st, struct leat_frame *out)
{
	leat_stage_count(st, LEAT_COUNT_READ, out->n_items);
	return leat_stage_emit(st, 0, out);
}

/* ---- tables --------------------------------------------------------------- */

static int
length_fill_table(
	const struct length_parse *s, struct leat_table *t, const uint8_t *text)
{
	struct leat_vector_room room;
	int rc = leat_table_add_vector(t, LEAT_TYPE_TEXT, 0, &room);

	for (uint32_t k = 0; !rc && k < t->n_rows_all; k++)
		rc = leat_table_add_text(t, text + s->rows[k].offset,
			s->rows[k].len, (struct leat_piece *)room.values + k);
	return rc ? rc : leat__file_column_put(t, s->origin);
}

/* The first n of s->rows, which count from text. */
static int
length_emit_table(
	struct leat_stage *st, uint32_t n, const uint8_t *text, uint64_t offset)
{
	struct length_parse *s = leat_stage_state(st);
	struct leat_fields fields = {.schema = s->schema,
		.n_rows = n,
		.source_offset = offset,
		.file = s->origin};
	struct leat_frame *out;
	struct leat_table t;
	int rc = leat_stage_acquire(st, &out);

	if (rc < 0)
		return rc;
	leat_table_begin_fields(out, &fields);
	leat_table_open(out, &t);
	rc = length_fill_table(s, &t, text);
	if (!rc)
		return length_emit(st, out);
	leat_stage_release(st, out);
	return leat_stage_fail(st, rc, "the records do not fit into a frame");
}

/* ---- a record that two frames share ----------------------------------------- */

static int
length_emit_carry_row(struct leat_stage *st, uint32_t n_prefix, uint32_t length)
{
	struct length_parse *s = leat_stage_state(st);
	struct leat_frame *out;
	struct leat_row *rows;
	int rc = leat_stage_acquire(st, &out);

	if (rc < 0)
		return rc;
	leat_frame_begin_rows(out, NULL, &rows);
	rows[0] = (struct leat_row){sizeof(rows[0]), length};
	memcpy(out->data + sizeof(rows[0]), s->carry + n_prefix, length);
	out->len_bytes = (uint32_t)sizeof(rows[0]) + length;
	out->n_items = 1;
	out->source_offset = s->offset;
	return length_emit(st, out);
}

/* What is carried is a whole record. */
static int
length_emit_carry(struct leat_stage *st, uint32_t n_prefix, uint32_t length)
{
	struct length_parse *s = leat_stage_state(st);

	s->n_carry = 0;
	if (!s->schema)
		return length_emit_carry_row(st, n_prefix, length);
	s->rows[0] = (struct leat_row){n_prefix, length};
	return length_emit_table(st, 1, s->carry, s->offset);
}

/* Take n bytes of the frame in hand, or as many as there are. */
static void
length_carry(struct length_parse *s, const struct leat_frame *in, uint32_t n)
{
	uint32_t n_left = in->len_bytes - s->at;

	n = n < n_left ? n : n_left;
	memcpy(s->carry + s->n_carry, in->data + s->at, n);
	s->n_carry += n;
	s->at += n;
}

/* Complete what is carried. LEAT_MORE: it has been emitted. */
static int
length_join(struct leat_stage *st, const struct leat_frame *in)
{
	struct length_parse *s = leat_stage_state(st);
	uint32_t n_prefix, length;
	int rc = length_look(
		st, s->carry, s->n_carry, s->offset, &n_prefix, &length);

	while (rc == 0 && s->at < in->len_bytes) {
		length_carry(s, in, 1);
		rc = length_look(st, s->carry, s->n_carry, s->offset, &n_prefix,
			&length);
	}
	if (rc <= 0)
		return rc;
	length_carry(s, in, n_prefix + length - s->n_carry);
	if (s->n_carry < n_prefix + length)
		return LEAT_OK;
	rc = length_emit_carry(st, n_prefix, length);
	return rc < 0 ? rc : LEAT_MORE;
}

/* ---- records of the frame in hand ----------------------------------------- */

/*
 * Take whole records until the array is full, or a table's text is.
 * @return how many, or a code
 */
static int
length_fill(struct leat_stage *st, struct leat_frame *in, struct leat_row *rows)
{
	struct length_parse *s = leat_stage_state(st);
	uint32_t start = (uint32_t)(in->data - leat_frame_start(in));
	uint32_t n_text_left = s->schema ? s->n_text_max : UINT32_MAX;
	uint32_t n = 0, n_prefix, length;

	while (n < LENGTH_ROWS) {
		uint32_t n_left = in->len_bytes - s->at;
		int rc = length_look(st, in->data + s->at, n_left,
			in->source_offset + s->at, &n_prefix, &length);

		if (rc < 0)
			return rc;
		if (rc == 0 || n_left - n_prefix < length ||
			length > n_text_left)
			break;
		n_text_left -= length;
		rows[n++] = (struct leat_row){start + s->at + n_prefix, length};
		s->at += n_prefix + length;
	}
	return (int)n;
}

/* LEAT_MORE: a frame has been emitted. LEAT_OK: there is no whole record. */
static int
length_emit_rows(struct leat_stage *st, struct leat_frame *in)
{
	struct length_parse *s = leat_stage_state(st);
	uint64_t offset = in->source_offset + s->at;
	struct leat_frame *out;
	struct leat_row *rows;
	int n;
	int rc = leat_stage_acquire(st, &out);

	if (rc < 0)
		return rc;
	leat_frame_begin_rows(out, in, &rows);
	n = length_fill(st, in, rows);
	if (n <= 0) {
		leat_stage_release(st, out);
		return n;
	}
	out->n_items = (uint32_t)n;
	out->len_bytes = (uint32_t)n * (uint32_t)sizeof(*rows);
	out->source_offset = offset;
	rc = length_emit(st, out);
	return rc < 0 ? rc : LEAT_MORE;
}

/* The same. */
static int
length_emit_rows_table(struct leat_stage *st, struct leat_frame *in)
{
	struct length_parse *s = leat_stage_state(st);
	uint64_t offset = in->source_offset + s->at;
	int rc = length_fill(st, in, s->rows);

	if (rc <= 0)
		return rc;
	rc = length_emit_table(st, (uint32_t)rc, leat_frame_start(in), offset);
	return rc < 0 ? rc : LEAT_MORE;
}

/* ---- the stage ------------------------------------------------------------ */

static int
length_fail_short(struct leat_stage *st, const struct length_parse *s)
{
	leat_stage_fail(st, LEAT_EDATA,
		"%s: truncated: it ends %u bytes into the record that begins "
		"at byte %llu",
		s->origin, s->n_carry, (unsigned long long)s->offset);
	return leat_stage_locate(st, s->origin, 0, 0, s->offset);
}

static int
length_begin(struct leat_stage *st, struct leat_frame *in)
{
	struct length_parse *s = leat_stage_state(st);

	if ((in->flags & LEAT_FRAME_FIRST) && s->n_carry)
		return length_fail_short(st, s);
	if (in->flags & LEAT_FRAME_FIRST)
		s->origin = leat_frame_file(in);
	s->is_begun = 1;
	s->is_cut |= in->flags & LEAT_FRAME_CUT;
	s->at = 0;
	/* records of whoever made these bytes end here, others begin */
	leat_stage_count(st, LEAT_COUNT_FOLDED, in->n_items);
	return LEAT_OK;
}

static int
length_process(struct leat_stage *st, struct leat_frame *in)
{
	struct length_parse *s = leat_stage_state(st);
	int rc = s->is_begun ? LEAT_OK : length_begin(st, in);

	if (rc == LEAT_OK && s->n_carry)
		rc = length_join(st, in);
	else if (rc == LEAT_OK && s->at < in->len_bytes)
		rc = s->schema ? length_emit_rows_table(st, in)
			       : length_emit_rows(st, in);
	if (rc != LEAT_OK)
		return rc;
	if (s->at < in->len_bytes) {
		s->offset = in->source_offset + s->at;
		length_carry(s, in, in->len_bytes);
	}
	s->is_begun = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
length_finish(struct leat_stage *st)
{
	struct length_parse *s = leat_stage_state(st);

	return s->n_carry && !s->is_cut ? length_fail_short(st, s) : LEAT_OK;
}

static const struct leat_option length_options[] = {
	{.name = "prefix",
		.type = LEAT_OPTION_ENUM,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_length_parse_opts, prefix),
		.fallback = "u32be",
		.values = LENGTH_PREFIXES,
		.help = "how the length of a record is written before it"},
	{.name = "max_record_bytes",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(
			struct leat_length_parse_opts, max_record_bytes),
		.min = 1,
		.max = 1 << 30,
		.fallback = "1M",
		.unit = "bytes",
		.help = "longest record; a longer one is an error"},
	{.name = "filename",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_length_parse_opts, filename),
		.help = "make a table: the column `record`, and one of this "
			"name that says which file it is of"},
	{.name = NULL},
};

const struct leat_stage_ops leat_length_parse_ops = {
	LEAT_STAGE_OPS_INIT("length.parse"),
	.summary = "bytes to rows, each with its length before it",
	.help = "A record is its length, in 1, 2 or 4 bytes or as a varint, "
		"and so many\n"
		"bytes of whatever kind. Input that ends inside a record is an "
		"error.\n"
		"\n"
		"    leat run 'read a.bin ! length.parse u16le ! count'\n",
	.state_bytes = sizeof(struct length_parse),
	.opts_bytes = sizeof(struct leat_length_parse_opts),
	.options = length_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.out_layout = LEAT_LAYOUT_ROWS,
	.init = length_init,
	.negotiate = length_negotiate,
	.open = length_open,
	.process = length_process,
	.finish = length_finish,
	.gives = length_gives,
};
