/*
 * stages/filter/lookup_file.h -- a file of rows that are found by a key, held
 * in the side memory of a stage's first instance, for all of them.
 *
 * Keeps: nothing changes after leat__lookup_load(). The hashes have the seed of
 * the graph; no order of rows depends on them.
 * Threads: one until it is loaded, then any.
 */
#ifndef LEAT_STAGES_FILTER_LOOKUP_FILE_H
#define LEAT_STAGES_FILTER_LOOKUP_FILE_H

#include <string.h>

#include <leat/table.h>

#include "group_hash.h"

#define LEAT__LOOKUP_KEYS_MAX 8u
#define LEAT__LOOKUP_NONE     UINT32_MAX

/* A value; len LEAT__LOOKUP_NONE: null. */
struct leat__lookup_value {
	uint32_t at; /* in the text */
	uint32_t len;
};

struct leat__lookup_row {
	uint64_t hash;
	uint32_t next;    /* row with the same key, LEAT__LOOKUP_NONE = last */
	uint32_t n_bytes; /* of all values that are taken */
};

/* A key of one value of at most eight bytes, in a table of its own. */
struct leat__lookup_short {
	uint64_t word; /* see leat__lookup_word() */
	uint32_t len;
	uint32_t row; /* its first; LEAT__LOOKUP_NONE = free */
};

/* Where fields end in the text, while it is read. */
struct leat__lookup_ends {
	uint32_t *list;
	uint32_t n;
	uint32_t n_list;
	uint32_t at; /* the first of the next record */
};

struct leat__lookup_file {
	const char *path;
	uint64_t seed;
	uint64_t n_most; /* bytes it may take */
	uint64_t n_used;
	uint64_t n_peak; /* most that it has taken at once */
	uint8_t *text;
	uint32_t n_text;
	struct leat_dialect dialect;
	struct leat__lookup_ends ends;
	struct leat_schema *schema; /* of all its columns */
	uint32_t n_rows;
	uint32_t n_keys;
	uint32_t n_take;
	const uint32_t *keys; /* columns */
	const uint32_t *take;
	uint32_t *types;                /* of those taken */
	struct leat__lookup_value *all; /* of one row, while it is read */
	struct leat__lookup_row *rows;
	struct leat__lookup_value *key_values; /* n_keys a row */
	struct leat__lookup_value *values;     /* n_take a row */
	uint32_t *slots;                       /* first row of a key, by hash */
	uint32_t mask;
	struct leat__lookup_short *shorts; /* the same, if all are short and
					    * there is room; else NULL */
	uint32_t max_key; /* bytes of the longest value of a key */
	uint32_t n_twice; /* rows whose key another one has, too */
	uint32_t twice;   /* one of them */
};

/* A key that is looked for. */
struct leat__lookup_key {
	uint64_t hash;
	struct leat_text values[LEAT__LOOKUP_KEYS_MAX];
};

/* Read the file, up to its columns. LEAT_OK, or a code after
 * leat_stage_fail(). */
LEAT_MUST_CHECK int leat__lookup_open(
	struct leat_stage *st, struct leat__lookup_file *f);

/* Then, with keys and take set, its rows. As above. */
LEAT_MUST_CHECK int leat__lookup_load(
	struct leat_stage *st, struct leat__lookup_file *f);

/* Set the hash of a key's values. */
void leat__lookup_hash(const struct leat__lookup_file *f,
	struct leat__lookup_key *key, uint32_t n_keys);

/* The first row with this key, or LEAT__LOOKUP_NONE. */
uint32_t leat__lookup_find(
	const struct leat__lookup_file *f, const struct leat__lookup_key *key);

/* A text of 1 to 8 bytes, behind which 8 can be read, as a number. */
static inline uint64_t
leat__lookup_word(struct leat_text x)
{
	uint64_t word;

	memcpy(&word, x.data, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return word & UINT64_MAX >> (64 - 8 * x.len);
#else
	return word >> (64 - 8 * x.len);
#endif
}

/* Where a short key is, or is to be. */
static inline struct leat__lookup_short *
leat__lookup_place(
	const struct leat__lookup_file *f, uint64_t word, uint32_t len)
{
	uint64_t seed = f->seed;
	uint64_t hash = leat__group_hash_mix(word ^ seed ^ LEAT__GROUP_HASH_A,
		len ^ seed >> 32 ^ seed << 32 ^ LEAT__GROUP_HASH_B);
	uint32_t slot = (uint32_t)hash & f->mask;

	while (f->shorts[slot].row != LEAT__LOOKUP_NONE &&
		(f->shorts[slot].word != word || f->shorts[slot].len != len))
		slot = (slot + 1) & f->mask;
	return &f->shorts[slot];
}

/* As leat__lookup_find(), where there are shorts: of a text that is not empty,
 * behind which 8 bytes can be read. */
static inline uint32_t
leat__lookup_find_short(const struct leat__lookup_file *f, struct leat_text x)
{
	if (x.len > sizeof(uint64_t))
		return LEAT__LOOKUP_NONE;
	return leat__lookup_place(f, leat__lookup_word(x), x.len)->row;
}

static inline struct leat_text
leat__lookup_text(
	const struct leat__lookup_file *f, struct leat__lookup_value value)
{
	if (value.len == LEAT__LOOKUP_NONE)
		return (struct leat_text){NULL, 0};
	return (struct leat_text){f->text + value.at, value.len};
}

#endif
