/*
 * stages/filter/json.h -- what the files of json.parse share.
 *
 * Paths are a tree: the root is a line's object, a node with `inner` an object
 * whose keys are looked at, all others are columns or nothing. Keys are what
 * the text has between two quotes, as it stands there; several may name one
 * path. Text has LEAT_JSON_SLACK bytes behind it that can be read.
 */
#ifndef LEAT_STAGES_FILTER_JSON_H
#define LEAT_STAGES_FILTER_JSON_H

#include <leat/json.h>
#include <leat/stages.h>
#include <leat/table.h>

#include "cut.h"

#define JSON_SLACK_BYTES 64
#define JSON_NO_COLUMN   UINT32_MAX
#define JSON_PATHS_MAX   (2 * LEAT_TABLE_COLUMNS_MAX)
#define JSON_NAMES_MAX   (1u << 18) /* bytes of all names */
#define JSON_KEYS_MAX    2048 /* that are learned, beside those of columns */
#define JSON_KEY_BYTES   1024 /* a longer one is not learned */

/* A place in an object. */
struct json_path {
	struct json_path *parent;
	struct json_path *children; /* the first one, in order of appearance */
	struct json_path *last_child;
	struct json_path *sibling; /* the next one */
	struct leat_text name;     /* decoded */
	uint32_t column;           /* JSON_NO_COLUMN: none */
	uint32_t is_inner;         /* an object whose keys are paths */
	uint32_t is_text;          /* its column is JSON text, quotes and all */
	uint32_t is_literal;     /* of numbers or bool: strings stay as they */
				 /* stand, escapes and all */
	uint32_t is_plain;       /* its column is of any other kind */
	uint32_t kinds;          /* of the values in a sample, JSON_KIND_* */
	struct leat_infer infer; /* of the numbers in a sample */
	uint32_t type;
	uint32_t scale;
	uint64_t seen; /* in this row, last */
	uint32_t is_in_shape;
	struct json_key *first; /* that its first key was, last time */
	/* of the frame in work; NULL = nobody looks at the column */
	struct leat_piece *pieces;
	uint8_t *valid;
};

#define JSON_KIND_STRING 1u
#define JSON_KIND_NUMBER 2u
#define JSON_KIND_BOOL   4u
#define JSON_KIND_LIST   8u
#define JSON_KIND_OBJECT 16u

/* A key as the text has it, quotes included. */
struct json_key {
	uint64_t words[4]; /* the first bytes */
	uint64_t masks[4]; /* which of them */
	const uint8_t *text;
	uint32_t len;
	uint32_t hash;
	struct json_path *in;   /* object that it is a key of */
	struct json_path *path; /* NULL = nobody asked for it */
	struct json_key *next;  /* that came behind it last time */
	struct json_key *chain; /* of its bucket */
};

/* All paths and keys of a stage. */
struct json_tree {
	struct json_path *paths; /* [0] is the root */
	uint32_t n_paths;
	uint32_t max_paths;
	uint8_t *names;
	uint32_t n_names;
	uint32_t max_names;
	struct json_path **columns; /* by number */
	uint32_t n_columns;
	struct json_key *keys;
	uint32_t n_keys;
	uint32_t max_keys;
	struct json_key **buckets;
	uint32_t n_buckets; /* 2^n */
	uint8_t *texts;
	uint32_t n_texts;
	uint32_t max_texts;
};

/* A walk over the structure of one text. */
struct json_walk {
	const uint8_t *text;
	const uint32_t *ends; /* see leat_json_scan() */
	uint32_t at;          /* the next one */
	uint32_t depth;
	uint32_t row;   /* where values go */
	uint64_t stamp; /* of the row, never twice */
	uint32_t n_set; /* columns that had a value, or null */
	uint32_t has_escapes;
	uint32_t is_strict; /* a key that is no path is wrong */
	uint32_t is_blind;  /* values go nowhere */
	uint32_t is_full;   /* no room for a decoded string */
	struct leat_table *table;
	struct json_tree *tree;
	/* what is wrong although it is JSON */
	struct leat_json_fault fault;
	struct leat_text fault_key;
};

