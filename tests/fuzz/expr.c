/*
 * expr.c -- expressions: parse, bind and evaluate over a few rows.
 *
 * A row gives the same value alone as among others; with constants in the place
 * of its columns too; and where an expression is a condition the filter keeps
 * the rows for which it is true.
 */
#include <ctype.h>

#include "fuzz/support/fuzz.h"
#include "unit/table/fake.h"

#define EXPR_ROWS 5
#define EXPR_TEXT 1024
#define N_COLUMNS 10

static struct leat_column columns[] = {
	{"a", LEAT_TYPE_INT64, 0, 0, 0, 0},
	{"b", LEAT_TYPE_INT64, 1, 0, 0, 0},
	{"c", LEAT_TYPE_DECIMAL, 2, 0, 2, 0},
	{"s", LEAT_TYPE_TEXT, 3, 0, 0, 0},
	{"d", LEAT_TYPE_DATE, 4, 0, 0, 0},
	{"t", LEAT_TYPE_TIMESTAMP, 5, 0, 0, 0},
	{"ok", LEAT_TYPE_BOOL, 6, 0, 0, 0},
	{"x", LEAT_TYPE_FLOAT64, 7, 0, 0, 0},
	{"w", LEAT_TYPE_TEXT, 8, 0, 0, 0},
	{"h", LEAT_TYPE_BINARY, 9, 0, 0, 0},
};
static const struct leat_schema schema = {
	.n_columns = N_COLUMNS,
	.n_fields = N_COLUMNS,
	.separator = ',',
	.quote = '"',
	.origin = "fuzz",
	.columns = columns,
};
static const char *const types[N_COLUMNS] = {"int64", "int64", "decimal(2)",
	"string", "date", "timestamp", "bool", "float64", "string", "binary"};
/* "" = null */
static const char *const values[EXPR_ROWS][N_COLUMNS] = {
	{"7", "2", "1.50", "\xc3\x86r\xc3\xb8", "2024-02-29",
		"2024-02-29T10:20:30Z", "true", "2.5", "one two", "00ff"},
	{"-1", "0", "-0.25", "x", "1970-01-01", "1969-12-31T23:59:59.5Z",
		"false", "-0", "12", "61"},
	{"9223372036854775807", "-9223372036854775808",
		"999999999999999999999999999999999999.99", "%_\\", "9999-12-31",
		"9999-12-31T23:59:59.999999Z", "true", "1.5e+300", " 3 ", "e9"},
	{"", "", "", "", "", "", "", "", "", ""},
	{"1000", "3", "0.00", "a.b", "-0044-03-15", "2000-01-01T00:00:00Z",
		"false", "0.1", "2001-02-03", "c3a6"},
};

struct evaluated {
	int rc; /* of parse and bind */
	uint32_t type, scale;
	bool is_condition;
	struct leat_expr_error err;
	/* of each row */
	bool is_fault[EXPR_ROWS];
	bool is_kept[EXPR_ROWS];
	struct fuzz_bytes value[EXPR_ROWS];
};

static struct fake *
expr_fake(void)
{
	static struct fake fake;
	static bool is_there;

	if (!is_there)
		fake_init(&fake, 4 * (uint64_t)LEAT_EXPR_SIDE_BYTES, 1 << 20);
	is_there = true;
	return &fake;
}

static struct leat_frame *
expr_table(struct leat_table *t)
{
	char lines[2048] = "";
	size_t at = 0;

	for (uint32_t row = 0; row < EXPR_ROWS; row++)
		for (uint32_t k = 0; k < N_COLUMNS; k++)
			at += (size_t)snprintf(lines + at, sizeof(lines) - at,
				"%s%c", values[row][k],
				k + 1 == N_COLUMNS ? '\n' : ',');
	return fake_table(expr_fake(), &schema, lines, t);
}

