/*
 * sim/scenario_span.c -- a stage in a process of its own: the parent is the
 * real one, the child a player that speaks to it over the same page, and dies,
 * lies or hangs between any two steps.
 *
 * Each number arrives once or is rejected once, in order, whatever the child
 * does; nobody sleeps while there is something for it to do; all slots and
 * files come back.
 */
#include <signal.h>
#include <string.h>

#include <leat/leat.h>

#include "scenario.h"
#include "span/span.h"
#include "support/numbers.h"

#define NUMBERS   16u
#define PER_FRAME 2u
#define FRAMES    (NUMBERS / PER_FRAME)
#define PER_MILLE 20u /* of the schedules: whole graphs */

enum deed {
	DEED_NONE = 0,
	DEED_LEAVE, /* exits */
	DEED_CRASH,
	DEED_HANG,
	DEED_LIE,
	DEED_GO_ON /* says that there is more to a call than there is */
};

/* ---- the play ----------------------------------------------------------- */

struct part {
	bool is_maker;
	bool is_slow; /* by some microseconds, now and then */
	uint32_t window;
	enum deed deed;  /* of the first children */
	uint32_t n_bad;  /* so many */
	uint32_t n_shot; /* killed from outside */
};

struct play {
	struct part part;
	uint32_t n_children;
	int64_t open_pid; /* atomic: of the child that is called */
	struct leat__span_page *page;
	struct leat_graph *graph;
	struct sink_seen seen;
};

static struct play play;

static int
glass_process(struct leat_stage *st, struct leat_frame *in)
{
	(void)st;
	(void)in;
	SIM_CHECK(!"it is not called here");
	return LEAT_EBUG;
}

static const struct leat_stage_ops glass_ops = {
	LEAT_STAGE_OPS_INIT("glass"),
	.flags = LEAT_STAGE_STATELESS,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8,
	.process = glass_process,
};

static const struct leat_stage_ops maker_ops = {
	LEAT_STAGE_OPS_INIT("maker"),
	.flags = LEAT_STAGE_STATELESS,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.out_layout = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8,
	.needs = {.frame_bytes = 64},
	.process = glass_process,
};

/* ---- the child ---------------------------------------------------------- */

struct player {
	struct leat__span *span;
	struct leat__span_map *map;
	struct leat__span_side side;
	uint32_t n_calls;
	uint32_t deed_at; /* the call; 0 = none */
};

static void
player_pass(const struct leat__span_ask *ask, struct leat__span_emit *emit)
{
	*emit = (struct leat__span_emit){
		.of = 0, .base = LEAT__SPAN_NONE, .frame = ask->frames[0]};
	emit->frame.is_sole = 0;
}

static void
player_make(struct player *p, const struct leat__span_ask *ask,
	struct leat__span_emit *emit)
{
	struct leat_pool *pool = p->span->st->graph->run->pool;
	struct leat__span_fresh fresh;
	const uint8_t *from;

	while (!leat__span_stock(p->map, &p->side, &fresh))
		leat__span_await_stock(p->map, &p->side);
	from = leat_frame_start(leat__pool_frame(pool, ask->frames[0].slot)) +
		ask->frames[0].data_at;
	memcpy(leat_frame_start(leat__pool_frame(pool, fresh.slot)), from,
		ask->frames[0].len_bytes);
	*emit = (struct leat__span_emit){.of = LEAT__SPAN_FRESH + fresh.index,
		.base = LEAT__SPAN_NONE,
		.frame = {.slot = fresh.slot,
			.len_bytes = ask->frames[0].len_bytes,
			.n_items = ask->frames[0].n_items,
			.layout = LEAT_LAYOUT_ITEMS}};
}

/* Something of an answer, or how many there are, is not so. */
static void
player_lie(struct player *p, struct leat__span_answer *answer,
	struct leat__span_emit *emits)
{
	switch (sim_draw(6)) {
	case 0:
		answer->number += 1 + sim_draw(2);
		break;
	case 1:
		answer->n_emits = sim_draw(2) ? 0 : UINT32_MAX;
		break;
	case 2:
		answer->kind = LEAT__SPAN_FLUSH;
		break;
	case 3:
		/* with another of its stock it would be a wrong value */
		emits->of = sim_draw(2)
			? 1 + sim_draw(200)
			: LEAT__SPAN_FRESH + p->span->n_stock + sim_draw(9);
		break;
	case 4:
		answer->counts[LEAT_COUNT_FILTERED] = 1 + sim_draw(2);
		break;
	default:
		p->side.n_answered += 1 + sim_draw(100);
	}
}

