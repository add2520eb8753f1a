/*
 * lookup: kinds of joins, keys, columns and their names; keys that come several
 * times; files that are none; many replicas; what memory holds.
 */
#include "support/pipe.h"
#include "support/test.h"

#define FILE_TEXT                                                              \
	"code,name,size\r\nA,Ash,1\nB,\"Birch, "                               \
	"\"\"white\"\"\",\n\nC,,3\n,Nobody,4"

static void
enter(void)
{
	pipe_enter_folder();
	pipe_put_text("trees.csv", FILE_TEXT);
	pipe_put_text("twice.csv", "k,v\nA,1\nB,2\nA,3\nA,\n");
}

/* In chunks of a few sizes. */
static void
gives(const char *stage, const char *input, const char *output)
{
	char stages[256];
	const struct pipe_case c = {
		.stages = stages, .input = input, .output = output};

	enter();
	snprintf(stages, sizeof(stages), "csv.parse ! %s ! csv.format", stage);
	pipe_check_chunks(&c, 5);
	pipe_check_chunks(&c, 64);
	pipe_leave_folder();
}

static void
fails(const char *stage, const char *input, const char *error)
{
	char stages[256];
	const struct pipe_case c = {
		.stages = stages, .input = input, .error = error};

	enter();
	snprintf(stages, sizeof(stages), "csv.parse ! %s ! csv.format", stage);
	pipe_check_chunks(&c, 64);
	pipe_leave_folder();
}

START_TEST(rows_that_meet_one_get_its_columns)
{
	gives("lookup trees.csv on=t=code", "n,t\n1,B\n2,X\n3,\"A\"\n4,\n",
		"n,t,name,size\n1,B,\"Birch, \"\"white\"\"\",\n"
		"3,\"A\",Ash,1\n");
}
END_TEST

START_TEST(a_left_join_keeps_all_rows)
{
	gives("lookup trees.csv on=t=code kind=left",
		"n,t\n1,B\n2,X\n3,A\n4,\n5,C\n",
		"n,t,name,size\n1,B,\"Birch, \"\"white\"\"\",\n2,X,,\n"
		"3,A,Ash,1\n4,,,\n5,C,,3\n");
}
END_TEST

START_TEST(an_anti_join_keeps_rows_that_meet_none)
{
	gives("lookup trees.csv on=t=code kind=anti",
		"n,t\n1,B\n2,X\n3,A\n4,\n", "n,t\n2,X\n4,\n");
	gives("lookup twice.csv on=k kind=anti", "k\nA\nC\n", "k\nC\n");
}
END_TEST

START_TEST(a_null_meets_nothing)
{
	gives("lookup trees.csv on=code take=name", "code\n\n\"\"\nA\n",
		"code,name\nA,Ash\n");
}
END_TEST

START_TEST(columns_are_chosen_and_named)
{
	gives("lookup trees.csv on=code take=size,tree=name kind=left",
		"code\nA\nX\n", "code,size,tree\nA,1,Ash\nX,,\n");
	gives("lookup trees.csv on=code prefix=p_ take=size",
		"code,size\nA,9\n", "code,size,p_size\nA,9,1\n");
	fails("lookup trees.csv on=code", "code,size\nA,9\n",
		"there is a column 'size' already");
}
END_TEST

START_TEST(a_row_that_meets_several_becomes_as_many)
{
	gives("lookup twice.csv on=k", "k,n\nB,1\nA,\"x,\"\nC,3\nA,4\n",
		"k,n,v\nB,1,2\nA,\"x,\",1\nA,\"x,\",3\nA,\"x,\",\n"
		"A,4,1\nA,4,3\nA,4,\n");
	gives("lookup twice.csv on=k kind=left", "k\nC\nA\n",
		"k,v\nC,\nA,1\nA,3\nA,\n");
	gives("lookup twice.csv on=k duplicates=first", "k\nA\nB\n",
		"k,v\nA,1\nB,2\n");
	fails("lookup twice.csv on=k duplicates=error", "k\nA\n",
		"there are 2 rows whose key comes before, like 'A'");
}
END_TEST

START_TEST(several_columns_are_a_key_together)
{
	gives("lookup twice.csv on=a=k,b=v kind=anti", "a,b\nA,1\nA,2\nA,3\n",
		"a,b\nA,2\n");
	fails("lookup twice.csv on=a,a,a,a,a,a,a,a,a", "a\nA\n",
		"at most 8 columns");
}
END_TEST

