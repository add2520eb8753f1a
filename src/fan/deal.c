/*
 * fan/deal.c -- the records of a frame, each to the branch of its key.
 *
 * Keeps: records of one key go to one branch, in their order, as long as the
 * branches are the same; what is emitted for a frame has its stamp, and nothing
 * is before all of it has credit. Of tables only a selection is made: text and
 * fields stay where they are, tied as base. A frame of one branch passes as it
 * is. Records without a key go where most room is; on branches of an ordered
 * merge with those that the frame has most of, so that no schedule shows.
 * Threads: the one that steps the stage's task.
 */
#include <string.h>

#include "fan/deal.h"
#include "graph/graph.h"

#define DEAL_NOTED_MAX   65536u /* records; of more, keys are read twice */
#define DEAL_NULL        UINT16_MAX
#define DEAL_ALLOC_BYTES 64u /* an allocator rounds up, each time */
#define DEAL_WEIGHT_MAX  (LEAT__FAN_RING_POINTS_MAX / LEAT__FAN_RING_POINTS)

/* ---- where a key goes ---------------------------------------------------- */

__extension__ typedef unsigned __int128 deal_product;

/* The out whose range a hash is in, by the weights of those that are active. */
static uint32_t
deal_range(const struct leat__fan_deal *deal, uint64_t hash)
{
	uint64_t sum = deal->ranges[deal->n_active - 1];
	uint64_t place = (uint64_t)((deal_product)hash * sum >> 64);
	uint32_t low = 0, high = deal->n_active - 1;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (deal->ranges[middle] > place)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static uint32_t
deal_out(const struct leat__fan_deal *deal, uint64_t hash)
{
	if (deal->ranges)
		return deal_range(deal, hash);
	return deal->n_active == deal->n_outs
		? leat__fan_hash_ring_lookup(&deal->ring, hash)
		: leat__fan_hash_ring_lookup_among(
			  &deal->ring, hash, deal->n_active);
}

static int
deal_find(struct leat_stage *st, struct leat__fan_deal *deal, uint32_t k,
	uint16_t *out)
{
	struct leat__fan_key key;

	LEAT_TRY(leat__fan_keys_get(st, &deal->keys, k, &key));
	*out = key.is_null ? DEAL_NULL : (uint16_t)deal_out(deal, key.hash);
	return LEAT_OK;
}

/* Of a record that was looked at before. */
static uint32_t
deal_noted(struct leat_stage *st, struct leat__fan_deal *deal, uint32_t k)
{
	uint16_t out = DEAL_NULL;

	if (k < DEAL_NOTED_MAX)
		out = deal->outs[k];
	else
		LEAT_INVARIANT(deal_find(st, deal, k, &out) == LEAT_OK);
	return out == DEAL_NULL ? deal->null_out : out;
}

/* ---- looking at a frame --------------------------------------------------- */

static int
deal_look(struct leat_stage *st, struct leat__fan_deal *deal,
	struct leat_frame *in, uint32_t n_active)
{
	deal->n_active = n_active;
	deal->n_null = 0;
	for (uint32_t k = 0; k < deal->n_outs; k++)
		deal->shares[k].n = 0;
	LEAT_TRY(leat__fan_keys_open(st, &deal->keys, in));
	for (uint32_t k = 0; k < in->n_items; k++) {
		uint16_t out;

		LEAT_TRY(deal_find(st, deal, k, &out));
		if (k < DEAL_NOTED_MAX)
			deal->outs[k] = out;
		if (out == DEAL_NULL)
			deal->n_null++;
		else
			deal->shares[out].n++;
	}
	deal->is_dealt = true;
	return LEAT_OK;
}

/* Asks for all, so that all that lack credit are waited for. */
static bool
deal_has_credit(struct leat_stage *st, const struct leat__fan_deal *deal)
{
	uint32_t n_short = 0;

	for (uint32_t k = 0; k < deal->n_active; k++)
		n_short += deal->shares[k].n && !leat_stage_credit(st, k);
	return n_short == 0;
}

/* ---- records without a key ------------------------------------------------ */

/* The out with most records of this frame; n_outs = none has any. */
static uint32_t
deal_largest(const struct leat__fan_deal *deal)
{
	uint32_t best = deal->n_outs, most = 0;

	for (uint32_t k = 0; k < deal->n_active; k++) {
		if (deal->shares[k].n <= most)
			continue;
		best = k;
		most = deal->shares[k].n;
	}
	return best;
}

/* The out with most room; one that has closed if none is left; n_outs = none
 * has room now. */
static uint32_t
deal_freest(struct leat_stage *st, struct leat__fan_deal *deal)
{
	uint32_t best = deal->n_outs, most = 0, n_closed = 0;

	for (uint32_t k = 0; k < deal->n_active; k++) {
		uint32_t out = (deal->at + k) % deal->n_active;
		uint32_t credit = leat_stage_credit(st, out);

		n_closed += credit == LEAT_CREDIT_CLOSED;
		if (credit == LEAT_CREDIT_CLOSED || credit <= most)
			continue;
		best = out;
		most = credit;
	}
	return n_closed == deal->n_active ? 0 : best;
}

/* false: there is no room for them. */
static bool
deal_place_nulls(struct leat_stage *st, struct leat__fan_deal *deal)
{
	uint32_t out = deal->n_outs;

	if (!deal->n_null)
		return true;
	if (st->is_restamping)
		out = deal_largest(deal);
	if (out == deal->n_outs)
		out = deal_freest(st, deal);
	if (out == deal->n_outs)
		return false;
	deal->at = out + 1;
	deal->shares[out].n += deal->n_null;
	deal->null_out = out;
	return true;
}

/* ---- frames of the branches ------------------------------------------------ */

/* A fresh frame for a share, ready to be filled. */
static int
share_begin(struct leat__fan_deal *deal, struct leat__fan_share *share,
	struct leat_frame *in)
{
	struct leat_frame *frame = share->frame;
	struct leat_frame *base = leat_frame_base(in);
	struct leat_row *rows;
	struct leat_table t;

	frame->layout = in->layout;
	frame->flags = in->flags;
	frame->source_offset = in->source_offset;
	share->to = frame->data;
	if (deal->layout == LEAT_LAYOUT_TABLE) {
		LEAT_TRY(leat_table_begin_view(frame, in, &t));
		share->to = leat_table_selection(&t);
	} else if (deal->layout == LEAT_LAYOUT_ROWS) {
		leat_frame_begin_rows(frame, base ? base : in, &rows);
		share->to = rows;
	}
	return LEAT_OK;
}

static void
share_put(const struct leat__fan_deal *deal, struct leat__fan_share *share,
	uint32_t k)
{
	const struct leat__fan_keys *keys = &deal->keys;
	uint32_t n_bytes = keys->item_bytes;

	if (deal->layout == LEAT_LAYOUT_TABLE) {
		uint32_t *row = share->to;

		*row = leat_table_row(&keys->table, k);
		share->to = row + 1;
	} else if (deal->layout == LEAT_LAYOUT_ROWS) {
		struct leat_row *row = share->to;

		*row = keys->rows.rows[k];
		share->to = row + 1;
	} else if (n_bytes == sizeof(uint64_t)) {
		memcpy(share->to, keys->items + (size_t)k * 8, 8);
		share->to = (uint8_t *)share->to + 8;
	} else {
		memcpy(share->to, keys->items + (size_t)k * n_bytes, n_bytes);
		share->to = (uint8_t *)share->to + n_bytes;
	}
}

static void
share_end(const struct leat__fan_deal *deal, struct leat__fan_share *share)
{
	struct leat_frame *frame = share->frame;
	struct leat_table t;

	if (deal->layout == LEAT_LAYOUT_TABLE) {
		leat_table_open(frame, &t);
		leat_table_select(&t, leat_table_selection(&t), share->n);
		return;
	}
	frame->n_items = share->n;
	frame->len_bytes = (uint32_t)((uint8_t *)share->to - frame->data);
}

/* One for each branch that gets records; what a closed one would get is
 * filtered here. */
static int
deal_begin(struct leat_stage *st, struct leat__fan_deal *deal,
	struct leat_frame *in)
{
	for (uint32_t k = 0; k < deal->n_active; k++) {
		struct leat__fan_share *share = &deal->shares[k];

		if (share->n &&
			leat_stage_credit(st, k) == LEAT_CREDIT_CLOSED) {
			leat_stage_count(st, LEAT_COUNT_FILTERED, share->n);
			share->n = 0;
		}
		if (!share->n)
			continue;
		LEAT_TRY(leat_stage_acquire(st, &share->frame));
		LEAT_TRY(share_begin(deal, share, in));
	}
	return LEAT_OK;
}

static int
deal_emit(struct leat_stage *st, struct leat__fan_deal *deal)
{
	for (uint32_t k = 0; k < deal->n_active; k++) {
		struct leat__fan_share *share = &deal->shares[k];

		if (!share->frame)
			continue;
		share_end(deal, share);
		LEAT_TRY(leat_stage_emit(st, k, share->frame));
		share->frame = NULL;
	}
	return LEAT_OK;
}

static int
deal_cut_up(struct leat_stage *st, struct leat__fan_deal *deal,
	struct leat_frame *in)
{
	LEAT_TRY(deal_begin(st, deal, in));
	for (uint32_t k = 0; k < in->n_items; k++) {
		uint32_t out = deal_noted(st, deal, k);

		if (deal->shares[out].frame)
			share_put(deal, &deal->shares[out], k);
	}
	LEAT_TRY(deal_emit(st, deal));
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* The only out that gets any; n_outs = several, or none. */
static uint32_t
deal_only(const struct leat__fan_deal *deal, const struct leat_frame *in)
{
	for (uint32_t k = 0; k < deal->n_active; k++)
		if (deal->shares[k].n)
			return deal->shares[k].n == in->n_items ? k
								: deal->n_outs;
	return deal->n_outs;
}

int
leat__fan_deal_process(struct leat_stage *st, struct leat__fan_deal *deal,
	struct leat_frame *in, uint32_t n_active)
{
	uint32_t only;

	if (!deal->is_dealt || deal->n_active != n_active)
		LEAT_TRY(deal_look(st, deal, in, n_active));
	if (!deal_has_credit(st, deal) || !deal_place_nulls(st, deal))
		return LEAT_EAGAIN;
	deal->is_dealt = false;
	only = deal_only(deal, in);
	if (only < deal->n_outs)
		return leat_stage_emit(st, only, in);
	return deal_cut_up(st, deal, in);
}

/* ---- life ------------------------------------------------------------------ */

static uint64_t
deal_weight(const struct leat__fan_deal_opts *opts, uint32_t n_outs)
{
	uint64_t sum = 0;

	for (uint32_t k = 0; k < n_outs; k++)
		sum += opts->weights[k];
	return sum;
}

/* Frames of its own, of the size of its input; tables and rows point into it.
 */
static void
deal_needs(struct leat_stage *st, const struct leat__fan_deal_opts *opts,
	const struct leat_shape *in, struct leat_shape *out)
{
	struct leat_needs *needs = leat_stage_needs(st);
	uint32_t n_outs = leat_stage_n_outs(st);

	needs->frame_bytes = in->frame_bytes;
	needs->side_bytes += LEAT__FAN_KEYS_SIDE_BYTES +
		DEAL_NOTED_MAX * sizeof(uint16_t) + 3 * DEAL_ALLOC_BYTES +
		2 * n_outs *
			(sizeof(struct leat__fan_share) + sizeof(uint64_t));
	if (!opts->by_range)
		needs->side_bytes +=
			leat__fan_hash_ring_bytes(deal_weight(opts, n_outs));
	if (in->layout != LEAT_LAYOUT_ITEMS)
		out->base_bytes = (uint32_t)leat__max_u64(
			in->base_bytes, in->frame_bytes);
}

static int
deal_make_ranges(struct leat_stage *st, struct leat__fan_deal *deal,
	const struct leat__fan_deal_opts *opts)
{
	uint64_t sum = 0;
	void *ranges;

	LEAT_TRY(leat_stage_alloc(
		st, deal->n_outs * sizeof(*deal->ranges), &ranges));
	deal->ranges = ranges;
	for (uint32_t k = 0; k < deal->n_outs; k++)
		deal->ranges[k] = sum += opts->weights[k];
	return LEAT_OK;
}

/* Of its own memory while the graph is checked; the needs count it. */
static int
deal_make_ring(struct leat_stage *st, struct leat__fan_deal *deal,
	const struct leat__fan_deal_opts *opts)
{
	struct leat__fan_branch branches[LEAT__STAGE_ENDS_MAX];
	int rc;

	if (deal_weight(opts, deal->n_outs) > DEAL_WEIGHT_MAX)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"by key, the weights of all branches are at most %u "
			"together",
			DEAL_WEIGHT_MAX);
	for (uint32_t k = 0; k < deal->n_outs; k++)
		branches[k] = (struct leat__fan_branch){k, opts->weights[k]};
	rc = leat__fan_hash_ring_init(
		&deal->ring, st->graph->env, branches, deal->n_outs);
	return rc ? leat_stage_fail(st, rc, "no memory for the ring of keys")
		  : LEAT_OK;
}

static int
deal_alloc(struct leat_stage *st, struct leat__fan_deal *deal)
{
	size_t n_bytes = deal->n_outs * sizeof(*deal->shares);
	void *outs, *shares;

	LEAT_TRY(leat_stage_alloc(
		st, DEAL_NOTED_MAX * sizeof(*deal->outs), &outs));
	deal->outs = outs;
	LEAT_TRY(leat_stage_alloc(st, n_bytes, &shares));
	deal->shares = shares;
	memset(shares, 0, n_bytes);
	return LEAT_OK;
}

int
leat__fan_deal_init(struct leat_stage *st, struct leat__fan_deal *deal,
	const struct leat__fan_deal_opts *opts, const struct leat_shape *in,
	struct leat_shape *out)
{
	*deal = (struct leat__fan_deal){
		.layout = in->layout, .n_outs = leat_stage_n_outs(st)};
	deal_needs(st, opts, in, out);
	LEAT_TRY(leat__fan_keys_init(st, &deal->keys, opts->key, in));
	LEAT_TRY(opts->by_range ? deal_make_ranges(st, deal, opts)
				: deal_make_ring(st, deal, opts));
	return deal_alloc(st, deal);
}

void
leat__fan_deal_fini(struct leat_stage *st, struct leat__fan_deal *deal)
{
	for (uint32_t k = 0; deal->shares && k < deal->n_outs; k++)
		leat_stage_release(st, deal->shares[k].frame);
	leat_stage_free(st, deal->shares);
	leat_stage_free(st, deal->outs);
	leat_stage_free(st, deal->ranges);
	leat__fan_hash_ring_fini(&deal->ring);
	leat__fan_keys_fini(st, &deal->keys);
	deal->shares = NULL;
	deal->outs = NULL;
	deal->ranges = NULL;
}
