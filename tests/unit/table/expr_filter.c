/*
 * tests of table/expr_filter.c: for which rows is it true?
 */
#include "unit/table/fake.h"

static const char *const names[] = {"a", "b", "c"};
static struct fake f;
static struct leat_table t;
static struct leat_frame *frame;
static struct leat_expr_fault fault;

/* Rows for which a condition is true, as "0 2 5"; or "bad COLUMN ROW". */
static const char *
filter(const char *condition)
{
	static char out[512];
	struct leat_expr_error err;
	struct leat_expr *e;
	uint32_t n, *rows = leat_table_selection(&t);
	size_t at = 0;

	if (leat_expr_parse(&f.st, condition, &e, &err) ||
		leat_expr_bind(e, t.schema, &err))
		ck_abort_msg("%s: %s", condition, err.text);
	if (leat_expr_filter(e, &t, rows, &n, &fault)) {
		snprintf(
			out, sizeof(out), "bad %u %u", fault.column, fault.row);
		leat_expr_destroy(e);
		return out;
	}
	leat_expr_destroy(e);
	out[0] = '\0';
	for (uint32_t k = 0; k < n; k++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%u",
			k ? " " : "", rows[k]);
	return out;
}

static void
with(const char *lines)
{
	struct leat_schema *s;

	fake_init(&f, 32 * LEAT_EXPR_SIDE_BYTES, 65536);
	s = fake_schema(&f, names, 3);
	frame = fake_table(&f, s, lines, &t);
}

static void
done(void)
{
	leat_frame_release(frame);
	fake_fini(&f);
}

START_TEST(numbers_compare_by_value)
{
	with("60,x,1\n61,x,1.5\n-5,x,-1.5\n007,x,1e2\n 60 ,x,60\n\"60\",x,+3\n"
	     "60.5,x,0\n99999999999999999999,x,0\n1234567,x,0\n12345678,x,0\n"
	     "123456789,x,0\n");
	ck_assert_str_eq(filter("a = 60"), "0 4 5");
	ck_assert_str_eq(filter("a != 60"), "1 2 3 6 7 8 9 10");
	ck_assert_str_eq(filter("a > 60"), "1 6 7 8 9 10");
	ck_assert_str_eq(filter("a >= 60"), "0 1 4 5 6 7 8 9 10");
	ck_assert_str_eq(filter("a < 60"), "2 3");
	ck_assert_str_eq(filter("a <= 60"), "0 2 3 4 5");
	ck_assert_str_eq(filter("60 < a"), "1 6 7 8 9 10");
	ck_assert_str_eq(filter("a = 7"), "3");
	ck_assert_str_eq(filter("a = -5"), "2");
	ck_assert_str_eq(filter("a = 1234567"), "8");
	ck_assert_str_eq(filter("a = 12345678"), "9");
	ck_assert_str_eq(filter("a = 123456789"), "10");
	ck_assert_str_eq(filter("a > 60.25 and a < 60.75"), "6");
	ck_assert_str_eq(filter("c > 1"), "1 3 4 5");
	done();
}
END_TEST

START_TEST(big_integers_do_not_round)
{
	with("9007199254740993,x,x\n");
	ck_assert_str_eq(filter("a = 9007199254740993"), "0");
	ck_assert_str_eq(filter("a = 9007199254740992"), "");
	ck_assert_str_eq(filter("a > 9007199254740992.0"), "0");
	ck_assert_str_eq(filter("a > 9007199254740994.0"), "");
	done();
}
END_TEST

START_TEST(texts_compare_by_bytes)
{
	with("OSL,OSL,1\nBGO,\"OSL\",2\n\"say "
	     "\"\"x\"\"\",OS,3\n\xc3\xa9,z,4\n");
	ck_assert_str_eq(filter("a = 'OSL'"), "0");
	ck_assert_str_eq(filter("b = 'OSL'"), "0 1");
	ck_assert_str_eq(filter("a = b"), "0");
	ck_assert_str_eq(filter("a < b"), "1");
	ck_assert_str_eq(filter("a = 'say \"x\"'"), "2");
	ck_assert_str_eq(filter("a < 'say \"y\"'"), "0 1 2");
	ck_assert_str_eq(filter("b < 'OSL'"), "2");
	ck_assert_str_eq(filter("a > 'z'"), "3");
	ck_assert_str_eq(filter("a = '60'"), "");
	ck_assert_str_eq(filter("'OSL' = a"), "0");
	done();
}
END_TEST

