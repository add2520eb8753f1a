/*
 * unit/fan/merge_key.c -- sorted ins into one: items and tables, ties, nulls,
 * ins that are late, end, never begin or are not sorted.
 */
#include "unit/fan/files.h"
#include "unit/fan/stages.h"

#include <leat/table.h>

/* ---- items ---------------------------------------------------------------- */

/* A source of given items. */
struct given_opts {
	uint32_t size;
	uint32_t flags;
	const uint64_t *items;
	uint64_t n;
	uint32_t per_frame;
	uint32_t item_words; /* the item, and zeros */
};

struct given {
	const struct given_opts *opts;
	uint64_t at;
};

static int
given_init(struct leat_stage *st, const void *opts)
{
	((struct given *)leat_stage_state(st))->opts = opts;
	return LEAT_OK;
}

static int
given_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	const struct given *s = leat_stage_state(st);

	(void)in;
	out->item_bytes = 8 * s->opts->item_words;
	return LEAT_OK;
}

static int
given_produce(struct leat_stage *st)
{
	struct given *s = leat_stage_state(st);
	uint32_t n_words = s->opts->item_words, n = 0;
	struct leat_frame *frame;
	uint64_t *to;
	int rc;

	if (s->at == s->opts->n)
		return LEAT_EOS;
	rc = leat_stage_acquire(st, &frame);
	if (rc)
		return rc;
	to = (uint64_t *)(void *)frame->data;
	for (; n < s->opts->per_frame && s->at < s->opts->n;
		n++, to += n_words) {
		memset(to, 0, 8 * (size_t)n_words);
		*to = s->opts->items[s->at++];
	}
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = n;
	frame->len_bytes = 8 * n_words * n;
	leat_stage_count(st, LEAT_COUNT_READ, n);
	return leat_stage_emit(st, 0, frame);
}

static const struct leat_stage_ops given_ops = {LEAT_STAGE_OPS_INIT("given"),
	.state_bytes = sizeof(struct given),
	.opts_bytes = sizeof(struct given_opts),
	.out_layout = LEAT_LAYOUT_ITEMS, .needs = {.frame_bytes = 4096},
	.init = given_init, .negotiate = given_negotiate,
	.produce = given_produce};

/* Takes whatever comes, by its first word. */
struct taken {
	uint64_t n;
	uint64_t items[256];
};

struct take_opts {
	uint32_t size;
	uint32_t flags;
	struct taken *taken;
};

static int
take_init(struct leat_stage *st, const void *opts)
{
	*(const struct take_opts **)leat_stage_state(st) = opts;
	return LEAT_OK;
}

static int
take_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct take_opts *o =
		*(const struct take_opts **)leat_stage_state(st);
	uint32_t n_bytes = leat_frame_item_bytes(in);

	for (uint32_t k = 0; k < in->n_items; k++)
		memcpy(&o->taken->items[o->taken->n++],
			in->data + (size_t)k * n_bytes, 8);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops take_ops = {LEAT_STAGE_OPS_INIT("take"),
	.flags = LEAT_STAGE_SINK, .state_bytes = sizeof(void *),
	.opts_bytes = sizeof(struct take_opts), .init = take_init,
	.process = take_process};

struct list {
	const uint64_t *items;
	uint64_t n;
};

#define LIST(...)                                                              \
	{                                                                      \
		(const uint64_t[]){__VA_ARGS__},                               \
			sizeof((const uint64_t[]){__VA_ARGS__}) /              \
			sizeof(uint64_t)                                       \
	}

static void
items_open(struct fan *fan, struct taken *taken, const char *key,
	const struct list *lists, uint32_t n_lists, uint32_t per_frame,
	uint32_t item_words)
{
	struct leat_graph_opts graph_opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 2};
	struct leat_merge_opts by = {LEAT_OPTS_INIT(leat_merge_opts),
		.order = LEAT_MERGE_KEY, .key = key};
	struct take_opts take = {LEAT_OPTS_INIT(take_opts), .taken = taken};

	memset(fan, 0, sizeof(*fan));
	memset(taken, 0, sizeof(*taken));
	ck_assert_int_eq(leat_graph_create(&graph_opts, &fan->graph, &fan->err),
		LEAT_OK);
	fan->out = fan_add(fan, &leat_merge_ops, &by);
	for (uint32_t k = 0; k < n_lists; k++) {
		struct given_opts given = {LEAT_OPTS_INIT(given_opts),
			.items = lists[k].items, .n = lists[k].n,
			.per_frame = per_frame, .item_words = item_words};

		fan_link(fan, fan_add(fan, &given_ops, &given), 0, fan->out, k,
			1);
	}
	fan_link(fan, fan->out, 0, fan_add(fan, &take_ops, &take), 0, 1);
}

