/*
 * leat/table.h -- the ETL data model: columns, schema, text, expressions.
 *
 * A table frame holds rows of columns. A column of a parsed file is text: its
 * fields are found, not copied and not converted, until a stage asks for a
 * type; then a vector in Arrow's layout (values, and validity bits with bit
 * k = row k) is made in the frame itself and kept there. A selection says
 * which rows are alive, so that a filter moves no data.
 *
 *	struct leat_table t;
 *	leat_table_open(frame, &t);
 *	for (uint32_t k = 0; k < t.n_rows; k++) {
 *		struct leat_text x;
 *		leat_table_text(&t, col, leat_table_row(&t, k), &x);
 *	}
 *
 * Everything in a table payload is addressed relative to the slot, so a
 * payload can be copied, and be read by another process.
 */
#ifndef LEAT_TABLE_H
#define LEAT_TABLE_H

#include <stdbool.h>

#include <leat/base.h>
#include <leat/pool.h>
#include <leat/stage.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LEAT_TABLE_COLUMNS_MAX 4096
#define LEAT_TABLE_ROWS_MAX    65535 /* of one frame */
#define LEAT_TABLE_NAME_MAX    1024  /* bytes of a column name */

/** Types of columns; in brackets what a vector of one has for each row. */
enum leat_type {
	LEAT_TYPE_TEXT = 1, /* bytes, usually UTF-8 [struct leat_piece] */
	LEAT_TYPE_INT64,    /* [int64_t] */
	LEAT_TYPE_FLOAT64,  /* [double] */
	LEAT_TYPE_BOOL,     /* [a bit] */
	LEAT_TYPE_DECIMAL,  /* exact; the column's scale says how many digits */
			    /* stand behind the point [struct leat_decimal] */
	LEAT_TYPE_DATE,     /* [int64_t days since 1970-01-01] */
	LEAT_TYPE_TIMESTAMP, /* [int64_t us since 1970-01-01T00:00:00Z] */
	LEAT_TYPE_BINARY,    /* bytes; as text: hexadecimal [leat_piece] */
	LEAT_TYPE_N
};

/** "string", "int64", "float64", "bool", "decimal", "date", "timestamp",
 * "binary". */
LEAT_API const char *leat_type_name(uint32_t type);

/** The type of this name ("text" is "string", too), or 0. */
LEAT_API uint32_t leat_type_find(const char *name, size_t n_bytes);

struct leat_column {
	const char *name; /* NUL-terminated UTF-8, unique in its schema */
	uint32_t type;    /* enum leat_type */
	uint32_t field;   /* which field of the source text it is; */
			  /* LEAT_FIELD_NONE: a vector of its own */
	uint32_t vector;  /* which vector it then is, from 0; else unused */
	uint32_t scale;   /* of DECIMAL: digits behind the point */
	uint32_t flags;   /* LEAT_COLUMN_* */
};

#define LEAT_FIELD_NONE UINT32_MAX

#define LEAT_COLUMN_JSON (1u << 0) /* TEXT that is JSON: an object, a list */
/* Pieces that are not LEAT_PIECE_OWN stand in JSON text: one with a quote
 * before it is a string, which is no value of a column of numbers or of bool.
 */
#define LEAT_COLUMN_LITERALS (1u << 1)

#define LEAT_DECIMAL_DIGITS_MAX 38

/** A whole number of 128 bits, as Arrow has it: low first. */
struct leat_decimal {
	uint64_t low;
	int64_t high;
};

/** Where a TEXT or BINARY value of a vector stands. */
struct leat_piece {
	uint32_t at;
	/* with LEAT_PIECE_OWN at counts from the frame's data, without it from
	 * the source text */
	uint32_t len;
};

#define LEAT_PIECE_OWN (1u << 31)

/**
 * Names and types of the columns. Made once per stage that changes them, in
 * that stage's side memory; equal pointers mean equal schemas.
 */
struct leat_schema {
	uint32_t n_columns;
	uint32_t n_fields;  /* fields of a row of the source text, 0 = none */
	uint32_t n_vectors; /* own ones that frames of this schema have */
	uint32_t separator; /* between fields of the source text */
	uint32_t quote;     /* around fields of it; 0 = none */
	const char *origin; /* what the source is called, for messages */
	const struct leat_column *columns;
	const char *head; /* the source's first line, if that names its fields;
			   * for dead letters; NULL = it does not */
	uint32_t flags;   /* LEAT_SCHEMA_* */
	uint32_t reserved;
};

