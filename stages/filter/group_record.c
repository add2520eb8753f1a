/*
 * stages/filter/group_record.c -- a row of a block as bytes, and back.
 *
 * A record: head, length of the key, the key, and for each input whether it
 * has a value and the value; numbers aligned to 8, so that they can be read
 * where they are.
 * Keeps: what is got is what was put: the key, its hash, the values.
 * Threads: the stage's own.
 */
#include "group.h"

static uint64_t
record_round(uint64_t n)
{
	return (n + 7) & ~(uint64_t)7;
}

static bool
record_is_bytes(uint32_t type)
{
	return type == LEAT_TYPE_TEXT || type == LEAT_TYPE_BINARY;
}

/* What a value takes, its own head of 8 bytes included. */
static uint64_t
record_value_bytes(const struct leat__group_block_column *column, uint32_t type,
	uint32_t k)
{
	if (!column->has[k])
		return 8;
	if (record_is_bytes(type))
		return 8 + record_round(column->values.texts[k].len);
	return type == LEAT_TYPE_DECIMAL ? 24 : 16;
}

uint64_t
leat__group_record_bytes(const struct leat__group_block *block, uint32_t k)
{
	const struct leat__group_spec *spec = block->spec;
	uint64_t n = sizeof(struct leat__group_record_head) + 8 +
		record_round(leat__group_hash_key_bytes(block->keys[k]));

	for (uint32_t c = 0; c < spec->n_inputs; c++)
		n += record_value_bytes(
			&block->columns[c], spec->inputs[c].type, k);
	return n;
}

static uint8_t *
record_put_bytes(uint8_t *at, struct leat_text x, bool has)
{
	uint32_t head[2] = {has, x.len};
	uint64_t n = has && x.len != LEAT__GROUP_HASH_NULL ? x.len : 0;

	memcpy(at, head, sizeof(head));
	if (n)
		memcpy(at + sizeof(head), x.data, n);
	return at + sizeof(head) + record_round(n);
}

static uint8_t *
record_put_value(uint8_t *at, const struct leat__group_block_column *column,
	uint32_t type, uint32_t k)
{
	uint32_t head[2] = {column->has[k], 0};

	if (record_is_bytes(type))
		return record_put_bytes(
			at, column->values.texts[k], column->has[k]);
	memcpy(at, head, sizeof(head));
	at += sizeof(head);
	if (!column->has[k])
		return at;
	if (type == LEAT_TYPE_DECIMAL) {
		memcpy(at, &column->values.decimals[k], 16);
		return at + 16;
	}
	memcpy(at, &column->values.ints[k], 8);
	return at + 8;
}

void
leat__group_record_put(
	const struct leat__group_block *block, uint32_t k, uint8_t *record)
{
	const struct leat__group_spec *spec = block->spec;
	struct leat__group_record_head head = {
		leat__group_hash_key(block->keys[k], 0),
		leat__group_record_bytes(block, k)};
	uint8_t *at = record + sizeof(head);

	memcpy(record, &head, sizeof(head));
	at = record_put_bytes(at, block->keys[k], true);
	for (uint32_t c = 0; c < spec->n_inputs; c++)
		at = record_put_value(
			at, &block->columns[c], spec->inputs[c].type, k);
}

static const uint8_t *
record_get_bytes(const uint8_t *at, struct leat_text *x, uint8_t *has)
{
	uint32_t head[2];

	memcpy(head, at, sizeof(head));
	*has = (uint8_t)head[0];
	*x = (struct leat_text){at + sizeof(head), head[1]};
	return at + sizeof(head) +
		(*has ? record_round(leat__group_hash_key_bytes(*x)) : 0);
}

static const uint8_t *
record_get_value(const uint8_t *at, struct leat__group_block_column *column,
	uint32_t type, uint32_t k)
{
	uint32_t head[2];

	if (record_is_bytes(type))
		return record_get_bytes(
			at, &column->values.texts[k], &column->has[k]);
	memcpy(head, at, sizeof(head));
	column->has[k] = (uint8_t)head[0];
	at += sizeof(head);
	if (!head[0])
		return at;
	if (type == LEAT_TYPE_DECIMAL) {
		memcpy(&column->values.decimals[k], at, 16);
		return at + 16;
	}
	memcpy(&column->values.ints[k], at, 8);
	return at + 8;
}

void
leat__group_record_get(struct leat__group_block *block, const uint8_t *record)
{
	const struct leat__group_spec *spec = block->spec;
	uint32_t k = block->n++;
	uint8_t has;

	record = record_get_bytes(
		record + sizeof(struct leat__group_record_head),
		&block->keys[k], &has);
	block->hashes[k] = leat__group_hash_key(block->keys[k], block->seed);
	for (uint32_t c = 0; c < spec->n_inputs; c++)
		record = record_get_value(
			record, &block->columns[c], spec->inputs[c].type, k);
}
