/*
 * tests of table/decimal.c: digit for digit, or refused.
 */
#include "table/decimal.h"
#include "support/test.h"

#define NINES "99999999999999999999999999999999999999" /* 38 */

static struct leat_text
text_of(const char *s)
{
	return (struct leat_text){(const uint8_t *)s, (uint32_t)strlen(s)};
}

/* What a text is at a scale, printed; or the name of the code. */
static const char *
read_at(const char *text, uint32_t scale)
{
	static char buf[64];
	struct leat_decimal d;
	int rc = leat_text_decimal(text_of(text), scale, &d);

	if (rc)
		return leat_err_name(rc);
	buf[leat_text_print_decimal(d, scale, buf)] = '\0';
	return buf;
}

START_TEST(decimals_read_and_print_digit_for_digit)
{
	ck_assert_str_eq(read_at("0", 0), "0");
	ck_assert_str_eq(read_at("-0", 2), "0.00");
	ck_assert_str_eq(read_at("1.5", 2), "1.50");
	ck_assert_str_eq(read_at("-1.05", 2), "-1.05");
	ck_assert_str_eq(read_at("+12", 2), "12.00");
	ck_assert_str_eq(read_at(".5", 1), "0.5");
	ck_assert_str_eq(read_at("5.", 1), "5.0");
	ck_assert_str_eq(read_at("-.01", 3), "-0.010");
	ck_assert_str_eq(read_at("0001.10", 2), "1.10");
	ck_assert_str_eq(read_at("1e3", 0), "1000");
	ck_assert_str_eq(read_at("1.25E-1", 3), "0.125");
	ck_assert_str_eq(read_at("1200e-2", 0), "12");
	ck_assert_str_eq(read_at("1.500", 1), "1.5");
	ck_assert_str_eq(read_at("0e99999999999", 2), "0.00");
	ck_assert_str_eq(
		read_at("0.00000000000000000000000000000000000000000", 2),
		"0.00");
}
END_TEST

START_TEST(thirty_eight_digits_are_the_limit)
{
	ck_assert_str_eq(read_at(NINES, 0), NINES);
	ck_assert_str_eq(read_at("-" NINES, 0), "-" NINES);
	ck_assert_str_eq(read_at("." NINES, 38), "0." NINES);
	ck_assert_str_eq(read_at("-." NINES, 38), "-0." NINES);
	ck_assert_str_eq(read_at(NINES "0", 0), "LEAT_ELIMIT");
	ck_assert_str_eq(read_at(NINES, 1), "LEAT_ELIMIT");
	ck_assert_str_eq(read_at("1", 38), "LEAT_ELIMIT");
	ck_assert_str_eq(read_at("1e38", 0), "LEAT_ELIMIT");
	ck_assert_str_eq(
		read_at("1e37", 0), "10000000000000000000000000000000000000");
	ck_assert_str_eq(read_at("1e99999999999999", 0), "LEAT_ELIMIT");
	ck_assert_str_eq(read_at("000000000000" NINES, 0), NINES);
}
END_TEST

START_TEST(more_digits_than_the_scale_do_not_convert)
{
	ck_assert_str_eq(read_at("1.234", 2), "LEAT_ELIMIT");
	ck_assert_str_eq(read_at("1e-1", 0), "LEAT_ELIMIT");
	ck_assert_str_eq(read_at("1e-99999999999", 38), "LEAT_ELIMIT");
	ck_assert_str_eq(read_at("0.001", 2), "LEAT_ELIMIT");
}
END_TEST

START_TEST(what_is_no_number_is_refused)
{
	static const char *const bad[] = {"", "-", ".", "-.", "1 ", " 1", "1,5",
		"1.2.3", "1e", "1e+", "e5", "0x10", "--1", "1.5e1.5", "n/a",
		"nan"};

	for (size_t k = 0; k < leat__array_len(bad); k++)
		ck_assert_str_eq(read_at(bad[k], 2), "LEAT_EDATA");
	ck_assert_str_eq(read_at("1", 39), "LEAT_EINVAL");
}
END_TEST

START_TEST(scales_change_only_without_loss)
{
	leat__int128 x;

	ck_assert_int_eq(leat__decimal_rescale(150, 2, 1, &x), LEAT_OK);
	ck_assert_int_eq((int64_t)x, 15);
	ck_assert_int_eq(leat__decimal_rescale(-15, 0, 3, &x), LEAT_OK);
	ck_assert_int_eq((int64_t)x, -15000);
	ck_assert_int_eq(leat__decimal_rescale(151, 2, 1, &x), LEAT_ELIMIT);
	ck_assert_int_eq(
		leat__decimal_rescale(leat__decimal_power(37), 0, 1, &x),
		LEAT_ELIMIT);
	ck_assert_int_eq(
		leat__decimal_rescale(leat__decimal_power(38) - 1, 0, 38, &x),
		LEAT_ELIMIT);
}
END_TEST

START_TEST(division_rounds_half_away_from_zero)
{
	ck_assert_int_eq((int64_t)leat__decimal_round_div(25, 10), 3);
	ck_assert_int_eq((int64_t)leat__decimal_round_div(24, 10), 2);
	ck_assert_int_eq((int64_t)leat__decimal_round_div(-25, 10), -3);
	ck_assert_int_eq((int64_t)leat__decimal_round_div(-24, 10), -2);
	ck_assert_int_eq((int64_t)leat__decimal_round_div(1, 3), 0);
	ck_assert_int_eq((int64_t)leat__decimal_round_div(2, 3), 1);
}
END_TEST

TEST_MAIN("table/decimal", decimals_read_and_print_digit_for_digit,
	thirty_eight_digits_are_the_limit,
	more_digits_than_the_scale_do_not_convert, what_is_no_number_is_refused,
	scales_change_only_without_loss, division_rounds_half_away_from_zero)