/* What stands between the values of a line, to be found in the next ones. */
struct json_shape {
	/* n_members, and one for what stands behind the last value */
	struct leat_json_member *members;
	struct json_path **paths; /* of members; NULL = nobody wants it */
	uint8_t *texts;
	uint32_t n_members;
	uint32_t n_texts;
	uint32_t n_columns; /* that have a value */
	uint32_t is_made;
};

/* ---- json_keys.c -------------------------------------------------------- */

/* Side memory of a tree. */
uint64_t leat__json_tree_bytes(uint32_t max_paths, uint32_t max_names);
/* Make a tree with the paths of another one, which stays. LEAT_OK, or a code
 * after leat_stage_fail(). */
int leat__json_tree_clone(struct leat_stage *st, const struct json_tree *from,
	struct json_tree *tree);
/* Make room for one. LEAT_OK, or a code after leat_stage_fail(). */
int leat__json_tree_create(struct leat_stage *st, uint32_t max_paths,
	uint32_t max_names, struct json_tree *tree);
/* The path of this name in an object, made if it is not there; NULL: no room.
 * `near` is where it may be expected, or NULL. */
struct json_path *leat__json_path_make(struct json_tree *tree,
	struct json_path *in, struct leat_text name, struct json_path *near);
/*
 * What is this key, quotes included, in an object? *is_bad: its escapes are
 * wrong. NULL: not known, and too many are already.
 */
struct json_key *leat__json_key_find(struct json_tree *tree,
	struct json_path *in, struct leat_text key, bool *is_bad);

static inline uint64_t
json_key_other(const struct json_key *key, const uint8_t *text, uint32_t k)
{
	uint64_t word;

	__builtin_memcpy(&word, text + sizeof(word) * k, sizeof(word));
	return (word ^ key->words[k]) & key->masks[k];
}

/* Is it this key, with so many bytes up to the colon? */
static inline bool
json_key_is(const struct json_key *key, const uint8_t *text, uint32_t len)
{
	if (key->len != len ||
		(json_key_other(key, text, 0) | json_key_other(key, text, 1)))
		return false;
	if (len <= 16)
		return true;
	return !(json_key_other(key, text, 2) | json_key_other(key, text, 3)) &&
		(len <= 32 ||
			!__builtin_memcmp(text + 32, key->text + 32, len - 32));
}

/* ---- json_walk.c -------------------------------------------------------- */

/*
 * Read the object that begins at ends[at]; behind it at is that of its line's
 * end. false: it is not JSON, or see the fault, or is_full.
 */
bool leat__json_walk_line(struct json_walk *w);

static inline bool
json_is_white(uint8_t c)
{
	return c <= ' ' && c != '\n';
}

/* ---- json_shape.c ------------------------------------------------------- */

/* Side memory of a shape. */
uint64_t leat__json_shape_bytes(void);
/* Make room for one. LEAT_OK, or a code after leat_stage_fail(). */
int leat__json_shape_create(struct leat_stage *st, struct json_shape *shape);
/* Make the shape of a good line, which begins at `line`. false: it has none. */
bool leat__json_shape_make(struct json_shape *shape, struct json_tree *tree,
	const uint8_t *text, uint32_t line);
/* Values go to the rooms of their columns; where nobody looks, nowhere. */
void leat__json_shape_bind(struct json_shape *shape, bool is_blind);

/* ---- json_columns.c ----------------------------------------------------- */

/* Of json.parse, which json.cut has as well. */
extern const struct leat_option leat__json_parse_options[];

/* What json.cut makes and every frame's head points to. */
struct json_columns {
	struct leat_schema schema; /* first */
	struct json_tree tree;     /* its paths; json.parse has its own keys */
};

/* What the columns are to be made from. */
struct json_source {
	const struct leat_json_parse_opts *opts;
	const uint8_t *sample;
	uint32_t n_bytes;
	uint32_t is_all; /* the sample does not end within a line */
	const char *origin;
};

/*
 * Make columns as they were declared, else from a sample. *columns_out stays
 * NULL if there is no object in it.
 */
int leat__json_make_columns(struct leat_stage *st,
	const struct json_source *source, struct json_columns **columns_out);

/* Most side memory that takes. */
uint64_t leat__json_columns_bytes(void);

#endif
