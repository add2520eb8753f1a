/*
 * unit/run/dead.c -- what becomes of records that a stage rejects.
 */
#include <errno.h>

#include "graph/graph.h"
#include "support/fail.h"
#include "support/pipe.h"
#include "support/test.h"

/* A filter of rows: those that begin with x are rejected. */
static int
picky_reject(struct leat_stage *st, struct leat_rows rows, uint32_t k,
	uint32_t first)
{
	struct leat_reject reject = {.reason = "it begins with \"x\"",
		.origin = "in.txt",
		.line = k + 1,
		.column = 1,
		.offset = first,
		.data = rows.text + rows.rows[k].offset,
		.n_bytes = rows.rows[k].len};

	return leat_stage_reject(st, LEAT_EDATA, &reject);
}

static int
picky_process(struct leat_stage *st, struct leat_frame *in)
{
	struct leat_rows rows = leat_frame_rows(in);
	uint32_t first = rows.n ? rows.rows[0].offset : 0, n = 0;

	for (uint32_t k = 0; k < rows.n; k++) {
		struct leat_row row = rows.rows[k];

		if (row.len && rows.text[row.offset] == 'x')
			LEAT_TRY(picky_reject(st, rows, k, row.offset - first));
		else
			rows.rows[n++] = row;
	}
	in->n_items = n;
	in->len_bytes = n * (uint32_t)sizeof(struct leat_row);
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops picky_ops = {
	LEAT_STAGE_OPS_INIT("picky"),
	.flags =
		LEAT_STAGE_IN_PLACE | LEAT_STAGE_REJECTS | LEAT_STAGE_STATELESS,
	.in_layouts = LEAT_LAYOUT_ROWS,
	.process = picky_process,
};

static const struct leat_stage_ops *const all[] = {&picky_ops, &leat_read_ops,
	&leat_lines_parse_ops, &leat_lines_format_ops, &leat_upper_ops,
	&leat_write_ops};
static const struct leat_stage_set set = {.size = sizeof(struct leat_stage_set),
	.n_stages = 6,
	.stages = all,
	.extensions = NULL};

struct trial {
	const char *on_error; /* as in the text */
	const char *dead_letters;
	const struct leat__env *env; /* NULL = the real one */
	struct leat_graph_stats stats;
	struct leat_error err;
};

static int
trial_run(struct trial *t)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.stages = &set, .dead_letters = t->dead_letters};
	struct leat_graph *graph;
	char text[256];
	int rc;

	snprintf(text, sizeof(text),
		"read in.txt ! lines.parse ! picky %s ! lines.format ! write "
		"out.txt sync=off",
		t->on_error);
	ck_assert_int_eq(leat__graph_create(t->env ? t->env : leat__env_posix(),
				 &opts, &graph, NULL),
		LEAT_OK);
	rc = leat_graph_parse(graph, text, &t->err);
	if (rc == LEAT_OK)
		rc = leat_graph_run(graph, &t->err);
	leat_graph_stats(graph, &t->stats);
	leat_graph_destroy(graph);
	return rc;
}

static void
enter(void)
{
	pipe_enter_folder();
	pipe_put_text("in.txt", "a\nx1\nb\nx\"2\\\xff\nc\n");
}

START_TEST(a_run_stops_at_the_first_by_default)
{
	struct trial t = {.on_error = ""};

	enter();
	ck_assert_int_eq(trial_run(&t), LEAT_EDATA);
	ck_assert_str_eq(t.err.text, "in.txt:2:1: it begins with \"x\"");
	ck_assert_str_eq(t.err.stage, "picky");
	ck_assert_int_eq(
		trial_run(&(struct trial){.on_error = "on_error=stop"}),
		LEAT_EDATA);
	pipe_leave_folder();
}
END_TEST

