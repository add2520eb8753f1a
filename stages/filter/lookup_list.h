/*
 * stages/filter/lookup_list.h -- lists of names: "a,b", "a=b,`c d`=e".
 *
 * Threads: the one that steps the stage's task.
 */
#ifndef LEAT_STAGES_FILTER_LOOKUP_LIST_H
#define LEAT_STAGES_FILTER_LOOKUP_LIST_H

#include <leat/table.h>

struct leat__list_name {
	const char *text; /* decoded, NUL-terminated */
	uint32_t len;
	uint32_t offset; /* in the option's value */
	uint32_t n_bytes;
};

/* name, or name=other; without the second both are the same. */
struct leat__list_item {
	struct leat__list_name name;
	struct leat__list_name other;
};

struct leat__list {
	const char *option;
	struct leat__list_item *items;
	uint32_t n;
};

/* Side memory that it takes, for the needs. */
uint64_t leat__list_side_bytes(const char *text);

/* Read the value of an option. LEAT_OK, or a code after
 * leat_stage_fail_at(). So do all below. */
LEAT_MUST_CHECK int leat__list_parse(struct leat_stage *st,
	struct leat__list *list, const char *option, const char *text);

/* Find a column; what names the table in messages. */
LEAT_MUST_CHECK int leat__list_find(struct leat_stage *st,
	const struct leat__list *list, const struct leat__list_name *name,
	const struct leat_schema *schema, const char *what,
	uint32_t *column_out);

#endif
