/*
 * run/file.c: what stages read and write, and what goes wrong on the way.
 *
 * A source of one function makes the calls; a world of our own lets single
 * calls of the system fail.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <leat/io.h>

#include "env/env.h"
#include "graph/graph.h"
#include "support/pipe.h"
#include "support/test.h"

/* ---- a source that calls one function ----------------------------------- */

struct caller_opts {
	uint32_t size;
	uint32_t flags;
	int (*fn)(struct leat_stage *st);
};

static int
caller_init(struct leat_stage *st, const void *opts)
{
	const struct caller_opts *o = opts;

	memcpy(leat_stage_state(st), &o->fn, sizeof(o->fn));
	return LEAT_OK;
}

static int
caller_produce(struct leat_stage *st)
{
	int (*fn)(struct leat_stage *);
	int rc;

	memcpy(&fn, leat_stage_state(st), sizeof(fn));
	rc = fn(st);
	return rc < 0 ? rc : LEAT_EOS;
}

static const struct leat_stage_ops caller_ops = {
	LEAT_STAGE_OPS_INIT("caller"),
	.flags = LEAT_STAGE_BLOCKING,
	.state_bytes = sizeof(int (*)(struct leat_stage *)),
	.opts_bytes = sizeof(struct caller_opts),
	.out_layout = LEAT_LAYOUT_BYTES,
	.needs = {.frame_bytes = 4096},
	.init = caller_init,
	.produce = caller_produce,
};

