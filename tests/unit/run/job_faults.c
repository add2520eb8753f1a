/*
 * unit/run/job_faults.c -- the CSV job in a failing world: every allocation,
 * read, write, sync and rename fails, once and from then on; reads and writes
 * come short.
 *
 * After each: success or a code of the right class with a text, nothing under
 * the final name unless it is whole, no file left beside it, no leak.
 */
#include "support/test.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "graph/graph.h"
#include "support/fail.h"

#define N_ROWS 3000

static char folder[64];
static char in_path[128], out_path[128];

static void
setup_files(void)
{
	FILE *in;

	strcpy(folder, "/tmp/leat-faults-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(in_path, sizeof(in_path), "%s/in.csv", folder);
	snprintf(out_path, sizeof(out_path), "%s/out.csv", folder);
	in = fopen(in_path, "w");
	ck_assert_ptr_nonnull(in);
	fputs("name,n\n", in);
	for (int k = 0; k < N_ROWS; k++)
		fprintf(in, "\"a,%d\",%d\n", k, k);
	fclose(in);
}

static void
teardown_files(void)
{
	unlink(in_path);
	unlink(out_path);
	ck_assert_int_eq(rmdir(folder), 0); /* nothing else was left in it */
}

static int
run_job(const struct leat__env *env, struct leat_error *err)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1, .capacity_frames = 1};
	struct leat_graph *graph;
	char text[512];
	int rc;

	snprintf(text, sizeof(text),
		"read %s chunk_bytes=4096 ! where \"n > 2000 or name = 'a,0'\" "
		"! select n,name ! write %s",
		in_path, out_path);
	rc = leat__graph_create(env, &opts, &graph, err);
	if (rc < 0)
		return rc;
	rc = leat_graph_parse(graph, text, err);
	if (rc == LEAT_OK)
		rc = leat_graph_run(graph, err);
	leat_graph_destroy(graph);
	return rc;
}

static bool
is_complete(void)
{
	char line[64], wanted[64];
	FILE *out = fopen(out_path, "r");
	bool is_same = out && fgets(line, sizeof(line), out) &&
		strcmp(line, "n,name\n") == 0 &&
		fgets(line, sizeof(line), out) &&
		strcmp(line, "0,\"a,0\"\n") == 0;

	for (int k = 2001; is_same && k < N_ROWS; k++) {
		snprintf(wanted, sizeof(wanted), "%d,\"a,%d\"\n", k, k);
		is_same = fgets(line, sizeof(line), out) &&
			strcmp(line, wanted) == 0;
	}
	is_same = is_same && !fgets(line, sizeof(line), out);
	if (out)
		fclose(out);
	return is_same;
}

static uint32_t
n_files(void)
{
	DIR *dir = opendir(folder);
	uint32_t n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2; /* . and .. */
}

/* One run; true if it succeeded. */
static bool
check_run(struct fail_env *world, const char *what, uint64_t at)
{
	struct leat_error err = {0};
	int rc;

	unlink(out_path);
	rc = run_job(&world->env, &err);
	ck_assert_msg(world->alloc_live == 0 && world->fd_live == 0 &&
			world->map_live == 0,
		"%s %d: leaks", what, (int)at);
	if (rc == LEAT_OK) {
		ck_assert_msg(
			is_complete(), "%s %d: not complete", what, (int)at);
		return true;
	}
	ck_assert_msg(leat_err_class(rc) == LEAT_CLASS_SYSTEM, "%s %d: code %d",
		what, (int)at, rc);
	ck_assert_msg(err.text[0] != 0, "%s %d: no text", what, (int)at);
	/* the folder is synced last: then the output is there, and whole */
	ck_assert_msg(n_files() == 1 || (n_files() == 2 && is_complete()),
		"%s %d: files are left", what, (int)at);
	return false;
}

/* Fail the n-th call for n = 1, 2, ... until the run no longer comes to it. */
static void
sweep(size_t call_offset, const char *what, bool is_for_ever, int sys_errno)
{
	uint64_t n_failed = 0;

	setup_files();
	for (uint64_t n = 1;; n++) {
		struct fail_env world;
		struct fail_call *call;
		bool is_ok;

		ck_assert_uint_lt(n, 2000);
		fail_env_init(&world);
		call = (struct fail_call *)(void *)((char *)&world +
			call_offset);
		call->fail_at = n;
		call->fail_for_ever = is_for_ever;
		call->sys_errno = sys_errno;
		is_ok = check_run(&world, what, n);
		n_failed += !is_ok;
		if (is_ok && call->n < n)
			break;
	}
	ck_assert_uint_gt(n_failed, 0);
	teardown_files();
}

static void
sweep_allocations(bool is_for_ever)
{
	uint64_t n;

	setup_files();
	for (n = 1;; n++) {
		struct fail_env world;

		ck_assert_uint_lt(n, 5000);
		fail_env_init(&world);
		world.alloc_fail_at = n;
		world.alloc_fail_for_ever = is_for_ever;
		if (check_run(&world, "allocation", n) && world.alloc_n < n)
			break;
	}
	ck_assert_uint_gt(n, 40);
	teardown_files();
}

START_TEST(every_allocation_of_the_job_may_fail)
{
	sweep_allocations(false);
	sweep_allocations(true);
}
END_TEST

START_TEST(every_read_of_the_job_may_fail)
{
	sweep(offsetof(struct fail_env, read), "read", false, EIO);
	sweep(offsetof(struct fail_env, read), "read", true, ENXIO);
}
END_TEST

START_TEST(every_write_of_the_job_may_fail)
{
	sweep(offsetof(struct fail_env, write), "write", false, ENOSPC);
	sweep(offsetof(struct fail_env, write), "write", true, EDQUOT);
}
END_TEST

START_TEST(a_sync_or_a_rename_that_fails_leaves_nothing_half_written)
{
	sweep(offsetof(struct fail_env, sync), "sync", true, EIO);
	sweep(offsetof(struct fail_env, rename), "rename", false, EACCES);
	sweep(offsetof(struct fail_env, open), "open", false, EMFILE);
	sweep(offsetof(struct fail_env, close), "close", false, EDQUOT);
}
END_TEST

START_TEST(short_reads_and_writes_change_nothing)
{
	setup_files();
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct fail_env world;

		fail_env_init(&world);
		world.short_seed = seed;
		ck_assert(check_run(&world, "short", seed));
	}
	teardown_files();
}
END_TEST

TEST_MAIN("run/job_faults", every_allocation_of_the_job_may_fail,
	every_read_of_the_job_may_fail, every_write_of_the_job_may_fail,
	a_sync_or_a_rename_that_fails_leaves_nothing_half_written,
	short_reads_and_writes_change_nothing)