START_TEST(an_empty_field_is_null)
{
	with("1,,x\n,,x\n\"\",5,x\n7,7,x\n");
	ck_assert_str_eq(filter("a > 0"), "0 3");
	ck_assert_str_eq(filter("not a > 0"), "");
	ck_assert_str_eq(filter("a = ''"), "");
	ck_assert_str_eq(filter("a is null"), "1 2");
	ck_assert_str_eq(filter("b is not null"), "2 3");
	ck_assert_str_eq(filter("a = b"), "3");
	done();
}
END_TEST

/* Columns a and b hold t (1), f (0) or nothing (null). */
START_TEST(logic_has_three_values)
{
	with("1,1,\n1,0,\n1,,\n0,1,\n0,0,\n0,,\n,1,\n,0,\n,,\n");
	ck_assert_str_eq(filter("a = 1 and b = 1"), "0");
	ck_assert_str_eq(filter("a = 1 or b = 1"), "0 1 2 3 6");
	ck_assert_str_eq(filter("not (a = 1 and b = 1)"), "1 3 4 5 7");
	ck_assert_str_eq(filter("not (a = 1 or b = 1)"), "4");
	ck_assert_str_eq(filter("not a = 1 or b = 1"), "0 3 4 5 6");
	ck_assert_str_eq(filter("a = 1 and b = 1 or a = 0 and b = 0"), "0 4");
	ck_assert_str_eq(filter("a = 1 and (b = 0 or b is null)"), "1 2");
	ck_assert_str_eq(filter("not not a = 1"), "0 1 2");
	done();
}
END_TEST

START_TEST(a_value_that_is_no_number_is_a_fault)
{
	with("x,1,1\ny,2,2\nx,n/a,3\n");
	ck_assert_str_eq(filter("b > 1"), "bad 1 2");
	ck_assert_uint_eq(fault.type, LEAT_TYPE_FLOAT64);
	ck_assert_str_eq(filter("b > 1.5"), "bad 1 2");
	done();
}
END_TEST

START_TEST(a_part_sees_only_rows_that_are_undecided)
{
	with("x,n/a,1\ny,2,2\nx,n/a,3\ny,4,4\n");
	ck_assert_str_eq(filter("a = 'y' and b > 2"), "3");
	ck_assert_str_eq(filter("a = 'x' or b > 2"), "0 2 3");
	ck_assert_str_eq(filter("a = 'x' and b > 2"), "bad 1 0");
	done();
}
END_TEST

START_TEST(only_rows_alive_are_looked_at)
{
	uint32_t rows[] = {1, 3};

	with("n/a,1,1\n2,1,1\nn/a,1,1\n4,1,1\n");
	leat_table_select(&t, rows, 2);
	ck_assert_str_eq(filter("a > 2"), "3");
	ck_assert_str_eq(filter("a > 9"), "");
	done();
}
END_TEST

START_TEST(blocks_join_without_a_seam)
{
	static char lines[8 * 1500 + 1];
	struct leat_expr_error err;
	struct leat_expr *e;
	uint32_t n, expected = 0, *rows;
	size_t at = 0;

	for (int k = 0; k < 1500; k++)
		at += (size_t)sprintf(lines + at, "%d,,\n", k);
	with(lines);
	rows = leat_table_selection(&t);
	ck_assert_int_eq(leat_expr_parse(&f.st,
				 "not (a < 500 or a = 511 or a = 512) and "
				 "(a < 1100 or a >= 1490)",
				 &e, &err),
		LEAT_OK);
	ck_assert_int_eq(leat_expr_bind(e, t.schema, &err), LEAT_OK);
	ck_assert_int_eq(leat_expr_filter(e, &t, rows, &n, NULL), LEAT_OK);
	for (uint32_t k = 500; k < 1500; k++)
		if (k != 511 && k != 512 && (k < 1100 || k >= 1490))
			ck_assert_uint_eq(rows[expected++], k);
	ck_assert_uint_eq(n, expected);
	done();
}
END_TEST