static int
ignore_process(struct leat_stage *st, struct leat_frame *in)
{
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops ignore_ops = {
	LEAT_STAGE_OPS_INIT("ignore"),
	.flags = LEAT_STAGE_SINK,
	.process = ignore_process,
};

/* Run fn as a stage of a graph in this world. */
static int
call_in(const struct leat__env *env, int (*fn)(struct leat_stage *),
	struct leat_error *err)
{
	struct caller_opts opts = {LEAT_OPTS_INIT(caller_opts), .fn = fn};
	struct leat_step steps[] = {{&caller_ops, &opts}, {&ignore_ops, NULL}};
	struct leat_graph *graph;
	int rc;

	ck_assert_int_eq(leat__graph_create(env, NULL, &graph, err), LEAT_OK);
	rc = leat_graph_chain(graph, steps, 2, err);
	if (rc >= 0)
		rc = leat_graph_run(graph, err);
	leat_graph_destroy(graph);
	return rc;
}

static void
call(int (*fn)(struct leat_stage *))
{
	struct leat_error err;

	ck_assert_msg(call_in(leat__env_posix(), fn, &err) == LEAT_OK, "%s",
		err.text);
}

static void
call_fails(int (*fn)(struct leat_stage *), int code, const char *text)
{
	struct leat_error err;

	ck_assert_int_eq(call_in(leat__env_posix(), fn, &err), code);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

/* ---- reading ------------------------------------------------------------ */

static int
read_and_peek(struct leat_stage *st)
{
	struct leat_file *file;
	char buf[8] = "";
	size_t n;

	LEAT_TRY(leat_file_open(st, "in", &file));
	ck_assert_uint_eq(leat_file_info(file).size_bytes, 6);
	ck_assert_uint_eq(leat_file_info(file).flags, LEAT_FILE_IS_REGULAR);
	LEAT_TRY(leat_file_read(file, buf, 2, &n));
	ck_assert_mem_eq(buf, "ab", n);
	LEAT_TRY(leat_file_peek(file, 4, buf, 8, &n));
	ck_assert_uint_eq(n, 2);
	ck_assert_mem_eq(buf, "ef", 2);
	ck_assert_int_eq(leat_file_peek(file, 6, buf, 8, &n), LEAT_EOS);
	/* a look does not move on */
	LEAT_TRY(leat_file_read(file, buf, 8, &n));
	ck_assert_uint_eq(n, 4);
	ck_assert_mem_eq(buf, "cdef", 4);
	ck_assert_int_eq(leat_file_read(file, buf, 8, &n), LEAT_EOS);
	leat_file_close(file);
	return LEAT_OK;
}

START_TEST(a_look_does_not_move_on)
{
	pipe_enter_folder();
	pipe_put_text("in", "abcdef");
	call(read_and_peek);
	pipe_leave_folder();
}
END_TEST

static int
peek_device(struct leat_stage *st)
{
	struct leat_file *file;
	char byte;
	size_t n;
	int rc;

	LEAT_TRY(leat_file_open(st, "/dev/zero", &file));
	ck_assert_uint_eq(leat_file_info(file).flags, 0);
	ck_assert_uint_eq(leat_file_info(file).size_bytes, 0);
	rc = leat_file_peek(file, 0, &byte, 1, &n);
	leat_file_close(file);
	return rc;
}

START_TEST(only_regular_files_can_be_looked_at)
{
	call_fails(peek_device, LEAT_ENOTSUP, "'/dev/zero'");
}
END_TEST

static int
commit_reader(struct leat_stage *st)
{
	struct leat_file *file;
	int rc;

	LEAT_TRY(leat_file_open(st, "/dev/zero", &file));
	rc = leat_file_commit(file);
	leat_file_close(file);
	return rc;
}

START_TEST(what_is_read_cannot_be_committed)
{
	call_fails(commit_reader, LEAT_ESTATE, "open for reading");
}
END_TEST

static int
open_long_path(struct leat_stage *st)
{
	static char path[5000];
	struct leat_file *file;

	memset(path, 'x', sizeof(path) - 1);
	return leat_file_open(st, path, &file);
}

static int
open_empty_path(struct leat_stage *st)
{
	struct leat_file *file;

	return leat_file_open(st, "", &file);
}

static int
create_with_unknown_flags(struct leat_stage *st)
{
	struct leat_file *file;

	return leat_file_create(st, "out", 2, &file);
}

START_TEST(what_callers_get_wrong_is_said)
{
	call_fails(open_empty_path, LEAT_EINVAL, "the path is empty");
	call_fails(open_long_path, LEAT_ELIMIT, "at most 4095");
	call_fails(create_with_unknown_flags, LEAT_EINVAL, "0x2");
}
END_TEST

START_TEST(closing_nothing_is_accepted)
{
	leat_file_close(NULL);
}
END_TEST

/* ---- writing ------------------------------------------------------------ */

static int
write_without_commit(struct leat_stage *st)
{
	struct leat_file *file;

	LEAT_TRY(leat_file_create(st, "out", 0, &file));
	LEAT_TRY(leat_file_write(file, "abc", 3));
	/* it stands beside */
	ck_assert_uint_eq(pipe_count_files(), 1);
	ck_assert_int_lt(access("out", F_OK), 0);
	leat_file_close(file);
	return LEAT_OK;
}

static int
write_and_keep(struct leat_stage *st)
{
	struct leat_file *file;

	LEAT_TRY(leat_file_create(st, "out", 0, &file));
	LEAT_TRY(leat_file_write(file, "abc", 3));
	leat_file_keep_partial(file);
	leat_file_close(file);
	return LEAT_OK;
}

static int
write_and_commit(struct leat_stage *st)
{
	struct leat_file *file;

	LEAT_TRY(leat_file_create(st, "out", LEAT_FILE_NO_SYNC, &file));
	LEAT_TRY(leat_file_write(file, "abc", 3));
	LEAT_TRY(leat_file_write(file, "", 0));
	leat_file_keep_partial(file); /* of no weight after a commit */
	LEAT_TRY(leat_file_commit(file));
	leat_file_close(file);
	return LEAT_OK;
}

START_TEST(without_a_commit_nothing_is_left)
{
	pipe_enter_folder();
	call(write_without_commit);
	ck_assert_uint_eq(pipe_count_files(), 0);
	pipe_leave_folder();
}
END_TEST

START_TEST(what_is_kept_stands_as_partial)
{
	pipe_enter_folder();
	call(write_and_keep);
	ck_assert_uint_eq(pipe_count_files(), 1);
	pipe_file_holds("out.partial", "abc");
	pipe_leave_folder();
}
END_TEST

START_TEST(a_commit_gives_the_name)
{
	pipe_enter_folder();
	call(write_and_commit);
	ck_assert_uint_eq(pipe_count_files(), 1);
	pipe_file_holds("out", "abc");
	pipe_leave_folder();
}
END_TEST

static int
create_twice(struct leat_stage *st)
{
	struct leat_file *a, *b;

	LEAT_TRY(leat_file_create(st, "out", LEAT_FILE_NO_SYNC, &a));
	LEAT_TRY(leat_file_create(st, "out", LEAT_FILE_NO_SYNC, &b));
	LEAT_TRY(leat_file_write(a, "a", 1));
	LEAT_TRY(leat_file_write(b, "b", 1));
	LEAT_TRY(leat_file_commit(a));
	LEAT_TRY(leat_file_commit(b));
	leat_file_close(a);
	leat_file_close(b);
	return LEAT_OK;
}

START_TEST(two_writers_of_one_name_do_not_mix)
{
	pipe_enter_folder();
	call(create_twice);
	pipe_file_holds("out", "b");
	ck_assert_uint_eq(pipe_count_files(), 1);
	pipe_leave_folder();
}
END_TEST

/* ---- a world in which single calls fail --------------------------------- */

struct bad_world {
	struct leat__env env;
	const struct leat__env *real;
	int sync_errno;
	int sync_dir_errno;
	int rename_errno;
	int64_t write_result; /* of the second write; 0 = as it is */
	uint32_t n_syncs;
	uint32_t n_dir_syncs;
	uint32_t n_writes;
	uint64_t random; /* constant, to make names meet */
	uint32_t is_random_fixed;
};

static struct bad_world *
world(const struct leat__env *env)
{
	return env->self;
}

static int
world_sync(const struct leat__env *env, int fd)
{
	struct bad_world *w = world(env);

	w->n_syncs++;
	return w->sync_errno ? w->sync_errno : w->real->sync(w->real, fd);
}

static int
world_sync_dir(const struct leat__env *env, const char *dir)
{
	struct bad_world *w = world(env);

	w->n_dir_syncs++;
	ck_assert_str_eq(dir, ".");
	return w->sync_dir_errno ? w->sync_dir_errno
				 : w->real->sync_dir(w->real, dir);
}

static int
world_rename(const struct leat__env *env, const char *from, const char *to)
{
	struct bad_world *w = world(env);

	return w->rename_errno ? w->rename_errno
			       : w->real->rename(w->real, from, to);
}

static int64_t
world_write(const struct leat__env *env, int fd, const void *buf, size_t n)
{
	struct bad_world *w = world(env);

	/* short, and with interruptions */
	w->n_writes++;
	if (w->n_writes == 2 && w->write_result)
		return w->write_result;
	if (w->n_writes % 2 == 0)
		return -EINTR;
	return w->real->write(w->real, fd, buf, n > 2 ? 2 : n);
}

static int64_t
world_read(const struct leat__env *env, int fd, void *buf, size_t n)
{
	struct bad_world *w = world(env);

	w->n_writes++;
	if (w->n_writes % 2)
		return -EINTR;
	return w->real->read(w->real, fd, buf, n > 2 ? 2 : n);
}

static uint64_t
world_random(const struct leat__env *env)
{
	struct bad_world *w = world(env);

	return w->is_random_fixed ? w->random : w->real->random(w->real);
}

static void
world_init(struct bad_world *w)
{
	memset(w, 0, sizeof(*w));
	w->real = leat__env_posix();
	w->env = *w->real;
	w->env.self = w;
	w->env.sync = world_sync;
	w->env.sync_dir = world_sync_dir;
	w->env.rename = world_rename;
	w->env.write = world_write;
	w->env.read = world_read;
	w->env.random = world_random;
}

static int
write_long(struct leat_stage *st)
{
	struct leat_file *file;
	int rc;

	LEAT_TRY(leat_file_create(st, "out", 0, &file));
	rc = leat_file_write(file, "abcdefghi", 9);
	if (rc == LEAT_OK)
		rc = leat_file_commit(file);
	leat_file_close(file);
	return rc;
}

static void
world_fails(struct bad_world *w, const char *text, uint32_t n_files)
{
	struct leat_error err;

	ck_assert_int_eq(call_in(&w->env, write_long, &err), LEAT_EIO);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
	ck_assert_int_ne(err.sys_errno, 0);
	ck_assert_uint_eq(pipe_count_files(), n_files);
}

START_TEST(short_and_interrupted_writes_go_on)
{
	struct bad_world w;
	struct leat_error err;

	pipe_enter_folder();
	world_init(&w);
	ck_assert_int_eq(call_in(&w.env, write_long, &err), LEAT_OK);
	pipe_file_holds("out", "abcdefghi");
	ck_assert_uint_eq(w.n_syncs, 1);
	ck_assert_uint_eq(w.n_dir_syncs, 1);
	pipe_leave_folder();
}
END_TEST

static int
read_all(struct leat_stage *st)
{
	struct leat_file *file;
	char buf[16];
	size_t at = 0, n;

	LEAT_TRY(leat_file_open(st, "in", &file));
	while (leat_file_read(file, buf + at, sizeof(buf) - at, &n) == LEAT_OK)
		at += n;
	ck_assert_uint_eq(at, 5);
	ck_assert_mem_eq(buf, "abcde", 5);
	leat_file_close(file);
	return LEAT_OK;
}

START_TEST(interrupted_reads_go_on)
{
	struct bad_world w;
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in", "abcde");
	world_init(&w);
	ck_assert_int_eq(call_in(&w.env, read_all, &err), LEAT_OK);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_full_disk_says_how_far_it_came)
{
	struct bad_world w;

	pipe_enter_folder();
	world_init(&w);
	w.write_result = -ENOSPC;
	world_fails(&w, "after 2 bytes to .out.leat-", 0);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_sync_that_fails_is_not_tried_again)
{
	struct bad_world w;

	pipe_enter_folder();
	pipe_put_text("out", "before");
	world_init(&w);
	w.sync_errno = EIO;
	world_fails(&w, "cannot bring to the disk '", 1);
	ck_assert_uint_eq(w.n_syncs, 1);
	pipe_file_holds("out", "before");
	pipe_leave_folder();
}
END_TEST

START_TEST(a_rename_that_fails_leaves_nothing)
{
	struct bad_world w;

	pipe_enter_folder();
	world_init(&w);
	w.rename_errno = EACCES;
	world_fails(&w, "cannot give its name to 'out'", 0);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_folder_that_cannot_be_synced_is_said)
{
	struct bad_world w;

	pipe_enter_folder();
	world_init(&w);
	w.sync_dir_errno = EIO;
	/* the name is there, but may not last */
	world_fails(&w, "'out' is complete", 1);
	pipe_leave_folder();
}
END_TEST

static int
write_and_keep_unsafe(struct leat_stage *st)
{
	LEAT_TRY(write_and_keep(st));
	ck_assert_uint_eq(leat_graph_n_errors(st->graph), 1);
	return LEAT_OK;
}

START_TEST(what_is_kept_is_brought_to_the_disk_too)
{
	struct bad_world w;
	struct leat_error err;

	pipe_enter_folder();
	world_init(&w);
	ck_assert_int_eq(call_in(&w.env, write_and_keep, &err), LEAT_OK);
	ck_assert_uint_eq(w.n_syncs, 1);
	ck_assert_uint_eq(w.n_dir_syncs, 1);
	pipe_file_holds("out.partial", "abc");
	pipe_leave_folder();
}
END_TEST

START_TEST(what_is_kept_stays_if_it_is_not_safe)
{
	struct bad_world w;
	struct leat_error err;

	pipe_enter_folder();
	world_init(&w);
	w.sync_errno = EIO;
	ck_assert_int_eq(call_in(&w.env, write_and_keep_unsafe, &err), LEAT_OK);
	ck_assert_uint_eq(w.n_syncs, 1);
	pipe_file_holds("out.partial", "abc");
	pipe_leave_folder();
}
END_TEST

START_TEST(a_temporary_name_that_is_taken_is_not_touched)
{
	struct bad_world w;

	pipe_enter_folder();
	pipe_put_text(".out.leat-000000", "somebody else's");
	world_init(&w);
	w.is_random_fixed = 1;
	world_fails(&w, "cannot create 'out'", 1);
	pipe_file_holds(".out.leat-000000", "somebody else's");
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("run/file", a_look_does_not_move_on,
	only_regular_files_can_be_looked_at, what_is_read_cannot_be_committed,
	what_callers_get_wrong_is_said, closing_nothing_is_accepted,
	without_a_commit_nothing_is_left, what_is_kept_stands_as_partial,
	a_commit_gives_the_name, two_writers_of_one_name_do_not_mix,
	short_and_interrupted_writes_go_on, interrupted_reads_go_on,
	a_full_disk_says_how_far_it_came, a_sync_that_fails_is_not_tried_again,
	a_rename_that_fails_leaves_nothing,
	a_folder_that_cannot_be_synced_is_said,
	what_is_kept_is_brought_to_the_disk_too,
	what_is_kept_stays_if_it_is_not_safe,
	a_temporary_name_that_is_taken_is_not_touched)
