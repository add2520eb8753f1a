/*
 * json.parse: columns, types, what is wrong and where, every split.
 */
#include "support/pipe.h"
#include "support/test.h"

#define PARSE        "json.parse ! csv.format"
#define SCHEMA(list) "json.parse schema=\"" list "\" ! csv.format"
#define BACK         "json.parse ! json.format"
#define SKIP         "json.parse on_error=skip ! csv.format"

/* In pieces of three bytes; every split is for where splits matter. */
static void
gives(const char *stages, const char *input, const char *output)
{
	struct pipe_case c = {
		.stages = stages, .input = input, .output = output};

	pipe_check_chunks(&c, 3);
}

static void
fails(const char *stages, const char *input, const char *error)
{
	struct pipe_case c = {.stages = stages, .input = input, .error = error};

	pipe_check_chunks(&c, 5);
}

START_TEST(keys_are_columns_in_order_of_appearance)
{
	gives(PARSE, "{\"b\":1,\"a\":\"x\"}\n{\"a\":\"y\",\"b\":2}\n",
		"b,a\n1,x\n2,y\n");
	gives(PARSE, "{\"a\":1}\n{\"b\":2}\n{\"a\":3,\"b\":4}",
		"a,b\n1,\n,2\n3,4\n");
}
END_TEST

START_TEST(white_space_may_stand_anywhere)
{
	pipe_gives(PARSE,
		" \t{ \"a\" : 1 , \"b\" :\t\"x y\" }\r\n\r\n   \n"
		"{\"a\":2,\"b\":\" \"} \n",
		"a,b\n1,x y\n2, \n");
}
END_TEST

START_TEST(a_byte_order_mark_is_no_data)
{
	pipe_gives(PARSE, "\xef\xbb\xbf{\"a\":1}\n", "a\n1\n");
	fails(SCHEMA("a:int64"), "\xef\xbb{\"a\":1}\n", "pipe:1:1: ");
}
END_TEST

START_TEST(null_and_a_key_that_is_not_there_are_null)
{
	gives(BACK, "{\"a\":null,\"b\":\"\"}\n{\"b\":null}\n{\"a\":1}\n",
		"{\"a\":null,\"b\":\"\"}\n{\"a\":null,\"b\":null}\n"
		"{\"a\":1,\"b\":null}\n");
}
END_TEST

START_TEST(objects_in_objects_are_columns_by_path)
{
	gives(PARSE,
		"{\"u\":{\"n\":\"x\",\"p\":{\"q\":1}},\"v\":2}\n"
		"{\"u\":null,\"v\":3}\n"
		"{\"u\":{},\"v\":4}\n"
		"{\"v\":5,\"u\":{\"p\":{\"q\":6}}}\n",
		"u.n,u.p.q,v\nx,1,2\n,,3\n,,4\n,6,5\n");
}
END_TEST

START_TEST(lists_are_json_text)
{
	gives(BACK, "{\"a\":[1, {\"b\":\"]\"}],\"c\":1}\n{\"a\":[]}\n",
		"{\"a\":[1, {\"b\":\"]\"}],\"c\":1}\n"
		"{\"a\":[],\"c\":null}\n");
	gives(PARSE, "{\"a\":[\"x,y\"]}\n", "a\n\"[\"\"x,y\"\"]\"\n");
}
END_TEST

START_TEST(objects_can_be_json_text)
{
	gives("json.parse nested=text ! json.format",
		"{\"a\":{\"b\":\"\\n\"}}\n{\"a\":{}}\n",
		"{\"a\":{\"b\":\"\\n\"}}\n{\"a\":{}}\n");
	gives("json.parse nested=text schema=\"a.b:int64\" ! csv.format",
		"{\"a.b\":1,\"a\":{\"b\":2}}\n", "a.b\n1\n");
}
END_TEST

START_TEST(a_key_with_values_of_many_kinds_keeps_them)
{
	gives(BACK, "{\"a\":1}\n{\"a\":\"x\"}\n{\"a\":true}\n{\"a\":\"2\"}\n",
		"{\"a\":1}\n{\"a\":\"x\"}\n{\"a\":true}\n{\"a\":\"2\"}\n");
	gives(BACK, "{\"a\":[1]}\n{\"a\":\"x\"}\n{\"a\":{\"b\":2}}\n",
		"{\"a\":[1]}\n{\"a\":\"x\"}\n{\"a\":{\"b\":2}}\n");
}
END_TEST

