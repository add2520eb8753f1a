/*
 * cast -- columns as another type.
 *
 * Each is derived from itself. Keeps: a value that is none of the type is an
 * error with its place, or what on_error says; never another value.
 */
#include <string.h>

#include <leat/stages.h>
#include <leat/table.h>

#include "derived.h"

#define CAST_TEXT_MAX    65536
#define CAST_COLUMNS_MAX 1024
#define CAST_WORDS_BYTES 32 /* of an expression, beside name and type */

/* cast("name" as type) */
static char *
cast_print(const struct leat_declared *entry, const char *list, char *out)
{
	const char *type = list + entry->offset + entry->n_bytes;

	while (type[-1] != ':')
		type--;
	out = strcpy(out, "cast(`") + 6;
	for (uint32_t k = 0; k < entry->name.len; k++) {
		*out++ = (char)entry->name.data[k];
		if (entry->name.data[k] == '`')
			*out++ = '`';
	}
	out = strcpy(out, "` as ") + 5;
	while (type < list + entry->offset + entry->n_bytes)
		*out++ = *type++;
	return strcpy(out, ")") + 2;
}

static int
cast_add(struct leat_stage *st, struct derived *d, const char *list,
	const struct leat_declared *entry, char **room)
{
	struct derived_column *column = &d->columns[d->n_columns];
	char *source;

	*column = (struct derived_column){.name = *room,
		.offset = entry->offset,
		.n_bytes = entry->n_bytes};
	memcpy(*room, entry->name.data, entry->name.len);
	(*room)[entry->name.len] = '\0';
	source = *room + entry->name.len + 1;
	*room = cast_print(entry, list, source);
	return leat__filter_derived_add(st, d, source);
}

static int
cast_read(
	struct leat_stage *st, struct derived *d, const char *list, char *room)
{
	struct leat_expr_error err;
	struct leat_declared entry;
	uint32_t at = 0;
	int rc;

	while ((rc = leat_declared_next(list, &at, &entry, &err)) == LEAT_OK) {
		if (d->n_columns == CAST_COLUMNS_MAX)
			return leat_stage_fail_at(st, LEAT_ELIMIT, d->option,
				entry.offset, entry.n_bytes,
				"at most %d columns", CAST_COLUMNS_MAX);
		rc = cast_add(st, d, list, &entry, &room);
		if (rc)
			return rc;
	}
	if (rc != LEAT_EOS)
		return leat_stage_fail_at(st, rc, d->option, err.offset,
			err.n_bytes, "%s", err.text);
	if (!d->n_columns)
		return leat_stage_fail_at(st, LEAT_EINVAL, d->option, 0, 0,
			"there is no column; for example: delay:int64");
	return LEAT_OK;
}

static uint32_t
cast_count(const char *list)
{
	uint32_t n = 1;

	for (; *list; list++)
		n += *list == ',';
	return n < CAST_COLUMNS_MAX ? n : CAST_COLUMNS_MAX;
}

static int
cast_init(struct leat_stage *st, const void *opts)
{
	const struct leat_cast_opts *o = opts;
	struct derived *d = leat_stage_state(st);
	const char *list = o->columns ? o->columns : "";
	size_t len = strlen(list);
	uint32_t n = cast_count(list);
	size_t n_bytes =
		DERIVED_LIST_BYTES(len, n) + n * CAST_WORDS_BYTES + 2 * len;
	void *memory;
	int rc;

	d->option = "columns";
	if (len > CAST_TEXT_MAX)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"the list has over %d bytes", CAST_TEXT_MAX);
	leat_stage_needs(st)->side_bytes = n_bytes + 64;
	rc = leat_stage_alloc(st, n_bytes, &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the list");
	d->columns = memory;
	rc = cast_read(st, d, list, (char *)(d->columns + n));
	if (!rc)
		leat__filter_derived_settle(st, d, n_bytes + 64);
	return rc;
}

static int
cast_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	return leat__filter_derived_negotiate(
		st, leat_stage_state(st), in, out);
}

static int
cast_process(struct leat_stage *st, struct leat_frame *in)
{
	return leat__filter_derived_process(st, leat_stage_state(st), in);
}

static void
cast_fini(struct leat_stage *st)
{
	leat__filter_derived_fini(leat_stage_state(st));
}

static const struct leat_option cast_options[] = {
	{.name = "columns",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED |
			LEAT_OPTION_REST,
		.offset = offsetof(struct leat_cast_opts, columns),
		.help = "a list like delay:int64,day:date,price:decimal(2)"},
	{.name = NULL},
};

const struct leat_stage_ops leat_cast_ops = {
	LEAT_STAGE_OPS_INIT("cast"),
	.flags =
		LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS | LEAT_STAGE_REJECTS,
	.summary = "columns as another type",
	.help = "column:type, with string, int64, float64, bool, "
		"decimal(digits),\n"
		"date, timestamp or binary. Numbers are rounded where the type "
		"has\n"
		"fewer digits behind the point. A value that is none of the "
		"type, or\n"
		"does not fit, is an error with its place, or what on_error "
		"says.\n"
		"\n"
		"    leat run \"read a.csv ! cast delay:float64,day:date "
		"on_error=skip\"\n",
	.state_bytes = sizeof(struct derived),
	.opts_bytes = sizeof(struct leat_cast_opts),
	.options = cast_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.init = cast_init,
	.negotiate = cast_negotiate,
	.process = cast_process,
	.fini = cast_fini,
};
