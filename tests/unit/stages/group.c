/*
 * group: results by their types, nulls, keys, limits, and the disk.
 */
#include "support/typed.h"

#include <math.h>

/* ---- text ---------------------------------------------------------------- */

START_TEST(groups_come_in_the_order_in_which_they_appear)
{
	pipe_gives("csv.parse ! group by=k n=count() ! csv.format",
		"k,x\nb,1\na,2\nb,3\n\"c,c\",4\n",
		"k,n\nb,2\na,1\n\"c,c\",1\n");
}
END_TEST

START_TEST(keys_are_compared_as_they_read_not_as_they_stand)
{
	pipe_gives("csv.parse ! group by=k n=count() ! csv.format",
		"k\na\n\"a\"\n\"q\"\"q\"\n\"q\"\"q\"\n",
		"k,n\na,2\n\"q\"\"q\",2\n");
}
END_TEST

START_TEST(null_is_a_group_of_its_own)
{
	pipe_gives("csv.parse ! group by=k n=count() m=count(x) ! csv.format",
		"k,x\na,1\n,2\na,\n,\n", "k,n,m\na,2,1\n,2,1\n");
	pipe_gives("csv.parse ! group by=j,k n=count() ! csv.format",
		"j,k\na,\n,a\na,\n,a\n,\n", "j,k,n\na,,2\n,a,2\n,,1\n");
}
END_TEST

START_TEST(null_and_an_empty_text_are_two_groups)
{
	pipe_gives("json.parse ! group by=k n=count() ! json.format",
		"{\"k\":\"\"}\n{\"k\":null}\n{\"k\":\"a\"}\n{\"k\":\"\"}\n",
		"{\"k\":\"\",\"n\":2}\n{\"k\":null,\"n\":1}\n"
		"{\"k\":\"a\",\"n\":1}\n");
}
END_TEST

START_TEST(a_string_of_json_is_no_number)
{
	pipe_gives("json.parse ! group s=sum(x) on_error=skip ! json.format",
		"{\"x\":1}\n{\"x\":2}\n", "{\"s\":3}\n");
	pipe_gives("json.parse infer_rows=1 ! group s=sum(x) n=count() "
		   "on_error=skip ! json.format",
		"{\"x\":1}\n{\"x\":\"2\"}\n{\"x\":4}\n", "{\"s\":5,\"n\":2}\n");
}
END_TEST

START_TEST(what_is_json_stays_json)
{
	pipe_gives("json.parse ! group by=k f=first(v) ! json.format",
		"{\"k\":[1],\"v\":[2]}\n{\"k\":[1],\"v\":[3]}\n",
		"{\"k\":[1],\"f\":[2]}\n");
}
END_TEST

START_TEST(keys_of_several_columns_do_not_run_together)
{
	typed_gives("group by=j,k n=count()", "j,k\nab,c\na,bc\nab,c\n",
		"j,k,n\nab,c,2\na,bc,1\n");
}
END_TEST

START_TEST(without_by_there_is_one_row)
{
	typed_gives("group n=count() s=sum(x)", "x\n1\n2\n", "n,s\n2,3\n");
	typed_gives("group n=count() s=sum(x) a=avg(x) d=stddev(x) "
		    "i=min(x) f=first(x) m=median(x) c=distinct(x) "
		    "h=approx_distinct(x)",
		"x,y\n", "n,s,a,d,i,f,m,c,h\n0,,,,,,,0,0\n");
}
END_TEST

START_TEST(without_rows_groups_have_none)
{
	pipe_gives("csv.parse ! group by=x n=count() ! csv.format", "x\n",
		"x,n\n");
}
END_TEST

START_TEST(by_alone_gives_the_keys)
{
	typed_gives("group by=x", "x\nb\na\nb\n", "x\nb\na\n");
}
END_TEST

START_TEST(text_is_read_as_numbers_where_numbers_are_wanted)
{
	typed_gives("group s=sum(x) a=avg(x)",
		"x,y\n1.5,a\n\" 2 \",b\n-0.5,c\n", "s,a\n3,1\n");
}
END_TEST

START_TEST(results_without_a_name_get_one)
{
	typed_gives("group count() count(x) sum(x) median(x) "
		    "quantile(x,0.95) quantile(x,0.999) approx_distinct(x)",
		"x\n1\n",
		"count,count_x,sum_x,median_x,p95_x,p99_9_x,distinct_x\n"
		"1,1,1,1,1,1,1\n");
	typed_gives("group \"`a,b`=sum(`x,y`)\"", "\"x,y\"\n1\n2\n",
		"\"a,b\"\n3\n");
}
END_TEST

