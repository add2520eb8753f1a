/*
 * unit/run/stage_faults.c -- what job_faults does for one job, for every sink,
 * compressor, and whatever waits on the disk: each write, open, sync and rename
 * fails; calls are interrupted and come short; clocks jump.
 *
 * After each: all outputs, the same as of a sound world, or a code of the
 * system's class with a text; nothing torn under a final name, no other file
 * left, no leak.
 */
#include "support/test.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "graph/graph.h"
#include "support/fail.h"
#include "support/pipe.h"

#define N_ROWS    1500
#define FILES_MAX 8u
#define A_DAY_NS  INT64_C(86400000000000)

static const char *const jobs[] = {
	"read a.csv chunk_bytes=4k ! csv.parse ! write b.csv.gz",
	"read a.csv chunk_bytes=4k ! csv.parse ! write b.csv.zst",
	"read a.csv chunk_bytes=4k ! csv.parse ! csv.format ! lz4.encode ! "
	"write b.csv.lz4",
	"read a.csv chunk_bytes=4k ! csv.parse ! write b.csv.bz2",
	"read a.csv chunk_bytes=4k ! csv.parse ! sort key,id memory=64k "
	"spill_dir=. ! write b.json",
	"read a.csv chunk_bytes=4k ! csv.parse ! group \"n=count()\" by=id,key "
	"memory=256k spill_dir=. ! sort id memory=64k spill_dir=. ! write "
	"b.csv",
	"read a.csv chunk_bytes=4k ! csv.parse ! tee block,spill spill_dir=. "
	"name=t t. ! write b.csv t. ! sort id memory=64k spill_dir=. ! write "
	"c.csv",
	"read a.csv chunk_bytes=4k ! csv.parse ! write.split b-{n}.csv "
	"rotate_rows=700",
	"read a.csv chunk_bytes=4k ! lines.parse ! length.format ! write b.bin",
	"read a.csv chunk_bytes=4k ! csv.parse ! cast n:int64 "
	"on_error=dead-letter ! write b.csv",
};

#define N_JOBS (sizeof(jobs) / sizeof(jobs[0]))

/* ---- outputs -------------------------------------------------------------- */

struct output {
	char name[64];
	char *data;
	size_t n_bytes;
};

struct outputs {
	uint32_t n;
	struct output at[FILES_MAX];
};

static bool
is_input(const char *name)
{
	return name[0] == '.' ? !name[1] || !strcmp(name, "..")
			      : !strcmp(name, "a.csv") || !strcmp(name, "dlq");
}

static void
outputs_take(struct outputs *outputs)
{
	DIR *dir = opendir(".");
	struct dirent *entry;

	memset(outputs, 0, sizeof(*outputs));
	while ((entry = readdir(dir))) {
		struct output *o = &outputs->at[outputs->n];

		if (is_input(entry->d_name))
			continue;
		ck_assert_uint_lt(outputs->n++, FILES_MAX);
		snprintf(o->name, sizeof(o->name), "%.63s", entry->d_name);
		o->data = pipe_get_file(o->name, &o->n_bytes);
		ck_assert_ptr_nonnull(o->data);
	}
	closedir(dir);
}

static void
outputs_free(struct outputs *outputs, bool is_removed)
{
	for (uint32_t k = 0; k < outputs->n; k++) {
		free(outputs->at[k].data);
		if (is_removed)
			unlink(outputs->at[k].name);
	}
}

static const struct output *
outputs_find(const struct outputs *outputs, const char *name)
{
	for (uint32_t k = 0; k < outputs->n; k++)
		if (!strcmp(outputs->at[k].name, name))
			return &outputs->at[k];
	return NULL;
}

/* What is there is whole; all of it, if everything went well. */
static void
outputs_check(const struct outputs *found, const struct outputs *wanted,
	bool is_all, const char *what)
{
	for (uint32_t k = 0; k < found->n; k++) {
		const struct output *o = &found->at[k];
		const struct output *w = outputs_find(wanted, o->name);

		ck_assert_msg(w != NULL, "%s: '%s' is left", what, o->name);
		ck_assert_msg(o->n_bytes == w->n_bytes &&
				!memcmp(o->data, w->data, w->n_bytes),
			"%s: '%s' is torn", what, o->name);
	}
	ck_assert_msg(!is_all || found->n == wanted->n, "%s: files are missing",
		what);
}

/* ---- runs ----------------------------------------------------------------- */

static int
run_job(const struct leat__env *env, const char *text, struct leat_error *err)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1, .capacity_frames = 1, .hash_seed = 7,
		.dead_letters = "dlq"};
	struct leat_graph *graph;
	int rc = leat__graph_create(env, &opts, &graph, err);

	if (rc < 0)
		return rc;
	rc = leat_graph_parse(graph, text, err);
	if (rc == LEAT_OK)
		rc = leat_graph_run(graph, err);
	if (rc == LEAT_OK || leat_graph_is_over(graph))
		ck_assert_int_eq(leat_graph_leaks(graph, NULL), LEAT_OK);
	leat_graph_destroy(graph);
	return rc;
}

/* true: it went well. */
static bool
check_run(struct fail_env *world, const char *job, const struct outputs *wanted,
	const char *what)
{
	struct leat_error err = {0};
	struct outputs found;
	char where[256];
	int rc = run_job(&world->env, job, &err);

	snprintf(where, sizeof(where), "%s; %.180s", what, job);
	ck_assert_msg(world->alloc_live == 0 && world->fd_live == 0 &&
			world->map_live == 0,
		"%s: leaks", where);
	ck_assert_msg(rc == LEAT_OK ||
			(leat_err_class(rc) == LEAT_CLASS_SYSTEM &&
				err.text[0]),
		"%s: code %d, '%s'", where, rc, err.text);
	outputs_take(&found);
	outputs_check(&found, wanted, rc == LEAT_OK, where);
	outputs_free(&found, true);
	return rc == LEAT_OK;
}

