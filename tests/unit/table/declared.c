/*
 * tests of table/declared.c: schemas as users write them.
 */
#include "support/test.h"
#include "table/table.h"

/* All entries, as "name type scale; ..."; or the place and the error. */
static const char *
declared(const char *list)
{
	static char out[1024];
	struct leat_expr_error err;
	struct leat_declared d;
	uint32_t at = 0;
	size_t n = 0;
	int rc;

	out[0] = '\0';
	while ((rc = leat_declared_next(list, &at, &d, &err)) == LEAT_OK)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s %s %u; ",
			(int)d.name.len, (const char *)d.name.data,
			leat_type_name(d.type), d.scale);
	if (rc != LEAT_EOS)
		snprintf(out, sizeof(out), "%u+%u %s", err.offset, err.n_bytes,
			err.text);
	return out;
}

START_TEST(every_type_can_be_declared)
{
	ck_assert_str_eq(
		declared("id:int64,day:date,price:decimal(2),\"last "
			 "name\":string,`a\"b`:text,t:timestamp,ok:bool,"
			 "x:float64,raw:binary"),
		"id int64 0; day date 0; price decimal 2; last name string 0; "
		"a\"b string 0; t timestamp 0; ok bool 0; x float64 0; "
		"raw binary 0; ");
}
END_TEST

START_TEST(spaces_and_capitals_do_not_matter)
{
	ck_assert_str_eq(declared(" id : INT64 ,\n two words: Decimal ( 38 ) "),
		"id int64 0; two words decimal 38; ");
	ck_assert_str_eq(declared(""), "");
	ck_assert_str_eq(declared("  "), "");
}
END_TEST

START_TEST(entries_say_where_they_stand)
{
	const char *list = "a:bool, b:decimal(1)";
	struct leat_declared d;
	uint32_t at = 0;

	ck_assert_int_eq(leat_declared_next(list, &at, &d, NULL), LEAT_OK);
	ck_assert_uint_eq(d.offset, 0);
	ck_assert_uint_eq(d.n_bytes, 6);
	ck_assert_int_eq(leat_declared_next(list, &at, &d, NULL), LEAT_OK);
	ck_assert_uint_eq(d.offset, 8);
	ck_assert_uint_eq(d.n_bytes, 12);
	ck_assert_int_eq(leat_declared_next(list, &at, &d, NULL), LEAT_EOS);
}
END_TEST

#define TYPES                                                                  \
	"there are: string, int64, float64, bool, decimal(digits), date, "     \
	"timestamp, binary"

START_TEST(what_is_wrong_is_said_with_its_place)
{
	ck_assert_str_eq(declared("a:int"),
		"2+3 no type 'int'; did you mean 'int64'?; " TYPES);
	ck_assert_str_eq(declared("a:INTEGER"),
		"2+7 no type 'INTEGER'; did you mean 'int64'?; " TYPES);
	ck_assert_str_eq(declared("a:integ"), "2+5 no type 'integ'; " TYPES);
	ck_assert_str_eq(declared("a:"), "2+1 a type is missing here; " TYPES);
	ck_assert_str_eq(declared("a:averyveryverylongtypename"),
		"2+25 no type 'averyveryverylongtypename'; " TYPES);
	ck_assert_str_eq(declared("abc"),
		"0+3 the type of 'abc' is missing, as in id:int64");
	ck_assert_str_eq(declared("a:bool,b,c:bool"),
		"7+1 the type of 'b' is missing, as in id:int64");
	ck_assert_str_eq(declared(":bool"),
		"0+1 a name is missing here, as in id:int64");
	ck_assert_str_eq(declared("\"\":bool"),
		"0+1 a name is missing here, as in id:int64");
	ck_assert_str_eq(declared("\"abc:bool"),
		"0+9 the name is not closed; a \" is missing");
	ck_assert_str_eq(declared("\"a\"\"b\":bool"),
		"2+2 a name with a \" in it stands in `these`");
	ck_assert_str_eq(declared("a:bool b:bool"),
		"7+1 a comma is wanted here, as in id:int64,day:date");
	ck_assert_str_eq(declared("a:bool,"),
		"6+1 an entry is missing behind this comma");
	ck_assert_str_eq(declared("a:bool,,b:bool"),
		"6+1 an entry is missing behind this comma");
}
END_TEST

START_TEST(decimals_need_their_digits)
{
	static const char *const bad[] = {"a:decimal", "a:decimal()",
		"a:decimal(39)", "a:decimal(10,2)", "a:decimal(2",
		"a:decimal 2", "a:decimal(-1)", "a:decimal(0002)"};

	for (size_t k = 0; k < leat__array_len(bad); k++)
		ck_assert_ptr_nonnull(strstr(declared(bad[k]),
			"decimal needs one number, how many digits stand "
			"behind the point, 0 to 38: decimal(2)"));
	ck_assert_str_eq(declared("a:decimal(0)"), "a decimal 0; ");
}
END_TEST

TEST_MAIN("table/declared", every_type_can_be_declared,
	spaces_and_capitals_do_not_matter, entries_say_where_they_stand,
	what_is_wrong_is_said_with_its_place, decimals_need_their_digits)