/** The text of its fields is no source's: a stage has put it there. */
#define LEAT_SCHEMA_OWN_TEXT (1u << 0)

/** A piece of text. [lent] by the frame. */
struct leat_text {
	const uint8_t *data;
	uint32_t len;
};

/** A typed column in Arrow's layout. [lent] by the frame. */
struct leat_vector {
	uint32_t type;        /* enum leat_type */
	uint32_t n_rows;      /* all of the frame, selected or not */
	uint32_t scale;       /* of DECIMAL */
	const void *values;   /* see enum leat_type */
	const uint8_t *valid; /* bit k set = row k has a value; NULL = all */
	const uint8_t *text;  /* that pieces point into */
	const uint8_t *own;   /* that pieces with LEAT_PIECE_OWN point into */
};

struct leat_table_head; /* what stands in the slot; private */

/** A table frame, opened. [lent] */
struct leat_table {
	const struct leat_schema *schema;
	struct leat_frame *frame;
	struct leat_table_head *head;
	const uint8_t *text; /* that fields point into */
	const uint32_t
		*fields; /* end of field f of row r: [r * n_fields + f] */
	const uint32_t *select; /* rows alive, ascending; NULL = all */
	uint32_t n_rows;        /* rows alive */
	uint32_t n_rows_all;    /* rows in the frame */
	uint32_t first;         /* offset in text where row 0 begins */
	uint32_t text_bytes;    /* of the text, from its offset 0 */
	uint32_t has_quotes;    /* LEAT_QUOTES_*; 0: no field needs decoding */
	const char *file; /* that the rows are of; NULL = schema's origin */
};

#define LEAT_QUOTES_NONE  0u
#define LEAT_QUOTES_PLAIN 1u /* only where RFC 4180 has them */
#define LEAT_QUOTES_ODD   2u /* also inside fields without quotes, as data */

/** Has the vector a value in this row? */
static inline bool
leat_vector_has(const struct leat_vector *v, uint32_t row)
{
	return !v->valid || (v->valid[row / 8] >> (row % 8) & 1);
}

/** The value of a TEXT or BINARY vector in a row that has one. */
static inline struct leat_text
leat_vector_text(const struct leat_vector *v, uint32_t row)
{
	struct leat_piece piece = ((const struct leat_piece *)v->values)[row];
	struct leat_text x = {
		(piece.len & LEAT_PIECE_OWN ? v->own : v->text) + piece.at,
		piece.len & ~LEAT_PIECE_OWN};

	return x;
}

/** Position of a value in its source, for messages. */
struct leat_position {
	uint64_t line;   /* from 1 */
	uint64_t column; /* bytes, from 1 */
	uint64_t offset; /* bytes from the start of the source */
};

/* ---- schema ------------------------------------------------------------- */

/**
 * Make a schema in a stage's side memory: names are copied, types TEXT,
 * fields numbered from 0, separator and quote those of RFC 4180. A name that
 * was there before gets "_2", "_3", ... Freed with the stage, or as a whole by
 * leat_stage_free().
 *
 * @return LEAT_OK; LEAT_EINVAL (n is 0, a NUL byte in a name); LEAT_ELIMIT
 * (LEAT_TABLE_COLUMNS_MAX, LEAT_TABLE_NAME_MAX, side memory); LEAT_ENOMEM.
 */
LEAT_API LEAT_MUST_CHECK int leat_schema_create(struct leat_stage *st,
	const struct leat_text *names, uint32_t n, struct leat_schema **out);

/** Number of the column with this name, or -1. */
LEAT_API int32_t leat_schema_find(
	const struct leat_schema *schema, const char *name, size_t n_bytes);

/** The nearest name for "did you mean"; NULL if none is near. [lent] */
LEAT_API const char *leat_schema_suggest(
	const struct leat_schema *schema, const char *name, size_t n_bytes);

/** "a, b, c, ... (14 in all)" for messages. */
LEAT_API size_t leat_schema_names(
	const struct leat_schema *schema, char *buf, size_t n_bytes);

/**
 * Say that no column has this name: "no column 'dely'; did you mean 'delay'?;
 * there are: date, delay". For leat_stage_fail_at().
 *
 * @param buf  LEAT_ERROR_TEXT_BYTES take all of it; more is cut off
 * @return bytes of the whole text
 */
LEAT_API size_t leat_schema_unknown(const struct leat_schema *schema,
	struct leat_text name, char *buf, size_t n_bytes);

/* ---- reading ------------------------------------------------------------ */

/** Open a frame of layout table. Cheap: once per frame and stage. */
LEAT_API void leat_table_open(struct leat_frame *frame, struct leat_table *t);

