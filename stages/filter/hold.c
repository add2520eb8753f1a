/*
 * stages/filter/hold.c -- some rows, held in memory.
 *
 * Keeps: of two records the one that came first lies before the other.
 * Threads: the one that steps the stage's task.
 */
#include "hold.h"

#define HOLD_PARTS 8u /* one of so many must be free, or it goes slowly */

int
leat__hold_open(struct leat_stage *st, struct leat__hold *hold, size_t n_memory)
{
	void *memory;
	int rc;

	n_memory &= ~(size_t)15;
	rc = leat_stage_alloc(st, n_memory, &memory);
	if (rc)
		return leat_stage_fail(st, rc,
			"no memory for %zu bytes; memory=N takes less",
			n_memory);
	hold->memory = memory;
	hold->n_memory = n_memory;
	hold->list =
		(struct leat__sort_entry *)(void *)(hold->memory + n_memory);
	return LEAT_OK;
}

struct leat__pack_buf
leat__hold_room(const struct leat__hold *hold)
{
	uint8_t *at = hold->memory + hold->used;
	uint8_t *end = (uint8_t *)(hold->list - 1);
	struct leat__pack_buf buf = {.at = at, .end = at};

	if (end < at + sizeof(struct leat__sort_head)) {
		buf.is_over = true;
		return buf;
	}
	buf.at = at + sizeof(struct leat__sort_head);
	buf.end = end;
	return buf;
}

void
leat__hold_push(struct leat__hold *hold, const uint8_t *row, const uint8_t *end)
{
	uint8_t *at = hold->memory + hold->used;
	const uint8_t *key = at + sizeof(struct leat__sort_head);
	struct leat__sort_head head = {
		(uint32_t)(row - key), (uint32_t)(end - row)};

	memcpy(at, &head, sizeof(head));
	hold->list--;
	hold->n++;
	*hold->list = (struct leat__sort_entry){
		leat__sort_prefix(key, head.n_key, 0), hold->used};
	hold->used = (size_t)(end - hold->memory);
}

/* ---- gaps ----------------------------------------------------------------- */

int
leat__hold_compact(struct leat_stage *st, struct leat__hold *hold)
{
	struct leat__sort_entry *list =
		(struct leat__sort_entry *)(void *)(hold->memory +
			hold->n_memory) -
		hold->n;
	size_t to = 0;

	memmove(list, hold->list, hold->n * sizeof(*list));
	hold->list = list;
	leat__sort_by_place(hold->list, hold->n);
	for (size_t k = 0; k < hold->n; k++) {
		uint8_t *at = hold->memory + hold->list[k].at;
		struct leat__sort_record x = leat__sort_open(at);
		size_t n_bytes = leat__sort_bytes(&x);

		memmove(hold->memory + to, at, n_bytes);
		hold->list[k].at = to;
		to += n_bytes;
	}
	hold->used = to;
	if ((size_t)((uint8_t *)hold->list - hold->memory) - to >=
		hold->n_memory / HOLD_PARTS)
		return LEAT_OK;
	return leat_stage_fail(st, LEAT_ELIMIT,
		"%s: %zu rows take nearly all of %zu bytes; memory=N with a "
		"greater N holds more",
		leat_stage_name(st), hold->n, hold->n_memory);
}

void
leat__hold_turn(struct leat__hold *hold)
{
	for (size_t k = 0; k < hold->n / 2; k++) {
		struct leat__sort_entry x = hold->list[k];

		hold->list[k] = hold->list[hold->n - 1 - k];
		hold->list[hold->n - 1 - k] = x;
	}
}

int
leat__hold_emit(struct leat_stage *st, struct leat__hold *hold,
	struct leat__pack *pack, size_t *at)
{
	while (*at < hold->n) {
		struct leat__sort_record x =
			leat__sort_open(hold->memory + hold->list[*at].at);
		int rc = leat__pack_add(st, pack, x.row, x.n_row);

		if (rc == 0) {
			rc = leat__pack_emit(st, pack);
			return rc ? rc : LEAT_MORE;
		}
		if (rc < 0)
			return rc;
		(*at)++;
	}
	return leat__pack_emit(st, pack);
}
