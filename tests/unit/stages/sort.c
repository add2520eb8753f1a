/*
 * sort: the order of every type, nulls, equal rows, values as they stood; what
 * is spilled and merged in several passes; limits and errors.
 */
#include "support/pipe.h"
#include "support/test.h"

/* In chunks of a few sizes. */
static void
gives(const char *stages, const char *input, const char *output)
{
	const struct pipe_case c = {
		.stages = stages, .input = input, .output = output};

	pipe_check_chunks(&c, 5);
	pipe_check_chunks(&c, 64);
}

#define SORT_GIVES(by, input, output)                                          \
	gives("csv.parse ! sort memory=64k " by " ! csv.format", input, output)

static void
fails(const char *stages, const char *input, const char *error)
{
	const struct pipe_case c = {
		.stages = stages, .input = input, .error = error};

	pipe_check_chunks(&c, 7);
}

START_TEST(text_is_sorted_by_its_bytes)
{
	gives("csv.parse ! sort memory=64k s ! csv.format",
		"s,n\nb,1\nB,2\nab,3\na,4\n\"a\x01\",5\nä,6\n",
		"s,n\nB,2\na,4\n\"a\x01\",5\nab,3\nb,1\nä,6\n");
}
END_TEST

START_TEST(bytes_that_keys_use_themselves_are_sorted_as_any)
{
	gives("json.parse ! sort s memory=64k ! json.format",
		"{\"s\":\"a\\u0002\"}\n{\"s\":\"a\\u0001\"}\n"
		"{\"s\":\"a\\u0001\\u0000\"}\n{\"s\":\"a\\u0000\\u0001\"}\n"
		"{\"s\":\"a\\u0000\"}\n{\"s\":\"a\"}\n",
		"{\"s\":\"a\"}\n{\"s\":\"a\\u0000\"}\n"
		"{\"s\":\"a\\u0000\\u0001\"}\n{\"s\":\"a\\u0001\"}\n"
		"{\"s\":\"a\\u0001\\u0000\"}\n{\"s\":\"a\\u0002\"}\n");
}
END_TEST

START_TEST(rows_that_are_equal_stay_as_they_came)
{
	SORT_GIVES("s", "s,n\nb,1\na,2\nb,3\na,4\nb,5\n",
		"s,n\na,2\na,4\nb,1\nb,3\nb,5\n");
}
END_TEST

START_TEST(desc_turns_one_column_around)
{
	SORT_GIVES("\"s desc, n\"", "s,n\na,y\nb,z\nab,x\nb,x\n",
		"s,n\nb,x\nb,z\nab,x\na,y\n");
	SORT_GIVES("\"s asc,n desc\"", "s,n\na,y\na,z\nA,x\n",
		"s,n\nA,x\na,z\na,y\n");
}
END_TEST

START_TEST(nulls_go_last_or_first_in_either_order)
{
	SORT_GIVES("s", "s,n\n,1\nb,2\n,3\na,4\n", "s,n\na,4\nb,2\n,1\n,3\n");
	SORT_GIVES("\"s desc\"", "s,n\n,1\nb,2\n,3\na,4\n",
		"s,n\nb,2\na,4\n,1\n,3\n");
	SORT_GIVES("s nulls=first", "s,n\n,1\nb,2\n,3\na,4\n",
		"s,n\n,1\n,3\na,4\nb,2\n");
	SORT_GIVES("\"s desc\" nulls=first", "s,n\n,1\nb,2\n,3\na,4\n",
		"s,n\n,1\n,3\nb,2\na,4\n");
}
END_TEST

START_TEST(values_are_written_as_they_stood)
{
	SORT_GIVES("n", "n,s\r\n3,\"a \"\"b\"\"\"\r\n1,\"x,\ny\"\r\n2,1.50\r\n",
		"n,s\n1,\"x,\ny\"\n2,1.50\n3,\"a \"\"b\"\"\"\n");
}
END_TEST

START_TEST(doubled_quotes_are_one_in_the_order)
{
	SORT_GIVES("s", "s\n\"b\"\n\"a\"\"b\"\n\"a#b\"\n\"a!b\"\n",
		"s\n\"a!b\"\n\"a\"\"b\"\n\"a#b\"\n\"b\"\n");
}
END_TEST

