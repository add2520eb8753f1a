/*
 * tests of table/expr.c: whatever is written, there is a value or an error.
 */
#include "unit/table/values.h"

static uint64_t state = 42;

static uint32_t
random_below(uint32_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % n;
}

static const char *
random_of(const char *const *words, size_t n)
{
	return words[random_below((uint32_t)n)];
}

#define ONE_OF(words) random_of(words, leat__array_len(words))

static const char *const values[] = {"a", "b", "c", "s", "d", "t", "ok", "n",
	"x", "q", "w", "m", "y", "1", "0", "-1", "2.5", "1e300",
	"9223372036854775807", "-9223372036854775808", "'a'", "''", "'%'",
	"'2024-02-29'", "'day'", "null", "true", "false", "date '9999-12-31'",
	"'month'", "'\xc3'", "'%Y-%m'", "timestamp '-9999-01-01 00:00'"};
static const char *const operators[] = {"+", "-", "*", "/", "%", "||", "=", "<",
	">=", "<>", "and", "or", "is null or", "~ 'a' =", "like 'a%' or",
	"in (1) or", "between 1 and", "::int64 =", "::decimal(3) *",
	"::string ||", "::date ="};
static const char *const functions[] = {"abs", "round", "floor", "ceil", "sign",
	"sqrt", "pow", "exp", "ln", "log10", "mod", "greatest", "least",
	"nullif", "coalesce", "if", "upper", "lower", "length", "bytes", "trim",
	"substr", "replace", "contains", "starts_with", "ends_with",
	"split_part", "left", "right", "lpad", "rpad", "reverse", "position",
	"concat", "regexp_extract", "regexp_replace", "year", "weekday",
	"date_trunc", "date_part", "date_diff", "date_add", "strftime",
	"strptime", "not", "-"};
static const char *const others[] = {"case", "when", "then", "else", "end", "(",
	")", ",", "cast", "as", "not", "escape", "'", "\"", "`", "::", "?", "~",
	"!~", "\x80", "..", "1e", "in", "is", "like"};

static void
add(char *out, size_t n_bytes, const char *word)
{
	size_t len = strlen(out);

	snprintf(out + len, n_bytes - len, "%s ", word);
}

/* A tree of operators and calls, of any types. */
static void
add_tree(char *out, size_t n_bytes, uint32_t depth)
{
	uint32_t which = depth ? random_below(10) : 0;

	if (which < 2) {
		add(out, n_bytes, ONE_OF(values));
	} else if (which < 5) {
		add(out, n_bytes, "(");
		add_tree(out, n_bytes, depth - 1);
		add(out, n_bytes, ONE_OF(operators));
		add_tree(out, n_bytes, depth - 1);
		add(out, n_bytes, ")");
	} else if (which < 6) {
		add(out, n_bytes, "case when");
		add_tree(out, n_bytes, depth - 1);
		add(out, n_bytes, "then");
		add_tree(out, n_bytes, depth - 1);
		add(out, n_bytes, "end");
	} else {
		add(out, n_bytes, ONE_OF(functions));
		add(out, n_bytes, "(");
		for (uint32_t k = random_below(3) + 1; k; k--) {
			add_tree(out, n_bytes, depth - 1);
			add(out, n_bytes, k > 1 ? "," : ")");
		}
	}
}

START_TEST(any_tree_has_a_value_or_an_error)
{
	static char source[4000];
	uint32_t n_values = 0;

	for (int k = 0; k < 1000; k++) {
		const char *got;

		source[0] = '\0';
		add_tree(source, sizeof(source), 1 + random_below(3));
		got = value_of(source);
		ck_assert_msg(got[0], "%s", source);
		n_values += got[0] > '9';
	}
	ck_assert_uint_gt(n_values, 100);
}
END_TEST

START_TEST(any_words_have_a_value_or_an_error)
{
	static char source[4000];

	for (int k = 0; k < 600; k++) {
		source[0] = '\0';
		for (uint32_t n = random_below(9) + 1; n; n--)
			add(source, sizeof(source),
				random_below(3)           ? ONE_OF(values)
					: random_below(3) ? ONE_OF(others)
							  : ONE_OF(operators));
		ck_assert_msg(value_of(source)[0], "%s", source);
	}
}
END_TEST

TEST_MAIN("table/expr", any_tree_has_a_value_or_an_error,
	any_words_have_a_value_or_an_error)