/* ---- types --------------------------------------------------------------- */

START_TEST(sums_of_int64_are_exact_or_an_error)
{
	typed_gives("group s=sum(n) a=avg(n)",
		"n:int64\n9223372036854775807\n-9223372036854775807\n7\n",
		"s,a\n7,2.3333333333333335\n");
	typed_gives("group s=sum(n)", "n:int64\n9223372036854775806\n1\n",
		"s\n9223372036854775807\n");
	typed_gives("group s=sum(n)", "n:int64\n-9223372036854775807\n-1\n",
		"s\n-9223372036854775808\n");
	typed_fails("group total=sum(n)", "n:int64\n9223372036854775807\n1\n",
		"total: the sum of column 'n' is beyond int64");
	typed_fails("group s=sum(n)", "n:int64\n-9223372036854775808\n-1\n",
		"beyond int64");
	typed_gives("group a=avg(n)",
		"n:int64\n9223372036854775807\n9223372036854775807\n",
		"a\n9.223372036854776e+18\n");
}
END_TEST

START_TEST(sums_of_decimals_are_exact_or_an_error)
{
	typed_gives("group s=sum(d) a=avg(d) i=min(d) x=max(d)",
		"d:decimal2\n0.10\n0.20\n-1.05\n1000000000000000000000.07\n",
		"s,a,i,x\n999999999999999999999.32,"
		"2.5e+20,-1.05,1000000000000000000000.07\n");
	typed_gives("group s=sum(d)",
		"d:decimal0\n99999999999999999999999999999999999999\n"
		"99999999999999999999999999999999999999\n"
		"99999999999999999999999999999999999999\n"
		"-99999999999999999999999999999999999999\n"
		"-99999999999999999999999999999999999999\n",
		"s\n99999999999999999999999999999999999999\n");
	typed_fails("group s=sum(d)",
		"d:decimal0\n99999999999999999999999999999999999999\n1\n",
		"beyond 38 digits");
}
END_TEST

START_TEST(sums_of_float64_keep_what_rounding_takes)
{
	typed_gives("group s=sum(x)",
		"x:float64\n1e16\n1\n1\n1\n1\n-1e16\n0.25\n", "s\n4.25\n");
	typed_gives("group s=sum(x)", "x:float64\n1e308\n1e308\n-1e308\n",
		"s\ninf\n");
}
END_TEST

START_TEST(an_average_is_rounded_once)
{
	typed_gives("group a=avg(n)",
		"n:int64\n9007199254740993\n9007199254740993\n"
		"9007199254740993\n",
		"a\n9007199254740992\n");
	typed_gives("group a=avg(n)", "n:int64\n1\n0\n0\n",
		"a\n0.3333333333333333\n");
	typed_gives("group a=avg(b) s=sum(b)",
		"b:bool\ntrue\nfalse\ntrue\ntrue\n", "a,s\n0.75,3\n");
}
END_TEST

START_TEST(a_deviation_needs_two_values)
{
	typed_gives("group by=k s=stddev(n)",
		"k,n:int64\na,2\nb,5\na,4\na,\na,4\na,4\na,5\na,5\na,7\na,9\n",
		"k,s\na,2.138089935299395\nb,\n");
}
END_TEST

START_TEST(least_and_greatest_are_by_value)
{
	typed_gives("group i=min(n) x=max(n) f=first(n) l=last(n)",
		"n:int64\n10\n9\n-3\n100\n\n", "i,x,f,l\n-3,100,10,100\n");
	typed_gives("group i=min(n) x=max(n) f=first(n) l=last(n)",
		"n:string\n10\n9\nabc\n\n100\n", "i,x,f,l\n10,abc,10,100\n");
	typed_gives("group i=min(n) x=max(n) f=first(n) l=last(n)",
		"n:float64\n1.5\n-1e9\n-0.25\n",
		"i,x,f,l\n"
		"-1000000000,1.5,1.5,-0.25\n");
	typed_gives("group i=min(d) x=max(d) f=first(t) l=last(t)",
		"d:date,t:timestamp\n2001-02-03,2001-02-03T04:05:06Z\n"
		"1969-12-31,\n,2020-01-01\n",
		"i,x,f,l\n1969-12-31,2001-02-03,2001-02-03T04:05:06Z,"
		"2020-01-01T00:00:00Z\n");
	typed_gives("group i=min(b) x=max(b) c=count(b)",
		"b:bool\ntrue\n\nfalse\n", "i,x,c\nfalse,true,2\n");
}
END_TEST