/** The k-th row alive. */
static inline uint32_t
leat_table_row(const struct leat_table *t, uint32_t k)
{
	return t->select ? t->select[k] : k;
}

/**
 * A value as it stands in the source, quotes and all; for passing on what
 * was not changed. Only for columns with a field.
 */
LEAT_API struct leat_text leat_table_raw(
	const struct leat_table *t, uint32_t column, uint32_t row);

/**
 * A value as text, decoded. What needs decoding or printing is put into
 * scratch.
 *
 * @param scratch  room for it: leat_table_text_bytes() at least
 * @return the text; data NULL for a null of a typed column
 */
LEAT_API struct leat_text leat_table_text(const struct leat_table *t,
	uint32_t column, uint32_t row, uint8_t *scratch);

/** Most scratch that a value of a vector needs that is not BINARY. */
#define LEAT_TABLE_PRINT_BYTES 48

/** Scratch that leat_table_text() needs for this value; often 0. */
LEAT_API uint32_t leat_table_text_bytes(
	const struct leat_table *t, uint32_t column, uint32_t row);

/**
 * A column as a typed vector. Text is converted on the first call, for the
 * rows alive, and kept in the frame; an empty field is null. As TEXT: fields
 * as pieces of the source, decoded where that is needed. DECIMAL gets the
 * column's scale; more digits behind the point than that do not convert.
 *
 * @param bad_row  on LEAT_EDATA: the first row that does not convert
 *
 * @return LEAT_OK; LEAT_EDATA; LEAT_ELIMIT if the frame has no room (use
 * leat_table_text() then); LEAT_EINVAL if the column has another type: only
 * what is text becomes one.
 *
 * Threads: the frame's only holder.
 */
LEAT_API LEAT_MUST_CHECK int leat_table_vector(struct leat_table *t,
	uint32_t column, uint32_t type, struct leat_vector *out,
	uint32_t *bad_row);

/** Where a value stands in its source. Slow: counts lines; for messages. */
LEAT_API struct leat_position leat_table_position(
	const struct leat_table *t, uint32_t column, uint32_t row);

/* ---- changing ----------------------------------------------------------- */

/**
 * Keep only some of the rows alive.
 *
 * @param rows  ascending row numbers, in the frame's own selection buffer or
 *              elsewhere; copied if elsewhere                          [lent]
 */
LEAT_API void leat_table_select(
	struct leat_table *t, const uint32_t *rows, uint32_t n);

/** The frame's selection buffer, n_rows_all entries, for select. [lent] */
LEAT_API uint32_t *leat_table_selection(struct leat_table *t);

/** Give the frame another schema whose columns name fields or vectors of it. */
LEAT_API void leat_table_set_schema(
	struct leat_table *t, const struct leat_schema *schema);

/* ---- making ------------------------------------------------------------- */

/**
 * Slot size for tables: 65535 field ends, a selection, 1 MiB for vectors, and
 * text_bytes of text of its own. Untouched parts cost no memory.
 */
LEAT_API uint32_t leat_table_frame_bytes(uint32_t text_bytes);

/**
 * Begin a table without source text in a fresh frame; then add its vectors
 * with leat_table_add_vector(), number 0 first. The schema has n_fields 0 and
 * columns with field LEAT_FIELD_NONE.
 *
 * @return LEAT_OK, LEAT_ELIMIT (rows, or the frame is too small).
 */
LEAT_API LEAT_MUST_CHECK int leat_table_begin(struct leat_frame *frame,
	const struct leat_schema *schema, uint32_t n_rows,
	struct leat_table *t);

/** Room for a vector, to be filled in. [lent] by the frame */
struct leat_vector_room {
	void *values;   /* zeroed */
	uint8_t *valid; /* all bits set */
};

/**
 * Room for the next own vector, also of a table over fields: number
 * schema->n_vectors first. Its column is in the schema that is set then.
 *
 * @param type  a type of columns
 * @param scale  of DECIMAL, else 0
 *
 * @return LEAT_OK, LEAT_EINVAL (type), LEAT_ELIMIT (no room in the frame).
 */
LEAT_API LEAT_MUST_CHECK int leat_table_add_vector(struct leat_table *t,
	uint32_t type, uint32_t scale, struct leat_vector_room *out);

/**
 * Put bytes that a piece points at into the frame.
 *
 * @param data  NULL: only room, to be filled in at t->frame->data + out->at
 *
 * @return LEAT_OK, LEAT_ELIMIT (no room in the frame).
 */
