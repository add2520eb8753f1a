/*
 * unit/stages/dead_sqlite.c -- dead letters in a database of SQLite.
 */
#include "../run/stores.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* Built without SQLite? Then that is all there is to say. */
static bool
is_left_out(void)
{
	struct leat_error err = {0};
	struct leat_dead *dead;
	int rc = leat_dead_open(NULL, "d.db", LEAT_DEAD_ADD, &dead, &err);

	if (rc == LEAT_OK)
		leat_dead_close(dead);
	else
		ck_assert_ptr_nonnull(strstr(err.text, "without SQLite"));
	return rc != LEAT_OK;
}

static void
put_some(void)
{
	struct leat_dead *dead = store_open("d.db");

	ck_assert_int_eq(store_put(dead, "1", "a"), LEAT_OK);
	ck_assert_int_eq(store_put(dead, "2", "d"), LEAT_OK);
	ck_assert_int_eq(store_put(dead, "3", "c"), LEAT_OK);
	ck_assert_int_eq(store_put(dead, "4", ""), LEAT_OK);
	leat_dead_close(dead);
}

static int
compare_letter(const struct leat_letter *letter, void *user)
{
	const struct leat_letter *like = user;

	ck_assert_str_eq(letter->stage, like->stage);
	ck_assert_str_eq(letter->code, like->code);
	ck_assert_str_eq(letter->class_name, like->class_name);
	ck_assert_str_eq(letter->reason, like->reason);
	ck_assert_str_eq(letter->origin, like->origin);
	ck_assert_str_eq(letter->head, like->head);
	ck_assert_uint_eq(letter->n_bytes, like->n_bytes);
	ck_assert_mem_eq(letter->data, like->data, like->n_bytes);
	ck_assert_int_eq(letter->time_ns, like->time_ns);
	ck_assert_uint_eq(letter->n_attempts, like->n_attempts);
	ck_assert_uint_eq(letter->line, like->line);
	ck_assert_uint_eq(letter->column, like->column);
	ck_assert_uint_eq(letter->offset, like->offset);
	ck_assert_uint_eq(letter->n_records, like->n_records);
	ck_assert_uint_eq(letter->flags, like->flags);
	ck_assert_str_eq(letter->trace, like->trace);
	return LEAT_OK;
}

