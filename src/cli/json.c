/*
 * cli/json.c -- a JSON text as a tree, to be read by key.
 *
 * leat_json_check() has looked at the text first, so what is walked over here
 * is well-formed and at most LEAT_JSON_DEPTH_MAX deep. Nodes and the bytes of
 * strings are one allocation each, as long as the text allows for at the most.
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"

struct walk {
	struct leat__cli_doc *doc;
	const char *at;
	size_t n_bytes; /* of strings so far */
};

static struct leat__cli_node *walk_value(struct walk *w, const char *key);

static void
walk_space(struct walk *w)
{
	while (*w->at && strchr(" \t\r\n", *w->at))
		w->at++;
}

/* The string at the quote, decoded; NUL-terminated. */
static const char *
walk_string(struct walk *w)
{
	const char *from = ++w->at;
	char *to = w->doc->strings + w->n_bytes;
	uint32_t n = 0;

	while (*w->at != '"')
		w->at += *w->at == '\\' ? 2 : 1;
	if (leat_json_decode((struct leat_text){(const uint8_t *)from,
				     (uint32_t)(w->at - from)},
		    (uint8_t *)to, &n))
		n = 0;
	w->at++;
	to[n] = '\0';
	w->n_bytes += n + 1;
	return to;
}

static struct leat__cli_node *
walk_node(struct walk *w, const char *key)
{
	struct leat__cli_node *node = &w->doc->nodes[w->doc->n_nodes++];

	*node = (struct leat__cli_node){.key = key};
	return node;
}

/* Members or elements, up to the bracket that closes. */
static void
walk_inside(struct walk *w, struct leat__cli_node *node, char close)
{
	struct leat__cli_node **to = &node->first;

	for (;;) {
		const char *key = NULL;

		w->at++; /* the bracket, or a comma */
		walk_space(w);
		if (*w->at == close)
			break;
		if (close == '}') {
			key = walk_string(w);
			walk_space(w);
			w->at++;
		}
		*to = walk_value(w, key);
		to = &(*to)->next;
		walk_space(w);
		if (*w->at == close)
			break;
	}
	w->at++;
}

static void
walk_word(struct walk *w, struct leat__cli_node *node)
{
	char *end;

	node->kind = LEAT__CLI_JSON_WORD;
	node->is_true = *w->at == 't';
	if (*w->at == 't' || *w->at == 'f' || *w->at == 'n') {
		w->at += *w->at == 'f' ? 5 : 4;
		return;
	}
	node->kind = LEAT__CLI_JSON_NUMBER;
	node->number = strtod(w->at, &end);
	w->at = end;
}

static struct leat__cli_node *
walk_value(struct walk *w, const char *key)
{
	struct leat__cli_node *node = walk_node(w, key);

	walk_space(w);
	node->raw = w->at;
	if (*w->at == '{' || *w->at == '[') {
		node->kind = *w->at == '{' ? LEAT__CLI_JSON_OBJECT
					   : LEAT__CLI_JSON_LIST;
		walk_inside(w, node, *w->at == '{' ? '}' : ']');
	} else if (*w->at == '"') {
		node->kind = LEAT__CLI_JSON_STRING;
		node->text = walk_string(w);
	} else {
		walk_word(w, node);
	}
	node->raw_bytes = (size_t)(w->at - node->raw);
	return node;
}

/* No text has more values than this, nor strings of more bytes. */
static bool
doc_alloc(struct leat__cli_doc *doc, const char *text, size_t n_bytes)
{
	size_t n = 1;

	for (size_t k = 0; k < n_bytes; k++)
		n += text[k] == ',' || text[k] == '[' || text[k] == '{';
	doc->nodes = calloc(n, sizeof(*doc->nodes));
	doc->strings = malloc(n_bytes + 1);
	return doc->nodes && doc->strings;
}

bool
leat__cli_doc_read(struct leat__cli_doc *doc, const char *text)
{
	size_t n_bytes = strlen(text);
	struct walk w = {doc, text, 0};
	struct leat_json_fault fault;

	memset(doc, 0, sizeof(*doc));
	if (n_bytes > UINT32_MAX ||
		leat_json_check((struct leat_text){(const uint8_t *)text,
					(uint32_t)n_bytes},
			&fault) ||
		!doc_alloc(doc, text, n_bytes))
		return false;
	doc->root = walk_value(&w, NULL);
	return true;
}

void
leat__cli_doc_free(struct leat__cli_doc *doc)
{
	free(doc->nodes);
	free(doc->strings);
	memset(doc, 0, sizeof(*doc));
}

/* ---- reading ------------------------------------------------------------ */

const struct leat__cli_node *
leat__cli_node_get(const struct leat__cli_node *node, const char *key)
{
	const struct leat__cli_node *at = node ? node->first : NULL;

	while (at && !(at->key && strcmp(at->key, key) == 0))
		at = at->next;
	return at;
}

double
leat__cli_node_number(const struct leat__cli_node *node, const char *key)
{
	const struct leat__cli_node *at = leat__cli_node_get(node, key);

	return at ? at->number : 0;
}

const char *
leat__cli_node_text(const struct leat__cli_node *node, const char *key)
{
	const struct leat__cli_node *at = leat__cli_node_get(node, key);

	return at && at->text ? at->text : "";
}

bool
leat__cli_node_is(const struct leat__cli_node *node, const char *key)
{
	const struct leat__cli_node *at = leat__cli_node_get(node, key);

	return at && at->is_true;
}
