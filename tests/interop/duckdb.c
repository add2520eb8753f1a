/*
 * interop/duckdb.c -- Arrow streams between leat and DuckDB, in one process.
 *
 * usage: duckdb LIBDUCKDB FLIGHTS
 *
 * A file goes through a graph into a query of DuckDB, and what DuckDB computes
 * goes through a graph into a file. Ends in `N passed, N failed`.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/arrow.h>
#include <leat/leat.h>

/* The part of DuckDB's C interface that is used; handles are pointers. */
static struct {
	int (*open)(const char *path, void **db);
	void (*close)(void **db);
	int (*connect)(void *db, void **connection);
	void (*disconnect)(void **connection);
	int (*arrow_scan)(void *connection, const char *view, void *stream);
	int (*query_arrow)(void *connection, const char *query, void **result);
	int (*query_arrow_schema)(void *result, void **schema);
	int (*query_arrow_array)(void *result, void **array);
	const char *(*query_arrow_error)(void *result);
	void (*destroy_arrow)(void **result);
} duckdb;

static void *connection;
static int n_passed, n_failed;
static bool is_quiet; /* a query may fail */

static void
check(bool is_right, const char *what, const char *why)
{
	n_passed += is_right;
	n_failed += !is_right;
	if (!is_right)
		printf("FAIL: %s: %s\n", what, why ? why : "");
}

static void
load(const char *path)
{
	static const struct {
		const char *name;
		void *to;
	} all[] = {{"duckdb_open", &duckdb.open},
		{"duckdb_close", &duckdb.close},
		{"duckdb_connect", &duckdb.connect},
		{"duckdb_disconnect", &duckdb.disconnect},
		{"duckdb_arrow_scan", &duckdb.arrow_scan},
		{"duckdb_query_arrow", &duckdb.query_arrow},
		{"duckdb_query_arrow_schema", &duckdb.query_arrow_schema},
		{"duckdb_query_arrow_array", &duckdb.query_arrow_array},
		{"duckdb_query_arrow_error", &duckdb.query_arrow_error},
		{"duckdb_destroy_arrow", &duckdb.destroy_arrow}};
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		printf("FAIL: %s\n0 passed, 1 failed\n", dlerror());
		exit(1);
	}
	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		void *function = dlsym(library, all[k].name);

		if (!function) {
			printf("FAIL: no %s\n0 passed, 1 failed\n",
				all[k].name);
			exit(1);
		}
		memcpy(all[k].to, &function, sizeof(function));
	}
}

/* ---- a query as a stream --------------------------------------------------- */

static int
result_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
	void *to = out;

	return duckdb.query_arrow_schema(stream->private_data, &to);
}

static int
result_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
	void *to = out;

	*out = (struct ArrowArray){.release = NULL};
	return duckdb.query_arrow_array(stream->private_data, &to);
}

static const char *
result_get_last_error(struct ArrowArrayStream *stream)
{
	return duckdb.query_arrow_error(stream->private_data);
}

static void
result_release(struct ArrowArrayStream *stream)
{
	duckdb.destroy_arrow(&stream->private_data);
	stream->release = NULL;
}

static int
query(const char *text, struct ArrowArrayStream *stream)
{
	void *result = NULL;
	int rc = duckdb.query_arrow(connection, text, &result);

	if (rc && !is_quiet)
		check(false, text, duckdb.query_arrow_error(result));
	*stream = (struct ArrowArrayStream){result_get_schema, result_get_next,
		result_get_last_error, result_release, result};
	return rc;
}

/* ---- out of DuckDB, into leat ---------------------------------------------- */

