/*
 * watch/metrics_link.c -- families of links; how full they are only of those
 * that have a channel.
 *
 * Threads: any.
 */
#include "watch/metrics.h"

#define LINK_AT(field) offsetof(struct leat_link_stats, field)

static const struct leat__family link_families[] = {
	{"leat_link_records", "Records sent.", LEAT__EXPOSE_COUNTER, false,
		LINK_AT(records)},
	{"leat_link_bytes", "Payload sent.", LEAT__EXPOSE_COUNTER, false,
		LINK_AT(bytes)},
	{"leat_link_frames", "Frames sent.", LEAT__EXPOSE_COUNTER, false,
		LINK_AT(frames)},
	{"leat_link_refused_records",
		"Records sent to a receiver that wanted no more.",
		LEAT__EXPOSE_COUNTER, false, LINK_AT(refused)},
};

static const struct {
	const char *name;
	const char *help;
	size_t offset; /* of an uint32_t */
} link_gauges[] = {
	{"leat_link_window_frames", "Most on their way at once.",
		LINK_AT(window_frames)},
	{"leat_link_credit_frames", "That may be sent now.",
		LINK_AT(credit_frames)},
	{"leat_link_queued_frames", "Sent, and not yet taken.",
		LINK_AT(queued_frames)},
	{"leat_link_held_frames", "In the receiver's hands.",
		LINK_AT(held_frames)},
};

static void
link_begin(struct leat__metrics *m, const struct leat_link_stats *stats)
{
	leat__expose_begin(&m->e, "");
	leat__expose_label(&m->e, "from", stats->from_name);
	leat__expose_label_number(&m->e, "out", stats->out);
	leat__expose_label(&m->e, "to", stats->to_name);
	leat__expose_label_number(&m->e, "in", stats->in);
}

static void
link_family_put(struct leat__metrics *m, const struct leat__family *family)
{
	struct leat_link_stats stats;

	leat__expose_family(&m->e, family->type, family->name, family->help);
	for (uint32_t k = 0; leat_link_stats(m->graph, k, &stats) == 0; k++) {
		link_begin(m, &stats);
		leat__metrics_value(m, family, &stats);
	}
}

/* Only those that have a channel. */
static void
link_gauge_put(struct leat__metrics *m, size_t offset)
{
	struct leat_link_stats stats;
	uint32_t value;

	for (uint32_t k = 0; leat_link_stats(m->graph, k, &stats) == 0; k++) {
		if (stats.flags & LEAT_LINK_FUSED)
			continue;
		memcpy(&value, (const char *)&stats + offset, sizeof(value));
		link_begin(m, &stats);
		leat__expose_number(&m->e, value);
	}
}

void
leat__metrics_links(struct leat__metrics *m)
{
	for (size_t k = 0; k < leat__array_len(link_families); k++)
		link_family_put(m, &link_families[k]);
	for (size_t k = 0; k < leat__array_len(link_gauges); k++) {
		leat__expose_family(&m->e, LEAT__EXPOSE_GAUGE,
			link_gauges[k].name, link_gauges[k].help);
		link_gauge_put(m, link_gauges[k].offset);
	}
}
