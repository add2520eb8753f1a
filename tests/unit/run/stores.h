/*
 * unit/run/stores.h -- stores of dead letters, for tests.
 */
#ifndef LEAT_TESTS_UNIT_RUN_STORES_H
#define LEAT_TESTS_UNIT_RUN_STORES_H

#include "support/pipe.h"
#include "support/test.h"

#include <leat/dead.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Letters that came by, as "ID:RECORD ", damaged ones as "?RECORD ". */
struct seen {
	char text[65536];
	size_t n;
	uint32_t n_letters;
};

static inline int
seen_letter(const struct leat_letter *letter, void *user)
{
	struct seen *seen = user;
	bool is_damaged = letter->flags & LEAT_LETTER_DAMAGED;

	seen->n_letters++;
	seen->n += (size_t)snprintf(seen->text + seen->n,
		sizeof(seen->text) - seen->n, "%s%.*s ",
		is_damaged ? "?" : letter->id, (int)letter->n_bytes,
		letter->data ? (const char *)letter->data : "");
	ck_assert_uint_lt(seen->n, sizeof(seen->text));
	return LEAT_OK;
}

static inline void
store_holds(const char *path, const char *text)
{
	static struct seen seen;
	struct leat_dead *dead;
	struct leat_error err = {0};

	seen = (struct seen){.n = 0};
	ck_assert_msg(leat_dead_open(NULL, path, LEAT_DEAD_READ, &dead, &err) ==
			LEAT_OK,
		"%s", err.text);
	ck_assert_int_eq(
		leat_dead_each(dead, seen_letter, &seen, &err), LEAT_OK);
	leat_dead_close(dead);
	ck_assert_str_eq(seen.text, text);
}

static inline int
store_put(struct leat_dead *dead, const char *id, const char *record)
{
	struct leat_letter letter = {.id = id,
		.stage = "s",
		.reason = "r",
		.time_ns = 1,
		.n_attempts = 1,
		.data = record,
		.n_bytes = strlen(record)};

	return leat_dead_put(dead, &letter, NULL);
}

static inline struct leat_dead *
store_open(const char *path)
{
	struct leat_dead *dead;
	struct leat_error err = {0};

	ck_assert_msg(leat_dead_open(NULL, path, LEAT_DEAD_ADD, &dead, &err) ==
			LEAT_OK,
		"%s", err.text);
	return dead;
}

/* Those whose record begins with d go; with c, they get one attempt more. */
static inline int
store_decide(const struct leat_letter *letter, struct leat_letter *changed,
	void *user)
{
	const char *data = letter->data;

	(void)user;
	if (letter->n_bytes && data[0] == 'd')
		return LEAT_LETTER_DROP;
	if (!letter->n_bytes || data[0] != 'c')
		return LEAT_LETTER_KEEP;
	changed->n_attempts = letter->n_attempts + 1;
	changed->data = "changed";
	changed->n_bytes = 7;
	return LEAT_LETTER_CHANGE;
}

static inline int
store_refuse(const struct leat_letter *letter, struct leat_letter *changed,
	void *user)
{
	(void)changed;
	(void)user;
	return strcmp(letter->id, "2") == 0 ? LEAT_ESTATE : LEAT_LETTER_DROP;
}

/* A child adds letters "x1", "x2", ... until it is killed; those that it was
 * told are there it says through a pipe. @return the last of those. */
static inline uint64_t
store_killed_while_adding(const char *path, useconds_t after_us)
{
	uint64_t last = 0, n;
	int fds[2], status;
	pid_t child;

	ck_assert_int_eq(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		struct leat_dead *dead = store_open(path);
		char id[32], record[4200];

		memset(record, 'r', sizeof(record));
		record[sizeof(record) - 1] = '\0';
		for (n = 1;; n++) {
			snprintf(
				id, sizeof(id), "x%llu", (unsigned long long)n);
			if (store_put(dead, id, record) != LEAT_OK ||
				write(fds[1], &n, sizeof(n)) != sizeof(n))
				_exit(1);
		}
	}
	close(fds[1]);
	/* one letter at least, and then at some moment */
	ck_assert_int_eq(read(fds[0], &last, sizeof(last)), sizeof(last));
	usleep(after_us);
	kill(child, SIGKILL);
	while (read(fds[0], &n, sizeof(n)) == sizeof(n))
		last = n;
	close(fds[0]);
	waitpid(child, &status, 0);
	ck_assert(WIFSIGNALED(status));
	return last;
}

/* Are letters x1 to n there at least, each once, whole? */
struct counted {
	uint64_t n;
	uint32_t n_damaged;
};

static inline int
counted_letter(const struct leat_letter *letter, void *user)
{
	struct counted *c = user;

	if (letter->flags & LEAT_LETTER_DAMAGED) {
		c->n_damaged++;
		return LEAT_OK;
	}
	if (letter->id[0] != 'x')
		return LEAT_OK;
	ck_assert_uint_eq(strtoull(letter->id + 1, NULL, 10), ++c->n);
	ck_assert_uint_eq(letter->n_bytes, 4199);
	return LEAT_OK;
}

static inline struct counted
store_count(const char *path)
{
	struct counted c = {0, 0};
	struct leat_dead *dead;

	ck_assert_int_eq(
		leat_dead_open(NULL, path, LEAT_DEAD_READ, &dead, NULL),
		LEAT_OK);
	ck_assert_int_eq(
		leat_dead_each(dead, counted_letter, &c, NULL), LEAT_OK);
	leat_dead_close(dead);
	return c;
}

/* Two children add 200 letters each, while letters are changed. */
static inline void
store_has_all_of_two_writers(const char *path)
{
	struct leat_dead *dead = store_open(path);
	struct seen *seen = calloc(1, sizeof(*seen));
	pid_t child[2];

	for (int k = 0; k < 2; k++) {
		child[k] = fork();
		if (child[k] == 0) {
			struct leat_dead *own = store_open(path);
			char id[32];
			int rc = 0;

			for (int n = 0; n < 200; n++) {
				snprintf(id, sizeof(id), "%d-%d", k, n);
				rc |= store_put(own, id, n % 2 ? "d" : "keep");
			}
			leat_dead_close(own);
			_exit(rc != 0);
		}
	}
	for (int k = 0; k < 20; k++)
		ck_assert_int_eq(
			leat_dead_change(dead, store_decide, NULL, NULL),
			LEAT_OK);
	for (int k = 0; k < 2; k++) {
		int status;

		waitpid(child[k], &status, 0);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(
		leat_dead_change(dead, store_decide, NULL, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_dead_each(dead, seen_letter, seen, NULL), LEAT_OK);
	ck_assert_uint_eq(seen->n_letters, 200);
	free(seen);
	leat_dead_close(dead);
}

#endif