START_TEST(escapes_are_resolved)
{
	gives(PARSE,
		"{\"a\":\"\\u0041\\\"\\\\\\/\",\"b\":\"\\ud83d\\ude00\"}\n"
		"{\"a\":\"plain\",\"b\":\"\\u20ac\"}\n",
		"a,b\n\"A\"\"\\/\",\xf0\x9f\x98\x80\nplain,\xe2\x82\xac\n");
	gives(PARSE, "{\"\\u0061\":1}\n{\"a\":2}\n{\"\\u0061\":3}\n",
		"a\n1\n2\n3\n");
	gives(BACK, "{\"a\\\"b\":\"c\\nd\"}\n", "{\"a\\\"b\":\"c\\nd\"}\n");
}
END_TEST

START_TEST(numbers_stand_as_they_stood)
{
	gives(BACK, "{\"a\":1e3,\"b\":-0.50,\"c\":12345678901234567890}\n",
		"{\"a\":1e3,\"b\":-0.50,\"c\":12345678901234567890}\n");
}
END_TEST

/* ---- declared ----------------------------------------------------------- */

START_TEST(a_schema_says_which_columns_there_are)
{
	gives(SCHEMA("c:string,u.n:string,a:int64"),
		"{\"a\":1,\"b\":[{}],\"u\":{\"m\":0,\"n\":\"x\"},\"c\":\"y\"}\n"
		"{\"b\":2}\n",
		"c,u.n,a\ny,x,1\n,,\n");
	gives(SCHEMA("`u.n`:string,u.n:string"),
		"{\"u.n\":1,\"u\":{\"n\":2}}\n", "u.n,u.n_2\n1,2\n");
}
END_TEST

START_TEST(a_schema_needs_no_sample)
{
	gives(SCHEMA("a:int64"), "\n \n", "a\n");
}
END_TEST

START_TEST(a_schema_that_is_wrong_is_refused)
{
	fails("json.parse schema=\"a:int\" ! csv.format", "{}", "no type");
	fails(SCHEMA("a:int64,a:string"), "{}", "in the list already");
	fails(SCHEMA("a:int64,a.b:string"), "{}", "in the list already");
	fails(SCHEMA("a.b:int64,a:string"), "{}", "in the list already");
	fails(SCHEMA(" "), "{}", "names no column");
}
END_TEST

START_TEST(types_are_found_in_the_sample)
{
	gives("json.parse ! where \"a > 1 and b < 3\" ! csv.format",
		"{\"a\":1,\"b\":1.5,\"c\":true}\n{\"a\":2,\"b\":2,\"c\":true}\n"
		"{\"a\":3,\"b\":3,\"c\":false}\n",
		"a,b,c\n2,2,true\n");
}
END_TEST

START_TEST(only_so_many_lines_decide_on_the_columns)
{
	gives("json.parse infer_rows=1 extra=ignore ! csv.format",
		"{\"a\":1}\n{\"a\":2,\"b\":3}\n", "a\n1\n2\n");
	fails("json.parse infer_rows=1 ! csv.format",
		"{\"a\":1}\n{\"a\":2,\"b\":3}\n",
		"pipe:2:8: 'b': there is no column for this key; extra=ignore");
	fails("json.parse schema=\"a:int64\" extra=error ! csv.format",
		"{\"a\":1}\n{\"a\":2,\"b\":3}\n", "pipe:2:8: 'b'");
}
END_TEST

/* ---- types that do not fit ---------------------------------------------- */

START_TEST(a_string_is_no_number_even_if_it_looks_like_one)
{
	fails("json.parse schema=\"a:int64\" ! where \"a > 60\" ! csv.format",
		"{\"a\":70}\n{ \"a\":\"80\"}\n", "pipe:2:8: ");
	fails("json.parse schema=\"a:float64\" ! where \"a > 6\" ! csv.format",
		"{\"a\":\"n/a\"}\n", "pipe:1:7: ");
	fails("json.parse schema=\"a:float64\" ! where \"a > 6\" ! csv.format",
		"{\"a\":\"\\u0037\"}\n", "'\\u0037'");
}
END_TEST

