/*
 * split-column -- a text column to several, at a separator.
 *
 * The parts are pieces of the value, nothing is copied. One thread at a time.
 */
#include <string.h>

#include <leat/stages.h>

#include "added.h"

struct split {
	const struct leat_split_column_opts *opts;
	struct added added;
	uint32_t sep_len;
};

/* Where a separator begins; NULL = there is none. */
static const uint8_t *
split_find(const struct split *s, struct leat_text x)
{
	const uint8_t *end = x.data + x.len;
	const uint8_t *at = x.data;

	while ((size_t)(end - at) >= s->sep_len &&
		(at = memchr(at, s->opts->sep[0],
			 (size_t)(end - at) - s->sep_len + 1))) {
		if (!memcmp(at, s->opts->sep, s->sep_len))
			return at;
		at++;
	}
	return NULL;
}

/* 0: there are more parts than columns, and that is an error. */
static uint32_t
split_row(struct split *s, struct added_frame *f, uint32_t row)
{
	struct leat_text x = leat_vector_text(&f->source, row);

	for (uint32_t k = 0; k < s->added.n; k++) {
		const uint8_t *sep = split_find(s, x);
		uint32_t is_last = k + 1 == s->added.n;
		struct leat_text part = x;

		if (sep && is_last && s->opts->rest == LEAT_SPLIT_REST_ERROR)
			return 0;
		if (sep && !(is_last && s->opts->rest == LEAT_SPLIT_REST_KEEP))
			part.len = (uint32_t)(sep - x.data);
		leat__added_put(f, k, row, part);
		if (!sep)
			break;
		x.len -= (uint32_t)(sep - x.data) + s->sep_len;
		x.data = sep + s->sep_len;
	}
	return 1;
}

static int
split_rows(struct leat_stage *st, struct split *s, struct added_frame *f)
{
	for (uint32_t k = 0; k < f->t.n_rows; k++) {
		uint32_t row = leat_table_row(&f->t, k);
		int rc;

		if (!leat_vector_has(&f->source, row) || split_row(s, f, row)) {
			leat__added_keep(f, row);
			continue;
		}
		rc = leat__added_reject(st, &s->added, f, row,
			"this value has more parts than into= has columns; "
			"rest=keep or rest=drop allows that");
		if (rc)
			return rc;
	}
	return LEAT_OK;
}

static int
split_process(struct leat_stage *st, struct leat_frame *in)
{
	struct split *s = leat_stage_state(st);
	struct added_frame f;
	int rc = leat__added_begin(st, &s->added, in, &f);

	if (!rc)
		rc = split_rows(st, s, &f);
	if (!rc)
		return leat__added_end(st, &s->added, in, &f);
	leat__added_abandon(st, &f);
	return rc;
}

static int
split_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct split *s = leat_stage_state(st);

	return leat__added_negotiate(st, &s->added, in, out);
}

/* a,b,c; spaces around them do not count. */
static int
split_names(struct leat_stage *st, struct split *s)
{
	const char *list = s->opts->into;
	size_t at = 0;

	for (;;) {
		size_t len = strcspn(list + at, ","), end = at + len;
		size_t start = at;
		int rc;

		while (start < end && list[start] == ' ')
			start++;
		while (end > start && list[end - 1] == ' ')
			end--;
		rc = leat__added_name(st, &s->added, list + start, end - start,
			(uint32_t)start);
		if (rc || !list[at + len])
			return rc;
		at += len + 1;
	}
}

static int
split_init(struct leat_stage *st, const void *opts)
{
	struct split *s = leat_stage_state(st);

	s->opts = opts;
	s->sep_len = (uint32_t)strlen(s->opts->sep);
	s->added.option = "column";
	s->added.names_option = "into";
	s->added.source = (struct leat_text){(const uint8_t *)s->opts->column,
		(uint32_t)strlen(s->opts->column)};
	return split_names(st, s);
}

static const struct leat_option split_options[] = {
	{.name = "column",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_split_column_opts, column),
		.help = "the column whose values are split"},
	{.name = "sep",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_split_column_opts, sep),
		.help = "what stands between the parts, one byte or more"},
	{.name = "into",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_split_column_opts, into),
		.help = "names of the new columns: a,b,c"},
	{.name = "rest",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_split_column_opts, rest),
		.fallback = "keep",
		.values = "keep|drop|error",
		.help = "of a value with more parts: in the last column, left "
			"out, or an error"},
	{.name = NULL},
};

const struct leat_stage_ops leat_split_column_ops = {
	LEAT_STAGE_OPS_INIT("split-column"),
	.flags =
		LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS | LEAT_STAGE_REJECTS,
	.summary = "a text column to several, at a separator",
	.help = "The new columns are strings and stand behind the others; the "
		"column\n"
		"that is split stays. Of a value with fewer parts the last "
		"columns are\n"
		"null, of a null all. A separator is taken as it stands; two "
		"in a row\n"
		"have an empty part between them.\n"
		"\n"
		"    leat run 'read a.csv ! split-column name sep=\" \" "
		"into=first,last'\n",
	.state_bytes = sizeof(struct split),
	.opts_bytes = sizeof(struct leat_split_column_opts),
	.options = split_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.init = split_init,
	.negotiate = split_negotiate,
	.process = split_process,
};
