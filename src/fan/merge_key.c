/*
 * fan/merge_key.c -- merge order=key: ins that are sorted, into one.
 *
 * The heap has each in by its next key, or, where no row is at hand, by the
 * last one: what comes there is not below it. Rows of the least in go until
 * another is less; rows with equal keys by the number of their in.
 * Keeps: what is emitted is sorted; of each in there is one frame at most, and
 * an in without one is wanted. Rows that go back are an error, which names the
 * in, the place and both values.
 * Threads: the one that steps the stage's task.
 */
#include "fan/merge_key.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "graph/graph.h"

#define KEY_SAVED_BYTES  256u /* of a text of a frame that has gone */
#define KEY_SHOWN_BYTES  64u  /* of a value, in messages */
#define KEY_SIDE_BYTES   512u /* an allocator rounds up */
#define KEY_NAMES_BYTES  (1u << 20)
#define KEY_ITEM_DEFAULT ((uint32_t)sizeof(uint64_t))

/* ---- before the run ------------------------------------------------------- */

int
leat__merge_key_init(
	struct leat_stage *st, struct leat__merge_key *m, const char *key)
{
	m->text = key;
	if (!*key)
		return leat_stage_fail_at(st, LEAT_EINVAL, "key", 0, 0,
			"order=key wants to know which, like order=key:date");
	leat_stage_needs(st)->holds = 1; /* the open frame */
	leat_stage_needs(st)->side_bytes = leat__key_bytes(key);
	return leat__key_parse(st, &m->spec, "key", key);
}

static size_t
key_in_bytes(const struct leat__merge_key *m)
{
	return m->spec.n *
		(2 * sizeof(struct leat__key_value) + KEY_SAVED_BYTES +
			KEY_SHOWN_BYTES);
}

