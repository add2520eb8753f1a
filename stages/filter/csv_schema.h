/*
 * stages/filter/csv_schema.h -- from the header of a CSV to its columns.
 */
#ifndef LEAT_STAGES_CSV_SCHEMA_H
#define LEAT_STAGES_CSV_SCHEMA_H

#include "csv.h"

#define CSV_INFER_ROWS 1000

/* What decides on names and types. */
struct csv_names {
	const struct leat_csv_parse_opts *opts;
	struct leat_dialect dialect;
	const char *origin;
};

/*
 * Make a schema of the first record, in the stage's side memory.
 *
 * rows: records behind it, as far as they can be seen, for types.
 * LEAT_OK, or a code that has been said.
 */
int csv_schema_make(struct leat_stage *st, const struct csv_names *names,
	const struct csv_record *r, struct leat_text rows,
	struct leat_schema **out);
/* The header as it stands, for dead letters; NULL: there is none, or no memory
 * for it. */
const char *csv_schema_head(struct leat_stage *st,
	const struct csv_names *names, const struct csv_record *r);
/* 1: the first record alone settles all types, no row has a say; 0: it does
 * not; or a code that has been said. */
int csv_schema_is_settled(struct leat_stage *st, const struct csv_names *names,
	const struct csv_record *r);
/* Is this the header that was there when the input was looked at? */
int csv_schema_check(struct leat_stage *st, const struct csv_names *names,
	const struct csv_record *r, const struct leat_schema *known);

/* What is known of the columns of several files. */
struct csv_known {
	const char *first; /* file, that the schema is of */
	const struct leat_schema *schema;
	const struct leat_schema *last; /* of the last file */
};

/* The same of another file of several; known->last becomes its schema. */
int csv_schema_check_file(struct leat_stage *st, const struct csv_names *names,
	const struct csv_record *r, struct csv_known *known);
/* If it is asked for, behind its columns one that says which file it is. */
int csv_schema_add_file(struct leat_stage *st, const struct csv_names *names,
	struct leat_schema **schema_io);

#endif