LEAT_API LEAT_MUST_CHECK int leat_table_add_text(struct leat_table *t,
	const void *data, size_t n_bytes, struct leat_piece *out);

/** A piece of the source text; data lies there. */
static inline struct leat_piece
leat_table_piece(const struct leat_table *t, struct leat_text x)
{
	struct leat_piece piece = {(uint32_t)(x.data - t->text), x.len};

	return piece;
}

/** Bytes that vectors and text can still take in the frame. */
LEAT_API uint32_t leat_table_room(const struct leat_table *t);

/** What leat_table_begin_fields() is told. */
struct leat_fields {
	const struct leat_schema *schema;
	/* holds the text, one reference of it [moved]; NULL: the frame does */
	struct leat_frame *base;
	uint32_t text_offset; /* of the text in base's slot, or the frame's; */
	/* 64 bytes behind it can be read */
	uint32_t first;      /* offset in the text where row 0 begins */
	uint32_t text_bytes; /* of the text; 0 = up to the last field */
	uint32_t n_rows;
	uint32_t has_quotes;    /* LEAT_QUOTES_* */
	uint64_t source_offset; /* of text[0] in the source, bytes */
	uint64_t line;          /* line number at text + first, from 1 */
	const char *file; /* that the rows are of, for messages, [lent] as long
			   * as the graph lives; NULL = the schema's origin */
};

/**
 * Begin a table over the fields of a text. The caller has filled the field
 * ends at leat_table_fields_room() with n_rows * n_fields entries.
 */
LEAT_API void leat_table_begin_fields(
	struct leat_frame *frame, const struct leat_fields *fields);

/**
 * Where field ends go in a fresh frame, and how many fit. Text of the frame's
 * own may stand from twice as many entries behind it (the second half is for
 * the selection).
 */
LEAT_API uint32_t *leat_table_fields_room(
	struct leat_frame *frame, uint32_t *n_max_out);

/**
 * Begin a table over rows of another one in a fresh frame: a selection of its
 * own, and nothing else is copied. It begins with no row alive; fill
 * leat_table_selection() and call leat_table_select().
 *
 * For a stage that hands the rows of a frame to several outs. It says so in
 * negotiate: out->base_bytes is at least in->frame_bytes.
 *
 * @param of  a table or view, tied as base; nobody writes to it any more
 *                                                                    [shared]
 * @return LEAT_OK; LEAT_ELIMIT: the frame has no room for as many rows.
 */
LEAT_API LEAT_MUST_CHECK int leat_table_begin_view(
	struct leat_frame *frame, struct leat_frame *of, struct leat_table *t);

/* ---- text --------------------------------------------------------------- */

/** State of a scan across pieces of one text. Zero at the start of a record. */
struct leat_scan {
	uint64_t in_quotes; /* all ones inside quotes, else 0 */
	uint64_t after;     /* private: what the last byte was */
	uint32_t is_odd;    /* LEAT_SCAN_*: a quote stands where RFC 4180 has */
			    /* none; the scan then stops */
	uint32_t has_quotes;
	uint32_t n_lines;        /* record ends found */
	uint32_t n_quoted_lines; /* newlines found inside quotes */
};

#define LEAT_SCAN_ODD 1u /* leat_text_scan_exact() can read it */
#define LEAT_SCAN_BAD 2u /* text after a closing quote: nothing can */

/** Characters that a scan looks for. */
struct leat_dialect {
	uint8_t separator;
	uint8_t quote; /* 0 = no quoting */
};

/**
 * Find the ends of fields and records: writes the offset of every separator
 * and newline outside quotes. Reads up to 64 bytes beyond n_bytes (the slot
 * must hold them), never writes there.
 *
 * @param out    offsets relative to text, plus base
 * @param n_max  room; the scan stops early, on a multiple of 64 bytes, when
 *               fewer than 64 entries are left
 * @param n_scanned  how far it came
 *
 * @return number of offsets written.
 *
 * Source: Langdale and Lemire, Parsing gigabytes of JSON per second, 2019.
 */
LEAT_API uint32_t leat_text_scan(struct leat_scan *scan,
	const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes, uint32_t base, uint32_t *out, uint32_t n_max,
	uint32_t *n_scanned);

/**
 * As leat_text_scan, a byte at a time, for text with quotes inside fields that
 * do not begin with one: there they are data, as Python's csv has it. Reads
 * only n_bytes and stops when the room is full. Text after a closing quote
 * ends it: is_odd is LEAT_SCAN_BAD and n_scanned the place.
 */