START_TEST(a_value_of_another_type_passes_if_nobody_asks)
{
	gives(SCHEMA("a:int64"), "{\"a\":\"n/a\"}\n{\"a\":1.5}\n{\"a\":[1]}\n",
		"a\nn/a\n1.5\n[1]\n");
	gives("json.parse schema=\"a:int64\" ! json.format",
		"{\"a\":\"12\"}\n{\"a\":{\"b\":1}}\n{\"a\":\"\\n\"}\n",
		"{\"a\":\"12\"}\n{\"a\":{\"b\":1}}\n{\"a\":\"\\n\"}\n");
}
END_TEST

START_TEST(what_a_stage_between_has_copied_keeps_its_type)
{
	gives("json.parse schema=\"a:int64,b:bool,c:string\" ! tail ! "
	      "where \"a > 1\" ! json.format",
		"{\"a\":1,\"b\":true,\"c\":\"1\"}\n"
		"{\"a\":2,\"b\":false,\"c\":\"2\"}\n",
		"{\"a\":2,\"b\":false,\"c\":\"2\"}\n");
	gives("json.parse ! tail ! json.format",
		"{\"a\":[1,\"x\"],\"b\":{\"c\":1.50}}\n",
		"{\"a\":[1,\"x\"],\"b.c\":1.50}\n");
}
END_TEST

START_TEST(an_inner_object_must_be_one_or_null)
{
	fails(SCHEMA("u.n:string"), "{\"u\":5}\n",
		"pipe:1:6: 'u': an object or null is wanted");
	fails(SCHEMA("u.n:string"), "{\"u\":[]}\n", "pipe:1:6: 'u'");
}
END_TEST

/* ---- what is wrong ------------------------------------------------------ */

static void
is_wrong(const char *line, const char *error)
{
	char input[256];

	snprintf(input, sizeof(input), "{\"a\":1,\"b\":2}\n%s\n", line);
	/* nobody asked for it */
	fails(SCHEMA("z:int64"), input, error);
}

START_TEST(the_byte_that_is_told_is_that_of_the_value)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in.ndjson", "{\"a\":1}\n{\"a\":x}\n");
	ck_assert_int_eq(
		pipe_run("read in.ndjson ! where \"a > 0\" ! write o.csv", NULL,
			&err),
		LEAT_EDATA);
	ck_assert_uint_eq(err.line, 2);
	ck_assert_uint_eq(err.column, 6);
	ck_assert_uint_eq(err.offset, 13);
	pipe_leave_folder();
}
END_TEST

START_TEST(lines_that_are_no_json_are_told_with_their_place)
{
	is_wrong("{\"a\":1", "pipe:2:7: the line ends too early");
	is_wrong("{\"a\":\"x}", "pipe:2:6: this string is not closed");
	is_wrong("{",
		"pipe:2:2: a key in double quotes is wanted here; the "
		"line ends here, and every line holds one object");
	is_wrong("{\"a\":\"\\x\"}", "pipe:2:7: no such escape");
	is_wrong("{\"b\":\"a\tb\"}", "pipe:2:8: a control character");
	is_wrong("{\"a\":01}", "pipe:2:7: a number has no leading zeros");
	is_wrong("{\"a\":1.}", "pipe:2:8: digits must follow");
	is_wrong("{\"a\":1,}", "pipe:2:8: a key must follow the comma");
	is_wrong("{\"a\":[1,]}", "pipe:2:9: a value is missing");
	is_wrong("{\"a\":1}{\"a\":2}", "pipe:2:8: something follows");
	is_wrong("{\"a\":1} x", "pipe:2:9: something follows");
	is_wrong("{\"a\" 1}", "pipe:2:6: a colon must follow");
	is_wrong("{\"a\":1 2}", "pipe:2:8: a comma or }");
	is_wrong("{\"a\":\"x\" \"y\"}", "pipe:2:10: a comma or }");
	is_wrong("{\"a\":nul}", "pipe:2:6: no such value");
	is_wrong("{\"a\":tru e}", "pipe:2:6: no such value");
	is_wrong("{a:1}", "pipe:2:2: a key in double quotes");
	is_wrong("{\"a\":\"\xff\"}", "pipe:2:7: bytes that are not UTF-8");
	is_wrong("{\"a\":\\\"x\"}", "pipe:2:6: no such value");
	is_wrong("{\"\\q\":1}", "pipe:2:3: no such escape");
	is_wrong("{\"c\":{\"\\q\":1}}", "pipe:2:8: no such escape");
	is_wrong("[1,2]", "pipe:2:1: every line holds one object");
	is_wrong(" 5", "pipe:2:2: every line holds one object");
	is_wrong("hello", "pipe:2:1: no such value");
	is_wrong("}", "pipe:2:1: a value is missing");
	is_wrong("{\"a\":{\"b\":[}]}", "pipe:2:12: a value is missing");
}
END_TEST

