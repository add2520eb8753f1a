/*
 * tests of table/infer.c: the narrowest type that loses nothing.
 */
#include "support/test.h"
#include "table/table.h"

/* The type of values with | between them. */
static const char *
type_of(const char *values)
{
	struct leat_infer infer = leat_infer_begin();

	for (const char *at = values; at; at = strchr(at, '|')) {
		at += *at == '|';
		leat_infer_value(&infer,
			(struct leat_text){(const uint8_t *)at,
				(uint32_t)strcspn(at, "|")});
	}
	return leat_type_name(leat_infer_type(&infer));
}

START_TEST(the_narrowest_type_wins)
{
	ck_assert_str_eq(type_of("1|2|-3"), "int64");
	ck_assert_str_eq(type_of("1|2.5|1e3"), "float64");
	ck_assert_str_eq(type_of("true|FALSE"), "bool");
	ck_assert_str_eq(type_of("2024-02-29|1999-12-31"), "date");
	ck_assert_str_eq(type_of("2024-02-29|1999-12-31 10:00"), "timestamp");
	ck_assert_str_eq(type_of("a|b"), "string");
}
END_TEST

START_TEST(empty_values_say_nothing)
{
	ck_assert_str_eq(type_of("|1||2|"), "int64");
	ck_assert_str_eq(type_of("||"), "string");
	ck_assert_str_eq(type_of(""), "string");
}
END_TEST

START_TEST(one_value_that_is_another_makes_a_string)
{
	ck_assert_str_eq(type_of("1|2|n/a"), "string");
	ck_assert_str_eq(type_of("n/a|1|2"), "string");
	ck_assert_str_eq(type_of("1|true"), "string");
	ck_assert_str_eq(type_of("2024-02-29|2024-02-30"), "string");
	ck_assert_str_eq(type_of("2024-02-29|5"), "string");
	ck_assert_str_eq(type_of("1| 2"), "string");
}
END_TEST

START_TEST(leading_zeros_are_kept_by_a_string)
{
	ck_assert_str_eq(type_of("01234|99999"), "string");
	ck_assert_str_eq(type_of("5|-07"), "string");
	ck_assert_str_eq(type_of("00"), "string");
	ck_assert_str_eq(type_of("0|0.5|-0.25|10"), "float64");
}
END_TEST

START_TEST(what_a_double_would_round_is_a_string)
{
	ck_assert_str_eq(type_of("9223372036854775807|1"), "int64");
	ck_assert_str_eq(type_of("9223372036854775808|1"), "string");
	ck_assert_str_eq(type_of("9007199254740992|1.5"), "float64");
	ck_assert_str_eq(type_of("9007199254740993|1.5"), "string");
	ck_assert_str_eq(type_of("-9007199254740993|1.5"), "string");
	ck_assert_str_eq(type_of("1e999"), "string");
}
END_TEST

TEST_MAIN("table/infer", the_narrowest_type_wins, empty_values_say_nothing,
	one_value_that_is_another_makes_a_string,
	leading_zeros_are_kept_by_a_string,
	what_a_double_would_round_is_a_string)
