/*
 * join on=KEY: kinds, nulls, keys of several types and columns, many rows of
 * one key on both sides, what is not sorted; and against nested loops.
 */
#include "support/pipe.h"
#include "support/test.h"

/* a.csv with b.csv; NULL: as they are. */
static int
join(const char *a, const char *b, const char *options, struct leat_error *err)
{
	char text[320];

	pipe_put_text("a.csv", a);
	pipe_put_text("b.csv", b);
	snprintf(text, sizeof(text),
		"read a.csv ! j.  read b.csv ! j.  join name=j %s ! "
		"write o.csv",
		options);
	return pipe_run(text, NULL, err);
}

static void
gives(const char *a, const char *b, const char *options, const char *output)
{
	struct leat_error err;

	pipe_enter_folder();
	ck_assert_msg(join(a, b, options, &err) == LEAT_OK, "%s", err.text);
	pipe_file_holds("o.csv", output);
	pipe_leave_folder();
}

static void
fails(const char *a, const char *b, const char *options, int code,
	const char *what)
{
	struct leat_error err;

	pipe_enter_folder();
	ck_assert_int_eq(join(a, b, options, &err), code);
	ck_assert_msg(strstr(err.text, what) != NULL, "%s", err.text);
	ck_assert_uint_eq(pipe_count_files(), 2);
	pipe_leave_folder();
}

#define LEFT  "k,a\na,1\nb,2\n\"d\",3\nd,4\n"
#define RIGHT "b,k\nx,a\n\"y,\",d\nz,d\nw,e\n"

START_TEST(rows_with_the_same_key_are_joined)
{
	gives(LEFT, RIGHT, "on=k",
		"k,a,b\na,1,x\n\"d\",3,\"y,\"\n\"d\",3,z\nd,4,\"y,\"\nd,4,z\n");
	gives(LEFT, RIGHT, "by=key on=k kind=inner",
		"k,a,b\na,1,x\n\"d\",3,\"y,\"\n\"d\",3,z\nd,4,\"y,\"\nd,4,z\n");
}
END_TEST

START_TEST(a_left_join_keeps_all_of_the_first)
{
	gives(LEFT, RIGHT, "on=k kind=left",
		"k,a,b\na,1,x\nb,2,\n\"d\",3,\"y,\"\n\"d\",3,z\nd,4,\"y,\"\n"
		"d,4,z\n");
	gives("k\nx\ny\n", "k,b\n", "on=k kind=left", "k,b\nx,\ny,\n");
}
END_TEST

START_TEST(an_anti_join_keeps_what_meets_none)
{
	gives(LEFT, RIGHT, "on=k kind=anti", "k,a\nb,2\n");
	gives("k\nx\nz\n", "k\ny\n", "on=k kind=anti", "k\nx\nz\n");
}
END_TEST

START_TEST(a_null_meets_nothing_wherever_it_stands)
{
	gives("k,a\n,1\na,2\n,3\nb,4\n", "k,b\na,p\n,q\nb,r\n,s\n", "on=k",
		"k,a,b\na,2,p\nb,4,r\n");
	gives("k,a\n,1\na,2\n,3\n", "k,b\n,q\na,r\n", "on=k kind=left",
		"k,a,b\n,1,\na,2,r\n,3,\n");
}
END_TEST