START_TEST(a_column_that_stands_twice_in_an_object_is_wrong)
{
	fails(PARSE, "{\"a\":1,\"a\":1}\n", "pipe:1:11: 'a': this key");
	fails(PARSE, "{\"a\":1}\n{\"a\":1,\"\\u0061\":2}\n",
		"pipe:2:16: 'a': this key stands twice");
	fails(SCHEMA("u.a:string"), "{\"u\":{},\"u\":{}}\n", "'u': this");
	gives(SCHEMA("a:string"), "{\"b\":1,\"b\":2,\"a\":3}\n", "a\n3\n");
}
END_TEST

START_TEST(bad_lines_are_left_out_and_the_others_stay)
{
	pipe_gives(SKIP,
		"{\"a\":1}\n{\"a\":\"\n{\"a\":2}\n\"}\n{\"a\":[}\n{\"a\":3}\n"
		"nonsense\n{\"a\":\"\xff\"}\n\n{\"a\":4",
		"a\n1\n2\n3\n");
}
END_TEST

START_TEST(before_the_first_object_lines_can_be_bad)
{
	gives(SKIP, "x\n\n[1]\n{\"a\":1}\n", "a\n1\n");
	fails(PARSE, "x\n{\"a\":1}\n", "pipe:1:1: no such value");
}
END_TEST

START_TEST(objects_without_keys_say_nothing_about_columns)
{
	fails(PARSE, "{}\n{}\n", "there is no key in the first objects");
	gives(PARSE, "{}\n{\"a\":1}\n", "a\n\"\"\n1\n");
}
END_TEST

START_TEST(sixty_four_levels_pass_and_one_more_does_not)
{
	char input[400] = "{\"a\":", wanted[400] = "a\n";

	memset(input + 5, '[', 63);
	memset(input + 68, ']', 63);
	strcpy(input + 131, "}\n");
	memset(wanted + 2, '[', 63);
	memset(wanted + 65, ']', 63);
	strcpy(wanted + 128, "\n");
	gives(PARSE, input, wanted);
	memset(input + 5, '[', 64);
	memset(input + 69, ']', 64);
	strcpy(input + 133, "}\n");
	fails(SCHEMA("a:string"), input, "pipe:1:69: more than 64");
	fails(SCHEMA("b:string"), input, "pipe:1:69: more than 64");
}
END_TEST

START_TEST(a_line_may_be_as_long_as_is_said)
{
	pipe_gives("json.parse max_record_bytes=16 ! csv.format",
		"{\"a\":\"01234567\"}\n{\"a\":\"\"}", "a\n01234567\n\"\"\n");
	fails("json.parse schema=\"a:string\" max_record_bytes=16 ! csv.format",
		"{\"a\":\"\"}\n{\"a\":\"012345678\"}\n",
		"pipe:2:1: this line is longer than 16 bytes");
	gives("json.parse schema=\"a:string\" max_record_bytes=16 "
	      "on_error=skip ! csv.format",
		"{\"a\":\"x\"}\n{\"a\":\"0123456789012345678901234567\"}\n"
		"{\"a\":\"y\"}\n",
		"a\nx\ny\n");
}
END_TEST

/* ---- lines that are alike ----------------------------------------------- */

#define ALIKE "json.parse schema=\"a:int64,b.c:string,b.d:bool,e:string\""