static int
key_alloc_ins(struct leat_stage *st, struct leat__merge_key *m)
{
	uint32_t n = leat_stage_n_ins(st);
	size_t values = m->spec.n * sizeof(struct leat__key_value);
	size_t n_heap =
		(size_t)leat__round_up(leat__heap_bytes(n), LEAT__CACHE_LINE);
	size_t n_bytes =
		n_heap + n * (sizeof(struct leat__merge_in) + key_in_bytes(m));
	uint8_t *at;
	void *memory;
	int rc;

	leat_stage_needs(st)->side_bytes +=
		KEY_SIDE_BYTES + n_bytes + n_bytes / 2;
	rc = leat_stage_alloc(st, n_bytes, &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the ins");
	memset(memory, 0, n_bytes);
	leat__heap_place(&m->heap, memory, n);
	m->ins = (struct leat__merge_in *)(void *)((uint8_t *)memory + n_heap);
	at = (uint8_t *)(m->ins + n);
	for (uint32_t k = 0; k < n; k++) {
		m->ins[k].now = (struct leat__key_value *)(void *)at;
		m->ins[k].before =
			(struct leat__key_value *)(void *)(at + values);
		m->ins[k].saved = at + 2 * values;
		m->ins[k].shown =
			(char *)m->ins[k].saved + m->spec.n * KEY_SAVED_BYTES;
		at += key_in_bytes(m);
	}
	return LEAT_OK;
}

/* At equal bits: one of which nothing is at hand holds the others up. */
static bool
key_is_first(void *user, uint32_t a, uint32_t b)
{
	const struct leat__merge_key *m = user;
	const struct leat__merge_in *x = &m->ins[a], *y = &m->ins[b];
	int order;

	if (!x->head.frame || !y->head.frame)
		return !x->head.frame && (y->head.frame || a < b);
	order = leat__key_compare(&m->spec, x->now, y->now);
	return order ? order < 0 : a < b;
}

/* ---- tables: columns ------------------------------------------------------ */

static int
table_make_schema(struct leat_stage *st, struct leat__merge_key *m,
	const struct leat_schema *like)
{
	struct leat_text *names;
	struct leat_schema *schema;
	void *memory;
	int rc =
		leat_stage_alloc(st, like->n_columns * sizeof(*names), &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	names = memory;
	for (uint32_t k = 0; k < like->n_columns; k++)
		names[k] = (struct leat_text){
			(const uint8_t *)like->columns[k].name,
			(uint32_t)strlen(like->columns[k].name)};
	rc = leat__rows_schema(st, names, like->n_columns, like, &schema);
	leat_stage_free(st, memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	m->rows.schema = schema;
	return LEAT_OK;
}

bool
leat__merge_is_alike(const struct leat_schema *a, const struct leat_schema *b)
{
	if (!a || !b || a == b)
		return true; /* known at run time */
	if (a->n_columns != b->n_columns)
		return false;
	for (uint32_t k = 0; k < a->n_columns; k++)
		if (strcmp(a->columns[k].name, b->columns[k].name) != 0)
			return false;
	return true;
}

/* The columns of a table that comes from an in. */
static int
table_bind(struct leat_stage *st, struct leat__merge_key *m, uint32_t in,
	const struct leat_schema *schema)
{
	struct leat__merge_in *from = &m->ins[in];

	if (from->schema == schema)
		return LEAT_OK;
	if (!m->rows.schema)
		LEAT_TRY(table_make_schema(st, m, schema));
	if (!leat__merge_is_alike(m->rows.schema, schema))
		return leat_stage_fail(st, LEAT_EINVAL,
			"merge: the columns of '%s' differ from those of other "
			"ins; put select behind it",
			st->ins[in]->from->name);
	LEAT_TRY(leat__key_bind(st, &m->spec, "key", schema, from->columns));
	from->schema = schema;
	return LEAT_OK;
}

/* Does a key column have one type on all ins, or types that mix? */
static int
table_check_types(
	struct leat_stage *st, const struct leat__merge_key *m, uint32_t in)
{
	for (uint32_t k = 0; k < m->spec.n; k++) {
		const struct leat_column *a =
			&m->ins[0].schema->columns[m->ins[0].columns[k]];
		const struct leat_column *b =
			&m->ins[in].schema->columns[m->ins[in].columns[k]];

		bool is_text = m->spec.columns[k].is_text &&
			a->field != LEAT_FIELD_NONE &&
			b->field != LEAT_FIELD_NONE;

		if (!is_text && !leat__key_mixes(a, b))
			return leat_stage_fail_at(st, LEAT_EINVAL, "key",
				m->spec.columns[k].offset,
				m->spec.columns[k].n_bytes,
				"merge: column '%s' is %s from '%s' and %s "
				"from '%s'; it must be of one type",
				a->name, leat_type_name(a->type),
				st->ins[0]->from->name, leat_type_name(b->type),
				st->ins[in]->from->name);
	}
	return LEAT_OK;
}

static int
table_negotiate(struct leat_stage *st, struct leat__merge_key *m)
{
	leat_stage_needs(st)->frame_bytes = leat__rows_frame_bytes();
	leat_stage_needs(st)->side_bytes += KEY_NAMES_BYTES;
	for (uint32_t k = 0; k < st->n_ins; k++) {
		const struct leat_shape *shape = leat__link_shape(st->ins[k]);

		if (!shape->schema)
			continue; /* known at run time */
		LEAT_TRY(table_bind(st, m, k, shape->schema));
		if (m->ins[0].schema)
			LEAT_TRY(table_check_types(st, m, k));
	}
	return LEAT_OK;
}

/* ---- items: before the run ------------------------------------------------- */

static int
items_negotiate(struct leat_stage *st, struct leat__merge_key *m,
	const struct leat_shape *in)
{
	const struct leat__key_column *key = &m->spec.columns[0];

	if (m->spec.n != 1 || strcmp(key->name, "item") != 0 || key->is_text)
		return leat_stage_fail_at(st, LEAT_EINVAL, "key", 0, 0,
			"items have no columns; accepted: order=key:item");
	for (uint32_t k = 0; k < st->n_ins; k++)
		if (leat__link_shape(st->ins[k])->item_bytes != in->item_bytes)
			return leat_stage_fail(st, LEAT_EINVAL,
				"merge: '%s' and '%s' give items of %u and %u "
				"bytes",
				st->ins[0]->from->name, st->ins[k]->from->name,
				in->item_bytes,
				leat__link_shape(st->ins[k])->item_bytes);
	m->items.item_bytes =
		in->item_bytes ? in->item_bytes : KEY_ITEM_DEFAULT;
	m->is_desc = key->is_desc;
	if (m->items.item_bytes < sizeof(uint64_t))
		return leat_stage_fail(st, LEAT_EINVAL,
			"merge: items of %u bytes; their first 8 are the key",
			m->items.item_bytes);
	leat_stage_needs(st)->frame_bytes = (uint32_t)leat__max_u64(
		LEAT__ITEMS_FRAME_BYTES, m->items.item_bytes);
	return LEAT_OK;
}

int
leat__merge_key_negotiate(struct leat_stage *st, struct leat__merge_key *m,
	const struct leat_shape *in, struct leat_shape *out)
{
	int rc = key_alloc_ins(st, m);

	if (rc)
		return rc;
	m->layout = in->layout;
	/* it makes frames, and passes none on */
	st->ops.out_layout = in->layout;
	if (in->layout == LEAT_LAYOUT_TABLE)
		rc = table_negotiate(st, m);
	else if (in->layout == LEAT_LAYOUT_ITEMS)
		rc = items_negotiate(st, m, in);
	else
		rc = leat_stage_fail(st, LEAT_EINVAL,
			"merge: order=key is for tables and items, and '%s' "
			"gives %s",
			st->ins[0]->from->name, leat__layout_name(in->layout));
	if (rc)
		return rc;
	if (in->layout == LEAT_LAYOUT_TABLE) {
		m->heap.is_first = key_is_first;
		m->heap.user = m;
	}
	out->frame_bytes = leat_stage_needs(st)->frame_bytes;
	out->base_bytes = 0;
	out->schema = m->rows.schema;
	out->sample = NULL;
	out->sample_bytes = out->sample_is_all = 0;
	return LEAT_OK;
}

/* ---- tables ---------------------------------------------------------------- */

/* A value as it stands there, for messages. */
static void
table_show(const struct leat__head *head, uint32_t at, uint32_t column,
	char buf[KEY_SHOWN_BYTES])
{
	uint32_t row = leat_table_row(&head->t, at);
	struct leat_text x = {NULL, 0};
	uint8_t printed[LEAT_TABLE_PRINT_BYTES];

	if (head->t.schema->columns[column].field != LEAT_FIELD_NONE)
		x = leat_table_raw(&head->t, column, row);
	else if (leat_table_text_bytes(&head->t, column, row) <=
		sizeof(printed))
		x = leat_table_text(&head->t, column, row, printed);
	snprintf(buf, KEY_SHOWN_BYTES, "%.*s",
		(int)leat__min_u64(x.len, KEY_SHOWN_BYTES),
		x.len ? (const char *)x.data : "");
}

/* The first key column that goes back. */
static uint32_t
table_find_back(
	const struct leat__merge_key *m, const struct leat__merge_in *from)
{
	uint32_t k = 0;

	while (k + 1 < m->spec.n &&
		!leat__key_compare_column(
			&m->spec, k, &from->now[k], &from->before[k]))
		k++;
	return k;
}

static int
table_fail(struct leat_stage *st, const struct leat__merge_key *m, uint32_t in)
{
	const struct leat__merge_in *from = &m->ins[in];
	const struct leat__head *head = &from->head;
	uint32_t k = table_find_back(m, from), column = from->columns[k];
	struct leat_position p =
		leat_table_position(&head->t, column, leat__head_row(head));
	char now[KEY_SHOWN_BYTES], before[KEY_SHOWN_BYTES];

	table_show(head, head->at, column, now);
	if (head->at > 0)
		table_show(head, head->at - 1, column, before);
	else
		memcpy(before, from->shown + k * KEY_SHOWN_BYTES,
			KEY_SHOWN_BYTES);
	leat_stage_fail(st, LEAT_EDATA,
		"in %u ('%s') is not sorted by '%s': %s:%" PRIu64 ":%" PRIu64
		" has '%s' after '%s'; numbers go by their value (but not "
		"behind key:%s text), text by its bytes",
		in, st->ins[in]->from->name,
		head->t.schema->columns[column].name,
		leat__head_file(head, "its input"), p.line, p.column, now,
		before, m->spec.columns[k].name);
	return leat_stage_locate(
		st, leat__head_file(head, NULL), p.line, p.column, p.offset);
}

/* The key of the row that is next. */
static int
table_look(struct leat_stage *st, struct leat__merge_key *m, uint32_t in)
{
	struct leat__merge_in *from = &m->ins[in];
	uint32_t row = leat__head_row(&from->head);

	m->spec.has_read = true;
	for (uint32_t k = 0; k < m->spec.n; k++)
		leat__key_read(&m->spec.columns[k], &from->head.t,
			from->columns[k], row, &from->now[k]);
	if (from->has_before &&
		leat__key_compare(&m->spec, from->now, from->before) < 0)
		return table_fail(st, m, in);
	leat__heap_update(&m->heap, in, from->now[0].bits, true);
	return LEAT_OK;
}

/* Its frame goes: what the last key was is kept. */
static void
table_leave(struct leat_stage *st, struct leat__merge_key *m, uint32_t in)
{
	struct leat__merge_in *from = &m->ins[in];

	for (uint32_t k = 0; k < m->spec.n; k++) {
		uint8_t *saved = from->saved + k * KEY_SAVED_BYTES;

		table_show(&from->head, from->head.n - 1, from->columns[k],
			from->shown + k * KEY_SHOWN_BYTES);
		leat__key_save(&from->before[k], saved, KEY_SAVED_BYTES);
	}
	leat__head_drop(st, &from->head, in);
	leat__heap_update(&m->heap, in, from->before[0].bits, false);
}

/* On to the next row of an in. */
static int
table_step(struct leat_stage *st, struct leat__merge_key *m, uint32_t in)
{
	struct leat__merge_in *from = &m->ins[in];
	struct leat__key_value *now = from->now;

	from->now = from->before;
	from->before = now;
	from->has_before = true;
	from->head.at++;
	if (!leat__head_is_used_up(&from->head))
		return table_look(st, m, in);
	table_leave(st, m, in);
	return LEAT_OK;
}

/* Rows of the top, until it is another's turn. */
static int
table_take(struct leat_stage *st, struct leat__merge_key *m, uint32_t in)
{
	struct leat__head *head = &m->ins[in].head;
	int rc;

	do {
		rc = leat__rows_begin(st, &m->rows);
		if (rc)
			return rc;
		leat__rows_put(&m->rows, &head->t, leat__head_row(head));
		rc = leat__rows_end(st, &m->rows);
		if (rc > 0)
			rc = table_step(st, m, in);
		if (rc)
			return rc;
	} while (head->frame && leat__heap_top(&m->heap).input == in);
	return LEAT_OK;
}

/* ---- items ----------------------------------------------------------------- */

static uint64_t
items_key(const struct leat__merge_key *m, const struct leat__head *head,
	uint32_t at)
{
	uint64_t key;

	memcpy(&key, head->frame->data + (size_t)at * m->items.item_bytes,
		sizeof(key));
	return m->is_desc ? ~key : key;
}

static int
items_fail(struct leat_stage *st, const struct leat__merge_key *m, uint32_t in,
	uint64_t key)
{
	const struct leat__merge_in *from = &m->ins[in];
	uint64_t flip = m->is_desc ? UINT64_MAX : 0;

	return leat_stage_fail(st, LEAT_EDATA,
		"in %u ('%s') is not sorted: its item %" PRIu64 " is %" PRIu64
		" after %" PRIu64,
		in, st->ins[in]->from->name, from->n_seen + from->head.at,
		key ^ flip, from->last ^ flip);
}

/* The greatest key that may go before the others'. */
static uint64_t
items_limit(const struct leat__merge_key *m)
{
	struct leat__heap_key limit = leat__heap_limit(&m->heap);

	return limit.sub ? limit.stamp : limit.stamp - 1;
}

/* Copy those of the next n that are sorted and not above the limit. Inlined for
 * the usual size, where a copy is one move. */
static inline uint32_t
items_copy_sized(const struct leat__merge_key *m, struct leat__merge_in *from,
	uint32_t n, size_t n_bytes)
{
	const uint8_t *src =
		from->head.frame->data + (size_t)from->head.at * n_bytes;
	uint8_t *dst = leat__items_end(&m->items);
	uint64_t limit = items_limit(m), flip = m->is_desc ? UINT64_MAX : 0;
	uint64_t last = from->last;
	uint32_t k;

	for (k = 0; k < n; k++) {
		uint64_t key;

		memcpy(&key, src, sizeof(key));
		key ^= flip;
		if (key > limit || key < last)
			break;
		last = key;
		memcpy(dst, src, n_bytes);
		src += n_bytes;
		dst += n_bytes;
	}
	from->last = last;
	return k;
}

/* The one that is next: it was looked at, and is the least of all. */
static void
items_copy_one(struct leat__merge_key *m, struct leat__merge_in *from)
{
	size_t n_bytes = m->items.item_bytes;
	const uint8_t *src =
		from->head.frame->data + (size_t)from->head.at * n_bytes;

	from->last = items_key(m, &from->head, from->head.at);
	if (n_bytes == sizeof(uint64_t))
		memcpy(leat__items_end(&m->items), src, sizeof(uint64_t));
	else
		memcpy(leat__items_end(&m->items), src, n_bytes);
	leat__items_add(&m->items, 1);
	from->head.at++;
}

static void
items_copy_run(struct leat__merge_key *m, struct leat__merge_in *from)
{
	uint32_t n = (uint32_t)leat__min_u64(
		from->head.n - from->head.at, m->items.n_room);

	n = m->items.item_bytes == sizeof(uint64_t)
		? items_copy_sized(m, from, n, sizeof(uint64_t))
		: items_copy_sized(m, from, n, m->items.item_bytes);
	leat__items_add(&m->items, n);
	from->head.at += n;
}

static void
items_leave(struct leat_stage *st, struct leat__merge_key *m, uint32_t in)
{
	struct leat__merge_in *from = &m->ins[in];

	from->n_seen += from->head.n;
	leat__head_drop(st, &from->head, in);
	leat__heap_update(
		&m->heap, in, (struct leat__heap_key){from->last, 0}, false);
}

/* What is next on an in. */
static int
items_look(struct leat_stage *st, struct leat__merge_key *m, uint32_t in)
{
	struct leat__merge_in *from = &m->ins[in];
	uint64_t key = items_key(m, &from->head, from->head.at);

	if (key < from->last)
		return items_fail(st, m, in, key);
	leat__heap_update(&m->heap, in, (struct leat__heap_key){key, 0}, true);
	return LEAT_OK;
}

/* One item of the top; if that was the top the time before too, all until it
 * is another's turn. */
static int
items_take(struct leat_stage *st, struct leat__merge_key *m, uint32_t in)
{
	struct leat__merge_in *from = &m->ins[in];
	int rc = leat__items_begin(st, &m->items);

	if (rc)
		return rc;
	if (m->last_in == in)
		items_copy_run(m, from);
	else
		items_copy_one(m, from);
	m->last_in = in;
	if (!leat__head_is_used_up(&from->head))
		return items_look(st, m, in);
	items_leave(st, m, in);
	return LEAT_OK;
}

/* ---- the stage ------------------------------------------------------------- */

/* As long as the least row of all is known. */
static int
key_run(struct leat_stage *st, struct leat__merge_key *m)
{
	for (;;) {
		struct leat__heap_input top = leat__heap_top(&m->heap);
		int rc;

		if (!top.is_present)
			return LEAT_OK;
		rc = m->layout == LEAT_LAYOUT_TABLE
			? table_take(st, m, top.input)
			: items_take(st, m, top.input);
		if (rc)
			return rc;
	}
}

static int
key_take(struct leat_stage *st, struct leat__merge_key *m, uint32_t in,
	struct leat_frame *frame)
{
	struct leat__merge_in *from = &m->ins[in];

	leat__head_take(&from->head, frame);
	leat__head_note(m->layout == LEAT_LAYOUT_ITEMS ? &m->items.stamp
						       : &m->rows.stamp,
		frame);
	if (m->layout == LEAT_LAYOUT_ITEMS)
		return items_look(st, m, in);
	LEAT_TRY(table_bind(st, m, in, from->head.t.schema));
	return table_look(st, m, in);
}

static void
key_enter(struct leat__merge_key *m)
{
	leat__items_enter(&m->items);
	leat__rows_enter(&m->rows);
}

int
leat__merge_key_process(
	struct leat_stage *st, struct leat__merge_key *m, struct leat_frame *in)
{
	uint32_t from = leat_stage_in(st);
	struct leat__head *head = &m->ins[from].head;
	int rc = LEAT_OK;

	if (in->n_items == 0) {
		leat_stage_release(st, in);
		return LEAT_OK;
	}
	key_enter(m);
	if (!head->frame)
		rc = key_take(st, m, from, in);
	if (!rc)
		rc = key_run(st, m);
	if (!rc)
		leat__head_keep(st, head, from);
	return rc;
}

int
leat__merge_key_end_in(
	struct leat_stage *st, struct leat__merge_key *m, uint32_t in)
{
	key_enter(m);
	leat__heap_update(&m->heap, in, LEAT__HEAP_KEY_END, false);
	return key_run(st, m);
}

int
leat__merge_key_flush(struct leat_stage *st, struct leat__merge_key *m)
{
	key_enter(m);
	if (m->layout == LEAT_LAYOUT_TABLE)
		return leat__rows_flush(st, &m->rows);
	return leat__items_flush(st, &m->items);
}

void
leat__merge_key_fini(struct leat_stage *st, struct leat__merge_key *m)
{
	for (uint32_t k = 0; m->ins && k < leat_stage_n_ins(st); k++)
		leat__head_fini(st, &m->ins[k].head);
	leat__rows_fini(st, &m->rows);
	leat__items_fini(st, &m->items);
	leat_stage_free(st, m->heap.stamps);
	m->ins = NULL;
	leat_stage_free(st, (void *)(uintptr_t)m->rows.schema);
	leat__key_fini(st, &m->spec);
}
