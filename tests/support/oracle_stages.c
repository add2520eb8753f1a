/*
 * support/oracle_stages.c -- the stages of random graphs, over 8-byte items.
 *
 * Each draws how full its frames are, how many it emits in a call, and when it
 * waits, from a state of its own: the same whatever the schedule. Each checks
 * what the framework promises it: one callback at a time, frames as they
 * should be, stamps that do not go back.
 */
#include <string.h>

#include "run/region.h"
#include "support/oracle_trouble.h"

#define CALL_SHORT_NS   2000
#define CALL_LONG_NS    1000000
#define CALL_LONG_WAITS 4

struct state {
	struct oracle_node *node;
	uint64_t random;
	uint64_t n;          /* items that came in, or that were read */
	uint64_t last_stamp; /* of one in */
	uint32_t is_inside;  /* atomic: a callback is running */
	bool is_finished;
	bool is_in_hand; /* the frame was seen in a call before */
	uint32_t at;     /* item of the frame in hand */
	uint32_t result; /* of that item */
	struct leat_frame *frames[ORACLE_ENDS_MAX]; /* being filled, by out */
	uint32_t limits[ORACLE_ENDS_MAX];           /* items in them */
	uint32_t n_emitted[ORACLE_ENDS_MAX];        /* in this call */
	struct leat_frame *held[ORACLE_HOLDS_MAX + 1];
	uint32_t n_held;
	uint64_t sum; /* of a group of fold */
	uint64_t n_sum;
	uint64_t n_frames;
	uint32_t n_long;   /* waits */
	uint32_t n_struck; /* calls that failed with what is in hand */
};

static uint64_t *
frame_items(const struct leat_frame *frame)
{
	return (uint64_t *)(void *)frame->data;
}

static void
frame_set_n(struct leat_frame *frame, uint32_t n)
{
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = n;
	frame->len_bytes = n * 8;
}

/* ---- life -------------------------------------------------------------- */

static bool
node_fails(const struct oracle_node *node, enum oracle_fail where)
{
	return node->fail == where;
}

static int
stage_fail_now(struct leat_stage *st)
{
	return leat_stage_fail(
		st, LEAT_EIO, "'%s' fails on purpose", leat_stage_name(st));
}

static int
stage_init(struct leat_stage *st, const void *opts)
{
	struct state *s = leat_stage_state(st);
	const struct oracle_stage_opts *o = opts;

	s->node = o->node;
	s->random = s->node->seed;
	s->node->n_inits++;
	return node_fails(s->node, ORACLE_FAIL_INIT) ? stage_fail_now(st)
						     : LEAT_OK;
}

static int
stage_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	(void)in;
	if (out)
		out->item_bytes = 8;
	return LEAT_OK;
}

static void
deaf_wake(struct leat__waker *waker, void *hint)
{
	(void)waker;
	(void)hint;
}

/* All that can be promised has been promised: nobody promises anything. */
static void
run_mute(struct leat__run *run)
{
	for (uint32_t k = 0; k < run->n_tasks; k++)
		run->tasks[k].bound = UINT64_MAX;
	for (uint32_t k = 0; k < run->n_regions; k++)
		run->regions[k].bound = UINT64_MAX;
}

static int
stage_open(struct leat_stage *st)
{
	static struct leat__waker deaf = {deaf_wake};
	struct state *s = leat_stage_state(st);

	s->node->n_opens++;
	if (s->node->oracle->is_mute)
		run_mute(st->graph->run);
	if (s->node->defect == ORACLE_DEAFENS)
		st->ins[0]->chan.sender = &deaf;
	return node_fails(s->node, ORACLE_FAIL_OPEN) ? stage_fail_now(st)
						     : LEAT_OK;
}

static void
stage_fini(struct leat_stage *st)
{
	struct state *s = leat_stage_state(st);

	if (!s->node)
		return;
	for (uint32_t k = 0; k < ORACLE_ENDS_MAX; k++)
		leat_stage_release(st, s->frames[k]);
	for (uint32_t k = 0; k < s->n_held; k++)
		leat_stage_release(st, s->held[k]);
	s->node->n_finis++;
	s->node = NULL;
}

/* ---- around every call ------------------------------------------------- */