START_TEST(new_columns_have_the_types_of_their_values)
{
	gives("lookup trees.csv on=code ! where \"size > 2\"",
		"code\nA\nB\nC\n", "code,name,size\nC,,3\n");
	gives("lookup trees.csv on=code kind=left ! sort \"size desc\" "
	      "memory=64k",
		"code\nA\nB\nX\nC\n",
		"code,name,size\nC,,3\nA,Ash,1\n"
		"B,\"Birch, \"\"white\"\"\",\nX,,\n");
}
END_TEST

START_TEST(values_that_are_no_fields_are_keys_too)
{
	gives("number k ! lookup trees.csv on=k=size take=name kind=left",
		"n\na\nb\nc\n", "n,k,name\na,1,Ash\nb,2,\nc,3,\n");
	gives("number n ! lookup twice.csv on=k", "k\nA\n",
		"k,n,v\nA,1,1\nA,1,3\nA,1,\n");
}
END_TEST

START_TEST(keys_are_compared_as_text)
{
	gives("lookup trees.csv on=k=size take=code kind=left",
		"k\n1\n01\n1.0\n", "k,code\n1,A\n01,\n1.0,\n");
}
END_TEST

START_TEST(doubled_quotes_in_a_key_are_one)
{
	gives("lookup trees.csv on=k=name take=code",
		"k\n\"Birch, \"\"white\"\"\"\n\"Birch, \"\"white\"\"\"\"\"\n",
		"k,code\n\"Birch, \"\"white\"\"\",B\n");
}
END_TEST

START_TEST(if_no_row_is_kept_the_columns_still_arrive)
{
	gives("lookup trees.csv on=code take=name", "code\nX\n", "code,name\n");
	gives("lookup twice.csv on=k", "k\nX\n", "k,v\n");
}
END_TEST

START_TEST(columns_that_are_not_there_fail_with_their_place)
{
	fails("lookup trees.csv on=cod=code", "code\nA\n",
		"no column 'cod' in the input; did you mean 'code'?");
	fails("lookup trees.csv on=code=cod", "code\nA\n",
		"no column 'cod' in trees.csv; did you mean 'code'?");
	fails("lookup trees.csv on=code take=nam", "code\nA\n",
		"no column 'nam' in trees.csv; did you mean 'name'?");
	fails("lookup trees.csv on=code, take=name", "code\nA\n",
		"a column name is missing");
	fails("lookup trees.csv on=`code", "code\nA\n",
		"the name is not closed");
	fails("lookup trees.csv on=`code`x", "code\nA\n",
		"a comma is wanted here");
}
END_TEST

static void
file_fails(const char *text, const char *error)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("f.csv", text);
	pipe_put_text("in.csv", "a\n1\n");
	ck_assert_int_lt(
		pipe_run("read in.csv ! lookup f.csv on=a ! write o.csv", NULL,
			&err),
		0);
	ck_assert_msg(strstr(err.text, error) != NULL, "%s", err.text);
	ck_assert_uint_eq(pipe_count_files(), 2);
	pipe_leave_folder();
}

START_TEST(a_file_that_is_none_fails)
{
	file_fails("", "f.csv has no header");
	file_fails("a,b\n1,2\n\"3\n\",4,5\n",
		"f.csv:3: row has 3 fields, the "
		"header has 2");
	file_fails("a,b\n1,\"2\n", "a quote is not closed");
	file_fails("a,b\n1,\"2\"x\n", "text after a closing quote");
	fails("lookup nowhere.csv on=a", "a\n1\n", "nowhere.csv");
	fails("lookup . on=a", "a\n1\n", "");
}
END_TEST

static void
file_gives(const char *name, const void *data, size_t n, const char *options)
{
	struct leat_error err;
	char text[160];

	pipe_enter_folder();
	pipe_put_file(name, data, n);
	pipe_put_text("in.csv", "a\nx\n");
	snprintf(text, sizeof(text),
		"read in.csv ! lookup %s on=a %s ! write o.csv", name, options);
	ck_assert_msg(pipe_run(text, NULL, &err) == LEAT_OK, "%s", err.text);
	pipe_file_holds("o.csv", "a,b\nx,y\n");
	pipe_leave_folder();
}

START_TEST(files_of_other_dialects_are_read)
{
	file_gives("f.csv",
		"\xef\xbb\xbf"
		"a,b\nx,y\n",
		11, "");
	file_gives("f.tsv", "a\tb\nx\ty", 7, "");
	file_gives("f.txt", "a;b\r\nx;y\r\n", 10, "sep=;");
	file_gives("f.csv", "a,b\nx,\"y\"\nz\"z,1\n", 16, "");
}
END_TEST

