/*
 * support/evil.c -- numbers ! @isolate evil ! sink.
 */
#include "support/evil.h"

#include <dirent.h>
#include <unistd.h>

#include "base/atomic.h"

struct evil {
	const struct evil_opts *opts;
	uint32_t at; /* of EVIL_MAKER */
	uint32_t has_failed;
};

static int
evil_init(struct leat_stage *st, const void *opts)
{
	struct evil *s = leat_stage_state(st);

	s->opts = opts;
	return LEAT_OK;
}

static int
evil_open(struct leat_stage *st)
{
	const struct evil *s = leat_stage_state(st);

	if (s->opts->at_open)
		s->opts->at_open(st);
	return LEAT_OK;
}

static int
evil_finish(struct leat_stage *st)
{
	const struct evil *s = leat_stage_state(st);

	if (s->opts->at_finish)
		s->opts->at_finish(st);
	return LEAT_OK;
}

static const uint64_t *
items_of(const struct leat_frame *in)
{
	return (const uint64_t *)(const void *)in->data;
}

static bool
has_item(const struct leat_frame *in, uint64_t item)
{
	for (uint32_t k = 0; item && k < in->n_items; k++)
		if (items_of(in)[k] == item)
			return true;
	return item == 0;
}

static int
evil_begin(struct leat_stage *st, struct leat_frame *in)
{
	struct evil *s = leat_stage_state(st);

	if (!has_item(in, s->opts->at))
		return LEAT_OK;
	if (s->opts->deed)
		s->opts->deed(st, in);
	if (!s->opts->code || s->has_failed)
		return LEAT_OK;
	s->has_failed = 1;
	return leat_stage_fail(st, -(int)s->opts->code, "it is evil");
}

static int
evil_end(struct leat_stage *st, struct leat_frame *in)
{
	const struct evil *s = leat_stage_state(st);

	if (s->opts->late)
		s->opts->late(st, in);
	return LEAT_OK;
}

static int
evil_process(struct leat_stage *st, struct leat_frame *in)
{
	LEAT_TRY(evil_begin(st, in));
	LEAT_TRY(leat_stage_emit(st, 0, in));
	return evil_end(st, in);
}

static int
evil_write(struct leat_stage *st, struct leat_frame *in)
{
	uint64_t *items = (uint64_t *)(void *)in->data;

	for (uint32_t k = 0; k < in->n_items; k++)
		items[k]++;
	return evil_process(st, in);
}

