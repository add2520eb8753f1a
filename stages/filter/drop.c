/*
 * drop -- all columns but these.
 *
 * Only the schema of a table is exchanged; no value is touched. Keeps: at
 * least one column is left.
 */
#include <string.h>

#include <leat/stages.h>
#include <leat/table.h>

#include "names.h"

static int
drop_init(struct leat_stage *st, const void *opts)
{
	const struct leat_drop_opts *o = opts;
	struct names_stage *s = leat_stage_state(st);
	int rc = leat__filter_names_read(st, &s->names, o->columns);

	for (uint32_t k = 0; !rc && k < s->names.n_items; k++) {
		const struct names_item *item = &s->names.items[k];

		if (item->is_new)
			rc = leat_stage_fail_at(st, LEAT_EINVAL, "columns",
				item->offset, item->n_bytes,
				"a column that is dropped gets no new name; "
				"rename gives one");
	}
	return rc;
}

/* Those that are not in the list, in their order. */
static int
drop_keep(struct leat_stage *st, const struct names_stage *s,
	const struct leat_schema *from, struct leat_column *columns)
{
	uint32_t n = 0;

	memcpy(columns, from->columns, from->n_columns * sizeof(*columns));
	for (uint32_t k = 0; k < s->names.n_items; k++) {
		uint32_t at;
		int rc = leat__filter_names_find(
			st, &s->names.items[k], from, &at);

		if (rc)
			return rc;
		columns[at].name = NULL;
	}
	for (uint32_t c = 0; c < from->n_columns; c++)
		if (columns[c].name)
			columns[n++] = columns[c];
	s->to->n_columns = n;
	if (n)
		return LEAT_OK;
	return leat_stage_fail_at(
		st, LEAT_EINVAL, "columns", 0, 0, "no column would be left");
}

static int
drop_make(struct leat_stage *st, struct names_stage *s,
	const struct leat_schema *from)
{
	struct leat_column *columns;
	int rc;

	rc = leat__filter_names_schema(
		st, from, from->n_columns, &s->to, &columns);
	if (!rc)
		rc = drop_keep(st, s, from, columns);
	return rc;
}

static int
drop_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	return leat__filter_names_negotiate(st, in, out, drop_make);
}

static int
drop_process(struct leat_stage *st, struct leat_frame *in)
{
	return leat__filter_names_process(st, in, drop_make);
}

static const struct leat_option drop_options[] = {
	{.name = "columns",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED |
			LEAT_OPTION_REST,
		.offset = offsetof(struct leat_drop_opts, columns),
		.help = "a list like origin,delay"},
	{.name = NULL},
};

const struct leat_stage_ops leat_drop_ops = {
	LEAT_STAGE_OPS_INIT("drop"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS,
	.summary = "all columns but these",
	.help = "The others stay in their order. A name with a comma, = or\n"
		"spaces at its ends stands in `quotes`.\n"
		"\n"
		"    leat run 'read a.csv ! drop origin,delay'\n",
	.state_bytes = sizeof(struct names_stage),
	.opts_bytes = sizeof(struct leat_drop_opts),
	.options = drop_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.needs = {.side_bytes = NAMES_SIDE_BYTES},
	.init = drop_init,
	.negotiate = drop_negotiate,
	.process = drop_process,
};
