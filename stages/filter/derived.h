/*
 * filter/derived.h -- columns that are made by expressions, for derive and
 * cast.
 *
 * The expressions are evaluated one after the other; each sees the columns of
 * those before. Keeps: a frame that goes out has all of them, in its own slot
 * or, where that has no room, in that of a view.
 */
#ifndef LEAT_STAGES_FILTER_DERIVED_H
#define LEAT_STAGES_FILTER_DERIVED_H

#include <leat/table.h>

struct derived_column {
	const char *name;
	struct leat_expr *expr;
	uint32_t offset;  /* of the expression, or of all, in the option */
	uint32_t n_bytes; /* 0: errors of the expression have places in it */
	uint32_t place;   /* bound: in the schema */
};

struct derived {
	const char *option; /* that the columns are the value of */
	struct derived_column *columns;
	uint32_t n_columns;
	const struct leat_schema *from;
	struct leat_schema *work;     /* grows with each expression */
	const struct leat_schema *to; /* what goes out */
};

/* Side memory beside that of the expressions: of the list, and of schemas. */
#define DERIVED_LIST_BYTES(len, n)                                             \
	((n) * (sizeof(struct derived_column) + 64) + 2 * (len) + 128)
#define DERIVED_SCHEMA_BYTES(n)                                                \
	(2 *                                                                   \
			(sizeof(struct leat_schema) +                          \
				(LEAT_TABLE_COLUMNS_MAX + (n)) *               \
					sizeof(struct leat_column)) +          \
		256)

/* Parse one more expression; its name, offset and n_bytes are set. */
int leat__filter_derived_add(
	struct leat_stage *st, struct derived *d, const char *source);
/* All are added: say what it needs. */
void leat__filter_derived_settle(
	struct leat_stage *st, struct derived *d, size_t list_bytes);
/* For negotiate and process of the stage. */
int leat__filter_derived_negotiate(struct leat_stage *st, struct derived *d,
	const struct leat_shape *in, struct leat_shape *out);
int leat__filter_derived_process(
	struct leat_stage *st, struct derived *d, struct leat_frame *in);
void leat__filter_derived_fini(struct derived *d);

#endif
