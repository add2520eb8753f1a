/*
 * json_columns.c -- the columns of json.parse: as declared, or as a sample has
 * them.
 *
 * A sample gives a tree of paths in order of appearance; every leaf becomes a
 * column named by its path. Lines that are no objects are passed over here: who
 * reads them says what is wrong. One thread, before the first row.
 */
#include <stdio.h>
#include <string.h>

#include "file_column.h"
#include "json.h"

#define COLUMNS_ROWS 1000 /* default of infer_rows */

/* What is at work while columns are made. */
struct columns {
	struct leat_stage *st;
	const struct json_source *source;
	struct json_tree *tree;
	struct leat_text x; /* the line being read */
	uint32_t at;
	uint32_t is_full; /* there are too many paths */
	uint8_t *decoded; /* of one key */
};

uint64_t
leat__json_columns_bytes(void)
{
	return leat__json_tree_bytes(JSON_PATHS_MAX, JSON_NAMES_MAX) +
		LEAT_TABLE_COLUMNS_MAX *
		(sizeof(struct leat_text) + 2 * sizeof(struct leat_column) +
			3 * LEAT_TABLE_NAME_MAX / 8) +
		4 * JSON_NAMES_MAX + JSON_KEY_BYTES + 4096;
}

static int
columns_fail_full(struct columns *c)
{
	return leat_stage_fail(c->st, LEAT_ELIMIT,
		"%s: too many keys; at most %u columns with names of 256 KiB "
		"in all; schema= names the wanted ones, nested=text keeps "
		"inner objects as text",
		c->source->origin, LEAT_TABLE_COLUMNS_MAX);
}

/* ---- reading a line that is known to be good ---------------------------- */

static void columns_read_object(struct columns *c, struct json_path *in);

static void
columns_skip_white(struct columns *c)
{
	while (c->at < c->x.len && c->x.data[c->at] <= ' ')
		c->at++;
}

/* A string: what stands between its quotes. */
static struct leat_text
columns_string(struct columns *c)
{
	uint32_t start = ++c->at;

	while (c->x.data[c->at] != '"')
		c->at += c->x.data[c->at] == '\\' ? 2 : 1;
	return (struct leat_text){c->x.data + start, c->at++ - start};
}

/* A word, up to what ends it. */
static struct leat_text
columns_word(struct columns *c)
{
	uint32_t start = c->at;

	while (c->at < c->x.len && !strchr(",]} \t\r\n", c->x.data[c->at]))
		c->at++;
	return (struct leat_text){c->x.data + start, c->at - start};
}

/* An object or a list that nobody looks into. */
static void
columns_skip(struct columns *c)
{
	uint32_t depth = 0;

	do {
		uint8_t byte = c->x.data[c->at];

		if (byte == '"') {
			columns_string(c);
			continue;
		}
		depth += byte == '{' || byte == '[';
		depth -= byte == '}' || byte == ']';
		c->at++;
	} while (depth);
}

static void
columns_read_word(struct columns *c, struct json_path *path)
{
	struct leat_text word = columns_word(c);

	if (word.data[0] == 'n')
		return;
	if (word.data[0] == 't' || word.data[0] == 'f') {
		path->kinds |= JSON_KIND_BOOL;
		return;
	}
	path->kinds |= JSON_KIND_NUMBER;
	leat_infer_value(&path->infer, word);
}

static void
columns_read_value(struct columns *c, struct json_path *path)
{
	columns_skip_white(c);
	switch (c->x.data[c->at]) {
	case '"':
		path->kinds |= JSON_KIND_STRING;
		columns_string(c);
		break;
	case '[':
		path->kinds |= JSON_KIND_LIST;
		columns_skip(c);
		break;
	case '{':
		path->kinds |= JSON_KIND_OBJECT;
		if (c->source->opts->nested)
			columns_skip(c);
		else
			columns_read_object(c, path);
		break;
	default:
		columns_read_word(c, path);
	}
}

/* The path of a key in an object; NULL: one with too long a name. */
static struct json_path *
columns_key(struct columns *c, struct json_path *in, struct json_path *near)
{
	struct leat_text name = columns_string(c);
	struct leat_text decoded = {c->decoded, 0};
	struct json_path *path;

	if (name.len > JSON_KEY_BYTES ||
		leat_json_decode(name, c->decoded, &decoded.len) != LEAT_OK) {
		c->is_full = 1;
		return NULL;
	}
	path = leat__json_path_make(c->tree, in, decoded, near);
	c->is_full |= !path;
	return path;
}

static void
columns_read_object(struct columns *c, struct json_path *in)
{
	struct json_path *near = in->children;

	c->at++;
	columns_skip_white(c);
	while (!c->is_full && c->x.data[c->at] != '}') {
		struct json_path *path = columns_key(c, in, near);

		if (!path)
			return;
		near = path->sibling;
		columns_skip_white(c);
		c->at++; /* the colon */
		columns_read_value(c, path);
		columns_skip_white(c);
		c->at += c->x.data[c->at] == ',';
		columns_skip_white(c);
	}
	c->at++;
}

