/*
 * run/find.c: which files a pattern names.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <leat/io.h>

#include "graph/graph.h"
#include "support/fail.h"
#include "support/pipe.h"
#include "support/test.h"

/* A source that looks for a pattern and notes what it got. */
struct finder_opts {
	uint32_t size;
	uint32_t flags;
	const char *pattern;
	char *found; /* of 4000 bytes: paths, each with a space behind it */
};

static int
finder_init(struct leat_stage *st, const void *opts)
{
	memcpy(leat_stage_state(st), &opts, sizeof(opts));
	return LEAT_OK;
}

static int
finder_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	const struct finder_opts *o;
	struct leat_file_list list;
	int rc;

	(void)in;
	(void)out;
	memcpy(&o, leat_stage_state(st), sizeof(o));
	rc = leat_file_find(st, o->pattern, &list);
	for (uint32_t k = 0; rc == LEAT_OK && k < list.n; k++) {
		size_t at = strlen(o->found);

		snprintf(o->found + at, 4000 - at, "%s ", list.paths[k]);
	}
	return rc;
}

static int
finder_produce(struct leat_stage *st)
{
	(void)st;
	return LEAT_EOS;
}

static const struct leat_stage_ops finder_ops = {
	LEAT_STAGE_OPS_INIT("finder"),
	.flags = LEAT_STAGE_BLOCKING,
	.state_bytes = sizeof(void *),
	.opts_bytes = sizeof(struct finder_opts),
	.out_layout = LEAT_LAYOUT_BYTES,
	.needs = {.frame_bytes = 4096},
	.init = finder_init,
	.negotiate = finder_negotiate,
	.produce = finder_produce,
};

static int
find_in(const struct leat__env *env, const char *pattern, char *found,
	struct leat_error *err)
{
	struct finder_opts opts = {LEAT_OPTS_INIT(finder_opts),
		.pattern = pattern, .found = found};
	struct leat_write_opts write = {
		LEAT_OPTS_INIT(leat_write_opts), .path = "/dev/null"};
	const struct leat_step steps[] = {
		{&finder_ops, &opts}, {&leat_write_ops, &write}};
	struct leat_graph *graph;
	int rc;

	found[0] = '\0';
	ck_assert_int_eq(leat__graph_create(env, NULL, &graph, err), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 2, err), LEAT_OK);
	rc = leat_graph_check(graph, err);
	leat_graph_destroy(graph);
	return rc;
}

static int
find(const char *pattern, char *found, struct leat_error *err)
{
	return find_in(leat__env_posix(), pattern, found, err);
}

static void
finds(const char *pattern, const char *wanted)
{
	struct leat_error err;
	char found[4000];

	ck_assert_msg(find(pattern, found, &err) == LEAT_OK, "%s: %s", pattern,
		err.text);
	ck_assert_msg(strcmp(found, wanted) == 0, "%s: '%s' and not '%s'",
		pattern, found, wanted);
}

static void
finds_none(const char *pattern, const char *wanted)
{
	struct leat_error err;
	char found[4000];

	ck_assert_int_eq(find(pattern, found, &err), LEAT_EIO);
	ck_assert_msg(strstr(err.text, wanted) != NULL, "%s", err.text);
}

static void
put(const char *const *paths)
{
	pipe_enter_folder();
	for (; *paths; paths++) {
		char folder[100];

		for (const char *p = strchr(*paths, '/'); p;
			p = strchr(p + 1, '/')) {
			snprintf(folder, sizeof(folder), "%.*s",
				(int)(p - *paths), *paths);
			(void)mkdir(folder, 0700);
		}
		pipe_put_text(*paths, "x");
	}
}

/* The other way round. */
static void
leave(const char *const *paths)
{
	uint32_t n = 0;

	while (paths[n])
		unlink(paths[n++]);
	while (n-- > 0) {
		char folder[100];
		char *slash;

		snprintf(folder, sizeof(folder), "%s", paths[n]);
		while ((slash = strrchr(folder, '/'))) {
			*slash = '\0';
			(void)rmdir(folder);
		}
	}
	pipe_leave_folder();
}

START_TEST(stars_question_marks_and_brackets_fit_names)
{
	static const char *const paths[] = {"a.csv", "ab.csv", "b.csv", "c.txt",
		"\xc3\xa4.csv", "x[1]", "-", "]", NULL};

	put(paths);
	finds("*.csv", "a.csv ab.csv b.csv \xc3\xa4.csv ");
	finds("?.csv", "a.csv b.csv \xc3\xa4.csv ");
	finds("a*.csv", "a.csv ab.csv ");
	finds("*b*", "ab.csv b.csv ");
	finds("[a-b].csv", "a.csv b.csv ");
	finds("[!a].csv", "b.csv ");
	finds("[^b-z].c*", "a.csv ");
	finds("[a-bx]*v", "a.csv ab.csv b.csv ");
	finds("x\\[*", "x[1] ");
	finds("x[[]1]", "x[1] ");
	finds("[]-]", "- ] ");
	finds("*.*[tv]", "a.csv ab.csv b.csv c.txt \xc3\xa4.csv ");
	finds_none("*.nothing", "no file is called like '*.nothing'");
	finds_none("a.[cs", "no file is called like");
	pipe_leave_folder();
}
END_TEST

