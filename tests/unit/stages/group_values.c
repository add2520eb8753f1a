/*
 * group.values: what is made ready gives what is read row by row.
 */
#include "support/typed.h"

#include <unistd.h>

static uint64_t
next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* Rows of all kinds of values, and a column that is the same in all. */
static void
put_rows(uint32_t n, uint64_t seed, uint32_t most)
{
	char *text = malloc(n * 96 + 128), *at = text;

	ck_assert_ptr_nonnull(text);
	at += sprintf(at,
		"one,i:int64,f:float64,d:date,b:bool,"
		"c:decimal,s,t,x:int64\n");
	for (uint32_t k = 0; k < n; k++) {
		uint32_t v = (uint32_t)(next(&seed) % most);

		at += sprintf(at, "1,%s%u,%s,%u-02-%02u,%s,%u,",
			v % 2 ? "-" : "", v, v % 3 ? "0.5" : "-0",
			1000 + v % 3000, 1 + v % 28, v % 2 ? "true" : "false",
			v);
		if (v % 7)
			at += sprintf(at, v % 5 ? "s%u" : "\"q\"\"%u\"", v);
		at += sprintf(
			at, ",%s%u,%u\n", v % 11 ? "" : "a longer text ", v, v);
	}
	pipe_put_file("in.csv", text, (size_t)(at - text));
	free(text);
}

static char *
run(const char *stages, uint32_t chunk_bytes)
{
	char *text = malloc(1 << 16);
	struct leat_error err = {0};
	FILE *from;

	ck_assert_ptr_nonnull(text);
	ck_assert_msg(
		typed_run_stages(stages, chunk_bytes, NULL, &err) == LEAT_OK,
		"%s: %s", stages, err.text);
	from = fopen("out.csv", "r");
	ck_assert_ptr_nonnull(from);
	text[fread(text, 1, (1 << 16) - 1, from)] = '\0';
	fclose(from);
	unlink("out.csv");
	return text;
}

/* Without keys values are made ready; with one they are read row by row. */
static void
expect_same(const char *before, const char *results)
{
	static const uint32_t chunks[] = {4096, 131072};
	char stages[512];
	char *ready, *rows;

	for (uint32_t k = 0; k < 2; k++) {
		snprintf(stages, sizeof(stages), "%sgroup %s", before, results);
		ready = run(stages, chunks[k]);
		snprintf(stages, sizeof(stages), "%sgroup by=one %s ! drop one",
			before, results);
		rows = run(stages, chunks[k]);
		ck_assert_str_eq(ready, rows);
		free(ready);
		free(rows);
	}
}

#define ALL_COUNTS                                                             \
	"n=count() i=distinct(i) f=distinct(f) d=distinct(d) b=distinct(b) "   \
	"c=distinct(c) s=distinct(s) t=distinct(t) m=sum(i) l=last(s)"

START_TEST(counts_of_different_values_are_those_of_rows)
{
	pipe_enter_folder();
	put_rows(1, 1, 100);
	expect_same("", ALL_COUNTS);
	put_rows(3000, 2, 50);
	expect_same("", ALL_COUNTS);
	expect_same("", "s=distinct(s)");
	expect_same("", "s=distinct(s) u=distinct(s) m=min(s)");
	put_rows(20000, 3, 100000);
	expect_same("", ALL_COUNTS);
	expect_same("", "t=distinct(t) s=distinct(s)");
	pipe_leave_folder();
}
END_TEST

/* A key of text is made ready; with another beside it it is read from rows. */
static void
expect_same_groups(const char *before, const char *results)
{
	static const uint32_t chunks[] = {4096, 131072};
	char stages[512];
	char *ready, *rows;

	for (uint32_t k = 0; k < 2; k++) {
		snprintf(stages, sizeof(stages), "%sgroup by=s %s ! sort s",
			before, results);
		ready = run(stages, chunks[k]);
		snprintf(stages, sizeof(stages),
			"%sgroup by=s,one %s ! drop one ! sort s", before,
			results);
		rows = run(stages, chunks[k]);
		ck_assert_str_eq(ready, rows);
		free(ready);
		free(rows);
	}
}

#define GROUP_COUNTS                                                           \
	"n=count() i=sum(i) a=avg(f) t=last(t) d=distinct(t) m=max(s)"

START_TEST(groups_by_a_key_of_text_are_those_of_rows)
{
	pipe_enter_folder();
	put_rows(1, 6, 100);
	expect_same_groups("", GROUP_COUNTS);
	put_rows(4000, 7, 40);
	expect_same_groups("", GROUP_COUNTS);
	expect_same_groups("", "n=count()");
	expect_same_groups("where \"x > 20\" ! ", GROUP_COUNTS);
	put_rows(4000, 8, 1500);
	expect_same_groups("", "n=count() i=sum(i)");
	expect_same_groups("", "memory=256k n=count() l=last(i)");
	expect_same_groups("", "memory=600k " GROUP_COUNTS);
	pipe_leave_folder();
}
END_TEST

