/*
 * cli/json.h -- a JSON text as a tree: answers of a control socket.
 */
#ifndef LEAT_SRC_CLI_JSON_H
#define LEAT_SRC_CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <leat/json.h>

enum leat__cli_json_kind {
	LEAT__CLI_JSON_WORD = 0, /* true, false, null */
	LEAT__CLI_JSON_NUMBER,
	LEAT__CLI_JSON_STRING,
	LEAT__CLI_JSON_LIST,
	LEAT__CLI_JSON_OBJECT
};

struct leat__cli_node {
	enum leat__cli_json_kind kind;
	bool is_true;
	const char *key;  /* NULL in lists */
	const char *text; /* of a string; to its first NUL */
	double number;
	struct leat__cli_node *first, *next;
	const char *raw; /* as it stands in the text */
	size_t raw_bytes;
};

struct leat__cli_doc {
	struct leat__cli_node *root;
	struct leat__cli_node *nodes;
	size_t n_nodes;
	char *strings;
};

/* false: it is no JSON, or there is no memory. text outlives it. To be freed in
 * any case. */
bool leat__cli_doc_read(struct leat__cli_doc *doc, const char *text);
void leat__cli_doc_free(struct leat__cli_doc *doc);

/* NULL is accepted for a node, and what is not there is NULL, 0, "", false. */
const struct leat__cli_node *leat__cli_node_get(
	const struct leat__cli_node *node, const char *key);
double leat__cli_node_number(
	const struct leat__cli_node *node, const char *key);
const char *leat__cli_node_text(
	const struct leat__cli_node *node, const char *key);
bool leat__cli_node_is(const struct leat__cli_node *node, const char *key);

#endif