LEAT_API uint32_t leat_text_scan_exact(struct leat_scan *scan,
	const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes, uint32_t base, uint32_t *out, uint32_t n_max,
	uint32_t *n_scanned);

/** Which code the scan runs on this machine: "avx512", "avx2", "sse2", "neon",
 * "portable". */
LEAT_API const char *leat_text_scan_name(void);

/** State of a cut across pieces of one text. Zero at the start of a record. */
struct leat_cut {
	struct leat_scan scan; /* is_odd, has_quotes, in_quotes: as there */
	uint32_t is_exact;     /* private: the scan's state is the exact one */
	uint32_t end; /* set by a call: behind the last record end in */
	/* its text; 0 = none */
	uint64_t n_lines;     /* newlines since the state was zero */
	uint64_t n_end_lines; /* of these, up to the last record end */
};

/**
 * Find the last record end of a text: where bytes can be cut so that every
 * piece holds whole records. Exact: where quotes stand as RFC 4180 has it, and
 * where leat_text_scan_exact() has to be asked. Reads up to 64 bytes beyond
 * n_bytes, never writes.
 *
 * @return how far it came: n_bytes, or less where text follows a closing quote:
 * that byte's place, scan.is_odd is LEAT_SCAN_BAD, and end is that of the last
 * record that can be read.
 */
LEAT_API uint32_t leat_text_cut(struct leat_cut *cut,
	const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes);

/** As leat_text_cut, but stops behind the first record end; reads only n_bytes,
 * a byte at a time. */
LEAT_API uint32_t leat_text_cut_first(struct leat_cut *cut,
	const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes);

/**
 * Count the records of a text that begins and ends where records do, without
 * noting where fields end. Reads up to 64 bytes beyond n_bytes.
 *
 * @return whether all have n_fields fields and no quote is odd; n_records_out
 * is set then.
 */
LEAT_API bool leat_text_count(const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes, uint32_t n_fields,
	uint32_t *n_records_out);

/** What leat_text_scan_lean() is told, and finds. */
struct leat_lean {
	uint32_t n_fields;   /* that every record is to have */
	uint32_t n_kept;     /* of these whose ends are wanted, less than all */
	uint32_t n_records;  /* found */
	uint32_t n_taken;    /* bytes of them */
	uint32_t has_quotes; /* LEAT_QUOTES_NONE or _PLAIN */
};

/**
 * Find the ends of the first fields of records, and of the records: n_kept + 1
 * of each, as those of a text whose records have one field behind these that is
 * all the rest. The text begins and ends where records do. Reads up to 64 bytes
 * beyond n_bytes.
 *
 * @param out    n_max entries, of which the last 64 * (n_kept + 1) may be
 *               written without being filled
 *
 * @return whether all records that there is room for have n_fields fields, and
 * no quote is odd; otherwise out has nothing.
 */
LEAT_API bool leat_text_scan_lean(struct leat_lean *lean,
	const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes, uint32_t *out, uint32_t n_max);

/**
 * Read a whole text as a number.
 * @return LEAT_OK, LEAT_EDATA (not a number), LEAT_ELIMIT (does not fit).
 */
LEAT_API LEAT_MUST_CHECK int leat_text_int64(
	struct leat_text text, int64_t *out);

/** As leat_text_int64, for decimal and exponent notation. */
LEAT_API LEAT_MUST_CHECK int leat_text_float64(
	struct leat_text text, double *out);

/** Print so that it reads back to the same number. @return length, <= 32 */
LEAT_API uint32_t leat_text_print_int64(int64_t value, char *buf);
LEAT_API uint32_t leat_text_print_float64(double value, char *buf);

/* ---- writing text ------------------------------------------------------- */

/**
 * The open output frame of a stage that formats: holds 1, emits at most one
 * frame a call. A record that does not fit goes to the next frame as a whole;
 * one longer than a frame is continued there. Zeroed = new.
 *
 *	leat_writer_enter(w, in);
 *	while (row < n) {
 *		if ((rc = leat_writer_begin_record(st, w)))
 *			return rc;
 *		leat_writer_put(w, ...);
 *		row += leat_writer_end_record(w);
 *	}
 */
struct leat_writer {
	struct leat_frame *frame; /* NULL = none open */
	uint8_t *at;              /* where the next byte goes */
	uint8_t *end;             /* of the slot */
	uint8_t *record;          /* where the record in work begins */
	uint64_t skip;            /* bytes of it that were emitted before */
	uint64_t skip_left;       /* of these, still to come by again */
	uint64_t offset;          /* bytes emitted so far */
	uint64_t stamp;           /* of the input frame */
	int64_t birth_ns;         /* of the input frame */
	uint32_t is_full;         /* a put did not fit */
	uint32_t has_emitted;     /* in this call */
	uint32_t headroom;        /* bytes left free before a frame's payload */
	uint32_t reserved;
};