/* What a query gives, to a file as CSV by leat. */
static int
write_csv(const char *text, struct leat_error *err)
{
	struct ArrowArrayStream stream;
	struct leat_graph *graph = NULL;
	int rc;

	*err = (struct leat_error){.text = "the query failed"};
	if (query(text, &stream))
		return -1;
	rc = leat_graph_create(NULL, &graph, err);
	if (!rc)
		rc = leat_arrow_in(graph, "in", &stream, NULL, err);
	if (!rc)
		rc = leat_graph_parse(graph,
			"in. ! csv.format ! write duckdb.out sync=off", err);
	if (!rc)
		rc = leat_graph_run(graph, err);
	leat_graph_destroy(graph);
	return rc;
}

static void
expect_csv(const char *text, const char *want)
{
	struct leat_error err;
	char got[4096] = "";
	FILE *file;
	int rc = write_csv(text, &err);

	file = fopen("duckdb.out", "r");
	if (file) {
		got[fread(got, 1, sizeof(got) - 1, file)] = '\0';
		fclose(file);
		remove("duckdb.out");
	}
	check(!rc && !strcmp(got, want), text, rc ? err.text : got);
}

/* What leat does not take it says, and leaves no file. */
static void
expect_refusal(const char *text, const char *want)
{
	struct leat_error err;
	int rc = write_csv(text, &err);
	FILE *file = fopen("duckdb.out", "r");

	check(rc && !file && strstr(err.text, want), text,
		rc ? err.text : "it was taken");
	if (file)
		fclose(file);
	remove("duckdb.out");
}

/* Types that leat has not, or values that its types cannot hold. */
static void
from_duckdb_in_another_type(void)
{
	expect_csv("SELECT e::ENUM('b', 'a') e FROM (VALUES ('a'), (NULL), "
		   "('b')) t(e)",
		"e\na\n\"\"\nb\n");
	expect_csv("SELECT TIMESTAMPTZ '2024-02-29 12:00:00+02' z, "
		   "TIMESTAMP_NS '2024-02-29 12:00:00.123456' n, "
		   "TIMESTAMP_MS '1969-12-31 23:59:59.5' m",
		"z,n,m\n2024-02-29T10:00:00Z,2024-02-29T12:00:00.123456Z,"
		"1969-12-31T23:59:59.5Z\n");
	expect_csv("SELECT '6b9ac1a7-03c6-4d4a-a3b5-6e3a1f7e9f11'::UUID u, "
		   "9223372036854775807::UBIGINT b",
		"u,b\n6b9ac1a7-03c6-4d4a-a3b5-6e3a1f7e9f11,"
		"9223372036854775807\n");
	expect_refusal("SELECT i::UBIGINT b FROM (VALUES (1), "
		       "(18446744073709551615)) t(i)",
		"'b'");
	expect_refusal(
		"SELECT TIMESTAMP_NS '2024-02-29 12:00:00.123456789' n", "'n'");
	expect_refusal("SELECT [1, 2] l", "'l'");
	expect_refusal("SELECT {'a': 1} s", "'s'");
	expect_refusal("SELECT TIME '12:00:00' t", "'t'");
	expect_refusal("SELECT INTERVAL 1 DAY i", "'i'");
}

static void
from_duckdb_nothing(void)
{
	expect_csv("SELECT 1 a, 'x' b WHERE false", "a,b\n");
	expect_csv("SELECT NULL::INTEGER a, NULL::DOUBLE b, NULL::DATE c, "
		   "NULL::TIMESTAMP d, NULL::DECIMAL(9,2) e, NULL::BOOLEAN f, "
		   "NULL::BLOB g, NULL h",
		"a,b,c,d,e,f,g,h\n,,,,,,,\n");
	expect_csv("SELECT CASE WHEN i % 3 > 0 THEN i END a, CASE WHEN i % 2 > "
		   "0 THEN i > 2 END b FROM range(6) t(i)",
		"a,b\n,\n1,false\n2,\n,true\n4,\n5,true\n");
}