/* A blocking stage now and then waits for the outside world. */
static void
call_wait(struct leat_stage *st, struct state *s)
{
	bool is_slow = s->node->is_slow && s->n_long < CALL_LONG_WAITS;
	int64_t most_ns = is_slow ? CALL_LONG_NS : CALL_SHORT_NS;

	if (!s->node->is_waiting ||
		oracle_below(&s->random, is_slow ? 8 : 32) > 0)
		return;
	s->n_long += is_slow;
	(void)!leat_ctx_wait(leat_stage_ctx(st),
		leat_now_ns() + 1 +
			oracle_below(&s->random, (uint32_t)most_ns));
}

static void
call_begin(struct leat_stage *st, struct state *s)
{
	/* relaxed, so that it orders nothing that the framework has to */
	if (leat__load_relaxed(&s->is_inside))
		oracle_find(s->node->oracle, "%s runs twice at once",
			s->node->name);
	leat__store_relaxed(&s->is_inside, 1u);
	memset(s->n_emitted, 0, sizeof(s->n_emitted));
	call_wait(st, s);
}

static int
call_end(struct state *s, int rc)
{
	leat__store_relaxed(&s->is_inside, 0u);
	return rc;
}

static void
call_count(struct state *s, uint64_t n)
{
	struct oracle_node *node = s->node;
	struct oracle *o = node->oracle;

	s->n += n;
	if (node == &o->nodes[o->moment_node] && s->n >= o->moment_at)
		oracle_ring(o);
}

static void
call_check(struct state *s, const struct leat_frame *in)
{
	const struct oracle_node *node = s->node;

	if (in->layout != LEAT_LAYOUT_ITEMS || in->len_bytes != in->n_items * 8)
		oracle_find(node->oracle, "%s got %u items in %u bytes",
			node->name, in->n_items, in->len_bytes);
	if (node->order == ORACLE_SEQUENCE && in->stamp < s->last_stamp)
		oracle_find(
			node->oracle, "stamps go back before %s", node->name);
	if ((oracle_kinds[node->kind].ops->flags & LEAT_STAGE_IN_PLACE) &&
		!leat_frame_is_sole(in))
		oracle_find(
			node->oracle, "%s writes what others read", node->name);
	s->last_stamp = in->stamp;
}

/* Does this call fail, as calls do now and then? Nothing has changed then. */
static int
call_strike(struct leat_stage *st, struct state *s, uint64_t what)
{
	int code = trouble_strikes(s->node, what, s->n_struck);

	if (code == LEAT_OK) {
		s->n_struck = 0;
		return LEAT_OK;
	}
	s->n_struck++;
	trouble_note(s->node, code);
	return leat_stage_fail(
		st, code, "'%s' fails now and then", leat_stage_name(st));
}

static uint64_t
frame_mark(const struct leat_frame *frame)
{
	return frame->n_items ? frame_items(frame)[0] : frame->stamp;
}

/* The first sight of a frame. An error: it fails on purpose. */
static int
call_take(struct leat_stage *st, struct state *s, const struct leat_frame *in)
{
	if (s->is_in_hand)
		return LEAT_OK;
	call_check(s, in);
	if (node_fails(s->node, ORACLE_FAIL_WORK) &&
		s->n + in->n_items > s->node->fail_at)
		return stage_fail_now(st);
	LEAT_TRY(call_strike(st, s, frame_mark(in)));
	s->is_in_hand = true;
	s->n_frames++;
	call_count(s, in->n_items);
	return LEAT_OK;
}

/* process of all kinds: fn deals with a frame that was looked at. */
static int
call_process(struct leat_stage *st, struct leat_frame *in,
	int (*fn)(struct leat_stage *, struct state *, struct leat_frame *))
{
	struct state *s = leat_stage_state(st);
	int rc;

	call_begin(st, s);
	rc = call_take(st, s, in);
	if (rc == LEAT_OK)
		rc = fn(st, s, in);
	if (rc == LEAT_OK || rc == LEAT_EOS)
		s->is_in_hand = false;
	return call_end(s, rc);
}

