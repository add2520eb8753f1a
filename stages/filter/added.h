/*
 * stages/filter/added.h -- text columns that a stage adds to a table.
 *
 * They are made in the frame itself where it has room, else in a fresh one
 * that is a view of it; nothing that is there is copied. Values are pieces of
 * the text, or of the frame, or are put there. One thread at a time.
 */
#ifndef LEAT_STAGES_FILTER_ADDED_H
#define LEAT_STAGES_FILTER_ADDED_H

#include <leat/stage.h>
#include <leat/table.h>

#define ADDED_COLUMNS_MAX 64
#define ADDED_NAMES_BYTES 4096 /* of all names */

struct added {
	const char *option; /* that says which column is read, for messages */
	struct leat_text source; /* its name */
	uint32_t n;              /* columns to add */
	char *names[ADDED_COLUMNS_MAX];
	uint32_t offsets[ADDED_COLUMNS_MAX]; /* in their option */
	const char *names_option;
	uint32_t keeps_literals; /* what is found in JSON text stays that */
	char text[ADDED_NAMES_BYTES];
	uint32_t n_text;
	/* the schema in work, and the one with the columns added */
	const struct leat_schema *from;
	struct leat_schema *to;
	uint32_t column; /* number of the source */
};

/* A frame in work. */
struct added_frame {
	struct leat_table t;      /* where the columns are */
	struct leat_frame *fresh; /* NULL: they are in the input */
	struct leat_vector source;
	struct leat_vector_room rooms[ADDED_COLUMNS_MAX];
	uint32_t n_kept; /* rows that stay; the first of the selection */
};

/* In init: one more column. LEAT_OK, or a code that has been said. */
int leat__added_name(struct leat_stage *st, struct added *a, const char *name,
	size_t n_bytes, uint32_t offset);
/* In negotiate. The same. */
int leat__added_negotiate(struct leat_stage *st, struct added *a,
	const struct leat_shape *in, struct leat_shape *out);
/* Begin with a frame: all values are there, and null. The same. */
int leat__added_begin(struct leat_stage *st, struct added *a,
	struct leat_frame *in, struct added_frame *f);
/* Put a part of the source's value of a row into an added column. */
void leat__added_put(
	struct added_frame *f, uint32_t k, uint32_t row, struct leat_text part);
/* Put text that is not part of it; room for it was asked for. */
uint8_t *leat__added_put_own(
	struct added_frame *f, uint32_t k, uint32_t row, uint32_t n_bytes);
/* It got shorter than that. */
void leat__added_set_len(
	struct added_frame *f, uint32_t k, uint32_t row, uint32_t n_bytes);
/* The row stays. */
void leat__added_keep(struct added_frame *f, uint32_t row);
/* The row is left out. LEAT_OK, or a code to be returned. */
int leat__added_reject(struct leat_stage *st, const struct added *a,
	const struct added_frame *f, uint32_t row, const char *what);
/* All rows are done: the frame goes on. in is [moved] on LEAT_OK. */
int leat__added_end(struct leat_stage *st, const struct added *a,
	struct leat_frame *in, struct added_frame *f);
/* After an error: what was begun is given back. */
void leat__added_abandon(struct leat_stage *st, struct added_frame *f);

#endif
