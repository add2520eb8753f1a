/*
 * fan/keys.h -- the keys of a frame's records, as hashes.
 *
 * Of tables, the value of one column: text as it is meant, without quotes;
 * numbers so that equal ones have one hash, whatever their type; empty is
 * null. Of items, their first 8 bytes; of rows, the whole string.
 * Threads: the one that steps the stage's task.
 */
#ifndef LEAT_SRC_FAN_KEYS_H
#define LEAT_SRC_FAN_KEYS_H

#include "base/base.h"
#include <leat/stage.h>
#include <leat/table.h>

#define LEAT__FAN_KEY_QUOTED_MAX 65536u /* bytes of one with doubled quotes */

struct leat__fan_key {
	uint64_t hash;
	bool is_null;
};

/* All fields are private. */
struct leat__fan_keys {
	const char *name;                 /* of the column */
	const struct leat_schema *schema; /* column counts in it */
	uint32_t column;
	uint8_t *scratch; /* to decode into */
	/* the frame that is open */
	uint32_t layout;
	struct leat_table table;
	struct leat_vector vector; /* of a column without text */
	struct leat_rows rows;
	const uint8_t *items;
	uint32_t item_bytes;
};

/* Of side_bytes, at most. */
#define LEAT__FAN_KEYS_SIDE_BYTES (LEAT__FAN_KEY_QUOTED_MAX + 64u)

/*
 * In negotiate. name is the stage's option "key": a column of tables, empty
 * for other layouts. LEAT_OK, or a code after leat_stage_fail().
 */
LEAT_MUST_CHECK int leat__fan_keys_init(struct leat_stage *st,
	struct leat__fan_keys *keys, const char *name,
	const struct leat_shape *in);
/* Also of zeroed memory. */
void leat__fan_keys_fini(struct leat_stage *st, struct leat__fan_keys *keys);

/* Look at a frame's records. LEAT_OK, or LEAT_EINVAL: it has no such column. */
LEAT_MUST_CHECK int leat__fan_keys_open(struct leat_stage *st,
	struct leat__fan_keys *keys, struct leat_frame *frame);

/* The k-th record alive. LEAT_OK, LEAT_EDATA (a column of numbers holds
 * something else), LEAT_ELIMIT (over LEAT__FAN_KEY_QUOTED_MAX). */
LEAT_MUST_CHECK int leat__fan_keys_get(struct leat_stage *st,
	struct leat__fan_keys *keys, uint32_t k, struct leat__fan_key *key);

#endif
