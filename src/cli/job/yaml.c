/*
 * cli/job/yaml.c -- nodes of a document: what they say, and where.
 */
#include <stdlib.h>
#include <string.h>

#include "job_yaml.h"

int
leat__job_memory(bool is_there)
{
	if (is_there)
		return 0;
	leat__cli_error("out of memory");
	return LEAT__CLI_FAILED;
}

char *
leat__job_yaml_text(struct fy_node *node)
{
	size_t n = 0;
	const char *text = node ? fy_node_get_scalar(node, &n) : NULL;

	return text ? strndup(text, n) : strdup("");
}

bool
leat__job_yaml_is_null(struct fy_node *node)
{
	size_t n = 0;
	const char *text;

	if (!node)
		return true;
	if (!fy_node_is_scalar(node) || fy_node_get_style(node) != FYNS_PLAIN)
		return false;
	text = fy_node_get_scalar(node, &n);
	return !text || n == 0 || (n == 1 && *text == '~') ||
		(n == 4 && !memcmp(text, "null", 4));
}

struct fy_node *
leat__job_yaml_follow(const struct leat__job_walk *w, struct fy_node *node)
{
	struct fy_node *to;

	if (!node || !fy_node_is_alias(node))
		return node;
	to = fy_node_resolve_alias(node);
	if (!to)
		leat__job_error(w->job, leat__job_yaml_mark(w, node, NULL),
			"nothing is anchored by this name");
	return to;
}

/* The first that has a place. */
static struct fy_node *
mark_scalar(struct fy_node *node)
{
	while (node && !fy_node_is_scalar(node) && !fy_node_is_alias(node)) {
		if (fy_node_is_mapping(node)) {
			struct fy_node_pair *pair =
				fy_node_mapping_get_by_index(node, 0);

			node = pair ? fy_node_pair_key(pair) : NULL;
		} else {
			node = fy_node_sequence_get_by_index(node, 0);
		}
	}
	return node;
}

struct leat__job_mark
leat__job_yaml_mark(
	const struct leat__job_walk *w, struct fy_node *node, const char *value)
{
	const struct leat__job_file *file = &w->job->files[w->file];
	struct leat__job_mark mark = {.file = w->file};
	struct fy_token *token;
	size_t n = value ? strlen(value) : 0;

	node = mark_scalar(node);
	token = node ? fy_node_get_scalar_token(node) : NULL;
	if (!token || !fy_token_start_mark(token))
		return mark;
	mark.pos = (uint32_t)fy_token_start_mark(token)->input_pos;
	mark.len = (uint32_t)fy_token_end_mark(token)->input_pos - mark.pos;
	if (mark.pos < file->n_bytes && strchr("\"'", file->text[mark.pos]) &&
		n + 2 == mark.len)
		mark.pos++, mark.len -= 2;
	mark.is_same = value && mark.pos + n <= file->n_bytes &&
		n == mark.len && !memcmp(file->text + mark.pos, value, n);
	return mark;
}

const char *
leat__job_yaml_kind(struct fy_node *node)
{
	if (!node || leat__job_yaml_is_null(node))
		return "nothing";
	if (fy_node_is_scalar(node))
		return "a value";
	return fy_node_is_mapping(node) ? "a mapping" : "a list";
}

int
leat__job_yaml_is(const struct leat__job_walk *w, struct fy_node *node,
	enum fy_node_type type, const char *what)
{
	if (node && fy_node_get_type(node) == type)
		return 0;
	leat__job_error(w->job, leat__job_yaml_mark(w, node, NULL),
		"%s is to be %s, and here stands %s", what,
		type == FYNT_SCALAR            ? "a value"
			: type == FYNT_MAPPING ? "a mapping, key: value"
					       : "a list, each entry with a -",
		leat__job_yaml_kind(node));
	return LEAT__CLI_USAGE;
}

char *
leat__job_yaml_value(
	const struct leat__job_walk *w, struct fy_node *node, const char *what)
{
	char *text, *value, unknown[256];

	node = leat__job_yaml_follow(w, node);
	if (!node || leat__job_yaml_is(w, node, FYNT_SCALAR, what))
		return NULL;
	text = leat__job_yaml_text(node);
	value = text ? leat__job_expand(w->job, text, unknown, sizeof(unknown))
		     : NULL;
	free(text);
	if (!value && *unknown)
		leat__job_error(w->job, leat__job_yaml_mark(w, node, NULL),
			"${%s} is not known; give --var %s=VALUE, set it in "
			"the environment, below vars:, or write ${%s:-VALUE}",
			unknown, unknown, unknown);
	else if (!value)
		leat__job_memory(false);
	return value;
}

/* ---- for variables ------------------------------------------------------- */

char *
leat__job_yaml_get(struct fy_node *map, const char *name)
{
	struct fy_node *node =
		map ? fy_node_mapping_lookup_by_string(map, name, FY_NT) : NULL;

	return node && fy_node_is_scalar(node) ? leat__job_yaml_text(node)
					       : NULL;
}

bool
leat__job_yaml_has(struct fy_node *seq, const char *name)
{
	void *at = NULL;
	struct fy_node *node;
	size_t n;

	while (seq && (node = fy_node_sequence_iterate(seq, &at)) != NULL) {
		const char *text = fy_node_get_scalar(node, &n);

		if (text && n == strlen(name) && !memcmp(text, name, n))
			return true;
	}
	return false;
}