static void
from_duckdb(void)
{
	expect_csv("SELECT 1::TINYINT a, 2::UINTEGER b, 3::BIGINT c, "
		   "0.5::FLOAT d, 1e300::DOUBLE e, true f",
		"a,b,c,d,e,f\n1,2,3,0.5,1e+300,true\n");
	expect_csv("SELECT 'x' a, NULL::VARCHAR b, 'a longer text than twelve' "
		   "c, 'q\"q' d",
		"a,b,c,d\nx,,a longer text than twelve,\"q\"\"q\"\n");
	expect_csv("SELECT DATE '2024-02-29' a, TIMESTAMP '2024-02-29 "
		   "12:34:56.789' b, TIMESTAMP_S '1969-12-31 23:59:59' c",
		"a,b,c\n2024-02-29,2024-02-29T12:34:56.789Z,"
		"1969-12-31T23:59:59Z\n");
	expect_csv("SELECT 12.50::DECIMAL(18,2) a, -0.001::DECIMAL(38,3) b, "
		   "170141183460469231731687303715884105727::HUGEINT::VARCHAR "
		   "c, '\\x00\\xFF'::BLOB d",
		"a,b,c,d\n12.50,-0.001,170141183460469231731687303715884105727,"
		"00ff\n");
	expect_csv("SELECT count(*) n, sum(x)::BIGINT s FROM (SELECT i AS x "
		   "FROM range(100000) t(i))",
		"n,s\n100000,4999950000\n");
}

/* ---- out of leat, into DuckDB ---------------------------------------------- */

/* The one number that a query gives. */
static int64_t
query_number(const char *text)
{
	struct ArrowArrayStream stream;
	struct ArrowArray array;
	int64_t value = -1;

	if (query(text, &stream))
		return -1;
	if (!stream.get_next(&stream, &array) && array.release) {
		value = ((const int64_t *)array.children[0]->buffers[1])[0];
		array.release(&array);
	}
	stream.release(&stream);
	return value;
}

static int
run(const char *text)
{
	struct ArrowArrayStream stream;
	int rc = query(text, &stream);

	if (!rc)
		stream.release(&stream);
	return rc;
}

static int
run_quietly(const char *text)
{
	int rc;

	is_quiet = true;
	rc = run(text);
	is_quiet = false;
	return rc;
}

static void
to_duckdb(const char *flights)
{
	struct ArrowArrayStream stream = {.release = NULL};
	struct leat_graph *graph = NULL;
	struct leat_error err;
	struct leat_end end;
	int64_t got = -1;
	char text[512];
	int rc;

	snprintf(text, sizeof(text), "read \"%s\" ! where \"delay > 60\"",
		flights);
	rc = leat_graph_create(NULL, &graph, &err);
	if (!rc)
		rc = leat_graph_parse_open(graph, text, &end, &err);
	if (!rc)
		rc = leat_arrow_out(graph, end, &stream, &err);
	if (!rc)
		rc = leat_graph_start(graph, &err);
	/* its scan of a stream takes all columns or mixes them up */
	if (!rc && !duckdb.arrow_scan(connection, "stream", &stream) &&
		!run("CREATE TABLE late AS SELECT * FROM stream"))
		got = query_number("SELECT (count(*) * 1000000 + "
				   "sum(delay::BIGINT))::BIGINT FROM late");
	if (stream.release)
		stream.release(&stream);
	if (!rc)
		rc = leat_graph_wait(graph, LEAT_NEVER, &err);
	leat_graph_destroy(graph);
	snprintf(text, sizeof(text),
		"SELECT (count(*) * 1000000 + sum(delay))::BIGINT FROM "
		"read_csv('%s') WHERE delay > 60",
		flights);
	check(!rc && got > 0 && got == query_number(text), "late flights",
		rc ? err.text : "the sums differ");
}

