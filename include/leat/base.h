/*
 * leat/base.h -- version, visibility, result codes and the error object.
 *
 * Every other header of leat includes this one. A function that can fail
 * returns int: LEAT_OK (0), a positive count or LEAT_MORE where its comment
 * says so, or one of the negative codes below. The codes are the project's own
 * fixed numbers; the operating system's errno travels in struct leat_error.
 */
#ifndef LEAT_BASE_H
#define LEAT_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LEAT_VERSION_MAJOR 0
#define LEAT_VERSION_MINOR 1
#define LEAT_VERSION_PATCH 0
#define LEAT_VERSION_TEXT  "0.1.0"

#if defined(__GNUC__) || defined(__clang__)
#define LEAT_API          __attribute__((visibility("default")))
#define LEAT_MUST_CHECK   __attribute__((warn_unused_result))
#define LEAT_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define LEAT_API
#define LEAT_MUST_CHECK
#define LEAT_PRINTF(f, a)
#endif

/** First field of every options struct: how much of it the caller knows. */
#define LEAT_OPTS_INIT(type) .size = (uint32_t)sizeof(struct type)

/** The place of a call as a constant, "file.c:123". */
#define LEAT_WHERE         __FILE__ ":" LEAT_STRING(__LINE__)
#define LEAT_STRING(line)  LEAT_STRING_(line)
#define LEAT_STRING_(text) #text

/** A deadline that never comes, for every parameter named deadline_ns. */
#define LEAT_NEVER INT64_MAX

/*
 * Codes: X(name, number, class, text). Classes:
 *   EXPECTED  part of normal life; never logged, never printed as an error
 *   CALLER    a bug of the calling code
 *   DATA      the input is wrong; the error says where
 *   SYSTEM    the machine refused (memory, disk, a limit)
 *   OTHER     not supported here, or a bug of leat
 */
#define LEAT_CODES(X)                                                          \
	X(LEAT_EOS, -1, EXPECTED, "end of stream")                             \
	X(LEAT_EAGAIN, -2, EXPECTED, "not possible without waiting")           \
	X(LEAT_ETIMEDOUT, -3, EXPECTED, "deadline passed")                     \
	X(LEAT_ECANCELED, -4, EXPECTED, "canceled")                            \
	X(LEAT_ECLOSED, -5, EXPECTED, "closed by the other end")               \
	X(LEAT_EINVAL, -16, CALLER, "invalid argument")                        \
	X(LEAT_ESTATE, -17, CALLER, "not allowed in this state")               \
	X(LEAT_EDEADLOCK, -18, CALLER, "would wait for itself")                \
	X(LEAT_EDATA, -32, DATA, "bad data")                                   \
	X(LEAT_ENOMEM, -48, SYSTEM, "out of memory")                           \
	X(LEAT_EIO, -49, SYSTEM, "input or output failed")                     \
	X(LEAT_ELIMIT, -50, SYSTEM, "over a limit")                            \
	X(LEAT_ENOTSUP, -64, OTHER, "not supported")                           \
	X(LEAT_EBUG, -65, OTHER, "bug in leat or in a stage")

enum leat_code {
	LEAT_OK = 0,
	LEAT_MORE = 1, /* from a stage: call me again with the same input */
#define LEAT_CODE_ENTRY(name, number, class_, text) name = (number),
	LEAT_CODES(LEAT_CODE_ENTRY)
#undef LEAT_CODE_ENTRY
};

enum leat_class {
	LEAT_CLASS_NONE = 0, /* LEAT_OK and positive results */
	LEAT_CLASS_EXPECTED,
	LEAT_CLASS_CALLER,
	LEAT_CLASS_DATA,
	LEAT_CLASS_SYSTEM,
	LEAT_CLASS_OTHER
};

#define LEAT_ERROR_TEXT_BYTES   512
#define LEAT_ERROR_STAGE_BYTES  64
#define LEAT_ERROR_ORIGIN_BYTES 192

/**
 * What went wrong, for people. Owned by the caller, plain memory, no ending
 * function. Functions that take one accept NULL.
 *
 * text names the field, the value and what would be accepted; it never ends
 * in a newline. at_offset/at_bytes point into the text of the graph
 * description that the error is about, for a caret; at_bytes 0 = no place.
 * The class is leat_err_class(code). origin says whether there is a place in
 * the data; a name that is too long has "..." instead of its beginning.
 */
struct leat_error {
	int32_t code;       /* LEAT_OK or a negative LEAT_E code */
	int32_t sys_errno;  /* errno of the failed system call, 0 = none */
	uint32_t at_offset; /* bytes from the start of the graph text */
	uint32_t at_bytes;  /* length of the guilty piece, 0 = no place */
	char stage[LEAT_ERROR_STAGE_BYTES]; /* name of the stage, "" = none */
	char text[LEAT_ERROR_TEXT_BYTES];   /* one or more lines, UTF-8 */
	int64_t time_ns; /* when, in ns since 1970; 0 = unknown */
	/* the place in the data */
	uint64_t line;   /* of the record, from 1; 0 = unknown */
	uint64_t column; /* bytes, from 1; 0 = unknown */
	uint64_t offset; /* bytes from the start of origin */
	char origin[LEAT_ERROR_ORIGIN_BYTES]; /* file or the like, "" = none */
};

/** Name of a code ("LEAT_EDATA"), or "LEAT_?" for a number that is none. */
LEAT_API const char *leat_err_name(int code);

/** Short text of a code ("bad data"); static, never NULL. */
LEAT_API const char *leat_err_text(int code);

/** Class of a code: one of enum leat_class. */
LEAT_API int leat_err_class(int code);

/** Name of a class ("data"); static, "?" for a number that is none. */
LEAT_API const char *leat_err_class_name(int err_class);

/**
 * Draw the place of an error: the line of the graph text, and a caret line.
 *
 * @param source  the graph description the error is about             [lent]
 * @param err     an error with a place (at_bytes > 0)                 [lent]
 * @param buf     where to write, always NUL-terminated; cut if short
 * @param n_bytes size of buf
 *
 * @return length written without the NUL; 0 if the error has no place.
 *
 * Threads: any. Waits: no. Allocates: no.
 */
LEAT_API size_t leat_error_caret(const char *source,
	const struct leat_error *err, char *buf, size_t n_bytes);

/** Where dumps are written: a piece of text, not terminated. */
typedef void (*leat_write_fn)(void *user, const char *text, size_t n_bytes);

/** Flag of dumps: JSON instead of text for people. */
#define LEAT_DUMP_JSON 1u

/** Monotonic time in ns, the clock of every deadline_ns. */
LEAT_API int64_t leat_now_ns(void);

/** Version of the library that is linked, e.g. "0.1.0"; static. */
LEAT_API const char *leat_version(void);

#ifdef __cplusplus
}
#endif
#endif
