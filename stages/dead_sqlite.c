/*
 * stages/dead_sqlite.c -- dead letters in a database of SQLite.
 *
 * Each letter is a transaction of its own, in a write-ahead log that is not
 * brought to the disk at each of them: a process that is killed loses nothing,
 * a machine without power at most what came after the last sync, and never the
 * database.
 * Keeps: a letter is a row or not there; a change is one transaction.
 * Threads: one at a time. Source: SQLite's documentation, Write-Ahead Logging.
 */
#include <leat/dead.h>

#include <stdio.h>
#include <string.h>

#define SQLITE_MEMORY_BYTES (4u << 20)

static const char sqlite_suffixes[] = ".db|.sqlite|.sqlite3";

#if LEAT_WITH_SQLITE

#include <sqlite3.h>

#define SQLITE_WAIT_MS 30000 /* for who else writes */

struct sqlite {
	sqlite3 *db;
	sqlite3_stmt *put;
};

/* ---- errors ------------------------------------------------------------- */

static int
sqlite_fail(struct leat_dead *dead, const char *what, struct leat_error *err)
{
	const struct sqlite *s = leat_dead_state(dead);
	int code = s->db ? sqlite3_errcode(s->db) : SQLITE_NOMEM;
	int rc = code == SQLITE_NOMEM                             ? LEAT_ENOMEM
		: code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? LEAT_EDATA
								  : LEAT_EIO;

	if (!err)
		return rc;
	err->code = rc;
	err->sys_errno = s->db ? sqlite3_system_errno(s->db) : 0;
	snprintf(err->text, sizeof(err->text), "cannot %s '%.200s': %.200s",
		what, leat_dead_path(dead),
		s->db ? sqlite3_errmsg(s->db) : "out of memory");
	return rc;
}

static int
sqlite_run(struct leat_dead *dead, const char *text, const char *what,
	struct leat_error *err)
{
	struct sqlite *s = leat_dead_state(dead);

	if (sqlite3_exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK)
		return LEAT_OK;
	return sqlite_fail(dead, what, err);
}

/* ---- a letter as a row -------------------------------------------------- */

#define SQLITE_COLUMNS                                                         \
	"version,id,time,stage,code,class,reason,attempts,file,line,"          \
	"\"column\",\"offset\",records,\"values\",head,record,trace"

enum sqlite_column {
	COLUMN_VERSION,
	COLUMN_ID,
	COLUMN_TIME,
	COLUMN_STAGE,
	COLUMN_CODE,
	COLUMN_CLASS,
	COLUMN_REASON,
	COLUMN_ATTEMPTS,
	COLUMN_FILE,
	COLUMN_LINE,
	COLUMN_COLUMN,
	COLUMN_OFFSET,
	COLUMN_RECORDS,
	COLUMN_VALUES,
	COLUMN_HEAD,
	COLUMN_RECORD,
	COLUMN_TRACE,
	COLUMN_NUMBER /* the row's own */
};

static const char sqlite_schema[] =
	"CREATE TABLE IF NOT EXISTS dead_letters("
	"number INTEGER PRIMARY KEY,version INTEGER NOT NULL,"
	"id TEXT NOT NULL UNIQUE,time TEXT,stage TEXT,code TEXT,class TEXT,"
	"reason TEXT,attempts INTEGER,file TEXT,line INTEGER,"
	"\"column\" INTEGER,\"offset\" INTEGER,records INTEGER,"
	"\"values\" INTEGER,head TEXT,record,trace TEXT)";

static void
bind_text(sqlite3_stmt *row, enum sqlite_column column, const char *text)
{
	if (text)
		sqlite3_bind_text(
			row, (int)column + 1, text, -1, SQLITE_STATIC);
}

/* What is not known is null. */
static void
bind_number(sqlite3_stmt *row, enum sqlite_column column, uint64_t value)
{
	if (value)
		sqlite3_bind_int64(row, (int)column + 1, (sqlite3_int64)value);
}

