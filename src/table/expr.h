/*
 * table/expr.h -- the tree of an expression, for expr_*.c.
 *
 * Nodes lie in one array and name each other by number; 0 is none. parse makes
 * them, bind fills in columns and types, run evaluates them, blocks of rows at
 * a time, into slots: a slot holds the values of one node for the rows of a
 * block. Keeps: a node at place p of the slots leaves its values there and
 * uses none below.
 */
#ifndef LEAT_SRC_TABLE_EXPR_H
#define LEAT_SRC_TABLE_EXPR_H

#include "table/decimal.h"
#include "table/table.h"

/* ---- the tree ----------------------------------------------------------- */

enum expr_node_kind {
	EXPR_LITERAL = 1,
	EXPR_COLUMN,
	EXPR_COMPARE,  /* two children */
	EXPR_BETWEEN,  /* value, least, most */
	EXPR_IN,       /* value, then the list */
	EXPR_IS_NULL,  /* one child */
	EXPR_NOT,      /* one child */
	EXPR_AND,      /* a list of parts */
	EXPR_OR,       /* a list of parts */
	EXPR_CASE,     /* [subject] { when then } [else] */
	EXPR_COALESCE, /* a list of values */
	EXPR_CAST,     /* one child */
	EXPR_CALL      /* of a function or an operator: its arguments */
};

/* How the sides are compared; a bit each, so that a result picks them. */
#define EXPR_LESS    1u
#define EXPR_EQUAL   2u
#define EXPR_GREATER 4u

/* Of IS_NULL, BETWEEN, IN: the result is turned round. */
#define EXPR_NEGATED 1u
/* Of CASE. */
#define EXPR_HAS_SUBJECT 1u
#define EXPR_HAS_ELSE    2u
/* Of CAST. */
#define EXPR_TRY 1u
/* Variants of COLUMN: for `is null`, its values do not matter; for a cast, what
 * stands as text is read as what it is to be, whatever it was taken for. */
#define EXPR_ONLY_PRESENCE 1u
#define EXPR_FROM_TEXT     2u

/*
 * Types beside those of columns. Nothing is known of NONE, the type of null.
 * A slot of NUMBER says in `has` for each row whether it is an int64 (1) or a
 * float64 (2), so that both compare exactly.
 */
#define EXPR_NONE   0u
#define EXPR_NUMBER 100u

struct expr_value {
	union {
		int64_t int64;
		double float64;
		leat__int128 decimal;
		struct leat_text text;
		bool is_true;
	};
};

struct expr_function;

struct expr_node {
	uint32_t kind;
	uint32_t op;     /* which of its kind */
	uint32_t offset; /* in the source */
	uint32_t n_bytes;
	uint32_t child; /* first one */
	uint32_t last;  /* child */
	uint32_t next;  /* next child of the same parent */
	uint32_t n_children;
	uint32_t height;    /* nodes below, at most */
	uint32_t level;     /* lists of rows in use above it */
	uint32_t is_quoted; /* a column in "double quotes" */
	uint32_t len;       /* of name or text */
	uint32_t column;    /* bound */
	uint32_t type;      /* bound; of a literal and a cast as parsed */
	uint32_t scale;
	uint32_t as_type; /* bound: what its parent wants it to be */
	uint32_t as_scale;
	uint32_t variant; /* bound: of a call, which of its kinds */
	const char *text; /* name or text, decoded */
	const struct expr_function *function;
	void *pattern; /* of a call with one: compiled */
	/* of a literal: as parsed, and as its parent wants it */
	struct expr_value parsed, value;
};

#define EXPR_BLOCK_ROWS  512
#define EXPR_HEIGHT_MAX  256
#define EXPR_SLOTS_MAX   160
#define EXPR_ARENA_BYTES 262144 /* of texts that are made for a block */

/* The values of a node for the rows of a block. */
struct expr_slot {
	uint8_t has[EXPR_BLOCK_ROWS]; /* 0 = null; of bools: is_true is 0 too */
	union {
		int64_t int64[EXPR_BLOCK_ROWS];
		double float64[EXPR_BLOCK_ROWS];
		leat__int128 decimal[EXPR_BLOCK_ROWS];
		struct leat_text text[EXPR_BLOCK_ROWS];
		uint8_t is_true[EXPR_BLOCK_ROWS];
	};
};

/* Some of the rows of a block, and where they stand among all. */
struct expr_rows {
	uint32_t rows[EXPR_BLOCK_ROWS];
	uint16_t places[EXPR_BLOCK_ROWS];
	uint32_t n;
};

/* Why a row has no value. */
struct expr_bad {
	uint32_t node;
	uint32_t type;      /* that a text was to be; or NONE */
	const char *reason; /* else */
	uint32_t is_bad;
};

