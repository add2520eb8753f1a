/*
 * cli/dlq/letters.c -- letters in memory, found by their ids.
 *
 * Keeps: each is one piece of memory with all that it points to.
 */
#include <stdlib.h>
#include <string.h>

#include "dlq.h"

#define LETTERS_NAME "letter "

/* What a copy takes from where. */
struct copier {
	char *at;
};

static const char *
copy_text(struct copier *c, const char *text)
{
	char *to = c->at;

	if (!text)
		return NULL;
	c->at = stpcpy(to, text) + 1;
	return to;
}

static size_t
text_bytes(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static size_t
letter_bytes(const struct leat_letter *l, const char *path)
{
	return sizeof(struct leat__cli_letter) + text_bytes(l->id) +
		text_bytes(l->stage) + text_bytes(l->code) +
		text_bytes(l->class_name) + text_bytes(l->reason) +
		text_bytes(l->origin) + text_bytes(l->head) +
		text_bytes(l->trace) + l->n_bytes + text_bytes(path) +
		text_bytes(l->id) + sizeof(LETTERS_NAME);
}

static void
letter_copy(struct leat__cli_letter *to, const struct leat_letter *from,
	const char *path)
{
	struct copier c = {(char *)(to + 1)};
	char *name;

	to->letter = *from;
	to->letter.id = copy_text(&c, from->id);
	to->letter.stage = copy_text(&c, from->stage);
	to->letter.code = copy_text(&c, from->code);
	to->letter.class_name = copy_text(&c, from->class_name);
	to->letter.reason = copy_text(&c, from->reason);
	to->letter.origin = copy_text(&c, from->origin);
	to->letter.head = copy_text(&c, from->head);
	to->letter.trace = copy_text(&c, from->trace);
	to->path = (char *)(uintptr_t)copy_text(&c, path);
	name = c.at;
	c.at = stpcpy(stpcpy(name, LETTERS_NAME), from->id ? from->id : "") + 1;
	to->name = name;
	if (!from->data)
		return;
	to->letter.data = memcpy(c.at, from->data, from->n_bytes);
}

int
leat__cli_letters_add(struct leat__cli_letters *letters,
	const struct leat_letter *letter, const char *path)
{
	size_t n_bytes = letter_bytes(letter, path);
	struct leat__cli_letter *copy;

	if (letters->n_bytes + n_bytes > LEAT__CLI_LETTERS_BYTES_MAX)
		return LEAT_ELIMIT;
	if (letters->n == letters->n_room) {
		size_t n = letters->n_room ? 2 * letters->n_room : 64;
		void *more = realloc(letters->at, n * sizeof(*letters->at));

		if (!more)
			return LEAT_ENOMEM;
		letters->at = more;
		letters->n_room = n;
	}
	copy = calloc(1, n_bytes);
	if (!copy)
		return LEAT_ENOMEM;
	letter_copy(copy, letter, path);
	letters->at[letters->n++] = copy;
	letters->n_bytes += n_bytes;
	return LEAT_OK;
}

static const char *
letter_id(const struct leat__cli_letter *letter)
{
	return letter->letter.id ? letter->letter.id : "";
}

static int
letters_compare(const void *a, const void *b)
{
	const struct leat__cli_letter *const *x = a, *const *y = b;

	return strcmp(letter_id(*x), letter_id(*y));
}

static int
letters_compare_id(const void *id, const void *at)
{
	const struct leat__cli_letter *const *letter = at;

	return strcmp(id, letter_id(*letter));
}

int
leat__cli_letters_sort(struct leat__cli_letters *letters)
{
	free(letters->sorted);
	letters->n_sorted = letters->n;
	letters->sorted = malloc((letters->n + 1) * sizeof(*letters->sorted));
	if (!letters->sorted)
		return LEAT_ENOMEM;
	if (letters->n)
		memcpy(letters->sorted, letters->at,
			letters->n * sizeof(*letters->sorted));
	qsort(letters->sorted, letters->n, sizeof(*letters->sorted),
		letters_compare);
	return LEAT_OK;
}

struct leat__cli_letter *
leat__cli_letters_find(const struct leat__cli_letters *letters, const char *id)
{
	struct leat__cli_letter **at;

	if (!id || !letters->n_sorted)
		return NULL;
	at = bsearch(id, letters->sorted, letters->n_sorted,
		sizeof(*letters->sorted), letters_compare_id);
	return at ? *at : NULL;
}

struct leat__cli_letter *
leat__cli_letters_find_name(
	const struct leat__cli_letters *letters, const char *name)
{
	size_t n = strlen(LETTERS_NAME);

	if (!name || strncmp(name, LETTERS_NAME, n) != 0)
		return NULL;
	return leat__cli_letters_find(letters, name + n);
}

void
leat__cli_letters_free(struct leat__cli_letters *letters)
{
	for (size_t k = 0; k < letters->n; k++)
		free(letters->at[k]);
	free(letters->at);
	free(letters->sorted);
	*letters = (struct leat__cli_letters){0};
}
