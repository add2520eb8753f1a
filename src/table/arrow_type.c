/*
 * table/arrow_type.c -- Arrow's format strings and schemas.
 *
 * Source: the Arrow C data interface, "Data type description".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "table/arrow.h"

#define ARROW_SECOND_US 1000000
#define ARROW_DAY_MS    86400000

static const struct {
	const char *format;
	struct leat__arrow_type type;
} arrow_types[] = {
	{"n", {LEAT__ARROW_NULL, LEAT_TYPE_TEXT, 0, 0, 0, 1, 1}},
	{"b", {LEAT__ARROW_BITS, LEAT_TYPE_BOOL, 0, 0, 0, 1, 1}},
	{"c", {LEAT__ARROW_INT, LEAT_TYPE_INT64, 1, 0, 0, 1, 1}},
	{"C", {LEAT__ARROW_INT, LEAT_TYPE_INT64, 1, 1, 0, 1, 1}},
	{"s", {LEAT__ARROW_INT, LEAT_TYPE_INT64, 2, 0, 0, 1, 1}},
	{"S", {LEAT__ARROW_INT, LEAT_TYPE_INT64, 2, 1, 0, 1, 1}},
	{"i", {LEAT__ARROW_INT, LEAT_TYPE_INT64, 4, 0, 0, 1, 1}},
	{"I", {LEAT__ARROW_INT, LEAT_TYPE_INT64, 4, 1, 0, 1, 1}},
	{"l", {LEAT__ARROW_INT, LEAT_TYPE_INT64, 8, 0, 0, 1, 1}},
	{"L", {LEAT__ARROW_INT, LEAT_TYPE_INT64, 8, 1, 0, 1, 1}},
	{"f", {LEAT__ARROW_FLOAT, LEAT_TYPE_FLOAT64, 4, 0, 0, 1, 1}},
	{"g", {LEAT__ARROW_FLOAT, LEAT_TYPE_FLOAT64, 8, 0, 0, 1, 1}},
	{"u", {LEAT__ARROW_TEXT, LEAT_TYPE_TEXT, 4, 0, 0, 1, 1}},
	{"U", {LEAT__ARROW_TEXT, LEAT_TYPE_TEXT, 8, 0, 0, 1, 1}},
	{"vu", {LEAT__ARROW_VIEWS, LEAT_TYPE_TEXT, 0, 0, 0, 1, 1}},
	{"z", {LEAT__ARROW_TEXT, LEAT_TYPE_BINARY, 4, 0, 0, 1, 1}},
	{"Z", {LEAT__ARROW_TEXT, LEAT_TYPE_BINARY, 8, 0, 0, 1, 1}},
	{"vz", {LEAT__ARROW_VIEWS, LEAT_TYPE_BINARY, 0, 0, 0, 1, 1}},
	{"tdD", {LEAT__ARROW_INT, LEAT_TYPE_DATE, 4, 0, 0, 1, 1}},
	{"tdm", {LEAT__ARROW_INT, LEAT_TYPE_DATE, 8, 0, 0, 1, ARROW_DAY_MS}},
};

/* "tsu:Europe/Berlin": the zone is how to show it, the value is in UTC. */
static int
parse_timestamp(const char *format, struct leat__arrow_type *out)
{
	*out = (struct leat__arrow_type){
		LEAT__ARROW_INT, LEAT_TYPE_TIMESTAMP, 8, 0, 0, 1, 1};
	if (format[2] == '\0' || format[3] != ':')
		return LEAT_ENOTSUP;
	switch (format[2]) {
	case 's':
		out->multiply = ARROW_SECOND_US;
		return LEAT_OK;
	case 'm':
		out->multiply = 1000;
		return LEAT_OK;
	case 'u':
		return LEAT_OK;
	case 'n':
		out->divide = 1000;
		return LEAT_OK;
	default:
		return LEAT_ENOTSUP;
	}
}

/* "d:19,10" or "d:19,10,128" */
static int
parse_decimal(const char *format, struct leat__arrow_type *out)
{
	int precision, scale, bits = 128;

	if (sscanf(format, "d:%d,%d,%d", &precision, &scale, &bits) < 2 ||
		bits != 128 || scale < 0 || scale > LEAT_DECIMAL_DIGITS_MAX)
		return LEAT_ENOTSUP;
	*out = (struct leat__arrow_type){LEAT__ARROW_DECIMAL, LEAT_TYPE_DECIMAL,
		16, 0, (uint32_t)scale, 1, 1};
	return LEAT_OK;
}