/* Without a NUL byte a record can be looked at as a text. */
static void
bind_record(sqlite3_stmt *row, const struct leat_letter *letter)
{
	int at = COLUMN_RECORD + 1;

	if (!letter->data)
		return;
	if (leat_letter_is_text(letter) &&
		!memchr(letter->data, 0, letter->n_bytes))
		sqlite3_bind_text64(row, at, letter->data, letter->n_bytes,
			SQLITE_STATIC, SQLITE_UTF8);
	else
		sqlite3_bind_blob64(
			row, at, letter->data, letter->n_bytes, SQLITE_STATIC);
}

static void
bind_letter(sqlite3_stmt *row, const struct leat_letter *letter, char *time)
{
	sqlite3_clear_bindings(row);
	bind_number(row, COLUMN_VERSION, LEAT_LETTER_VERSION);
	bind_text(row, COLUMN_ID, letter->id);
	bind_text(row, COLUMN_TIME,
		leat_letter_time_print(letter->time_ns, time));
	bind_text(row, COLUMN_STAGE, letter->stage);
	bind_text(row, COLUMN_CODE, letter->code);
	bind_text(row, COLUMN_CLASS, letter->class_name);
	bind_text(row, COLUMN_REASON, letter->reason);
	bind_number(row, COLUMN_ATTEMPTS, letter->n_attempts);
	bind_text(row, COLUMN_FILE, letter->origin);
	bind_number(row, COLUMN_LINE, letter->line);
	bind_number(row, COLUMN_COLUMN, letter->column);
	if (letter->line)
		sqlite3_bind_int64(
			row, COLUMN_OFFSET + 1, (sqlite3_int64)letter->offset);
	bind_number(row, COLUMN_RECORDS, letter->n_records);
	bind_number(row, COLUMN_VALUES, letter->flags & LEAT_LETTER_VALUES);
	bind_text(row, COLUMN_HEAD, letter->head);
	bind_record(row, letter);
	bind_text(row, COLUMN_TRACE, letter->trace);
}

static const char *
row_text(sqlite3_stmt *row, enum sqlite_column column)
{
	return (const char *)sqlite3_column_text(row, (int)column);
}

static uint64_t
row_number(sqlite3_stmt *row, enum sqlite_column column)
{
	return (uint64_t)sqlite3_column_int64(row, (int)column);
}

/* What it points to lives as long as the row is the one at hand. */
static void
row_letter(sqlite3_stmt *row, struct leat_letter *letter)
{
	const char *time = row_text(row, COLUMN_TIME);

	*letter = (struct leat_letter){
		.id = row_text(row, COLUMN_ID),
		.stage = row_text(row, COLUMN_STAGE),
		.code = row_text(row, COLUMN_CODE),
		.class_name = row_text(row, COLUMN_CLASS),
		.reason = row_text(row, COLUMN_REASON),
		.n_attempts = row_number(row, COLUMN_ATTEMPTS),
		.origin = row_text(row, COLUMN_FILE),
		.line = row_number(row, COLUMN_LINE),
		.column = row_number(row, COLUMN_COLUMN),
		.offset = row_number(row, COLUMN_OFFSET),
		.n_records = row_number(row, COLUMN_RECORDS),
		.flags =
			row_number(row, COLUMN_VALUES) ? LEAT_LETTER_VALUES : 0,
		.head = row_text(row, COLUMN_HEAD),
		.trace = row_text(row, COLUMN_TRACE),
	};
	if (row_number(row, COLUMN_VERSION) != LEAT_LETTER_VERSION)
		letter->flags |= LEAT_LETTER_DAMAGED;
	if (time)
		(void)leat_letter_time_parse(
			time, strlen(time), &letter->time_ns);
	if (sqlite3_column_type(row, COLUMN_RECORD) == SQLITE_NULL)
		return;
	letter->data = sqlite3_column_blob(row, COLUMN_RECORD);
	letter->n_bytes = (size_t)sqlite3_column_bytes(row, COLUMN_RECORD);
	if (!letter->data)
		letter->data = "";
}

/* ---- adding ------------------------------------------------------------- */

static int
sqlite_put(struct leat_dead *dead, const struct leat_letter *letter,
	struct leat_error *err)
{
	struct sqlite *s = leat_dead_state(dead);
	char time[LEAT_LETTER_TIME_BYTES];
	int rc;

