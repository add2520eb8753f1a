/*
 * unit/graph/value.c -- values of options: from text to field and back.
 */
#include <locale.h>

#include "unit/graph/fake.h"

static const struct leat_option *
option_named(const char *name)
{
	const struct leat_option *option = fake_all_options;

	while (strcmp(option->name, name))
		option++;
	return option;
}

/* The string that was parsed last. */
static char kept[64];

static int
parse(const char *name, const char *text, struct fake_all_opts *opts,
	struct leat_error *err)
{
	struct leat_graph *g = fake_graph();
	int rc;

	memset(opts, 0, sizeof(*opts));
	rc = leat__option_parse(
		g, option_named(name), text, strlen(text), opts, err);
	if (opts->string) /* ends with the graph */
		opts->string = strncpy(kept, opts->string, sizeof(kept) - 1);
	leat__graph_free(g);
	return rc;
}

static struct fake_all_opts
accepts(const char *name, const char *text)
{
	struct fake_all_opts opts;
	struct leat_error err;

	ck_assert_msg(parse(name, text, &opts, &err) == LEAT_OK, "%s=%s: %s",
		name, text, err.text);
	return opts;
}

static void
refuses(const char *name, const char *text, const char *words)
{
	struct fake_all_opts opts;
	struct leat_error err;

	ck_assert_msg(parse(name, text, &opts, &err) == LEAT_EINVAL,
		"%s=%s is accepted", name, text);
	ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
	ck_assert_msg(strstr(err.text, name) != NULL, "%s", err.text);
	ck_assert_int_eq(err.code, LEAT_EINVAL);
	ck_assert_int_eq(parse(name, text, &opts, NULL), LEAT_EINVAL);
}

/* Read, printed, and read again: the same. */
static void
prints(const char *name, const char *text, const char *printed)
{
	struct fake_all_opts opts = accepts(name, text), again;
	char buf[64];
	size_t n =
		leat__option_print(option_named(name), &opts, buf, sizeof(buf));

	ck_assert_str_eq(buf, printed);
	ck_assert_uint_eq(n, strlen(printed));
	if (!n)
		return;
	again = accepts(name, buf);
	again.string = opts.string; /* a copy */
	ck_assert_int_eq(memcmp(&opts, &again, sizeof(opts)), 0);
}

START_TEST(a_string_is_copied)
{
	char text[] = "abc";
	struct fake_all_opts opts = accepts("string", text);

	text[0] = 'x';
	ck_assert_str_eq(opts.string, "abc");
	ck_assert_str_eq(accepts("string", "").string, "");
	prints("string", "abc", "abc");
	prints("string", "plain", "");
}
END_TEST

START_TEST(whole_numbers_have_limits)
{
	ck_assert_uint_eq(accepts("uint", "1").uint, 1);
	ck_assert_uint_eq(accepts("uint", "100").uint, 100);
	refuses("uint", "0", "a whole number from 1 to 100, in rows");
	refuses("uint", "101", "out of range");
	refuses("uint", "99999999999999999999", "out of range");
	refuses("uint", "-1", "cannot be read");
	refuses("uint", "1x", "cannot be read");
	refuses("uint", "", "cannot be read");
	ck_assert_int_eq(accepts("int", "-5").sint, -5);
	ck_assert_int_eq(accepts("int", "+5").sint, 5);
	refuses("int", "6", "from -5 to 5");
	refuses("int", "-6", "out of range");
	refuses("int", "-", "cannot be read");
	prints("uint", "42", "42");
	prints("uint", "7", "");
	prints("int", "-3", "-3");
}
END_TEST

START_TEST(the_largest_whole_numbers_are_read)
{
	struct leat_option option = {.name = "n", .type = LEAT_OPTION_INT};
	struct leat_graph *graph = fake_graph();
	int64_t n;
	uint64_t u;

	ck_assert_int_eq(leat__option_parse(graph, &option,
				 "-9223372036854775808", 20, &n, NULL),
		LEAT_OK);
	ck_assert(n == INT64_MIN);
	ck_assert_int_eq(leat__option_parse(graph, &option,
				 "9223372036854775808", 19, &n, NULL),
		LEAT_EINVAL);
	option.type = LEAT_OPTION_UINT;
	ck_assert_int_eq(leat__option_parse(graph, &option,
				 "18446744073709551615", 20, &u, NULL),
		LEAT_OK);
	ck_assert(u == UINT64_MAX);
	ck_assert_int_eq(leat__option_parse(graph, &option,
				 "18446744073709551616", 20, &u, NULL),
		LEAT_EINVAL);
	leat__graph_free(graph);
}
END_TEST

START_TEST(numbers_are_read_and_printed_shortest)
{
	prints("number", "0.1", "0.1");
	prints("number", "-0.333333333333333314829616256247",
		"-0.3333333333333333");
	prints("number", "1e-3", "0.001");
	prints("number", ".5", "0.5");
	refuses("number", "1.5", "a number from -1 to 1");
	refuses("number", "1e999", "out of range");
	refuses("number", "nan", "cannot be read");
	refuses("number", "0x1", "cannot be read");
	refuses("number", "1,5", "cannot be read");
	refuses("number", "", "cannot be read");
	refuses("number", "1-1", "cannot be read");
}
END_TEST

