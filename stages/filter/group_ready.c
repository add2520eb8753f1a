/*
 * stages/filter/group_ready.c -- what group.values has put into a frame.
 *
 * Its vectors stand behind those of the schema, which does not tell of them:
 * so they are looked for with one that does.
 * Keeps: what is taken from there is not read from rows as well.
 * Threads: the stage's own.
 */
#include "group.h"

/* Is every input a vector? */
static bool
ready_has_vectors(const struct leat__group_block *block)
{
	for (uint32_t k = 0; k < block->spec->n_inputs; k++)
		if (block->is_text[k])
			return false;
	return true;
}

const struct leat__group_short *
leat__group_block_ready(struct leat__group_block *block, uint32_t n)
{
	const struct leat_schema *schema = block->table.schema;
	struct leat_column column = {.name = "",
		.type = LEAT__GROUP_READY_TYPE,
		.field = LEAT_FIELD_NONE,
		.vector = schema->n_vectors + n};
	struct leat_schema own = {.n_columns = 1,
		.n_vectors = schema->n_vectors + n + 1,
		.columns = &column};
	struct leat_table t = block->table;
	struct leat_vector v;
	uint32_t bad_row;

	t.schema = &own;
	if (!ready_has_vectors(block) ||
		leat_table_vector(
			&t, 0, LEAT__GROUP_READY_TYPE, &v, &bad_row) != LEAT_OK)
		return NULL;
	return v.values;
}

static bool
ready_is_wanted(const struct leat__group_block *block, uint32_t input)
{
	const struct leat__group_spec *spec = block->spec;

	for (uint32_t k = 0; k < spec->n_states; k++)
		if (spec->states[k].input == input &&
			spec->states[k].kind != LEAT__STATE_ROWS &&
			!block->is_ready[k])
			return true;
	return false;
}

void
leat__group_block_set_ready(struct leat__group_block *block, uint32_t state)
{
	uint32_t input = block->spec->states[state].input;

	block->is_ready[state] = true;
	block->is_unread[input] = !ready_is_wanted(block, input);
}

void
leat__group_block_set_ready_keys(
	struct leat__group_block *block, const struct leat__group_short *keys)
{
	block->ready_keys = keys;
	block->is_unread[0] = keys && !ready_is_wanted(block, 0);
}

bool
leat__group_block_has_more(const struct leat__group_block *block)
{
	for (uint32_t k = 0; k < block->spec->n_states; k++)
		if (!block->is_ready[k])
			return true;
	return !block->spec->n_states;
}
