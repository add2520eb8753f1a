/*
 * arrow.c -- Arrow arrays in and out again, odd ones that are legal.
 *
 * The input makes a stream of batches of one column: of any type, with offsets,
 * with or without validity, with dictionaries, empty ones in between. What goes
 * through a graph comes out as the same values; one that has no place in leat's
 * types is an error. Buffers are as long as they have to be and no longer.
 */
#include <float.h>

#include "fuzz/support/fuzz.h"
#include "table/date.h"
#include <leat/arrow.h>

#define ROWS_MAX 24

/* A batch: its arrays, and what is in it. */
struct batch {
	struct ArrowArray top, column, values;
	struct ArrowArray *children[1];
	const void *buffers[4], *value_buffers[4], *top_buffers[1];
	uint8_t *memory[8];
	uint32_t n_memory;
};

struct source {
	struct fuzz_input *in;
	const char *format;       /* of the values */
	const char *index_format; /* NULL: no dictionary */
	uint32_t n_left;          /* batches */
	struct fuzz_bytes wanted;
	bool is_bad; /* a value has no place */
	struct batch batch;
	struct ArrowSchema column, dictionary;
	struct ArrowSchema *children[1];
};

static uint64_t
take_u64(struct fuzz_input *in)
{
	uint64_t value = 0;

	for (uint32_t k = 0; k < 8; k++)
		value = value << 8 | fuzz_choose(in, 256);
	return value;
}

static void *
batch_alloc(struct batch *b, size_t n)
{
	uint8_t *memory = calloc(1, n ? n : 1);

	fuzz_check(memory && b->n_memory < 8, "no memory");
	b->memory[b->n_memory++] = memory;
	return memory;
}

static void
add_value(struct source *s, const void *data, size_t n)
{
	fuzz_add_text(&s->wanted, (struct leat_text){data, (uint32_t)n});
}

/* ---- values ------------------------------------------------------------- */

/* How one is written in the output: int64, and so on. */
static void
want_int(struct source *s, int64_t value, bool is_unsigned, int64_t multiply,
	int64_t divide)
{
	int64_t out = 0;
	char kind = s->format[0] == 't' ? s->format[1] : 'i';

	s->is_bad |= (is_unsigned && value < 0) || value % divide ||
		__builtin_mul_overflow(value, multiply, &out);
	out /= divide;
	s->is_bad |= kind == 'd' && !leat__date_is_in_range(out);
	s->is_bad |= kind == 's' && !leat__timestamp_is_in_range(out);
	add_value(s, &out, sizeof(out));
}

static void
make_int(struct source *s, uint8_t *at, uint32_t width, bool is_null)
{
	static const struct {
		const char *format;
		int64_t multiply, divide;
	} units[] = {{"tdm", 1, 86400000}, {"tss:", 1000000, 1},
		{"tsm:UTC", 1000, 1}, {"tsn:", 1, 1000}};
	uint64_t value = take_u64(s->in) >> 8 * fuzz_choose(s->in, 8);
	bool is_unsigned = strchr("CSIL", s->format[0]) != NULL;
	int64_t whole, multiply = 1, divide = 1;

	for (uint32_t k = 0; k < 4; k++) {
		if (strcmp(units[k].format, s->format))
			continue;
		multiply = units[k].multiply;
		divide = units[k].divide;
	}
	if (fuzz_choose(s->in, 4))
		value -= value % (uint64_t)divide;
	memcpy(at, &value, width);
	whole = width == 8 ? (int64_t)value
		: width == 4
		? (is_unsigned ? (int64_t)(uint32_t)value : (int32_t)value)
		: width == 2
		? (is_unsigned ? (int64_t)(uint16_t)value : (int16_t)value)
		: (is_unsigned ? (int64_t)(uint8_t)value : (int8_t)value);
	if (!is_null)
		want_int(s, whole, is_unsigned && width == 8, multiply, divide);
}

static void
make_float(struct source *s, uint8_t *at, uint32_t width, bool is_null)
{
	uint64_t bits = take_u64(s->in);
	double value;
	float narrow;

	memcpy(&value, &bits, sizeof(value));
	memcpy(&narrow, &bits, sizeof(narrow));
	/* the payload of what is no number may change */
	value = value != value ? 0 : value;
	narrow = narrow != narrow ? 0 : narrow;
	if (width == 4)
		value = (double)narrow;
	memcpy(at, width == 4 ? (void *)&narrow : (void *)&value, width);
	if (!is_null)
		add_value(s, &value, sizeof(value));
}

static void
make_decimal(struct source *s, uint8_t *at, bool is_null)
{
	struct leat_decimal d = {take_u64(s->in),
		(int64_t)take_u64(s->in) >> (8 * fuzz_choose(s->in, 8))};
	char text[64];
	struct leat_decimal back;
	uint32_t n = leat_text_print_decimal(d, 2, text);

	memcpy(at, &d, sizeof(d));
	if (is_null)
		return;
	s->is_bad |= leat_text_decimal((struct leat_text){(uint8_t *)text, n},
			     2, &back) != LEAT_OK;
	add_value(s, &d, sizeof(d));
}

