/*
 * stages/filter/csv.h -- what csv.cut and csv.parse share.
 *
 * csv.cut sees the bytes in order: it skips the byte order mark, takes the
 * header, knows the lines, and makes the schema that all its frames point to.
 * csv.parse then makes of each frame what it makes of it, in any order.
 * One thread at a time, that of the stage.
 */
#ifndef LEAT_STAGES_CSV_H
#define LEAT_STAGES_CSV_H

#include <leat/stages.h>
#include <leat/table.h>

#include "cut.h"

#define CSV_CLOSED_TEXT                                                        \
	"text after a closing quote; a quote inside a quoted field is "        \
	"written twice"
#define CSV_HEADER_BYTES (1u << 18) /* most of a header record */
#define CSV_SCHEMA_BYTES (CSV_HEADER_BYTES + 64 * LEAT_TABLE_COLUMNS_MAX)

/* ---- csv_options.c ------------------------------------------------------ */

/* Both stages have the same options. */
extern const struct leat_option leat__csv_parse_options[];

/* Fill it from the options. LEAT_OK, or a code that has been said. */
int csv_dialect(struct leat_stage *st, const struct leat_csv_parse_opts *opts,
	struct leat_dialect *out);

/* ---- csv_sniff.c -------------------------------------------------------- */

/* Guess it from the beginning of a text, with 64 readable bytes behind. */
struct leat_dialect csv_sniff(const uint8_t *text, uint32_t n);

/* ---- csv_strict.c ------------------------------------------------------- */

/* Take out the rows that have a value which nobody may ever ask for, and which
 * is not of its type. */
int csv_check_values(
	struct leat_stage *st, struct leat_table *t, const char *file);

/* ---- a record as it stands ---------------------------------------------- */

/* Its text, and where that begins in the source. */
struct csv_record {
	const uint8_t *text;
	uint32_t n_bytes; /* with its line end */
	uint64_t line;    /* from 1 */
	uint64_t offset;
};

/* Room for a sentence about a record, and where in it is meant. */
struct csv_finding {
	char text[256];
	uint32_t offset;
};

/* It went on for too long (max_record bytes of it are there), or, if that is 0,
 * to the end of the input. */
void csv_find_open(const struct leat_dialect *dialect,
	const struct csv_record *r, uint64_t max_record,
	struct csv_finding *out);
/* Line and column of a place in it. */
struct leat_position csv_position(const struct csv_record *r, uint32_t offset);

#endif