	bind_letter(s->put, letter, time);
	rc = sqlite3_step(s->put);
	if (rc != SQLITE_DONE)
		rc = sqlite_fail(dead, "write dead letters to", err);
	else
		rc = LEAT_OK;
	sqlite3_reset(s->put);
	return rc;
}

/* All of the log into the database, and that to the disk. */
static int
sqlite_sync(struct leat_dead *dead, struct leat_error *err)
{
	struct sqlite *s = leat_dead_state(dead);
	int rc = sqlite3_wal_checkpoint_v2(
		s->db, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL);

	return rc == SQLITE_OK ? LEAT_OK
			       : sqlite_fail(dead,
					 "bring to the disk the dead "
					 "letters in",
					 err);
}

/* ---- looking and changing ----------------------------------------------- */

static const char sqlite_select[] =
	"SELECT " SQLITE_COLUMNS ",number FROM dead_letters ORDER BY number";

/* SQLITE_ROW, SQLITE_DONE and codes become 1, 0 and a code. */
static int
row_next(struct leat_dead *dead, sqlite3_stmt *row, struct leat_error *err)
{
	int rc = sqlite3_step(row);

	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE
		? LEAT_OK
		: sqlite_fail(dead, "read dead letters from", err);
}

static int
sqlite_prepare(struct leat_dead *dead, const char *text, sqlite3_stmt **out,
	struct leat_error *err)
{
	struct sqlite *s = leat_dead_state(dead);

	if (sqlite3_prepare_v2(s->db, text, -1, out, NULL) == SQLITE_OK)
		return LEAT_OK;
	return sqlite_fail(dead, "keep dead letters in", err);
}

static int
sqlite_each(struct leat_dead *dead, leat_letter_fn fn, void *user,
	struct leat_error *err)
{
	struct leat_letter letter;
	sqlite3_stmt *row;
	int rc = sqlite_prepare(dead, sqlite_select, &row, err);

	if (rc)
		return rc;
	while ((rc = row_next(dead, row, err)) > 0) {
		row_letter(row, &letter);
		rc = fn(&letter, user);
		if (rc)
			break;
	}
	sqlite3_finalize(row);
	return rc;
}

/* What the row becomes. Rows that are changed or dropped are not seen again. */
static int
sqlite_change_row(struct leat_dead *dead, sqlite3_stmt *row,
	sqlite3_stmt *replace, sqlite3_stmt *drop, leat_letter_change_fn fn,
	void *user, struct leat_error *err)
{
	char time[LEAT_LETTER_TIME_BYTES];
	struct leat_letter letter, changed;
	sqlite3_stmt *act;
	int fate;

	row_letter(row, &letter);
	changed = letter;
	fate = fn(&letter, &changed, user);
	if (fate <= LEAT_LETTER_KEEP)
		return fate;
	act = fate == LEAT_LETTER_DROP ? drop : replace;
	if (fate == LEAT_LETTER_CHANGE)
		bind_letter(replace, &changed, time);
	sqlite3_bind_int64(act,
		fate == LEAT_LETTER_CHANGE ? COLUMN_NUMBER + 1 : 1,
		sqlite3_column_int64(row, COLUMN_NUMBER));
	fate = sqlite3_step(act) == SQLITE_DONE
		? LEAT_OK
		: sqlite_fail(dead, "change dead letters in", err);
	sqlite3_reset(act);
	return fate;
}

static int
sqlite_change_rows(struct leat_dead *dead, leat_letter_change_fn fn, void *user,
	struct leat_error *err)
{
	sqlite3_stmt *row = NULL, *replace = NULL, *drop = NULL;
	int rc = sqlite_prepare(dead, sqlite_select, &row, err);

	if (!rc)
		rc = sqlite_prepare(dead,
			"REPLACE INTO dead_letters(" SQLITE_COLUMNS
			",number) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
			&replace, err);
	if (!rc)
		rc = sqlite_prepare(dead,
			"DELETE FROM dead_letters WHERE number=?", &drop, err);
	while (!rc && (rc = row_next(dead, row, err)) > 0)
		rc = sqlite_change_row(dead, row, replace, drop, fn, user, err);
	sqlite3_finalize(row);
	sqlite3_finalize(replace);
	sqlite3_finalize(drop);
	return rc;
}

