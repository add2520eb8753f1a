/*
 * support/test.h -- what every test file starts from.
 *
 *	START_TEST(send_fails_at_once_after_cancel) { ... } END_TEST
 *	TEST_MAIN("chan/channel", send_fails_at_once_after_cancel, ...)
 *
 * Test names are sentences, and CK_RUN_CASE=NAME runs that one alone.
 * LEAT_TEST_SECONDS sets the limit of one test (120 by default; `dev` raises
 * it).
 */
#ifndef LEAT_TESTS_SUPPORT_TEST_H
#define LEAT_TESTS_SUPPORT_TEST_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As Check has it, but that what holds costs nothing: there each assertion is a
 * message to the process that watches, two microseconds of a loop's each round.
 * Of a crash the sanitizers tell the place. */
#undef ck_assert_msg
#define ck_assert_msg(expr, ...)                                               \
	((expr) ? (void)0                                                      \
		: _ck_assert_failed(__FILE__, __LINE__,                        \
			  "Assertion '" #expr "' failed", __VA_ARGS__))

#define TEST_MAIN(suite_name, ...)                                             \
	int main(void)                                                         \
	{                                                                      \
		static const TTest *tests[2000];                               \
		const TTest *list[] = {__VA_ARGS__};                           \
		size_t n = sizeof(list) / sizeof(list[0]);                     \
                                                                               \
		memcpy(tests, list, sizeof(list));                             \
		return test_main(suite_name, tests, n);                        \
	}

static inline int
test_main(const char *name, const TTest **tests, size_t n)
{
	const char *seconds = getenv("LEAT_TEST_SECONDS");
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	for (size_t k = 0; k < n; k++) {
		TCase *tcase = tcase_create(tests[k]->name);

		tcase_set_timeout(tcase, seconds ? atof(seconds) : 120.0);
		tcase_add_test(tcase, tests[k]);
		suite_add_tcase(suite, tcase);
	}
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