static void
job_wanted(const char *job, struct outputs *wanted)
{
	struct leat_error err = {0};
	int rc = run_job(leat__env_posix(), job, &err);

	ck_assert_msg(rc == LEAT_OK, "%s: %s", job, err.text);
	outputs_take(wanted);
	ck_assert_uint_gt(wanted->n, 0);
	for (uint32_t k = 0; k < wanted->n; k++)
		unlink(wanted->at[k].name);
}

static void
put_rows(void)
{
	FILE *out = fopen("a.csv", "w");

	ck_assert_ptr_nonnull(out);
	fputs("id,key,n,text\n", out);
	for (int k = 0; k < N_ROWS; k++)
		fprintf(out, "%d,k%d,%d,\"some text, %d\"\n", k,
			k * 7919 % 1009, k, k);
	fclose(out);
}

/* ---- failing calls -------------------------------------------------------- */

/* The n-th call fails for n = 1, 2, ...; beyond the first some only in leaps,
 * for there are hundreds. */
static void
sweep_job(const char *job, size_t call_offset, const char *name,
	bool is_for_ever, int sys_errno)
{
	uint64_t n_failed = 0;
	struct outputs wanted;
	char what[64];

	job_wanted(job, &wanted);
	for (uint64_t n = 1;; n += n < 8 ? 1 : n / 3) {
		struct fail_env world;
		struct fail_call *call;
		bool is_ok;

		fail_env_init(&world);
		call = (struct fail_call *)(void *)((char *)&world +
			call_offset);
		call->fail_at = n;
		call->fail_for_ever = is_for_ever;
		call->sys_errno = sys_errno;
		snprintf(what, sizeof(what), "%s %d", name, (int)n);
		is_ok = check_run(&world, job, &wanted, what);
		n_failed += !is_ok;
		if (is_ok && call->n < n)
			break;
	}
	ck_assert_msg(n_failed > 0, "%s never failed: %s", name, job);
	outputs_free(&wanted, false);
}

static void
sweep(size_t call_offset, const char *name, bool is_for_ever, int sys_errno)
{
	pipe_enter_folder();
	put_rows();
	for (size_t k = 0; k < N_JOBS; k++)
		sweep_job(jobs[k], call_offset, name, is_for_ever, sys_errno);
	pipe_leave_folder();
}

START_TEST(a_disk_that_is_full_at_any_write_tears_nothing)
{
	sweep(offsetof(struct fail_env, write), "write", true, ENOSPC);
}
END_TEST

START_TEST(neither_does_one_write_that_fails)
{
	sweep(offsetof(struct fail_env, write), "write", false, EDQUOT);
}
END_TEST

START_TEST(no_descriptor_is_to_be_had)
{
	sweep(offsetof(struct fail_env, open), "open", false, EMFILE);
	sweep(offsetof(struct fail_env, open), "open", true, ENFILE);
}
END_TEST

START_TEST(a_read_that_fails_is_told)
{
	sweep(offsetof(struct fail_env, read), "read", false, EIO);
}
END_TEST

START_TEST(a_sync_or_a_rename_fails)
{
	sweep(offsetof(struct fail_env, sync), "sync", true, EIO);
	sweep(offsetof(struct fail_env, rename), "rename", true, ENOSPC);
}
END_TEST

/* ---- worlds that are odd, not broken -------------------------------------- */

static void
odd_worlds(void (*make)(struct fail_env *world, uint64_t k), const char *what)
{
	pipe_enter_folder();
	put_rows();
	for (size_t j = 0; j < N_JOBS; j++) {
		struct outputs wanted;

		job_wanted(jobs[j], &wanted);
		for (uint64_t k = 1; k <= 3; k++) {
			struct fail_env world;

			fail_env_init(&world);
			make(&world, k);
			ck_assert_msg(check_run(&world, jobs[j], &wanted, what),
				"%s: fails: %s", what, jobs[j]);
		}
		outputs_free(&wanted, false);
	}
	pipe_leave_folder();
}

static void
make_short(struct fail_env *world, uint64_t k)
{
	world->short_seed = k;
	world->most_bytes = 40 * k;
}

static void
make_interrupted(struct fail_env *world, uint64_t k)
{
	world->interrupt_seed = k;
	world->short_seed = k;
}

static void
make_jumping(struct fail_env *world, uint64_t k)
{
	world->wall_jump_ns = A_DAY_NS;
	world->leap_ns = k == 2 ? A_DAY_NS : 0;
	world->is_stalled = k == 3;
}

START_TEST(short_reads_and_writes_change_nothing)
{
	odd_worlds(make_short, "short");
}
END_TEST

START_TEST(nor_do_calls_that_are_interrupted)
{
	odd_worlds(make_interrupted, "interrupted");
}
END_TEST

START_TEST(nor_do_clocks_that_jump_by_days_or_stand_still)
{
	odd_worlds(make_jumping, "clock");
}
END_TEST

TEST_MAIN("run/stage_faults", a_disk_that_is_full_at_any_write_tears_nothing,
	neither_does_one_write_that_fails, no_descriptor_is_to_be_had,
	a_read_that_fails_is_told, a_sync_or_a_rename_fails,
	short_reads_and_writes_change_nothing,
	nor_do_calls_that_are_interrupted,
	nor_do_clocks_that_jump_by_days_or_stand_still)