START_TEST(it_goes_on_without_those_that_may_be_skipped)
{
	struct trial t = {.on_error = "on_error=skip"};

	enter();
	ck_assert_int_eq(trial_run(&t), LEAT_OK);
	ck_assert_uint_eq(t.stats.failed, 2);
	pipe_file_holds("out.txt", "a\nb\nc\n");
	t.on_error = "on_error=skip(2)";
	ck_assert_int_eq(trial_run(&t), LEAT_OK);
	t.on_error = "on_error=skip(1)";
	ck_assert_int_eq(trial_run(&t), LEAT_EDATA);
	ck_assert_str_eq(t.err.text,
		"in.txt:4:1: it begins with \"x\"; more than the 1 that may be "
		"skipped");
	pipe_leave_folder();
}
END_TEST

START_TEST(dead_letters_are_lines_with_all_that_is_known)
{
	struct trial t = {.on_error = "on_error=dead-letter",
		.dead_letters = "dead.ndjson"};

	enter();
	ck_assert_int_eq(trial_run(&t), LEAT_OK);
	ck_assert_uint_eq(t.stats.failed, 2);
	pipe_file_holds("out.txt", "a\nb\nc\n");
	pipe_file_holds("dead.ndjson",
		"{\"stage\":\"picky\",\"code\":\"LEAT_EDATA\",\"reason\":\"it "
		"begins with \\\"x\\\"\",\"file\":\"in.txt\",\"line\":2,"
		"\"column\":1,\"offset\":2,\"record\":\"x1\"}\n"
		"{\"stage\":\"picky\",\"code\":\"LEAT_EDATA\",\"reason\":\"it "
		"begins with \\\"x\\\"\",\"file\":\"in.txt\",\"line\":4,"
		"\"column\":1,\"offset\":7,\"record_hex\":\"7822325cff\"}\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(those_of_earlier_runs_stay)
{
	struct trial t = {.on_error = "on_error=dead-letter",
		.dead_letters = "dead.ndjson"};
	size_t n_once, n_twice;

	enter();
	ck_assert_int_eq(trial_run(&t), LEAT_OK);
	free(pipe_get_file("dead.ndjson", &n_once));
	ck_assert_int_eq(trial_run(&t), LEAT_OK);
	free(pipe_get_file("dead.ndjson", &n_twice));
	ck_assert_uint_eq(n_twice, 2 * n_once);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_letter_that_cannot_be_written_ends_the_run)
{
	struct fail_env world;
	struct trial t = {.on_error = "on_error=dead-letter",
		.dead_letters = "/dev/full",
		.env = &world.env};

	enter();
	fail_env_init(&world);
	ck_assert_int_eq(trial_run(&t), LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(t.err.text,
		"cannot write dead letters to '/dev/full': No space left"));
	t.dead_letters = "nowhere/dead";
	ck_assert_int_eq(trial_run(&t), LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(
		t.err.text, "cannot open 'nowhere/dead' for dead letters"));
	ck_assert_uint_eq(world.fd_live, 0);
	pipe_leave_folder();
}
END_TEST

START_TEST(what_on_error_takes_is_said)
{
	static const struct {
		const char *on_error, *text;
	} bad[] = {
		{"on_error=ignore", "accepted: stop, skip, skip(MAX), dead-"},
		{"on_error=skip(0)", "accepted: stop, skip"},
		{"on_error=skip(1", "accepted: stop, skip"},
		{"on_error=skip(1)2", "accepted: stop, skip"},
		{"on_error=stop on_error=stop", "told on_error twice"},
		{"on_error=dead-letter", "there is no file for dead letters"},
		{"! upper on_error=skip", "stage 'upper' rejects no records"},
		{"onerror=skip", "there are: name, priority, on_error"},
	};

	enter();
	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		struct trial t = {.on_error = bad[k].on_error};

		ck_assert_int_eq(trial_run(&t), LEAT_EINVAL);
		ck_assert_msg(strstr(t.err.text, bad[k].text) != NULL, "%s: %s",
			bad[k].on_error, t.err.text);
	}
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("run/dead", a_run_stops_at_the_first_by_default,
	it_goes_on_without_those_that_may_be_skipped,
	dead_letters_are_lines_with_all_that_is_known,
	those_of_earlier_runs_stay,
	a_letter_that_cannot_be_written_ends_the_run,
	what_on_error_takes_is_said)
