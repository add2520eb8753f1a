/*
 * stages/filter/csv_schema.c -- from the header of a CSV to its columns.
 *
 * Names come from the first record, or are made (c1, c2, ...). Types are
 * declared, or inferred from what can be seen of the data; an inferred type is
 * a promise to nobody: a value that does not have it is an error only where
 * somebody asks for it.
 * One thread at a time, that of csv.cut.
 */
#include "csv_schema.h"

#include <stdio.h>
#include <string.h>

#define CSV_ENDS_MAX (LEAT_TABLE_COLUMNS_MAX + 1)

/* ---- messages ----------------------------------------------------------- */

static int
csv_fail_record(struct leat_stage *st, const struct csv_names *names,
	const struct csv_record *r, const char *what)
{
	leat_stage_fail(st, LEAT_EDATA, "%s:%llu:1: %s", names->origin,
		(unsigned long long)r->line, what);
	return leat_stage_locate(st, names->origin, r->line, 1, r->offset);
}

/* A file that begins with its mark, in either order. */
static bool
csv_is_utf16(const struct csv_record *r)
{
	return r->offset == 0 && r->n_bytes >= 2 &&
		(!memcmp(r->text, "\xff\xfe", 2) ||
			!memcmp(r->text, "\xfe\xff", 2));
}

static int
csv_fail_names(struct leat_stage *st, const struct csv_names *names,
	const struct csv_record *r, int code)
{
	if (code == LEAT_EINVAL && csv_is_utf16(r))
		return csv_fail_record(st, names, r,
			"this is UTF-16; UTF-8 is wanted, which iconv -f "
			"utf-16 -t utf-8 makes of it");
	if (code == LEAT_EINVAL)
		return csv_fail_record(
			st, names, r, "a column name has a NUL byte in it");
	if (code == LEAT_ENOMEM)
		return leat_stage_fail(st, code, "no memory for the header");
	return csv_fail_record(st, names, r,
		"the header is too long: at most 4096 columns with names of "
		"at most 1024 bytes, 256 KiB in all");
}

/* ---- names -------------------------------------------------------------- */

/* Decode one field of the header to *out. */
static struct leat_text
csv_name(uint8_t quote, struct leat_text x, uint8_t **out)
{
	struct leat_text name = {*out, 0};

	if (x.len >= 2 && x.data[0] == quote)
		x = (struct leat_text){x.data + 1, x.len - 2};
	else
		quote = 0;
	for (uint32_t k = 0; k < x.len; k++) {
		*(*out)++ = x.data[k];
		name.len++;
		k += quote && x.data[k] == quote;
	}
	return name;
}

/* c1, c2, ... for a file without header. */
static struct leat_text
csv_made_name(uint32_t column, uint8_t **out)
{
	struct leat_text name = {*out, 0};

	name.len = (uint32_t)snprintf((char *)*out, 8, "c%u", column + 1);
	*out += 8;
	return name;
}

/* A record whose fields have been found. */
struct csv_fields {
	uint32_t n;
	const uint32_t *ends;
};

/* Field k, without CR at the record's end. */
static struct leat_text
csv_field(
	const struct csv_record *r, const struct csv_fields *fields, uint32_t k)
{
	uint32_t start = k ? fields->ends[k - 1] + 1 : 0;
	struct leat_text x = {r->text + start, fields->ends[k] - start};

	if (k + 1 == fields->n && x.len && x.data[x.len - 1] == '\r')
		x.len--;
	return x;
}

static int
csv_make_names(struct leat_stage *st, const struct csv_names *names,
	const struct csv_record *r, const struct csv_fields *fields,
	struct leat_schema **out)
{
	uint32_t n_text = names->opts->header ? 0 : r->n_bytes;
	size_t n_bytes = fields->n * (sizeof(struct leat_text) + 8) + n_text;
	struct leat_text *texts;
	void *memory;
	uint8_t *at;
	int rc = leat_stage_alloc(st, n_bytes, &memory);

	if (rc)
		return rc;
	texts = memory;
	at = (uint8_t *)(texts + fields->n);
	for (uint32_t k = 0; k < fields->n; k++)
		texts[k] = names->opts->header
			? csv_made_name(k, &at)
			: csv_name(names->dialect.quote,
				  csv_field(r, fields, k), &at);
	rc = leat_schema_create(st, texts, fields->n, out);
	leat_stage_free(st, memory);
	return rc;
}

/* ---- types -------------------------------------------------------------- */