START_TEST(a_file_that_takes_more_than_memory_is_an_error)
{
	struct leat_error err;
	FILE *file;

	pipe_enter_folder();
	file = fopen("f.csv", "w");
	fputs("a,b\n", file);
	for (uint32_t k = 0; k < 1000; k++)
		fprintf(file, "%u,%u\n", k, k);
	fclose(file);
	pipe_put_text("in.csv", "a\n1\n");
	ck_assert_int_eq(pipe_run("read in.csv ! lookup f.csv on=a memory=32k "
				  "! write o.csv",
				 NULL, &err),
		LEAT_ELIMIT);
	ck_assert_msg(strstr(err.text, "memory=32768") != NULL, "%s", err.text);
	ck_assert_int_eq(pipe_run("read in.csv ! lookup f.csv on=a memory=256k "
				  "! write o.csv",
				 NULL, &err),
		LEAT_OK);
	pipe_file_holds("o.csv", "a,b\n1,1\n");
	pipe_leave_folder();
}
END_TEST

/* Every key of a file, several times, through frames that are full. */
START_TEST(many_rows_meet_their_own)
{
	struct leat_error err;
	char *out, *at, line[64];
	FILE *file;

	pipe_enter_folder();
	file = fopen("f.csv", "w");
	fputs("id,square\n", file);
	for (uint32_t k = 0; k < 3000; k++)
		fprintf(file, "%u,%u\n", k, k * k);
	fclose(file);
	file = fopen("in.csv", "w");
	fputs("id\n", file);
	for (uint32_t k = 0; k < 40000; k++)
		fprintf(file, "%u\n", k * 7 % 4000);
	fclose(file);
	ck_assert_msg(pipe_run("read in.csv ! lookup f.csv on=id kind=left ! "
			       "write o.csv",
			      NULL, &err) == LEAT_OK,
		"%s", err.text);
	out = at = pipe_get_file("o.csv", NULL);
	ck_assert(strncmp(at, "id,square\n", 10) == 0);
	at += 10;
	for (uint32_t k = 0; k < 40000; k++) {
		uint32_t id = k * 7 % 4000;
		size_t n = (size_t)snprintf(line, sizeof(line),
			id < 3000 ? "%u,%u\n" : "%u,\n", id, id * id);

		ck_assert_msg(strncmp(at, line, n) == 0, "row %u", k);
		at += n;
	}
	ck_assert_int_eq(*at, '\0');
	free(out);
	pipe_leave_folder();
}
END_TEST

/* Tables of several schemas come in turns, and each finds its own again. */
/* What an inner join of lines with a list by its first column gives, line by
 * line. */
static void
join_slowly(const char *lines, const char *list, char *output)
{
	output += sprintf(output, "k,v\n");
	for (; *lines; lines = strchr(lines, '\n') + 1) {
		size_t n_key = strcspn(lines, "\n");

		for (const char *at = list; *at; at = strchr(at, '\n') + 1)
			if (!strncmp(at, lines, n_key) && at[n_key] == ',')
				output += sprintf(output, "%.*s\n",
					(int)strcspn(at, "\n"), at);
	}
}

/* Keys of 1 to 8 bytes, with others that are like them, two thirds of which are
 * in the list. */
static void
make_short_keys(char *lines, char *list)
{
	for (uint32_t len = 1; len <= 8; len++)
		for (uint32_t odd = 0; odd <= len; odd++) {
			char key[] = "aaaaaaaaa";

			key[len] = '\0';
			if (odd < len)
				key[odd] = 'b';
			lines += sprintf(lines, "%s\n%sa\n", key, key);
			if (odd % 3)
				list += sprintf(list, "%s,%u\n", key, odd);
		}
}

/* A file that has a long key as well is searched another way, and one for whose
 * keys there is no second place within memory=: all find the same. */
START_TEST(short_keys_are_found_as_long_ones_are)
{
	static const char *const files[] = {
		"short.csv", "long.csv", "short.csv memory=4096"};
	char input[4096] = "k\n", list[4096] = "k,v\n", output[4096];
	char longer[4096 + 64], stages[128];

	make_short_keys(input + 2, list + 4);
	join_slowly(input + 2, list + 4, output);
	snprintf(longer, sizeof(longer), "%snobody has this key,0\n", list);
	for (uint32_t k = 0; k < 3; k++) {
		const struct pipe_case c = {
			.stages = stages, .input = input, .output = output};

		pipe_enter_folder();
		pipe_put_text("short.csv", list);
		pipe_put_text("long.csv", longer);
		snprintf(stages, sizeof(stages),
			"csv.parse ! lookup %s on=k ! csv.format", files[k]);
		pipe_check_chunks(&c, 7);
		pipe_check_chunks(&c, 4096);
		pipe_leave_folder();
	}
}
END_TEST

