/*
 * unit/run/hook.c -- hooks around the calls of a stage: their order, what they
 * may decide, and what becomes of the records.
 */
#include "base/base.h"
#include "support/numbers.h"
#include "support/test.h"

#define LOG_BYTES 512

/* What happened, a word each. */
struct journal {
	char text[LOG_BYTES];
	size_t n;
};

static void
note(struct journal *journal, const char *format, const char *name, int n)
{
	size_t left = LOG_BYTES - journal->n;

	journal->n += (size_t)snprintf(
		journal->text + journal->n, left, format, name, n);
	ck_assert_uint_lt(journal->n, LOG_BYTES);
}

/* ---- a stage that fails as it is told ------------------------------------- */

struct shaky_opts {
	uint32_t size;
	uint32_t flags;
	struct journal *journal;
	uint64_t n_fail;     /* calls that fail first */
	uint64_t n_fail_end; /* the same, of finish */
	int64_t code;        /* 0 = LEAT_EIO */
	uint64_t is_late;    /* 1: it fails after it has emitted */
};

struct shaky {
	const struct shaky_opts *opts;
	uint64_t n_left;
	uint64_t n_left_end;
};

static int
shaky_init(struct leat_stage *st, const void *opts)
{
	struct shaky *s = leat_stage_state(st);

	s->opts = opts;
	s->n_left = s->opts->n_fail;
	s->n_left_end = s->opts->n_fail_end;
	return LEAT_OK;
}

static int
shaky_fail(struct leat_stage *st, uint64_t *n_left)
{
	const struct shaky *s = leat_stage_state(st);

	--*n_left;
	return leat_stage_fail(
		st, s->opts->code ? (int)s->opts->code : LEAT_EIO, "it shakes");
}

static int
shaky_process(struct leat_stage *st, struct leat_frame *in)
{
	struct shaky *s = leat_stage_state(st);
	struct leat_frame *copy;

	/* deadlines are of calls that did not come so far */
	ck_assert_int_eq(leat_ctx_deadline_ns(leat_stage_ctx(st)), LEAT_NEVER);
	if (s->opts->journal)
		note(s->opts->journal, "%s%d ", "p", (int)in->n_items);
	if (!s->n_left)
		return leat_stage_emit(st, 0, in);
	if (!s->opts->is_late)
		return shaky_fail(st, &s->n_left);
	LEAT_TRY(leat_stage_acquire(st, &copy));
	copy->layout = LEAT_LAYOUT_ITEMS;
	copy->len_bytes = 8;
	copy->n_items = 1;
	leat_stage_count(st, LEAT_COUNT_MADE, 1);
	LEAT_TRY(leat_stage_emit(st, 0, copy));
	return shaky_fail(st, &s->n_left);
}

static int
shaky_finish(struct leat_stage *st)
{
	struct shaky *s = leat_stage_state(st);

	if (s->opts->journal)
		note(s->opts->journal, "%s ", "f", 0);
	return s->n_left_end ? shaky_fail(st, &s->n_left_end) : LEAT_OK;
}

static const struct leat_stage_ops shaky_ops = {
	LEAT_STAGE_OPS_INIT("shaky"),
	.flags = LEAT_STAGE_REPEATS,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.state_bytes = sizeof(struct shaky),
	.opts_bytes = sizeof(struct shaky_opts),
	.needs.frame_bytes = 4096,
	.init = shaky_init,
	.process = shaky_process,
	.finish = shaky_finish,
};

static const struct leat_stage_ops shaky_once_ops = {
	LEAT_STAGE_OPS_INIT("shaky"),
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.state_bytes = sizeof(struct shaky),
	.opts_bytes = sizeof(struct shaky_opts),
	.needs.frame_bytes = 4096,
	.init = shaky_init,
	.process = shaky_process,
	.finish = shaky_finish,
};

/* ---- a hook that notes, and decides as it is told -------------------------- */

struct spy_opts {
	uint32_t size;
	uint32_t flags;
	struct journal *journal;
	const char *name;
	int64_t before;   /* what before returns for frame number `at` */
	int64_t on_error; /* what on_error returns; 0 = what it is given */
	uint64_t at;      /* from 1; 0 = all */
	uint64_t limits;  /* 1: that call gets a deadline */
};

struct spy {
	uint64_t n; /* calls so far */
};