/* Of the vector that was made for the rows alive. */
static void
expr_value(struct leat_table *t, const struct evaluated *made,
	struct fuzz_bytes *out, uint32_t row)
{
	struct leat_column column = {
		"v", made->type, LEAT_FIELD_NONE, 0, made->scale, 0};
	struct leat_schema one = schema;
	uint8_t *scratch;
	uint32_t n;

	one.n_columns = one.n_vectors = 1;
	one.columns = &column;
	leat_table_set_schema(t, &one);
	n = leat_table_text_bytes(t, 0, row);
	scratch = malloc(n ? n : 1);
	fuzz_add_text(out, leat_table_text(t, 0, row, scratch));
	free(scratch);
	leat_table_set_schema(t, &schema);
}

/* One row, by itself. */
static void
expr_row(struct leat_expr *e, struct evaluated *made, uint32_t row)
{
	struct leat_expr_fault fault = {0};
	struct leat_frame *frame;
	struct leat_table t;
	uint32_t rows[1], n = 0;
	char text[512];
	int rc;

	frame = expr_table(&t);
	leat_table_select(&t, &row, 1);
	rc = leat_expr_eval(e, &t, &fault);
	fuzz_check(rc == LEAT_OK || rc == LEAT_EDATA || rc == LEAT_ELIMIT,
		"eval: %d", rc);
	made->is_fault[row] = rc != LEAT_OK;
	if (rc == LEAT_EDATA)
		leat_expr_fault_text(e, &t, &fault, text, sizeof(text));
	if (!rc)
		expr_value(&t, made, &made->value[row], row);
	if (made->is_condition) {
		int rc_filter = leat_expr_filter(e, &t, rows, &n, &fault);

		fuzz_check((rc_filter != LEAT_OK) == (rc != LEAT_OK),
			"filter: %d, eval: %d", rc_filter, rc);
		made->is_kept[row] = !rc && n;
	}
	leat_frame_release(frame);
}

/* All rows at once, but for those that have no value. */
static void
expr_rows(struct leat_expr *e, const struct evaluated *made)
{
	uint32_t rows[EXPR_ROWS], kept[EXPR_ROWS], n = 0, n_kept, k_kept = 0;
	struct leat_expr_fault fault;
	struct leat_frame *frame;
	struct leat_table t;

	frame = expr_table(&t);
	for (uint32_t row = 0; row < EXPR_ROWS; row++)
		if (!made->is_fault[row])
			rows[n++] = row;
	leat_table_select(&t, rows, n);
	fuzz_check(!leat_expr_eval(e, &t, &fault), "a fault among others");
	for (uint32_t k = 0; k < n; k++) {
		struct fuzz_bytes value = {0};

		expr_value(&t, made, &value, rows[k]);
		fuzz_check(fuzz_is_same(&value, &made->value[rows[k]]),
			"row %u is another among others", rows[k]);
		free(value.data);
	}
	if (made->is_condition) {
		fuzz_check(!leat_expr_filter(e, &t, kept, &n_kept, &fault),
			"a fault in a filter");
		for (uint32_t k = 0; k < n; k++)
			if (made->is_kept[rows[k]])
				fuzz_check(k_kept < n_kept &&
						kept[k_kept++] == rows[k],
					"row %u is not kept", rows[k]);
		fuzz_check(k_kept == n_kept, "too many rows are kept");
	}
	leat_frame_release(frame);
}

static void
expr_evaluate(const char *source, struct evaluated *made)
{
	static const struct fuzz_bytes yes = {(uint8_t *)"4:true,", 7, 7};
	struct leat_expr *e = NULL;

	*made = (struct evaluated){0};
	made->rc = leat_expr_parse(&expr_fake()->st, source, &e, &made->err);
	if (!made->rc)
		made->rc = leat_expr_bind(e, &schema, &made->err);
	if (made->rc == LEAT_EINVAL)
		fuzz_check(
			made->err.offset <= strlen(source) && made->err.text[0],
			"an error at %u", made->err.offset);
	if (made->rc) {
		leat_expr_destroy(e);
		return;
	}
	made->type = leat_expr_type(e, &made->scale);
	made->is_condition = leat_expr_is_condition(e);
	for (uint32_t row = 0; row < EXPR_ROWS; row++) {
		expr_row(e, made, row);
		if (made->is_condition && !made->is_fault[row])
			fuzz_check(made->is_kept[row] ==
					fuzz_is_same(&made->value[row], &yes),
				"row %u is kept or not", row);
	}
	expr_rows(e, made);
	leat_expr_destroy(e);
}

