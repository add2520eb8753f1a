/*
 * base/base.h -- what every folder of the library leans on: assertions,
 * forwarding of errors, container_of, the size-first rule for options.
 */
#ifndef LEAT_SRC_BASE_BASE_H
#define LEAT_SRC_BASE_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/base.h>

#define LEAT__CACHE_LINE 64

#define leat__container_of(p, type, field)                                     \
	((type *)(void *)((char *)(p)-offsetof(type, field)))

#define leat__array_len(a) (sizeof(a) / sizeof((a)[0]))

#define leat__likely(x)   __builtin_expect(!!(x), 1)
#define leat__unlikely(x) __builtin_expect(!!(x), 0)

/* Forward a negative code. */
#define LEAT_TRY(expr)                                                         \
	do {                                                                   \
		int leat_try_rc_ = (expr);                                     \
		if (leat_try_rc_ < 0)                                          \
			return leat_try_rc_;                                   \
	} while (0)

/*
 * A broken invariant ends the process in every build: going on would lose or
 * invent records. LEAT_ASSERT is for the caller's bugs, in debug builds only.
 */
#define LEAT_INVARIANT(cond)                                                   \
	do {                                                                   \
		if (leat__unlikely(!(cond)))                                   \
			leat__abort(#cond, __FILE__, __LINE__);                \
	} while (0)

#ifndef NDEBUG
#define LEAT_ASSERT(cond) LEAT_INVARIANT(cond)
#else
#define LEAT_ASSERT(cond) ((void)sizeof(cond))
#endif

_Noreturn void leat__abort(const char *what, const char *file, int line);

/* Fill an error object; err may be NULL. Returns the code. */
LEAT_PRINTF(3, 4)
int leat__error(struct leat_error *err, int code, const char *format, ...);
LEAT_PRINTF(4, 5)
int leat__error_errno(struct leat_error *err, int code, int sys_errno,
	const char *format, ...);
int leat__error_v(struct leat_error *err, int code, int sys_errno,
	const char *format, va_list args);
/* The place in the data; see struct leat_error. */
void leat__error_locate(struct leat_error *err, const char *origin,
	uint64_t line, uint64_t column, uint64_t offset);

/*
 * The size-first rule. Copies opts (its first field is a uint32_t size, its
 * second uint32_t flags) into full, zero-extended to full_bytes. NULL opts =
 * all zero. A longer struct is accepted if what is unknown is zero.
 * LEAT_OK, LEAT_EINVAL (shorter than 8 bytes), LEAT_ENOTSUP.
 */
LEAT_MUST_CHECK int leat__opts_copy(void *full, size_t full_bytes,
	const void *opts, const char *what, struct leat_error *err);

/* snprintf that appends; at is the full length so far, may exceed n_bytes. */
struct leat__text {
	char *buf;
	size_t n_bytes;
	size_t at;
};

LEAT_PRINTF(2, 3)
void leat__text_add(struct leat__text *t, const char *format, ...);

/* Bytes of the UTF-8 character at s, of n that can be read; 0 = it is none. */
size_t leat__utf8_bytes(const uint8_t *s, size_t n);
/* Is all of it? */
bool leat__utf8_is_text(const uint8_t *s, size_t n);

/* What stands for c in a string of JSON, without a NUL; its length, 0 = c. */
size_t leat__json_escape(uint8_t c, char word[8]);
/* A string of JSON, with its quotes; what is no UTF-8 as U+FFFD. */
void leat__text_add_json(struct leat__text *t, const char *string);

/* Damerau-Levenshtein distance, cut at 4; for "did you mean". */
uint32_t leat__edit_distance(
	const char *a, size_t n_a, const char *b, size_t n_b);

static inline uint64_t
leat__min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t
leat__max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Round up to a multiple of a power of two. */
static inline uint64_t
leat__round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) & ~(to - 1);
}

#endif