static int
spy_before(struct leat_hook *hook, const struct leat_call *call)
{
	const struct spy_opts *o = leat_hook_opts(hook);
	struct spy *s = leat_hook_state(hook);

	s->n++;
	if (o->journal)
		note(o->journal, "<%s%d ", o->name, (int)call->n_attempts);
	if (o->at && o->at != s->n)
		return LEAT_OK;
	if (o->limits)
		leat_call_set_deadline(call, INT64_MAX / 2, false);
	return (int)o->before;
}

static void
spy_after(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	const struct spy_opts *o = leat_hook_opts(hook);

	ck_assert(rc < 0 || rc == LEAT_SHED || !call->frame);
	if (o->journal)
		note(o->journal, rc < 0 ? "!%s%d " : ">%s%d ", o->name,
			(int)call->n_items);
}

static int
spy_on_error(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	const struct spy_opts *o = leat_hook_opts(hook);

	ck_assert_int_eq(call->error->code, rc);
	if (o->journal)
		note(o->journal, "?%s%d ", o->name, (int)call->n_attempts);
	if (o->on_error == LEAT_EDATA)
		return leat_call_fail(call, LEAT_EDATA, "%s gives up", o->name);
	return o->on_error ? (int)o->on_error : rc;
}

static const struct leat_hook_ops spy_once_ops = {
	LEAT_HOOK_OPS_INIT("spy"),
	.state_bytes = sizeof(struct spy),
	.opts_bytes = sizeof(struct spy_opts),
	.before = spy_before,
	.after = spy_after,
	.on_error = spy_on_error,
};

static const struct leat_hook_ops spy_ops = {
	LEAT_HOOK_OPS_INIT("spy"),
	.flags = LEAT_HOOK_REPEATS,
	.state_bytes = sizeof(struct spy),
	.opts_bytes = sizeof(struct spy_opts),
	.before = spy_before,
	.after = spy_after,
	.on_error = spy_on_error,
};

/* Of frames of several items it drops the last. */
static int
drop_before(struct leat_hook *hook, const struct leat_call *call)
{
	struct leat_frame *frame = leat_call_frame(call);

	(void)hook;
	if (!frame || frame->n_items < 2)
		return LEAT_OK;
	frame->n_items--;
	frame->len_bytes -= 8;
	return LEAT_OK;
}

static const struct leat_hook_ops drop_ops = {
	LEAT_HOOK_OPS_INIT("drop"),
	.flags = LEAT_HOOK_IN_PLACE,
	.before = drop_before,
};

#define SPY(...)                                                               \
	{                                                                      \
		LEAT_OPTS_INIT(spy_opts), __VA_ARGS__                          \
	}

/* ---- numbers ! shaky ! sink ------------------------------------------------- */

struct trial {
	struct numbers_opts numbers;
	struct shaky_opts shaky;
	bool is_once;      /* the stage cannot be called again */
	bool is_at_source; /* the hooks are */
	bool drops;        /* the last hook does */
	struct sink_seen seen;
	struct leat_graph_stats stats;
	struct leat_hook_stats hook; /* of the first */
	struct leat_error err;
};

static int
trial_run(struct trial *t, const struct spy_opts *spies, uint32_t n)
{
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &t->seen};
	struct leat_step steps[3] = {{&numbers_ops, &t->numbers},
		{t->is_once ? &shaky_once_ops : &shaky_ops, &t->shaky},
		{&sink_ops, &sink}};
	uint32_t at = t->is_at_source ? 0 : 1;
	struct leat_hook_step hooks[4];
	struct leat_stage *st[3];
	struct leat_hook_stats none;
	struct leat_graph *graph;
	int rc;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	for (uint32_t k = 0; k < 3; k++)
		ck_assert_int_eq(
			leat_graph_add(graph, NULL, &steps[k], &st[k], NULL),
			LEAT_OK);
	for (uint32_t k = 0; k < 2; k++)
		ck_assert_int_eq(leat_graph_link(graph, leat_out(st[k], 0),
					 leat_in(st[k + 1], 0), NULL, NULL),
			LEAT_OK);
	for (uint32_t k = 0; k < n; k++)
		hooks[k] = (struct leat_hook_step){
			t->is_once ? &spy_once_ops : &spy_ops, &spies[k]};
	if (t->drops)
		hooks[n - 1] = (struct leat_hook_step){&drop_ops, NULL};
	ck_assert_int_eq(
		leat_stage_set_hooks(st[at], hooks, n, &t->err), LEAT_OK);
	rc = leat_graph_run(graph, &t->err);
	leat_graph_stats(graph, &t->stats);
	if (n)
		ck_assert_int_eq(
			leat_stage_hook_stats(graph, at, 0, &t->hook), LEAT_OK);
	ck_assert_int_eq(
		leat_stage_hook_stats(graph, at, n, &none), LEAT_EINVAL);
	leat_graph_destroy(graph);
	return rc;
}