static void
expect_items(const struct taken *taken, struct list list)
{
	ck_assert_uint_eq(taken->n, list.n);
	for (uint64_t k = 0; k < list.n; k++)
		ck_assert_uint_eq(taken->items[k], list.items[k]);
}

START_TEST(items_of_all_ins_come_out_sorted)
{
	const struct list lists[] = {
		LIST(1, 4, 7, 10), LIST(2, 3, 11), LIST(0, 5, 6, 8, 9, 12, 13)};
	const struct list all =
		LIST(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13);

	for (uint32_t per_frame = 1; per_frame <= 8; per_frame++)
		for (uint32_t words = 1; words <= 3; words++) {
			struct taken taken;
			struct fan fan;

			items_open(&fan, &taken, "item", lists, 3, per_frame,
				words);
			fan_run(&fan);
			expect_items(&taken, all);
			leat_graph_destroy(fan.graph);
		}
}
END_TEST

START_TEST(desc_turns_the_order_around)
{
	const struct list lists[] = {
		LIST(UINT64_MAX, 9, 4, 0), LIST(8, 8, 3), LIST(7)};
	const struct list all = LIST(UINT64_MAX, 9, 8, 8, 7, 4, 3, 0);
	struct taken taken;
	struct fan fan;

	items_open(&fan, &taken, "item desc", lists, 3, 2, 1);
	fan_run(&fan);
	expect_items(&taken, all);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(the_greatest_and_the_least_item_are_items_like_others)
{
	const struct list lists[] = {LIST(0, UINT64_MAX),
		LIST(0, 0, UINT64_MAX, UINT64_MAX), LIST(UINT64_MAX)};
	const struct list all =
		LIST(0, 0, 0, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX);
	struct taken taken;
	struct fan fan;

	items_open(&fan, &taken, "item", lists, 3, 1, 1);
	fan_run(&fan);
	expect_items(&taken, all);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(ins_without_anything_hold_nobody_up)
{
	const struct list lists[] = {
		{NULL, 0}, LIST(1, 2, 3), {NULL, 0}, LIST(2)};
	const struct list all = LIST(1, 2, 2, 3);
	struct taken taken;
	struct fan fan;

	items_open(&fan, &taken, "item", lists, 4, 1, 1);
	fan_run(&fan);
	expect_items(&taken, all);
	leat_graph_destroy(fan.graph);
	items_open(&fan, &taken, "item", lists, 1, 1, 1);
	fan_run(&fan);
	ck_assert_uint_eq(taken.n, 0);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(items_that_go_back_are_an_error_that_names_them)
{
	const struct list lists[] = {LIST(1, 4), LIST(2, 7, 5)};
	struct taken taken;
	struct fan fan;

	for (uint32_t per_frame = 1; per_frame <= 3; per_frame++) {
		items_open(&fan, &taken, "item", lists, 2, per_frame, 1);
		ck_assert_int_eq(
			leat_graph_run(fan.graph, &fan.err), LEAT_EDATA);
		ck_assert_msg(strstr(fan.err.text,
				      "in 1 ('given2') is not sorted: its item "
				      "2 is 5 after 7") != NULL,
			"%s", fan.err.text);
		leat_graph_destroy(fan.graph);
	}
}
END_TEST

START_TEST(items_have_no_columns)
{
	const struct list lists[] = {LIST(1), LIST(2)};
	static const char *const keys[] = {"date", "item,item", "item text"};
	struct taken taken;
	struct fan fan;

	for (size_t k = 0; k < 3; k++) {
		items_open(&fan, &taken, keys[k], lists, 2, 1, 1);
		fan_refused(&fan, "accepted: order=key:item");
	}
}
END_TEST

/* ---- tables ---------------------------------------------------------------- */

/* Merge csv texts; what comes out, or the error's text. */
static int
tables_run(const char *merge, const char *const *texts, const char *read_opts,
	char *buf, size_t n_bytes)
{
	char text[2048];
	size_t n = 0;

	for (int k = 0; texts[k]; k++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			"read @%d chunk_bytes=4096 ! csv.parse %s ! m. ", k,
			read_opts);
	snprintf(text + n, sizeof(text) - n,
		"merge %s name=m ! csv.format ! write @", merge);
	return files_run(text, texts, buf, n_bytes);
}

static void
expect_table(const char *merge, const char *const *texts, const char *expected)
{
	char buf[4096];
	int rc = tables_run(merge, texts, "", buf, sizeof(buf));

	ck_assert_msg(rc == LEAT_OK, "%s", buf);
	ck_assert_str_eq(buf, expected);
}

static void
expect_table_fails(
	const char *merge, const char *const *texts, int rc, const char *what)
{
	char buf[4096];

	ck_assert_int_eq(tables_run(merge, texts, "", buf, sizeof(buf)), rc);
	ck_assert_msg(strstr(buf, what) != NULL, "%s", buf);
}

START_TEST(rows_go_by_null_number_and_text)
{
	static const char *const texts[] = {
		"a,b\n,1\n-5,2\n9,3\n1e1,4\nabc,5\n",
		"a,b\n,6\n9.5,7\n10,8\nabb,9\n",
		"a,b\n9007199254740993,10\n9007199254740994,11\n", NULL};

	expect_table("order=key:a", texts,
		"a,b\n,1\n,6\n-5,2\n9,3\n9.5,7\n1e1,4\n10,8\n"
		"9007199254740993,10\n9007199254740994,11\nabb,9\nabc,5\n");
}
END_TEST

START_TEST(equal_rows_go_by_the_number_of_their_in)
{
	static const char *const texts[] = {
		"a,b\n1,x\n1,y\n2,x\n", "a,b\n1,z\n2,z\n", "a,b\n1,0\n", NULL};

	expect_table(
		"order=key:a", texts, "a,b\n1,x\n1,y\n1,z\n1,0\n2,x\n2,z\n");
}
END_TEST

START_TEST(more_columns_decide_among_equal_ones_and_desc_turns_each)
{
	static const char *const texts[] = {
		"a,b\nx,3\nx,1\ny,9\n", "a,b\nw,1\nx,2\ny,10\n", NULL};

	expect_table("order=\"key:a,b desc\"", texts,
		"a,b\nw,1\nx,3\nx,2\nx,1\ny,10\ny,9\n");
}
END_TEST

START_TEST(as_text_numbers_go_by_their_bytes)
{
	static const char *const texts[] = {
		"a,b\n10,1\n9,2\n", "a,b\n1,3\n2,4\n", NULL};

	expect_table(
		"order=\"key:a text\"", texts, "a,b\n1,3\n10,1\n2,4\n9,2\n");
	expect_table_fails(
		"order=key:a", texts, LEAT_EDATA, "has '9' after '10'");
}
END_TEST

START_TEST(long_texts_are_compared_to_their_ends)
{
	static const char *const texts[] = {
		"a,b\nsame beginning of all 1,1\nsame beginning of all 3,2\n",
		"a,b\nsame beginning of all,3\nsame beginning of all 2,4\n",
		NULL};

	expect_table("order=key:a", texts,
		"a,b\nsame beginning of all,3\nsame beginning of all 1,1\n"
		"same beginning of all 2,4\nsame beginning of all 3,2\n");
}
END_TEST

START_TEST(quotes_in_keys_and_values_are_read_and_kept)
{
	static const char *const texts[] = {
		"a,b\n\"a\"\"b\",\"1,\n2\"\n\"b,\",2\n",
		"a,b\n\"a\"\"a\",3\na$,\"x\"\"y\"\n", NULL};

	expect_table("order=key:a", texts,
		"a,b\n\"a\"\"a\",3\n\"a\"\"b\",\"1,\n2\"\na$,\"x\"\"y\"\n"
		"\"b,\",2\n");
}
END_TEST

START_TEST(another_dialect_is_written_anew)
{
	static const char *const texts[] = {
		"a;b\n1;x,y\n3;\"p;q\"\n", "a;b\n2;it's\n", NULL};
	char buf[512];

	ck_assert_int_eq(
		tables_run("order=key:a", texts, "sep=;", buf, sizeof(buf)),
		LEAT_OK);
	ck_assert_str_eq(buf, "a,b\n1,\"x,y\"\n2,it's\n3,\"p;q\"\n");
}
END_TEST

START_TEST(a_table_that_goes_back_is_an_error_with_place_and_values)
{
	static const char *const texts[] = {
		"a,b\n1,x\n2,y\n", "a,b\n1,\"two\nlines\"\n3,x\n2,y\n", NULL};

	expect_table_fails("order=key:a", texts, LEAT_EDATA,
		"in 1 ('csv.parse2') is not sorted by 'a': ");
	expect_table_fails(
		"order=key:a", texts, LEAT_EDATA, "1.in:5:1 has '2' after '3'");
}
END_TEST

/* Rows as long as a chunk: each is the first, and the last, of a frame. */
static char *
long_rows(const char *const *keys, uint32_t n)
{
	char *text = malloc(n * 4200 + 16), *at = text;

	at += sprintf(at, "a,b\n");
	for (uint32_t k = 0; k < n; k++) {
		at += sprintf(at, "%s,", keys[k]);
		memset(at, 'x', 4096);
		strcpy(at + 4096, "\n");
		at += 4097;
	}
	return text;
}

START_TEST(a_row_that_goes_back_in_the_next_frame_is_found)
{
	static const char *const keys[] = {"1", "2", "7", "5", "9"};
	char *a = files_numbers(0, 1, 1000), *b = long_rows(keys, 5);
	const char *const texts[] = {a, b, NULL};

	expect_table_fails(
		"order=key:a", texts, LEAT_EDATA, "has '5' after '7'");
	free(a);
	free(b);
}
END_TEST

START_TEST(a_text_that_goes_back_in_the_next_frame_is_found)
{
	static const char *const keys[] = {
		"a", "b", "the same beginning, z", "the same beginning, y"};
	char *a = long_rows(keys, 2), *b = long_rows(keys + 2, 2);
	const char *const texts[] = {a, b, NULL};

	for (char *at = b; (at = strstr(at, ", ")) != NULL;)
		*at = '.';
	expect_table_fails("order=key:a", texts, LEAT_EDATA,
		"has 'the same beginning. y' after 'the same beginning. z'");
	free(a);
	free(b);
}
END_TEST

START_TEST(a_long_merge_is_that_of_the_numbers)
{
	char *a = files_numbers(0, 3, 9000), *b = files_numbers(1, 3, 9000);
	char *c = files_numbers(2, 3, 9000);
	const char *texts[] = {c, a, b, NULL};
	char *buf = malloc(1 << 20), *at;

	ck_assert_int_eq(
		tables_run("order=key:a", texts, "", buf, 1 << 20), LEAT_OK);
	at = strchr(buf, '\n') + 1;
	for (int k = 0; k < 27000; k++) {
		char line[64];
		int n = sprintf(line, "%d,row %d\n", k, k / 3);

		ck_assert_int_eq(strncmp(at, line, (size_t)n), 0);
		at += n;
	}
	ck_assert_int_eq(*at, 0);
	free(a);
	free(b);
	free(c);
	free(buf);
}
END_TEST

/* ---- equal keys, wherever frames end ------------------------------------- */

#define LONG_BYTES 45000u /* three of them fill a frame that comes out */

/* A source of rows: a key, and a long text that begins with who and which. */
struct long_opts {
	uint32_t size;
	uint32_t flags;
	const char *keys; /* a digit each */
	uint32_t per_frame;
	uint32_t name;
};

struct long_state {
	const struct long_opts *opts;
	struct leat_schema *schema;
	struct leat_builder builder;
	uint32_t at;
};

static int
long_init(struct leat_stage *st, const void *opts)
{
	((struct long_state *)leat_stage_state(st))->opts = opts;
	leat_stage_needs(st)->frame_bytes = leat_builder_frame_bytes();
	leat_stage_needs(st)->side_bytes = 4096 + leat_builder_side_bytes(2);
	return LEAT_OK;
}

static int
long_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	static const struct leat_text names[] = {
		{(const uint8_t *)"k", 1}, {(const uint8_t *)"t", 1}};
	struct long_state *s = leat_stage_state(st);
	struct leat_column *columns;
	int rc = leat_schema_create(st, names, 2, &s->schema);

	(void)in;
	if (rc)
		return rc;
	columns = (struct leat_column *)(uintptr_t)s->schema->columns;
	for (uint32_t k = 0; k < 2; k++) {
		columns[k].field = LEAT_FIELD_NONE;
		columns[k].vector = k;
	}
	columns[0].type = LEAT_TYPE_INT64;
	s->schema->n_fields = 0;
	s->schema->n_vectors = 2;
	out->schema = s->schema;
	out->frame_bytes = leat_builder_frame_bytes();
	return LEAT_OK;
}

static int
long_produce(struct leat_stage *st)
{
	static uint8_t text[LONG_BYTES];
	struct long_state *s = leat_stage_state(st);
	uint32_t n = 0;
	int rc;

	leat_builder_enter(&s->builder, s->schema, NULL);
	for (; n < s->opts->per_frame && s->opts->keys[s->at]; n++) {
		rc = leat_builder_begin_row(st, &s->builder);
		if (rc)
			return rc;
		text[0] = (uint8_t)('a' + s->opts->name);
		text[1] = (uint8_t)('a' + s->at);
		leat_builder_int64(&s->builder, 0, s->opts->keys[s->at] - '0');
		leat_builder_text(
			&s->builder, 1, (struct leat_text){text, LONG_BYTES});
		ck_assert_int_eq(leat_builder_end_row(st, &s->builder), 1);
		s->at++;
	}
	leat_stage_count(st, LEAT_COUNT_READ, n);
	rc = leat_builder_flush(st, &s->builder, false);
	return rc ? rc : s->opts->keys[s->at] ? LEAT_OK : LEAT_EOS;
}

static void
long_fini(struct leat_stage *st)
{
	struct long_state *s = leat_stage_state(st);

	leat_frame_release(s->builder.frame);
}

static const struct leat_stage_ops long_ops = {LEAT_STAGE_OPS_INIT("long"),
	.state_bytes = sizeof(struct long_state),
	.opts_bytes = sizeof(struct long_opts), .out_layout = LEAT_LAYOUT_TABLE,
	.needs = {.holds = 1}, .init = long_init, .negotiate = long_negotiate,
	.produce = long_produce, .fini = long_fini};

/* Takes the keys and the beginnings of texts. */
struct noted {
	uint32_t n;
	char rows[64][4]; /* "3ab": key, who, which */
};

struct note_opts {
	uint32_t size;
	uint32_t flags;
	struct noted *noted;
};

static int
note_init(struct leat_stage *st, const void *opts)
{
	*(const struct note_opts **)leat_stage_state(st) = opts;
	return LEAT_OK;
}

static int
note_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct note_opts *o =
		*(const struct note_opts **)leat_stage_state(st);
	struct leat_table t;

	leat_table_open(in, &t);
	for (uint32_t k = 0; k < t.n_rows; k++) {
		char *row = o->noted->rows[o->noted->n++];
		struct leat_text x = leat_table_raw(&t, 1, k);

		ck_assert_uint_lt(o->noted->n, 64);
		ck_assert_uint_eq(x.len, LONG_BYTES);
		row[0] = (char)leat_table_raw(&t, 0, k).data[0];
		memcpy(row + 1, x.data, 2);
	}
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops note_ops = {LEAT_STAGE_OPS_INIT("note"),
	.flags = LEAT_STAGE_SINK, .state_bytes = sizeof(void *),
	.opts_bytes = sizeof(struct note_opts), .init = note_init,
	.process = note_process};

/* Key after key, of each all rows of one in after the other. */
static void
merge_plainly(const char *const *keys, uint32_t n_ins, struct noted *noted)
{
	noted->n = 0;
	for (char key = '0'; key <= '9'; key++)
		for (uint32_t in = 0; in < n_ins; in++)
			for (uint32_t k = 0; keys[in][k]; k++)
				if (keys[in][k] == key)
					snprintf(noted->rows[noted->n++], 4,
						"%c%c%c", key, 'a' + (int)in,
						'a' + (int)k);
}

static void
merge_long(const char *const *keys, const uint32_t *per_frame, uint32_t n_ins,
	struct noted *noted)
{
	struct leat_graph_opts graph_opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 1};
	struct leat_merge_opts by = {LEAT_OPTS_INIT(leat_merge_opts),
		.order = LEAT_MERGE_KEY, .key = "k"};
	struct note_opts note = {LEAT_OPTS_INIT(note_opts), .noted = noted};
	struct fan fan;

	memset(&fan, 0, sizeof(fan));
	memset(noted, 0, sizeof(*noted));
	ck_assert_int_eq(
		leat_graph_create(&graph_opts, &fan.graph, &fan.err), LEAT_OK);
	fan.out = fan_add(&fan, &leat_merge_ops, &by);
	for (uint32_t k = 0; k < n_ins; k++) {
		struct long_opts opts = {LEAT_OPTS_INIT(long_opts),
			.keys = keys[k], .per_frame = per_frame[k], .name = k};

		fan_link(&fan, fan_add(&fan, &long_ops, &opts), 0, fan.out, k,
			1);
	}
	fan_link(&fan, fan.out, 0, fan_add(&fan, &note_ops, &note), 0, 1);
	fan_run(&fan);
	leat_graph_destroy(fan.graph);
}

START_TEST(equal_rows_come_once_wherever_frames_end)
{
	static const char *const keys[][2] = {{"1111111", "11111111"},
		{"0011122", "0111123"}, {"5", "12345555"}, {"0123", "0000123"},
		{"12222229", "0222"}};
	struct noted wanted, noted;

	for (uint32_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
		merge_plainly(keys[k], 2, &wanted);
		for (uint32_t sizes = 0; sizes < 64; sizes++) {
			uint32_t per_frame[] = {1 + sizes % 8, 1 + sizes / 8};

			merge_long(keys[k], per_frame, 2, &noted);
			ck_assert_uint_eq(noted.n, wanted.n);
			for (uint32_t row = 0; row < wanted.n; row++)
				ck_assert_str_eq(
					noted.rows[row], wanted.rows[row]);
		}
	}
}
END_TEST

START_TEST(equal_items_come_once_wherever_frames_end)
{
	const struct list lists[] = {LIST(1, 1, 1, 2, 2, 5, 5, 5),
		LIST(1, 1, 2, 2, 2, 2, 5), LIST(0, 1, 2, 5, 5)};
	const struct list all = LIST(
		0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 5, 5, 5, 5, 5, 5);

	for (uint32_t per_frame = 1; per_frame <= 9; per_frame++) {
		struct taken taken;
		struct fan fan;

		items_open(&fan, &taken, "item", lists, 3, per_frame, 1);
		fan_run(&fan);
		expect_items(&taken, all);
		leat_graph_destroy(fan.graph);
	}
}
END_TEST

START_TEST(decimals_and_moments_are_merged_by_their_values)
{
	static const char *const decimals[] = {
		"a,b\n-1.50,1\n0.10,2\n9007199254740993.02,3\n",
		"a,b\n-1.5,4\n0.2,5\n9007199254740993.01,6\n", NULL};
	static const char *const moments[] = {
		"a,b\n2024-01-01T10:00:00+05:00,1\n2024-01-01T07:00:00Z,2\n",
		"a,b\n2024-01-01T06:00:00Z,3\n2024-01-01T09:00:00+01:00,4\n",
		NULL};
	static const char *const back[] = {
		"a,b\n2024-01-01T06:00:00Z,1\n2024-01-01T07:00:00+05:00,2\n",
		"a,b\n", NULL};
	char buf[512];

	ck_assert_int_eq(tables_run("order=key:a", decimals,
				 "schema=\"a:decimal(2)\"", buf, sizeof(buf)),
		LEAT_OK);
	ck_assert_str_eq(buf,
		"a,b\n-1.50,1\n-1.5,4\n0.10,2\n0.2,5\n"
		"9007199254740993.01,6\n9007199254740993.02,3\n");
	expect_table("order=key:a", moments,
		"a,b\n2024-01-01T10:00:00+05:00,1\n2024-01-01T06:00:00Z,3\n"
		"2024-01-01T07:00:00Z,2\n2024-01-01T09:00:00+01:00,4\n");
	expect_table_fails("order=key:a", back, LEAT_EDATA, "is not sorted");
}
END_TEST

START_TEST(columns_that_are_not_there_or_differ_are_refused)
{
	static const char *const one[] = {
		"delay,b\n1,x\n", "delay,b\n1,x\n", NULL};
	static const char *const two[] = {"a,b\n1,x\n", "a,c\n1,x\n", NULL};

	expect_table_fails("order=key:dely", one, LEAT_EINVAL,
		"no column 'dely'; did you mean 'delay'?");
	expect_table_fails("order=key:a", two, LEAT_EINVAL,
		"the columns of 'csv.parse' and 'csv.parse2' differ");
}
END_TEST

START_TEST(a_key_that_cannot_be_read_is_refused)
{
	static const char *const texts[] = {"a,b\n1,x\n", "a,b\n1,x\n", NULL};

	expect_table_fails(
		"order=key", texts, LEAT_EINVAL, "wants to know which");
	expect_table_fails(
		"key=a", texts, LEAT_EINVAL, "a key is for order=key");
	expect_table_fails(
		"order=key:a,", texts, LEAT_EINVAL, "a column name is missing");
	expect_table_fails("order=\"key:a down\"", texts, LEAT_EINVAL,
		"only asc, desc or text");
	expect_table_fails("order=key:`a", texts, LEAT_EINVAL, "is not closed");
	expect_table_fails("order=key:a,a,a,a,a,a,a,a,a", texts, LEAT_EINVAL,
		"at most 8 columns");
	expect_table("order=\"key:`a` asc\"", texts, "a,b\n1,x\n1,x\n");
}
END_TEST

START_TEST(bytes_and_rows_cannot_be_merged_by_a_key)
{
	struct leat_graph *graph;
	struct leat_error err;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, &err), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_parse(graph,
			"read /dev/null ! lines.parse ! m. "
			"merge order=key:a name=m ! lines.format ! write -",
			&err),
		LEAT_OK);
	ck_assert_int_eq(leat_graph_check(graph, &err), LEAT_EINVAL);
	ck_assert_msg(strstr(err.text, "is for tables and items") != NULL, "%s",
		err.text);
	leat_graph_destroy(graph);
}
END_TEST

TEST_MAIN("fan/merge_key", items_of_all_ins_come_out_sorted,
	desc_turns_the_order_around,
	the_greatest_and_the_least_item_are_items_like_others,
	ins_without_anything_hold_nobody_up,
	items_that_go_back_are_an_error_that_names_them, items_have_no_columns,
	rows_go_by_null_number_and_text,
	equal_rows_go_by_the_number_of_their_in,
	more_columns_decide_among_equal_ones_and_desc_turns_each,
	as_text_numbers_go_by_their_bytes,
	long_texts_are_compared_to_their_ends,
	quotes_in_keys_and_values_are_read_and_kept,
	another_dialect_is_written_anew,
	a_table_that_goes_back_is_an_error_with_place_and_values,
	a_row_that_goes_back_in_the_next_frame_is_found,
	a_text_that_goes_back_in_the_next_frame_is_found,
	a_long_merge_is_that_of_the_numbers,
	equal_rows_come_once_wherever_frames_end,
	equal_items_come_once_wherever_frames_end,
	decimals_and_moments_are_merged_by_their_values,
	columns_that_are_not_there_or_differ_are_refused,
	a_key_that_cannot_be_read_is_refused,
	bytes_and_rows_cannot_be_merged_by_a_key)
