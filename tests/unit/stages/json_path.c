/*
 * json.path: steps, what is found, JSON that is wrong.
 */
#include "support/pipe.h"
#include "support/test.h"

#define TEXT "json.parse nested=text ! json.path "

static void
gives(const char *stages, const char *input, const char *output)
{
	struct pipe_case c = {
		.stages = stages, .input = input, .output = output};

	pipe_check_chunks(&c, 5);
}

static void
fails(const char *stages, const char *input, const char *error)
{
	struct pipe_case c = {.stages = stages, .input = input, .error = error};

	pipe_check_chunks(&c, 64);
}

START_TEST(paths_lead_into_objects_and_lists)
{
	gives(TEXT "\"x=$.a.b[1],y=$['c d'],z=$.a.b[-1].e\" from=u ! "
		   "select x,y,z ! json.format",
		"{\"u\":{\"a\":{\"b\":[0,\"one\",{\"e\":2.50}]},\"c "
		"d\":true}}\n"
		"{\"u\":{\"a\":{\"b\":[]},\"c d\":{\"f\":[1, 2]}}}\n"
		"{\"u\":{\"a\":[1],\"c d\":null}}\n"
		"{\"u\":null}\n",
		"{\"x\":\"one\",\"y\":true,\"z\":2.50}\n"
		"{\"x\":null,\"y\":{\"f\":[1, 2]},\"z\":null}\n"
		"{\"x\":null,\"y\":null,\"z\":null}\n"
		"{\"x\":null,\"y\":null,\"z\":null}\n");
}
END_TEST

START_TEST(the_whole_value_is_a_path)
{
	gives(TEXT "x=$ from=u ! select x ! csv.format", "{\"u\":[1,2]}\n",
		"x\n\"[1,2]\"\n");
}
END_TEST

START_TEST(elements_are_counted_from_both_ends)
{
	gives(TEXT "a=$[0] b=$[2] c=$[3] d=$[-1] e=$[-3] f=$[-4] from=u ! "
		   "select a,b,c,d,e,f ! csv.format",
		"{\"u\":[ \"x\" , [ 5 ] , 7 ]}\n", "a,b,c,d,e,f\nx,7,,7,x,\n");
}
END_TEST

START_TEST(escapes_are_resolved_in_keys_and_values)
{
	gives(TEXT "a=$.k b=$.l from=u ! select a,b ! csv.format",
		"{\"u\":{\"\\u006b\":\"a\\tb\",\"l\":\"\\u20ac\"}}\n",
		"a,b\na\tb,\xe2\x82\xac\n");
}
END_TEST

START_TEST(of_a_key_that_stands_twice_the_last_counts)
{
	gives(TEXT "a=$.k from=u ! select a ! csv.format",
		"{\"u\":{\"k\":1,\"k\":2}}\n", "a\n2\n");
}
END_TEST

START_TEST(text_of_a_csv_can_be_json)
{
	gives("csv.parse ! json.path a=$.k b=$.l from=u ! select n,a,b ! "
	      "csv.format",
		"n,u\n1,\"{\"\"k\"\":\"\"v\"\"}\"\n2,\n3,\"{\"\"l\"\":[1]}\"\n",
		"n,a,b\n1,v,\n2,,\n3,,[1]\n");
}
END_TEST

START_TEST(text_that_is_no_json_is_told_with_its_place)
{
	fails("csv.parse ! json.path a=$.k from=u ! csv.format",
		"n,u\n1,{}\n2,{x}\n", "pipe:3:3: a key in double quotes");
	gives("csv.parse ! json.path a=$.k from=u on_error=skip ! select n ! "
	      "csv.format",
		"n,u\n1,{}\n2,{x}\n3,{}\n", "n\n1\n3\n");
}
END_TEST

START_TEST(what_is_no_path_is_refused)
{
	fails("json.parse ! json.path a=$.. from=u ! csv.format",
		"{\"u\":[]}\n", "no step of a path");
	fails("json.parse ! json.path a=$[x] from=u ! csv.format",
		"{\"u\":[]}\n", "no step of a path");
	fails("json.parse ! json.path a=$[-0] from=u ! csv.format",
		"{\"u\":[]}\n", "no step of a path");
	fails("json.parse ! json.path a=$x from=u ! csv.format", "{\"u\":[]}\n",
		"a comma is wanted here");
	fails("json.parse ! json.path a from=u ! csv.format", "{\"u\":[]}\n",
		"a name, = and a path are wanted");
	fails("json.parse ! json.path a=$[0] a=$[1] from=u ! csv.format",
		"{\"u\":[]}\n", "in the list already");
	fails("json.parse ! json.path u=$[0] from=u ! csv.format",
		"{\"u\":[]}\n", "there is a column 'u' already");
	fails("json.parse ! json.path a=$[0] from=v ! csv.format",
		"{\"u\":[]}\n", "no column 'v'");
}
END_TEST

TEST_MAIN("stages/json_path", paths_lead_into_objects_and_lists,
	the_whole_value_is_a_path, elements_are_counted_from_both_ends,
	escapes_are_resolved_in_keys_and_values,
	of_a_key_that_stands_twice_the_last_counts, text_of_a_csv_can_be_json,
	text_that_is_no_json_is_told_with_its_place, what_is_no_path_is_refused)