/* Some lines that are alike, then one that is not, then some again. */
static void
put_alike(char *input, uint32_t n_before, const char *line, const char *more)
{
	static const char alike[] =
		"{\"a\":1,\"b\":{\"c\":\"x\"},\"z\":0,\"e\":null}\n";

	input[0] = '\0';
	for (uint32_t k = 0; k < n_before; k++)
		strcat(input, alike);
	strcat(strcat(strcat(input, line), "\n"), more);
	for (uint32_t k = 0; k < 3; k++)
		strcat(input, alike);
}

static void
fails_behind(
	uint32_t n, const char *stages, const char *line, const char *where)
{
	char input[2000], error[200];

	put_alike(input, n, line, "");
	sprintf(error, "pipe:%u:%s", n + 1, where);
	fails(stages, input, error);
}

START_TEST(a_line_behind_others_that_is_wrong_is_told_with_its_place)
{
	const char *wrong = "{\"a\":1,\"b\":{\"c\":5},\"z\":0,\"e\":nul}";

	for (uint32_t n = 1; n < 4; n++) {
		fails_behind(
			n, ALIKE " ! csv.format", wrong, "30: no such value");
		fails_behind(n, ALIKE " ! csv.format",
			"{\"a\":1,\"b\":7,\"z\":0,\"e\":null}",
			"12: 'b': an object or null is wanted");
		fails_behind(n, ALIKE " ! csv.format",
			"{\"a\":1,\"b\":{\"c\":\"x\"},\"a\":0,\"e\":null}",
			"25: 'a': this key stands twice");
	}
}
END_TEST

START_TEST(lines_that_are_alike_give_what_others_give)
{
	static const char row[] = "{\"a\":1,\"b.c\":\"x\",\"b.d\":null,"
				  "\"e\":null}\n";
	char input[2000], wanted[2000];

	for (uint32_t n = 1; n < 6; n += 2) {
		put_alike(input, n,
			"{\"a\":\"2\",\"b\":{\"c\":\"\\n\"},\"e\":[1]}",
			"\n{\"b\":null}\n");
		wanted[0] = '\0';
		for (uint32_t k = 0; k < n; k++)
			strcat(wanted, row);
		strcat(wanted,
			"{\"a\":\"2\",\"b.c\":\"\\n\",\"b.d\":null,"
			"\"e\":[1]}\n{\"a\":null,\"b.c\":null,"
			"\"b.d\":null,\"e\":null}\n");
		for (uint32_t k = 0; k < 3; k++)
			strcat(wanted, row);
		gives(ALIKE " ! json.format", input, wanted);
	}
	pipe_gives(ALIKE " ! json.format", input, wanted);
	sprintf(wanted, "count\n%u\n", 10);
	gives(ALIKE " ! count ! csv.format", input, wanted);
}
END_TEST

/* Where nobody looks at values the answer is that of a full read. */
START_TEST(counting_finds_the_bad_lines_that_reading_finds)
{
	static const char *const wrong[] = {"{\"a\":01}", "{\"a\":\"\\x\"}",
		"{\"a\":\"\xff\"}", "{\"a\":1,\"a\":2}", "[]", "{\"b\":1}",
		"{\"b\":{\"c\":[}}"};
	static const char *const where[] = {"7: a number has", "7: no such",
		"7: bytes", "11: 'a'", "1: every line", "6: 'b'",
		"12: a value"};

	for (uint32_t n = 0; n < 5; n++)
		for (size_t k = 0; k < 7; k++) {
			fails_behind(n, ALIKE " ! count ! csv.format", wrong[k],
				where[k]);
			fails_behind(
				n, ALIKE " ! csv.format", wrong[k], where[k]);
		}
	gives(ALIKE " on_error=skip ! count ! csv.format",
		"{\"a\":1}\n{\"a\":}\n\n{\"a\":\"x\\ty\",\"e\":[1]}\n",
		"count\n2\n");
	gives(ALIKE " ! count ! csv.format", "", "count\n0\n");
}
END_TEST

/* ---- strict ------------------------------------------------------------- */