static int
stage_finish(struct leat_stage *st)
{
	struct state *s = leat_stage_state(st);

	call_begin(st, s);
	leat__add_relaxed(&s->node->n_finishes, 1u);
	if (s->is_finished)
		oracle_find(
			s->node->oracle, "%s finishes twice", s->node->name);
	s->is_finished = true;
	if (node_fails(s->node, ORACLE_FAIL_FINISH))
		return call_end(s, stage_fail_now(st));
	if (s->node->kind == ORACLE_SINK)
		oracle_ring(s->node->oracle);
	return call_end(s, LEAT_OK);
}

/* ---- frames of one's own ----------------------------------------------- */

static uint32_t
put_limit(struct state *s)
{
	uint32_t most = s->node->per_frame;

	return s->node->is_bursty ? 1 + oracle_below(&s->random, most) : most;
}

static int
put_emit(struct leat_stage *st, struct state *s, uint32_t out)
{
	struct leat_frame *frame = s->frames[out];

	s->frames[out] = NULL;
	s->n_emitted[out]++;
	leat_stage_count(st,
		s->node->kind == ORACLE_SOURCE ? LEAT_COUNT_READ
					       : LEAT_COUNT_MADE,
		frame->n_items);
	return leat_stage_emit(st, out, frame);
}

static int
put_begin(struct leat_stage *st, struct state *s, uint32_t out)
{
	int rc;

	if (s->n_emitted[out] == s->node->max_out)
		return LEAT_MORE;
	rc = leat_stage_acquire(st, &s->frames[out]);
	if (rc == LEAT_OK)
		frame_set_n(s->frames[out], 0);
	s->limits[out] = put_limit(s);
	return rc;
}

/* LEAT_MORE: nothing more may be emitted in this call. */
static int
put(struct leat_stage *st, struct state *s, uint32_t out, uint64_t item)
{
	struct leat_frame *frame;

	if (!s->frames[out]) {
		int rc = put_begin(st, s, out);

		if (rc != LEAT_OK)
			return rc;
	}
	frame = s->frames[out];
	frame_items(frame)[frame->n_items] = item;
	frame_set_n(frame, frame->n_items + 1);
	return frame->n_items < s->limits[out] ? LEAT_OK : put_emit(st, s, out);
}

/* What is begun is not kept beyond the call. */
static int
put_rest(struct leat_stage *st, struct state *s)
{
	int rc = LEAT_OK;

	for (uint32_t k = 0; k < ORACLE_ENDS_MAX && rc == LEAT_OK; k++)
		if (s->frames[k])
			rc = put_emit(st, s, k);
	return rc;
}

/* ---- source ------------------------------------------------------------ */

static int
source_frame(struct leat_stage *st, struct state *s)
{
	uint32_t left = put_limit(s);
	int rc = LEAT_OK;

	while (rc == LEAT_OK && left-- > 0 && s->n < s->node->n) {
		rc = put(st, s, 0, oracle_source_item(s->node, s->n));
		call_count(s, rc == LEAT_OK);
	}
	return rc < 0 ? rc : put_rest(st, s);
}

static bool
source_fails(const struct state *s)
{
	return node_fails(s->node, ORACLE_FAIL_WORK) &&
		s->n + s->node->per_frame > s->node->fail_at &&
		s->node->fail_at < s->node->n;
}

static int
source_work(struct leat_stage *st, struct state *s)
{
	uint32_t n = 1 + oracle_below(&s->random, s->node->max_out);
	int rc = call_strike(st, s, s->n);

	if (s->node->is_bursty && oracle_below(&s->random, 4) == 0)
		n = 0;
	while (rc == LEAT_OK && n-- > 0 && s->n < s->node->n)
		rc = source_fails(s) ? stage_fail_now(st) : source_frame(st, s);
	s->node->n_read = s->n;
	if (rc < 0)
		return rc;
	/* the end is said with the last frame, or after it */
	return s->n == s->node->n && oracle_below(&s->random, 2) ? LEAT_EOS
								 : LEAT_OK;
}

static int
source_produce(struct leat_stage *st)
{
	struct state *s = leat_stage_state(st);

	call_begin(st, s);
	return call_end(s, source_work(st, s));
}

#define LIFE                                                                   \
	.state_bytes = sizeof(struct state),                                   \
	.opts_bytes = sizeof(struct oracle_stage_opts), .init = stage_init,    \
	.negotiate = stage_negotiate, .open = stage_open, .fini = stage_fini