static void
player_say(struct player *p, struct leat__span_answer *answer,
	struct leat__span_emit *emits)
{
	if (play.part.deed == DEED_LIE)
		player_lie(p, answer, emits);
	else if (play.part.deed == DEED_GO_ON)
		answer->rc = LEAT_MORE;
}

static void
player_answer(struct player *p, const struct leat__span_ask *ask)
{
	struct leat__span_answer *answer;
	struct leat__span_emit *emits, emit;
	bool is_call = ask->kind == LEAT__SPAN_CALL;

	if (is_call && p->span->n_stock)
		player_make(p, ask, &emit);
	else if (is_call)
		player_pass(ask, &emit);
	answer = leat__span_answer_begin(p->map, &p->side, &emits);
	answer->number = ask->number;
	answer->kind = ask->kind;
	if (is_call) {
		emits[0] = emit;
		answer->n_emits = 1;
	}
	if (is_call && p->n_calls == p->deed_at)
		player_say(p, answer, emits);
	leat__span_answer_end(p->map, &p->side);
}

static void
player_hang(void)
{
	static uint32_t word;

	word = 0;
	for (;;)
		sim_env()->park(sim_env(), &word, 0, LEAT_NEVER);
}

/* Whoever waits for it has time to lie down. */
static void
player_dawdle(void)
{
	if (play.part.is_slow && sim_draw(2))
		sim_sleep_until(leat_now_ns() + 1000 + sim_draw(40000));
}

/* 0: on with the play. */
static int
player_misbehave(const struct player *p)
{
	if (!p->n_calls || p->n_calls != p->deed_at)
		return 0;
	if (play.part.deed == DEED_HANG)
		player_hang();
	return play.part.deed == DEED_LEAVE    ? 3
		: play.part.deed == DEED_CRASH ? -SIGSEGV
					       : 0;
}

static bool
is_asked(void *user)
{
	const struct play *p = user;

	return p->page->n_asked != p->page->n_begun;
}

static bool
is_answered(void *user)
{
	const struct leat__span_page *page = ((const struct play *)user)->page;

	return page->armed && page->n_answered >= page->n_wanted;
}

static void
player_watch(struct player *p)
{
	if (play.n_children++)
		return;
	play.page = p->map->page;
	sim_watch(&p->map->page->bell, is_asked, &play);
	if (play.part.deed < DEED_LIE)
		sim_watch(NULL, is_answered, &play);
}

static int
player_main(void *arg)
{
	struct leat__span *span = arg;
	struct player p = {.span = span, .map = &span->map};
	int64_t pid = sim_last_pid();
	int status = 0;

	if (play.n_children < play.part.n_bad)
		p.deed_at = 1 + sim_draw(FRAMES);
	player_watch(&p);
	while (!status) {
		const struct leat__span_ask *ask =
			leat__span_next(p.map, &p.side);

		if (ask->kind == LEAT__SPAN_END)
			return 0;
		if (ask->kind == LEAT__SPAN_CALL) {
			p.n_calls++;
			leat__store_relaxed(&play.open_pid, pid);
		}
		player_dawdle();
		status = player_misbehave(&p);
		if (!status)
			player_answer(&p, ask);
	}
	return status;
}

/* ---- from outside ------------------------------------------------------- */

/* Only of one that has been opened: the first cannot be begun again. */
static void
shoot(void *arg)
{
	int64_t last = 0;

	(void)arg;
	for (uint32_t k = 0; k < play.part.n_shot; k++) {
		for (uint32_t n = sim_draw(60); n; n--)
			sim_env()->yield(sim_env());
		if (leat__load_relaxed(&play.open_pid) == last)
			continue;
		last = leat__load_relaxed(&play.open_pid);
		sim_kill(last);
	}
}

/* ---- numbers ! @isolate stage ! sink ------------------------------------ */

static void
play_build(const struct part *part)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1, .capacity_frames = 4};
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts),
		.n = NUMBERS, .per_frame = PER_FRAME};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &play.seen};
	struct leat_isolate_opts isolate = {LEAT_OPTS_INIT(leat_isolate_opts),
		.window = part->window, .hang_ns = 1000000000,
		.on_poison = 1 + LEAT_ON_ERROR_SKIP};
	struct leat_hook_step hook = {&leat_isolate_ops, &isolate};
	struct leat_step steps[3] = {{&numbers_ops, &numbers},
		{part->is_maker ? &maker_ops : &glass_ops, NULL},
		{&sink_ops, &sink}};
	struct leat_stage *st[3];

	SIM_CHECK(leat_graph_create(&opts, &play.graph, NULL) == LEAT_OK);
	for (uint32_t k = 0; k < 3; k++)
		SIM_CHECK(leat_graph_add(play.graph, NULL, &steps[k], &st[k],
				  NULL) == LEAT_OK);
	for (uint32_t k = 0; k < 2; k++)
		SIM_CHECK(
			leat_graph_link(play.graph, leat_out(st[k], 0),
				leat_in(st[k + 1], 0), NULL, NULL) == LEAT_OK);
	SIM_CHECK(leat_stage_set_hooks(st[1], &hook, 1, NULL) == LEAT_OK);
}