START_TEST(a_declared_type_is_checked_if_it_is_strict)
{
	const char *input = "{\"a\":1,\"b\":\"x\"}\n\n{\"a\":null}\n{\"b\":2}\n"
			    "{\"b\":\"\\n\",\"a\":\"3\"}\n{\"a\":4}\n";

	fails("json.parse schema=\"a:int64,b:string\" strict=on ! csv.format",
		input,
		"pipe:5:16: column 'a' has '\"3\"', where its type is int64");
	fails("json.parse schema=\"a:int64,b:string\" strict=on ! count ! "
	      "csv.format",
		input, "pipe:5:16: column 'a'");
	gives("json.parse schema=\"a:int64,b:string\" strict=on "
	      "on_error=skip ! csv.format",
		input, "a,b\n1,x\n,\n,2\n4,\n");
	gives("json.parse schema=\"a:int64,b:string\" strict=on "
	      "on_error=skip ! count ! csv.format",
		input, "count\n4\n");
	gives("json.parse schema=\"a:int64\" strict=on on_error=skip ! "
	      "csv.format",
		"{\"a\":\"x\"}\n{\"a\":\"\\u0031\"}\n", "a\n");
}
END_TEST

/* Which of some values has a column of a type? */
START_TEST(every_type_can_be_strict)
{
	static const char *const values[] = {"-7", "1e3", "true", "\"\"",
		"\"2024-02-29\"", "\"2024-02-29 10:11\"", "1.25", "1.255",
		"\"0aF1\"", "\"0a1\"", "null", "[1]", "\"\\u0037\"", "\"7\"",
		"{}", "12345678901234567890", "\"\\u0030\\u0061\"",
		"\"false\""};
	static const struct {
		const char *type, *fits;
	} types[] = {{"int64", "0,10"}, {"float64", "0,1,6,7,10,15"},
		{"bool", "2,10"}, {"date", "4,10"}, {"timestamp", "4,5,10"},
		{"decimal(2)", "0,1,6,10,12,13,15"},
		{"binary", "3,8,10,15,16"}};
	char input[1000] = "";

	for (size_t k = 0; k < 18; k++)
		sprintf(input + strlen(input), "{\"i\":%zu,\"a\":%s}\n", k,
			values[k]);
	for (size_t k = 0; k < 7; k++) {
		char stages[200], wanted[200] = "i\n";

		for (const char *c = types[k].fits; *c; c++)
			strncat(wanted, *c == ',' ? "\n" : c, 1);
		strcat(wanted, "\n");
		sprintf(stages,
			"json.parse schema=\"i:string,a:%s\" strict=on "
			"on_error=skip ! select i ! csv.format",
			types[k].type);
		gives(stages, input, wanted);
	}
}
END_TEST

/* ---- large -------------------------------------------------------------- */

static char *
repeat(const char *line, uint32_t n, size_t *n_out)
{
	size_t len = strlen(line);
	char *text = malloc(n * len + 1);

	ck_assert_ptr_nonnull(text);
	for (uint32_t k = 0; k < n; k++)
		memcpy(text + k * len, line, len);
	text[n * len] = '\0';
	*n_out = n * len;
	return text;
}

START_TEST(many_lines_pass_in_large_and_odd_pieces)
{
	const char *line = "{\"a\":1,\"b\":\"x\\ty\",\"c\":[1,2],\"d\":null}\n";
	size_t n;
	char *text = repeat(line, 2000, &n);
	struct pipe_case c = {.stages = BACK, .input = text, .output = text};

	pipe_check_chunks(&c, 65536);
	pipe_check_chunks(&c, 7777);
	free(text);
}
END_TEST

START_TEST(tiny_lines_are_as_many_as_there_are)
{
	size_t n;
	char *text = repeat("{}\n", 20000, &n);
	struct pipe_case c = {.stages = "json.parse schema=\"a:int64\" ! count",
		.input = text,
		.output = "count\n20000\n"};
	char stages[] =
		"json.parse schema=\"a:int64,b:int64\" ! count ! csv.format";

	c.stages = stages;
	pipe_check_chunks(&c, 65536);
	free(text);
}
END_TEST

START_TEST(a_long_string_passes_and_is_decoded)
{
	size_t n = 200000;
	char *input = malloc(n + 32), *output = malloc(n + 32);
	struct pipe_case c = {
		.stages = PARSE, .input = input, .output = output};

	ck_assert_ptr_nonnull(input);
	ck_assert_ptr_nonnull(output);
	strcpy(input, "{\"a\":\"\\u0041");
	memset(input + 12, 'x', n);
	strcpy(input + 12 + n, "\"}\n");
	strcpy(output, "a\nA");
	memset(output + 3, 'x', n);
	strcpy(output + 3 + n, "\n");
	pipe_check_chunks(&c, 50000);
	free(input);
	free(output);
}
END_TEST