START_TEST(quotes_that_are_data_come_back)
{
	SORT_GIVES(
		"n", "n,s\n2,a\"b\n1,\"c\"\n", "n,s\n1,\"c\"\n2,\"a\"\"b\"\n");
}
END_TEST

START_TEST(a_cr_at_the_end_of_a_value_is_part_of_it)
{
	gives("csv.parse ! select s ! sort memory=64k s ! csv.format",
		"s,n\nb\r,1\na,2\n", "s\na\n\"b\r\"\n");
}
END_TEST

START_TEST(columns_that_were_chosen_are_what_comes_out)
{
	gives("csv.parse ! select n,t=s ! sort memory=64k \"t desc\" ! "
	      "csv.format",
		"s,n,z\na,1,p\nb,2,q\n", "n,t\n2,b\n1,a\n");
}
END_TEST

START_TEST(rows_that_were_dropped_are_not_sorted)
{
	gives("csv.parse ! where \"n > 1\" ! sort memory=64k s ! csv.format",
		"s,n\nc,1\nb,2\na,3\n", "s,n\na,3\nb,2\n");
}
END_TEST

START_TEST(a_table_of_no_row_keeps_its_columns)
{
	SORT_GIVES("s", "s,n\n", "s,n\n");
	gives("csv.parse ! where \"n > 9\" ! sort memory=64k s ! csv.format",
		"s,n\nc,1\n", "s,n\n");
}
END_TEST

START_TEST(names_with_spaces_stand_in_quotes)
{
	SORT_GIVES("\"`a b` desc,`c``d`\"", "a b,c`d\n1,2\n1,1\n2,1\n",
		"a b,c`d\n2,1\n1,1\n1,2\n");
}
END_TEST

START_TEST(numbers_of_a_typed_column_are_sorted_by_value)
{
	gives("csv.parse ! count ! sort memory=64k \"count desc\" ! "
	      "csv.format",
		"x\n1\n2\n", "count\n2\n");
}
END_TEST

START_TEST(a_column_that_is_not_there_fails_with_a_suggestion)
{
	fails("csv.parse ! sort memory=64k delai ! csv.format", "delay\n1\n",
		"no column 'delai'; did you mean 'delay'?");
	fails("csv.parse ! sort memory=64k delay desc ! csv.format",
		"delay\n1\n",
		"no column 'desc'; there are: delay (a column and its "
		"direction stand in quotes together)");
}
END_TEST

START_TEST(a_list_that_is_none_fails)
{
	fails("csv.parse ! sort memory=64k \"a down\" ! csv.format", "a\n1\n",
		"accepted behind a column: asc, desc");
	fails("csv.parse ! sort memory=64k \"a,\" ! csv.format", "a\n1\n",
		"a column name is missing");
	fails("csv.parse ! sort memory=64k \"`a\" ! csv.format", "a\n1\n",
		"the name is not closed");
	fails("csv.parse ! sort memory=64k ! csv.format", "a\n1\n", "by");
	fails("csv.parse ! sort a memory=1k ! csv.format", "a\n1\n", "memory");
}
END_TEST

START_TEST(more_than_32_columns_are_refused)
{
	char stages[256] = "csv.parse ! sort memory=64k \"a";

	for (int k = 0; k < 32; k++)
		strcat(stages, ",a");
	strcat(stages, "\" ! csv.format");
	fails(stages, "a\n1\n", "at most 32 columns");
}
END_TEST

/* ---- what does not fit ----------------------------------------------------- */

#define MANY_ROWS 12000u

static uint32_t
mix(uint32_t k)
{
	k = (k + 1) * 2654435769u;
	return k ^ k >> 15;
}

/* Rows whose keys come in no order and several times. */
static void
put_rows(const char *path)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs("key,at,rest\n", file);
	for (uint32_t k = 0; k < MANY_ROWS; k++)
		fprintf(file, "k%05u,%u,\"%.*s\"\n", mix(k) % 5000, k,
			(int)(mix(k) % 40),
			"and, what else there is in this long line");
	fclose(file);
}

