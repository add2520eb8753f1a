/*
 * Expressions and what they are, over a table with one row of each kind.
 *
 *	a    b   c     s         d           t                     ok    n
 *	7    2   1.50  Ærøskøb   2024-02-29  2024-02-29T10:20:30Z  true  (null)
 *
 * a and b are int64, c is decimal(2), x is float64 2.5; e is an empty text, q
 * one with quotes, w a text of words. Their values stand as text, as those of
 * a file do, but for y, an own vector of int64 that is 5.
 */
#ifndef LEAT_TESTS_UNIT_TABLE_VALUES_H
#define LEAT_TESTS_UNIT_TABLE_VALUES_H

#include "unit/table/fake.h"

struct values_case {
	const char *source;
	const char *expected; /* as value_of() says it */
};

static struct leat_column values_columns[] = {
	{"a", LEAT_TYPE_INT64, 0, 0, 0, 0},
	{"b", LEAT_TYPE_INT64, 1, 0, 0, 0},
	{"c", LEAT_TYPE_DECIMAL, 2, 0, 2, 0},
	{"s", LEAT_TYPE_TEXT, 3, 0, 0, 0},
	{"d", LEAT_TYPE_DATE, 4, 0, 0, 0},
	{"t", LEAT_TYPE_TIMESTAMP, 5, 0, 0, 0},
	{"ok", LEAT_TYPE_BOOL, 6, 0, 0, 0},
	{"n", LEAT_TYPE_INT64, 7, 0, 0, 0},
	{"x", LEAT_TYPE_FLOAT64, 8, 0, 0, 0},
	{"q", LEAT_TYPE_TEXT, 9, 0, 0, 0},
	{"w", LEAT_TYPE_TEXT, 10, 0, 0, 0},
	{"m", LEAT_TYPE_TEXT, 11, 0, 0, 0},
	{"y", LEAT_TYPE_INT64, LEAT_FIELD_NONE, 0, 0, 0},
};
static const struct leat_schema values_schema = {
	.n_columns = sizeof(values_columns) / sizeof(values_columns[0]),
	.n_fields = 12,
	.n_vectors = 1,
	.separator = ',',
	.quote = '"',
	.origin = "in.csv",
	.columns = values_columns,
};
static const char values_line[] =
	"7,2,1.50,\xc3\x86r\xc3\xb8sk\xc3\xb8"
	"b,2024-02-29,2024-02-29T10:20:30Z,true,,2.5,\"say \"\"x\"\"\","
	"one two  three, -12.5 \n";

static struct leat_frame *
values_table(struct fake *f, struct leat_table *t)
{
	struct leat_frame *frame =
		fake_table(f, &values_schema, values_line, t);
	struct leat_vector_room room;

	ck_assert_int_eq(
		leat_table_add_vector(t, LEAT_TYPE_INT64, 0, &room), 0);
	((int64_t *)room.values)[0] = 5;
	return frame;
}

/* The vector that eval made, row 0, under a name. */
static void
values_print(struct leat_table *t, uint32_t type, uint32_t scale, char *out,
	size_t n_bytes)
{
	struct leat_column column = {"v", type, LEAT_FIELD_NONE, 1, scale, 0};
	struct leat_schema schema = values_schema;
	uint8_t scratch[4096];
	struct leat_text text;

	schema.n_columns = 1;
	schema.n_vectors = 2;
	schema.columns = &column;
	leat_table_set_schema(t, &schema);
	text = leat_table_text(t, 0, 0, scratch);
	if (text.data)
		snprintf(out, n_bytes, "%s %.*s", leat_type_name(type),
			(int)text.len, (const char *)text.data);
	else
		snprintf(out, n_bytes, "%s null", leat_type_name(type));
	leat_table_set_schema(t, &values_schema);
}

/*
 * "int64 3"; "int64 null"; "bad REASON" where the row has no value; "PLACE+LEN
 * TEXT" where the expression is wrong.
 */
static const char *
value_of(const char *source)
{
	static char out[8192];
	struct leat_expr_fault fault;
	struct leat_expr_error err;
	struct leat_expr *e = NULL;
	struct leat_frame *frame;
	struct leat_table t;
	struct fake f;
	uint32_t scale;

	fake_init(&f, 2 * LEAT_EXPR_SIDE_BYTES, 1 << 20);
	frame = values_table(&f, &t);
	if (leat_expr_parse(&f.st, source, &e, &err) ||
		leat_expr_bind(e, &values_schema, &err)) {
		snprintf(out, sizeof(out), "%u+%u %s", err.offset, err.n_bytes,
			err.text);
	} else if (leat_expr_eval(e, &t, &fault)) {
		strcpy(out, "bad ");
		leat_expr_fault_text(e, &t, &fault, out + 4, sizeof(out) - 4);
	} else {
		uint32_t type = leat_expr_type(e, &scale);

		values_print(&t, type, scale, out, sizeof(out));
	}
	leat_expr_destroy(e);
	leat_frame_release(frame);
	fake_fini(&f);
	return out;
}

static inline void
values_are(const struct values_case *cases, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		const char *got = value_of(cases[k].source);

		if (strcmp(got, cases[k].expected))
			ck_abort_msg("%s is %s, not %s", cases[k].source, got,
				cases[k].expected);
	}
}

/* As far as the expected text goes. */
static inline void
values_begin(const struct values_case *cases, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		const char *got = value_of(cases[k].source);

		if (strncmp(got, cases[k].expected, strlen(cases[k].expected)))
			ck_abort_msg("%s is %s, not %s", cases[k].source, got,
				cases[k].expected);
	}
}

#define VALUES_ARE(cases)   values_are(cases, leat__array_len(cases))
#define VALUES_BEGIN(cases) values_begin(cases, leat__array_len(cases))

#endif
