/*
 * unit/exec/spare.c -- lists of what is free, and a few of each worker's own.
 */
#include "support/test.h"

#include "exec/spare.h"
#include "support/fail.h"

#define N_OWNERS 3
#define KEPT_MAX (N_OWNERS * LEAT__SPARES_OWN_MAX)
#define N_USED   5
#define N_ITEMS  (KEPT_MAX + N_USED)

struct item {
	struct leat__spare spare;
	bool is_used;
	uint32_t n_left; /* how often it left its owner */
};

struct store {
	struct leat__spares spares;
	struct leat__spares_own own[N_OWNERS];
	struct item items[N_ITEMS];
};

static struct item *
item_of(struct leat__spare *spare)
{
	return leat__container_of(spare, struct item, spare);
}

static void
note_leave(struct leat__spares *spares, struct leat__spare *spare)
{
	(void)spares;
	item_of(spare)->n_left++;
}

static void
store_init(struct store *store, uint32_t n_items)
{
	struct item *items = store->items;

	memset(store, 0, sizeof(*store));
	store->spares.env = leat__env_posix();
	for (uint32_t k = 1; k < n_items; k++)
		items[k - 1].spare.next = &items[k].spare;
	if (n_items)
		leat__spares_add(&store->spares, &items[0].spare,
			&items[n_items - 1].spare);
}

static struct item *
take(struct store *store, uint32_t owner)
{
	struct leat__spare *spare =
		leat__spares_take(&store->spares, &store->own[owner]);

	if (!spare)
		return NULL;
	ck_assert(!item_of(spare)->is_used);
	item_of(spare)->is_used = true;
	return item_of(spare);
}

static void
give(struct store *store, uint32_t owner, struct item *item)
{
	item->is_used = false;
	leat__spares_give(&store->spares, &store->own[owner], &item->spare);
}

START_TEST(what_is_new_is_taken_in_its_order)
{
	struct store store;

	store_init(&store, N_ITEMS);
	for (uint32_t k = 0; k < N_ITEMS; k++)
		ck_assert_ptr_eq(take(&store, 0), &store.items[k]);
	ck_assert_ptr_null(take(&store, 0));
	ck_assert_uint_eq(store.own[0].n, 0);
}
END_TEST

START_TEST(without_a_few_of_ones_own_it_is_the_list_that_is_used)
{
	struct store store;
	struct leat__spare *spare;

	store_init(&store, 2);
	for (uint32_t k = 0; k < 2; k++) {
		spare = leat__spares_take(&store.spares, NULL);
		ck_assert_ptr_eq(spare, &store.items[k].spare);
	}
	ck_assert_ptr_null(leat__spares_take(&store.spares, NULL));
	leat__spares_give(&store.spares, NULL, spare);
	ck_assert_ptr_eq(take(&store, 0), &store.items[1]);
	ck_assert_ptr_null(take(&store, 0));
}
END_TEST

START_TEST(what_was_given_last_is_taken_first)
{
	struct store store;
	struct item *a, *b;

	store_init(&store, N_ITEMS);
	a = take(&store, 0);
	b = take(&store, 0);
	give(&store, 0, a);
	give(&store, 0, b);
	ck_assert_ptr_eq(take(&store, 0), b);
	ck_assert_ptr_eq(take(&store, 0), a);
}
END_TEST

START_TEST(nobody_keeps_more_than_a_few_and_the_newest_of_them)
{
	struct store store;
	struct item *last = NULL;
	uint32_t n_left = 0;

	store_init(&store, N_ITEMS);
	store.spares.leave = note_leave;
	for (uint32_t k = 0; k < N_ITEMS; k++)
		ck_assert_ptr_nonnull(take(&store, 0));
	for (uint32_t k = 0; k < N_ITEMS; k++) {
		last = &store.items[k];
		give(&store, 0, last);
		ck_assert_uint_le(store.own[0].n, LEAT__SPARES_OWN_MAX);
		ck_assert_ptr_eq(store.own[0].first, &last->spare);
	}
	for (uint32_t k = 0; k < N_ITEMS; k++)
		n_left += store.items[k].n_left;
	ck_assert_uint_eq(n_left, N_ITEMS - store.own[0].n);
	/* another one finds all the others */
	for (uint32_t k = 0; k < n_left; k++)
		ck_assert_uint_eq(take(&store, 1)->n_left, 1);
	ck_assert_ptr_null(take(&store, 1));
	ck_assert_ptr_eq(take(&store, 0), last);
}
END_TEST

/* Whoever keeps what: as long as one less is used than there are beyond what
 * all together may keep, one more is found. */
START_TEST(beyond_what_all_may_keep_one_is_always_found)
{
	struct store store;
	struct item *used[N_USED] = {NULL};
	uint64_t seed = 1;

	store_init(&store, N_ITEMS);
	for (int step = 0; step < 100000; step++) {
		uint32_t at, owner;

		seed = seed * UINT64_C(6364136223846793005) + 1;
		at = (uint32_t)(seed >> 33) % N_USED;
		owner = (uint32_t)(seed >> 50) % N_OWNERS;
		if (used[at]) {
			give(&store, owner, used[at]);
			used[at] = NULL;
		} else {
			used[at] = take(&store, owner);
			ck_assert_ptr_nonnull(used[at]);
		}
	}
}
END_TEST

TEST_MAIN("exec/spare", what_is_new_is_taken_in_its_order,
	without_a_few_of_ones_own_it_is_the_list_that_is_used,
	what_was_given_last_is_taken_first,
	nobody_keeps_more_than_a_few_and_the_newest_of_them,
	beyond_what_all_may_keep_one_is_always_found)
