/*
 * page/link.c -- all of one link.
 *
 * Threads: any.
 */
#include "page/page.h"

void
leat__page_link(struct leat__page *p, uint32_t link)
{
	struct leat_link_stats s;

	if (leat_link_stats(p->graph, link, &s) < 0)
		return;
	leat__json_open(&p->j, NULL, '{');
	leat__json_text(&p->j, "from", s.from_name);
	leat__json_number(&p->j, "out", s.out);
	leat__json_text(&p->j, "to", s.to_name);
	leat__json_number(&p->j, "in", s.in);
	leat__json_number(&p->j, "records", s.records);
	leat__json_number(&p->j, "bytes", s.bytes);
	leat__json_number(&p->j, "frames", s.frames);
	leat__json_number(&p->j, "refused", s.refused);
	leat__json_number(&p->j, "window_frames", s.window_frames);
	leat__json_number(&p->j, "credit_frames", s.credit_frames);
	leat__json_number(&p->j, "queued_frames", s.queued_frames);
	leat__json_number(&p->j, "held_frames", s.held_frames);
	leat__json_number(&p->j, "window_bytes", s.window_bytes);
	leat__json_number(&p->j, "flight_bytes", s.flight_bytes);
	leat__json_bool(&p->j, "is_fused", s.flags & LEAT_LINK_FUSED);
	leat__json_bool(&p->j, "is_ended", s.flags & LEAT_LINK_ENDED);
	leat__json_bool(&p->j, "is_closed", s.flags & LEAT_LINK_CLOSED);
	leat__json_bool(&p->j, "is_ordered", s.flags & LEAT_LINK_ORDERED);
	leat__json_close(&p->j, '}');
}