START_TEST(vectors_are_compared_as_well)
{
	struct leat_column columns[] = {
		{"n", LEAT_TYPE_INT64, LEAT_FIELD_NONE, 0, 0, 0},
		{"d", LEAT_TYPE_FLOAT64, LEAT_FIELD_NONE, 1, 0, 0},
		{"ok", LEAT_TYPE_BOOL, LEAT_FIELD_NONE, 2, 0, 0}};
	struct leat_schema s = {.n_columns = 3, .columns = columns};
	void *ints, *doubles;

	fake_init(&f, 32 * LEAT_EXPR_SIDE_BYTES, 65536);
	frame = fake_frame(&f);
	ck_assert_int_eq(leat_table_begin(frame, &s, 3, &t), LEAT_OK);
	ints = fake_vector(&t, LEAT_TYPE_INT64);
	doubles = fake_vector(&t, LEAT_TYPE_FLOAT64);
	fake_vector(&t, LEAT_TYPE_BOOL);
	for (int k = 0; k < 3; k++) {
		((int64_t *)ints)[k] = k;
		((double *)doubles)[k] = 1.0;
	}
	ck_assert_str_eq(filter("n >= 1"), "1 2");
	ck_assert_str_eq(filter("n = d"), "1");
	ck_assert_str_eq(filter("d < 1.5 and n < 2"), "0 1");
	ck_assert_str_eq(filter("ok is null"), "");
	ck_assert_str_eq(filter("n is not null"), "0 1 2");
	done();
}
END_TEST

/* ---- values ------------------------------------------------------------- */

/* Evaluate into a new vector; the code. */
static int
eval(const char *source, struct leat_expr **out)
{
	struct leat_expr_error err;

	if (leat_expr_parse(&f.st, source, out, &err) ||
		leat_expr_bind(*out, t.schema, &err))
		ck_abort_msg("%s: %s", source, err.text);
	return leat_expr_eval(*out, &t, &fault);
}

/* The table with one more column, which is its first own vector. */
static void
open_vector(const struct leat_expr *e, struct leat_vector *v)
{
	static struct leat_column column;
	static struct leat_schema s;
	uint32_t scale, bad_row;

	column = (struct leat_column){.name = "v",
		.type = leat_expr_type(e, &scale),
		.field = LEAT_FIELD_NONE};
	s = *t.schema;
	s.n_columns = 1;
	s.columns = &column;
	leat_table_set_schema(&t, &s);
	ck_assert_int_eq(leat_table_vector(&t, 0, column.type, v, &bad_row), 0);
}

START_TEST(values_lie_at_their_rows)
{
	uint32_t rows[] = {0, 2, 3};
	struct leat_vector v;
	struct leat_expr *e;

	with("5,x,1\n6,y,2\n,z,3\n8,,4\n");
	leat_table_select(&t, rows, 3);
	ck_assert_int_eq(eval("cast(a as int64) * 2", &e), LEAT_OK);
	open_vector(e, &v);
	ck_assert(leat_vector_has(&v, 0));
	ck_assert(!leat_vector_has(&v, 2));
	ck_assert(leat_vector_has(&v, 3));
	ck_assert_int_eq(((const int64_t *)v.values)[0], 10);
	ck_assert_int_eq(((const int64_t *)v.values)[3], 16);
	ck_assert_uint_eq(t.n_rows, 3);
	leat_expr_destroy(e);
	done();
}
END_TEST

START_TEST(texts_of_the_source_are_not_copied)
{
	struct leat_vector v;
	struct leat_expr *e;
	uint32_t room;

	with("abcdef,x,1\n\"say \"\"x\"\"\",y,2\nx,z,3\n");
	room = leat_table_room(&t);
	ck_assert_int_eq(eval("substr(a, 1, 4)", &e), LEAT_OK);
	ck_assert_uint_ge(leat_table_room(&t) + 192 + 4, room);
	open_vector(e, &v);
	ck_assert_ptr_eq(leat_vector_text(&v, 0).data, t.text + t.first);
	ck_assert_mem_eq(leat_vector_text(&v, 0).data, "abcd", 4);
	ck_assert_mem_eq(leat_vector_text(&v, 1).data, "say ", 4);
	ck_assert_uint_eq(leat_vector_text(&v, 2).len, 1);
	leat_expr_destroy(e);
	done();
}
END_TEST

