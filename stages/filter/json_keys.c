/*
 * json_keys.c -- the paths of json.parse, and the keys that lead to them.
 *
 * Keys are found by their bytes as they stand in the text; each remembers which
 * came behind it last, so that objects with the same keys in the same order
 * need no search. Keys that nobody asked for are learned as well, as far as
 * there is room. One thread at a time.
 */
#include <string.h>

#include "json.h"

#define KEY_TEXT_BYTES 48 /* of a learned key, on average */

static uint32_t
tree_max_keys(uint32_t max_paths)
{
	return max_paths + JSON_KEYS_MAX;
}

static uint32_t
tree_max_texts(uint32_t max_names)
{
	return 2 * max_names + JSON_KEYS_MAX * KEY_TEXT_BYTES;
}

static uint32_t
tree_n_buckets(uint32_t max_paths)
{
	uint32_t n = 64;

	while (n < 2 * tree_max_keys(max_paths))
		n *= 2;
	return n;
}

uint64_t
leat__json_tree_bytes(uint32_t max_paths, uint32_t max_names)
{
	return (uint64_t)max_paths *
		(sizeof(struct json_path) + sizeof(struct json_path *)) +
		(uint64_t)tree_max_keys(max_paths) * sizeof(struct json_key) +
		tree_n_buckets(max_paths) * sizeof(struct json_key *) +
		max_names + tree_max_texts(max_names) + 256;
}

/* Cut pieces from one block of memory, aligned to 16. */
static void *
tree_cut(uint8_t **at, size_t n_bytes)
{
	void *piece = *at;

	*at += (n_bytes + 15) & ~(size_t)15;
	return piece;
}