static int
evil_make(struct leat_stage *st, struct leat_frame *in)
{
	struct evil *s = leat_stage_state(st);
	struct leat_frame *frame;

	if (s->opts->at && items_of(in)[s->at] == s->opts->at)
		LEAT_TRY(evil_begin(st, in));
	LEAT_TRY(leat_stage_acquire(st, &frame));
	memcpy(frame->data, in->data + (size_t)s->at * 8, 8);
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = 1;
	frame->len_bytes = 8;
	LEAT_TRY(leat_stage_emit(st, 0, frame));
	if (++s->at < in->n_items)
		return LEAT_MORE;
	s->at = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
evil_pick(struct leat_stage *st, struct leat_frame *in)
{
	uint64_t *items = (uint64_t *)(void *)in->data;
	uint32_t n = 0;

	LEAT_TRY(evil_begin(st, in));
	for (uint32_t k = 0; k < in->n_items; k++) {
		struct leat_reject reject = {.reason = "it ends with 0",
			.data = &items[k],
			.n_bytes = 8};

		if (items[k] % 10 == 0)
			LEAT_TRY(leat_stage_reject(st, LEAT_EDATA, &reject));
		else
			items[n++] = items[k];
	}
	in->n_items = n;
	in->len_bytes = n * 8;
	LEAT_TRY(leat_stage_emit(st, 0, in));
	return evil_end(st, in);
}

#define EVIL_OPS                                                               \
	.in_layouts = LEAT_LAYOUT_ITEMS, .item_bytes = 8,                      \
	.state_bytes = sizeof(struct evil),                                    \
	.opts_bytes = sizeof(struct evil_opts), .init = evil_init,             \
	.open = evil_open, .finish = evil_finish

static const struct leat_stage_ops evil_ops[EVIL_N] = {
	{LEAT_STAGE_OPS_INIT("evil"), .flags = LEAT_STAGE_STATELESS, EVIL_OPS,
		.process = evil_process},
	{LEAT_STAGE_OPS_INIT("evil"), EVIL_OPS, .process = evil_process},
	{LEAT_STAGE_OPS_INIT("evil"),
		.flags = LEAT_STAGE_STATELESS | LEAT_STAGE_IN_PLACE, EVIL_OPS,
		.process = evil_write},
	{LEAT_STAGE_OPS_INIT("evil"), .flags = LEAT_STAGE_STATELESS, EVIL_OPS,
		.needs = {.frame_bytes = 4096}, .out_layout = LEAT_LAYOUT_ITEMS,
		.process = evil_make},
	{LEAT_STAGE_OPS_INIT("evil"),
		.flags = LEAT_STAGE_STATELESS | LEAT_STAGE_IN_PLACE |
			LEAT_STAGE_REJECTS,
		EVIL_OPS, .process = evil_pick},
	{LEAT_STAGE_OPS_INIT("evil"), .flags = LEAT_STAGE_REPEATS, EVIL_OPS,
		.process = evil_process},
	{LEAT_STAGE_OPS_INIT("evil"), .flags = LEAT_STAGE_STATELESS, EVIL_OPS,
		.needs = {.max_out = 2}, .process = evil_process},
};

/* ---- trials ----------------------------------------------------------------- */

struct trial
trial_of_thousand(void)
{
	return (struct trial){.numbers = {LEAT_OPTS_INIT(numbers_opts),
				      .n = 1000, .per_frame = 10},
		.evil = {LEAT_OPTS_INIT(evil_opts)},
		.isolate = {LEAT_OPTS_INIT(leat_isolate_opts), .base_ns = 1000,
			.cap_ns = 1000}};
}

static struct leat_graph *
trial_build(struct trial *t)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.dead_letters = t->dead_letters};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &t->seen,
		.enough = t->enough};
	struct leat_step steps[3] = {{&numbers_ops, &t->numbers},
		{&evil_ops[t->kind], &t->evil}, {&sink_ops, &sink}};
	struct leat_hook_step hooks[2] = {{&leat_isolate_ops, &t->isolate}};
	struct leat_stage *st[3];
	struct leat_graph *graph;

	if (t->ops)
		steps[1] = (struct leat_step){t->ops, NULL};
	if (t->outer) {
		hooks[1] = hooks[0];
		hooks[0] = *t->outer;
	}
	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	for (uint32_t k = 0; k < 3; k++)
		ck_assert_int_eq(
			leat_graph_add(graph, NULL, &steps[k], &st[k], NULL),
			LEAT_OK);
	for (uint32_t k = 0; k < 2; k++)
		ck_assert_int_eq(leat_graph_link(graph, leat_out(st[k], 0),
					 leat_in(st[k + 1], 0), NULL, NULL),
			LEAT_OK);
	ck_assert_int_eq(
		leat_stage_set_hooks(st[1], hooks, t->outer ? 2 : 1, &t->err),
		LEAT_OK);
	return graph;
}

/* What there is to know of it, if it does not balance. */
static void
check_balance(const struct leat_graph *graph, const struct trial *t, int rc)
{
	struct leat_stage_stats s;

	if (t->stats.is_balanced)
		return;
	for (uint32_t k = 0; leat_stage_stats(graph, k, &s) == LEAT_OK; k++)
		fprintf(stderr,
			"stage %u: in %llu, read %llu, made %llu; out %llu, "
			"written %llu, filtered %llu, failed %llu, "
			"folded %llu, shed %llu\n",
			k, (unsigned long long)s.in, (unsigned long long)s.read,
			(unsigned long long)s.made, (unsigned long long)s.out,
			(unsigned long long)s.written,
			(unsigned long long)s.filtered,
			(unsigned long long)s.failed,
			(unsigned long long)s.folded,
			(unsigned long long)s.shed);
	ck_abort_msg("kind %u does not balance, result %d: %s",
		(unsigned)t->kind, rc, rc < 0 ? t->err.text : "");
}

int
trial_run(struct trial *t)
{
	struct leat_graph *graph = trial_build(t);
	int rc = leat_graph_start(graph, &t->err);

	if (rc == LEAT_OK && t->meanwhile)
		t->meanwhile(graph);
	if (rc == LEAT_OK) {
		rc = leat_graph_wait(graph, LEAT_NEVER, &t->err);
		leat_graph_stats(graph, &t->stats);
		t->n_changes =
			leat_graph_changes(graph, 0, t->changes, TRIAL_CHANGES);
		ck_assert_int_eq(
			leat_stage_stats(graph, 1, &t->evil_stats), LEAT_OK);
		check_balance(graph, t, rc);
	}
	leat_graph_destroy(graph);
	return rc;
}

/* ---- what is left ------------------------------------------------------------ */

static uint32_t
n_entries(const char *folder)
{
	DIR *dir = opendir(folder);
	uint32_t n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

uint32_t
n_files(void)
{
	return n_entries("/proc/self/fd");
}

uint32_t
n_children(void)
{
	char path[64];
	uint32_t n = 0;
	FILE *file;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
		(int)getpid());
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	while (fscanf(file, "%d", &pid) == 1)
		n++;
	fclose(file);
	return n;
}
