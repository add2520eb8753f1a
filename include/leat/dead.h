/*
 * leat/dead.h -- dead letters: records that no stage could deal with, and the
 * stores that keep them.
 *
 * Where a letter goes is said by its stage's dead_letters, or the graph's: a
 * path, by whose end the store is chosen (struct leat_stage_set, dead_stores);
 * any other is a file of lines, a JSON object each:
 *
 *	{"v":1,"id":"4be1...-1","time":"2026-03-01T12:00:00.000000000Z",
 *	 "stage":"csv.parse","code":"LEAT_EDATA","class":"data",
 *	 "reason":"...","attempts":1,"file":"a.csv","line":7,"column":1,
 *	 "offset":250,"head":"a,b","record":"1,2,3"}
 *
 * Fields that are not known are left out: "trace" is there where the frame of
 * the record had one. A record that is no UTF-8 stands
 * there in hexadecimal, as record_hex.
 */
#ifndef LEAT_DEAD_H
#define LEAT_DEAD_H

#include <stdbool.h>

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_dead; /* a store that is open */
struct leat_stage_set;

#define LEAT_LETTER_VERSION 1u

/** In flags: the record is not as it came, but values with commas between. */
#define LEAT_LETTER_VALUES (1u << 0)
/** In flags: this is no letter that can be read (one that was cut off, another
 * version): data is all there is of it. */
#define LEAT_LETTER_DAMAGED (1u << 1)

/** A dead letter. Everything in it is [lent]; NULL and 0 are "not known". */
struct leat_letter {
	const char *id; /* unique; on its way into a store NULL = drawn */
	const char *stage;
	const char *code;       /* "LEAT_EDATA" */
	const char *class_name; /* "data"; see LEAT_CODES */
	const char *reason;
	const char *origin; /* what its source is called */
	const char *head;   /* the first line of that, which names its fields */
	const void *data;   /* the record as it came, without its line end */
	size_t n_bytes;
	int64_t time_ns;     /* since 1970; into a store 0 = now */
	uint64_t n_attempts; /* calls of stages that had it in hand, over all
				runs */
	uint64_t line;       /* from 1 */
	uint64_t column;     /* bytes, from 1 */
	uint64_t offset;     /* bytes from the start of the source */
	uint64_t n_records;  /* that it stands for; 0 = 1 */
	uint32_t flags;      /* LEAT_LETTER_* */
	uint32_t reserved;
	const char *trace; /* that its frame belonged to, as a traceparent;
			      NULL = none */
};

/** What is to become of a letter. */
enum leat_letter_fate {
	LEAT_LETTER_KEEP = 0,
	LEAT_LETTER_DROP,
	LEAT_LETTER_CHANGE /* what was filled in stands in its place */
};

/** LEAT_OK: go on. Else a code that the walk ends with. */
typedef int (*leat_letter_fn)(const struct leat_letter *letter, void *user);

/**
 * One of enum leat_letter_fate, or a code: then nothing is changed.
 *
 * @param changed  equal to letter before the call
 */
typedef int (*leat_letter_change_fn)(const struct leat_letter *letter,
	struct leat_letter *changed, void *user);

#define LEAT_DEAD_ADD  0u /* for adding; made if it is missing */
#define LEAT_DEAD_READ 1u /* for all else; it must be there */

/**
 * A kind of store. Its functions are called by one thread at a time, and may
 * wait for the disk. They return LEAT_OK or a code, with err filled in.
 */
struct leat_dead_ops {
	uint32_t size;        /* by LEAT_DEAD_OPS_INIT(name) */
	uint32_t flags;       /* none yet */
	const char *name;     /* "sqlite" */
	const char *suffixes; /* ".db|.sqlite": of paths; "" = of all */
	uint32_t state_bytes; /* private state, zeroed before open */
	uint32_t reserved;
	uint64_t memory_bytes; /* most that it takes besides */

