/*
 * unit/graph/args.c -- one stage of the text: values, options, what is refused.
 */
#include "unit/graph/fake.h"

START_TEST(values_without_a_name_fill_positional_options_in_order)
{
	struct leat_graph *g = fake_parsed("read a ! head 3 7 ! drop");
	const struct fake_head_opts *o = g->stages[1]->opts;

	ck_assert_uint_eq(o->n, 3);
	ck_assert_uint_eq(o->skip, 7);
	leat__graph_free(g);
}
END_TEST

START_TEST(a_named_option_leaves_its_place_to_the_next)
{
	struct leat_graph *g = fake_parsed("read a ! head n=3 7 ! drop");
	const struct fake_head_opts *o = g->stages[1]->opts;

	ck_assert_uint_eq(o->n, 3);
	ck_assert_uint_eq(o->skip, 7);
	leat__graph_free(g);
}
END_TEST

START_TEST(the_rest_is_joined_with_commas)
{
	static const char *const texts[] = {"select a,b=c,d", "select a b=c d",
		"select a, b=c ,d", "select a,b=c d", "select \"a,b=c\" d",
		"select columns=a,b=c,d"};

	for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
		char text[128];
		struct leat_graph *g;
		const struct fake_text_opts *o;

		snprintf(
			text, sizeof(text), "read a.csv ! %s ! drop", texts[k]);
		g = fake_parsed(text);
		o = leat__graph_find(g, "select", 6)->opts;
		ck_assert_str_eq(o->text, "a,b=c,d");
		leat__graph_free(g);
	}
}
END_TEST

START_TEST(an_equals_sign_behind_what_is_no_word_belongs_to_the_value)
{
	struct leat_graph *g = fake_parsed("read dir/x=1 ! drop");
	const struct fake_path_opts *o = g->stages[0]->opts;

	ck_assert_str_eq(o->path, "dir/x=1");
	leat__graph_free(g);
	fake_shows("read \"x=1\" ! drop", "read \"x=1\" ! drop\n");
}
END_TEST

START_TEST(what_was_not_given_is_the_default)
{
	struct leat_graph *g = fake_parsed("read a ! all ! drop");
	const struct fake_all_opts *o = g->stages[1]->opts;

	ck_assert_str_eq(o->string, "plain");
	ck_assert_uint_eq(o->uint, 0);
	ck_assert_uint_eq(o->size, sizeof(*o));
	leat__graph_free(g);
}
END_TEST

START_TEST(an_unknown_stage_is_refused_with_the_nearest)
{
	fake_refuses("reed a ! drop", "reed", "(did you mean 'read'?)");
	fake_refuses("read a ! xyzzy", "xyzzy", "there are: read, csv.parse");
}
END_TEST

START_TEST(an_unknown_option_is_refused_with_the_nearest)
{
	fake_refuses("read a chunk_byte=1 ! drop", "chunk_byte",
		"unknown option 'chunk_byte' of stage 'read' (did you mean "
		"'chunk_bytes'?); there are: path, chunk_bytes, name");
	fake_refuses("read a ! where x=1", "x", "stands in quotes");
	fake_refuses("read a ! drop x=1", "x", "there are: name, priority");
}
END_TEST

START_TEST(a_bad_value_is_refused_at_the_value)
{
	fake_refuses("read a chunk_bytes=\"1 k\"", "\"1 k\"", "cannot be read");
	fake_refuses("read a ! head x", "x", "a whole number");
	fake_refuses("read a ! head n=0", "0", "at least 1");
	fake_refuses("read a ! csv.parse header=secnd", "secnd",
		"(did you mean 'second'?)");
}
END_TEST