START_TEST(all_that_is_in_a_letter_comes_back)
{
	static const char *const records[] = {"x,\xc3\xbc", "\xff\x00y", "z\0"};
	struct leat_letter letter = {.stage = "csv.parse",
		.code = "LEAT_EDATA",
		.class_name = "data",
		.reason = "it's \"bad\"",
		.origin = "a.csv",
		.head = "a,b",
		.time_ns = 1772366400123456789,
		.n_attempts = 3,
		.line = 7,
		.column = 2,
		.offset = 1ull << 40,
		.n_records = 5,
		.flags = LEAT_LETTER_VALUES,
		.trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-"
			 "00f067aa0ba902b7-01"};
	struct leat_dead *dead;

	pipe_enter_folder();
	for (uint32_t k = 0; !is_left_out() && k < 3; k++) {
		unlink("d.db");
		dead = store_open("d.db");
		letter.data = records[k];
		letter.n_bytes = k ? 2 + (k == 1) : 4;
		ck_assert_int_eq(leat_dead_put(dead, &letter, NULL), LEAT_OK);
		ck_assert_int_eq(
			leat_dead_each(dead, compare_letter, &letter, NULL),
			LEAT_OK);
		ck_assert_int_eq(leat_dead_sync(dead, NULL), LEAT_OK);
		leat_dead_close(dead);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(each_letter_becomes_what_was_decided)
{
	struct leat_dead *dead;

	pipe_enter_folder();
	if (!is_left_out()) {
		put_some();
		dead = store_open("d.db");
		ck_assert_int_eq(
			leat_dead_change(dead, store_refuse, NULL, NULL),
			LEAT_ESTATE);
		store_holds("d.db", "1a 2d 3c 4 ");
		ck_assert_int_eq(
			leat_dead_change(dead, store_decide, NULL, NULL),
			LEAT_OK);
		leat_dead_close(dead);
		store_holds("d.db", "1a 3changed 4 ");
		ck_assert_uint_eq(pipe_count_files(), 1);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(a_process_that_is_killed_loses_no_letter_that_it_was_told_of)
{
	pipe_enter_folder();
	for (useconds_t k = 0; !is_left_out() && k < 6; k++) {
		uint64_t last;
		struct counted c;

		unlink("d.db");
		unlink("d.db-wal");
		unlink("d.db-shm");
		last = store_killed_while_adding("d.db", 700 * k);
		c = store_count("d.db");
		ck_assert_uint_ge(c.n, last);
		ck_assert_uint_le(c.n, last + 1);
		ck_assert_uint_eq(c.n_damaged, 0);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(two_that_write_and_one_that_changes_lose_nothing)
{
	pipe_enter_folder();
	if (!is_left_out())
		store_has_all_of_two_writers("d.db");
	pipe_leave_folder();
}
END_TEST

START_TEST(what_fails_is_said)
{
	struct leat_error err = {0};
	struct leat_dead *dead;

	pipe_enter_folder();
	pipe_put_text("none.db", "this is no database at all, but a text");
	if (is_left_out()) {
		pipe_leave_folder();
		return;
	}
	ck_assert_int_eq(
		leat_dead_open(NULL, "none.db", LEAT_DEAD_ADD, &dead, &err),
		LEAT_EDATA);
	ck_assert_ptr_nonnull(strstr(err.text, "none.db"));
	ck_assert_int_eq(
		leat_dead_open(NULL, "x/y.db", LEAT_DEAD_ADD, &dead, &err),
		LEAT_EIO);
	ck_assert_int_eq(leat_dead_open(NULL, "gone.sqlite", LEAT_DEAD_READ,
				 &dead, &err),
		LEAT_EIO);
	/* an id twice */
	put_some();
	dead = store_open("d.db");
	ck_assert_int_eq(store_put(dead, "1", "again"), LEAT_EIO);
	leat_dead_close(dead);
	store_holds("d.db", "1a 2d 3c 4 ");
	pipe_leave_folder();
}
END_TEST

START_TEST(a_full_disk_holds_whole_letters)
{
	static char record[3000];
	struct leat_dead *dead;
	uint64_t n = 0;
	char id[32];

	memset(record, 'r', sizeof(record) - 1);
	pipe_enter_folder();
	ck_assert_int_eq(mkdir("small", 0777), 0);
	if (!is_left_out() &&
		mount("none", "small", "tmpfs", 0, "size=256k") == 0) {
		struct counted c;

		dead = store_open("small/d.db");
		do
			snprintf(id, sizeof(id), "%llu",
				(unsigned long long)++n);
		while (store_put(dead, id, record) == LEAT_OK && n < 1000);
		ck_assert_uint_gt(n, 2);
		ck_assert_uint_lt(n, 1000);
		leat_dead_close(dead);
		c = store_count("small/d.db");
		ck_assert_uint_eq(c.n_damaged, 0);
		umount2("small", MNT_DETACH);
	}
	pipe_leave_folder();
}
END_TEST

/* ---- databases of before ------------------------------------------------- */

#if LEAT_WITH_SQLITE

#include <sqlite3.h>

#define TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
#define N_WHO 4
#define N_OLD 20

/* As leat made it when letters had no trace. */
static void
make_old(void)
{
	static const char text[] =
		"PRAGMA journal_mode=WAL;"
		"CREATE TABLE IF NOT EXISTS dead_letters("
		"number INTEGER PRIMARY KEY,version INTEGER NOT NULL,"
		"id TEXT NOT NULL UNIQUE,time TEXT,stage TEXT,code TEXT,"
		"class TEXT,reason TEXT,attempts INTEGER,file TEXT,"
		"line INTEGER,\"column\" INTEGER,\"offset\" INTEGER,"
		"records INTEGER,\"values\" INTEGER,head TEXT,record);"
		"INSERT INTO dead_letters(version,id,stage,reason,attempts,"
		"record) VALUES(1,'1','s','r',1,'a'),(1,'2','s','r',1,'d'),"
		"(1,'3','s','r',1,'c'),(1,'4','s','r',1,'')";
	sqlite3 *db;

	unlink("d.db");
	unlink("d.db-wal");
	unlink("d.db-shm");
	ck_assert_int_eq(sqlite3_open("d.db", &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static int
look_at_trace(const struct leat_letter *letter, void *user)
{
	uint32_t *n_traces = user;

	ck_assert((letter->flags & LEAT_LETTER_DAMAGED) == 0);
	if (strcmp(letter->id, "new") != 0) {
		ck_assert_ptr_null(letter->trace);
		return LEAT_OK;
	}
	ck_assert_str_eq(letter->trace, TRACE);
	++*n_traces;
	return LEAT_OK;
}

START_TEST(a_database_of_before_can_be_read_added_to_and_changed)
{
	struct leat_letter letter = {
		.id = "new", .stage = "s", .reason = "r", .trace = TRACE};
	struct leat_dead *dead;
	uint32_t n_traces = 0;

	pipe_enter_folder();
	make_old();
	store_holds("d.db", "1a 2d 3c 4 ");
	make_old();
	dead = store_open("d.db");
	ck_assert_int_eq(leat_dead_put(dead, &letter, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_dead_each(dead, look_at_trace, &n_traces, NULL), LEAT_OK);
	ck_assert_uint_eq(n_traces, 1);
	leat_dead_close(dead);
	make_old();
	dead = store_open("d.db");
	ck_assert_int_eq(
		leat_dead_change(dead, store_decide, NULL, NULL), LEAT_OK);
	leat_dead_close(dead);
	store_holds("d.db", "1a 3changed 4 ");
	pipe_leave_folder();
}
END_TEST

/* A process that adds a letter, and nothing else. */
static pid_t
begin_adding(int number)
{
	pid_t child = fork();
	char id[8];
	int rc;

	if (child)
		return child;
	snprintf(id, sizeof(id), "n%d", number);
	rc = store_put(store_open("d.db"), id, "d");
	_exit(rc == LEAT_OK ? 0 : 1);
}

START_TEST(several_may_open_it_at_once)
{
	pid_t children[N_WHO];
	int status;

	pipe_enter_folder();
	for (int n = 0; n < N_OLD; n++) {
		struct leat_dead *dead;

		make_old();
		for (int k = 0; k < N_WHO; k++)
			children[k] = begin_adding(k);
		for (int k = 0; k < N_WHO; k++) {
			ck_assert_int_eq(
				waitpid(children[k], &status, 0), children[k]);
			ck_assert_int_eq(status, 0);
		}
		dead = store_open("d.db");
		ck_assert_int_eq(
			leat_dead_change(dead, store_decide, NULL, NULL),
			LEAT_OK);
		leat_dead_close(dead);
		store_holds("d.db", "1a 3changed 4 ");
	}
	pipe_leave_folder();
}
END_TEST

#else

/* Nobody can make one here. */
START_TEST(a_database_of_before_can_be_read_added_to_and_changed)
{
	ck_assert(is_left_out());
}
END_TEST

START_TEST(several_may_open_it_at_once)
{
	ck_assert(is_left_out());
}
END_TEST

#endif

TEST_MAIN("stages/dead_sqlite", all_that_is_in_a_letter_comes_back,
	each_letter_becomes_what_was_decided,
	a_process_that_is_killed_loses_no_letter_that_it_was_told_of,
	two_that_write_and_one_that_changes_lose_nothing, what_fails_is_said,
	a_full_disk_holds_whole_letters,
	a_database_of_before_can_be_read_added_to_and_changed,
	several_may_open_it_at_once)