static struct leat_column *
csv_column(struct leat_schema *schema, uint32_t k)
{
	return (struct leat_column *)(uintptr_t)&schema->columns[k];
}

static int
csv_fail_declared(struct leat_stage *st, const struct leat_schema *schema,
	const struct leat_declared *d)
{
	char said[LEAT_ERROR_TEXT_BYTES];

	leat_schema_unknown(schema, d->name, said, sizeof(said));
	return leat_stage_fail_at(
		st, LEAT_EINVAL, "schema", d->offset, d->n_bytes, "%s", said);
}

/* Name of an entry, decoded: as it is between its quotes, if it has some. */
static struct leat_text
csv_declared_name(struct leat_text x, uint8_t *room, size_t n_room)
{
	uint8_t *at = room;

	if (x.len < 2 || x.len > n_room || x.data[0] != '"')
		return x;
	return csv_name('"', x, &at);
}

/* Columns that are declared get their types; the others' bits stay set. */
static int
csv_declare(struct leat_stage *st, const struct csv_names *names,
	struct leat_schema *schema, bool *is_declared)
{
	const char *list = names->opts->schema ? names->opts->schema : "";
	uint8_t room[LEAT_TABLE_NAME_MAX];
	struct leat_expr_error err;
	struct leat_declared d;
	uint32_t at = 0;
	int rc = LEAT_EOS;

	while (*list && !(rc = leat_declared_next(list, &at, &d, &err))) {
		int32_t column;

		d.name = csv_declared_name(d.name, room, sizeof(room));
		column = leat_schema_find(
			schema, (const char *)d.name.data, d.name.len);
		if (column < 0)
			return csv_fail_declared(st, schema, &d);
		if (is_declared[column])
			return leat_stage_fail_at(st, LEAT_EINVAL, "schema",
				d.offset, d.n_bytes,
				"column '%.64s' is declared twice",
				schema->columns[column].name);
		csv_column(schema, (uint32_t)column)->type = d.type;
		csv_column(schema, (uint32_t)column)->scale = d.scale;
		is_declared[column] = true;
	}
	if (rc == LEAT_EOS)
		return LEAT_OK;
	return leat_stage_fail_at(
		st, rc, "schema", err.offset, err.n_bytes, "%s", err.text);
}

/* Rows of the sample, one after the other. */
struct csv_sample {
	const struct csv_names *names;
	const uint8_t *text;
	uint32_t n;
	uint32_t *room; /* CSV_ENDS_MAX */
};

/* Find the fields of the next whole record. false: none is left. */
static bool
csv_sample_next(struct csv_sample *sample, struct csv_record *r,
	struct csv_fields *fields)
{
	const struct leat_dialect *dialect = &sample->names->dialect;
	struct leat_scan scan = {0};
	struct leat_cut cut = {0};
	uint32_t n_scanned;

	leat_text_cut_first(&cut, dialect, sample->text, sample->n);
	*r = (struct csv_record){.text = sample->text, .n_bytes = cut.end};
	fields->n = leat_text_scan_exact(&scan, dialect, r->text, r->n_bytes, 0,
		sample->room, CSV_ENDS_MAX, &n_scanned);
	fields->ends = sample->room;
	if (!cut.end || n_scanned < cut.end)
		return false;
	sample->text += r->n_bytes;
	sample->n -= r->n_bytes;
	return true;
}

static void
csv_infer_row(const struct csv_names *names, struct leat_infer *infer,
	const struct csv_record *r, const struct csv_fields *fields)
{
	uint8_t quote = names->dialect.quote;

	for (uint32_t k = 0; k < fields->n; k++) {
		struct leat_text x = csv_field(r, fields, k);

		if (x.len >= 2 && x.data[0] == quote)
			x = (struct leat_text){x.data + 1, x.len - 2};
		leat_infer_value(&infer[k], x);
	}
}

static void
csv_infer(struct csv_sample *sample, struct leat_infer *infer,
	struct leat_schema *schema, const bool *is_declared)
{
	uint64_t n_rows = sample->names->opts->infer_rows;
	struct csv_fields fields;
	struct csv_record r;

	for (uint32_t k = 0; k < schema->n_columns; k++)
		infer[k] = leat_infer_begin();
	n_rows = n_rows ? n_rows : CSV_INFER_ROWS;
	while (n_rows && csv_sample_next(sample, &r, &fields)) {
		if (fields.n != schema->n_fields)
			continue;
		csv_infer_row(sample->names, infer, &r, &fields);
		n_rows--;
	}
	for (uint32_t k = 0; k < schema->n_columns; k++)
		if (!is_declared[k])
			csv_column(schema, k)->type =
				leat_infer_type(&infer[k]);
}