/* Of a child that only dies no more is lost than what was in hand twice. */
static void
play_check(void)
{
	struct leat_graph_stats stats;

	leat_graph_stats(play.graph, &stats);
	SIM_CHECK(stats.is_balanced && stats.unfinished == 0);
	SIM_CHECK(play.seen.n + stats.failed == NUMBERS);
	SIM_CHECK(play.seen.n_back == 0);
	SIM_CHECK(stats.failed || play.seen.sum == NUMBERS * (NUMBERS + 1) / 2);
	SIM_CHECK(stats.failed == 0 || play.n_children > 2);
}

static void
span_play(void *user)
{
	const struct part *part = user;
	struct sim_thread *shooter = NULL;

	memset(&play, 0, sizeof(play));
	play.part = *part;
	sim_play_child(player_main);
	sim_keep_time();
	play_build(part);
	if (part->n_shot)
		shooter = sim_go("shooter", shoot, NULL);
	SIM_CHECK(leat_graph_run(play.graph, NULL) == LEAT_OK);
	if (shooter)
		sim_join(shooter);
	play_check();
	leat_graph_destroy(play.graph);
}

/* Time goes on at will: whoever is slow is taken for one that hangs. */
static void
span_slow(void *user)
{
	const struct part *part = user;
	struct leat_error err = {0};
	int rc;

	memset(&play, 0, sizeof(play));
	play.part = *part;
	sim_play_child(player_main);
	play_build(part);
	rc = leat_graph_run(play.graph, &err);
	/* nobody is slow twice in a row at its birth for no reason */
	if (rc == LEAT_OK)
		play_check();
	else
		SIM_CHECK(rc == LEAT_EBUG || rc == LEAT_ELIMIT);
	leat_graph_destroy(play.graph);
}

/* Cancelled at any moment, with frames on both sides. */
static void
span_cancel(void *user)
{
	const struct part *part = user;

	memset(&play, 0, sizeof(play));
	play.part = *part;
	sim_play_child(player_main);
	sim_keep_time();
	play_build(part);
	SIM_CHECK(leat_graph_start(play.graph, NULL) == LEAT_OK);
	for (uint32_t n = sim_draw(200); n; n--)
		sim_env()->yield(sim_env());
	leat_graph_cancel(play.graph);
	(void)!leat_graph_wait(play.graph, LEAT_NEVER, NULL);
	SIM_CHECK(play.seen.n_back == 0 && play.seen.n <= NUMBERS);
	leat_graph_destroy(play.graph);
}

/* ---- the page alone ------------------------------------------------------- */

#define BELLS      3u
#define BELL_STEPS 60u /* before it is rung for, at most */

struct bell {
	struct leat__span_map map;
	struct leat__span_parent parent;
};

static void
bell_child(void *arg)
{
	struct leat__span_map *map = &((struct bell *)arg)->map;
	struct leat__span_side side = {0};

	for (uint64_t n = 1; n <= BELLS; n++) {
		uint64_t number = leat__span_next(map, &side)->number;
		struct leat__span_emit *emits;

		SIM_CHECK(number == n);
		leat__span_answer_begin(map, &side, &emits)->number = number;
		leat__span_answer_end(map, &side);
	}
}

/* As the parent does it, without what else may end a wait. */
static void
bell_await(struct bell *bell)
{
	const struct leat__env *env = sim_env();
	struct leat__poll poll = {
		.fd = bell->map.event_fd, .want = LEAT__POLL_READ};

	while (!leat__span_has_answers(&bell->map, &bell->parent, 1)) {
		leat__span_parent_arm(&bell->map, &bell->parent, 1);
		if (!leat__span_has_answers(&bell->map, &bell->parent, 1))
			SIM_CHECK(env->poll(env, &poll, 1, LEAT_NEVER) == 1);
		if (poll.got)
			leat__span_parent_heard(&bell->map);
	}
	leat__span_parent_disarm(&bell->map);
}

/* Whatever it is doing when it is rung for, it hears that: it looks often, says
 * that it waits, and sleeps. */
