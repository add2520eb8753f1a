/*
 * watch/metrics.h -- what the files that write families have in common.
 */
#ifndef LEAT_SRC_WATCH_METRICS_H
#define LEAT_SRC_WATCH_METRICS_H

#include <stddef.h>
#include <string.h>

#include "watch/expose.h"
#include "watch/latency.h"

struct leat__metrics {
	const struct leat_graph *graph;
	const struct leat_metrics_opts *opts;
	struct leat__expose e;
};

/* A field of uint64_t in some struct. */
struct leat__field {
	const char *label; /* of one family with several; else NULL */
	size_t offset;
};

struct leat__family {
	const char *name;
	const char *help;
	enum leat__expose_type type;
	bool is_seconds; /* the field is ns */
	size_t offset;
};

static inline uint64_t
leat__metrics_field(const void *from, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)from + offset, sizeof(value));
	return value;
}

/* The value of the sample that was begun. */
static inline void
leat__metrics_value(struct leat__metrics *m, const struct leat__family *family,
	const void *from)
{
	uint64_t value = leat__metrics_field(from, family->offset);

	if (family->is_seconds)
		leat__expose_seconds(&m->e, value);
	else
		leat__expose_number(&m->e, value);
}

/* metrics_stage.c */
void leat__metrics_stages(struct leat__metrics *m);
void leat__metrics_load(struct leat__metrics *m);
void leat__metrics_hooks(struct leat__metrics *m);

/* metrics_link.c */
void leat__metrics_links(struct leat__metrics *m);

#endif