/* "w:42" */
static int
parse_fixed(const char *format, struct leat__arrow_type *out)
{
	char *end;
	unsigned long width = strtoul(format + 2, &end, 10);

	if (*end || end == format + 2 || width > UINT32_MAX / 2)
		return LEAT_ENOTSUP;
	*out = (struct leat__arrow_type){LEAT__ARROW_FIXED, LEAT_TYPE_BINARY,
		(uint32_t)width, 0, 0, 1, 1};
	return LEAT_OK;
}

int
leat__arrow_parse(const char *format, struct leat__arrow_type *out)
{
	for (uint32_t k = 0; k < leat__array_len(arrow_types); k++) {
		if (strcmp(arrow_types[k].format, format) != 0)
			continue;
		*out = arrow_types[k].type;
		return LEAT_OK;
	}
	if (!strncmp(format, "ts", 2))
		return parse_timestamp(format, out);
	if (!strncmp(format, "d:", 2))
		return parse_decimal(format, out);
	if (!strncmp(format, "w:", 2))
		return parse_fixed(format, out);
	return LEAT_ENOTSUP;
}

const char *
leat__arrow_format(const struct leat_column *column, char buf[16])
{
	static const char *const formats[LEAT_TYPE_N] = {
		"u", "u", "l", "g", "b", "", "tdD", "tsu:UTC", "z"};

	if (column->type == LEAT_TYPE_DECIMAL)
		snprintf(buf, 16, "d:%u,%u", LEAT_DECIMAL_DIGITS_MAX,
			column->scale % 100);
	else
		snprintf(buf, 16, "%s", formats[column->type]);
	return buf;
}

/* ---- schemas ----------------------------------------------------------------- */

/* One block for all: children, pointers to them, formats and names. A child
 * may be moved out and outlive its parent, so both hold the block. */
struct arrow_schema {
	const struct leat__env *env;
	uint32_t n_holds; /* atomic */
};

static void
schema_drop(struct arrow_schema *block)
{
	/* acq_rel: what others did with the block is over before it is freed */
	if (leat__sub_acq_rel(&block->n_holds, 1u) == 1)
		block->env->free(block->env, block);
}

static void
schema_release_child(struct ArrowSchema *schema)
{
	schema->release = NULL;
	schema_drop(schema->private_data);
}

static void
schema_release(struct ArrowSchema *schema)
{
	struct arrow_schema *block = schema->private_data;

	for (int64_t k = 0; k < schema->n_children; k++)
		if (schema->children[k]->release)
			schema->children[k]->release(schema->children[k]);
	schema->release = NULL;
	schema_drop(block);
}

#define SCHEMA_FORMAT_BYTES 16

static size_t
schema_names_bytes(const struct leat_schema *schema)
{
	size_t n_bytes = 0;

	for (uint32_t k = 0; k < schema->n_columns; k++)
		n_bytes += SCHEMA_FORMAT_BYTES +
			strlen(schema->columns[k].name) + 1;
	return n_bytes;
}

static void
schema_child(struct ArrowSchema *child, const struct leat_column *column,
	struct arrow_schema *block, char **text)
{
	char *format = *text, *name = *text + SCHEMA_FORMAT_BYTES;
	size_t n = strlen(column->name) + 1;

	leat__arrow_format(column, format);
	memcpy(name, column->name, n);
	*text = name + n;
	*child = (struct ArrowSchema){.format = format,
		.name = name,
		.flags = ARROW_FLAG_NULLABLE,
		.release = schema_release_child,
		.private_data = block};
	block->n_holds++;
}

int
leat__arrow_schema(const struct leat__env *env,
	const struct leat_schema *schema, struct ArrowSchema *out)
{
	uint32_t n = schema->n_columns;
	struct arrow_schema *block = env->alloc(env,
		sizeof(*block) +
			n *
				(sizeof(struct ArrowSchema) +
					sizeof(struct ArrowSchema *)) +
			schema_names_bytes(schema));
	struct ArrowSchema *children, **pointers;
	char *text;

	if (!block)
		return LEAT_ENOMEM;
	block->env = env;
	block->n_holds = 1;
	children = (struct ArrowSchema *)(void *)(block + 1);
	pointers = (struct ArrowSchema **)(void *)(children + n);
	text = (char *)(pointers + n);
	for (uint32_t k = 0; k < n; k++) {
		schema_child(&children[k], &schema->columns[k], block, &text);
		pointers[k] = &children[k];
	}
	*out = (struct ArrowSchema){.format = "+s",
		.name = "",
		.n_children = n,
		.children = pointers,
		.release = schema_release,
		.private_data = block};
	return LEAT_OK;
}