START_TEST(what_is_no_number_is_above_all_numbers)
{
	/* the sum of both infinities is none */
	typed_gives("group by=j,k s=sum(x) ! group by=j t=sum(s) ! "
		    "group n=count(t) i=min(t) x=max(t) d=distinct(t) s=sum(t) "
		    "q=quantile(t,1)",
		"j,k,x:float64\n1,a,1e308\n1,a,1e308\n1,b,-1e308\n"
		"1,b,-1e308\n2,a,5\n3,a,-7\n",
		"n,i,x,d,s,q\n3,-7,nan,3,nan,nan\n");
}
END_TEST

START_TEST(texts_that_are_kept_may_grow)
{
	typed_gives("group by=k i=min(s) l=last(s)",
		"k,s\na,zz\nb,\na,zabcdefghijklmnopqrstuvwxyz\na,"
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\n",
		"k,i,l\na,abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz,"
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\nb,,\n");
}
END_TEST

START_TEST(keys_are_compared_by_their_values)
{
	typed_gives("group by=x n=count()", "x:float64\n1.0\n1\n1e0\n-0\n0\n",
		"x,n\n1,3\n0,2\n");
	typed_gives("group by=d,b n=count()",
		"d:decimal2,b:bool\n1.5,true\n1.50,true\n1.5,false\n",
		"d,b,n\n1.50,true,2\n1.50,false,1\n");
	typed_gives("group by=t n=count()",
		"t:timestamp\n2001-01-01T12:00:00+02:00\n"
		"2001-01-01T10:00:00Z\n",
		"t,n\n2001-01-01T10:00:00Z,2\n");
	typed_gives("group by=x n=count()", "x:binary\n00ff\n00FF\n\n",
		"x,n\n00ff,2\n,1\n");
}
END_TEST

START_TEST(different_values_are_counted_by_value)
{
	typed_gives("group by=k s=distinct(s) x=distinct(x) d=distinct(d) "
		    "h=approx_distinct(x)",
		"k,s:string,x:float64,d:decimal1\na,1,1,1\na,1.0,1.0,1.0\na,,,"
		"\n"
		"b,1,0,0\na,1,-1,2\nb,2,-0,-0.0\n",
		"k,s,x,d,h\na,2,2,2,2\nb,2,1,1,1\n");
}
END_TEST

START_TEST(quantiles_are_between_ranks)
{
	typed_gives("group m=median(n) a=quantile(n,0) b=quantile(n,0.25) "
		    "c=quantile(n,1)",
		"n:int64\n4\n1\n3\n2\n", "m,a,b,c\n2.5,1,1.75,4\n");
	typed_gives("group m=median(d)", "d:decimal2\n0.10\n0.30\n0.50\n",
		"m\n0.3\n");
}
END_TEST

/* ---- mistakes ------------------------------------------------------------ */

START_TEST(a_result_that_is_none_fails_with_its_place)
{
	static const char *const cases[][2] = {
		{"group", "neither by= nor a result is given"},
		{"group sum(x", "a ) is missing"},
		{"group sum()", "sum needs a column"},
		{"group total(x)", "no function 'total'; there are: count()"},
		{"group x", "a result is wanted, like n=count()"},
		{"group \"=sum(x)\"", "a name is missing before the ="},
		{"group \"sum(x)y\"", "behind a result only a comma"},
		{"group quantile(x)", "quantile needs a number"},
		{"group quantile(x,2)", "a number from 0 to 1"},
		{"group quantile(x,half)", "a number from 0 to 1"},
		{"group \"n=sum(`x)\"", "a ` is not closed"},
		{"group by=x,,y n=count()", "a column name is missing"},
		{"group n=count() by=\"`x` z\"", "only a comma may stand"},
		{"group by=z", "no column 'z'; there are: x, y"},
		{"group sum(z)", "no column 'z'; there are: x, y"},
		{"group by=x x=count()", "two columns would be called 'x'"},
		{"group sum(x) sum(x)", "two columns would be called 'sum_x'"},
		{"group n=count() memory=1k", "from 256k to"},
		{"group n=count() spill_bytes=1k", "from 1M to"},
	};

	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
		typed_fails(cases[k][0], "x,y\n1,2\n", cases[k][1]);
}
END_TEST

START_TEST(a_column_that_is_no_number_cannot_be_summed)
{
	typed_fails("group avg(d)", "d:date\n2001-01-01\n",
		"column 'd' is date, where a number is wanted");
	typed_fails("group median(d)", "d:binary\n00\n", "is binary");
}
END_TEST

START_TEST(a_value_that_does_not_convert_fails_with_its_place)
{
	pipe_fails("csv.parse ! group sum(x) ! csv.format", "y,x\na,1\nb,n/a\n",
		"3:3: column 'x' has 'n/a'");
	typed_fails("group sum(x)", "x:int64\n1\n1.5\n",
		"in.csv:3:1: column 'x' has '1.5', where int64 is wanted");
}
END_TEST

START_TEST(a_value_that_does_not_convert_can_be_skipped)
{
	struct leat_graph_stats stats;
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in.csv", "k:int64,x:float64\n1,1\n1,n/a\nx,5\n1,3\n");
	ck_assert_int_eq(
		typed_run_stages("group by=k s=sum(x) n=count() on_error=skip",
			131072, &stats, &err),
		LEAT_OK);
	pipe_file_holds("out.csv", "k,s,n\n1,4,2\n");
	ck_assert_uint_eq(stats.folded, 2);
	ck_assert_uint_eq(stats.failed, 2);
	pipe_leave_folder();
}
END_TEST

/* ---- memory -------------------------------------------------------------- */

/* Rows of n groups, each twice, far from each other. */
static void
many_put(uint32_t n)
{
	char *text = malloc(n * 2 * 48 + 64), *at = text;

	ck_assert_ptr_nonnull(text);
	at += sprintf(at, "k,x:int64,y:float64\n");
	for (uint32_t k = 0; k < 2 * n; k++)
		at += sprintf(at, "key%u,%u,%u.5\n", k * 7u % n, k, k % 1000);
	pipe_put_file("in.csv", text, (size_t)(at - text));
	free(text);
}

static int
many_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of out.csv, sorted, as one text; to be freed. */
static char *
many_sorted(void)
{
	size_t n_bytes;
	char *text = pipe_get_file("out.csv", &n_bytes);
	char *sorted = malloc(n_bytes + 2), *to = sorted;
	char **lines = malloc((n_bytes + 1) * sizeof(*lines));
	size_t n = 0;

	for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n"))
		lines[n++] = at;
	qsort(lines, n, sizeof(*lines), many_compare);
	for (size_t k = 0; k < n; k++)
		to += sprintf(to, "%s\n", lines[k]);
	free(lines);
	free(text);
	return sorted;
}

static char *
many_run(const char *stages)
{
	struct leat_error err = {0};

	ck_assert_msg(typed_run_stages(stages, 131072, NULL, &err) == LEAT_OK,
		"%s: %s", stages, err.text);
	return many_sorted();
}

#define MANY_RESULTS                                                           \
	"n=count() s=sum(x) a=avg(y) d=stddev(y) i=min(x) f=first(x) "         \
	"l=last(y) c=distinct(y)"

START_TEST(results_do_not_depend_on_memory)
{
	char *all, *few;

	pipe_enter_folder();
	many_put(40000);
	all = many_run("group by=k " MANY_RESULTS);
	few = many_run("group by=k memory=256k " MANY_RESULTS);
	ck_assert(strcmp(all, few) == 0);
	ck_assert_uint_gt(strlen(all), 40000);
	free(few);
	few = many_run("group by=k memory=1M " MANY_RESULTS);
	ck_assert(strcmp(all, few) == 0);
	free(all);
	free(few);
	pipe_leave_folder();
}
END_TEST

START_TEST(sketches_do_not_depend_on_memory)
{
	static const char results[] = "m=median(x) p=quantile(y,0.9) "
				      "h=approx_distinct(x) t=min(k)";
	char stages[256], *all, *few;

	pipe_enter_folder();
	many_put(1500);
	snprintf(stages, sizeof(stages), "group by=k %s", results);
	all = many_run(stages);
	snprintf(stages, sizeof(stages), "group by=k memory=1M %s", results);
	few = many_run(stages);
	ck_assert(strcmp(all, few) == 0);
	free(all);
	free(few);
	pipe_leave_folder();
}
END_TEST

START_TEST(different_values_beyond_memory_are_all_counted)
{
	pipe_enter_folder();
	many_put(50000);
	free(many_run("group c=distinct(k) d=distinct(x) memory=300k"));
	pipe_file_holds("out.csv", "c,d\n50000,100000\n");
	pipe_leave_folder();
}
END_TEST

/* Groups that may still grow leave no memory for values: these all wait. */
START_TEST(values_find_room_when_all_rows_have_come)
{
	char *all, *few;

	pipe_enter_folder();
	many_put(3000);
	all = many_run("group by=k c=distinct(y) m=median(y) p=median(x) "
		       "t=last(k) d=distinct(x)");
	few = many_run("group by=k c=distinct(y) m=median(y) p=median(x) "
		       "t=last(k) d=distinct(x) memory=300k");
	ck_assert(strcmp(all, few) == 0);
	free(all);
	free(few);
	pipe_leave_folder();
}
END_TEST

START_TEST(the_order_of_what_was_on_the_disk_is_the_same_each_time)
{
	char *first, *second;
	size_t n;

	pipe_enter_folder();
	many_put(20000);
	free(many_run("group by=k n=count() memory=256k"));
	first = pipe_get_file("out.csv", &n);
	free(many_run("group by=k n=count() memory=256k"));
	second = pipe_get_file("out.csv", &n);
	ck_assert(strcmp(first, second) == 0);
	/* and what memory held comes first, as it appeared */
	ck_assert(strncmp(first, "k,n\nkey0,2\nkey7,2\nkey14,2\n", 26) == 0);
	free(first);
	free(second);
	pipe_leave_folder();
}
END_TEST

START_TEST(too_little_disk_fails_and_says_what_would_help)
{
	struct leat_error err = {0};

	pipe_enter_folder();
	many_put(60000);
	ck_assert_int_eq(typed_run_stages("group by=k n=count() f=first(y) "
					  "memory=256k spill_bytes=1M",
				 131072, NULL, &err),
		LEAT_ELIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "spill_bytes="));
	ck_assert_ptr_nonnull(strstr(err.text, "memory="));
	ck_assert_int_lt(typed_run_stages("group by=k n=count() memory=256k "
					  "spill_dir=nowhere",
				 131072, NULL, &err),
		0);
	ck_assert_ptr_nonnull(strstr(err.text, "nowhere"));
	pipe_leave_folder();
}
END_TEST

