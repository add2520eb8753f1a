/*
 * unit/run/dead.c -- what becomes of records that a stage rejects.
 */
#include <errno.h>

#include "graph/graph.h"
#include "support/fail.h"
#include "support/pipe.h"
#include "support/test.h"

#include <leat/dead.h>

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
	pipe_letters_are("dead.ndjson",
		"\"stage\":\"picky\",\"code\":\"LEAT_EDATA\",\"class\":"
		"\"data\",\"reason\":\"it begins with \\\"x\\\"\","
		"\"attempts\":1,\"file\":\"in.txt\",\"line\":2,"
		"\"column\":1,\"offset\":2,\"record\":\"x1\"}\n"
		"\"stage\":\"picky\",\"code\":\"LEAT_EDATA\",\"class\":"
		"\"data\",\"reason\":\"it begins with \\\"x\\\"\","
		"\"attempts\":1,\"file\":\"in.txt\",\"line\":4,"
		"\"column\":1,\"offset\":7,\"record_hex\":"
		"\"7822325cff\"}\n");
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

/* ---- stores --------------------------------------------------------------- */

static int
run_text(const char *text, const struct leat_stage_set *stages,
	struct leat_error *err)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.stages = stages, .dead_letters = "graph.ndjson"};
	struct leat_graph *graph;
	int rc;

	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	rc = leat_graph_parse(graph, text, err);
	if (rc == LEAT_OK)
		rc = leat_graph_run(graph, err);
	leat_graph_destroy(graph);
	return rc;
}

static uint32_t
count_lines(const char *path)
{
	char *text = pipe_get_file(path, NULL);
	uint32_t n = 0;

	for (char *at = text; at && (at = strchr(at, '\n')); at++)
		n++;
	free(text);
	return n;
}

START_TEST(a_stage_may_have_a_file_of_its_own_or_share_one)
{
	struct leat_error err;

	enter();
	/* two of picky: the second sees none, for the first took them */
	ck_assert_int_eq(
		run_text("read in.txt ! lines.parse max_record_bytes=2 "
			 "dead_letters=own.ndjson ! picky "
			 "on_error=dead-letter dead_letters=own.ndjson ! upper "
			 "! picky on_error=dead-letter ! lines.format ! write "
			 "out.txt sync=off",
			&set, &err),
		LEAT_OK);
	pipe_file_holds("out.txt", "A\nB\nC\n");
	ck_assert_uint_eq(count_lines("own.ndjson"), 2);
	ck_assert_uint_eq(count_lines("graph.ndjson"), 0);
	pipe_leave_folder();
}
END_TEST

START_TEST(replicas_share_the_file_of_their_stage)
{
	struct leat_error err;

	enter();
	ck_assert_int_eq(
		run_text("read in.txt ! lines.parse ! parallel 2 { picky "
			 "dead_letters=own.ndjson } ! lines.format ! write "
			 "out.txt sync=off",
			&set, &err),
		LEAT_OK);
	ck_assert_uint_eq(count_lines("own.ndjson"), 2);
	pipe_leave_folder();
}
END_TEST

START_TEST(what_dead_letters_takes_is_said)
{
	static const struct {
		const char *options, *text;
	} bad[] = {
		{"dead_letters=", "dead_letters is empty"},
		{"dead_letters=a dead_letters=b", "told dead_letters twice"},
		{"dead_letters=a on_error=skip", "and another on_error"},
		{"dead_letters=no/folder", "cannot open 'no/folder'"},
	};
	struct leat_error err;
	char text[256];

	enter();
	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		snprintf(text, sizeof(text),
			"read in.txt ! lines.parse ! picky %s ! lines.format "
			"! write out.txt",
			bad[k].options);
		ck_assert_int_ne(run_text(text, &set, &err), LEAT_OK);
		ck_assert_msg(strstr(err.text, bad[k].text) != NULL, "%s: %s",
			bad[k].options, err.text);
	}
	pipe_leave_folder();
}
END_TEST

/* A store of the application's: it counts, and fails with the n-th. */
struct own_store {
	struct leat_dead_ops ops;
	uint32_t n, n_sync, fail_at;
	char reason[64];
};

static struct own_store *
own_of(struct leat_dead *dead)
{
	return (struct own_store *)(uintptr_t)leat_dead_kind(dead);
}

