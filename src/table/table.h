/*
 * table/table.h -- the ETL data model, for its own files.
 *
 * A table frame's slot: head, field ends, selection, then (own text and)
 * vectors, each found by its distance from frame->data, so that a copy of the
 * payload is a table as well. A view has a head, a selection and vectors made
 * since; all else stands in its base, another table or view.
 */
#ifndef LEAT_SRC_TABLE_TABLE_H
#define LEAT_SRC_TABLE_TABLE_H

#include "base/base.h"
#include "table/neon.h"
#include <leat/table.h>

#define LEAT__TABLE_HEAD_BYTES   128
#define LEAT__TABLE_FIELDS_MAX   65535
#define LEAT__TABLE_SLACK_BYTES  8 /* that digits may be read in behind text */
#define LEAT__TABLE_VECTOR_BYTES (1u << 20)

struct leat_table_head {
	const struct leat_schema *schema;
	uint64_t source_offset; /* of text[0] */
	uint64_t line;          /* at text + first */
	uint32_t text_at;       /* in base's slot, or from frame->data */
	uint32_t has_base;
	uint32_t has_text;
	uint32_t first;
	uint32_t has_quotes;
	uint32_t n_rows_all;
	uint32_t n_rows; /* alive */
	uint32_t is_selected;
	uint32_t select_at;
	uint32_t free_at;    /* behind all that is used */
	uint32_t n_vectors;  /* own ones */
	uint32_t vectors_at; /* the last one made, 0 = none */
	uint32_t is_view;
	uint32_t text_bytes;
	const char *file; /* NULL = the schema's origin */
};

_Static_assert(sizeof(struct leat_table_head) <= LEAT__TABLE_HEAD_BYTES,
	"the head has its place");

#define LEAT__VECTOR_OWN (1u << 31) /* key: a vector's number, not a field */

/* What stands before a vector's values. */
struct leat__vector_head {
	uint32_t next; /* made before this one, 0 = none */
	uint32_t key;  /* field, or number | LEAT__VECTOR_OWN */
	uint32_t type;
	uint32_t scale;
	uint32_t values_at;
	uint32_t valid_at;
};

/* End of a last field: without CR, and without blank lines behind its row. */
static inline uint32_t
leat__table_line_end(const uint8_t *text, uint32_t start, uint32_t end)
{
	while (end > start) {
		uint32_t at = end - (text[end - 1] == '\r');

		if (at == start || text[at - 1] != '\n')
			return at;
		end = at - 1;
	}
	return end;
}

static inline struct leat_text
leat__table_field(const struct leat_table *t, uint32_t field, uint32_t row)
{
	size_t at = (size_t)row * t->schema->n_fields + field;
	uint32_t start = at ? t->fields[at - 1] + 1 : t->first;
	uint32_t end = t->fields[at];

	if (field + 1 == t->schema->n_fields)
		end = leat__table_line_end(t->text, start, end);
	return (struct leat_text){t->text + start, end - start};
}

/* Is it in quotes? Then what stands between them is its text, but for doubled
 * quotes. */
static inline bool
leat__text_is_quoted(struct leat_text x, uint32_t quote)
{
	return x.len >= 2 && x.data[0] == quote && x.data[x.len - 1] == quote &&
		quote;
}

/* Between the quotes, doubled ones made single: in scratch, where there are
 * any. */
struct leat_text leat__text_decode(
	struct leat_text x, uint32_t quote, uint8_t *scratch);
bool leat__text_needs_scratch(struct leat_text x, uint32_t quote);

static inline struct leat_table_head *
leat__table_head(const struct leat_frame *frame)
{
	return (struct leat_table_head *)(void *)frame->data;
}

/* The vector of a column, if there is one yet: its text, or else of its type.
 */
bool leat__table_vector_find(const struct leat_table *t,
	const struct leat_column *column, struct leat_vector *out);
/* Bytes of n_rows values of a type. */
size_t leat__vector_bytes(uint32_t type, uint32_t n_rows);
/* Begin a fresh frame for at most so many rows; returns the distance of what
 * is free from frame->data. */
uint32_t leat__table_begin_rows(struct leat_frame *frame,
	const struct leat_schema *schema, uint32_t max_rows);
