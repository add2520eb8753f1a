/*
 * unit/base/version.c -- which library is linked.
 */
#include "base/base.h"
#include "support/test.h"

START_TEST(the_version_is_that_of_the_headers)
{
	char numbers[40];

	snprintf(numbers, sizeof(numbers), "%d.%d.%d", LEAT_VERSION_MAJOR,
		LEAT_VERSION_MINOR, LEAT_VERSION_PATCH);
	ck_assert_str_eq(leat_version(), LEAT_VERSION_TEXT);
	ck_assert_str_eq(leat_version(), numbers);
}
END_TEST

TEST_MAIN("base/version", the_version_is_that_of_the_headers)
