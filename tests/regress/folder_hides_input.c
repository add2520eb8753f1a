/*
 * regress/folder_hides_input.c -- a pattern of files met a folder that could
 * not be read, and the run went on without the files in it, without a word.
 */
#include <errno.h>

#include <leat/leat.h>

#include "graph/graph.h"
#include "support/fail.h"
#include "support/pipe.h"
#include "support/test.h"

START_TEST(a_folder_that_cannot_be_read_hides_no_input)
{
	struct leat_graph *graph;
	struct leat_error err;
	struct fail_env world;

	pipe_enter_folder();
	pipe_put_text("a.txt", "a");
	for (int is_gone = 0; is_gone < 2; is_gone++) {
		fail_env_init(&world);
		world.list = (struct fail_call){.fail_at = 1,
			.fail_for_ever = true,
			.sys_errno = is_gone ? ENOENT : EACCES};
		ck_assert_int_eq(
			leat__graph_create(&world.env, NULL, &graph, NULL),
			LEAT_OK);
		ck_assert_int_eq(leat_graph_parse(graph,
					 "read 'a*.txt' ! write out", &err),
			LEAT_OK);
		ck_assert_int_eq(leat_graph_check(graph, &err), LEAT_EIO);
		ck_assert_msg(!is_gone ==
				!!strstr(err.text,
					"the folder '.' cannot be read"),
			"%s", err.text);
		leat_graph_destroy(graph);
	}
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("regress/folder_hides_input",
	a_folder_that_cannot_be_read_hides_no_input)
