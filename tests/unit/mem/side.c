/*
 * unit/mem/side.c -- side memory: counted, capped, freed with its stage.
 */
#include "mem/mem.h"

#include "support/fail.h"
#include "support/test.h"

#define HEADER 32u

extern void *mallocx(size_t n_bytes, int flags) __attribute__((weak));

static struct fail_env world;
static struct leat__arena *arena;
static struct leat__account account;

static void
setup(uint64_t cap_bytes)
{
	fail_env_init(&world);
	ck_assert_int_eq(leat__arena_create(&world.env, &arena), LEAT_OK);
	leat__account_init(&account, arena, cap_bytes);
}

static void
teardown(void)
{
	leat__account_fini(&account);
	ck_assert_uint_eq(account.used_bytes, 0);
	ck_assert_ptr_null(account.list);
	leat__arena_destroy(arena);
	ck_assert_uint_eq(world.alloc_live, 0);
}

START_TEST(jemalloc_is_used_if_it_is_there)
{
	ck_assert_int_eq(
		leat__arena_create(leat__env_posix(), &arena), LEAT_OK);
	ck_assert_int_eq(leat__arena_is_jemalloc(arena), &mallocx != NULL);
	leat__arena_destroy(arena);
	leat__arena_destroy(NULL);
}
END_TEST

START_TEST(another_world_keeps_its_own_memory)
{
	void *memory;

	setup(1000);
	ck_assert(!leat__arena_is_jemalloc(arena));
	ck_assert_int_eq(leat__account_alloc(&account, 1, &memory), LEAT_OK);
	ck_assert_uint_eq(world.alloc_live, 2);
	teardown();
}
END_TEST

static void
fill_and_check(void)
{
	uint8_t *blocks[50];

	for (size_t k = 0; k < 50; k++) {
		void *memory;

		ck_assert_int_eq(leat__account_alloc(&account, k * 37, &memory),
			LEAT_OK);
		ck_assert_uint_eq((uintptr_t)memory % 16, 0);
		memset(memory, (int)k, k * 37);
		blocks[k] = memory;
	}
	for (size_t k = 0; k < 50; k++)
		for (size_t j = 0; j < k * 37; j++)
			ck_assert_uint_eq(blocks[k][j], k);
	for (size_t k = 0; k < 50; k += 2)
		leat__account_free(&account, blocks[k]);
}

START_TEST(blocks_are_aligned_and_do_not_overlap)
{
	setup(UINT64_MAX);
	fill_and_check();
	teardown();
	ck_assert_int_eq(
		leat__arena_create(leat__env_posix(), &arena), LEAT_OK);
	leat__account_init(&account, arena, UINT64_MAX);
	fill_and_check();
	leat__account_fini(&account);
	leat__arena_destroy(arena);
}
END_TEST

START_TEST(what_is_held_is_counted_with_its_headers)
{
	void *a, *b;

	setup(10000);
	ck_assert_int_eq(leat__account_alloc(&account, 100, &a), LEAT_OK);
	ck_assert_int_eq(leat__account_alloc(&account, 200, &b), LEAT_OK);
	ck_assert_uint_eq(account.used_bytes, 300 + 2 * HEADER);
	leat__account_free(&account, a);
	leat__account_free(&account, NULL);
	ck_assert_uint_eq(account.used_bytes, 200 + HEADER);
	ck_assert_uint_eq(account.high_bytes, 300 + 2 * HEADER);
	leat__account_free(&account, b);
	ck_assert_uint_eq(account.used_bytes, 0);
	teardown();
}
END_TEST

START_TEST(the_cap_is_kept_to_the_byte)
{
	void *a = NULL, *b = NULL;

	setup(100 + 2 * HEADER);
	ck_assert_int_eq(leat__account_alloc(&account, 60, &a), LEAT_OK);
	ck_assert_int_eq(leat__account_alloc(&account, 41, &b), LEAT_ELIMIT);
	ck_assert_ptr_null(b);
	ck_assert_int_eq(leat__account_alloc(&account, 40, &b), LEAT_OK);
	ck_assert_int_eq(leat__account_alloc(&account, 0, &a), LEAT_ELIMIT);
	leat__account_free(&account, b);
	ck_assert_int_eq(leat__account_alloc(&account, 40, &b), LEAT_OK);
	teardown();
}
END_TEST

START_TEST(sizes_that_wrap_around_are_over_the_cap)
{
	void *a = NULL;

	setup(UINT64_MAX);
	for (size_t k = 0; k < HEADER; k++)
		ck_assert_int_eq(
			leat__account_alloc(&account, SIZE_MAX - k, &a),
			LEAT_ELIMIT);
	teardown();
}
END_TEST

START_TEST(blocks_may_go_in_any_order)
{
	for (int first = 0; first < 3; first++) {
		for (int step = 1; step < 3; step++) {
			void *blocks[3];

			setup(10000);
			for (int k = 0; k < 3; k++)
				ck_assert_int_eq(leat__account_alloc(&account,
							 10, &blocks[k]),
					LEAT_OK);
			for (int k = 0; k < 3; k++)
				leat__account_free(&account,
					blocks[(first + k * step) % 3]);
			ck_assert_uint_eq(world.alloc_live, 1);
			teardown();
		}
	}
}
END_TEST

START_TEST(no_memory_is_said_and_counts_nothing)
{
	void *a = NULL;

	fail_env_init(&world);
	world.alloc_fail_at = 1;
	ck_assert_int_eq(leat__arena_create(&world.env, &arena), LEAT_ENOMEM);
	setup(10000);
	world.alloc_fail_at = 2;
	ck_assert_int_eq(leat__account_alloc(&account, 10, &a), LEAT_ENOMEM);
	ck_assert_ptr_null(a);
	ck_assert_uint_eq(account.used_bytes, 0);
	teardown();
}
END_TEST

TEST_MAIN("mem/side", jemalloc_is_used_if_it_is_there,
	another_world_keeps_its_own_memory,
	blocks_are_aligned_and_do_not_overlap,
	what_is_held_is_counted_with_its_headers, the_cap_is_kept_to_the_byte,
	sizes_that_wrap_around_are_over_the_cap, blocks_may_go_in_any_order,
	no_memory_is_said_and_counts_nothing)