START_TEST(many_columns_come_in_frames_of_few_rows)
{
	size_t at = 0, room = 1500 * 16;
	char *line = malloc(room), *text;
	struct pipe_case c = {.stages = BACK};
	size_t n;

	ck_assert_ptr_nonnull(line);
	for (uint32_t k = 0; k < 1500; k++)
		at += (size_t)sprintf(
			line + at, "%c\"k%u\":%u", k ? ',' : '{', k, k % 10);
	strcpy(line + at, "}\n");
	text = repeat(line, 12, &n);
	c.input = c.output = text;
	pipe_check_chunks(&c, 131072);
	free(text);
	free(line);
}
END_TEST

START_TEST(keys_in_any_order_and_keys_that_are_never_the_same)
{
	char input[60000], wanted[8000];
	size_t n_in = 0, n_out = 2;

	strcpy(wanted, "a\n");
	for (uint32_t k = 0; k < 1000; k++) {
		n_in += (size_t)sprintf(input + n_in,
			"{\"x%u\":0,\"a\":%u,\"y\":{\"z%u\":\"}\"}}\n", k, k,
			k);
		n_out += (size_t)sprintf(wanted + n_out, "%u\n", k);
	}
	pipe_check_chunks(&(struct pipe_case){.stages = SCHEMA("a:int64"),
				  .input = input,
				  .output = wanted},
		4096);
}
END_TEST

START_TEST(a_first_line_that_is_too_long_takes_no_other_with_it)
{
	pipe_gives("json.parse max_record_bytes=16 on_error=skip ! json.format",
		"{\"a\":\"01234567890123456789\"}\n{\"a\":1}\n{\"a\":2}\n",
		"{\"a\":1}\n{\"a\":2}\n");
}
END_TEST

START_TEST(a_line_of_control_characters_is_not_blank)
{
	pipe_fails(SCHEMA("a:int64"), "{\"a\":1}\n\x08\n", "pipe:2:1: ");
	pipe_gives(SCHEMA("a:int64"), "{\"a\":1}\n \t\r\n", "a\n1\n");
}
END_TEST

TEST_MAIN("stages/json_parse", keys_are_columns_in_order_of_appearance,
	white_space_may_stand_anywhere, a_byte_order_mark_is_no_data,
	null_and_a_key_that_is_not_there_are_null,
	objects_in_objects_are_columns_by_path, lists_are_json_text,
	objects_can_be_json_text, a_key_with_values_of_many_kinds_keeps_them,
	escapes_are_resolved, numbers_stand_as_they_stood,
	a_schema_says_which_columns_there_are, a_schema_needs_no_sample,
	a_schema_that_is_wrong_is_refused, types_are_found_in_the_sample,
	only_so_many_lines_decide_on_the_columns,
	a_string_is_no_number_even_if_it_looks_like_one,
	a_value_of_another_type_passes_if_nobody_asks,
	what_a_stage_between_has_copied_keeps_its_type,
	an_inner_object_must_be_one_or_null,
	the_byte_that_is_told_is_that_of_the_value,
	lines_that_are_no_json_are_told_with_their_place,
	a_column_that_stands_twice_in_an_object_is_wrong,
	bad_lines_are_left_out_and_the_others_stay,
	before_the_first_object_lines_can_be_bad,
	objects_without_keys_say_nothing_about_columns,
	sixty_four_levels_pass_and_one_more_does_not,
	a_line_may_be_as_long_as_is_said,
	a_line_behind_others_that_is_wrong_is_told_with_its_place,
	lines_that_are_alike_give_what_others_give,
	counting_finds_the_bad_lines_that_reading_finds,
	a_declared_type_is_checked_if_it_is_strict, every_type_can_be_strict,
	many_lines_pass_in_large_and_odd_pieces,
	tiny_lines_are_as_many_as_there_are,
	a_long_string_passes_and_is_decoded,
	many_columns_come_in_frames_of_few_rows,
	keys_in_any_order_and_keys_that_are_never_the_same,
	a_first_line_that_is_too_long_takes_no_other_with_it,
	a_line_of_control_characters_is_not_blank)