/* One line of the sample. 1 = it is an object. */
static uint32_t
columns_read_line(struct columns *c, struct leat_text line)
{
	struct leat_json_fault fault;

	c->x = line;
	c->at = 0;
	columns_skip_white(c);
	if (c->at == line.len || line.data[c->at] != '{' ||
		leat_json_check(line, &fault) != LEAT_OK)
		return 0;
	columns_read_object(c, c->tree->paths);
	return 1;
}

static uint32_t
columns_read_sample(struct columns *c)
{
	const struct json_source *source = c->source;
	uint64_t max_rows = source->opts->infer_rows ? source->opts->infer_rows
						     : COLUMNS_ROWS;
	uint32_t at = 0, n_rows = 0;

	while (at < source->n_bytes && n_rows < max_rows && !c->is_full) {
		const uint8_t *line = source->sample + at;
		const uint8_t *end = memchr(line, '\n', source->n_bytes - at);
		uint32_t len =
			end ? (uint32_t)(end - line) : source->n_bytes - at;

		if (!end && !source->is_all)
			break;
		n_rows += columns_read_line(c, (struct leat_text){line, len});
		at += len + 1;
	}
	return n_rows;
}

/* ---- from paths to columns ---------------------------------------------- */

/* Of the values that were seen: an object to look into, or a type. */
static void
path_decide(struct json_path *path)
{
	path->type = LEAT_TYPE_TEXT;
	if (path->kinds == JSON_KIND_OBJECT && path->children)
		path->is_inner = 1;
	else if (path->kinds & (JSON_KIND_OBJECT | JSON_KIND_LIST))
		path->is_text = 1;
	else if (path->kinds == JSON_KIND_BOOL)
		path->type = LEAT_TYPE_BOOL;
	else if (path->kinds == JSON_KIND_NUMBER)
		path->type = leat_infer_type(&path->infer);
}

/* Give columns to all leaves below an object, in order. */
static void
columns_number(struct columns *c, struct json_path *in)
{
	struct json_tree *tree = c->tree;

	for (struct json_path *path = in->children; path;
		path = path->sibling) {
		if (!path->type)
			path_decide(path);
		if (path->is_inner) {
			columns_number(c, path);
			continue;
		}
		path->children = NULL;
		path->column = tree->n_columns;
		tree->columns[tree->n_columns++] = path;
	}
}

/* a.b.c of a path. false: no room. */
static bool
path_name(const struct json_path *path, char **at, const char *end)
{
	if (path->parent->parent) {
		if (!path_name(path->parent, at, end) || *at == end)
			return false;
		*(*at)++ = '.';
	}
	if (path->name.len > (size_t)(end - *at))
		return false;
	if (path->name.len)
		memcpy(*at, path->name.data, path->name.len);
	*at += path->name.len;
	return true;
}

/* The columns of a schema of names get their types. */
static void
columns_set_types(const struct columns *c, struct leat_schema *schema)
{
	struct leat_column *columns = (struct leat_column *)schema->columns;

	for (uint32_t k = 0; k < schema->n_columns; k++) {
		const struct json_path *path = c->tree->columns[k];

		columns[k].field = LEAT_FIELD_NONE;
		columns[k].vector = k;
		columns[k].type = path->type;
		columns[k].scale = path->scale;
		columns[k].flags =
			path->is_text ? LEAT_COLUMN_JSON : LEAT_COLUMN_LITERALS;
	}
	schema->n_fields = 0;
	schema->n_vectors = schema->n_columns;
	schema->separator = 0;
	schema->quote = 0;
	schema->origin = c->source->origin;
}

static int
columns_make_schema(struct columns *c, struct leat_schema **out)
{
	uint32_t n = c->tree->n_columns;
	struct leat_text *names;
	void *memory;
	char *at, *end;
	int rc;

	if (n > LEAT_TABLE_COLUMNS_MAX)
		return columns_fail_full(c);
	rc = leat_stage_alloc(c->st,
		n * sizeof(struct leat_text) + 2 * JSON_NAMES_MAX, &memory);
	if (rc)
		return leat_stage_fail(c->st, rc, "no memory for the columns");
	names = memory;
	at = (char *)(names + n);
	end = at + 2 * JSON_NAMES_MAX;
	for (uint32_t k = 0; k < n && !rc; k++) {
		names[k] = (struct leat_text){(const uint8_t *)at, 0};
		if (!path_name(c->tree->columns[k], &at, end))
			rc = LEAT_ELIMIT;
		names[k].len = (uint32_t)(at - (const char *)names[k].data);
	}
	if (!rc)
		rc = leat_schema_create(c->st, names, n, out);
	leat_stage_free(c->st, memory);
	if (rc == LEAT_EINVAL)
		return leat_stage_fail(c->st, LEAT_EDATA,
			"%s: a key has a NUL character in it; schema= names "
			"the wanted columns",
			c->source->origin);
	if (rc)
		return columns_fail_full(c);
	columns_set_types(c, *out);
	return LEAT_OK;
}