/* Two frames, of four numbers and of one. */
static struct trial
trial_of_five(void)
{
	return (struct trial){.numbers = {LEAT_OPTS_INIT(numbers_opts), .n = 5,
				      .per_frame = 4},
		.shaky = {LEAT_OPTS_INIT(shaky_opts)}};
}

START_TEST(the_first_stands_outermost)
{
	struct journal journal = {.n = 0};
	struct spy_opts spies[2] = {SPY(.journal = &journal, .name = "a"),
		SPY(.journal = &journal, .name = "b")};
	struct trial t = trial_of_five();

	t.shaky.journal = &journal;
	ck_assert_int_eq(trial_run(&t, spies, 2), LEAT_OK);
	ck_assert_str_eq(journal.text,
		"<a1 <b1 p4 >b4 >a4 <a1 <b1 p1 >b1 >a1 <a1 <b1 f >b0 >a0 ");
	ck_assert_uint_eq(t.seen.n, 5);
}
END_TEST

START_TEST(a_call_that_failed_can_be_made_again)
{
	struct journal journal = {.n = 0};
	struct spy_opts spies[2] = {
		SPY(.journal = &journal, .name = "a", .on_error = LEAT_AGAIN),
		SPY(.journal = &journal, .name = "b")};
	struct trial t = trial_of_five();

	t.shaky.journal = &journal;
	t.shaky.n_fail = 2;
	ck_assert_int_eq(trial_run(&t, spies, 2), LEAT_OK);
	ck_assert_str_eq(journal.text,
		"<a1 <b1 p4 !b4 ?b1 !a4 ?a1 <a2 <b1 p4 !b4 ?b1 !a4 ?a2 "
		"<a3 <b1 p4 >b4 >a4 <a1 <b1 p1 >b1 >a1 <a1 <b1 f >b0 >a0 ");
	ck_assert_uint_eq(t.hook.n_again, 2);
	ck_assert_uint_eq(t.seen.n, 5);
	ck_assert_uint_eq(t.seen.n_back, 0);
}
END_TEST

START_TEST(so_can_the_end_of_a_stage)
{
	struct spy_opts spy = SPY(.name = "a", .on_error = LEAT_AGAIN);
	struct trial t = trial_of_five();

	t.shaky.n_fail_end = 2;
	ck_assert_int_eq(trial_run(&t, &spy, 1), LEAT_OK);
	ck_assert_uint_eq(t.hook.n_again, 2);
	ck_assert_uint_eq(t.seen.n, 5);
}
END_TEST

START_TEST(not_after_something_was_emitted)
{
	struct spy_opts spy = SPY(.name = "a", .on_error = LEAT_AGAIN);
	struct trial t = trial_of_five();

	t.shaky.n_fail = 1;
	t.shaky.is_late = 1;
	ck_assert_int_eq(trial_run(&t, &spy, 1), LEAT_EIO);
	ck_assert_str_eq(t.err.text, "it shakes");
	ck_assert_uint_eq(t.hook.n_again, 0);
	spy.on_error = LEAT_SHED;
	t = trial_of_five();
	t.shaky.n_fail = 1;
	t.shaky.is_late = 1;
	ck_assert_int_eq(trial_run(&t, &spy, 1), LEAT_EIO);
	ck_assert_uint_eq(t.hook.n_shed, 0);
}
END_TEST

START_TEST(a_frame_can_be_shed_before_the_stage_sees_it)
{
	struct spy_opts spy = SPY(.name = "a", .before = LEAT_SHED, .at = 1);
	struct trial t = trial_of_five();

	ck_assert_int_eq(trial_run(&t, &spy, 1), LEAT_OK);
	ck_assert_uint_eq(t.seen.n, 1);
	ck_assert_uint_eq(t.stats.shed, 4);
	ck_assert_uint_eq(t.hook.n_shed, 1);
	ck_assert(t.stats.is_balanced);
}
END_TEST

