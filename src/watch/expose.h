/*
 * watch/expose.h -- the text forms that Prometheus reads.
 *
 * A family is announced once, then come all its samples: leat__expose_begin,
 * labels, and one of the values.
 * Source: Prometheus' text format 0.0.4; OpenMetrics 1.0.0.
 */
#ifndef LEAT_SRC_WATCH_EXPOSE_H
#define LEAT_SRC_WATCH_EXPOSE_H

#include "base/base.h"

enum leat__expose_type {
	LEAT__EXPOSE_GAUGE = 0,
	LEAT__EXPOSE_COUNTER,
	LEAT__EXPOSE_HISTOGRAM
};

#define LEAT__EXPOSE_BUF_BYTES 1024u

struct leat__expose {
	leat_write_fn write;
	void *user;
	bool is_open; /* OpenMetrics */
	/* a label of every sample; NULL = none */
	const char *graph;
	/* the family */
	const char *name;
	enum leat__expose_type type;
	uint32_t n_labels; /* of the sample so far */
	size_t n;          /* bytes in buf */
	char buf[LEAT__EXPOSE_BUF_BYTES];
};

/* name: without _total. help: one line. */
void leat__expose_family(struct leat__expose *e, enum leat__expose_type type,
	const char *name, const char *help);
/* suffix: "" or, of a histogram, "_bucket", "_sum", "_count". */
void leat__expose_begin(struct leat__expose *e, const char *suffix);
/* Any bytes that are UTF-8. */
void leat__expose_label(
	struct leat__expose *e, const char *name, const char *value);
void leat__expose_label_number(
	struct leat__expose *e, const char *name, uint64_t value);
/* "le", exact; UINT64_MAX = +Inf. */
void leat__expose_label_le(struct leat__expose *e, uint64_t ns);
void leat__expose_number(struct leat__expose *e, uint64_t value);
/* Exact. */
void leat__expose_seconds(struct leat__expose *e, uint64_t ns);
/* In parts of a million. */
void leat__expose_ratio(struct leat__expose *e, uint32_t parts);
void leat__expose_end(struct leat__expose *e);

#endif