/* ---- arrays ------------------------------------------------------------- */

static uint32_t
format_width(const char *format)
{
	static const char widths[] = "c1C1s2S2i4I4l8L8f4g8";
	const char *at = strchr(widths, format[0]);

	if (format[0] == 't')
		return strcmp(format, "tdD") ? 8 : 4;
	if (format[0] == 'd')
		return 16;
	return at ? (uint32_t)(at[1] - '0') : 0;
}

static void
make_text(
	struct source *s, struct ArrowArray *a, uint32_t n, const bool *is_null)
{
	bool is_wide = s->format[0] == 'U' || s->format[0] == 'Z';
	uint8_t *offsets =
		batch_alloc(&s->batch, (n + 1) * (is_wide ? 8u : 4u));
	struct fuzz_bytes bytes = {0};
	uint8_t *data;

	for (uint32_t k = 0; k <= n; k++) {
		uint64_t at = bytes.n;
		uint32_t len = k < n ? fuzz_choose(s->in, 20) : 0;

		memcpy(offsets + k * (is_wide ? 8 : 4), &at, is_wide ? 8 : 4);
		for (uint32_t j = 0; j < len; j++)
			fuzz_add(&bytes,
				&(uint8_t){(uint8_t)fuzz_choose(s->in, 256)},
				1);
		if (k < n && !is_null[k])
			add_value(s, len ? bytes.data + at : (void *)"", len);
	}
	data = batch_alloc(&s->batch, bytes.n);
	if (bytes.n)
		memcpy(data, bytes.data, bytes.n);
	free(bytes.data);
	a->buffers[1] = offsets;
	a->buffers[2] = data;
	a->n_buffers = 3;
}

static void
make_fixed(
	struct source *s, struct ArrowArray *a, uint32_t n, const bool *is_null)
{
	uint32_t width = format_width(s->format);
	uint8_t *values = batch_alloc(&s->batch, n * width);

	for (uint32_t k = 0; k < n; k++) {
		uint8_t *at = values + k * width;

		if (s->format[0] == 'f' || s->format[0] == 'g')
			make_float(s, at, width, is_null[k]);
		else if (s->format[0] == 'd')
			make_decimal(s, at, is_null[k]);
		else
			make_int(s, at, width, is_null[k]);
	}
	a->buffers[1] = values;
	a->n_buffers = 2;
}

static void
make_bits(struct source *s, struct ArrowArray *a, uint32_t n, uint32_t offset,
	const bool *is_null)
{
	uint8_t *bits = batch_alloc(&s->batch, (n + offset + 7) / 8);

	for (uint32_t k = 0; k < n; k++) {
		uint8_t is_set = (uint8_t)fuzz_choose(s->in, 2);
		uint32_t at = k + offset;

		bits[at / 8] |= (uint8_t)(is_set << (at % 8));
		if (!is_null[k])
			add_value(s, &is_set, 1);
	}
	a->buffers[1] = bits;
	a->n_buffers = 2;
}

/* Rows before the offset are there, and are anything. */
static void
make_array(struct source *s, struct ArrowArray *a, const void **buffers,
	uint32_t n)
{
	uint32_t offset = fuzz_choose(s->in, 9);
	bool is_null[2 * ROWS_MAX] = {false};
	bool has_nulls = fuzz_choose(s->in, 2);
	struct fuzz_bytes before = {0};
	uint8_t *valid =
		has_nulls ? batch_alloc(&s->batch, (n + offset + 7) / 8) : NULL;
	uint32_t n_nulls = 0;

	*a = (struct ArrowArray){
		.length = n, .offset = offset, .buffers = buffers};
	for (uint32_t k = 0; k < n; k++) {
		uint32_t at = k + offset;

		is_null[at] = has_nulls && !fuzz_choose(s->in, 3);
		n_nulls += is_null[at];
		if (has_nulls && !is_null[at])
			valid[at / 8] |= (uint8_t)(1u << (at % 8));
	}
	/* what stands before the offset is wanted by no one */
	before = s->wanted;
	s->wanted = (struct fuzz_bytes){0};
	for (uint32_t k = 0; k < offset; k++)
		is_null[k] = true;
	if (s->format[0] == 'b')
		make_bits(s, a, n, offset, is_null + offset);
	else if (strchr("uUzZ", s->format[0]))
		make_text(s, a, n + offset, is_null);
	else
		make_fixed(s, a, n + offset, is_null);
	if (!s->index_format)
		fuzz_add(&before, s->wanted.data, s->wanted.n);
	free(s->wanted.data);
	s->wanted = before;
	buffers[0] = valid;
	a->null_count = fuzz_choose(s->in, 2) ? -1 : (int64_t)n_nulls;
}

/* ---- the stream --------------------------------------------------------- */

static void
array_release(struct ArrowArray *a)
{
	struct batch *b = a->private_data;

	while (b->n_memory)
		free(b->memory[--b->n_memory]);
	a->release = NULL;
}

