/*
 * unit/fan/parallel_by.c -- replicas by key: records of one key in their order,
 * all of them there, also while keys move between replicas.
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/pipe.h"
#include "support/stress.h"

#define N_ROWS   10000u
#define N_CITIES 97u
#define CHUNK    "chunk_bytes=4096"
#define RESTLESS                                                               \
	"window=1us cooldown=1us grow_queue=2 shrink_queue=1 grow_rate=101 "   \
	"shrink_rate=100"

/* id,city,x: every eighth row has no city, some need decoding. */
static void
file_make(const char *path)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs("id,city,x\n", file);
	for (uint32_t k = 0; k < N_ROWS; k++) {
		uint32_t city = k * 7919u % N_CITIES;

		if (k % 8 == 0)
			fprintf(file, "%u,,%u\n", k, k % 10);
		else if (city % 5 == 0)
			fprintf(file, "%u,\"c %u\",%u\n", k, city, k % 10);
		else
			fprintf(file, "%u,c %u,%u\n", k, city, k % 10);
	}
	ck_assert_int_eq(fclose(file), 0);
}

/* The number of a city, N_CITIES for none. */
static uint32_t
line_city(const char *line)
{
	const char *at = strstr(line, "c ");

	return at ? (uint32_t)strtoul(at + 2, NULL, 10) : N_CITIES;
}

/* The line at *at, cut off; *at is moved behind it. NULL: there is none. */
static char *
line_next(char **at, const char *end)
{
	char *line = *at;
	char *newline = memchr(line, '\n', (size_t)(end - line));

	if (!newline)
		return NULL;
	*newline = '\0';
	*at = newline + 1;
	return line;
}

/* Rows with x > 3, each once; those of a city in their order. */
static void
file_check(const char *path)
{
	static bool is_there[N_ROWS];
	uint32_t last[N_CITIES + 1] = {0}, n = 0;
	size_t n_bytes;
	char *text = pipe_get_file(path, &n_bytes);
	char *at = text, *line;

	ck_assert_ptr_nonnull(text);
	memset(is_there, 0, sizeof(is_there));
	ck_assert_ptr_nonnull(line_next(&at, text + n_bytes)); /* the header */
	while ((line = line_next(&at, text + n_bytes))) {
		uint32_t id = (uint32_t)strtoul(line, NULL, 10);
		uint32_t city = line_city(line);

		must(id < N_ROWS);
		must(!is_there[id] && id % 10 > 3);
		is_there[id] = true;
		n++;
		if (city != N_CITIES && id < last[city])
			ck_abort_msg("row %u comes after row %u of its city",
				id, last[city]);
		last[city] = id;
	}
	ck_assert_uint_eq(n, N_ROWS / 10 * 6);
	free(text);
}

static void
try_parallel(const char *options)
{
	char text[400];
	struct leat_error err;

	pipe_enter_folder();
	file_make("in.csv");
	snprintf(text, sizeof(text),
		"read in.csv " CHUNK " ! csv.parse ! parallel %s "
		"{ where \"x > 3\" } ! csv.format ! write out.csv",
		options);
	ck_assert_msg(pipe_run(text, NULL, &err) == LEAT_OK, "%s", err.text);
	file_check("out.csv");
	pipe_leave_folder();
}

START_TEST(records_of_one_key_keep_their_order)
{
	try_parallel("1 by=city");
	try_parallel("3 by=city");
	try_parallel("7 ordered by=city");
}
END_TEST

START_TEST(they_do_while_keys_move_between_replicas)
{
	for (uint32_t k = 0; k < 6; k++) {
		try_parallel("1..4 by=city " RESTLESS);
		try_parallel("2..5 ordered by=city " RESTLESS);
	}
}
END_TEST

START_TEST(a_column_that_is_not_there_is_refused_and_pointed_at)
{
	const char *text =
		"read in.csv ! parallel 2 by=town { head } ! write out.csv";
	struct leat_error err;

	pipe_enter_folder();
	file_make("in.csv");
	ck_assert_int_eq(pipe_run(text, NULL, &err), LEAT_EINVAL);
	ck_assert_msg(strstr(err.text, "town") != NULL, "%s", err.text);
	ck_assert_str_eq(text + err.at_offset, "town { head } ! write out.csv");
	ck_assert_uint_eq(err.at_bytes, 4);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("fan/parallel_by", records_of_one_key_keep_their_order,
	they_do_while_keys_move_between_replicas,
	a_column_that_is_not_there_is_refused_and_pointed_at)
