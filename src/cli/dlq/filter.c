/*
 * cli/dlq/filter.c -- which dead letters the options of leat dlq mean.
 *
 * All that are given must hold. A pattern of --reason is that of LIKE in SQL:
 * % is any text, _ any byte; case does not matter.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "dlq.h"

static char
filter_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Each % takes as little as will do, and more where that fails: back to the
 * last one only, so it is quick. */
static bool
filter_is_like(const char *text, const char *pattern)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '%') {
			star = pattern++;
			from = text;
		} else if (*pattern == '_' ||
			(*pattern &&
				filter_lower(*pattern) ==
					filter_lower(*text))) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++from;
		} else {
			return false;
		}
	}
	return !pattern[strspn(pattern, "%")];
}

/* Is it one of the words between commas? */
static bool
filter_is_listed(const char *text, const char *list)
{
	size_t n = strlen(text);

	while (*list) {
		size_t len = strcspn(list, ",");

		if (len == n && strncasecmp(list, text, n) == 0)
			return true;
		list += len + (list[len] == ',');
	}
	return false;
}

static bool
filter_holds(const char *list, const char *text)
{
	return !list || (text && filter_is_listed(text, list));
}

/* "EDATA" is LEAT_EDATA. */
static bool
filter_code_holds(const char *list, const char *code)
{
	if (!list)
		return true;
	return code &&
		(filter_is_listed(code, list) ||
			(strncmp(code, "LEAT_", 5) == 0 &&
				filter_is_listed(code + 5, list)));
}

bool
leat__cli_filter_takes(
	struct leat__cli_filter *filter, const struct leat_letter *letter)
{
	const struct leat__cli_args *args = filter->args;

	if (!filter_holds(args->stage, letter->stage) ||
		!filter_holds(args->ids, letter->id) ||
		!filter_holds(args->origin, letter->origin) ||
		!filter_code_holds(args->code, letter->code) ||
		(args->reason &&
			(!letter->reason ||
				!filter_is_like(
					letter->reason, args->reason))) ||
		(args->has_since && letter->time_ns < args->since_ns))
		return false;
	return !args->limit || filter->n_matched++ < args->limit;
}

bool
leat__cli_filter_is_given(const struct leat__cli_args *args)
{
	return args->stage || args->ids || args->origin || args->code ||
		args->reason || args->has_since || args->limit;
}

/* "90m": so long ago. */
static bool
filter_ago(const char *text, int64_t *time_ns_out)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *text < '0' || *text > '9' || n > 1000000000)
		return false;
	for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++) {
		int64_t now_s = (int64_t)time(NULL);

		if (*end != units[k].unit || end[1])
			continue;
		*time_ns_out = now_s - (int64_t)n * units[k].seconds;
		*time_ns_out = *time_ns_out > 0 ? *time_ns_out * 1000000000 : 0;
		return true;
	}
	return false;
}

bool
leat__cli_since_parse(const char *text, int64_t *time_ns_out)
{
	return filter_ago(text, time_ns_out) ||
		leat_letter_time_parse(text, strlen(text), time_ns_out);
}