	/** @param how  LEAT_DEAD_ADD or LEAT_DEAD_READ */
	int (*open)(
		struct leat_dead *dead, uint32_t how, struct leat_error *err);
	/** On LEAT_OK it is there whatever becomes of this process; on a code
	 * nothing of it is. id and time are filled in. */
	int (*put)(struct leat_dead *dead, const struct leat_letter *letter,
		struct leat_error *err);
	/** What was put is there whatever becomes of this machine. */
	int (*sync)(struct leat_dead *dead, struct leat_error *err);
	/** Those that are there now, the oldest first. */
	int (*each)(struct leat_dead *dead, leat_letter_fn fn, void *user,
		struct leat_error *err);
	/** All or nothing, and nothing that others add is lost. */
	int (*change)(struct leat_dead *dead, leat_letter_change_fn fn,
		void *user, struct leat_error *err);
	/** Called also after an open that failed. */
	void (*close)(struct leat_dead *dead);
};

#define LEAT_DEAD_OPS_INIT(store_name)                                         \
	.size = (uint32_t)sizeof(struct leat_dead_ops), .name = (store_name)

/** Files of lines, for all paths: what there is without other stores. */
LEAT_API extern const struct leat_dead_ops leat_dead_lines_ops;

/** SQLite, for .db, .sqlite and .sqlite3: the table dead_letters. */
LEAT_API extern const struct leat_dead_ops leat_dead_sqlite_ops;

/* ---- reading and changing ------------------------------------------------ */

/**
 * Open a store.
 *
 * @param set       whose dead_stores there are; NULL = leat_stages     [lent]
 * @param how       LEAT_DEAD_ADD or LEAT_DEAD_READ
 * @param dead_out  to be ended by leat_dead_close()                   [given]
 *
 * @return LEAT_OK, LEAT_EIO, LEAT_EDATA (it is none), LEAT_ENOMEM,
 * LEAT_ENOTSUP (built without what it needs).
 */
LEAT_API LEAT_MUST_CHECK int leat_dead_open(const struct leat_stage_set *set,
	const char *path, uint32_t how, struct leat_dead **dead_out,
	struct leat_error *err);

/** Add a letter; see struct leat_dead_ops. From any thread. */
LEAT_API LEAT_MUST_CHECK int leat_dead_put(struct leat_dead *dead,
	const struct leat_letter *letter, struct leat_error *err);

/** Bring all that was put to the disk. */
LEAT_API LEAT_MUST_CHECK int leat_dead_sync(
	struct leat_dead *dead, struct leat_error *err);

/** Look at the letters that are there now, the oldest first; others may add
 * some meanwhile. */
LEAT_API LEAT_MUST_CHECK int leat_dead_each(struct leat_dead *dead,
	leat_letter_fn fn, void *user, struct leat_error *err);

/** Decide about every letter. All is changed at once, or nothing; runs that add
 * letters meanwhile wait. */
LEAT_API LEAT_MUST_CHECK int leat_dead_change(struct leat_dead *dead,
	leat_letter_change_fn fn, void *user, struct leat_error *err);

/** NULL is accepted. */
LEAT_API void leat_dead_close(struct leat_dead *dead);

/* ---- a letter as text ---------------------------------------------------- */

/** As a line, with its newline, in pieces. */
LEAT_API void leat_letter_print(
	const struct leat_letter *letter, leat_write_fn write, void *user);

/** Is the record UTF-8? */
LEAT_API bool leat_letter_is_text(const struct leat_letter *letter);

#define LEAT_LETTER_TIME_BYTES 40

/** "2026-03-01T12:00:00.000000000Z". Returns buf. */
LEAT_API const char *leat_letter_time_print(
	int64_t time_ns, char buf[LEAT_LETTER_TIME_BYTES]);

/** The same back; the part behind the day, and behind the seconds, may be
 * missing. false: it is none. */
LEAT_API bool leat_letter_time_parse(
	const char *text, size_t n_bytes, int64_t *time_ns_out);

/* ---- for stores ---------------------------------------------------------- */

/** The state_bytes of private state. [lent] */
LEAT_API void *leat_dead_state(struct leat_dead *dead);

/** As it was given. [lent] */
LEAT_API const char *leat_dead_path(const struct leat_dead *dead);

/** Its kind: an application that puts the ops into a struct of its own finds
 * that around them. [lent] */
LEAT_API const struct leat_dead_ops *leat_dead_kind(
	const struct leat_dead *dead);

#ifdef __cplusplus
}
#endif
#endif
