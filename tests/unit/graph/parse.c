/*
 * unit/graph/parse.c -- the grammar: what it takes, what it refuses and where
 * it points then.
 */
#include "unit/graph/fake.h"

/* ---- stages and links -------------------------------------------------- */

START_TEST(a_chain_links_each_stage_to_the_next)
{
	struct leat_graph *g = fake_parsed(
		"read a.csv ! csv.parse ! head 5 ! csv.format ! write b");

	ck_assert_uint_eq(g->n_stages, 5);
	ck_assert_uint_eq(g->n_links, 4);
	for (uint32_t k = 0; k < 4; k++) {
		ck_assert_ptr_eq(g->links[k]->from, g->stages[k]);
		ck_assert_ptr_eq(g->links[k]->to, g->stages[k + 1]);
	}
	ck_assert_str_eq(g->stages[3]->name, "csv.format");
	leat__graph_free(g);
}
END_TEST

START_TEST(stages_and_links_know_their_place_in_the_text)
{
	const char *text = "read a ! drop";
	struct leat_graph *g = fake_parsed(text);

	ck_assert_uint_eq(g->stages[1]->place.offset, 9);
	ck_assert_uint_eq(g->stages[1]->place.n_bytes, 4);
	ck_assert_uint_eq(g->links[0]->place.offset, 7);
	ck_assert_uint_eq(g->links[0]->place.n_bytes, 1);
	ck_assert_uint_eq(g->stages[0]->option_places[0].value.offset, 5);
	leat__graph_free(g);
}
END_TEST

START_TEST(a_second_stage_of_a_kind_is_numbered)
{
	struct leat_graph *g = fake_parsed("read a ! head ! head ! head ! "
					   "drop");

	ck_assert_str_eq(g->stages[1]->name, "head");
	ck_assert_str_eq(g->stages[2]->name, "head2");
	ck_assert_str_eq(g->stages[3]->name, "head3");
	leat__graph_free(g);
}
END_TEST

START_TEST(a_name_given_by_hand_keeps_the_numbered_one_away)
{
	struct leat_graph *g =
		fake_parsed("read a ! head name=head2 ! head ! head ! drop");

	ck_assert_str_eq(g->stages[1]->name, "head2");
	ck_assert_str_eq(g->stages[2]->name, "head");
	ck_assert_str_eq(g->stages[3]->name, "head3");
	leat__graph_free(g);
}
END_TEST

START_TEST(comments_and_blank_lines_are_nothing)
{
	fake_shows("# a graph\nread a # the source\n\n  ! # linked\n\tdrop #x",
		"read a ! drop\n");
	fake_shows("read a#b ! drop", "read \"a#b\" ! drop\n");
}
END_TEST

/* ---- values ------------------------------------------------------------ */

START_TEST(quotes_hold_blanks_and_escapes)
{
	struct leat_graph *g = fake_parsed("read \"a \\\"b\\\" \\\\ \\n\\tc\" "
					   "! all string=x\" y\"z ! drop");
	const struct fake_path_opts *read = g->stages[0]->opts;
	const struct fake_all_opts *all = g->stages[1]->opts;

	ck_assert_str_eq(read->path, "a \"b\" \\ \n\tc");
	ck_assert_str_eq(all->string, "x yz");
	leat__graph_free(g);
}
END_TEST

START_TEST(a_bang_is_a_link_only_as_a_word_or_beside_a_quote)
{
	fake_shows("read a!b ! where \"x\"!drop",
		"read \"a!b\" ! where x ! "
		"drop\n");
	fake_shows("read \"a\" !\"head\" ! drop", "read a ! head ! drop\n");
	fake_shows("read !a ! drop", "read \"!a\" ! drop\n");
}
END_TEST

/* ---- several chains ---------------------------------------------------- */

START_TEST(a_chain_begins_behind_a_sink_that_has_its_values)
{
	fake_shows("read a ! write b read c ! drop read d ! drop",
		"read a ! write b\nread c ! drop\nread d ! drop\n");
}
END_TEST