/* Sorted by key, and at equal keys by the place they had. */
static void
check_rows(const char *path)
{
	FILE *file = fopen(path, "r");
	uint32_t key, at, last_key = 0, last_at = 0, n = 0;
	char line[200];

	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
	ck_assert_str_eq(line, "key,at,rest\n");
	while (fgets(line, sizeof(line), file)) {
		ck_assert_int_eq(sscanf(line, "k%u,%u,", &key, &at), 2);
		ck_assert_uint_eq(key, mix(at) % 5000);
		ck_assert(!n || key > last_key ||
			(key == last_key && at > last_at));
		last_key = key;
		last_at = at;
		n++;
	}
	ck_assert_uint_eq(n, MANY_ROWS);
	fclose(file);
}

static void
sorts_many(const char *options)
{
	struct leat_error err;
	char text[160];

	snprintf(text, sizeof(text),
		"read in.csv ! sort key %s ! write out.csv", options);
	ck_assert_msg(pipe_run(text, NULL, &err) == LEAT_OK, "%s", err.text);
	check_rows("out.csv");
}

START_TEST(what_does_not_fit_is_merged_in_several_passes)
{
	pipe_enter_folder();
	put_rows("in.csv");
	sorts_many("memory=8M");
	sorts_many("memory=64k");
	sorts_many("memory=100k spill_dir=.");
	sorts_many("memory=512k");
	sorts_many("memory=300k nulls=first");
	ck_assert_uint_eq(pipe_count_files(), 2);
	pipe_leave_folder();
}
END_TEST

static void
sort_fails(const char *text, int code, const char *what)
{
	struct leat_error err;

	ck_assert_int_eq(pipe_run(text, NULL, &err), code);
	ck_assert_msg(strstr(err.text, what) != NULL, "%s", err.text);
}

START_TEST(what_may_not_be_spilled_is_an_error)
{
	pipe_enter_folder();
	put_rows("in.csv");
	sort_fails("read in.csv ! sort key memory=64k spill_bytes=100k ! "
		   "write out.csv",
		LEAT_ELIMIT, "");
	sort_fails("read in.csv ! sort key memory=64k spill_dir=nowhere ! "
		   "write out.csv",
		LEAT_EIO, "nowhere");
	pipe_leave_folder();
}
END_TEST

START_TEST(a_record_of_more_than_an_eighth_of_memory_is_an_error)
{
	FILE *file;

	pipe_enter_folder();
	file = fopen("in.csv", "w");
	fprintf(file, "a,b\n1,%08300d\n", 1);
	fclose(file);
	sort_fails("read in.csv ! sort a memory=64k ! write out.csv",
		LEAT_ELIMIT, "memory=N");
	file = fopen("in.csv", "w");
	fprintf(file, "a,b\n2,%08000d\n1,x\n", 1);
	fclose(file);
	ck_assert_int_eq(
		pipe_run("read in.csv ! sort a memory=64k ! write out.csv",
			NULL, NULL),
		LEAT_OK);
	pipe_leave_folder();
}
END_TEST

START_TEST(tables_of_two_files_are_sorted_as_one)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("a.csv", "s,n\nb,1\n\"d,\",2\n");
	pipe_put_text("b.tsv", "s\tn\na\t3\n\"c\"\t4,5\n");
	ck_assert_msg(pipe_run("read a.csv ! m.  read b.tsv ! m.  "
			       "merge name=m ! sort s ! write out.csv",
			      NULL, &err) == LEAT_OK,
		"%s", err.text);
	pipe_file_holds("out.csv", "s,n\na,3\nb,1\nc,\"4,5\"\n\"d,\",2\n");
	pipe_leave_folder();
}
END_TEST

#define JSON_A                                                                 \
	"{\"a\":1,\"s\":\"\",\"d\":null,\"o\":null,\"m\":\"7\",\"b\":false}\n"
#define JSON_B                                                                 \
	"{\"a\":2,\"s\":null,\"d\":-2e3,\"o\":7,\"m\":\"A\\n\",\"b\":null}\n"
#define JSON_C                                                                 \
	"{\"a\":3,\"s\":\"x\",\"d\":1.50,\"o\":{\"k\":[1]},\"m\":7,\"b\":"     \
	"true}\n"