START_TEST(braces_stand_for_each_of_their_words)
{
	static const char *const paths[] = {
		"a.csv", "b.csv", "c.csv", "d1.txt", "d2.txt", "{", NULL};

	put(paths);
	finds("{a,c}.csv", "a.csv c.csv ");
	finds("{c,a,c,no}.csv", "a.csv c.csv ");
	finds("{a.csv,d{1,2}.txt}", "a.csv d1.txt d2.txt ");
	finds("{a,*}.csv", "a.csv b.csv c.csv ");
	finds("d{,1,2}.txt", "d1.txt d2.txt ");
	finds("{", "{ ");
	finds_none("{a,b", "no file is called like '{a,b'");
	pipe_leave_folder();
}
END_TEST

START_TEST(two_stars_are_any_folders)
{
	static const char *const paths[] = {"a.csv", "x/a.csv", "x/y/a.csv",
		"x/y/b.txt", "z/c.csv", ".hidden/a.csv", "x/.h.csv", NULL};

	put(paths);
	ck_assert_int_eq(symlink("../x", "z/loop"), 0);
	finds("**/*.csv", "a.csv x/a.csv x/y/a.csv z/c.csv ");
	finds("x/**", "x/a.csv x/y/a.csv x/y/b.txt ");
	finds("**/y/*", "x/y/a.csv x/y/b.txt ");
	finds("*/*.csv", "x/a.csv z/c.csv ");
	finds("z/*/*.csv", "z/loop/a.csv ");
	finds(".h*/*.csv", ".hidden/a.csv ");
	finds("x/.*", "x/.h.csv ");
	finds("./x//*.csv", "./x/a.csv ");
	ck_assert_int_eq(unlink("z/loop"), 0);
	leave(paths);
}
END_TEST

START_TEST(absolute_paths_are_patterns_too)
{
	static const char *const paths[] = {"a.csv", NULL};
	char folder[200], pattern[300], wanted[300];

	put(paths);
	ck_assert_ptr_nonnull(getcwd(folder, sizeof(folder)));
	snprintf(pattern, sizeof(pattern), "%s/*.csv", folder);
	snprintf(wanted, sizeof(wanted), "%s/a.csv ", folder);
	finds(pattern, wanted);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_file_that_is_called_like_the_pattern_is_the_only_one)
{
	static const char *const paths[] = {"a*.csv", "ab.csv", NULL};

	put(paths);
	finds("a*.csv", "a*.csv ");
	finds("a?.csv", "a*.csv ab.csv ");
	pipe_leave_folder();
}
END_TEST

START_TEST(what_is_not_found_is_said_with_what_is_near)
{
	static const char *const paths[] = {"flights.csv", "x/y", NULL};

	put(paths);
	finds_none("flight?.cvs", "did you mean 'flights.csv'?");
	finds_none("no/*.csv", "there is no folder 'no/'");
	finds_none("x/*/", "no file is called like");
	finds_none("x*", "no file is called like");
	leave(paths);
}
END_TEST

/* There may be files in it. */
START_TEST(a_folder_that_cannot_be_read_is_told_of)
{
	static const char *const paths[] = {"a/x.csv", "b/y.csv", NULL};
	static const int errors[] = {EACCES, EIO, EMFILE};
	static const int none[] = {ENOENT, ENOTDIR};
	struct fail_env world;
	struct leat_error err;
	char found[4000];

	put(paths);
	for (uint32_t k = 0; k < 3; k++) {
		fail_env_init(&world);
		world.list.fail_at = 2; /* the first one is this folder */
		world.list.sys_errno = errors[k];
		ck_assert_int_eq(
			find_in(&world.env, "*/*.csv", found, &err), LEAT_EIO);
		ck_assert_msg(
			strstr(err.text, "cannot be read"), "%s", err.text);
	}
	/* somebody has taken it away meanwhile */
	for (uint32_t k = 0; k < 2; k++) {
		fail_env_init(&world);
		world.list.fail_at = 2;
		world.list.sys_errno = none[k];
		ck_assert_int_eq(
			find_in(&world.env, "*/*.csv", found, &err), LEAT_OK);
		ck_assert_uint_eq(strlen(found), strlen("a/x.csv "));
	}
	leave(paths);
}
END_TEST

START_TEST(patterns_without_bounds_are_refused)
{
	static const char *const paths[] = {"a", NULL};
	char pattern[5000], found[4000];
	struct leat_error err;
	size_t n = 0;

	put(paths);
	for (uint32_t k = 0; k < 13; k++)
		n += (size_t)snprintf(
			pattern + n, sizeof(pattern) - n, "{a,b}");
	ck_assert_int_eq(find(pattern, found, &err), LEAT_ELIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "4096 patterns"));
	memset(pattern, '*', 4096);
	pattern[4096] = '\0';
	ck_assert_int_eq(find(pattern, found, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "4095 bytes"));
	/* stars do not take for ever */
	pipe_put_text("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "x");
	pattern[0] = '\0';
	for (uint32_t k = 0; k < 20; k++)
		strcat(pattern, "a*");
	finds_none(strcat(pattern, "b"), "no file");
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("run/find", stars_question_marks_and_brackets_fit_names,
	braces_stand_for_each_of_their_words, two_stars_are_any_folders,
	absolute_paths_are_patterns_too,
	a_file_that_is_called_like_the_pattern_is_the_only_one,
	what_is_not_found_is_said_with_what_is_near,
	a_folder_that_cannot_be_read_is_told_of,
	patterns_without_bounds_are_refused)
