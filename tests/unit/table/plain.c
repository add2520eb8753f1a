/*
 * tests of table/plain.h: what is read without a detour is what the long way
 * reads, in every field and behind every other.
 */
#include "table/plain.h"
#include "unit/table/fake.h"

#define N_ROWS 300

static const char *const names[] = {"a", "b", "c"};
static struct fake f;
static struct leat_table t;
static struct leat_frame *frame;

static uint32_t
next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

/* A whole number of 1 to 10 digits, sometimes in quotes or of none. */
static size_t
put_number(char *at, uint64_t *seed)
{
	uint32_t n = next_random(seed) % 10 + 1, kind = next_random(seed) % 64;
	size_t len = 0;

	if (kind == 0)
		return 0;
	if (kind == 1)
		at[len++] = '"';
	if (kind % 3 == 2)
		at[len++] = kind % 2 ? '-' : '+';
	for (uint32_t k = 0; k < n; k++)
		at[len++] = (char)('0' + next_random(seed) % 10);
	if (kind == 1)
		at[len++] = '"';
	return len;
}

static void
with_numbers(uint64_t *seed)
{
	static char lines[N_ROWS * 3 * 16];
	size_t at = 0;

	for (uint32_t k = 0; k < 3 * N_ROWS; k++) {
		at += put_number(lines + at, seed);
		lines[at++] = k % 3 == 2 ? '\n' : ',';
	}
	lines[at] = '\0';
	fake_init(&f, 32 * LEAT_EXPR_SIDE_BYTES, 131072);
	frame = fake_table(&f, fake_schema(&f, names, 3), lines, &t);
	ck_assert_uint_eq(t.n_rows, N_ROWS);
}

static void
done(void)
{
	leat_frame_release(frame);
	fake_fini(&f);
}

/* The long way. false: null. */
static bool
number_at(uint32_t column, uint32_t row, int64_t *value)
{
	struct leat_text x = leat_table_raw(&t, column, row);

	if (x.len && x.data[0] == '"')
		x = (struct leat_text){x.data + 1, x.len - 2};
	return x.len && leat_text_int64(x, value) == LEAT_OK;
}

START_TEST(every_text_of_up_to_nine_bytes_is_read_or_left)
{
	static const char letters[] = "0123456789-+ ./:";
	uint64_t seed = 7;

	for (uint32_t k = 0; k < 200000; k++) {
		uint8_t text[16];
		struct leat_text x = {text, next_random(&seed) % 10};
		uint32_t n_letters = k % 4 ? 11 : 16;
		int64_t got = 0, want = 0;
		bool is_one;

		for (uint32_t at = 0; at < sizeof(text); at++)
			text[at] = (uint8_t)
				letters[next_random(&seed) % n_letters];
		is_one = leat_text_int64(x, &want) == LEAT_OK;
		if (!leat__plain_int(x.data, x.len, &got)) {
			ck_assert(!is_one || x.len > 8 || text[0] == '+');
			continue;
		}
		ck_assert(is_one);
		ck_assert_int_eq(got, want);
	}
}
END_TEST

START_TEST(vectors_of_random_numbers_are_those_of_the_long_way)
{
	uint64_t seed = 11;

	for (uint32_t round = 0; round < 60; round++) {
		with_numbers(&seed);
		for (uint32_t c = 0; c < 3; c++) {
			struct leat_vector v;
			uint32_t bad;

			ck_assert_int_eq(leat_table_vector(&t, c,
						 LEAT_TYPE_INT64, &v, &bad),
				LEAT_OK);
			for (uint32_t k = 0; k < N_ROWS; k++) {
				int64_t want = 0;
				bool has = number_at(c, k, &want);

				ck_assert_int_eq(leat_vector_has(&v, k), has);
				ck_assert_int_eq(
					((const int64_t *)v.values)[k], want);
			}
		}
		done();
	}
}
END_TEST

START_TEST(texts_of_random_rows_are_those_of_the_long_way)
{
	uint64_t seed = 13;

	for (uint32_t round = 0; round < 40; round++) {
		with_numbers(&seed);
		for (uint32_t c = 0; c < 3; c++) {
			struct leat_vector v;
			uint32_t bad;

			ck_assert_int_eq(leat_table_vector(&t, c,
						 LEAT_TYPE_TEXT, &v, &bad),
				LEAT_OK);
			for (uint32_t k = 0; k < N_ROWS; k++) {
				uint8_t scratch[64];
				struct leat_text got, want;

				want = leat_table_text(&t, c, k, scratch);
				got = leat_vector_text(&v, k);
				ck_assert_int_eq(
					leat_vector_has(&v, k), want.len > 0);
				if (!want.len)
					continue;
				ck_assert_uint_eq(got.len, want.len);
				ck_assert_mem_eq(got.data, want.data, got.len);
			}
		}
		done();
	}
}
END_TEST

static bool
is_in_order(int64_t x, const char *op, int64_t y)
{
	if (op[0] == '=')
		return x == y;
	if (op[0] == '!')
		return x != y;
	if (x == y)
		return op[1] == '=';
	return (op[0] == '<') == (x < y);
}

static void
check_filter(uint32_t column, const char *op, int64_t y)
{
	uint32_t n, n_want = 0, *rows = leat_table_selection(&t);
	struct leat_expr_error err;
	struct leat_expr *e;
	char text[64];

	snprintf(text, sizeof(text), "%s %s %lld", names[column], op,
		(long long)y);
	ck_assert_int_eq(leat_expr_parse(&f.st, text, &e, &err), LEAT_OK);
	ck_assert_int_eq(leat_expr_bind(e, t.schema, &err), LEAT_OK);
	ck_assert_int_eq(leat_expr_filter(e, &t, rows, &n, NULL), LEAT_OK);
	for (uint32_t k = 0; k < N_ROWS; k++) {
		int64_t x = 0;

		if (!number_at(column, k, &x) || !is_in_order(x, op, y))
			continue;
		ck_assert_uint_lt(n_want, n);
		ck_assert_uint_eq(rows[n_want++], k);
	}
	ck_assert_uint_eq(n, n_want);
	leat_expr_destroy(e);
}

START_TEST(a_filter_keeps_the_rows_that_the_long_way_keeps)
{
	static const char *const ops[] = {"=", "!=", "<", "<=", ">", ">="};
	uint64_t seed = 17;

	for (uint32_t round = 0; round < 60; round++) {
		uint32_t column = round % 3;
		int64_t y = 0;

		with_numbers(&seed);
		(void)number_at(column, next_random(&seed) % N_ROWS, &y);
		for (uint32_t k = 0; k < 6; k++) {
			check_filter(column, ops[k], y);
			check_filter(column, ops[k], (int64_t)round - 30);
		}
		check_filter(column, ">", INT64_MAX);
		check_filter(column, ">=", -INT64_MAX);
		done();
	}
}
END_TEST

TEST_MAIN("table/plain", every_text_of_up_to_nine_bytes_is_read_or_left,
	vectors_of_random_numbers_are_those_of_the_long_way,
	texts_of_random_rows_are_those_of_the_long_way,
	a_filter_keeps_the_rows_that_the_long_way_keeps)
