/*
 * source/gen_traffic.h -- moments, sizes and keys as real traffic has them.
 *
 * Groups of rows arrive by a Poisson process the rate of which swings like a
 * cosine and is multiplied in bursts; a group's size is 1 + a Lomax (shifted
 * Pareto) variable, rounded at random so that the mean holds; keys are Zipf's.
 */
#ifndef LEAT_STAGES_SOURCE_GEN_TRAFFIC_H
#define LEAT_STAGES_SOURCE_GEN_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

/* What is asked for; times in seconds. */
struct leat__gen_opts {
	double rate;  /* groups a second, the mean of a period */
	double swing; /* 0 to 1 */
	double period;
	double group; /* the mean size */
	double tail;
	double group_max;
	double bursts; /* a second */
	double burst_for;
	double burst_times;
	double keys;
	double skew;
};

struct leat__gen {
	struct leat__gen_opts opts;
	uint64_t random;
	double now;     /* of the last group */
	double changes; /* when a burst begins or ends */
	bool is_burst;
	/* of Zipf's keys */
	double low, high, cut;
};

void leat__gen_begin(struct leat__gen *gen, const struct leat__gen_opts *opts,
	uint64_t seed);
/* 0 to 1, without the ends. */
double leat__gen_uniform(struct leat__gen *gen);
/* Move on to the next group. */
void leat__gen_next(struct leat__gen *gen);
uint64_t leat__gen_size(struct leat__gen *gen);
/* 1 to keys. */
uint64_t leat__gen_key(struct leat__gen *gen);
/* Log-normal: the median is 1. */
double leat__gen_value(struct leat__gen *gen);

#endif
