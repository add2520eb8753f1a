/*
 * graph/value.h -- values of options, by type; for option.c.
 */
#ifndef LEAT_SRC_GRAPH_VALUE_H
#define LEAT_SRC_GRAPH_VALUE_H

#include "graph/graph.h"

/* A piece of text, not NUL-terminated. */
struct leat__piece {
	const char *text;
	size_t n_bytes;
};

/* The field of an option. */
union leat__value {
	const char *string;
	uint64_t uint; /* UINT, BYTES */
	int64_t sint;  /* INT, DURATION */
	double number;
	uint32_t word; /* BOOL, CHAR, ENUM */
	uint8_t bytes[8];
};

enum leat__verdict {
	LEAT__READ_OK,
	LEAT__READ_BAD,  /* not of the type */
	LEAT__READ_RANGE /* of the type, but out of its range */
};

/* Size of the field of an option of this type. */
size_t leat__value_bytes(uint32_t type);
union leat__value leat__value_load(
	const struct leat_option *option, const void *opts);
bool leat__value_is_zero(
	const struct leat_option *option, const union leat__value *value);
/* A STRING is not copied: value->string is the piece's text. */
enum leat__verdict leat__value_read(const struct leat_option *option,
	struct leat__piece piece, union leat__value *out);
void leat__value_print(const struct leat_option *option,
	const union leat__value *value, struct leat__text *text);

/* The k-th of an ENUM's "a|b|c"; text NULL = there are no more. */
struct leat__piece leat__enum_value(const char *values, uint32_t k);
uint32_t leat__enum_count(const char *values);

#endif