START_TEST(numbers_have_a_point_in_every_locale)
{
	static const char *const names[] = {
		"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "C"};

	for (size_t k = 0; k < 4; k++)
		if (setlocale(LC_NUMERIC, names[k]))
			break;
	prints("number", "0.25", "0.25");
	refuses("number", "0,25", "cannot be read");
	setlocale(LC_NUMERIC, "C");
}
END_TEST

START_TEST(sizes_take_powers_of_1024)
{
	ck_assert_uint_eq(accepts("bytes", "3").bytes, 3);
	ck_assert_uint_eq(accepts("bytes", "3k").bytes, 3072);
	ck_assert_uint_eq(accepts("bytes", "3K").bytes, 3072);
	ck_assert_uint_eq(accepts("bytes", "2M").bytes, 2 << 20);
	ck_assert_uint_eq(accepts("bytes", "16G").bytes, 16ull << 30);
	refuses("bytes", "3m", "64k, 4M or 1G");
	refuses("bytes", "k", "cannot be read");
	refuses("bytes", "1.5k", "cannot be read");
	refuses("bytes", "99999999999G", "out of range");
	prints("bytes", "3072", "3k");
	prints("bytes", "3073", "3073");
	prints("bytes", "1024M", "1G");
}
END_TEST

START_TEST(times_take_a_unit)
{
	ck_assert_int_eq(accepts("duration", "5ns").duration, 5);
	ck_assert_int_eq(accepts("duration", "5us").duration, 5000);
	ck_assert_int_eq(accepts("duration", "5ms").duration, 5000000);
	ck_assert_int_eq(accepts("duration", "1.5s").duration, 1500000000);
	ck_assert_int_eq(accepts("duration", "0.25m").duration, 15000000000);
	ck_assert_int_eq(accepts("duration", "2h").duration, 7200000000000);
	ck_assert_int_eq(accepts("duration", "7d").duration, 604800000000000);
	refuses("duration", "5", "a time like");
	refuses("duration", "5 s", "cannot be read");
	refuses("duration", "s", "cannot be read");
	refuses("duration", "-5s", "cannot be read");
	refuses("duration", "9999999h", "out of range");
	refuses("duration", "0s", "stands for the default");
	prints("duration", "90s", "90s");
	prints("duration", "120s", "2m");
	prints("duration", "1s", "");
	prints("duration", "1500us", "1500us");
}
END_TEST

START_TEST(switches_take_words)
{
	static const char *const on[] = {"on", "true", "yes", "1"};
	static const char *const off[] = {"off", "false", "no", "0"};

	for (size_t k = 0; k < 4; k++) {
		ck_assert_uint_eq(accepts("bool", on[k]).yes, 1);
		ck_assert_uint_eq(accepts("bool", off[k]).yes, 0);
	}
	refuses("bool", "ON", "on or off");
	refuses("bool", "2", "on or off");
	prints("bool", "yes", "on");
	prints("bool", "no", "");
}
END_TEST

START_TEST(a_byte_takes_names)
{
	ck_assert_uint_eq(accepts("char", ";").byte, ';');
	ck_assert_uint_eq(accepts("char", "\\t").byte, '\t');
	ck_assert_uint_eq(accepts("char", "tab").byte, '\t');
	ck_assert_uint_eq(accepts("char", "space").byte, ' ');
	ck_assert_uint_eq(accepts("char", "pipe").byte, '|');
	ck_assert_uint_eq(accepts("char", "comma").byte, ',');
	ck_assert_uint_eq(accepts("char", "semicolon").byte, ';');
	ck_assert_uint_eq(accepts("char", "\xff").byte, 0xff);
	refuses("char", "", "one byte");
	refuses("char", "ab", "semicolon");
	refuses("char", "\xc3\xa9", "one byte");
	prints("char", "\t", "tab");
	prints("char", "comma", ",");
	prints("char", "|", "pipe");
	prints("char", "x", "x");
}
END_TEST

START_TEST(one_of_several_takes_only_those)
{
	ck_assert_uint_eq(accepts("enum", "alpha").one_of, 0);
	ck_assert_uint_eq(accepts("enum", "gamma").one_of, 2);
	refuses("enum", "gama", "(did you mean 'gamma'?)");
	refuses("enum", "x", "alpha, beta or gamma");
	refuses("enum", "", "alpha, beta or gamma");
	refuses("enum", "alpha|beta", "accepted");
	prints("enum", "beta", "beta");
	prints("enum", "alpha", "");
}
END_TEST

TEST_MAIN("graph/value", a_string_is_copied, whole_numbers_have_limits,
	the_largest_whole_numbers_are_read,
	numbers_are_read_and_printed_shortest,
	numbers_have_a_point_in_every_locale, sizes_take_powers_of_1024,
	times_take_a_unit, switches_take_words, a_byte_takes_names,
	one_of_several_takes_only_those)