START_TEST(a_row_beyond_all_memory_fails_and_says_what_would_help)
{
	char *text = malloc(600001 + 64);
	struct leat_error err = {0};
	int n;

	pipe_enter_folder();
	n = sprintf(text, "k\n");
	memset(text + n, 'x', 600000);
	strcpy(text + n + 600000, "\n");
	pipe_put_text("in.csv", text);
	free(text);
	ck_assert_int_eq(
		typed_run_stages("group by=k memory=256k", 1 << 20, NULL, &err),
		LEAT_ELIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "memory="));
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/group", groups_come_in_the_order_in_which_they_appear,
	keys_are_compared_as_they_read_not_as_they_stand,
	null_is_a_group_of_its_own, null_and_an_empty_text_are_two_groups,
	a_string_of_json_is_no_number, what_is_json_stays_json,
	keys_of_several_columns_do_not_run_together,
	without_by_there_is_one_row, without_rows_groups_have_none,
	by_alone_gives_the_keys,
	text_is_read_as_numbers_where_numbers_are_wanted,
	results_without_a_name_get_one, sums_of_int64_are_exact_or_an_error,
	sums_of_decimals_are_exact_or_an_error,
	sums_of_float64_keep_what_rounding_takes, an_average_is_rounded_once,
	a_deviation_needs_two_values, least_and_greatest_are_by_value,
	what_is_no_number_is_above_all_numbers, texts_that_are_kept_may_grow,
	keys_are_compared_by_their_values,
	different_values_are_counted_by_value, quantiles_are_between_ranks,
	a_result_that_is_none_fails_with_its_place,
	a_column_that_is_no_number_cannot_be_summed,
	a_value_that_does_not_convert_fails_with_its_place,
	a_value_that_does_not_convert_can_be_skipped,
	results_do_not_depend_on_memory, sketches_do_not_depend_on_memory,
	different_values_beyond_memory_are_all_counted,
	values_find_room_when_all_rows_have_come,
	the_order_of_what_was_on_the_disk_is_the_same_each_time,
	too_little_disk_fails_and_says_what_would_help,
	a_row_beyond_all_memory_fails_and_says_what_would_help)