/** Begin a call of process; in may be NULL in flush and finish. [lent] */
LEAT_API void leat_writer_enter(
	struct leat_writer *w, const struct leat_frame *in);

/**
 * Begin a record, or the same one again after leat_writer_end_record() was 0.
 * @return LEAT_OK; LEAT_MORE, to be returned by the stage; or a code.
 */
LEAT_API LEAT_MUST_CHECK int leat_writer_begin_record(
	struct leat_stage *st, struct leat_writer *w);

/** Put the next bytes of the record. */
LEAT_API void leat_writer_put(
	struct leat_writer *w, const void *data, size_t n_bytes);

/** @return 1 if the record is complete; 0: begin it again. */
LEAT_API uint32_t leat_writer_end_record(struct leat_writer *w);

/**
 * Emit what is there, or release an empty frame; for flush and finish. In fini
 * `leat_frame_release(w->frame)` ends what a failed run left. LEAT_OK or a
 * code.
 */
LEAT_API LEAT_MUST_CHECK int leat_writer_flush(
	struct leat_stage *st, struct leat_writer *w);

/* ---- rows, one after the other ------------------------------------------- */

/**
 * The open frame of a stage that makes tables of its own: holds 1, emits at
 * most one frame a call, needs leat_builder_frame_bytes(). Zeroed = new.
 *
 *	leat_builder_enter(b, schema, in);
 *	while (row < n) {
 *		if ((rc = leat_builder_begin_row(st, b)))
 *			return rc;
 *		leat_builder_int64(b, 0, 17);
 *		leat_builder_text(b, 1, text);	columns that get none are null
 *		if ((rc = leat_builder_end_row(st, b)) < 0)
 *			return rc;
 *		row += (uint32_t)rc;
 *	}
 *
 * The schema's columns are vectors: n_fields 0, column k is vector k.
 */
struct leat_builder {
	const struct leat_schema *schema;
	struct leat_frame *frame; /* NULL = none open */
	struct leat_vector_room
		*columns;     /* side memory, made at the first row */
	uint32_t n_rows;      /* complete */
	uint32_t max_rows;    /* of this frame */
	uint32_t text_at;     /* behind the last complete row's */
	uint32_t at;          /* behind the row's in work */
	uint32_t end;         /* of the slot */
	uint64_t stamp;       /* of the input frame */
	int64_t birth_ns;     /* of the input frame */
	uint32_t is_full;     /* a value did not fit */
	uint32_t has_emitted; /* in this call */
	uint32_t has_ever_emitted;
};

/** Payload for the needs of a stage with a builder. */
LEAT_API uint32_t leat_builder_frame_bytes(void);

/** Side memory that a builder of so many columns takes. */
LEAT_API uint64_t leat_builder_side_bytes(uint64_t n_columns);

/** Begin a call of process; in may be NULL in flush and finish. The schema
 * stays the same while a frame is open. [lent] */
LEAT_API void leat_builder_enter(struct leat_builder *b,
	const struct leat_schema *schema, const struct leat_frame *in);

/**
 * Begin a row, or the same one again after leat_builder_end_row() was 0.
 * @return LEAT_OK; LEAT_MORE, to be returned by the stage; or a code.
 */
LEAT_API LEAT_MUST_CHECK int leat_builder_begin_row(
	struct leat_stage *st, struct leat_builder *b);

/** INT64, DATE, TIMESTAMP, by the column's type. */
LEAT_API void leat_builder_int64(
	struct leat_builder *b, uint32_t column, int64_t value);
LEAT_API void leat_builder_float64(
	struct leat_builder *b, uint32_t column, double value);
LEAT_API void leat_builder_bool(
	struct leat_builder *b, uint32_t column, bool value);
LEAT_API void leat_builder_decimal(
	struct leat_builder *b, uint32_t column, struct leat_decimal value);
/** TEXT and BINARY. */
LEAT_API void leat_builder_text(
	struct leat_builder *b, uint32_t column, struct leat_text value);
/** A value of a column of the same type (and scale) of another table. */
LEAT_API void leat_builder_copy(struct leat_builder *b, uint32_t column,
	const struct leat_vector *v, uint32_t row);

/**
 * @return 1 if the row is complete; 0: begin it again; LEAT_ELIMIT, said by
 * leat_stage_fail(): a row that no frame can hold.
 */
