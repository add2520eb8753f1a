/* watch/latency.h -- one histogram of a stage, or of all that have it. */
#ifndef LEAT_SRC_WATCH_LATENCY_H
#define LEAT_SRC_WATCH_LATENCY_H

#include "run/run.h"
#include <leat/metrics.h>

/* Sum up what is counted so far. LEAT_OK, LEAT_EINVAL, LEAT_ENOTSUP. */
LEAT_MUST_CHECK int leat__latency_sum(const struct leat_graph *graph,
	uint32_t stage, uint32_t what, struct leat__histogram *sum_out);

#endif
