/*
 * fan/key.h -- the columns that rows are sorted by, and their values.
 *
 * A value is null (an empty field), a number or text; nulls go first, then
 * numbers, exactly, then text, as bytes. In a column of moments or decimals the
 * numbers are these, however they are written. Every value has 128 bits that go
 * before those of any greater one, or are the same; only of text longer than
 * 14 bytes, and of decimals behind the point, more has to be looked at.
 * Threads: any; values point into the frame they were taken from.
 */
#ifndef LEAT_SRC_FAN_KEY_H
#define LEAT_SRC_FAN_KEY_H

#include "exec/heap.h"
#include <leat/stage.h>
#include <leat/table.h>

#define LEAT__KEY_COLUMNS_MAX 8u
#define LEAT__KEY_NAME_MAX    1024u

struct leat__key_column {
	char *name; /* in the spec's text */
	uint32_t len;
	uint32_t offset; /* in the option's value */
	uint32_t n_bytes;
	bool is_desc;
	bool is_text;   /* numbers are text too */
	uint32_t reads; /* DECIMAL or TIMESTAMP: as which values are read; 0 */
};

/* "delay desc, origin" */
struct leat__key_spec {
	uint32_t n;
	struct leat__key_column columns[LEAT__KEY_COLUMNS_MAX];
	char *names;   /* side memory of the stage */
	bool has_read; /* set by who has: from then on reads stays */
};

struct leat__key_value {
	struct leat__heap_key bits; /* turned around by desc */
	struct leat_text text;      /* of a text of more than 14 bytes */
	uint32_t quote;             /* doubled in it; 0 = it is as it stands */
	bool is_part;               /* the beginning of what it was */
	uint64_t behind[2]; /* the point: 38 digits, the upper half first */
};

/* Read an option of this name. LEAT_OK or a code, with the text and place by
 * leat_stage_fail_at(). */
LEAT_MUST_CHECK int leat__key_parse(struct leat_stage *st,
	struct leat__key_spec *spec, const char *option, const char *value);
void leat__key_fini(struct leat_stage *st, struct leat__key_spec *spec);
/* Most side memory that takes. */
uint64_t leat__key_bytes(const char *value);

/* Find the columns in a schema. The types of all that are bound say as what
 * values are read. LEAT_OK, or LEAT_EINVAL with the text. */
LEAT_MUST_CHECK int leat__key_bind(struct leat_stage *st,
	struct leat__key_spec *spec, const char *option,
	const struct leat_schema *schema, uint32_t *columns_out);

/* Can one column have these two types on two ins? */
bool leat__key_mixes(const struct leat_column *a, const struct leat_column *b);

/* The value of one column. */
void leat__key_read(const struct leat__key_column *key, struct leat_table *t,
	uint32_t column, uint32_t row, struct leat__key_value *value);
/* Keep as much of its text as there is room for. */
void leat__key_save(
	struct leat__key_value *value, uint8_t *buf, uint32_t n_bytes);

/* Of n columns: below 0, 0 or above it. A part of a text is no more than what
 * begins with it. */
int leat__key_compare(const struct leat__key_spec *spec,
	const struct leat__key_value *a, const struct leat__key_value *b);
/* Of column k alone. */
int leat__key_compare_column(const struct leat__key_spec *spec, uint32_t k,
	const struct leat__key_value *a, const struct leat__key_value *b);

#endif
