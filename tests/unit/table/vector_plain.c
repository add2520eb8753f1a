/*
 * tests of table/vector_plain.c: the same values as by the long way.
 */
#include "unit/table/fake.h"

static const char *const names[] = {"a", "b"};
static struct fake f;

static const char *const numbers[] = {"0", "7", "-7", "12", "123", "-1234",
	"12345", "123456", "1234567", "-1234567", "12345678", "-12345678",
	"123456789", "-123456789", "9223372036854775807",
	"-9223372036854775808", "00000001", "+5", "\"5\"", "\"-55\""};

#define N_NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

/* One number a line, in the first and in the last field. */
static void
put_numbers(char *lines, const char *end)
{
	for (size_t k = 0; k < N_NUMBERS; k++)
		lines += sprintf(lines, "%s,%s%s", numbers[k], numbers[k], end);
}

static void
check_numbers(const char *end)
{
	struct leat_schema *s;
	struct leat_frame *frame;
	struct leat_table t;
	struct leat_vector v;
	char lines[2048];
	uint32_t bad;

	fake_init(&f, 65536, 65536);
	s = fake_schema(&f, names, 2);
	put_numbers(lines, end);
	frame = fake_table(&f, s, lines, &t);
	ck_assert_uint_eq(t.n_rows, N_NUMBERS);
	for (uint32_t c = 0; c < 2; c++) {
		ck_assert_int_eq(
			leat_table_vector(&t, c, LEAT_TYPE_INT64, &v, &bad),
			LEAT_OK);
		for (uint32_t k = 0; k < N_NUMBERS; k++) {
			const char *at = numbers[k] + (numbers[k][0] == '"');

			ck_assert(leat_vector_has(&v, k));
			ck_assert_int_eq(((const int64_t *)v.values)[k],
				strtoll(at, NULL, 10));
		}
	}
	leat_frame_release(frame);
	fake_fini(&f);
}

START_TEST(short_and_long_numbers_are_what_they_say)
{
	check_numbers("\n");
	check_numbers("\r\n");
}
END_TEST

START_TEST(what_is_no_number_is_found_wherever_it_stands)
{
	static const char *const bad[] = {"1x", "x1", "1 ", " 1", "-", "--1",
		"1-", "1.5", "1e3", "12345678x", "/", ":", "1:", "\xb1",
		"99999999999999999999"};

	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		struct leat_table t;
		struct leat_vector v;
		struct leat_schema *s;
		struct leat_frame *frame;
		char lines[128];
		uint32_t row = 99;

		fake_init(&f, 65536, 65536);
		s = fake_schema(&f, names, 2);
		snprintf(lines, sizeof(lines), "1,x\n,y\n2,z\n%s,z\n3,z\n",
			bad[k]);
		frame = fake_table(&f, s, lines, &t);
		ck_assert_int_eq(
			leat_table_vector(&t, 0, LEAT_TYPE_INT64, &v, &row),
			LEAT_EDATA);
		ck_assert_uint_eq(row, 3);
		leat_frame_release(frame);
		fake_fini(&f);
	}
}
END_TEST

START_TEST(rows_that_are_not_alive_are_not_looked_at)
{
	uint32_t rows[] = {1, 3}, bad;
	struct leat_table t;
	struct leat_vector v;
	struct leat_schema *s;
	struct leat_frame *frame;

	fake_init(&f, 65536, 65536);
	s = fake_schema(&f, names, 2);
	frame = fake_table(&f, s, "x,a\n5,b\n,c\n7,d\n", &t);
	leat_table_select(&t, rows, 2);
	ck_assert_int_eq(
		leat_table_vector(&t, 0, LEAT_TYPE_INT64, &v, &bad), LEAT_OK);
	ck_assert_int_eq(((const int64_t *)v.values)[1], 5);
	ck_assert_int_eq(((const int64_t *)v.values)[3], 7);
	ck_assert_uint_eq(v.valid[0], 10);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(texts_are_pieces_whether_quoted_or_not)
{
	static const char *const want[] = {"plain", "a,b", "q\"q", NULL, "x"};
	struct leat_table t;
	struct leat_vector v;
	struct leat_schema *s;
	struct leat_frame *frame;
	uint32_t bad;

	fake_init(&f, 65536, 65536);
	s = fake_schema(&f, names, 2);
	frame = fake_table(
		&f, s, "1,plain\n2,\"a,b\"\n3,\"q\"\"q\"\n4,\n5,x\r\n", &t);
	ck_assert_int_eq(
		leat_table_vector(&t, 1, LEAT_TYPE_TEXT, &v, &bad), LEAT_OK);
	for (uint32_t k = 0; k < 5; k++) {
		struct leat_text x = leat_vector_text(&v, k);

		ck_assert_int_eq(leat_vector_has(&v, k), want[k] != NULL);
		if (!want[k])
			continue;
		ck_assert_uint_eq(x.len, strlen(want[k]));
		ck_assert_int_eq(memcmp(x.data, want[k], x.len), 0);
	}
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

TEST_MAIN("table/vector_plain", short_and_long_numbers_are_what_they_say,
	what_is_no_number_is_found_wherever_it_stands,
	rows_that_are_not_alive_are_not_looked_at,
	texts_are_pieces_whether_quoted_or_not)
