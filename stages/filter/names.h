/*
 * filter/names.h -- lists of columns as users write them: a,new=old,`b c`.
 *
 * For stages that exchange the schema of a table and touch no value.
 */
#ifndef LEAT_STAGES_FILTER_NAMES_H
#define LEAT_STAGES_FILTER_NAMES_H

#include <leat/table.h>

#define NAMES_TEXT_MAX   65536 /* bytes of a list */
#define NAMES_SIDE_BYTES (1u << 20)

/* One entry. Names lie in the list's side memory. */
struct names_item {
	const char *name; /* new; that of the column where there is no other */
	const char *from; /* of the column */
	uint32_t len;     /* of from */
	uint32_t offset;  /* of from in the list */
	uint32_t n_bytes; /* with its quotes */
	uint32_t is_new;  /* was there a new name? */
};

struct names {
	const char *list; /* value of the stage's option "columns" */
	struct names_item *items;
	uint32_t n_items;
};

/*
 * A name in quotes: text[*at] is the first of them, and a quote in it is
 * doubled. What it says goes to *out, which moves on, as *at does.
 * false: it is not closed.
 */
bool leat__filter_quoted(const char *text, uint32_t *at, char **out);

/* Read a list; NULL is an empty one. No name twice. */
int leat__filter_names_read(
	struct leat_stage *st, struct names *names, const char *list);

/* The column of an entry; LEAT_EINVAL, with what it could have meant. */
int leat__filter_names_find(struct leat_stage *st,
	const struct names_item *item, const struct leat_schema *schema,
	uint32_t *column_out);

/* What a value of a column is like, for messages: "decimal(2)", "date
 * (YYYY-MM-DD)". */
#define NAMES_TYPE_BYTES 48
void leat__filter_type_text(
	const struct leat_column *column, char buf[NAMES_TYPE_BYTES]);

/* State of a stage that gives tables another schema: the first of its state. */
struct names_stage {
	struct names names;
	const struct leat_schema *from; /* that `to` was made of */
	struct leat_schema *to;
};

/* Makes s->to of another schema. LEAT_OK, or a code that has been said. */
typedef int (*names_make_fn)(struct leat_stage *st, struct names_stage *s,
	const struct leat_schema *from);

/* As negotiate and process of such a stage. */
int leat__filter_names_negotiate(struct leat_stage *st,
	const struct leat_shape *in, struct leat_shape *out,
	names_make_fn make);
int leat__filter_names_process(
	struct leat_stage *st, struct leat_frame *in, names_make_fn make);

/* A schema like another one with room for n columns, to be filled in. */
int leat__filter_names_schema(struct leat_stage *st,
	const struct leat_schema *from, uint32_t n, struct leat_schema **out,
	struct leat_column **columns_out);

#endif