static void
evaluated_free(struct evaluated *made)
{
	for (uint32_t row = 0; row < EXPR_ROWS; row++)
		free(made->value[row].data);
}

/* ---- constants for columns ---------------------------------------------- */

static uint32_t
column_of(const char *word, size_t n)
{
	uint32_t k = 0;

	while (k < N_COLUMNS &&
		(strlen(columns[k].name) != n ||
			memcmp(columns[k].name, word, n) != 0))
		k++;
	return k;
}

/* A piece that is copied as it is: in quotes, or a sign. */
static size_t
piece_of(const char *at)
{
	const char *end;

	if (*at != '\'' && *at != '"' && *at != '`')
		return 1;
	end = strchr(at + 1, *at);
	return end ? (size_t)(end - at) + 1 : strlen(at);
}

/* With what row has instead of columns; false: too long. */
static bool
expr_with_constants(const char *source, uint32_t row, char *out, size_t n_out)
{
	size_t at = 0;

	while (*source) {
		size_t n = piece_of(source);
		uint32_t k = N_COLUMNS;
		int len;

		if (isalnum((unsigned char)*source) || *source == '_' ||
			(uint8_t)*source > 0x7f) {
			while (isalnum((unsigned char)source[n]) ||
				source[n] == '_' || source[n] == '.' ||
				(uint8_t)source[n] > 0x7f)
				n++;
			k = column_of(source, n);
		}
		if (k == N_COLUMNS)
			len = snprintf(
				out + at, n_out - at, "%.*s", (int)n, source);
		else if (!values[row][k][0])
			len = snprintf(out + at, n_out - at,
				" cast(null as %s) ", types[k]);
		else
			len = snprintf(out + at, n_out - at,
				" cast('%s' as %s) ", values[row][k], types[k]);
		at += (size_t)len;
		source += n;
		if (at >= n_out)
			return false;
	}
	return true;
}

/* What the row's constants give where its columns stood. */
static void
expr_constants(const char *source, const struct evaluated *made, uint32_t row)
{
	struct evaluated other;
	char text[4 * EXPR_TEXT];

	if (!expr_with_constants(source, row, text, sizeof(text)))
		return;
	expr_evaluate(text, &other);
	/* a name that is a function's, a limit, ...: another expression */
	if (!other.rc && other.type == made->type &&
		other.scale == made->scale) {
		fuzz_check(other.is_fault[row] == made->is_fault[row],
			"'%s': no value of row %u by constants, or by columns",
			text, row);
		fuzz_check(fuzz_is_same(&other.value[row], &made->value[row]),
			"'%s' is %.*s, by columns of row %u %.*s", text,
			(int)other.value[row].n,
			(const char *)other.value[row].data, row,
			(int)made->value[row].n,
			(const char *)made->value[row].data);
	}
	evaluated_free(&other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
	struct fuzz_input in = {data, n_bytes};
	uint32_t row = fuzz_choose(&in, EXPR_ROWS);
	struct evaluated made;
	char source[EXPR_TEXT + 1];

	if (in.n > EXPR_TEXT)
		return 0;
	if (in.n)
		memcpy(source, in.data, in.n);
	source[in.n] = '\0';
	expr_evaluate(source, &made);
	if (!made.rc)
		expr_constants(source, &made, row);
	evaluated_free(&made);
	return 0;
}