int
leat__json_tree_create(struct leat_stage *st, uint32_t max_paths,
	uint32_t max_names, struct json_tree *tree)
{
	size_t n_bytes = (size_t)leat__json_tree_bytes(max_paths, max_names);
	void *memory;
	uint8_t *at;
	int rc = leat_stage_alloc(st, n_bytes, &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the keys");
	*tree = (struct json_tree){
		.max_paths = max_paths,
		.max_names = max_names,
		.max_keys = tree_max_keys(max_paths),
		.n_buckets = tree_n_buckets(max_paths),
		.max_texts = tree_max_texts(max_names),
	};
	at = memory;
	tree->paths = tree_cut(&at, max_paths * sizeof(*tree->paths));
	tree->columns = tree_cut(&at, max_paths * sizeof(*tree->columns));
	tree->keys = tree_cut(&at, tree->max_keys * sizeof(*tree->keys));
	tree->buckets = tree_cut(&at, tree->n_buckets * sizeof(*tree->buckets));
	tree->names = tree_cut(&at, tree->max_names);
	tree->texts = tree_cut(&at, tree->max_texts);
	memset(tree->buckets, 0, tree->n_buckets * sizeof(*tree->buckets));
	tree->paths[0] =
		(struct json_path){.column = JSON_NO_COLUMN, .is_inner = 1};
	tree->n_paths = 1;
	return LEAT_OK;
}

/* ---- paths -------------------------------------------------------------- */

static bool
text_is(struct leat_text a, struct leat_text b)
{
	return a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
}

static struct json_path *
path_find(const struct json_path *in, struct leat_text name)
{
	struct json_path *path = in->children;

	while (path && !text_is(path->name, name))
		path = path->sibling;
	return path;
}

static struct json_path *
path_add(struct json_tree *tree, struct json_path *in, struct leat_text name)
{
	struct json_path *path = &tree->paths[tree->n_paths];
	uint8_t *text = tree->names + tree->n_names;

	if (tree->n_paths == tree->max_paths ||
		name.len > tree->max_names - tree->n_names)
		return NULL;
	tree->n_paths++;
	tree->n_names += name.len;
	if (name.len)
		memcpy(text, name.data, name.len);
	*path = (struct json_path){
		.parent = in,
		.name = {text, name.len},
		.column = JSON_NO_COLUMN,
		.infer = leat_infer_begin(),
	};
	if (in->last_child)
		in->last_child->sibling = path;
	else
		in->children = path;
	in->last_child = path;
	return path;
}

struct json_path *
leat__json_path_make(struct json_tree *tree, struct json_path *in,
	struct leat_text name, struct json_path *near)
{
	struct json_path *path = near;

	if (!path || !text_is(path->name, name))
		path = path_find(in, name);
	return path ? path : path_add(tree, in, name);
}

/* ---- keys --------------------------------------------------------------- */

static uint32_t
key_hash(const struct json_path *in, struct leat_text key)
{
	uint64_t hash = (uint64_t)(uintptr_t)in;

	for (uint32_t k = 0; k < key.len; k++)
		hash = (hash ^ key.data[k]) * 0x100000001b3u;
	return (uint32_t)(hash ^ hash >> 32);
}

static struct json_key *
key_look_up(const struct json_tree *tree, const struct json_path *in,
	struct leat_text text, uint32_t hash)
{
	struct json_key *key = tree->buckets[hash & (tree->n_buckets - 1)];

	while (key &&
		(key->hash != hash || key->in != in || key->len != text.len ||
			memcmp(key->text, text.data, text.len) != 0))
		key = key->chain;
	return key;
}

/* Set bytes of a word that belong to a key. */
static void
key_set_words(struct json_key *key)
{
	uint8_t bytes[32] = {0}, mask[32] = {0};
	uint32_t n = key->len < 32 ? key->len : 32;

	memcpy(bytes, key->text, n);
	memset(mask, 0xff, n);
	memcpy(key->words, bytes, sizeof(bytes));
	memcpy(key->masks, mask, sizeof(mask));
}

/* Learn a key, quotes included. NULL = no room. */
static struct json_key *
key_add(struct json_tree *tree, struct json_path *in, struct leat_text text,
	struct json_path *path)
{
	struct json_key *key = &tree->keys[tree->n_keys];
	uint8_t *to = tree->texts + tree->n_texts;
	struct json_key **bucket;

	if (tree->n_keys == tree->max_keys ||
		text.len > tree->max_texts - tree->n_texts)
		return NULL;
	tree->n_keys++;
	tree->n_texts += text.len;
	memcpy(to, text.data, text.len);
	*key = (struct json_key){.text = to,
		.len = text.len,
		.hash = key_hash(in, text),
		.in = in,
		.path = path};
	key_set_words(key);
	bucket = &tree->buckets[key->hash & (tree->n_buckets - 1)];
	key->chain = *bucket;
	*bucket = key;
	return key;
}

/* A name as a key that needs no escapes; one that does is learned later. */
static void
key_add_plain(struct json_tree *tree, struct json_path *path)
{
	uint8_t text[LEAT_TABLE_NAME_MAX + 2];
	uint32_t len = path->name.len;

	if (len > LEAT_TABLE_NAME_MAX)
		return;
	for (uint32_t k = 0; k < len; k++) {
		uint8_t c = path->name.data[k];

		if (c == '"' || c == '\\' || c < 0x20)
			return;
		text[k + 1] = c;
	}
	text[0] = text[len + 1] = '"';
	key_add(tree, path->parent, (struct leat_text){text, len + 2}, path);
}

struct json_key *
leat__json_key_find(struct json_tree *tree, struct json_path *in,
	struct leat_text text, bool *is_bad)
{
	uint32_t hash = key_hash(in, text);
	struct json_key *key = key_look_up(tree, in, text, hash);
	uint8_t decoded[JSON_KEY_BYTES];
	struct leat_text name = {decoded, 0};
	struct leat_text inside = {text.data + 1, text.len - 2};
	struct json_path *path = NULL;

	*is_bad = false;
	if (key)
		return key;
	if (memchr(inside.data, '\\', inside.len)) {
		struct leat_json_fault fault;

		*is_bad = leat_json_check(text, &fault) != LEAT_OK;
		if (*is_bad || inside.len > sizeof(decoded) ||
			leat_json_decode(inside, decoded, &name.len) != LEAT_OK)
			return NULL;
		path = path_find(in, name);
	}
	if (!path && inside.len > JSON_KEY_BYTES)
		return NULL;
	return key_add(tree, in, text, path);
}

/* ---- of an instance ------------------------------------------------------ */

/* The same path in another tree. */
static struct json_path *
tree_path(const struct json_tree *from, const struct json_tree *to,
	const struct json_path *path)
{
	return path ? to->paths + (path - from->paths) : NULL;
}

static void
tree_set_kind(struct json_path *path)
{
	path->is_plain = !path->is_text;
	path->is_literal = path->type == LEAT_TYPE_INT64 ||
		path->type == LEAT_TYPE_FLOAT64 || path->type == LEAT_TYPE_BOOL;
}

int
leat__json_tree_clone(struct leat_stage *st, const struct json_tree *from,
	struct json_tree *tree)
{
	int rc;

	if (tree->paths)
		leat_stage_free(st, tree->paths);
	rc = leat__json_tree_create(st, from->n_paths, from->n_names, tree);
	if (rc)
		return rc;
	for (uint32_t k = 0; k < from->n_paths; k++) {
		struct json_path *path = &tree->paths[k];

		*path = from->paths[k];
		path->parent = tree_path(from, tree, path->parent);
		path->children = tree_path(from, tree, path->children);
		path->last_child = tree_path(from, tree, path->last_child);
		path->sibling = tree_path(from, tree, path->sibling);
	}
	tree->n_paths = from->n_paths;
	tree->n_columns = from->n_columns;
	for (uint32_t k = 0; k < from->n_columns; k++) {
		tree->columns[k] = tree_path(from, tree, from->columns[k]);
		tree_set_kind(tree->columns[k]);
	}
	for (uint32_t k = 1; k < tree->n_paths; k++)
		key_add_plain(tree, &tree->paths[k]);
	return LEAT_OK;
}