START_TEST(the_deadline_of_a_call_that_is_refused_ends_with_it)
{
	struct spy_opts spy =
		SPY(.name = "a", .before = LEAT_SHED, .at = 1, .limits = 1);
	struct trial t = trial_of_five();

	ck_assert_int_eq(trial_run(&t, &spy, 1), LEAT_OK);
	ck_assert_uint_eq(t.seen.n, 1);
}
END_TEST

START_TEST(a_hook_of_a_source_is_told_what_it_has_emitted)
{
	struct journal journal = {.n = 0};
	struct spy_opts spies[2] = {SPY(.journal = &journal, .name = "a"),
		SPY(.journal = &journal, .name = "b")};
	struct trial t = trial_of_five();

	t.is_at_source = t.is_once = true;
	ck_assert_int_eq(trial_run(&t, spies, 2), LEAT_OK);
	ck_assert_str_eq(journal.text,
		"<a1 <b1 >b4 >a4 <a1 <b1 >b1 >a1 <a1 <b1 !b0 !a0 ");
}
END_TEST

START_TEST(a_hook_outside_is_told_what_one_inside_has_left)
{
	struct journal journal = {.n = 0};
	struct spy_opts spies[2] = {
		SPY(.journal = &journal, .name = "a", .on_error = LEAT_SHED),
		SPY(.name = "b")};
	struct trial t = trial_of_five();

	t.drops = true;
	ck_assert_int_eq(trial_run(&t, spies, 2), LEAT_OK);
	ck_assert_str_eq(journal.text, "<a1 >a3 <a1 >a1 <a1 >a0 ");
	ck_assert_uint_eq(t.stats.shed, 1);
	ck_assert_uint_eq(t.seen.n, 4);
	t = trial_of_five();
	t.drops = true;
	t.shaky.n_fail = 1;
	journal.n = 0;
	ck_assert_int_eq(trial_run(&t, spies, 2), LEAT_OK);
	ck_assert_uint_eq(t.stats.shed, 1);
	ck_assert_uint_eq(t.stats.failed, 3);
	ck_assert(t.stats.is_balanced);
}
END_TEST

START_TEST(a_frame_that_failed_can_be_given_up)
{
	struct spy_opts spy = SPY(.name = "a", .on_error = LEAT_SHED);
	struct trial t = trial_of_five();

	t.shaky.n_fail = 1;
	ck_assert_int_eq(trial_run(&t, &spy, 1), LEAT_OK);
	ck_assert_uint_eq(t.seen.n, 1);
	ck_assert_uint_eq(t.stats.failed, 4);
	ck_assert_uint_eq(t.stats.shed, 0);
	ck_assert(t.stats.is_balanced);
}
END_TEST

START_TEST(what_cannot_be_called_again_is_not_given_up_either)
{
	static const int64_t decisions[] = {LEAT_AGAIN, LEAT_SHED};

	for (uint32_t k = 0; k < 2; k++) {
		struct spy_opts spy =
			SPY(.name = "a", .on_error = decisions[k]);
		struct trial t = trial_of_five();

		t.is_once = true;
		t.shaky.n_fail = 1;
		ck_assert_int_eq(trial_run(&t, &spy, 1), LEAT_EIO);
		ck_assert_uint_eq(t.hook.n_again + t.hook.n_shed, 0);
	}
}
END_TEST

START_TEST(a_call_can_be_refused_and_the_outer_hook_is_asked)
{
	struct journal journal = {.n = 0};
	struct spy_opts spies[2] = {
		SPY(.journal = &journal, .name = "a", .on_error = LEAT_AGAIN),
		SPY(.journal = &journal, .name = "b", .before = LEAT_EIO,
			.at = 1)};
	struct trial t = trial_of_five();

	t.numbers.n = 4;
	t.shaky.journal = &journal;
	ck_assert_int_eq(trial_run(&t, spies, 2), LEAT_OK);
	ck_assert_str_eq(journal.text,
		"<a1 <b1 !a4 ?a1 <a2 <b1 p4 >b4 >a4 <a1 <b1 f >b0 >a0 ");
}
END_TEST

START_TEST(what_a_hook_says_stands_behind_the_cause)
{
	struct spy_opts spy = SPY(.name = "a", .on_error = LEAT_EDATA);
	struct trial t = trial_of_five();

	t.shaky.n_fail = 1;
	ck_assert_int_eq(trial_run(&t, &spy, 1), LEAT_EDATA);
	ck_assert_str_eq(t.err.text, "it shakes; a gives up");
	ck_assert_str_eq(t.err.stage, "shaky");
}
END_TEST