#define ITEMS .in_layouts = LEAT_LAYOUT_ITEMS, .item_bytes = 8, LIFE
#define MAKES .out_layout = LEAT_LAYOUT_ITEMS

const struct leat_stage_ops oracle_source_ops = {LEAT_STAGE_OPS_INIT("source"),
	LIFE, MAKES, .produce = source_produce, .finish = stage_finish};

/* ---- map, and what tests of the oracle let it do wrong ----------------- */

static void
defect_lose(struct leat_stage *st, struct state *s, struct leat_frame *in)
{
	frame_set_n(in, in->n_items - 1);
	if (s->node->defect == ORACLE_LOSES)
		leat_stage_count(st, LEAT_COUNT_FILTERED, 1);
}

/* In its fifth frame. */
static void
map_defect(struct leat_stage *st, struct state *s, struct leat_frame *in)
{
	uint64_t *items = frame_items(in);
	uint64_t first = items[0];

	if (s->n_frames != 5)
		return;
	switch (s->node->defect) {
	case ORACLE_LOSES:
	case ORACLE_FORGETS:
		defect_lose(st, s, in);
		break;
	case ORACLE_SWAPS:
		items[0] = items[1];
		items[1] = first;
		break;
	case ORACLE_DOUBLES:
		items[1] = first;
		break;
	case ORACLE_KEEPS:
		leat_frame_retain(in);
		s->node->oracle->kept = in;
		break;
	default:
		break;
	}
}

static int
map_work(struct leat_stage *st, struct state *s, struct leat_frame *in)
{
	uint64_t *items = frame_items(in);

	for (uint32_t k = 0; k < in->n_items; k++)
		items[k] = oracle_mapped(s->node, items[k]);
	if (s->node->defect)
		map_defect(st, s, in);
	return leat_stage_emit(st, 0, in);
}

static int
map_process(struct leat_stage *st, struct leat_frame *in)
{
	return call_process(st, in, map_work);
}

static void
map_item(void *item, void *state)
{
	const struct state *s = state;
	uint64_t *at = item;

	*at = oracle_mapped(s->node, *at);
}

const struct leat_stage_ops oracle_map_ops = {LEAT_STAGE_OPS_INIT("map"), ITEMS,
	.flags = LEAT_STAGE_IN_PLACE, .process = map_process,
	.finish = stage_finish};

const struct leat_stage_ops oracle_map_item_ops = {
	LEAT_STAGE_OPS_INIT("map-item"), ITEMS, .map_item = map_item,
	.finish = stage_finish};

/* ---- keep -------------------------------------------------------------- */

