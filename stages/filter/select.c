/*
 * select -- these columns, in this order, some under a new name.
 *
 * Only the schema of a table is exchanged; no value is touched. The new schema
 * is made when the old one is known: before the start, or at the first table.
 */
#include <leat/stages.h>
#include <leat/table.h>

#include "names.h"

static int
select_init(struct leat_stage *st, const void *opts)
{
	const struct leat_select_opts *o = opts;
	struct names_stage *s = leat_stage_state(st);

	return leat__filter_names_read(st, &s->names, o->columns);
}

/* Make the schema that belongs to another one. */
static int
select_make(struct leat_stage *st, struct names_stage *s,
	const struct leat_schema *from)
{
	struct leat_column *columns;
	int rc;

	rc = leat__filter_names_schema(
		st, from, s->names.n_items, &s->to, &columns);
	for (uint32_t k = 0; !rc && k < s->names.n_items; k++) {
		const struct names_item *item = &s->names.items[k];
		uint32_t at;

		rc = leat__filter_names_find(st, item, from, &at);
		if (rc)
			break;
		columns[k] = from->columns[at];
		columns[k].name = item->name;
	}
	return rc;
}

static uint32_t
select_wants(
	struct leat_stage *st, const struct leat_schema *schema, bool *wanted)
{
	const struct names_stage *s = leat_stage_state(st);

	for (uint32_t k = 0; k < s->names.n_items; k++) {
		const struct names_item *item = &s->names.items[k];
		int32_t column =
			leat_schema_find(schema, item->from, item->len);

		if (column < 0)
			return LEAT_WANTS_ALL;
		wanted[column] = true;
	}
	return LEAT_WANTS_THESE;
}

static int
select_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	return leat__filter_names_negotiate(st, in, out, select_make);
}

static int
select_process(struct leat_stage *st, struct leat_frame *in)
{
	return leat__filter_names_process(st, in, select_make);
}

static const struct leat_option select_options[] = {
	{.name = "columns",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED |
			LEAT_OPTION_REST,
		.offset = offsetof(struct leat_select_opts, columns),
		.help = "a list like date,origin,late=delay"},
	{.name = NULL},
};

const struct leat_stage_ops leat_select_ops = {
	LEAT_STAGE_OPS_INIT("select"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS,
	.summary = "these columns, in this order",
	.help = "new=old gives a column a new name. A name with a comma, = or\n"
		"spaces at its ends stands in `quotes`.\n"
		"\n"
		"    leat run 'read a.csv ! select date,from=origin,delay'\n",
	.state_bytes = sizeof(struct names_stage),
	.opts_bytes = sizeof(struct leat_select_opts),
	.options = select_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.needs = {.side_bytes = NAMES_SIDE_BYTES},
	.init = select_init,
	.negotiate = select_negotiate,
	.process = select_process,
	.wants = select_wants,
};