START_TEST(an_end_that_is_expected_is_no_failure)
{
	struct journal journal = {.n = 0};
	struct spy_opts spy = SPY(.journal = &journal, .name = "a");
	struct trial t = trial_of_five();

	t.shaky.n_fail = 1;
	t.shaky.code = LEAT_ECANCELED;
	ck_assert_int_eq(trial_run(&t, &spy, 1), LEAT_ECANCELED);
	ck_assert_str_eq(journal.text, "<a1 !a4 ");
}
END_TEST

/* ---- setting them ----------------------------------------------------------- */

static struct leat_stage *
stage_add(struct leat_graph *graph, const struct leat_stage_ops *ops)
{
	struct leat_step step = {ops, NULL};
	struct leat_stage *st;

	ck_assert_int_eq(
		leat_graph_add(graph, NULL, &step, &st, NULL), LEAT_OK);
	return st;
}

static void
set_fails(struct leat_stage *st, const struct leat_hook_ops *ops,
	const void *opts, int code, const char *text)
{
	struct leat_hook_step step = {ops, opts};
	struct leat_error err;

	ck_assert_int_eq(leat_stage_set_hooks(st, &step, 1, &err), code);
	ck_assert_str_eq(err.text, text);
}

START_TEST(hooks_that_do_not_fit_are_refused)
{
	static const struct leat_hook_ops bad_name = {
		LEAT_HOOK_OPS_INIT("no name")};
	static const struct leat_hook_ops bad_flags = {
		LEAT_HOOK_OPS_INIT("odd"), .flags = 1u << 9};
	struct leat_rate_opts none = {LEAT_OPTS_INIT(leat_rate_opts)};
	struct leat_retry_opts wild = {
		LEAT_OPTS_INIT(leat_retry_opts), .jitter = 2};
	struct leat_hook_step many[LEAT_HOOKS_MAX + 1];
	struct leat_error err;
	struct leat_graph *graph;
	struct leat_stage *st;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	st = stage_add(graph, &pass_ops);
	set_fails(st, NULL, NULL, LEAT_EINVAL, "a hook needs ops, not NULL");
	set_fails(st, &bad_name, NULL, LEAT_EINVAL,
		"'no name' cannot be the name of a hook; accepted: letters, "
		"digits, . - _, a letter or _ first");
	set_fails(st, &bad_flags, NULL, LEAT_EINVAL,
		"the flags of hook 'odd' are 0x200; known are 0x3f");
	set_fails(st, &leat_rate_ops, &none, LEAT_EINVAL,
		"@rate has no limit; give it items=N or bytes=N, a second");
	set_fails(st, &leat_retry_ops, NULL, LEAT_EINVAL,
		"@retry: stage 'pass' cannot be called again after a failure "
		"(LEAT_STAGE_REPEATS)");
	ck_assert_int_lt(
		leat_stage_set_hooks(st,
			&(struct leat_hook_step){&leat_retry_ops, &wild}, 1,
			&err),
		0);
	for (uint32_t k = 0; k <= LEAT_HOOKS_MAX; k++)
		many[k] = (struct leat_hook_step){&spy_ops, NULL};
	ck_assert_int_eq(
		leat_stage_set_hooks(st, many, LEAT_HOOKS_MAX + 1, &err),
		LEAT_ELIMIT);
	leat_graph_destroy(graph);
}
END_TEST

TEST_MAIN("run/hook", the_first_stands_outermost,
	a_call_that_failed_can_be_made_again, so_can_the_end_of_a_stage,
	not_after_something_was_emitted,
	a_frame_can_be_shed_before_the_stage_sees_it,
	the_deadline_of_a_call_that_is_refused_ends_with_it,
	a_hook_of_a_source_is_told_what_it_has_emitted,
	a_hook_outside_is_told_what_one_inside_has_left,
	a_frame_that_failed_can_be_given_up,
	what_cannot_be_called_again_is_not_given_up_either,
	a_call_can_be_refused_and_the_outer_hook_is_asked,
	what_a_hook_says_stands_behind_the_cause,
	an_end_that_is_expected_is_no_failure,
	hooks_that_do_not_fit_are_refused)