START_TEST(a_value_of_a_sink_may_look_like_a_stage)
{
	fake_shows("read a ! write read", "read a ! write \"read\"\n");
}
END_TEST

START_TEST(a_chain_goes_on_from_a_name)
{
	fake_shows("read a ! tee name=t t. ! drop t. ! head ! drop",
		"read a ! tee name=t ! drop\nt.1 ! head ! drop\n");
	fake_shows("read a ! tee name=t t.1 ! head ! drop t.0 ! drop",
		"read a ! tee name=t ! drop name=drop2\nt.1 ! head ! drop\n");
}
END_TEST

START_TEST(a_stage_can_be_referred_to_by_the_name_it_gets_by_itself)
{
	fake_shows("read a ! tee tee. ! drop tee.1 ! drop",
		"read a ! tee ! drop\ntee.1 ! drop\n");
}
END_TEST

START_TEST(a_chain_can_end_in_a_stage_of_another)
{
	struct leat_graph *g =
		fake_parsed("read a ! merge name=m ! drop  read b ! head ! m.");
	struct leat_stage *m = leat__graph_find(g, "m", 1);

	ck_assert_str_eq(m->ins[0]->from->name, "read");
	ck_assert_str_eq(m->ins[1]->from->name, "head");
	leat__graph_free(g);
}
END_TEST

START_TEST(a_chain_can_end_in_a_stage_that_comes_later)
{
	struct leat_graph *g =
		fake_parsed("read a ! m.1  read b ! merge name=m ! drop");
	struct leat_stage *m = leat__graph_find(g, "m", 1);

	ck_assert_str_eq(m->ins[0]->from->name, "read2");
	ck_assert_str_eq(m->ins[1]->from->name, "read");
	leat__graph_free(g);
}
END_TEST

START_TEST(stages_added_by_calls_can_be_referred_to)
{
	struct leat_graph *g = fake_graph();
	struct leat_stage *tee = fake_add(g, &fake_tee, "t");
	struct leat_stage *numbers = fake_add(g, &fake_numbers, NULL);
	struct leat_error err;

	fake_link(g, leat_out(numbers, 0), leat_in(tee, 0));
	ck_assert_int_eq(leat_graph_parse(g, "t. ! drop t. ! drop", &err), 0);
	ck_assert_int_eq(leat_graph_check(g, &err), 0);
	leat__graph_free(g);
}
END_TEST

/* ---- what is refused --------------------------------------------------- */

START_TEST(a_missing_stage_is_refused_at_the_bang)
{
	fake_refuses("read a !", "!", "missing behind");
	fake_refuses("! read a", "!", "missing before");
	fake_refuses("read a ! ! drop", "!", "missing before");
	fake_refuses("", "", "empty");
	fake_refuses("  # nothing\n", "", "empty");
}
END_TEST

START_TEST(what_cannot_follow_or_come_before_is_refused)
{
	fake_refuses("read a ! drop ! head", "!", "'drop' is a sink");
	fake_refuses("read a ! read b", "read", "'read2' is a source");
	fake_refuses("read a name=r r. ! drop r. ! drop", "!",
		"no out of 'r' is free");
	fake_refuses("read a ! tee name=t t.2 ! drop", "t.2", "no out 2");
	fake_refuses("read a ! tee name=t t.1 ! drop t.1 ! drop", "t.1",
		"linked already");
	fake_refuses("read a ! merge name=m ! drop read b ! m.0", "m.0",
		"linked already");
	fake_refuses("read a ! head name=h ! drop read b ! h.", "h.",
		"no in of 'h' is free");
}
END_TEST

START_TEST(a_reference_to_nothing_is_refused)
{
	fake_refuses("t. ! drop", "t.", "none yet");
	fake_refuses("read a name=tap ! tip.", "tip.", "did you mean 'tap'");
	fake_refuses("read a ! tee name=t t.", "t.", "nothing follows");
	fake_refuses("read a ! merge name=m ! drop read b ! m. ! drop", "!",
		"the chain ends at 'm.'");
}
END_TEST

