/*
 * table/expr_functions.c -- functions by name.
 *
 * Any thread; no state.
 */
#include <string.h>

#include "table/expr.h"

static const struct expr_function *const functions_lists[] = {
	leat__expr_arith_functions,
	leat__expr_text_functions,
	leat__expr_number_functions,
	leat__expr_date_functions,
	leat__expr_regex_functions,
};

/* Those that are no functions of a list, but are written like one. */
static const char *const functions_words[] = {
	"cast", "try_cast", "coalesce", "if"};

static bool
functions_is_name(const char *name, const char *text, size_t n_bytes)
{
	if (strlen(name) != n_bytes)
		return false;
	for (size_t k = 0; k < n_bytes; k++) {
		char c = text[k];

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if (c != name[k])
			return false;
	}
	return true;
}

const struct expr_function *
leat__expr_function_find(const char *name, size_t n_bytes)
{
	for (size_t k = 0; k < leat__array_len(functions_lists); k++)
		for (const struct expr_function *f = functions_lists[k];
			f->name; f++)
			if (functions_is_name(f->name, name, n_bytes))
				return f;
	return NULL;
}

const char *
leat__expr_function_suggest(const char *name, size_t n_bytes)
{
	uint32_t limit = n_bytes < 5 ? 1 : 2, distance;
	const char *best = NULL;

	for (size_t k = 0; k < leat__array_len(functions_lists); k++)
		for (const struct expr_function *f = functions_lists[k];
			f->name; f++) {
			distance = leat__edit_distance(
				f->name, strlen(f->name), name, n_bytes);
			if (!f->usage || distance > limit)
				continue;
			limit = distance;
			best = f->name;
		}
	for (size_t k = 0; k < leat__array_len(functions_words); k++) {
		const char *word = functions_words[k];

		distance =
			leat__edit_distance(word, strlen(word), name, n_bytes);
		if (distance < limit + !best) {
			limit = distance;
			best = word;
		}
	}
	return best;
}