/* Source, decoded text and nodes lie behind it; the rest in blocks of their
 * own. */
struct leat_expr {
	struct leat_stage *st;
	char *source;
	struct expr_node *nodes; /* from 1 */
	struct expr_rows *levels;
	struct expr_slot **slots;
	struct expr_slot *first_slot;
	struct expr_bad *bad; /* of the rows of a block */
	uint8_t *arena;
	uint32_t n_nodes;
	uint32_t root;
	uint32_t n_rejected; /* by the last filter or eval */
	uint64_t side_bytes;
	const struct leat_schema *schema; /* bound to; NULL = none */
	void *patterns; /* regular ones, and what they share */
};

/* Fill in the place and the text; returns code. */
LEAT_PRINTF(5, 6)
int leat__expr_fail(struct leat_expr_error *err, int code, uint32_t offset,
	uint32_t n_bytes, const char *format, ...);

/* Side memory, counted. */
LEAT_MUST_CHECK int leat__expr_alloc(
	struct leat_expr *e, size_t n_bytes, void **out);

/* "a number", "a date", ...: what a text was to be. */
const char *leat__expr_wanted(uint32_t type);

/* ---- functions ---------------------------------------------------------- */

/* A call for the rows of a block. out->has says at first for which rows all
 * arguments have a value. */
struct expr_call {
	struct expr_run *run;
	const struct expr_node *node;
	const uint32_t *rows;
	uint32_t n;
	struct expr_slot *const *arg;
	struct expr_slot *out;
};

/* LEAT_OK, or LEAT_ELIMIT if the arena is full. */
typedef int (*expr_call_fn)(const struct expr_call *c);

struct expr_bind {
	struct leat_expr *expr;
	const struct leat_schema *schema;
	struct leat_expr_error *err;
	uint32_t common_type; /* of the last leat__expr_bind_common() */
	uint32_t common_scale;
};

struct expr_function {
	const char *name;
	/*
	 * What the arguments are, and behind > what it gives: s string,
	 * i int64, f float64, b bool, d date or timestamp, t timestamp, n a
	 * number, a anything, S a text that is written out; behind > also 1, 2,
	 * 3: as that argument, a: bind says it. Arguments behind [ may be left
	 * out, ... repeats the last.
	 */
	const char *types;
	expr_call_fn call;
	int (*bind)(struct expr_bind *b, struct expr_node *n);
	uint32_t flags;    /* EXPR_REGEX */
	const char *usage; /* NULL: an operator */
};

#define EXPR_REGEX (1u << 0) /* argument 2 is a regular expression */

/* By name in any case of letters; NULL = there is none. */
const struct expr_function *leat__expr_function_find(
	const char *name, size_t n_bytes);
/* The nearest name, or NULL. */
const char *leat__expr_function_suggest(const char *name, size_t n_bytes);

/* The lists that expr_functions.c looks in, each ends with a NULL name. */
extern const struct expr_function leat__expr_arith_functions[];
extern const struct expr_function leat__expr_text_functions[];
extern const struct expr_function leat__expr_number_functions[];
extern const struct expr_function leat__expr_date_functions[];
extern const struct expr_function leat__expr_regex_functions[];

/* ---- bind --------------------------------------------------------------- */

static inline struct expr_node *
leat__expr_child(
	const struct leat_expr *e, const struct expr_node *n, uint32_t k)
{
	uint32_t child = n->child;

	while (k--)
		child = e->nodes[child].next;
	return &e->nodes[child];
}

/* "int64", "a number", ... */
const char *leat__expr_type_name(const struct expr_node *n);
/* Make an argument of a type; LEAT_EINVAL if it cannot be one. `what` is said
 * in the error: "round() wants". */
int leat__expr_bind_as(struct expr_bind *b, struct expr_node *n, uint32_t type,
	uint32_t scale, const char *what);
/* Digits behind the point that a literal needs; over 38: it is no decimal. */
uint32_t leat__expr_literal_scale(const struct expr_node *n);

/* Which children are to have one type. */
enum expr_common {
	EXPR_COMMON_ALL,
	EXPR_COMMON_WHENS, /* the subject of a case and what it is compared with
			    */
	EXPR_COMMON_THENS
};

/* Find the one type that children can all be, to b->common_type. */
int leat__expr_bind_common(struct expr_bind *b, struct expr_node *n,
	enum expr_common which, const char *what);

/* ---- run ---------------------------------------------------------------- */

struct expr_run {
	struct leat_expr *expr;
	struct leat_table *t;
	const uint32_t *rows; /* of the block */
	uint32_t n;
	uint32_t n_bad;
	uint32_t arena_at;
};

