/*
 * tests of table/expr_column.c: columns of files, of vectors, and of pieces.
 */
#include <math.h>

#include "unit/table/fake.h"

#define N_ROWS 4

static struct fake f;
static struct leat_table t;
static struct leat_frame *frame;

/* One own vector of a type: rows 0 to 2 have a value, row 3 is null. */
static struct leat_column column = {"v", 0, LEAT_FIELD_NONE, 0, 0, 0};
static struct leat_schema schema = {
	.n_columns = 1, .n_vectors = 1, .columns = &column};

static struct leat_vector_room
begin(uint32_t schema_type, uint32_t type, uint32_t scale)
{
	struct leat_vector_room room;

	column.type = schema_type;
	column.scale = scale;
	fake_init(&f, 4 * LEAT_EXPR_SIDE_BYTES, 65536);
	frame = fake_frame(&f);
	ck_assert_int_eq(leat_table_begin(frame, &schema, N_ROWS, &t), 0);
	ck_assert_int_eq(leat_table_add_vector(&t, type, scale, &room), 0);
	room.valid[0] = 0x7;
	return room;
}

static void
done(void)
{
	leat_frame_release(frame);
	fake_fini(&f);
}

/* Rows for which it is true, as "0 2"; or "bad ROW". */
static const char *
rows_of(const char *condition)
{
	static char out[64];
	uint32_t rows[N_ROWS], n = 0;
	struct leat_expr_fault fault;
	struct leat_expr_error err;
	struct leat_expr *e;
	size_t at = 0;

	if (leat_expr_parse(&f.st, condition, &e, &err) ||
		leat_expr_bind(e, &schema, &err))
		ck_abort_msg("%s: %s", condition, err.text);
	out[0] = '\0';
	if (leat_expr_filter(e, &t, rows, &n, &fault))
		snprintf(out, sizeof(out), "bad %u", fault.row);
	else
		for (uint32_t k = 0; k < n; k++)
			at += (size_t)snprintf(out + at, sizeof(out) - at,
				"%s%u", k ? " " : "", rows[k]);
	leat_expr_destroy(e);
	return out;
}

START_TEST(vectors_of_numbers)
{
	struct leat_vector_room room =
		begin(LEAT_TYPE_INT64, LEAT_TYPE_INT64, 0);
	int64_t *values = room.values;

	values[0] = -1;
	values[1] = 5;
	values[2] = INT64_MAX;
	ck_assert_str_eq(rows_of("v > 0"), "1 2");
	ck_assert_str_eq(rows_of("v > 4.5"), "1 2");
	ck_assert_str_eq(rows_of("v = 9223372036854775807"), "2");
	ck_assert_str_eq(rows_of("v = 9223372036854775808.0"), "");
	ck_assert_str_eq(rows_of("v * 2 > 0"), "bad 2");
	ck_assert_str_eq(rows_of("v is null"), "3");
	ck_assert_str_eq(rows_of("v is not null"), "0 1 2");
	ck_assert_str_eq(rows_of("v::string = '5'"), "1");
	ck_assert_str_eq(rows_of("v::float64 = 5"), "1");
	ck_assert_str_eq(rows_of("v in (5, -1)"), "0 1");
	ck_assert_str_eq(rows_of("try_cast(v as decimal(30)) is null"), "2 3");
	done();
}
END_TEST

START_TEST(nan_is_null)
{
	struct leat_vector_room room =
		begin(LEAT_TYPE_FLOAT64, LEAT_TYPE_FLOAT64, 0);
	double *values = room.values;

	values[0] = NAN;
	values[1] = 2.5;
	values[2] = INFINITY;
	ck_assert_str_eq(rows_of("v > 0"), "1 2");
	ck_assert_str_eq(rows_of("v = v"), "1 2");
	ck_assert_str_eq(rows_of("v is null"), "0 3");
	ck_assert_str_eq(rows_of("v + 1 > 0"), "1 2");
	ck_assert_str_eq(rows_of("v - v = 0"), "1");
	ck_assert_str_eq(rows_of("v::int64 = 3"), "bad 2");
	done();
}
END_TEST

