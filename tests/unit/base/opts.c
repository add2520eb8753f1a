/*
 * unit/base/opts.c -- options of older and newer callers.
 */
#include "base/base.h"
#include "support/test.h"

struct today {
	uint32_t size;
	uint32_t flags;
	uint64_t window;
	uint32_t depth;
	uint32_t width;
};

struct tomorrow {
	struct today known;
	uint64_t extra;
};

static struct today full;
static struct leat_error err;

static int
copy(const void *opts)
{
	memset(&full, 0xee, sizeof(full));
	return leat__opts_copy(&full, sizeof(full), opts, "struct today", &err);
}

START_TEST(no_options_are_all_defaults)
{
	struct today zero = {.size = sizeof(zero)};

	ck_assert_int_eq(copy(NULL), LEAT_OK);
	ck_assert_mem_eq(&full, &zero, sizeof(zero));
}
END_TEST

START_TEST(options_of_today_are_copied)
{
	struct today o = {LEAT_OPTS_INIT(today), 1, 2, 3, 4};

	ck_assert_int_eq(copy(&o), LEAT_OK);
	ck_assert_mem_eq(&full, &o, sizeof(o));
}
END_TEST

START_TEST(an_older_caller_gets_zero_for_what_it_does_not_know)
{
	struct today o = {0, 1, 2, 3, 4};

	for (uint32_t size = 8; size < sizeof(o); size++) {
		uint8_t want[sizeof(o)] = {0};
		uint32_t own = sizeof(o);

		o.size = size;
		memcpy(want, &o, size);
		memcpy(want, &own, sizeof(own));
		ck_assert_int_eq(copy(&o), LEAT_OK);
		ck_assert_mem_eq(&full, want, sizeof(want));
	}
}
END_TEST

START_TEST(a_newer_caller_is_served_if_it_asks_for_nothing_new)
{
	struct tomorrow o = {{sizeof(o), 1, 2, 3, 4}, 0};

	ck_assert_int_eq(copy(&o), LEAT_OK);
	ck_assert_uint_eq(full.width, 4);
	ck_assert_uint_eq(full.size, sizeof(full));
}
END_TEST

START_TEST(a_newer_caller_that_uses_a_new_field_is_refused)
{
	for (size_t k = sizeof(struct today); k < sizeof(struct tomorrow);
		k++) {
		struct tomorrow o = {{sizeof(o), 1, 2, 3, 4}, 0};

		((uint8_t *)&o)[k] = 1;
		ck_assert_int_eq(copy(&o), LEAT_ENOTSUP);
		ck_assert_int_eq(err.code, LEAT_ENOTSUP);
		ck_assert_ptr_nonnull(strstr(err.text, "struct today"));
	}
}
END_TEST

START_TEST(a_size_that_was_forgotten_is_refused)
{
	for (uint32_t size = 0; size < 8; size++) {
		struct today o = {.size = size};

		ck_assert_int_eq(copy(&o), LEAT_EINVAL);
		ck_assert_ptr_nonnull(strstr(err.text, "LEAT_OPTS_INIT"));
	}
}
END_TEST

TEST_MAIN("base/opts", no_options_are_all_defaults, options_of_today_are_copied,
	an_older_caller_gets_zero_for_what_it_does_not_know,
	a_newer_caller_is_served_if_it_asks_for_nothing_new,
	a_newer_caller_that_uses_a_new_field_is_refused,
	a_size_that_was_forgotten_is_refused)