START_TEST(tables_of_two_files_are_joined)
{
	struct leat_error err;

	enter();
	pipe_put_text("a.csv", "k,n\nA,1\nB,2\n");
	pipe_put_text("b.tsv", "n\tk\n3\tA\n4\tC\n");
	ck_assert_msg(
		pipe_run("read a.csv ! u.  read b.tsv ! u.  union name=u ! "
			 "lookup trees.csv on=k=code take=name ! number r ! "
			 "sort n memory=64k ! select n,k,name ! write o.csv",
			NULL, &err) == LEAT_OK,
		"%s", err.text);
	pipe_file_holds("o.csv",
		"n,k,name\n1,A,Ash\n2,B,\"Birch, \"\"white\"\"\"\n3,A,Ash\n"
		"4,C,\n");
	pipe_leave_folder();
}
END_TEST

/* What lookup has in side memory by the plan of so many workers. */
static double
side_of(uint32_t n_workers)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.stages = &leat_stages, .workers = n_workers};
	static char buf[20000];
	struct leat_graph *graph;
	struct leat_error err;
	double mib = 0;
	char *at;

	ck_assert_int_eq(leat_graph_create(&opts, &graph, &err), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_parse(graph,
			"read in.csv ! lookup f.csv on=k ! write o.csv", &err),
		LEAT_OK);
	ck_assert_int_eq(leat_graph_check(graph, &err), LEAT_OK);
	leat_graph_explain(graph, buf, sizeof(buf));
	at = strstr(buf, "side memory");
	ck_assert_msg(at && (at = strstr(at, "  lookup ")), "%s", buf);
	ck_assert_int_eq(sscanf(at, " lookup %lf MiB", &mib), 1);
	leat_graph_destroy(graph);
	return mib;
}

START_TEST(a_file_is_held_once_for_all_workers)
{
	double one, four;
	FILE *file;

	pipe_enter_folder();
	file = fopen("f.csv", "w");
	fputs("k,v\n", file);
	for (uint32_t k = 0; k < 100000; k++)
		fprintf(file, "key%u,value%u\n", k, k);
	fclose(file);
	pipe_put_text("in.csv", "k,n\nkey5,1\n");
	one = side_of(1);
	four = side_of(4);
	ck_assert_msg(one > 10 && one < 40, "%.1f MiB", one);
	/* rows and buffers of their own, but no file */
	ck_assert_msg(four > one && four < one + 3 * 7, "%.1f and %.1f MiB",
		one, four);
	pipe_leave_folder();
}
END_TEST

/* As many rows as a frame takes, and more columns than it has room for. */
START_TEST(a_frame_without_room_is_written_anew)
{
	static const char *const chunks[] = {"4096", "1M"};
	char text[400], path[] = "o0.csv", *out[2];
	struct leat_error err;
	FILE *file;

	enter();
	file = fopen("in.csv", "w");
	fputs("k\n", file);
	for (uint32_t k = 0; k < 60000; k++)
		fprintf(file, "%c\n", "ABCX"[k % 4]);
	fclose(file);
	for (uint32_t k = 0; k < 2; k++) {
		path[1] = (char)('0' + k);
		snprintf(text, sizeof(text),
			"read in.csv chunk_bytes=%s ! lookup trees.csv "
			"on=k=code "
			"kind=left take=a=name,b=size,c=name,d=size,e=name,"
			"f=size,g=name,h=size,i=name,j=size,l=name,m=size,"
			"n=name,o=size,p=name,q=size,r=name,s=size,t=name ! "
			"write %s",
			chunks[k], path);
		ck_assert_msg(
			pipe_run(text, NULL, &err) == LEAT_OK, "%s", err.text);
		out[k] = pipe_get_file(path, NULL);
	}
	ck_assert_uint_gt(strlen(out[0]), 60000 * 20);
	ck_assert_str_eq(out[0], out[1]);
	free(out[0]);
	free(out[1]);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/lookup", a_file_is_held_once_for_all_workers,
	a_frame_without_room_is_written_anew,
	rows_that_meet_one_get_its_columns, a_left_join_keeps_all_rows,
	an_anti_join_keeps_rows_that_meet_none, a_null_meets_nothing,
	columns_are_chosen_and_named, a_row_that_meets_several_becomes_as_many,
	several_columns_are_a_key_together,
	new_columns_have_the_types_of_their_values,
	values_that_are_no_fields_are_keys_too, keys_are_compared_as_text,
	doubled_quotes_in_a_key_are_one,
	if_no_row_is_kept_the_columns_still_arrive,
	columns_that_are_not_there_fail_with_their_place,
	a_file_that_is_none_fails, files_of_other_dialects_are_read,
	a_file_that_takes_more_than_memory_is_an_error,
	many_rows_meet_their_own, short_keys_are_found_as_long_ones_are,
	tables_of_two_files_are_joined)
