/*
 * support/packed.h -- bytes that are put together, and files of compressed ones
 * that a graph decodes.
 */
#ifndef LEAT_TESTS_SUPPORT_PACKED_H
#define LEAT_TESTS_SUPPORT_PACKED_H

#include <stdlib.h>
#include <unistd.h>

#include "support/pipe.h"
#include "support/test.h"

struct bytes {
	char *data;
	size_t n;
	size_t room;
};

static inline void
add(struct bytes *b, const void *data, size_t n)
{
	while (b->room < b->n + n + 1) {
		b->room = 2 * b->room + 4096;
		b->data = realloc(b->data, b->room);
	}
	memcpy(b->data + b->n, data, n);
	b->n += n;
	b->data[b->n] = '\0';
}

/* What compresses a little, and is different everywhere. */
static inline struct bytes
noise(size_t n)
{
	struct bytes b = {0};
	uint64_t random = 88172645463325252ull;

	for (size_t k = 0; k < n; k++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		add(&b, &(char){(char)('a' + random % 23)}, 1);
	}
	return b;
}

/* The file "packed" of these bytes into the file "out". */
static inline int
decode(const char *codec, const char *opts, struct bytes b,
	struct leat_error *err)
{
	char graph[200];

	snprintf(graph, sizeof(graph),
		"read packed decode=off ! %s.decode %s ! write out sync=off",
		codec, opts);
	pipe_put_file("packed", b.data, b.n);
	unlink("out");
	*err = (struct leat_error){0};
	return pipe_run(graph, NULL, err);
}

static inline void
gives(const char *codec, const char *opts, struct bytes b, struct bytes wanted)
{
	struct leat_error err;
	size_t n;
	char *got;

	ck_assert_msg(decode(codec, opts, b, &err) == LEAT_OK, "%s: %s", codec,
		err.text);
	got = pipe_get_file("out", &n);
	ck_assert_uint_eq(n, wanted.n);
	ck_assert_mem_eq(got, wanted.data, n);
	free(got);
}

#endif