/* What DuckDB makes of rows that leat has read, with a query over them. */
static int
to_table(const char *graph_text, struct leat_error *err)
{
	struct ArrowArrayStream stream = {.release = NULL};
	struct leat_graph *graph = NULL;
	struct leat_end end;
	int rc = leat_graph_create(NULL, &graph, err), failed;

	run("DROP TABLE IF EXISTS given");
	if (!rc)
		rc = leat_graph_parse_open(graph, graph_text, &end, err);
	if (!rc)
		rc = leat_arrow_out(graph, end, &stream, err);
	if (!rc)
		rc = leat_graph_start(graph, err);
	is_quiet = true;
	failed = !rc &&
		(duckdb.arrow_scan(connection, "given_stream", &stream) ||
			run("CREATE TABLE given AS SELECT * FROM "
			    "given_stream"));
	is_quiet = false;
	if (stream.release)
		stream.release(&stream);
	if (!rc)
		rc = leat_graph_wait(graph, LEAT_NEVER, err);
	leat_graph_destroy(graph);
	if (!rc && failed)
		snprintf(err->text, sizeof(err->text), "DuckDB refused it");
	return rc ? rc : failed;
}

static void
put_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (file) {
		fputs(text, file);
		fclose(file);
	}
}

static void
to_duckdb_every_type(void)
{
	struct leat_error err = {0};
	int rc;

	put_file("types.csv",
		"i,f,p,b,d,t,s\n"
		"-7,0.25,10.50,true,2024-02-29,2024-02-29T12:00:00.5+02:00,"
		"\"a \"\"b\"\", c\"\n"
		",,,,,,\n");
	rc = to_table("read types.csv ! csv.parse "
		      "schema=\"p:decimal(2),t:timestamp\"",
		&err);
	check(!rc, "every type", err.text);
	check(query_number("SELECT count(*) FROM given WHERE i = -7 AND "
			   "typeof(i) = 'BIGINT' AND f = 0.25 AND p = 10.5 AND "
			   "typeof(p) = 'DECIMAL(38,2)' AND b AND d = DATE "
			   "'2024-02-29' AND t = TIMESTAMPTZ '2024-02-29 "
			   "10:00:00.5+00' AND s = 'a \"b\", c'") == 1,
		"values of every type", "are others");
	check(query_number(
		      "SELECT count(*) FROM given WHERE i IS NULL AND f IS "
		      "NULL AND p IS NULL AND b IS NULL AND d IS NULL AND "
		      "t IS NULL AND s IS NULL") == 1,
		"nulls of every type", "are none");
	put_file("types.csv", "a,b\n");
	rc = to_table("read types.csv ! csv.parse", &err);
	check(!rc && query_number("SELECT count(*) FROM given") == 0,
		"a table of no row", err.text);
	remove("types.csv");
}

/* What goes wrong in the graph is an error of the query, not fewer rows. */
static void
to_duckdb_what_fails(void)
{
	struct leat_error err = {0};
	int rc;

	put_file("bad.csv", "a\n1\n2\nx\n");
	rc = to_table("read bad.csv ! csv.parse schema=a:int64", &err);
	check(rc == LEAT_EDATA && strstr(err.text, "bad.csv:4:1"),
		"a bad value", err.text);
	check(run_quietly("SELECT * FROM given") != 0, "a bad value",
		"left a table");
	remove("bad.csv");
}

int
main(int argc, char **argv)
{
	void *db = NULL;

	if (argc != 3) {
		fprintf(stderr, "usage: duckdb LIBDUCKDB FLIGHTS\n");
		return 2;
	}
	load(argv[1]);
	check(!duckdb.open(":memory:", &db), "open", NULL);
	check(!duckdb.connect(db, &connection), "connect", NULL);
	from_duckdb();
	from_duckdb_in_another_type();
	from_duckdb_nothing();
	to_duckdb(argv[2]);
	to_duckdb_every_type();
	to_duckdb_what_fails();
	duckdb.disconnect(&connection);
	duckdb.close(&db);
	printf("%d passed, %d failed\n", n_passed, n_failed);
	return n_failed != 0;
}