/* Whatever stands behind them, and on which side of eight bytes they end. */
START_TEST(keys_of_every_length_are_told_apart)
{
	static const char letters[] = "aaaaaaaaaaaaaaa";
	char text[4096], want[1024], *at = text, *to = want, *got;

	at += sprintf(at, "k,x\n");
	for (int row = 0; row < 4; row++)
		for (int len = 1; len <= 14; len++)
			at += sprintf(at, "%.*s,%.*s\n", len, letters,
				row * 3 + 1, letters);
	to += sprintf(to, "k,n\n");
	for (int len = 1; len <= 14; len++)
		to += sprintf(to, "%.*s,4\n", len, letters);
	pipe_enter_folder();
	pipe_put_file("in.csv", text, (size_t)(at - text));
	got = run("group by=k n=count()", 4096);
	ck_assert_str_eq(got, want);
	free(got);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_key_that_is_null_or_long_has_its_group)
{
	typed_gives("group by=k n=count()",
		"k,x\n12345678901,1\n,2\n123456789012,3\n123456789013,4\n"
		"12345678901,5\n,6\n123456789012,7\n",
		"k,n\n12345678901,2\n,2\n123456789012,2\n123456789013,1\n");
	pipe_gives("json.parse ! group by=k n=count() ! json.format",
		"{\"k\":\"\"}\n{\"k\":null}\n{\"k\":\"\"}\n",
		"{\"k\":\"\",\"n\":2}\n{\"k\":null,\"n\":1}\n");
}
END_TEST

START_TEST(only_rows_that_are_alive_are_counted)
{
	pipe_enter_folder();
	put_rows(5000, 4, 3000);
	expect_same("where \"x > 1500\" ! ", ALL_COUNTS);
	expect_same("where \"x > 2990\" ! ", "s=distinct(s) i=distinct(i)");
	pipe_leave_folder();
}
END_TEST

START_TEST(memory_changes_nothing)
{
	char *all, *few;

	pipe_enter_folder();
	put_rows(60000, 5, 1000000);
	all = run("group s=distinct(s) i=distinct(i) memory=64M", 131072);
	few = run("group s=distinct(s) i=distinct(i) memory=300k", 131072);
	ck_assert_str_eq(all, few);
	free(few);
	few = run("group s=distinct(s) i=distinct(i) memory=3M", 4096);
	ck_assert_str_eq(all, few);
	free(all);
	free(few);
	pipe_leave_folder();
}
END_TEST

/* More of them than wait at once. */
START_TEST(values_that_wait_are_all_counted)
{
	char *text = malloc(200000 * 16), *at = text, *out;

	ck_assert_ptr_nonnull(text);
	at += sprintf(at, "k,j\n");
	for (uint32_t k = 0; k < 300000; k++)
		at += sprintf(at, "%u,%u\n", k % 150000, k % 7);
	pipe_enter_folder();
	pipe_put_file("in.csv", text, (size_t)(at - text));
	free(text);
	out = run("group a=distinct(k) b=distinct(j) memory=20M", 131072);
	ck_assert_str_eq(out, "a,b\n150000,7\n");
	free(out);
	pipe_leave_folder();
}
END_TEST

START_TEST(values_of_rows_that_are_rejected_are_not_counted)
{
	typed_gives("group s=distinct(s) m=sum(x) on_error=skip",
		"s,x:int64\na,1\nb,no\na,2\nc,3\n", "s,m\n2,6\n");
	typed_gives("group s=distinct(s) i=distinct(x) on_error=skip",
		"s,x:int64\na,1\nb,no\na,2\nc,3\n", "s,i\n2,3\n");
}
END_TEST

START_TEST(values_are_told_apart_by_what_they_are)
{
	typed_gives("group s=distinct(s) f=distinct(f)",
		"s,f:float64\n1,1\n1.0,1.0\n01,1e0\n,0\n\"1\",-0\n",
		"s,f\n3,2\n");
	typed_gives("group s=distinct(s) n=count()", "s\n", "s,n\n0,0\n");
	pipe_gives("json.parse ! group s=distinct(s) n=count() ! json.format",
		"{\"s\":\"\"}\n{\"s\":null}\n{\"s\":\"a\\u0062\"}\n"
		"{\"s\":\"ab\"}\n",
		"{\"s\":2,\"n\":4}\n");
}
END_TEST

START_TEST(what_is_wrong_is_said_of_group)
{
	typed_fails(
		"group distinct(delai)", "delay\n1\n", "did you mean 'delay'?");
	typed_fails("group s=sum(s)", "s:date\n2001-01-01\n", "is wanted");
}
END_TEST

TEST_MAIN("stages/group_values", counts_of_different_values_are_those_of_rows,
	groups_by_a_key_of_text_are_those_of_rows,
	keys_of_every_length_are_told_apart,
	a_key_that_is_null_or_long_has_its_group,
	only_rows_that_are_alive_are_counted, memory_changes_nothing,
	values_that_wait_are_all_counted,
	values_of_rows_that_are_rejected_are_not_counted,
	values_are_told_apart_by_what_they_are, what_is_wrong_is_said_of_group)