LEAT_API LEAT_MUST_CHECK int leat_builder_end_row(
	struct leat_stage *st, struct leat_builder *b);

/**
 * Emit what is there, or release an empty frame; for flush and finish. A table
 * of no row is emitted if nothing ever was and is_needed. In fini
 * `leat_frame_release(b->frame)` ends what a failed run left. LEAT_OK or a
 * code.
 */
LEAT_API LEAT_MUST_CHECK int leat_builder_flush(
	struct leat_stage *st, struct leat_builder *b, bool is_needed);

/* ---- types --------------------------------------------------------------- */

/**
 * What types do columns of text have? Fed with sample values, then asked.
 * Narrowest of int64, float64, bool, date, timestamp that all values that are
 * not empty have; of none, string. A column of whole numbers one of which has
 * leading zeros is a string.
 */
struct leat_infer {
	uint32_t could_be; /* private: bits 1 << type */
	uint32_t n_values;
};

/** Begin. */
LEAT_API struct leat_infer leat_infer_begin(void);
/** Look at one value, decoded; empty ones say nothing. */
LEAT_API void leat_infer_value(struct leat_infer *infer, struct leat_text x);
/** The type; TEXT if there was no value. */
LEAT_API uint32_t leat_infer_type(const struct leat_infer *infer);

/** One entry of a declared schema. */
struct leat_declared {
	struct leat_text name; /* into the list; in quotes as it stands */
	uint32_t type;
	uint32_t scale;
	uint32_t offset; /* of the entry in the list, for messages */
	uint32_t n_bytes;
};

/**
 * Read "id:int64,day:date,price:decimal(2),\"last name\":string" an entry at
 * a time.
 *
 * @param at_io  where the entry begins; behind it after the call
 *
 * @return LEAT_OK; LEAT_EOS at the end; LEAT_EINVAL with place and text.
 */
struct leat_expr_error;
LEAT_API LEAT_MUST_CHECK int leat_declared_next(const char *list,
	uint32_t *at_io, struct leat_declared *out,
	struct leat_expr_error *err);

/**
 * Whole texts as leat_text_int64 reads them; LEAT_EDATA or LEAT_ELIMIT.
 * A date is YYYY-MM-DD, from year -9999 to 9999.
 */
LEAT_API LEAT_MUST_CHECK int leat_text_date(
	struct leat_text text, int64_t *days_out);
/** YYYY-MM-DD[( |T)HH:MM[:SS[.ffffff]][Z|+HH[:MM]|-HH[:MM]]]; UTC if it names
 * no zone. */
LEAT_API LEAT_MUST_CHECK int leat_text_timestamp(
	struct leat_text text, int64_t *us_out);
LEAT_API LEAT_MUST_CHECK int leat_text_bool(
	struct leat_text text, bool *value_out);
LEAT_API LEAT_MUST_CHECK int leat_text_decimal(
	struct leat_text text, uint32_t scale, struct leat_decimal *out);

/**
 * Can a text be read as the values of a column are: as its type, and its scale?
 * Any text can as STRING and BINARY.
 */
LEAT_API bool leat_text_fits(
	struct leat_text text, const struct leat_column *column);

/** @return length: 10 or 11; up to 28; up to 41 */
LEAT_API uint32_t leat_text_print_date(int64_t days, char *buf);
LEAT_API uint32_t leat_text_print_timestamp(int64_t us, char *buf);
LEAT_API uint32_t leat_text_print_decimal(
	struct leat_decimal value, uint32_t scale, char *buf);

/* ---- expressions -------------------------------------------------------- */

struct leat_expr;

#define LEAT_EXPR_TEXT_MAX   16384   /* bytes of an expression */
#define LEAT_EXPR_NODES_MAX  4096    /* columns, literals, operators, calls */
#define LEAT_EXPR_DEPTH_MAX  64      /* parentheses and nots in each other */
#define LEAT_EXPR_SIDE_BYTES 4194304 /* most it takes of side_bytes */

/** Where an expression is wrong, relative to its text. */
struct leat_expr_error {
	uint32_t offset;
	uint32_t n_bytes;
	char text[256];
};

/**
 * Parse an expression; `leat help expressions` says what there is. All that it
 * will need is taken from the stage's side memory now.
 *
 * @param st      whose on_error is asked for rows that have no value
 * @param source  copied                                                [lent]
 * @param out     to be ended by leat_expr_destroy(), in fini at the latest
 *                                                                     [given]
 *
 * @return LEAT_OK; LEAT_EINVAL with the place; LEAT_ELIMIT, LEAT_ENOMEM;
 * LEAT_ENOTSUP: a regular expression, and built without PCRE2.
 */