START_TEST(an_empty_text_is_a_value)
{
	struct leat_vector v;
	struct leat_expr *e;

	with("a,b,c\n");
	ck_assert_int_eq(eval("replace(a, 'a', '')", &e), LEAT_OK);
	open_vector(e, &v);
	ck_assert(leat_vector_has(&v, 0));
	ck_assert_uint_eq(leat_vector_text(&v, 0).len, 0);
	ck_assert_ptr_nonnull(leat_vector_text(&v, 0).data);
	leat_expr_destroy(e);
	done();
}
END_TEST

START_TEST(without_room_the_table_is_as_it_was)
{
	struct leat_table_head head;
	struct leat_expr *e;
	uint32_t len;

	with("a,b,c\nd,e,f\n");
	len = frame->len_bytes;
	head = *t.head;
	ck_assert_int_eq(eval("lpad(a, 20000, 'x')", &e), LEAT_ELIMIT);
	ck_assert_uint_eq(frame->len_bytes, len);
	ck_assert_uint_eq(t.n_rows, 2);
	ck_assert_int_eq(leat_expr_eval(e, &t, &fault), LEAT_ELIMIT);
	ck_assert_mem_eq(t.head, &head, sizeof(head));
	leat_expr_destroy(e);
	ck_assert_int_eq(eval("lpad(a, 100, 'x')", &e), LEAT_OK);
	leat_expr_destroy(e);
	done();
}
END_TEST

/* Texts of a block that do not fit at once are made in halves. */
START_TEST(long_texts_are_made_a_few_rows_at_a_time)
{
	static char lines[6 * 60 + 1];
	uint32_t n, *rows;
	struct leat_expr_error err;
	struct leat_expr *e;
	size_t at = 0;

	for (int k = 0; k < 60; k++)
		at += (size_t)sprintf(lines + at, "%d,,\n", k % 10);
	with(lines);
	rows = leat_table_selection(&t);
	ck_assert_int_eq(leat_expr_parse(&f.st,
				 "length(lpad(a, 100000, 'x') || 'y') = "
				 "100001 and a != '3'",
				 &e, &err),
		LEAT_OK);
	ck_assert_int_eq(leat_expr_bind(e, t.schema, &err), LEAT_OK);
	ck_assert_int_eq(leat_expr_filter(e, &t, rows, &n, &fault), LEAT_OK);
	ck_assert_uint_eq(n, 54);
	leat_expr_destroy(e);
	ck_assert_str_eq(
		filter("length(lpad(a, 200000, 'x') || 'y') > 0"), "bad 0 0");
	ck_assert_ptr_nonnull(strstr(fault.reason, "over 256 KiB"));
	done();
}
END_TEST

START_TEST(a_fault_leaves_nothing_behind)
{
	struct leat_table_head head;
	struct leat_expr *e;

	with("1,x,1\nn/a,y,2\n3,z,3\n");
	head = *t.head;
	ck_assert_int_eq(eval("cast(a as int64)", &e), LEAT_EDATA);
	ck_assert_uint_eq(fault.row, 1);
	ck_assert_uint_eq(fault.column, 0);
	ck_assert_uint_eq(fault.type, LEAT_TYPE_INT64);
	ck_assert_uint_eq(t.n_rows, 3);
	ck_assert_int_eq(leat_expr_eval(e, &t, &fault), LEAT_EDATA);
	ck_assert_uint_eq(fault.row, 1);
	ck_assert_mem_eq(t.head, &head, sizeof(head));
	leat_expr_destroy(e);
	done();
}
END_TEST

TEST_MAIN("table/expr_filter", numbers_compare_by_value,
	big_integers_do_not_round, texts_compare_by_bytes,
	an_empty_field_is_null, logic_has_three_values,
	a_value_that_is_no_number_is_a_fault,
	a_part_sees_only_rows_that_are_undecided, only_rows_alive_are_looked_at,
	blocks_join_without_a_seam, vectors_are_compared_as_well,
	values_lie_at_their_rows, texts_of_the_source_are_not_copied,
	an_empty_text_is_a_value, without_room_the_table_is_as_it_was,
	long_texts_are_made_a_few_rows_at_a_time, a_fault_leaves_nothing_behind)
