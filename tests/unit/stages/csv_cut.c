/*
 * csv.cut: the header is taken, records stay whole; bad ones stand alone.
 */
#include "support/pipe.h"
#include "support/test.h"

START_TEST(the_header_is_taken_and_records_stay_as_they_are)
{
	pipe_gives("csv.cut", "a,b\n1,2\n\"3\n\",4\r\n", "1,2\n\"3\n\",4\r\n");
	pipe_gives("csv.cut header=off", "1,2\n3,4\n", "1,2\n3,4\n");
	pipe_gives("csv.cut", "\n\r\n\xef\xbb\xbf\n1,2\n", "1,2\n");
}
END_TEST

START_TEST(a_last_record_gets_its_newline)
{
	pipe_gives("csv.cut", "a,b\n1,2", "1,2\n");
	pipe_gives("csv.cut", "a,b\n1,\"2\"\r", "1,\"2\"\r\n");
}
END_TEST

START_TEST(only_a_whole_mark_is_skipped)
{
	pipe_gives("csv.cut header=off", "\xef\xbb\xbfx\n", "x\n");
	pipe_gives("csv.cut header=off", "\xef\xbbx\n", "\xef\xbbx\n");
	pipe_gives("csv.cut header=off", "\xef\xbb", "\xef\xbb\n");
	pipe_gives("csv.cut header=off", "\xef\xbb\xbf", "");
}
END_TEST

START_TEST(nothing_is_lost_of_what_cannot_be_read)
{
	pipe_gives("csv.cut", "a,b\n1,\"2\"x\n3,4\n5,\"6\n7,8\n",
		"1,\"2\"x\n3,4\n5,\"6\n7,8\n");
	pipe_gives("csv.cut", "a\"b,c\n1\"\",2\nx\"y,\"z\n\"\n",
		"1\"\",2\nx\"y,\"z\n\"\n");
}
END_TEST

START_TEST(a_header_that_cannot_be_read_fails_where_it_is)
{
	pipe_fails("csv.cut", "a,\"b\"c\n1,2\n", "pipe:1:6: text after");
	pipe_fails("csv.cut", "a,\"b\n1,2\n", "pipe:1:3: this quote");
	pipe_fails("csv.cut max_record_bytes=16",
		"a,0123456789012345678901234\n1,2\n",
		"pipe:1:1: this record has not ended after 16 bytes");
}
END_TEST

START_TEST(types_are_those_of_the_first_rows)
{
	/* a file and a pipe, whatever its pieces: the same */
	pipe_gives("csv.parse strict=on ! csv.format", "a,b\n1,x\nz,\n",
		"a,b\n1,x\nz,\n");
	pipe_fails("csv.parse strict=on infer_rows=1 ! csv.format",
		"a,b\n1,x\nz,\n",
		"pipe:3:1: column 'a' has 'z', where its type is int64");
}
END_TEST

START_TEST(without_a_header_the_first_record_has_a_say_in_the_types)
{
	pipe_gives("csv.parse header=off strict=on ! json.format", "a,1\n2,3\n",
		"{\"c1\":\"a\",\"c2\":1}\n{\"c1\":\"2\",\"c2\":3}\n");
}
END_TEST

START_TEST(columns_are_known_where_every_row_is_bad)
{
	pipe_gives("csv.parse on_error=skip ! csv.format", "a,b\n1\n", "a,b\n");
	pipe_gives("csv.parse on_error=skip ! csv.format", "a,b\n\"1\"x,2\n",
		"a,b\n");
	pipe_gives("csv.parse on_error=skip max_record_bytes=16 ! csv.format",
		"a,b\n0123456789012345678901234567890123456789,2\n", "a,b\n");
}
END_TEST

START_TEST(blank_lines_before_the_header_say_nothing_of_the_dialect)
{
	pipe_gives("csv.parse sniff=on ! csv.format", "\n1|2", "1,2\n");
}
END_TEST

TEST_MAIN("stages/csv_cut", the_header_is_taken_and_records_stay_as_they_are,
	a_last_record_gets_its_newline, only_a_whole_mark_is_skipped,
	nothing_is_lost_of_what_cannot_be_read,
	a_header_that_cannot_be_read_fails_where_it_is,
	types_are_those_of_the_first_rows,
	without_a_header_the_first_record_has_a_say_in_the_types,
	columns_are_known_where_every_row_is_bad,
	blank_lines_before_the_header_say_nothing_of_the_dialect)
