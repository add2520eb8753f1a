/*
 * mem/stats.c -- what of a pool is out, and who has it.
 *
 * Threads: any; numbers that others change meanwhile are each right by
 * themselves.
 */
#include "mem/pool.h"

#define POOL_OWNERS 8u /* named in a report of leaks */

/* ---- counts ---------------------------------------------------------------- */

uint32_t
leat__pool_n_classes(const struct leat_pool *pool)
{
	return pool->n_classes;
}

void
leat__pool_class_stats(const struct leat_pool *pool, uint32_t class_,
	struct leat_pool_class *class_out, struct leat_pool_stats *stats_out)
{
	const struct leat__pool_class *c = &pool->classes[class_];
	const struct leat__pool_depot *depot = &pool->depots[class_];

	if (class_out)
		*class_out =
			(struct leat_pool_class){c->slot_bytes, c->n_slots};
	if (stats_out)
		*stats_out = (struct leat_pool_stats){
			.n_slots = c->n_slots,
			.n_free =
				c->n_slots - leat__load_relaxed(&depot->n_used),
			.n_used_high = leat__load_relaxed(&depot->n_used_high),
		};
}

void
leat_pool_stats(const struct leat_pool *pool, struct leat_pool_stats *stats_out)
{
	struct leat_pool_stats sum = {0};

	for (uint32_t k = 0; k < pool->n_classes; k++) {
		struct leat_pool_stats one;

		leat__pool_class_stats(pool, k, NULL, &one);
		sum.n_slots += one.n_slots;
		sum.n_free += one.n_free;
		sum.n_used_high += one.n_used_high;
	}
	*stats_out = sum;
}

uint64_t
leat__pool_used_bytes(const struct leat_pool *pool)
{
	uint64_t bytes = 0;

	for (uint32_t k = 0; k < pool->n_classes; k++)
		bytes += (uint64_t)pool->classes[k].slot_bytes *
			leat__load_relaxed(&pool->depots[k].n_used);
	return bytes;
}

uint64_t
leat__pool_high_bytes(const struct leat_pool *pool)
{
	uint64_t bytes = 0;

	for (uint32_t k = 0; k < pool->n_classes; k++)
		bytes += (uint64_t)pool->classes[k].slot_bytes *
			leat__load_relaxed(&pool->depots[k].n_used_high);
	return bytes;
}

/* ---- leaks ---------------------------------------------------------------- */

struct leaks_owner {
	uint16_t owner;
	uint32_t n; /* frames */
};

struct leaks {
	uint32_t n_frames;
	uint32_t n_others; /* frames of owners that have no place */
	uint32_t n_owners;
	struct leaks_owner owners[POOL_OWNERS];
};

void
leat__pool_name_owners(
	struct leat_pool *pool, leat__owner_name_fn name, const void *user)
{
	pool->owner_name = name;
	pool->owner_user = user;
}

static void
leaks_count(struct leaks *leaks, uint16_t owner)
{
	uint32_t k = 0;

	leaks->n_frames++;
	while (k < leaks->n_owners && leaks->owners[k].owner != owner)
		k++;
	if (k == POOL_OWNERS) {
		leaks->n_others++;
		return;
	}
	if (k == leaks->n_owners)
		leaks->owners[leaks->n_owners++].owner = owner;
	leaks->owners[k].n++;
}

/* "3 of upper", "1 of owner 7" or "2 of nobody" */
static void
leaks_add_owner(const struct leat_pool *pool, const struct leaks_owner *of,
	struct leat__text *text)
{
	const char *name = of->owner && pool->owner_name
		? pool->owner_name(pool->owner_user, of->owner)
		: NULL;

	leat__text_add(text, "%s%u of ", text->at ? ", " : "", of->n);
	if (name)
		leat__text_add(text, "%.40s", name);
	else if (of->owner)
		leat__text_add(text, "owner %u", of->owner);
	else
		leat__text_add(text, "nobody");
}

int
leat_pool_leaks(const struct leat_pool *pool, struct leat_error *err)
{
	char buf[LEAT_ERROR_TEXT_BYTES] = "";
	struct leat__text text = {buf, sizeof(buf), 0};
	struct leaks leaks = {0};

	for (uint32_t k = 0; k < pool->n_slots; k++)
		if (leat__load_relaxed(&pool->frames[k].refs) != 0)
			leaks_count(&leaks,
				leat__load_relaxed(&pool->frames[k].owner));
	if (leaks.n_frames == 0)
		return LEAT_OK;
	for (uint32_t k = 0; k < leaks.n_owners; k++)
		leaks_add_owner(pool, &leaks.owners[k], &text);
	if (leaks.n_others > 0)
		leat__text_add(&text, ", %u of others", leaks.n_others);
	return leat__error(err, LEAT_ESTATE, "%u %s not released: %s",
		leaks.n_frames, leaks.n_frames == 1 ? "frame" : "frames", buf);
}

void
leat__pool_count_owners(
	const struct leat_pool *pool, uint32_t *n, uint32_t n_owners)
{
	for (uint32_t k = 0; k < pool->n_slots; k++) {
		uint16_t owner = leat__load_relaxed(&pool->frames[k].owner);

		if (leat__load_relaxed(&pool->frames[k].refs) != 0)
			n[owner < n_owners ? owner : 0]++;
	}
}