static int
own_open(struct leat_dead *dead, uint32_t how, struct leat_error *err)
{
	(void)err;
	ck_assert_uint_eq(how, LEAT_DEAD_ADD);
	ck_assert_str_eq(leat_dead_path(dead), "graph.ndjson");
	return LEAT_OK;
}

static int
own_put(struct leat_dead *dead, const struct leat_letter *letter,
	struct leat_error *err)
{
	struct own_store *own = own_of(dead);

	ck_assert_ptr_nonnull(letter->id);
	ck_assert_int_ne(letter->time_ns, 0);
	snprintf(own->reason, sizeof(own->reason), "%s", letter->reason);
	if (++own->n != own->fail_at)
		return LEAT_OK;
	snprintf(err->text, sizeof(err->text), "the store is tired");
	return err->code = LEAT_EIO;
}

static int
own_sync(struct leat_dead *dead, struct leat_error *err)
{
	(void)err;
	own_of(dead)->n_sync++;
	return LEAT_OK;
}

static void
own_close(struct leat_dead *dead)
{
	(void)dead;
}

START_TEST(an_application_may_bring_a_store_of_its_own)
{
	const char *text = "read in.txt ! lines.parse ! picky "
			   "on_error=dead-letter ! lines.format ! write "
			   "out.txt sync=off";
	struct own_store own = {
		.ops = {LEAT_DEAD_OPS_INIT("own"), .open = own_open,
			.put = own_put, .sync = own_sync, .close = own_close}};
	const struct leat_dead_ops *stores[] = {&own.ops, NULL};
	struct leat_stage_set with = set;
	struct leat_error err;

	with.dead_stores = stores;
	enter();
	ck_assert_int_eq(run_text(text, &with, &err), LEAT_OK);
	ck_assert_uint_eq(own.n, 2);
	ck_assert_uint_eq(own.n_sync, 1);
	ck_assert_str_eq(own.reason, "it begins with \"x\"");
	own.fail_at = 3;
	ck_assert_int_eq(run_text(text, &with, &err), LEAT_EIO);
	ck_assert_str_eq(err.text, "the store is tired");
	ck_assert_str_eq(err.stage, "picky");
	/* what it had before is brought to the disk all the same */
	ck_assert_uint_eq(own.n_sync, 2);
	pipe_leave_folder();
}
END_TEST

START_TEST(letters_that_do_not_get_to_the_disk_fail_the_run)
{
	struct fail_env world;
	struct trial t = {.on_error = "on_error=dead-letter",
		.dead_letters = "dead.ndjson",
		.env = &world.env};

	enter();
	fail_env_init(&world);
	world.sync.fail_at = 1;
	ck_assert_int_eq(trial_run(&t), LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(t.err.text, "cannot sync dead letters"));
	ck_assert_uint_eq(world.alloc_live, 0);
	ck_assert_uint_eq(world.fd_live, 0);
	pipe_leave_folder();
}
END_TEST

START_TEST(their_memory_is_in_the_plan)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.stages = &set, .dead_letters = "dead.ndjson"};
	static const char *const hows[] = {"stop", "dead-letter"};
	uint64_t bounds[2];

	enter();
	for (uint32_t k = 0; k < 2; k++) {
		struct leat_graph *graph;
		char text[128];

		snprintf(text, sizeof(text),
			"read in.txt ! lines.parse ! picky on_error=%s ! "
			"lines.format ! write out.txt",
			hows[k]);
		ck_assert_int_eq(
			leat_graph_create(&opts, &graph, NULL), LEAT_OK);
		ck_assert_int_eq(leat_graph_parse(graph, text, NULL), LEAT_OK);
		ck_assert_int_eq(leat_graph_check(graph, NULL), LEAT_OK);
		bounds[k] = leat_graph_bound_bytes(graph);
		leat_graph_destroy(graph);
	}
	ck_assert_uint_ge(bounds[1], bounds[0] + 16384);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("run/dead", a_run_stops_at_the_first_by_default,
	it_goes_on_without_those_that_may_be_skipped,
	dead_letters_are_lines_with_all_that_is_known,
	those_of_earlier_runs_stay,
	a_letter_that_cannot_be_written_ends_the_run,
	what_on_error_takes_is_said,
	a_stage_may_have_a_file_of_its_own_or_share_one,
	replicas_share_the_file_of_their_stage, what_dead_letters_takes_is_said,
	an_application_may_bring_a_store_of_its_own,
	letters_that_do_not_get_to_the_disk_fail_the_run,
	their_memory_is_in_the_plan)