LEAT_API LEAT_MUST_CHECK int leat_expr_parse(struct leat_stage *st,
	const char *source, struct leat_expr **out,
	struct leat_expr_error *err);

/** NULL is accepted. */
LEAT_API void leat_expr_destroy(struct leat_expr *expr);

/** Side memory that it takes, for the needs: settled once it is parsed. */
LEAT_API uint64_t leat_expr_side_bytes(const struct leat_expr *expr);

/**
 * Find its columns in a schema and check the types. May be called again.
 * @return LEAT_OK, or LEAT_EINVAL with the place and a suggestion.
 */
LEAT_API LEAT_MUST_CHECK int leat_expr_bind(struct leat_expr *expr,
	const struct leat_schema *schema, struct leat_expr_error *err);

/**
 * Of what type a bound expression is. One that is null for all rows is TEXT.
 * @param scale_out  of DECIMAL; NULL = not wanted
 */
LEAT_API uint32_t leat_expr_type(
	const struct leat_expr *expr, uint32_t *scale_out);

/**
 * Set wanted for the columns of a schema that it looks at; for the `wants` of a
 * stage. @return whether all that it names are there.
 */
LEAT_API bool leat_expr_wants(const struct leat_expr *expr,
	const struct leat_schema *schema, bool *wanted);

/** Is it a condition: true, false or null? One that is bound. */
LEAT_API bool leat_expr_is_condition(const struct leat_expr *expr);

/** Why a row has no value. */
struct leat_expr_fault {
	uint32_t column; /* whose value is wrong; LEAT_FIELD_NONE: no one's */
	uint32_t row;
	uint32_t type;      /* that was wanted */
	const char *reason; /* else; static */
	uint32_t offset;    /* of the part of the expression that is meant */
	uint32_t n_bytes;
};

/** "column 'delay' has 'n/a', where a number is wanted" */
LEAT_API void leat_expr_fault_text(const struct leat_expr *expr,
	const struct leat_table *t, const struct leat_expr_fault *fault,
	char *buf, size_t n_bytes);

/**
 * Find the rows alive for which a bound condition is true (null is not true).
 *
 * @param rows_out  room for t->n_rows; may be leat_table_selection(t)
 * @param n_out     how many
 * @param fault     NULL: rows that have no value are given to the stage's
 *                  on_error, and are left out if it says so
 *
 * @return LEAT_OK; LEAT_EDATA with the first fault; what leat_stage_reject()
 * said.
 */
LEAT_API LEAT_MUST_CHECK int leat_expr_filter(struct leat_expr *expr,
	struct leat_table *t, uint32_t *rows_out, uint32_t *n_out,
	struct leat_expr_fault *fault);

/**
 * Evaluate a bound expression for the rows alive, into the table's next own
 * vector; its column is in the schema that is set then. Rows that have no
 * value are no longer alive, if the stage's on_error says so.
 *
 * @param fault  as for leat_expr_filter()
 *
 * @return as leat_expr_filter(); LEAT_ELIMIT: the frame has no room for the
 * vector, and the table has those that it had.
 */
LEAT_API LEAT_MUST_CHECK int leat_expr_eval(struct leat_expr *expr,
	struct leat_table *t, struct leat_expr_fault *fault);

/** Rows that the last filter or eval gave to on_error. */
LEAT_API uint32_t leat_expr_n_rejected(const struct leat_expr *expr);

/**
 * leat_stage_reject() for a row of a table, with its place and its bytes: as
 * they stand in the source, or its values with commas between, at most 4 KiB.
 *
 * @param column  that the place is of; if it stands nowhere in the source, the
 *                place is that of the line, if the row has one
 */
LEAT_API LEAT_MUST_CHECK int leat_table_reject(struct leat_stage *st,
	const struct leat_table *t, uint32_t column, uint32_t row, int code,
	const char *reason);

/**
 * May the payload of a table frame be believed, that another process filled?
 * After true, what this header offers reads nothing outside of the slots of
 * the frame and its bases, as long as nobody writes to them.
 *
 * @param schema      the only one that is accepted
 * @param has_values  every column has its values; else only the rows count
 *
 * Cost: O(fields and values of text).
 */
LEAT_API bool leat_table_is_whole(struct leat_frame *frame,
	const struct leat_schema *schema, bool has_values);

#ifdef __cplusplus
}
#endif
#endif
