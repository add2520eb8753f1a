/*
 * tests of table/number.c: exact in, shortest out.
 */
#include <float.h>
#include <math.h>

#include "support/test.h"
#include "table/table.h"

static struct leat_text
text_of(const char *s)
{
	return (struct leat_text){(const uint8_t *)s, (uint32_t)strlen(s)};
}

START_TEST(int64_reads_up_to_its_limits)
{
	int64_t x = 7;

	ck_assert_int_eq(leat_text_int64(text_of("0"), &x), 0);
	ck_assert_int_eq(x, 0);
	ck_assert_int_eq(
		leat_text_int64(text_of("9223372036854775807"), &x), 0);
	ck_assert_int_eq(x, INT64_MAX);
	ck_assert_int_eq(
		leat_text_int64(text_of("-9223372036854775808"), &x), 0);
	ck_assert_int_eq(x, INT64_MIN);
	ck_assert_int_eq(leat_text_int64(text_of("+0042"), &x), 0);
	ck_assert_int_eq(x, 42);
}
END_TEST

START_TEST(int64_refuses_what_does_not_fit)
{
	int64_t x = 7;

	ck_assert_int_eq(leat_text_int64(text_of("9223372036854775808"), &x),
		LEAT_ELIMIT);
	ck_assert_int_eq(leat_text_int64(text_of("-9223372036854775809"), &x),
		LEAT_ELIMIT);
	ck_assert_int_eq(
		leat_text_int64(text_of("99999999999999999999999"), &x),
		LEAT_ELIMIT);
	ck_assert_int_eq(x, 7);
}
END_TEST

START_TEST(int64_refuses_what_is_no_integer)
{
	static const char *const bad[] = {"", "-", "+", "1.0", "1e3", " 1",
		"1 ", "--1", "0x10", "1a", "n/a"};
	int64_t x = 7;

	for (size_t k = 0; k < leat__array_len(bad); k++)
		ck_assert_int_eq(
			leat_text_int64(text_of(bad[k]), &x), LEAT_EDATA);
	ck_assert_int_eq(x, 7);
}
END_TEST

START_TEST(float64_reads_what_the_c_library_reads)
{
	static const char *const good[] = {"0", "-0", "1", "1.5", ".5", "5.",
		"1e3", "1E-3", "123456789012345678", "0.1", "1e22", "1e23",
		"9007199254740993", "1.7976931348623157e308", "4.9e-324",
		"2.2250738585072011e-308", "0e999", "1e-999",
		"123456789012345678901234567890", "0.000000000000000000001"};
	double x;

	for (size_t k = 0; k < leat__array_len(good); k++) {
		ck_assert_int_eq(leat_text_float64(text_of(good[k]), &x), 0);
		ck_assert_double_eq(x, strtod(good[k], NULL));
	}
	ck_assert_int_eq(leat_text_float64(text_of("-0"), &x), 0);
	ck_assert(signbit(x));
}
END_TEST

START_TEST(float64_refuses_what_is_no_number)
{
	static const char *const bad[] = {"", ".", "-", "e5", "1e", "1e+",
		"inf", "nan", "0x1p3", "1,5", "1.2.3", " 1", "1 ", "1e5x"};
	double x = 7;

	for (size_t k = 0; k < leat__array_len(bad); k++)
		ck_assert_int_eq(
			leat_text_float64(text_of(bad[k]), &x), LEAT_EDATA);
	ck_assert_double_eq(x, 7);
}
END_TEST

START_TEST(float64_refuses_what_does_not_fit)
{
	char text[1200];
	double x;

	ck_assert_int_eq(leat_text_float64(text_of("1e309"), &x), LEAT_ELIMIT);
	ck_assert_int_eq(
		leat_text_float64(text_of("-1e99999999999"), &x), LEAT_ELIMIT);
	memset(text, '1', sizeof(text));
	ck_assert_int_eq(
		leat_text_float64(
			(struct leat_text){(uint8_t *)text, sizeof(text)}, &x),
		LEAT_ELIMIT);
}
END_TEST

START_TEST(int64_prints_and_reads_back)
{
	static const int64_t values[] = {
		0, 1, -1, 10, -99, INT64_MAX, INT64_MIN, 1234567890123};
	char buf[32];

	for (size_t k = 0; k < leat__array_len(values); k++) {
		uint32_t len = leat_text_print_int64(values[k], buf);
		int64_t back = 0;

		ck_assert_int_eq(
			leat_text_int64(
				(struct leat_text){(uint8_t *)buf, len}, &back),
			0);
		ck_assert_int_eq(back, values[k]);
	}
	ck_assert_uint_eq(leat_text_print_int64(INT64_MIN, buf), 20);
}
END_TEST

static void
check_print(double value, const char *expected)
{
	char buf[33];
	uint32_t len = leat_text_print_float64(value, buf);

	buf[len] = '\0';
	ck_assert_str_eq(buf, expected);
}

START_TEST(float64_prints_the_shortest_form)
{
	check_print(0, "0");
	check_print(-0.0, "-0");
	check_print(1, "1");
	check_print(-2.5, "-2.5");
	check_print(0.1, "0.1");
	check_print(0.30000000000000004, "0.30000000000000004");
	check_print(1e15, "1000000000000000");
	check_print(1e22, "1e+22");
	check_print(0.00001, "0.00001");
	check_print(1.5e-7, "1.5e-07");
	check_print(5e-324, "5e-324");
	check_print(1.7976931348623157e308, "1.7976931348623157e+308");
	check_print(123456.789, "123456.789");
	check_print(NAN, "nan");
	check_print(-INFINITY, "-inf");
}
END_TEST

START_TEST(float64_prints_and_reads_back)
{
	uint64_t seed = 88172645463325252u;

	for (int k = 0; k < 20000; k++) {
		char buf[33];
		double value, back = 0;
		uint32_t len;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		memcpy(&value, &seed, sizeof(value));
		if (!isfinite(value))
			continue;
		len = leat_text_print_float64(value, buf);
		ck_assert_uint_le(len, 32);
		ck_assert_int_eq(
			leat_text_float64(
				(struct leat_text){(uint8_t *)buf, len}, &back),
			0);
		ck_assert_mem_eq(&value, &back, sizeof(value));
	}
}
END_TEST

START_TEST(integers_and_doubles_compare_exactly)
{
	ck_assert_int_eq(leat__number_compare(3, 3.0), 0);
	ck_assert_int_eq(leat__number_compare(3, 3.5), -1);
	ck_assert_int_eq(leat__number_compare(-3, -3.5), 1);
	ck_assert_int_eq(leat__number_compare(4, 3.5), 1);
	ck_assert_int_eq(
		leat__number_compare(9007199254740993, 9007199254740992.0), 1);
	ck_assert_int_eq(
		leat__number_compare(INT64_MAX, 9223372036854775808.0), -1);
	ck_assert_int_eq(
		leat__number_compare(INT64_MIN, -9223372036854775808.0), 0);
	ck_assert_int_eq(leat__number_compare(INT64_MIN, -1e300), 1);
}
END_TEST

TEST_MAIN("table/number", int64_reads_up_to_its_limits,
	int64_refuses_what_does_not_fit, int64_refuses_what_is_no_integer,
	float64_reads_what_the_c_library_reads,
	float64_refuses_what_is_no_number, float64_refuses_what_does_not_fit,
	int64_prints_and_reads_back, float64_prints_the_shortest_form,
	float64_prints_and_reads_back, integers_and_doubles_compare_exactly)