/* The next own vector stands there: its head, values for max_rows, bits. */
void leat__table_place_vector(struct leat_frame *frame, uint32_t at,
	uint32_t type, uint32_t scale, uint32_t max_rows);

/* ---- vector.c ----------------------------------------------------------- */

/* From JSON, of a type that JSON has: then a string is no value of it. */
static inline bool
leat__column_is_strict(const struct leat_column *column)
{
	return (column->flags & LEAT_COLUMN_LITERALS) &&
		(column->type == LEAT_TYPE_INT64 ||
			column->type == LEAT_TYPE_FLOAT64 ||
			column->type == LEAT_TYPE_BOOL);
}

/* Was this piece of JSON text, which has a value, a string? */
static inline bool
leat__vector_is_string(const struct leat_vector *pieces, uint32_t row)
{
	const struct leat_piece *piece =
		(const struct leat_piece *)pieces->values + row;

	return !(piece->len & LEAT_PIECE_OWN) &&
		pieces->text[piece->at - 1] == '"';
}

/* ---- scan_*.c: the same result from different instructions -------------- */

/* leat_text_scan() */
typedef uint32_t (*leat__scan_fn)(struct leat_scan *scan,
	const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes, uint32_t base, uint32_t *out, uint32_t n_max,
	uint32_t *n_scanned);
/* leat_text_cut() up to an odd quote */
typedef uint32_t (*leat__cut_fn)(struct leat_cut *cut,
	const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes);
/* Newlines in a text. */
typedef uint64_t (*leat__lines_fn)(const uint8_t *text, uint32_t n_bytes);
/* leat_text_count() */
typedef bool (*leat__count_fn)(const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes, uint32_t n_fields,
	uint32_t *n_records);

/* leat_text_scan_lean() */
typedef bool (*leat__lean_fn)(struct leat_lean *lean,
	const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes, uint32_t *out, uint32_t n_max);

/* What one kind of machine runs. */
struct leat__scanner {
	const char *name;
	leat__scan_fn scan;
	leat__cut_fn cut;
	leat__lines_fn lines;
	leat__count_fn count;
	leat__lean_fn lean;
};

#define LEAT__SCANNER_DECLARE(kind)                                            \
	uint32_t leat__table_scan_##kind(struct leat_scan *scan,               \
		const struct leat_dialect *dialect, const uint8_t *text,       \
		uint32_t n_bytes, uint32_t base, uint32_t *out,                \
		uint32_t n_max, uint32_t *n_scanned);                          \
	uint32_t leat__table_cut_##kind(struct leat_cut *cut,                  \
		const struct leat_dialect *dialect, const uint8_t *text,       \
		uint32_t n_bytes);                                             \
	uint64_t leat__table_lines_##kind(                                     \
		const uint8_t *text, uint32_t n_bytes);                        \
	bool leat__table_count_##kind(const struct leat_dialect *dialect,      \
		const uint8_t *text, uint32_t n_bytes, uint32_t n_fields,      \
		uint32_t *n_records);                                          \
	bool leat__table_lean_##kind(struct leat_lean *lean,                   \
		const struct leat_dialect *dialect, const uint8_t *text,       \
		uint32_t n_bytes, uint32_t *out, uint32_t n_max)

LEAT__SCANNER_DECLARE(portable);
#if defined(__x86_64__)
LEAT__SCANNER_DECLARE(sse2);
LEAT__SCANNER_DECLARE(avx2);   /* with BMI, POPCNT and PCLMUL */
LEAT__SCANNER_DECLARE(avx512); /* with F, BW, BMI, POPCNT and PCLMUL */
#elif defined(LEAT__HAS_NEON)
LEAT__SCANNER_DECLARE(neon);
#endif

/* Those that this machine can run, the best first. @return how many */
uint32_t leat__table_scanners(const struct leat__scanner **out);

/* ---- vector_plain.c ----------------------------------------------------- */

/* Values of the rows alive from the k-th on, up to one that is not plain.
 * @return which that is */
uint32_t leat__vector_fill_plain(const struct leat_table *t, uint32_t field,
	uint32_t type, void *values, uint8_t *valid, uint32_t k);

/* ---- number.c ----------------------------------------------------------- */

/* Exact order of an integer and a double: -1, 0, 1. No NaN. */
int leat__number_compare(int64_t a, double b);

#endif
