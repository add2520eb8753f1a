/*
 * unit/span/isolate.c -- a stage in a process of its own: what it may do, and
 * what becomes of records and of the run when it dies.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/evil.h"

#define SUM_OF_THOUSAND 500500u

/* ---- deeds -------------------------------------------------------------- */

#define DEED(name)                                                             \
	static void name(struct leat_stage *st, struct leat_frame *in)

DEED(kill_itself)
{
	(void)st;
	(void)in;
	kill(getpid(), SIGKILL);
	pause();
}

DEED(stop_itself)
{
	(void)st;
	(void)in;
	kill(getpid(), SIGSTOP);
}

DEED(read_nowhere)
{
	volatile int *nowhere = (int *)8;

	(void)st;
	(void)in;
	__asm__ volatile("movl (%0), %%eax" : : "r"(nowhere) : "eax");
}

DEED(abort_itself)
{
	(void)st;
	(void)in;
	abort();
}

DEED(leave)
{
	(void)st;
	(void)in;
	_exit(3);
}

DEED(leave_kindly)
{
	(void)st;
	(void)in;
	exit(0);
}

DEED(loop)
{
	(void)st;
	(void)in;
	for (;;)
		__asm__ volatile("");
}

/* NOLINTNEXTLINE */
static int
deeper(volatile char *above)
{
	volatile char here[4096];

	here[0] = *above;
	return here[0] == 2 ? 0 : deeper(here) + here[0];
}

DEED(fill_stack)
{
	volatile char first = 1;

	(void)st;
	(void)in;
	deeper(&first);
}

/* It was lent to be read. */
DEED(write_to_input)
{
	(void)st;
	in->data[0] = 1;
}

/* ---- it works ----------------------------------------------------------- */

static void
check_all_arrive(enum evil_kind kind, uint64_t n, uint64_t sum)
{
	struct trial t = trial_of_thousand();

	t.kind = kind;
	ck_assert_msg(
		trial_run(&t) == LEAT_OK, "kind %d: %s", kind, t.err.text);
	ck_assert_uint_eq(t.seen.n, n);
	ck_assert_uint_eq(t.seen.sum, sum);
	ck_assert_uint_eq(t.seen.n_back, 0);
	ck_assert_uint_eq(t.evil_stats.in, 1000);
	ck_assert_uint_eq(t.evil_stats.out, n);
}

START_TEST(all_kinds_of_stages_do_there_what_they_do_here)
{
	check_all_arrive(EVIL_STATELESS, 1000, SUM_OF_THOUSAND);
	check_all_arrive(EVIL_STATEFUL, 1000, SUM_OF_THOUSAND);
	check_all_arrive(EVIL_WRITER, 1000, SUM_OF_THOUSAND + 1000);
	check_all_arrive(EVIL_MAKER, 1000, SUM_OF_THOUSAND);
	check_all_arrive(EVIL_REPEATER, 1000, SUM_OF_THOUSAND);
}
END_TEST

static void
check_ops(const struct leat_stage_ops *ops, uint64_t n, uint64_t sum)
{
	struct trial t = trial_of_thousand();

	t.ops = ops;
	ck_assert_msg(trial_run(&t) == LEAT_OK, "%s", t.err.text);
	ck_assert_uint_eq(t.seen.n, n);
	ck_assert_uint_eq(t.seen.sum, sum);
}

START_TEST(so_do_functions_of_one_item)
{
	check_ops(&add_ops, 1000, SUM_OF_THOUSAND + 1000);
	check_ops(&odd_ops, 500, 250000);
	check_ops(&single_ops, 1000, SUM_OF_THOUSAND);
}
END_TEST

START_TEST(who_keeps_frames_of_its_input_is_told_that_it_cannot)
{
	struct trial t = trial_of_thousand();

	t.ops = &hold_ops;
	ck_assert_int_eq(trial_run(&t), LEAT_ENOTSUP);
	ck_assert_str_eq(t.err.text,
		"stage 'hold' keeps frames of its input between calls, and "
		"cannot be in a process of its own");
}
END_TEST

