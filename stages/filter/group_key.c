/*
 * stages/filter/group_key.c -- keys of rows, and their hashes.
 *
 * One column of text is its own key, where it stands. All else is put together
 * in the block's scratch: for each column 0, or 1 and the value, of texts their
 * length before the bytes.
 * Keeps: two keys have the same bytes if and only if all their values are
 * equal, null being equal to null.
 * Threads: the stage's own.
 */
#include "group.h"

static bool
key_is_bytes(uint32_t type)
{
	return type == LEAT_TYPE_TEXT || type == LEAT_TYPE_BINARY;
}

/* A key of several columns: for each 0, or 1 and the value; of texts the
 * length before the bytes. */
static uint64_t
key_bytes(const struct leat__group_block *block, uint32_t k)
{
	uint64_t n = 0;

	for (uint32_t c = 0; c < block->spec->n_keys; c++) {
		const struct leat__group_block_column *column =
			&block->columns[c];
		uint32_t type = block->spec->inputs[c].type;

		n++;
		if (!column->has[k])
			continue;
		if (key_is_bytes(type))
			n += sizeof(uint32_t) + column->values.texts[k].len;
		else
			n += type == LEAT_TYPE_DECIMAL ? 16 : 8;
	}
	return n;
}

static uint8_t *
key_put(const struct leat__group_block_column *column, uint32_t type,
	uint32_t k, uint8_t *at)
{
	*at++ = column->has[k];
	if (!column->has[k])
		return at;
	if (key_is_bytes(type)) {
		struct leat_text x = column->values.texts[k];

		memcpy(at, &x.len, sizeof(x.len));
		if (x.len)
			memcpy(at + sizeof(x.len), x.data, x.len);
		return at + sizeof(x.len) + x.len;
	}
	if (type == LEAT_TYPE_DECIMAL) {
		memcpy(at, &column->values.decimals[k], 16);
		return at + 16;
	}
	if (type == LEAT_TYPE_FLOAT64) {
		double x = leat__group_same_float(column->values.floats[k]);

		memcpy(at, &x, sizeof(x));
	} else {
		memcpy(at, &column->values.ints[k], sizeof(int64_t));
	}
	return at + 8;
}

/* One column of text is its own key. */
static inline void
key_text(struct leat__group_block *block, uint32_t k)
{
	const struct leat__group_block_column *column = &block->columns[0];
	struct leat_text key = column->values.texts[k];

	if (!column->has[k])
		key = (struct leat_text){NULL, LEAT__GROUP_HASH_NULL};
	block->keys[k] = key;
	block->hashes[k] = leat__group_hash_key(key, block->seed);
}

static void
key_texts(struct leat__group_block *block)
{
	for (uint32_t k = 0; !block->ready_keys && k < block->n; k++)
		key_text(block, k);
}

void
leat__group_block_make_key(struct leat__group_block *block, uint32_t k)
{
	struct leat__group_block_column *column = &block->columns[0];
	const struct leat_vector *v = &block->vectors[0];
	uint32_t row = block->rows[k];

	column->has[k] = leat_vector_has(v, row);
	column->values.texts[k] = leat_vector_text(v, row);
	key_text(block, k);
}

/* Without keys all rows have the same. */
static void
key_none(struct leat__group_block *block)
{
	struct leat_text key = {(const uint8_t *)"", 0};
	uint64_t hash = leat__group_hash_key(key, block->seed);

	for (uint32_t k = 0; k < block->n; k++) {
		block->keys[k] = key;
		block->hashes[k] = hash;
	}
}

int
leat__group_block_make_keys(
	struct leat_stage *st, struct leat__group_block *block)
{
	const struct leat__group_spec *spec = block->spec;
	uint32_t k = 0;

	if (spec->n_keys == 1 && spec->inputs[0].type == LEAT_TYPE_TEXT) {
		key_texts(block);
		return LEAT_OK;
	}
	if (!spec->n_keys) {
		key_none(block);
		return LEAT_OK;
	}
	for (; k < block->n; k++) {
		uint64_t n = key_bytes(block, k);
		uint8_t *at = leat__group_block_room(block, n);

		if (n && !at)
			break;
		block->keys[k] = (struct leat_text){at, (uint32_t)n};
		for (uint32_t c = 0; c < spec->n_keys; c++)
			at = key_put(&block->columns[c], spec->inputs[c].type,
				k, at);
		block->hashes[k] =
			leat__group_hash_key(block->keys[k], block->seed);
	}
	if (k == block->n)
		return LEAT_OK;
	block->n = k;
	if (k)
		return LEAT_OK;
	LEAT__TRY(leat__group_block_grow(st, block));
	return leat__group_block_read(st, block);
}
