/*
 * stages/filter/profile.h -- what is known of a column.
 */
#ifndef LEAT_STAGES_PROFILE_H
#define LEAT_STAGES_PROFILE_H

#include "group.h"

#define LEAT__PROFILE_TEXT 256u /* bytes kept of the least and greatest */
#define LEAT__PROFILE_TOP  3u
#define LEAT__PROFILE_TOP_BYTES                                                \
	(LEAT__PROFILE_TOP * (LEAT__GROUP_FREQUENT_TEXT + 32u))

/* A value by which others are measured. */
struct leat__profile_value {
	double number;
	int64_t whole; /* of a whole number, or us of a time */
	uint32_t is_whole;
	uint32_t len;
	uint8_t text[LEAT__PROFILE_TEXT];
};

struct leat__profile_column {
	const struct leat_column *declared;
	uint64_t n_rows;
	uint64_t n_nulls;
	uint64_t shortest;
	uint64_t longest;
	uint32_t is_number; /* all values so far are */
	uint32_t is_time;
	double sum;
	double rest; /* what rounding took from it */
	struct leat_infer infer;
	struct leat__group_quantile quantile;
	/* the least and the greatest as what they are, and as text */
	struct leat__profile_value least;
	struct leat__profile_value greatest;
	struct leat__profile_value first_text;
	struct leat__profile_value last_text;
	struct leat__group_frequent frequent;
	uint8_t registers[LEAT__GROUP_REGISTERS];
};

/* In zeroed memory. */
void leat__profile_begin(
	struct leat__profile_column *c, const struct leat_column *declared);
/* A value that is not null; false: no memory. */
bool leat__profile_add(struct leat__profile_column *c,
	struct leat__group_bag *bag, struct leat_text x);

const char *leat__profile_type(const struct leat__profile_column *c);
uint64_t leat__profile_distinct(const struct leat__profile_column *c);
struct leat_text leat__profile_least(const struct leat__profile_column *c);
struct leat_text leat__profile_greatest(const struct leat__profile_column *c);
/* "JFK 17, LAX 9"; buf of LEAT__PROFILE_TOP_BYTES */
void leat__profile_top(const struct leat__profile_column *c, char *buf);

#endif