START_TEST(enough_is_enough)
{
	struct trial t = trial_of_thousand();

	t.numbers.n = 0;
	t.enough = 55;
	ck_assert_int_eq(trial_run(&t), LEAT_OK);
	ck_assert_uint_eq(t.seen.n, 55);
}
END_TEST

START_TEST(what_a_stage_says_of_its_failure_arrives)
{
	struct trial t = trial_of_thousand();

	t.evil.at = 500;
	t.evil.code = -LEAT_EDATA;
	ck_assert_int_eq(trial_run(&t), LEAT_EDATA);
	ck_assert_str_eq(t.err.text, "it is evil");
	ck_assert_str_eq(t.err.stage, "evil");
}
END_TEST

START_TEST(other_guards_look_on)
{
	struct leat_retry_opts opts = {
		LEAT_OPTS_INIT(leat_retry_opts), .base_ns = 1};
	struct leat_hook_step retry = {&leat_retry_ops, &opts};
	struct trial t = trial_of_thousand();

	t.kind = EVIL_REPEATER;
	t.outer = &retry;
	t.evil.at = 500;
	t.evil.code = -LEAT_EIO;
	ck_assert_msg(trial_run(&t) == LEAT_OK, "%s", t.err.text);
	ck_assert_uint_eq(t.seen.n, 1000);
	ck_assert_uint_eq(t.seen.n_back, 0);
}
END_TEST

START_TEST(rejected_records_are_rejected_here)
{
	struct trial t = trial_of_thousand();

	t.kind = EVIL_PICKY;
	ck_assert_int_eq(trial_run(&t), LEAT_EDATA);
	ck_assert_str_eq(t.err.text, "it ends with 0");
	t = trial_of_thousand();
	t.kind = EVIL_PICKY;
	t.isolate.on_poison = 1 + LEAT_ON_ERROR_SKIP;
	ck_assert_msg(trial_run(&t) == LEAT_OK, "%s", t.err.text);
	ck_assert_uint_eq(t.seen.n, 900);
	ck_assert_uint_eq(t.stats.failed, 100);
}
END_TEST

/* ---- it dies ------------------------------------------------------------ */

static uint32_t *n_killed; /* of all processes */

DEED(kill_itself_once)
{
	if (in->n_items == 0 &&
		__atomic_fetch_add(n_killed, 1, __ATOMIC_RELAXED) == 0)
		kill_itself(st, in);
}

