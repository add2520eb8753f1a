/*
 * unit/graph/gather.c -- graphs in which a stage that chooses among its ins
 * could wait for ever are refused, and others are not.
 */
#include "graph/graph.h"
#include "support/test.h"

#include <unistd.h>

static char path[64];

static void
setup_file(void)
{
	static const char csv[] = "c,d\n1,2\n3,4\n";
	int fd;

	strcpy(path, "/tmp/leat-gather-XXXXXX.csv");
	fd = mkstemps(path, 4);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(
		write(fd, csv, sizeof(csv) - 1), (ssize_t)sizeof(csv) - 1);
	close(fd);
}

/* What the check says of a graph; "" = nothing. @ is a source of tables. */
static const char *
finding(const char *text)
{
	static struct leat_error err;
	struct leat_graph *graph;
	char whole[1024];
	size_t n = 0;

	for (; *text; text++) {
		if (*text == '@')
			n += (size_t)sprintf(whole + n, "read %s", path);
		else
			whole[n++] = *text;
	}
	whole[n] = '\0';
	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(leat_graph_create(NULL, &graph, &err), LEAT_OK);
	if (leat_graph_parse(graph, whole, &err) == LEAT_OK)
		(void)!leat_graph_check(graph, &err);
	leat_graph_destroy(graph);
	return err.code ? err.text : "";
}

static void
expect_accepted(const char *text)
{
	setup_file();
	ck_assert_str_eq(finding(text), "");
	unlink(path);
}

static void
expect_refused(const char *text, const char *what)
{
	const char *said;

	setup_file();
	said = finding(text);
	unlink(path);
	ck_assert_msg(strstr(said, what) != NULL, "%s", said);
}

START_TEST(sources_of_their_own_are_accepted)
{
	expect_accepted("@ ! m. @ ! m. @ ! where \"c > 1\" ! m. "
			"merge order=key:c name=m ! write -");
	/* a tee above, of which one branch only comes here */
	expect_accepted("@ ! tee block name=t  t. ! m. t. ! write a.csv "
			"@ ! m. merge order=key:c name=m ! write -");
	/* one merge behind another */
	expect_accepted("@ ! m. @ ! m. merge order=key:c name=m ! n. @ ! n. "
			"merge order=key:c name=n ! write -");
	expect_accepted("@ ! m. merge order=key:c name=m ! write -");
}
END_TEST

START_TEST(branches_of_one_stage_are_refused)
{
	expect_refused("@ ! tee block name=t  t. ! m. t. ! m. "
		       "merge order=key:c name=m ! write -",
		"'t' and 't' both come from 't'");
	expect_refused("@ ! split name=s  s. ! where \"c > 1\" ! m. s. ! m. "
		       "merge order=key:c name=m ! write -",
		"'where' and 's' both come from 's'");
	/* not all of the ins, and far above */
	expect_refused("@ ! m. @ ! tee block name=t  t. ! head 3 ! k. @ ! k. "
		       "merge name=k ! m. t. ! m. "
		       "merge order=key:c name=m ! write -",
		"'k' and 't' both come from 't'");
}
END_TEST

START_TEST(branches_that_meet_elsewhere_are_refused)
{
	expect_refused("@ ! tee block name=t  t. ! m. t. ! n. "
		       "@ ! tee block name=u  u. ! m. u. ! n. "
		       "merge order=key:c name=m ! write - "
		       "merge order=key:c name=n ! write b.csv",
		"hang together by what else they lead to");
}
END_TEST

START_TEST(what_goes_on_behind_it_does_not_matter)
{
	expect_accepted("@ ! m. @ ! m. merge order=key:c name=m ! "
			"tee block name=t  t. ! n. t. ! n. "
			"merge name=n ! write -");
}
END_TEST

START_TEST(a_merge_as_they_come_may_stand_anywhere)
{
	expect_accepted("@ ! tee block name=t  t. ! m. t. ! m. "
			"merge name=m ! write -");
}
END_TEST

START_TEST(a_graph_that_was_refused_can_be_built_on)
{
	struct leat_graph *graph;
	struct leat_error err;
	char text[256];

	setup_file();
	ck_assert_int_eq(leat_graph_create(NULL, &graph, &err), LEAT_OK);
	snprintf(text, sizeof(text),
		"read %s ! tee block name=t  t. ! m. t. ! m. "
		"merge order=key:c name=m ! write -",
		path);
	ck_assert_int_eq(leat_graph_parse(graph, text, &err), LEAT_OK);
	for (int k = 0; k < 2; k++) {
		ck_assert_int_eq(leat_graph_check(graph, &err), LEAT_EINVAL);
		ck_assert_ptr_nonnull(strstr(err.text, "it can get stuck"));
	}
	leat_graph_destroy(graph);
	unlink(path);
}
END_TEST

TEST_MAIN("graph/gather", sources_of_their_own_are_accepted,
	branches_of_one_stage_are_refused,
	branches_that_meet_elsewhere_are_refused,
	what_goes_on_behind_it_does_not_matter,
	a_merge_as_they_come_may_stand_anywhere,
	a_graph_that_was_refused_can_be_built_on)