/* Evaluate a node for some rows, as its parent wants it: into slot `at`. */
int leat__expr_run_node(struct expr_run *run, uint32_t node,
	const uint32_t *rows, uint32_t n, uint32_t at);
/* Evaluate a column, as its parent wants it if that is read from text, else
 * as its own type; says which. */
int leat__expr_run_column(const struct expr_call *c, uint32_t *type_out);
/* Compare a column of a text with a literal; false: that it is not. */
bool leat__expr_run_fast(const struct expr_call *c);

/* Row k has no value because of this; static text. Its slot's `has` is 0. */
void leat__expr_bad(const struct expr_call *c, uint32_t k, const char *reason);
/* Row k's text is no value of this type. */
void leat__expr_bad_text(const struct expr_call *c, uint32_t k, uint32_t type);

/* Bytes for a text; NULL = the arena is full. */
uint8_t *leat__expr_take(struct expr_run *run, uint64_t n_bytes);

/* An order's bit. */
static inline uint32_t
leat__expr_order_bit(int order)
{
	return 1u << (order + 1);
}

/* Compare two slots of one type; out is a slot of bools. */
void leat__expr_compare(uint32_t type, uint32_t op, const struct expr_slot *a,
	const struct expr_slot *b, struct expr_slot *out, uint32_t n);
/* Order of two values of a type: -1, 0, 1. */
int leat__expr_order(uint32_t type, const struct expr_slot *a,
	const struct expr_slot *b, uint32_t k);

/* ---- conversions -------------------------------------------------------- */

struct expr_cast {
	uint32_t from, from_scale;
	uint32_t to, to_scale;
	uint32_t is_try; /* null instead of a fault */
};

/* Can values of one type become ones of another? */
bool leat__expr_cast_is_possible(uint32_t from, uint32_t to);
/* arg[0] to out. */
int leat__expr_cast_slot(const struct expr_call *c, const struct expr_cast *x);
/* A text, spaces around it left out, to a value. LEAT_OK, LEAT_EDATA,
 * LEAT_ELIMIT. Not to TEXT, BINARY. */
int leat__expr_read(struct leat_text text, uint32_t type, uint32_t scale,
	struct expr_value *out);
/* Text to int64 (returns 1) or float64 (2); 0 = neither. */
uint8_t leat__expr_read_number(struct leat_text text, struct expr_value *out);
struct leat_text leat__expr_trim(struct leat_text x);

/* Put value k of a slot; get it. */
static inline void
leat__expr_put(struct expr_slot *s, uint32_t type, uint32_t k,
	const struct expr_value *v)
{
	switch (type) {
	case LEAT_TYPE_DECIMAL:
		s->decimal[k] = v->decimal;
		break;
	case LEAT_TYPE_TEXT:
	case LEAT_TYPE_BINARY:
		s->text[k] = v->text;
		break;
	case LEAT_TYPE_BOOL:
		s->is_true[k] = v->is_true;
		break;
	default:
		s->int64[k] = v->int64;
	}
}

static inline struct expr_value
leat__expr_get(const struct expr_slot *s, uint32_t type, uint32_t k)
{
	struct expr_value v;

	switch (type) {
	case LEAT_TYPE_DECIMAL:
		v.decimal = s->decimal[k];
		break;
	case LEAT_TYPE_TEXT:
	case LEAT_TYPE_BINARY:
		v.text = s->text[k];
		break;
	case LEAT_TYPE_BOOL:
		v.is_true = s->is_true[k];
		break;
	default:
		v.int64 = s->int64[k];
	}
	return v;
}

/* ---- patterns ----------------------------------------------------------- */

/* LIKE: `%` any text, `_` one character. */
struct expr_like;
int leat__expr_like_compile(
	struct leat_expr *e, struct expr_node *n, struct leat_expr_error *err);
int leat__expr_like_call(const struct expr_call *c);

/* Compile the regular expression of a call, its second argument. */
int leat__expr_regex_compile(
	struct leat_expr *e, struct expr_node *n, struct leat_expr_error *err);
void leat__expr_regex_end(struct leat_expr *e);
int leat__expr_regex_match_call(const struct expr_call *c);

/* ---- UTF-8 -------------------------------------------------------------- */

/* Bytes of the character at the front; 1 where it is none. */
static inline uint32_t
leat__expr_char_bytes(const uint8_t *at, const uint8_t *end)
{
	uint32_t n;

	if (*at < 0x80)
		return 1;
	n = (uint32_t)leat__utf8_bytes(at, (size_t)(end - at));
	return n ? n : 1;
}

/* The letters of Latin, Greek and Cyrillic in the other case; each as long as
 * it was. */
void leat__expr_text_case(
	const uint8_t *src, uint32_t len, uint8_t *dst, bool to_upper);

#endif