static int
source_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
	struct source *s = stream->private_data;
	struct batch *b = &s->batch;
	uint32_t n = fuzz_choose(s->in, ROWS_MAX);

	*out = (struct ArrowArray){0};
	if (!s->n_left)
		return 0;
	s->n_left--;
	make_array(s, &b->column, b->buffers, n);
	b->children[0] = &b->column;
	b->top_buffers[0] = NULL;
	b->top = (struct ArrowArray){.length = n,
		.n_buffers = 1,
		.n_children = 1,
		.buffers = b->top_buffers,
		.children = b->children,
		.release = array_release,
		.private_data = b};
	*out = b->top;
	return 0;
}

static void
schema_release(struct ArrowSchema *schema)
{
	schema->release = NULL;
}

static int
source_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
	struct source *s = stream->private_data;

	s->column = (struct ArrowSchema){.format = s->format,
		.name = "v",
		.flags = ARROW_FLAG_NULLABLE,
		.release = schema_release};
	s->children[0] = &s->column;
	*out = (struct ArrowSchema){.format = "+s",
		.n_children = 1,
		.children = s->children,
		.release = schema_release};
	return 0;
}

static const char *
source_get_last_error(struct ArrowArrayStream *stream)
{
	(void)stream;
	return NULL;
}

static void
source_release(struct ArrowArrayStream *stream)
{
	stream->release = NULL;
}

/* ---- what comes out ----------------------------------------------------- */

static void
out_value(struct fuzz_bytes *out, const char *format,
	const struct ArrowArray *a, int64_t row)
{
	const uint8_t *values = a->buffers[1];
	struct leat_text x = {values + 8 * row, 8};
	int64_t days;
	uint8_t bit;

	if (!strcmp(format, "u") || !strcmp(format, "z")) {
		const int32_t *offsets = a->buffers[1];

		x.data = (const uint8_t *)a->buffers[2] + offsets[row];
		x.len = (uint32_t)(offsets[row + 1] - offsets[row]);
	} else if (!strcmp(format, "tdD")) {
		days = ((const int32_t *)a->buffers[1])[row];
		x.data = (const uint8_t *)&days;
	} else if (!strcmp(format, "b")) {
		bit = values[row / 8] >> (row % 8) & 1;
		x = (struct leat_text){&bit, 1};
	} else if (format[0] == 'd') {
		x = (struct leat_text){values + 16 * row, 16};
	}
	fuzz_add_text(out, x);
}

static void
out_batch(
	struct fuzz_bytes *out, const char *format, const struct ArrowArray *a)
{
	for (int64_t row = 0; row < a->length; row++) {
		const uint8_t *valid = a->buffers[0];

		if (valid && !(valid[row / 8] >> (row % 8) & 1))
			continue;
		out_value(out, format, a, row);
	}
}

/* What the graph said; out has what came. */
static int
arrow_run(struct source *s, struct fuzz_bytes *out)
{
	struct ArrowArrayStream in = {source_get_schema, source_get_next,
		source_get_last_error, source_release, s};
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 1};
	struct ArrowArrayStream stream;
	struct leat_graph *graph;
	struct ArrowSchema schema;
	struct ArrowArray array;
	struct leat_error err;
	struct leat_end end;

	fuzz_check(!leat_graph_create(&opts, &graph, &err), "no graph");
	fuzz_check(!leat_arrow_in(graph, "in", &in, &end, &err) &&
			!leat_arrow_out(graph, end, &stream, &err) &&
			!leat_graph_start(graph, &err),
		"%s: %s", s->format, err.text);
	fuzz_check(!stream.get_schema(&stream, &schema), "no schema");
	while (!stream.get_next(&stream, &array) && array.release) {
		out_batch(out, schema.children[0]->format, array.children[0]);
		array.release(&array);
	}
	schema.release(&schema);
	stream.release(&stream);
	int rc = leat_graph_wait(graph, LEAT_NEVER, &err);

	leat_graph_destroy(graph);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
	static const char *const formats[] = {"c", "C", "s", "S", "i", "I", "l",
		"L", "f", "g", "b", "u", "U", "z", "Z", "tdD", "tdm",
		"tss:", "tsm:UTC", "tsn:", "tsu:Europe/Oslo", "d:38,2"};
	struct fuzz_input in = {data, n_bytes};
	struct source s = {.in = &in, .format = formats[fuzz_choose(&in, 22)]};
	struct fuzz_bytes out = {0};
	int rc;

	if (n_bytes > 4096)
		return 0;
	s.n_left = 1 + fuzz_choose(&in, 4);
	rc = arrow_run(&s, &out);
	fuzz_check((rc != LEAT_OK) == s.is_bad, "%s: %d, and is%s bad",
		s.format, rc, s.is_bad ? "" : " not");
	fuzz_check(rc || fuzz_is_same(&out, &s.wanted), "%s: other values",
		s.format);
	free(out.data);
	free(s.wanted.data);
	return 0;
}