static int
sqlite_change(struct leat_dead *dead, leat_letter_change_fn fn, void *user,
	struct leat_error *err)
{
	static const char what[] = "change dead letters in";
	struct sqlite *s = leat_dead_state(dead);
	int rc = sqlite_run(dead, "BEGIN IMMEDIATE", what, err);

	if (rc)
		return rc;
	rc = sqlite_change_rows(dead, fn, user, err);
	if (!rc)
		rc = sqlite_run(dead, "COMMIT", what, err);
	if (rc && !sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return rc ? rc : sqlite_sync(dead, err);
}

/* ---- life --------------------------------------------------------------- */

/* A database of before letters had traces. Where this fails, what is prepared
 * next does, and says why. */
static void
sqlite_add_trace(struct sqlite *s)
{
	static const char look[] = "SELECT trace FROM dead_letters LIMIT 0";

	if (sqlite3_exec(s->db, look, NULL, NULL, NULL) != SQLITE_OK)
		sqlite3_exec(s->db,
			"ALTER TABLE dead_letters ADD COLUMN trace TEXT", NULL,
			NULL, NULL);
}

static int
sqlite_open(struct leat_dead *dead, uint32_t how, struct leat_error *err)
{
	static const char what[] = "keep dead letters in";
	struct sqlite *s = leat_dead_state(dead);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX |
		(how == LEAT_DEAD_ADD ? SQLITE_OPEN_CREATE : 0);
	int rc;

	if (sqlite3_open_v2(leat_dead_path(dead), &s->db, flags, NULL) !=
		SQLITE_OK)
		return sqlite_fail(dead, "open dead letters in", err);
	sqlite3_busy_timeout(s->db, SQLITE_WAIT_MS);
	rc = sqlite_run(dead,
		"PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
		"PRAGMA cache_size=-512",
		what, err);
	if (!rc && how == LEAT_DEAD_ADD)
		rc = sqlite_run(dead, sqlite_schema, what, err);
	if (rc)
		return rc;
	sqlite_add_trace(s);
	return sqlite_prepare(dead,
		"INSERT INTO dead_letters(" SQLITE_COLUMNS
		") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		&s->put, err);
}

static void
sqlite_close(struct leat_dead *dead)
{
	struct sqlite *s = leat_dead_state(dead);

	sqlite3_finalize(s->put);
	sqlite3_close_v2(s->db);
	s->put = NULL;
	s->db = NULL;
}

const struct leat_dead_ops leat_dead_sqlite_ops = {
	LEAT_DEAD_OPS_INIT("sqlite"),
	.suffixes = sqlite_suffixes,
	.state_bytes = sizeof(struct sqlite),
	.memory_bytes = SQLITE_MEMORY_BYTES,
	.open = sqlite_open,
	.put = sqlite_put,
	.sync = sqlite_sync,
	.each = sqlite_each,
	.change = sqlite_change,
	.close = sqlite_close,
};

#else

static int
sqlite_open(struct leat_dead *dead, uint32_t how, struct leat_error *err)
{
	(void)how;
	if (err) {
		err->code = LEAT_ENOTSUP;
		snprintf(err->text, sizeof(err->text),
			"'%.200s' would be a database, and this leat is built "
			"without SQLite (LEAT_WITH_SQLITE); accepted: a path "
			"that does not end in %s",
			leat_dead_path(dead), sqlite_suffixes);
	}
	return LEAT_ENOTSUP;
}

static void
sqlite_close(struct leat_dead *dead)
{
	(void)dead;
}

/* None of the others is called without an open. */
const struct leat_dead_ops leat_dead_sqlite_ops = {
	LEAT_DEAD_OPS_INIT("sqlite"),
	.suffixes = sqlite_suffixes,
	.memory_bytes = SQLITE_MEMORY_BYTES,
	.open = sqlite_open,
	.close = sqlite_close,
};

#endif