START_TEST(decimals_and_moments_are_keys)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("a.csv", "k,a\n-1.50,1\n0.10,2\n9007199254740993.01,3\n");
	pipe_put_text(
		"b.csv", "k,b\n-1.5,x\n0.1000,y\n9007199254740993.02,z\n");
	ck_assert_msg(pipe_run("read a.csv schema=\"k:decimal(2)\" ! j.  "
			       "read b.csv schema=\"k:decimal(4)\" ! j.  "
			       "join name=j on=k ! write o.csv",
			      NULL, &err) == LEAT_OK,
		"%s", err.text);
	pipe_file_holds("o.csv", "k,a,b\n-1.50,1,x\n0.10,2,y\n");
	pipe_put_text("a.csv",
		"k,a\n2024-01-01T12:00:00+05:00,1\n2024-01-01T08:00:00Z,2\n");
	pipe_put_text("b.csv",
		"k,b\n2024-01-01T07:00:00Z,x\n2024-01-01T09:00:00+01:00,y\n");
	ck_assert_msg(pipe_run("read a.csv ! j.  read b.csv ! j.  "
			       "join name=j on=k ! write o.csv",
			      NULL, &err) == LEAT_OK,
		"%s", err.text);
	pipe_file_holds("o.csv",
		"k,a,b\n2024-01-01T12:00:00+05:00,1,x\n"
		"2024-01-01T08:00:00Z,2,y\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(names_that_are_there_twice_are_told_apart)
{
	gives("k,v\na,1\n", "k,v\na,2\n", "on=k", "k,v,v_2\na,1,2\n");
}
END_TEST

START_TEST(keys_of_several_columns_and_orders_are_joined)
{
	gives("k,n,a\nb,x,1\nb,y,2\na,x,3\n", "n,k,b\nx,b,p\nz,b,q\nx,a,r\n",
		"on=\"k desc,n\"", "k,n,a,b\nb,x,1,p\na,x,3,r\n");
}
END_TEST

START_TEST(branches_without_rows_give_none)
{
	gives("k,a\n", RIGHT, "on=k", "k,a,b\n");
	gives(LEFT, "k,b\n", "on=k", "k,a,b\n");
	gives("k\n", "k\n", "on=k", "k\n");
}
END_TEST

START_TEST(values_that_are_no_fields_are_keys_too)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("a.csv", "v\nx\ny\nz\n");
	ck_assert_msg(
		pipe_run("read a.csv ! number k start=9 ! j.  "
			 "read a.csv ! select w=v ! number k start=10 ! j.  "
			 "join name=j on=k ! where \"k > 10\" ! write o.csv",
			NULL, &err) == LEAT_OK,
		"%s", err.text);
	pipe_file_holds("o.csv", "v,k,w\nz,11,y\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(what_is_not_sorted_is_an_error_with_its_place)
{
	fails("k,a\nb,1\n\"c\nc\",1\na,2\n", RIGHT, "on=k", LEAT_EDATA,
		"in 0 ('csv.parse') is not sorted by 'k': a.csv:5:1 has 'a'");
	fails(LEFT, "k\nb\na\n", "on=k", LEAT_EDATA,
		"in 1 ('csv.parse2') is not sorted by 'k'");
}
END_TEST

/* Of several files it is told which, and how to sort. */
START_TEST(the_file_that_is_not_sorted_is_named)
{
	static const char *const graphs[] = {
		"read [ab].csv ! j.  read c.csv ! j. "
		"join on=k name=j ! write o.csv",
		"read [ab].csv ! m.  read c.csv ! m. "
		"merge order=key:k name=m ! write o.csv"};
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("a.csv", "k\n3\n4\n");
	pipe_put_text("b.csv", "k\n4\n1\n");
	pipe_put_text("c.csv", "k\n5\n");
	for (uint32_t k = 0; k < 2; k++) {
		ck_assert_int_eq(pipe_run(graphs[k], NULL, &err), LEAT_EDATA);
		ck_assert_msg(strstr(err.text, "by 'k': b.csv:3:1 has '1'"),
			"%s", err.text);
		ck_assert_str_eq(err.origin, "b.csv");
		ck_assert_uint_eq(err.line, 3);
	}
	ck_assert_int_eq(pipe_run("read b.csv ! sort k ! j.  read c.csv ! j. "
				  "join on=k name=j ! write o.csv",
				 NULL, &err),
		LEAT_OK);
	pipe_leave_folder();
}
END_TEST

START_TEST(more_rows_of_one_key_than_memory_holds_are_an_error)
{
	char right[12000] = "k,b\n";
	size_t n = strlen(right);

	for (int k = 0; k < 1000; k++)
		n += (size_t)snprintf(
			right + n, sizeof(right) - n, "a,%d\n", k);
	fails("k\na\n", right, "on=k memory=4k", LEAT_ELIMIT, "memory=N");
	gives("k\na\n", right, "on=k memory=4k kind=anti", "k\n");
}
END_TEST

START_TEST(options_that_do_not_belong_together_are_refused)
{
	fails(LEFT, RIGHT, "by=key", LEAT_EINVAL, "like on=id");
	fails(LEFT, RIGHT, "on=k missing=null", LEAT_EINVAL, "by=stamp");
	fails(LEFT, RIGHT, "on=kk", LEAT_EINVAL, "no column 'kk'");
	fails("k\na\n", "v\n1\n", "on=k", LEAT_EINVAL, "no column 'k'");
}
END_TEST

/* ---- against nested loops --------------------------------------------------- */

#define ROWS_MAX 400u

struct rows {
	uint32_t n;
	uint32_t keys[ROWS_MAX]; /* 0 = null */
};

static uint32_t
mix(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void
make(struct rows *rows, uint32_t *seed, uint32_t n_keys)
{
	uint32_t key = 1;

	rows->n = mix(seed) % ROWS_MAX;
	for (uint32_t k = 0; k < rows->n; k++) {
		key += mix(seed) % n_keys == 0 ? mix(seed) % 3 : 0;
		rows->keys[k] = mix(seed) % 8 ? key : 0;
	}
}

static void
put_rows(const char *path, const struct rows *rows, const char *name)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fprintf(file, "k,%s\n", name);
	for (uint32_t k = 0; k < rows->n; k++) {
		if (rows->keys[k])
			fprintf(file, "k%05u", rows->keys[k]);
		fprintf(file, ",%s%u\n", name, k);
	}
	fclose(file);
}

static char *
loops(const struct rows *a, const struct rows *b, int kind)
{
	size_t n_max = 64 + 32 * (size_t)(ROWS_MAX + 1) * (ROWS_MAX + 1);
	char *out = malloc(n_max), *at = out;

	at += sprintf(at, kind == 2 ? "k,a\n" : "k,a,b\n");
	for (uint32_t x = 0; x < a->n; x++) {
		char key[16] = "";
		uint32_t n = 0;

		if (a->keys[x])
			sprintf(key, "k%05u", a->keys[x]);
		for (uint32_t y = 0; y < b->n; y++) {
			if (!a->keys[x] || a->keys[x] != b->keys[y])
				continue;
			n++;
			if (kind != 2)
				at += sprintf(at, "%s,a%u,b%u\n", key, x, y);
		}
		if (!n && kind == 1)
			at += sprintf(at, "%s,a%u,\n", key, x);
		if (!n && kind == 2)
			at += sprintf(at, "%s,a%u\n", key, x);
	}
	return out;
}

START_TEST(it_gives_what_nested_loops_give)
{
	static const char *const kinds[] = {"inner", "left", "anti"};
	static struct rows a, b;
	uint32_t seed = 7;
	char text[200];

	pipe_enter_folder();
	for (uint32_t k = 0; k < 12; k++) {
		struct leat_error err;
		char *wanted;

		make(&a, &seed, 1 + k);
		make(&b, &seed, 1 + mix(&seed) % 12);
		put_rows("a.csv", &a, "a");
		put_rows("b.csv", &b, "b");
		wanted = loops(&a, &b, (int)(k % 3));
		snprintf(text, sizeof(text),
			"read a.csv chunk_bytes=%u ! j. "
			"read b.csv chunk_bytes=%u ! j. "
			"join name=j on=k kind=%s ! write o.csv",
			4096 * (1 + k % 2), 4096 * (1 + k / 2 % 2),
			kinds[k % 3]);
		ck_assert_msg(pipe_run(text, NULL, &err) == LEAT_OK, "%s: %s",
			text, err.text);
		pipe_file_holds("o.csv", wanted);
		free(wanted);
	}
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("fan/join_key", rows_with_the_same_key_are_joined,
	a_left_join_keeps_all_of_the_first, an_anti_join_keeps_what_meets_none,
	a_null_meets_nothing_wherever_it_stands, decimals_and_moments_are_keys,
	names_that_are_there_twice_are_told_apart,
	keys_of_several_columns_and_orders_are_joined,
	branches_without_rows_give_none, values_that_are_no_fields_are_keys_too,
	what_is_not_sorted_is_an_error_with_its_place,
	the_file_that_is_not_sorted_is_named,
	more_rows_of_one_key_than_memory_holds_are_an_error,
	options_that_do_not_belong_together_are_refused,
	it_gives_what_nested_loops_give)