START_TEST(an_open_quote_is_refused_where_it_opens)
{
	fake_refuses("read \"abc ! drop", "\"", "never closed");
	fake_refuses("read \"a\\x\" ! drop", "\\x", "unknown escape");
	fake_refuses("read \"a\\", "\\", "unknown escape");
}
END_TEST

START_TEST(a_stages_own_finding_points_into_the_value)
{
	fake_refuses("read a.csv ! where \"x \\\"y\\\" bad z\" ! drop", "bad",
		"bad is not good");
	fake_refuses("read a.csv ! where condition=abad ! drop", "bad",
		"bad is not good");
}
END_TEST

START_TEST(text_over_the_limit_is_refused)
{
	struct leat_graph *g = fake_graph();
	char *text = malloc(LEAT_GRAPH_TEXT_MAX + 2);
	struct leat_error err;

	memset(text, ' ', LEAT_GRAPH_TEXT_MAX + 1);
	text[LEAT_GRAPH_TEXT_MAX + 1] = '\0';
	ck_assert_int_eq(leat_graph_parse(g, text, &err), LEAT_ELIMIT);
	memcpy(text, "read a ! drop", 13);
	text[LEAT_GRAPH_TEXT_MAX] = '\0';
	ck_assert_int_eq(leat_graph_parse(g, text, &err), LEAT_OK);
	leat__graph_free(g);
	free(text);
}
END_TEST

START_TEST(a_graph_takes_one_description)
{
	struct leat_graph *g = fake_parsed("read a ! drop");
	struct leat_error err;

	ck_assert_int_eq(
		leat_graph_parse(g, "read b ! drop", &err), LEAT_ESTATE);
	leat__graph_free(g);
	g = fake_graph();
	ck_assert_int_eq(leat_graph_parse(g, NULL, &err), LEAT_EINVAL);
	ck_assert_int_eq(leat_graph_parse(g, "nothing", NULL), LEAT_EINVAL);
	leat__graph_free(g);
}
END_TEST

START_TEST(a_thousand_stages_are_parsed)
{
	struct leat_graph *g = fake_graph();
	char *text = malloc(LEAT_GRAPH_STAGES_MAX * 8 + 64);
	struct leat_error err;
	size_t at = 0;

	at += (size_t)sprintf(text, "read a");
	for (uint32_t k = 0; k < LEAT_GRAPH_STAGES_MAX - 2; k++)
		at += (size_t)sprintf(text + at, " ! head");
	sprintf(text + at, " ! drop");
	ck_assert_int_eq(leat_graph_parse(g, text, &err), LEAT_OK);
	ck_assert_int_eq(leat_graph_check(g, &err), LEAT_OK);
	leat__graph_free(g);
	sprintf(text + at, " ! head ! drop");
	g = fake_graph();
	ck_assert_int_eq(leat_graph_parse(g, text, &err), LEAT_ELIMIT);
	leat__graph_free(g);
	free(text);
}
END_TEST

TEST_MAIN("graph/parse", a_chain_links_each_stage_to_the_next,
	stages_and_links_know_their_place_in_the_text,
	a_second_stage_of_a_kind_is_numbered,
	a_name_given_by_hand_keeps_the_numbered_one_away,
	comments_and_blank_lines_are_nothing, quotes_hold_blanks_and_escapes,
	a_bang_is_a_link_only_as_a_word_or_beside_a_quote,
	a_chain_begins_behind_a_sink_that_has_its_values,
	a_value_of_a_sink_may_look_like_a_stage, a_chain_goes_on_from_a_name,
	a_stage_can_be_referred_to_by_the_name_it_gets_by_itself,
	a_chain_can_end_in_a_stage_of_another,
	a_chain_can_end_in_a_stage_that_comes_later,
	stages_added_by_calls_can_be_referred_to,
	a_missing_stage_is_refused_at_the_bang,
	what_cannot_follow_or_come_before_is_refused,
	a_reference_to_nothing_is_refused,
	an_open_quote_is_refused_where_it_opens,
	a_stages_own_finding_points_into_the_value,
	text_over_the_limit_is_refused, a_graph_takes_one_description,
	a_thousand_stages_are_parsed)