/* ---- declared ----------------------------------------------------------- */

/* One entry: its path, an object for each name before a dot. */
static int
columns_declare(struct columns *c, const struct leat_declared *d)
{
	struct json_path *path = c->tree->paths;
	bool is_quoted =
		d->name.data > (const uint8_t *)c->source->opts->schema &&
		(d->name.data[-1] == '"' || d->name.data[-1] == '`');
	bool has_dots = !is_quoted && !c->source->opts->nested;
	struct leat_text rest = d->name;

	for (;;) {
		const uint8_t *dot = has_dots && rest.len
			? memchr(rest.data, '.', rest.len)
			: NULL;
		struct leat_text name = {rest.data,
			dot ? (uint32_t)(dot - rest.data) : rest.len};

		path = leat__json_path_make(c->tree, path, name, NULL);
		if (!path)
			return columns_fail_full(c);
		if (path->type || (!dot && path->is_inner))
			return leat_stage_fail_at(c->st, LEAT_EINVAL, "schema",
				d->offset, d->n_bytes,
				"'%.*s' is in the list already, as a column "
				"or as an object with columns",
				d->name.len > 64 ? 64 : (int)d->name.len,
				d->name.data);
		if (!dot)
			break;
		path->is_inner = 1;
		rest = (struct leat_text){dot + 1, rest.len - name.len - 1};
	}
	path->type = d->type;
	path->scale = d->scale;
	path->column = c->tree->n_columns;
	c->tree->columns[c->tree->n_columns++] = path;
	return LEAT_OK;
}

static int
columns_read_declared(struct columns *c)
{
	const char *list = c->source->opts->schema;
	struct leat_expr_error err = {0};
	struct leat_declared d;
	uint32_t at = 0;
	int rc;

	while ((rc = leat_declared_next(list, &at, &d, &err)) == LEAT_OK) {
		rc = columns_declare(c, &d);
		if (rc)
			return rc;
	}
	if (rc == LEAT_EOS && c->tree->n_columns)
		return LEAT_OK;
	return leat_stage_fail_at(c->st, LEAT_EINVAL, "schema", err.offset,
		err.n_bytes, "%s",
		rc == LEAT_EOS ? "it names no column; as in "
				 "id:int64,user.name:string"
			       : err.text);
}

/* ---- both --------------------------------------------------------------- */

static int
columns_fill(struct columns *c)
{
	const char *list = c->source->opts->schema;

	if (list && list[0])
		return columns_read_declared(c);
	if (!columns_read_sample(c))
		return LEAT_OK;
	if (c->is_full)
		return columns_fail_full(c);
	columns_number(c, c->tree->paths);
	if (!c->tree->n_columns)
		return leat_stage_fail(c->st, LEAT_EDATA,
			"%s: there is no key in the first objects; schema= "
			"says which columns there are",
			c->source->origin);
	return LEAT_OK;
}

/* How many paths and bytes of names there can be. */
static void
columns_count(
	const struct json_source *source, uint32_t *n_paths, uint32_t *n_names)
{
	const char *list = source->opts->schema;
	uint32_t n = source->n_bytes;

	if (list && list[0])
		n = 5 * (uint32_t)strlen(list);
	*n_names = n < JSON_NAMES_MAX ? n : JSON_NAMES_MAX;
	n = n / 5 + 2;
	*n_paths = n < JSON_PATHS_MAX ? n : JSON_PATHS_MAX;
}

static int
columns_make(struct columns *c, struct json_columns **out)
{
	struct leat_schema *schema = NULL;
	struct json_columns *columns;
	void *memory;
	int rc = columns_fill(c);

	if (!rc && c->tree->n_columns)
		rc = columns_make_schema(c, &schema);
	if (!rc && schema)
		rc = leat__file_column_add(
			c->st, c->source->opts->filename, &schema);
	if (rc || !schema)
		return rc;
	rc = leat_stage_alloc(c->st, sizeof(*columns), &memory);
	if (rc)
		return leat_stage_fail(c->st, rc, "no memory for the columns");
	columns = memory;
	columns->schema = *schema;
	columns->tree = *c->tree;
	*out = columns;
	return LEAT_OK;
}

int
leat__json_make_columns(struct leat_stage *st, const struct json_source *source,
	struct json_columns **columns_out)
{
	struct json_tree tree;
	struct columns c = {.st = st, .source = source, .tree = &tree};
	uint32_t n_paths, n_names;
	void *memory;
	int rc;

	*columns_out = NULL;
	columns_count(source, &n_paths, &n_names);
	rc = leat__json_tree_create(st, n_paths, n_names, &tree);
	if (rc)
		return rc;
	rc = leat_stage_alloc(st, JSON_KEY_BYTES, &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	c.decoded = memory;
	rc = columns_make(&c, columns_out);
	leat_stage_free(st, memory);
	if (!*columns_out)
		leat_stage_free(st, tree.paths);
	return rc;
}