static int
keep_work(struct leat_stage *st, struct state *s, struct leat_frame *in)
{
	uint64_t *items = frame_items(in);
	uint32_t n = 0;

	for (uint32_t k = 0; k < in->n_items; k++)
		if (oracle_keeps(s->node, items[k]))
			items[n++] = items[k];
	leat_stage_count(st, LEAT_COUNT_FILTERED, in->n_items - n);
	frame_set_n(in, n);
	/* an empty frame may go on, or not */
	if (n || oracle_below(&s->random, 4) == 0)
		return leat_stage_emit(st, 0, in);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
keep_process(struct leat_stage *st, struct leat_frame *in)
{
	return call_process(st, in, keep_work);
}

static bool
keep_item(const void *item, void *state)
{
	const struct state *s = state;

	return oracle_keeps(s->node, *(const uint64_t *)item);
}

const struct leat_stage_ops oracle_keep_ops = {LEAT_STAGE_OPS_INIT("keep"),
	ITEMS, .flags = LEAT_STAGE_IN_PLACE, .process = keep_process,
	.finish = stage_finish};

const struct leat_stage_ops oracle_keep_item_ops = {
	LEAT_STAGE_OPS_INIT("keep-item"), ITEMS, .keep_item = keep_item,
	.finish = stage_finish};

/* ---- expand, route, copy: results of an item, each to an out ----------- */

static int
spread_item(struct leat_stage *st, struct state *s, uint64_t item)
{
	uint32_t n = oracle_n_results(s->node, item);
	int rc = LEAT_OK;

	while (rc == LEAT_OK && s->result < n) {
		uint32_t out;
		uint64_t result = oracle_result(s->node, item, s->result, &out);

		rc = put(st, s, out, result);
		s->result += rc == LEAT_OK;
	}
	if (rc == LEAT_OK) {
		leat_stage_count(st, LEAT_COUNT_FOLDED, 1);
		s->result = 0;
		s->at++;
	}
	return rc;
}

static int
spread_work(struct leat_stage *st, struct state *s, struct leat_frame *in)
{
	int rc = LEAT_OK;

	while (rc == LEAT_OK && s->at < in->n_items)
		rc = spread_item(st, s, frame_items(in)[s->at]);
	if (rc >= 0 && put_rest(st, s) < 0)
		return LEAT_EBUG;
	if (rc != LEAT_OK)
		return rc;
	s->at = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
spread_process(struct leat_stage *st, struct leat_frame *in)
{
	return call_process(st, in, spread_work);
}

const struct leat_stage_ops oracle_spread_ops = {LEAT_STAGE_OPS_INIT("spread"),
	ITEMS, MAKES, .process = spread_process, .finish = stage_finish};

/* ---- fold: results wait for company until a flush ---------------------- */

static int
fold_item(struct leat_stage *st, struct state *s, uint64_t item)
{
	uint64_t sum = oracle_folded(s->node, s->sum, item);

	if (s->n_sum + 1 == s->node->n) {
		int rc = put(st, s, 0, sum);

		if (rc != LEAT_OK)
			return rc;
		s->sum = s->n_sum = 0;
	} else {
		s->sum = sum;
		s->n_sum++;
	}
	leat_stage_count(st, LEAT_COUNT_FOLDED, 1);
	s->at++;
	return LEAT_OK;
}

static int
fold_work(struct leat_stage *st, struct state *s, struct leat_frame *in)
{
	int rc = LEAT_OK;

	while (rc == LEAT_OK && s->at < in->n_items)
		rc = fold_item(st, s, frame_items(in)[s->at]);
	if (rc != LEAT_OK)
		return rc;
	s->at = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
fold_process(struct leat_stage *st, struct leat_frame *in)
{
	return call_process(st, in, fold_work);
}

static int
fold_flush(struct leat_stage *st)
{
	struct state *s = leat_stage_state(st);

	call_begin(st, s);
	return call_end(s, put_rest(st, s));
}

static int
fold_finish(struct leat_stage *st)
{
	struct state *s = leat_stage_state(st);
	int rc = stage_finish(st);

	if (rc < 0 || (!s->n_sum && s->node->n))
		return rc;
	rc = put(st, s, 0, s->sum);
	return rc < 0 ? rc : put_rest(st, s);
}

const struct leat_stage_ops oracle_fold_ops = {LEAT_STAGE_OPS_INIT("fold"),
	ITEMS, MAKES, .needs = {.holds = 1}, .process = fold_process,
	.flush = fold_flush, .finish = fold_finish};

/* ---- hold -------------------------------------------------------------- */

static int
hold_emit(struct leat_stage *st, struct state *s)
{
	struct leat_frame *oldest = s->held[0];

	s->n_held--;
	memmove(&s->held[0], &s->held[1], s->n_held * sizeof(s->held[0]));
	return leat_stage_emit(st, 0, oldest);
}

static int
hold_work(struct leat_stage *st, struct state *s, struct leat_frame *in)
{
	s->held[s->n_held++] = in;
	return s->n_held > s->node->n ? hold_emit(st, s) : LEAT_OK;
}

static int
hold_process(struct leat_stage *st, struct leat_frame *in)
{
	return call_process(st, in, hold_work);
}

/* Some keep what they hold until the end. */
static int
hold_flush(struct leat_stage *st)
{
	struct state *s = leat_stage_state(st);
	bool is_lazy = s->node->seed & 2;
	int rc = LEAT_OK;

	call_begin(st, s);
	if (s->n_held && !is_lazy)
		rc = hold_emit(st, s);
	return call_end(
		s, rc == LEAT_OK && s->n_held && !is_lazy ? LEAT_MORE : rc);
}

static int
hold_finish(struct leat_stage *st)
{
	struct state *s = leat_stage_state(st);
	int rc = LEAT_OK;

	call_begin(st, s);
	if (s->n_held)
		rc = hold_emit(st, s);
	call_end(s, rc);
	if (rc == LEAT_OK && s->n_held)
		return LEAT_MORE;
	return rc < 0 ? rc : stage_finish(st);
}

const struct leat_stage_ops oracle_hold_ops = {LEAT_STAGE_OPS_INIT("hold"),
	ITEMS, .process = hold_process, .flush = hold_flush,
	.finish = hold_finish};

/* ---- reject ------------------------------------------------------------- */

static int
reject_item(struct leat_stage *st, uint64_t item)
{
	struct leat_reject reject = {.reason = "it is not kept",
		.data = &item,
		.n_bytes = sizeof(item)};

	return leat_stage_reject(st, LEAT_EDATA, &reject);
}

static int
reject_work(struct leat_stage *st, struct state *s, struct leat_frame *in)
{
	uint64_t *items = frame_items(in);
	uint32_t n = 0;

	for (uint32_t k = 0; k < in->n_items; k++) {
		if (oracle_keeps(s->node, items[k]))
			items[n++] = items[k];
		else
			LEAT_TRY(reject_item(st, items[k]));
	}
	frame_set_n(in, n);
	return leat_stage_emit(st, 0, in);
}

static int
reject_process(struct leat_stage *st, struct leat_frame *in)
{
	return call_process(st, in, reject_work);
}

const struct leat_stage_ops oracle_reject_ops = {LEAT_STAGE_OPS_INIT("reject"),
	ITEMS, .flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_REJECTS,
	.process = reject_process, .finish = stage_finish};

/* ---- head -------------------------------------------------------------- */

static uint32_t
head_share(const struct state *s, const struct leat_frame *in)
{
	uint64_t n_before = s->n - in->n_items;

	return (uint32_t)leat__min_u64(
		in->n_items, s->node->n > n_before ? s->node->n - n_before : 0);
}

static int
head_work(struct leat_stage *st, struct state *s, struct leat_frame *in)
{
	uint32_t n = head_share(s, in);
	int rc = LEAT_OK;

	leat_stage_count(st, LEAT_COUNT_FILTERED, in->n_items - n);
	frame_set_n(in, n);
	if (n)
		rc = leat_stage_emit(st, 0, in);
	else
		leat_stage_release(st, in);
	return rc == LEAT_OK && s->n >= s->node->n ? LEAT_EOS : rc;
}

static int
head_process(struct leat_stage *st, struct leat_frame *in)
{
	return call_process(st, in, head_work);
}

const struct leat_stage_ops oracle_head_ops = {LEAT_STAGE_OPS_INIT("head"),
	ITEMS, .flags = LEAT_STAGE_IN_PLACE, .process = head_process,
	.finish = stage_finish};

/* ---- union ------------------------------------------------------------- */

static int
union_work(struct leat_stage *st, struct state *s, struct leat_frame *in)
{
	(void)s;
	return leat_stage_emit(st, 0, in);
}

static int
union_process(struct leat_stage *st, struct leat_frame *in)
{
	return call_process(st, in, union_work);
}

const struct leat_stage_ops oracle_union_ops = {LEAT_STAGE_OPS_INIT("union"),
	ITEMS, .n_ins = 2, .process = union_process, .finish = stage_finish};

/* ---- sink -------------------------------------------------------------- */

static int
sink_work(struct leat_stage *st, struct state *s, struct leat_frame *in)
{
	struct oracle_node *node = s->node;
	uint32_t n = node->n ? head_share(s, in) : in->n_items;

	for (uint32_t k = 0; k < n; k++)
		oracle_list_push(&node->seen, frame_items(in)[k]);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, n);
	leat_stage_count(st, LEAT_COUNT_FILTERED, in->n_items - n);
	leat_stage_release(st, in);
	return node->n && s->n >= node->n ? LEAT_EOS : LEAT_OK;
}

static int
sink_process(struct leat_stage *st, struct leat_frame *in)
{
	return call_process(st, in, sink_work);
}

const struct leat_stage_ops oracle_sink_ops = {LEAT_STAGE_OPS_INIT("sink"),
	ITEMS, .flags = LEAT_STAGE_SINK, .process = sink_process,
	.finish = stage_finish};
