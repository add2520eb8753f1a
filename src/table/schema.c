/*
 * table/schema.c -- names and types of columns.
 *
 * A schema is one block of side memory: the struct, its columns, its names.
 * Names are unique. It never changes once it was given to a table, so any
 * thread may read it.
 */
#include <stdio.h>
#include <string.h>

#include "graph/graph.h"
#include "table/table.h"

#define SCHEMA_SUFFIX_BYTES 8 /* "_4096" and the NUL */

static const char *const schema_types[LEAT_TYPE_N] = {"?", "string", "int64",
	"float64", "bool", "decimal", "date", "timestamp", "binary"};

const char *
leat_type_name(uint32_t type)
{
	return schema_types[type < LEAT_TYPE_N ? type : 0];
}

uint32_t
leat_type_find(const char *name, size_t n_bytes)
{
	if (n_bytes == 4 && !memcmp(name, "text", 4))
		return LEAT_TYPE_TEXT;
	for (uint32_t k = 1; k < LEAT_TYPE_N; k++)
		if (strlen(schema_types[k]) == n_bytes &&
			!memcmp(schema_types[k], name, n_bytes))
			return k;
	return 0;
}

static int
schema_check_names(
	const struct leat_text *names, uint32_t n, size_t *n_bytes_out)
{
	size_t n_bytes = 0;

	if (n == 0)
		return LEAT_EINVAL;
	if (n > LEAT_TABLE_COLUMNS_MAX)
		return LEAT_ELIMIT;
	for (uint32_t k = 0; k < n; k++) {
		if (names[k].len > LEAT_TABLE_NAME_MAX)
			return LEAT_ELIMIT;
		if (names[k].len && memchr(names[k].data, 0, names[k].len))
			return LEAT_EINVAL;
		n_bytes += names[k].len + SCHEMA_SUFFIX_BYTES;
	}
	*n_bytes_out = n_bytes;
	return LEAT_OK;
}

/* Put a name at its place, with the first suffix that makes it unique. */
static char *
schema_add_name(struct leat_column *columns, uint32_t column,
	struct leat_text name, char *at)
{
	const struct leat_schema before = {
		.n_columns = column, .columns = columns};
	size_t len = name.len;

	if (name.len)
		memcpy(at, name.data, name.len);
	at[len] = '\0';
	for (uint32_t k = 2; leat_schema_find(&before, at, len) >= 0; k++)
		len = name.len +
			(size_t)snprintf(at + name.len, SCHEMA_SUFFIX_BYTES,
				"_%u", k % 100000);
	columns[column] = (struct leat_column){
		.name = at, .type = LEAT_TYPE_TEXT, .field = column};
	return at + len + 1;
}

int
leat_schema_create(struct leat_stage *st, const struct leat_text *names,
	uint32_t n, struct leat_schema **out)
{
	struct leat_schema *schema;
	struct leat_column *columns;
	size_t n_bytes = 0;
	void *memory;
	char *at;

	LEAT_TRY(schema_check_names(names, n, &n_bytes));
	n_bytes += sizeof(*schema) + n * sizeof(struct leat_column);
	LEAT_TRY(leat_stage_alloc(st, n_bytes, &memory));
	schema = memory;
	columns = (struct leat_column *)(void *)(schema + 1);
	at = (char *)(columns + n);
	for (uint32_t k = 0; k < n; k++)
		at = schema_add_name(columns, k, names[k], at);
	*schema = (struct leat_schema){.n_columns = n,
		.n_fields = n,
		.separator = ',',
		.quote = '"',
		.columns = columns};
	*out = schema;
	return LEAT_OK;
}

int32_t
leat_schema_find(
	const struct leat_schema *schema, const char *name, size_t n_bytes)
{
	for (uint32_t k = 0; k < schema->n_columns; k++) {
		const char *other = schema->columns[k].name;

		if (strlen(other) == n_bytes && !memcmp(other, name, n_bytes))
			return (int32_t)k;
	}
	return -1;
}

/* The same but for the case of ASCII letters? */
static bool
schema_is_alike(const char *a, const char *b, size_t n_bytes)
{
	for (size_t k = 0; k < n_bytes; k++)
		if (((uint8_t)a[k] | 0x20) != ((uint8_t)b[k] | 0x20))
			return false;
	return true;
}

const char *
leat_schema_suggest(
	const struct leat_schema *schema, const char *name, size_t n_bytes)
{
	uint32_t limit = n_bytes < 4 ? 1 : n_bytes < 8 ? 2 : 3;
	const char *best = NULL;

	for (uint32_t k = 0; k < schema->n_columns; k++) {
		const char *other = schema->columns[k].name;
		size_t len = strlen(other);
		uint32_t distance;

		if (len == n_bytes && schema_is_alike(other, name, len))
			return other;
		distance = leat__edit_distance(other, len, name, n_bytes);
		if (distance <= limit && distance < len) {
			limit = distance - (distance > 0);
			best = other;
		}
	}
	return best;
}

size_t
leat_schema_names(const struct leat_schema *schema, char *buf, size_t n_bytes)
{
	struct leat__text t = {buf, n_bytes, 0};
	char rest[32];
	size_t room;
	uint32_t k;

	snprintf(rest, sizeof(rest), ", ... (%u in all)", schema->n_columns);
	room = n_bytes > sizeof(rest) ? n_bytes - sizeof(rest) : 0;
	for (k = 0; k < schema->n_columns; k++) {
		const char *name = schema->columns[k].name;

		if (t.at + strlen(name) + 2 > room)
			break;
		leat__text_add(&t, "%s%s", k ? ", " : "", name);
	}
	if (k < schema->n_columns)
		leat__text_add(&t, "%s", k ? rest : rest + 2);
	return t.at < n_bytes ? t.at : n_bytes ? n_bytes - 1 : 0;
}

size_t
leat_schema_unknown(const struct leat_schema *schema, struct leat_text name,
	char *buf, size_t n_bytes)
{
	const char *text = (const char *)name.data;
	const char *near = leat_schema_suggest(schema, text, name.len);
	struct leat__text t = {buf, n_bytes, 0};
	char names[256];

	leat_schema_names(schema, names, sizeof(names));
	leat__text_add(
		&t, "no column '%.*s'", (int)leat__min_u64(name.len, 64), text);
	if (near)
		leat__text_add(&t, "; did you mean '%.64s'?", near);
	leat__text_add(&t, "; there are: %s", names);
	return t.at;
}

/* ---- another instance's ------------------------------------------------- */

static bool
texts_are_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
column_is_like(const struct leat_column *a, const struct leat_column *b)
{
	return a->type == b->type && a->field == b->field &&
		(a->field != LEAT_FIELD_NONE || a->vector == b->vector) &&
		a->scale == b->scale && a->flags == b->flags &&
		texts_are_equal(a->name, b->name);
}

static bool
schema_is_like(const struct leat_schema *a, const struct leat_schema *b)
{
	if (a->n_columns != b->n_columns || a->n_fields != b->n_fields ||
		a->n_vectors != b->n_vectors || a->separator != b->separator ||
		a->quote != b->quote || a->flags != b->flags ||
		!texts_are_equal(a->origin, b->origin) ||
		!texts_are_equal(a->head, b->head))
		return false;
	for (uint32_t k = 0; k < a->n_columns; k++)
		if (!column_is_like(&a->columns[k], &b->columns[k]))
			return false;
	return true;
}

const struct leat_schema *
leat_stage_same_schema(
	const struct leat_stage *st, const struct leat_schema *schema)
{
	const struct leat_schema *before = st->before_schema;

	return before && schema_is_like(before, schema) ? before : schema;
}
