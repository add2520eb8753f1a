/*
 * watch/link.c -- counters of a link, and how full its channel is.
 *
 * Keeps: credit + queued + held = window, also while both ends are at work: the
 * counters, which only grow, are read from the last that moves to the first,
 * and what has come meanwhile is cut off.
 * Threads: any.
 */
#include <string.h>

#include "base/atomic.h"
#include "run/run.h"

static void
link_flight(const struct leat__chan *ch, struct leat_link_stats *s)
{
	/* acquire: what was sent and taken before is not older */
	uint64_t granted = leat__load_acquire(&ch->granted_frames);
	uint64_t granted_bytes = leat__load_relaxed(&ch->granted_bytes);
	uint64_t taken = leat__load_acquire(&ch->taken_frames);
	uint64_t sent_bytes = leat__load_relaxed(&ch->sent_bytes);
	uint64_t sent = leat__load_relaxed(&ch->sent_frames);
	uint64_t flight = leat__min_u64(sent - granted, ch->capacity_frames);

	s->frames = sent;
	s->bytes = sent_bytes;
	s->window_frames = ch->capacity_frames;
	s->window_bytes = ch->capacity_bytes;
	s->credit_frames = ch->capacity_frames - (uint32_t)flight;
	s->queued_frames = (uint32_t)leat__min_u64(
		sent > taken ? sent - taken : 0, flight);
	s->held_frames = (uint32_t)flight - s->queued_frames;
	s->flight_bytes =
		sent_bytes > granted_bytes ? sent_bytes - granted_bytes : 0;
	if (leat__load_relaxed(&ch->is_send_closed))
		s->flags |= LEAT_LINK_ENDED;
	if (leat__chan_is_recv_closed(ch))
		s->flags |= LEAT_LINK_CLOSED;
}

/* What comes out of its sender, which has no other out. */
static void
link_fused(const struct leat__link *link, struct leat_link_stats *s)
{
	struct leat_stage_stats from;

	if (leat_stage_stats(link->from->graph, link->from->number, &from) < 0)
		return;
	s->records = from.out;
	s->bytes = from.out_bytes;
	s->frames = from.out_frames;
}

int
leat_link_stats(const struct leat_graph *graph, uint32_t k,
	struct leat_link_stats *stats_out)
{
	struct leat_link_stats *s = stats_out;
	const struct leat__link *link;

	memset(s, 0, sizeof(*s));
	s->size = (uint32_t)sizeof(*s);
	if (k >= graph->n_links)
		return LEAT_EINVAL;
	link = graph->links[k];
	s->from = link->from->number;
	s->to = link->to->number;
	s->out = link->from_index;
	s->in = link->to_index;
	s->from_name = leat__stage_name(link->from);
	s->to_name = leat__stage_name(link->to);
	s->flags = (link->is_fused ? LEAT_LINK_FUSED : 0) |
		(link->is_ordered ? LEAT_LINK_ORDERED : 0);
	if (link->is_fused) {
		link_fused(link, s);
		return LEAT_OK;
	}
	s->refused = leat__load_relaxed(&link->refused_items);
	s->records = leat__load_relaxed(&link->sent_items);
	link_flight(&link->chan, s);
	return LEAT_OK;
}