static int
csv_make_types(struct leat_stage *st, const struct csv_names *names,
	struct leat_schema *schema, struct csv_sample *sample)
{
	size_t n = schema->n_columns;
	struct leat_infer *infer;
	void *memory;
	bool *is_declared;
	int rc = leat_stage_alloc(
		st, n * (sizeof(struct leat_infer) + sizeof(bool)), &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the types");
	infer = memory;
	is_declared = (bool *)(infer + n);
	memset(is_declared, 0, n * sizeof(bool));
	rc = csv_declare(st, names, schema, is_declared);
	if (!rc && !names->opts->infer)
		csv_infer(sample, infer, schema, is_declared);
	leat_stage_free(st, memory);
	return rc;
}

/* ---- the schema --------------------------------------------------------- */

static int
csv_make(struct leat_stage *st, const struct csv_names *names,
	const struct csv_record *r, struct csv_sample *rows,
	struct leat_schema **out)
{
	struct csv_sample first = {names, r->text, r->n_bytes, rows->room};
	struct csv_record record;
	struct csv_fields fields;
	int rc = LEAT_ELIMIT;

	if ((names->opts->header || r->n_bytes <= CSV_HEADER_BYTES) &&
		csv_sample_next(&first, &record, &fields) &&
		fields.n <= LEAT_TABLE_COLUMNS_MAX)
		rc = csv_make_names(st, names, r, &fields, out);
	if (rc)
		return csv_fail_names(st, names, r, rc);
	(*out)->separator = names->dialect.separator;
	(*out)->quote = names->dialect.quote;
	(*out)->origin = names->origin;
	return csv_make_types(st, names, *out, rows);
}

int
csv_schema_make(struct leat_stage *st, const struct csv_names *names,
	const struct csv_record *r, struct leat_text rows,
	struct leat_schema **out)
{
	struct csv_sample sample = {names, rows.data, rows.len, NULL};
	void *memory;
	int rc = leat_stage_alloc(st, CSV_ENDS_MAX * sizeof(uint32_t), &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the header");
	sample.room = memory;
	rc = csv_make(st, names, r, &sample, out);
	leat_stage_free(st, memory);
	return rc;
}

const char *
csv_schema_head(struct leat_stage *st, const struct csv_names *names,
	const struct csv_record *r)
{
	uint32_t n = r->n_bytes;
	void *head;

	while (n && (r->text[n - 1] == '\n' || r->text[n - 1] == '\r'))
		n--;
	if (names->opts->header || memchr(r->text, '\0', n) ||
		leat_stage_alloc(st, n + 1, &head))
		return NULL;
	memcpy(head, r->text, n);
	((char *)head)[n] = '\0';
	return head;
}

/* How many entries has a list that was read without a mistake? */
static uint32_t
csv_count_declared(const char *list)
{
	struct leat_expr_error err = {0};
	struct leat_declared d;
	uint32_t at = 0, n = 0;

	while (list && list[0] &&
		leat_declared_next(list, &at, &d, &err) == LEAT_OK)
		n++;
	return n;
}

int
csv_schema_is_settled(struct leat_stage *st, const struct csv_names *names,
	const struct csv_record *r)
{
	const struct leat_csv_parse_opts *o = names->opts;
	struct leat_schema *schema = NULL;
	uint32_t n_fields;
	int rc;

	if (o->infer || !o->schema || !o->schema[0])
		return o->infer != 0;
	rc = csv_schema_make(
		st, names, r, (struct leat_text){r->text, 0}, &schema);
	if (rc)
		return rc;
	n_fields = schema->n_fields;
	leat_stage_free(st, schema);
	return csv_count_declared(o->schema) == n_fields;
}

int
csv_schema_check(struct leat_stage *st, const struct csv_names *names,
	const struct csv_record *r, const struct leat_schema *known)
{
	struct leat_text nothing = {r->text, 0};
	struct leat_schema *schema = NULL;
	int rc = csv_schema_make(st, names, r, nothing, &schema);
	bool is_equal;

	if (rc)
		return rc;
	is_equal = schema->n_fields == known->n_fields;
	for (uint32_t k = 0; is_equal && k < known->n_fields; k++)
		is_equal = !strcmp(
			schema->columns[k].name, known->columns[k].name);
	leat_stage_free(st, schema);
	if (is_equal)
		return LEAT_OK;
	return csv_fail_record(st, names, r,
		"the header is not the one that the plan was made for; the "
		"file has changed");
}