static void
span_bell(void *user)
{
	struct bell bell = {.map = {.window = 2,
				    .n_stock = 2,
				    .n_emits_max = 1,
				    .letter_bytes = 64}};
	struct leat__span_answer answer;
	struct leat__span_emit emits[1];
	struct sim_thread *child;
	const char *why;

	(void)user;
	SIM_CHECK(leat__span_map_init(&bell.map, sim_env()) == 0);
	leat__span_map_reset(&bell.map);
	child = sim_go("child", bell_child, &bell);
	for (uint64_t n = 1; n <= BELLS; n++) {
		struct leat__span_ask *ask;

		for (uint32_t k = sim_draw(BELL_STEPS); k; k--)
			sim_env()->yield(sim_env());
		ask = leat__span_ask_begin(&bell.map, &bell.parent);
		ask->number = n;
		ask->kind = LEAT__SPAN_CALL;
		leat__span_ask_end(&bell.map, &bell.parent);
		leat__span_ring(&bell.map, &bell.parent);
		bell_await(&bell);
		SIM_CHECK(leat__span_answer_take(&bell.map, &bell.parent,
				  &answer, emits, &why) == 1);
		SIM_CHECK(answer.number == n);
	}
	sim_join(child);
	leat__span_map_fini(&bell.map);
}

static struct part plain = {0}, plain_two = {.is_slow = true, .window = 4},
		   makes = {.is_maker = true, .is_slow = true, .window = 3},
		   shot = {.is_slow = true, .window = 3, .n_shot = 3},
		   shot_maker = {.is_maker = true, .window = 2, .n_shot = 3},
		   leaves = {.window = 2, .deed = DEED_LEAVE, .n_bad = 3},
		   crashes = {.is_maker = true,
			   .window = 2,
			   .deed = DEED_CRASH,
			   .n_bad = 3},
		   hangs = {.window = 2, .deed = DEED_HANG, .n_bad = 2},
		   lies = {.window = 2, .deed = DEED_LIE, .n_bad = 2},
		   lies_maker = {.is_maker = true,
			   .window = 2,
			   .deed = DEED_LIE,
			   .n_bad = 2},
		   goes_on = {.window = 2, .deed = DEED_GO_ON, .n_bad = 1};

const struct sim_scenario scenarios_span[] = {
	{.name = "span_pass",
		.idea = "a child passes on what it is asked",
		.run = span_play,
		.user = &plain,
		.runs_per_mille = PER_MILLE},
	{.name = "span_bell",
		.idea = "a child that sleeps is rung for",
		.run = span_bell},
	{.name = "span_window",
		.idea = "asks wait for answers",
		.run = span_play,
		.user = &plain_two,
		.runs_per_mille = PER_MILLE},
	{.name = "span_make",
		.idea = "a child fills what it is lent",
		.run = span_play,
		.user = &makes,
		.runs_per_mille = PER_MILLE},
	{.name = "span_shot",
		.idea = "a child is killed at any step",
		.run = span_play,
		.user = &shot,
		.runs_per_mille = PER_MILLE},
	{.name = "span_shot_maker",
		.idea = "so is one that fills frames",
		.run = span_play,
		.user = &shot_maker,
		.runs_per_mille = PER_MILLE},
	{.name = "span_leave",
		.idea = "children exit with a frame in hand",
		.run = span_play,
		.user = &leaves,
		.runs_per_mille = PER_MILLE},
	{.name = "span_crash",
		.idea = "or crash",
		.run = span_play,
		.user = &crashes,
		.runs_per_mille = PER_MILLE},
	{.name = "span_hang",
		.idea = "or answer nothing",
		.run = span_play,
		.user = &hangs,
		.runs_per_mille = PER_MILLE},
	{.name = "span_lie",
		.idea = "or answer what cannot be",
		.run = span_play,
		.user = &lies,
		.runs_per_mille = PER_MILLE},
	{.name = "span_lie_maker",
		.idea = "so do those that fill frames",
		.run = span_play,
		.user = &lies_maker,
		.runs_per_mille = PER_MILLE},
	{.name = "span_go_on",
		.idea = "or more than there is",
		.run = span_play,
		.user = &goes_on,
		.runs_per_mille = PER_MILLE},
	{.name = "span_slow",
		.idea = "slow children, by any clock",
		.run = span_slow,
		.user = &plain_two,
		.runs_per_mille = PER_MILLE},
	{.name = "span_cancel",
		.idea = "a cancel with frames at the child",
		.run = span_cancel,
		.user = &plain_two,
		.runs_per_mille = PER_MILLE},
	{0},
};
