/*
 * stages/filter/lookup.h -- the state of lookup, and how it comes to be.
 *
 * Threads: the one that steps the stage's task.
 */
#ifndef LEAT_STAGES_FILTER_LOOKUP_H
#define LEAT_STAGES_FILTER_LOOKUP_H

#include <leat/stages.h>

#include "lookup_file.h"
#include "lookup_list.h"
#include "pack.h"

#define LOOKUP_ROW_BYTES (2u << 20) /* of a row that is written anew */

/* What belongs to a schema of the input; frames with it may still be on their
 * way, so it stays. */
struct leat__lookup_bound {
	struct leat__lookup_bound *next;
	const struct leat_schema *from;
	struct leat_schema to;                /* then its columns */
	uint32_t keys[LEAT__LOOKUP_KEYS_MAX]; /* columns of the input */
};

/* Where the values of a row of the file are in a frame. */
struct leat__lookup_put {
	uint64_t epoch; /* of the frame that has them already, and */
	uint32_t at;    /* where */
};

struct leat__lookup {
	const struct leat_lookup_opts *opts;
	struct leat__list on;
	struct leat__list take;
	struct leat__lookup_file file; /* all that it has is shared, */
	uint32_t *columns;         /* of it: keys, then those taken; shared */
	struct leat_column *extra; /* and this */
	struct leat__lookup_put *puts; /* by row of the file */
	uint32_t *matches; /* a row of the file for each that is alive */
	struct leat__lookup_bound *all;
	struct leat__lookup_bound *bound; /* of the frame in work */
	uint8_t *scratch;                 /* for each key */
	uint32_t n_scratch;
	uint64_t epoch;     /* of the frame in work */
	uint64_t own_bytes; /* side memory of this instance, but for puts */
	struct leat_vector_room *rooms; /* of the columns that are added */
	struct leat_text *texts;        /* the same, of one row */
	uint32_t has_emitted;
	uint32_t is_anew; /* rows are written anew */
	struct leat__pack pack;
	uint8_t *row;
	uint32_t at;    /* the next row of the frame in work */
	uint32_t match; /* the next row of the file for it, if has_begun */
	uint32_t has_begun;
	uint32_t n_written; /* for this row */
};

/* Read the file, with the columns that the options name, or share what the
 * first instance has read. LEAT_OK, or a code after leat_stage_fail(). So does
 * what is below. */
LEAT_MUST_CHECK int leat__lookup_read(
	struct leat_stage *st, struct leat__lookup *s);

/* As the `wants` of the stage. */
uint32_t leat__lookup_wants(struct leat_stage *st, const struct leat__lookup *s,
	const struct leat_schema *schema, bool *wanted);

/* Set bound to what belongs to a schema of the input. */
LEAT_MUST_CHECK int leat__lookup_bind(struct leat_stage *st,
	struct leat__lookup *s, const struct leat_schema *from);

#endif