START_TEST(a_record_is_rejected_once_though_it_was_by_two)
{
	struct trial t = trial_of_thousand();

	n_killed = mmap(NULL, sizeof(*n_killed), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(n_killed, MAP_FAILED);
	t.kind = EVIL_PICKY;
	t.numbers.per_frame = 1;
	t.evil.late = kill_itself_once;
	t.isolate.on_poison = 1 + LEAT_ON_ERROR_SKIP;
	ck_assert_msg(trial_run(&t) == LEAT_OK, "%s", t.err.text);
	ck_assert_uint_eq(t.seen.n, 900);
	ck_assert_uint_eq(t.stats.failed, 100);
	ck_assert_uint_eq(*n_killed, 101);
	munmap(n_killed, sizeof(*n_killed));
}
END_TEST

/* Who hangs is told by time alone, so it is to be found at once. */
static void
check_poison(enum evil_kind kind,
	void (*deed)(struct leat_stage *, struct leat_frame *), bool hangs)
{
	struct trial t = trial_of_thousand();
	uint64_t sum = SUM_OF_THOUSAND - 505;

	t.kind = kind;
	t.evil.deed = deed;
	t.evil.at = kind == EVIL_WRITER ? 506 : 505;
	if (hangs) {
		t.isolate.hang_ns = 300000000;
		t.numbers.per_frame = 1;
	}
	t.isolate.on_poison = 1 + LEAT_ON_ERROR_SKIP;
	ck_assert_msg(trial_run(&t) == LEAT_OK, "%s", t.err.text);
	ck_assert_uint_eq(t.seen.n, 999);
	ck_assert_uint_eq(t.seen.sum, sum + (kind == EVIL_WRITER ? 999u : 0u));
	ck_assert_uint_eq(t.seen.n_back, 0);
	ck_assert_uint_eq(t.stats.failed, 1);
	ck_assert_uint_eq(n_children(), 0);
}

START_TEST(the_record_to_blame_is_found)
{
	check_poison(EVIL_STATELESS, kill_itself, false);
	check_poison(EVIL_WRITER, abort_itself, false);
}
END_TEST

START_TEST(however_it_ends)
{
	check_poison(EVIL_STATELESS, read_nowhere, false);
	check_poison(EVIL_STATELESS, leave, false);
	check_poison(EVIL_STATELESS, fill_stack, false);
	check_poison(EVIL_STATELESS, write_to_input, false);
}
END_TEST

START_TEST(also_if_it_leaves_kindly)
{
	check_poison(EVIL_STATELESS, leave_kindly, false);
}
END_TEST

START_TEST(who_hangs_is_ended)
{
	check_poison(EVIL_STATELESS, stop_itself, true);
}
END_TEST

START_TEST(so_is_who_loops)
{
	check_poison(EVIL_WRITER, loop, true);
}
END_TEST

/* Not each that is needed to find the record to blame, which is told then. */
START_TEST(the_death_of_a_child_is_told)
{
	struct trial t = trial_of_thousand();
	const struct leat_change *told = &t.changes[0];

	t.kind = EVIL_STATELESS;
	t.evil.deed = kill_itself;
	t.evil.at = 505;
	t.isolate.on_poison = 1 + LEAT_ON_ERROR_SKIP;
	ck_assert_msg(trial_run(&t) == LEAT_OK, "%s", t.err.text);
	ck_assert_uint_eq(t.n_changes, 1);
	ck_assert_str_eq(told->hook, "isolate");
	ck_assert_str_eq(told->what, "process");
	ck_assert_str_eq(told->before, "1");
	ck_assert_str_eq(told->after, "2");
	ck_assert_str_eq(told->why,
		"the one before was ended by SIGKILL, with 10 records in hand");
	ck_assert_uint_eq(told->is_by, 0);
}
END_TEST

START_TEST(the_record_is_kept_with_its_bytes)
{
	struct trial t = trial_of_thousand();
	char path[] = "/tmp/leat-span-XXXXXX", line[512];
	int fd = mkstemp(path);
	FILE *file;

	ck_assert_int_ge(fd, 0);
	close(fd);
	t.evil.deed = abort_itself;
	t.evil.at = 505;
	t.dead_letters = path;
	t.isolate.on_poison = 1 + LEAT_ON_ERROR_DEAD_LETTER;
	ck_assert_msg(trial_run(&t) == LEAT_OK, "%s", t.err.text);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
	ck_assert_ptr_null(fgets(line + 256, 256, file));
	fclose(file);
	unlink(path);
	ck_assert_msg(
		strstr(line, "SIGABRT") && strstr(line, "f901000000000000"),
		"%s", line);
}
END_TEST

START_TEST(a_record_that_nobody_wants_ends_the_run)
{
	struct trial t = trial_of_thousand();

	t.evil.deed = abort_itself;
	t.evil.at = 505;
	ck_assert_int_eq(trial_run(&t), LEAT_EBUG);
	ck_assert_str_eq(t.err.text,
		"a process of stage 'evil' was ended by SIGABRT, each time "
		"with this in hand");
}
END_TEST

START_TEST(a_stage_with_a_memory_is_not_begun_again)
{
	struct trial t = trial_of_thousand();

	t.kind = EVIL_STATEFUL;
	t.evil.deed = read_nowhere;
	t.evil.at = 505;
	ck_assert_int_eq(trial_run(&t), LEAT_EBUG);
	ck_assert_msg(
		strstr(t.err.text,
			"the process of stage 'evil' was ended by SIGSEGV, "
			"with a frame of 10 records in hand"),
		"%s", t.err.text);
	t = trial_of_thousand();
	t.kind = EVIL_STATEFUL;
	t.isolate.restarts = 3;
	ck_assert_int_eq(trial_run(&t), LEAT_EINVAL);
}
END_TEST

START_TEST(nor_one_that_is_not_to_be)
{
	struct trial t = trial_of_thousand();

	t.evil.deed = leave;
	t.evil.at = 505;
	t.isolate.restart = 1;
	ck_assert_int_eq(trial_run(&t), LEAT_EBUG);
	ck_assert_ptr_nonnull(strstr(t.err.text, "exited with status 3"));
}
END_TEST

START_TEST(there_is_a_limit)
{
	struct trial t = trial_of_thousand();

	t.evil.deed = leave;
	t.isolate.restarts = 5;
	t.isolate.on_poison = 1 + LEAT_ON_ERROR_SKIP;
	ck_assert_int_eq(trial_run(&t), LEAT_ELIMIT);
	ck_assert_msg(
		strstr(t.err.text, "more than the 5 times"), "%s", t.err.text);
}
END_TEST

static void
leave_at_open(struct leat_stage *st)
{
	(void)st;
	_exit(4);
}

START_TEST(one_that_dies_when_it_is_opened_does_not_start)
{
	struct trial t = trial_of_thousand();

	t.evil.at_open = leave_at_open;
	ck_assert_int_eq(trial_run(&t), LEAT_EBUG);
	ck_assert_str_eq(t.err.text,
		"the process of stage 'evil' exited with status 4 while it "
		"was opened");
	ck_assert_uint_eq(n_children(), 0);
}
END_TEST

START_TEST(one_that_dies_at_its_end_has_failed)
{
	struct trial t = trial_of_thousand();

	t.kind = EVIL_STATEFUL;
	t.evil.at_finish = leave_at_open;
	ck_assert_int_eq(trial_run(&t), LEAT_EBUG);
	t = trial_of_thousand();
	t.evil.at_finish = leave_at_open;
	ck_assert_int_eq(trial_run(&t), LEAT_EBUG);
	ck_assert_msg(strstr(t.err.text, "at the end"), "%s", t.err.text);
}
END_TEST

/* ---- ends --------------------------------------------------------------- */

static void
cancel_soon(struct leat_graph *graph)
{
	struct leat_stage_stats stats;

	do
		ck_assert_int_eq(leat_stage_stats(graph, 1, &stats), LEAT_OK);
	while (stats.out < 100);
	leat_graph_cancel(graph);
}

static void
drain_soon(struct leat_graph *graph)
{
	struct leat_stage_stats stats;

	do
		ck_assert_int_eq(leat_stage_stats(graph, 1, &stats), LEAT_OK);
	while (stats.out < 100);
	leat_graph_drain(graph);
}

START_TEST(a_drain_and_a_cancel_end_it)
{
	struct trial t = trial_of_thousand();

	t.numbers.n = 0;
	t.meanwhile = drain_soon;
	ck_assert_msg(trial_run(&t) == LEAT_OK, "%s", t.err.text);
	ck_assert_uint_eq(t.seen.n, t.stats.read);
	t = trial_of_thousand();
	t.numbers.n = 0;
	t.meanwhile = cancel_soon;
	ck_assert_int_eq(trial_run(&t), LEAT_ECANCELED);
	ck_assert_uint_eq(n_children(), 0);
}
END_TEST

START_TEST(nothing_is_left_behind)
{
	const char *n_text = getenv("LEAT_SPAN_CYCLES");
	int n = n_text ? atoi(n_text) : 20;
	uint32_t n_files_before = n_files();

	for (int k = 0; k < n; k++) {
		struct trial t = trial_of_thousand();

		t.kind = (enum evil_kind)(k % EVIL_PICKY);
		t.numbers.n = 50;
		ck_assert_int_eq(trial_run(&t), LEAT_OK);
	}
	ck_assert_uint_eq(n_files(), n_files_before);
	ck_assert_uint_eq(n_children(), 0);
}
END_TEST

/* ---- the end of the parent ------------------------------------------------ */

/* Frames of so many bytes, of which none comes. */
static int
none_produce(struct leat_stage *st)
{
	(void)st;
	return LEAT_EOS;
}

static int
none_process(struct leat_stage *st, struct leat_frame *in)
{
	return leat_stage_emit(st, 0, in);
}

static int
none_end(struct leat_stage *st, struct leat_frame *in)
{
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* How many are on their way, unless that is said. */
static uint64_t
window_of(uint32_t flags, uint32_t frame_bytes)
{
	const struct leat_stage_ops ops[3] = {
		{LEAT_STAGE_OPS_INIT("source"), .out_layout = LEAT_LAYOUT_BYTES,
			.needs = {.frame_bytes = frame_bytes},
			.produce = none_produce},
		{LEAT_STAGE_OPS_INIT("filter"),
			.flags = LEAT_STAGE_STATELESS | flags,
			.process = none_process},
		{LEAT_STAGE_OPS_INIT("sink"), .flags = LEAT_STAGE_SINK,
			.process = none_end}};
	struct leat_step steps[3] = {
		{&ops[0], NULL}, {&ops[1], NULL}, {&ops[2], NULL}};
	struct leat_hook_step hook = {&leat_isolate_ops, NULL};
	struct leat_graph *graph;
	uint64_t window;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 3, NULL), LEAT_OK);
	ck_assert_int_eq(leat_stage_set_hooks(graph->stages[1], &hook, 1, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	window = leat__span_of(graph->stages[1])->window;
	leat_graph_destroy(graph);
	return window;
}

START_TEST(what_is_copied_stays_in_the_cache)
{
	ck_assert_uint_eq(window_of(0, 65536), 32);
	ck_assert_uint_eq(window_of(0, 65537), 8);
	ck_assert_uint_eq(window_of(LEAT_STAGE_IN_PLACE, 4096), 32);
	ck_assert_uint_eq(window_of(LEAT_STAGE_IN_PLACE, 32768), 16);
	ck_assert_uint_eq(window_of(LEAT_STAGE_IN_PLACE, 65536), 8);
	ck_assert_uint_eq(window_of(LEAT_STAGE_IN_PLACE, 1u << 20), 2);
}
END_TEST

static int told_fd;

static void
tell_pid(struct leat_stage *st)
{
	pid_t pid = getpid();

	(void)st;
	/* a file that is open elsewhere does not reach it, but for 0 to 2 */
	ck_assert_int_eq(write(told_fd, &pid, sizeof(pid)), -1);
	ck_assert_int_eq(write(2, &pid, sizeof(pid)), sizeof(pid));
}

static void
be_parent(int fd)
{
	struct trial t = trial_of_thousand();

	told_fd = fd;
	dup2(fd, 2);
	t.numbers.n = 0;
	t.evil.at_open = tell_pid;
	(void)trial_run(&t);
	_exit(1);
}

START_TEST(a_child_ends_with_its_parent)
{
	int fds[2], status;
	pid_t parent, child;
	char byte;

	ck_assert_int_eq(pipe(fds), 0);
	parent = fork();
	if (parent == 0)
		be_parent(fds[1]);
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &child, sizeof(child)), sizeof(child));
	ck_assert_int_eq(kill(child, 0), 0);
	kill(parent, SIGKILL);
	ck_assert_int_eq(waitpid(parent, &status, 0), parent);
	/* the last one that has the other end has ended */
	ck_assert_int_eq(read(fds[0], &byte, 1), 0);
	close(fds[0]);
}
END_TEST

TEST_MAIN("span/isolate", all_kinds_of_stages_do_there_what_they_do_here,
	so_do_functions_of_one_item,
	who_keeps_frames_of_its_input_is_told_that_it_cannot, enough_is_enough,
	what_a_stage_says_of_its_failure_arrives, other_guards_look_on,
	rejected_records_are_rejected_here, the_record_to_blame_is_found,
	however_it_ends, also_if_it_leaves_kindly, who_hangs_is_ended,
	so_is_who_loops, the_death_of_a_child_is_told,
	a_record_is_rejected_once_though_it_was_by_two,
	the_record_is_kept_with_its_bytes,
	a_record_that_nobody_wants_ends_the_run,
	a_stage_with_a_memory_is_not_begun_again, nor_one_that_is_not_to_be,
	there_is_a_limit, one_that_dies_when_it_is_opened_does_not_start,
	one_that_dies_at_its_end_has_failed, a_drain_and_a_cancel_end_it,
	nothing_is_left_behind, what_is_copied_stays_in_the_cache,
	a_child_ends_with_its_parent)