START_TEST(vectors_of_bools_and_decimals)
{
	struct leat_vector_room room = begin(LEAT_TYPE_BOOL, LEAT_TYPE_BOOL, 0);

	((uint8_t *)room.values)[0] = 0xa; /* row 3 is null all the same */
	ck_assert_str_eq(rows_of("v"), "1");
	ck_assert_str_eq(rows_of("not v"), "0 2");
	ck_assert_str_eq(rows_of("v = false"), "0 2");
	ck_assert_str_eq(rows_of("v is null"), "3");
	ck_assert_str_eq(rows_of("v::int64 = 1"), "1");
	done();
	room = begin(LEAT_TYPE_DECIMAL, LEAT_TYPE_DECIMAL, 2);
	((struct leat_decimal *)room.values)[0] = (struct leat_decimal){150, 0};
	((struct leat_decimal *)room.values)[1] =
		(struct leat_decimal){UINT64_MAX, -1};
	ck_assert_str_eq(rows_of("v = 1.5"), "0");
	ck_assert_str_eq(rows_of("v = -0.01"), "1");
	ck_assert_str_eq(rows_of("v < 1"), "1 2");
	ck_assert_str_eq(rows_of("v::string = '-0.01'"), "1");
	done();
}
END_TEST

START_TEST(vectors_of_moments)
{
	struct leat_vector_room room = begin(LEAT_TYPE_DATE, LEAT_TYPE_DATE, 0);
	int64_t *values = room.values;

	values[0] = 19782;
	values[1] = -1;
	ck_assert_str_eq(rows_of("v = '2024-02-29'"), "0");
	ck_assert_str_eq(rows_of("v < timestamp '1970-01-01'"), "1");
	ck_assert_str_eq(rows_of("year(v) = 1969"), "1");
	done();
	room = begin(LEAT_TYPE_TIMESTAMP, LEAT_TYPE_TIMESTAMP, 0);
	((int64_t *)room.values)[1] = 1;
	ck_assert_str_eq(rows_of("v > '1970-01-01'"), "1");
	ck_assert_str_eq(rows_of("v::date = '1970-01-01'"), "0 1 2");
	done();
}
END_TEST

static void
put_text(struct leat_vector_room *room, uint32_t row, const char *text)
{
	ck_assert_int_eq(leat_table_add_text(&t, text, strlen(text),
				 (struct leat_piece *)room->values + row),
		0);
}

START_TEST(vectors_of_texts)
{
	struct leat_vector_room room = begin(LEAT_TYPE_TEXT, LEAT_TYPE_TEXT, 0);

	put_text(&room, 0, "abc");
	put_text(&room, 1, "");
	put_text(&room, 2, "12");
	ck_assert_str_eq(rows_of("v = 'abc'"), "0");
	ck_assert_str_eq(rows_of("v = ''"), "1");
	ck_assert_str_eq(rows_of("v is null"), "3");
	ck_assert_str_eq(rows_of("length(v) > 1"), "0 2");
	ck_assert_str_eq(rows_of("v > 1"), "bad 0");
	ck_assert_str_eq(rows_of("v != 'abc' and v > 1"), "bad 1");
	ck_assert_str_eq(rows_of("length(v) = 2 and v > 1"), "2");
	ck_assert_str_eq(rows_of("try_cast(v as int64) = 12"), "2");
	done();
	room = begin(LEAT_TYPE_BINARY, LEAT_TYPE_BINARY, 0);
	put_text(&room, 0, "\x01\xff");
	put_text(&room, 1, "a");
	put_text(&room, 2, "a");
	ck_assert_str_eq(rows_of("v::string = '01ff'"), "0");
	ck_assert_str_eq(rows_of("v = v"), "0 1 2");
	done();
}
END_TEST

/* As of a JSON file: typed, and its values still texts. */
START_TEST(pieces_of_a_typed_column_are_read)
{
	struct leat_vector_room room =
		begin(LEAT_TYPE_INT64, LEAT_TYPE_TEXT, 0);

	put_text(&room, 0, "7");
	put_text(&room, 1, "-123456789012");
	put_text(&room, 2, "1.5");
	ck_assert_str_eq(rows_of("v > 1"), "0 2");
	ck_assert_str_eq(rows_of("v < 1.5"), "1");
	ck_assert_str_eq(rows_of("v + 1 > 1"), "bad 2");
	ck_assert_str_eq(rows_of("v::int64 + 1 > 1"), "0 2");
	ck_assert_str_eq(rows_of("v::string = '1.5'"), "2");
	ck_assert_str_eq(rows_of("v is null"), "3");
	done();
}
END_TEST

START_TEST(a_column_without_a_vector_is_null)
{
	begin(LEAT_TYPE_INT64, LEAT_TYPE_BOOL, 0);
	ck_assert_str_eq(rows_of("v is null"), "0 1 2 3");
	ck_assert_str_eq(rows_of("v > 1 or v <= 1"), "");
	done();
}
END_TEST

TEST_MAIN("table/expr_column", vectors_of_numbers, nan_is_null,
	vectors_of_bools_and_decimals, vectors_of_moments, vectors_of_texts,
	pieces_of_a_typed_column_are_read, a_column_without_a_vector_is_null)
