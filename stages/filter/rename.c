/*
 * rename -- some columns under a new name, all at their places.
 *
 * Only the schema of a table is exchanged; no value is touched. Keeps: names
 * are unique. All new names are given at once, so that two can be exchanged.
 */
#include <string.h>

#include <leat/stages.h>
#include <leat/table.h>

#include "names.h"

static int
rename_init(struct leat_stage *st, const void *opts)
{
	const struct leat_rename_opts *o = opts;
	struct names_stage *s = leat_stage_state(st);
	int rc = leat__filter_names_read(st, &s->names, o->columns);

	for (uint32_t k = 0; !rc && k < s->names.n_items; k++) {
		const struct names_item *item = &s->names.items[k];

		if (!item->is_new)
			rc = leat_stage_fail_at(st, LEAT_EINVAL, "columns",
				item->offset, item->n_bytes,
				"the new name is missing: new=%.64s",
				item->from);
	}
	return rc;
}

/* Is the new name that of a column which keeps it? */
static int
rename_check(struct leat_stage *st, const struct names_stage *s,
	const struct leat_column *columns)
{
	for (uint32_t k = 0; k < s->names.n_items; k++) {
		const struct names_item *item = &s->names.items[k];
		uint32_t n = 0;

		for (uint32_t c = 0; c < s->to->n_columns; c++)
			n += !strcmp(columns[c].name, item->name);
		if (n > 1)
			return leat_stage_fail_at(st, LEAT_EINVAL, "columns",
				item->offset, item->n_bytes,
				"there is a column '%.64s' already",
				item->name);
	}
	return LEAT_OK;
}

static int
rename_one(struct leat_stage *st, const struct names_item *item,
	const struct leat_schema *from, struct leat_column *columns)
{
	uint32_t at;
	int rc = leat__filter_names_find(st, item, from, &at);

	if (rc)
		return rc;
	if (columns[at].name != from->columns[at].name)
		return leat_stage_fail_at(st, LEAT_EINVAL, "columns",
			item->offset, item->n_bytes,
			"column '%.64s' has got the name '%.64s' already",
			item->from, columns[at].name);
	columns[at].name = item->name;
	return LEAT_OK;
}

static int
rename_make(struct leat_stage *st, struct names_stage *s,
	const struct leat_schema *from)
{
	struct leat_column *columns;
	int rc;

	rc = leat__filter_names_schema(
		st, from, from->n_columns, &s->to, &columns);
	if (rc)
		return rc;
	memcpy(columns, from->columns, from->n_columns * sizeof(*columns));
	for (uint32_t k = 0; !rc && k < s->names.n_items; k++)
		rc = rename_one(st, &s->names.items[k], from, columns);
	if (!rc)
		rc = rename_check(st, s, columns);
	return rc;
}

static int
rename_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	return leat__filter_names_negotiate(st, in, out, rename_make);
}

static int
rename_process(struct leat_stage *st, struct leat_frame *in)
{
	return leat__filter_names_process(st, in, rename_make);
}

static const struct leat_option rename_options[] = {
	{.name = "columns",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED |
			LEAT_OPTION_REST,
		.offset = offsetof(struct leat_rename_opts, columns),
		.help = "a list like late=delay,from=origin: new=old"},
	{.name = NULL},
};

const struct leat_stage_ops leat_rename_ops = {
	LEAT_STAGE_OPS_INIT("rename"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS,
	.summary = "some columns under a new name",
	.help = "All columns stay where they are. A name with a comma, = or\n"
		"spaces at its ends stands in `quotes`.\n"
		"\n"
		"    leat run 'read a.csv ! rename late=delay,from=origin'\n",
	.state_bytes = sizeof(struct names_stage),
	.opts_bytes = sizeof(struct leat_rename_opts),
	.options = rename_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.needs = {.side_bytes = NAMES_SIDE_BYTES},
	.init = rename_init,
	.negotiate = rename_negotiate,
	.process = rename_process,
};