START_TEST(a_value_too_many_is_refused)
{
	fake_refuses("read a b", "b", "takes no further value");
	fake_refuses("read a head", "head", "put a ! before it");
	fake_refuses("read a | head", "|", "(stages are joined by !)");
	fake_refuses("read a \"|\"", "\"|\"", "stands in \"quotes\"");
	fake_refuses("read a ! head 1 2 3", "3",
		"(one with spaces stands in "
		"\"quotes\")");
	fake_refuses("read a ! head 1 2 @rate(3)", "@rate(3)",
		"(a guard stands before its stage");
	fake_refuses("read a ! head 1 2 3", "3", "n, skip, name");
}
END_TEST

START_TEST(an_option_given_twice_is_refused)
{
	fake_refuses("read a path=b", "b", "given twice");
	fake_refuses("read a.csv ! select a columns=b", "b", "given twice");
	fake_refuses(
		"read a.csv ! select columns=b a", "a", "no further value");
	fake_refuses("read a name=x name=y", "name=y", "two names");
}
END_TEST

START_TEST(an_option_without_its_value_is_refused)
{
	fake_refuses("read path= ! drop", "path=", "has no value");
	fake_refuses("read ! drop", "read", "needs option 'path': a file");
	fake_refuses("read \"\" ! drop", "read", "needs option 'path'");
	fake_refuses("read a.csv ! select \"\"", "\"\"", "empty value");
}
END_TEST

START_TEST(a_bad_name_is_refused)
{
	fake_refuses("read a name=1 ! drop", "name=1", "cannot be a name");
	fake_refuses("read a name=t. ! drop", "name=t.", "cannot be a name");
	fake_refuses("read a name=t ! head name=t ! drop", "name=t", "already");
}
END_TEST

static struct leat_error own_err;

/* With the ready-made stages. */
static struct leat_graph *
own_parsed(const char *text, int code)
{
	struct leat_graph *graph;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, &own_err), LEAT_OK);
	ck_assert_msg(leat_graph_parse(graph, text, &own_err) == code, "%s",
		own_err.text);
	return graph;
}

START_TEST(a_word_may_bring_its_own_option_along)
{
	static const char *const texts[] = {
		"order=key:a", "key:a", "order=key key=a", "order=\"key:a\""};

	for (size_t k = 0; k < 4; k++) {
		char text[128];
		struct leat_graph *g;
		const struct leat_merge_opts *o;

		snprintf(text, sizeof(text),
			"read a ! m. merge %s name=m ! write b", texts[k]);
		g = own_parsed(text, LEAT_OK);
		o = leat__graph_find(g, "m", 1)->opts;
		ck_assert_uint_eq(o->order, LEAT_MERGE_KEY);
		ck_assert_str_eq(o->key, "a");
		leat_graph_destroy(g);
	}
}
END_TEST

START_TEST(what_a_word_brings_along_is_given_once)
{
	leat_graph_destroy(own_parsed(
		"read a ! m. merge order=key:a key=b name=m ! write b",
		LEAT_EINVAL));
	ck_assert_str_eq(
		own_err.text, "option 'key' of stage 'merge' is given twice");
	leat_graph_destroy(
		own_parsed("read a ! m. merge order=stamp:a name=m ! write b",
			LEAT_EINVAL));
	ck_assert_ptr_nonnull(strstr(own_err.text, "'stamp:a'"));
}
END_TEST

TEST_MAIN("graph/args", values_without_a_name_fill_positional_options_in_order,
	a_named_option_leaves_its_place_to_the_next,
	the_rest_is_joined_with_commas,
	an_equals_sign_behind_what_is_no_word_belongs_to_the_value,
	what_was_not_given_is_the_default,
	an_unknown_stage_is_refused_with_the_nearest,
	an_unknown_option_is_refused_with_the_nearest,
	a_bad_value_is_refused_at_the_value, a_value_too_many_is_refused,
	an_option_given_twice_is_refused,
	an_option_without_its_value_is_refused, a_bad_name_is_refused,
	a_word_may_bring_its_own_option_along,
	what_a_word_brings_along_is_given_once)