START_TEST(json_stays_what_it_was)
{
	gives("json.parse ! sort a memory=64k ! json.format",
		JSON_C JSON_A JSON_B, JSON_A JSON_B JSON_C);
	gives("json.parse ! sort \"s desc\" nulls=first memory=64k ! "
	      "sort \"d desc\" memory=64k ! json.format",
		JSON_A JSON_C JSON_B, JSON_C JSON_B JSON_A);
	gives("json.parse ! tail 2 memory=64k ! where \"a > 2\" ! json.format",
		JSON_A JSON_B JSON_C, JSON_C);
}
END_TEST

START_TEST(a_string_of_json_among_numbers_is_rejected)
{
	fails("json.parse schema=\"a:int64\" ! sort a memory=64k ! json.format",
		"{\"a\":1}\n{\"a\":\"2\"}\n", "column 'a' has '2'");
}
END_TEST

START_TEST(a_value_that_is_none_of_its_type_is_rejected)
{
	fails("csv.parse schema=\"n:int64\" ! sort n memory=64k ! csv.format",
		"s,n\nx,1\ny,two\n", "pipe:3:3: column 'n' has 'two'");
	gives("csv.parse schema=\"n:int64\" ! sort n memory=64k on_error=skip "
	      "! "
	      "csv.format",
		"s,n\nx,2\ny,two\nz,1\n", "s,n\nz,1\nx,2\n");
}
END_TEST

#define TYPED_GIVES(schema, by, input, output)                                 \
	gives("csv.parse schema=\"" schema "\" ! sort memory=64k " by          \
	      " ! csv.format",                                                 \
		input, output)

START_TEST(types_are_sorted_by_value)
{
	TYPED_GIVES("n:int64", "n", "n,s\n10,a\n-2,b\n+9,c\n0,d\n,e\n",
		"n,s\n-2,b\n0,d\n+9,c\n10,a\n,e\n");
	TYPED_GIVES("n:float64", "\"n desc\"", "n\n1e2\n-0.5\n3\n2.50\n",
		"n\n1e2\n3\n2.50\n-0.5\n");
	TYPED_GIVES("b:bool", "b", "b,s\ntrue,x\nfalse,y\n",
		"b,s\nfalse,y\ntrue,x\n");
	TYPED_GIVES("p:decimal(2)", "p", "p\n10.5\n-1.25\n9\n",
		"p\n-1.25\n9\n10.5\n");
	TYPED_GIVES("t:timestamp", "t",
		"t\n2024-01-01T01:00:00+02:00\n2023-12-31 22:59:59Z\n",
		"t\n2023-12-31 22:59:59Z\n2024-01-01T01:00:00+02:00\n");
	TYPED_GIVES("x:binary", "x", "x\nff\n0a01\n0A\n", "x\n0A\n0a01\nff\n");
}
END_TEST

TEST_MAIN("stages/sort", json_stays_what_it_was,
	a_string_of_json_among_numbers_is_rejected,
	a_value_that_is_none_of_its_type_is_rejected, types_are_sorted_by_value,
	text_is_sorted_by_its_bytes,
	bytes_that_keys_use_themselves_are_sorted_as_any,
	rows_that_are_equal_stay_as_they_came, desc_turns_one_column_around,
	nulls_go_last_or_first_in_either_order,
	values_are_written_as_they_stood, doubled_quotes_are_one_in_the_order,
	quotes_that_are_data_come_back,
	a_cr_at_the_end_of_a_value_is_part_of_it,
	columns_that_were_chosen_are_what_comes_out,
	rows_that_were_dropped_are_not_sorted,
	a_table_of_no_row_keeps_its_columns, names_with_spaces_stand_in_quotes,
	numbers_of_a_typed_column_are_sorted_by_value,
	a_column_that_is_not_there_fails_with_a_suggestion,
	a_list_that_is_none_fails, more_than_32_columns_are_refused,
	what_does_not_fit_is_merged_in_several_passes,
	what_may_not_be_spilled_is_an_error,
	a_record_of_more_than_an_eighth_of_memory_is_an_error,
	tables_of_two_files_are_sorted_as_one)
