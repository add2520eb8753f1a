/*
 * guard/dedup.c -- records that have been dealt with are not given to the stage
 * again: the last `keys` of them, and those of the last `within`, are known.
 *
 * What is known of a key is its digest of 128 bits (digest.h): that a new
 * record is taken for a known one has a probability of keys * 2^-128. A key is
 * known for good once the call went well; until then it counts within its frame
 * only, so that what failed can be tried again.
 * Keeps: a key is known if and only if it is in the ring; the ring holds those
 * that came last, in their order, and the table finds each.
 * Threads: that of the stage, which is not replicated (LEAT_HOOK_ALONE).
 */
#include <string.h>

#include "base/base.h"
#include "guard/digest.h"
#include <leat/guard.h>
#include <leat/table.h>

#define DEDUP_KEYS          100000u
#define DEDUP_KEYS_MAX      (1u << 28)
#define DEDUP_COLUMNS       64u
#define DEDUP_SCRATCH_BYTES 4096u

struct known {
	struct leat__digest digest;
	int64_t at_ns; /* when it came; 0 = nobody asks */
};

/* Goes on when the hook is exchanged; in one piece of memory. */
struct memory {
	uint64_t seed[2];
	uint64_t n_keys, mask; /* of the ring; of the table */
	uint64_t first, n;     /* known; ever put there: ring[k % n_keys] */
	uint64_t n_open;       /* the last so many are of the call under way */
	uint8_t scratch[DEDUP_SCRATCH_BYTES];
};

/* Where a record's key is. */
struct columns {
	uint32_t n; /* 0 = all */
	uint32_t at[DEDUP_COLUMNS];
	const struct leat_schema *schema; /* that this is of */
};

struct dedup {
	struct memory *memory;
	struct columns columns;
};

static struct dedup *
dedup_of(struct leat_hook *hook)
{
	return leat_hook_state(hook);
}

static struct known *
memory_ring(struct memory *m)
{
	return (struct known *)(void *)(m + 1);
}

/* Of places in the ring plus 1; 0 = free. */
static uint32_t *
memory_table(struct memory *m)
{
	return (uint32_t *)(void *)(memory_ring(m) + m->n_keys);
}

/* ---- the ring and the table --------------------------------------------- */

static uint64_t
table_find(struct memory *m, const struct leat__digest *digest)
{
	const uint32_t *table = memory_table(m);
	uint64_t at = digest->a & m->mask;

	while (table[at]) {
		const struct known *known = &memory_ring(m)[table[at] - 1];

		if (known->digest.a == digest->a &&
			known->digest.b == digest->b)
			return at;
		at = (at + 1) & m->mask;
	}
	return at;
}

/* What follows moves up, unless it stands where it belongs. */
static void
table_remove(struct memory *m, uint64_t at)
{
	uint32_t *table = memory_table(m);
	uint64_t next = at;

	for (;;) {
		uint64_t home;

		next = (next + 1) & m->mask;
		if (!table[next])
			break;
		home = memory_ring(m)[table[next] - 1].digest.a & m->mask;
		if (((next - home) & m->mask) < ((next - at) & m->mask))
			continue;
		table[at] = table[next];
		at = next;
	}
	table[at] = 0;
}

static void
ring_forget(struct memory *m, uint64_t k)
{
	table_remove(m, table_find(m, &memory_ring(m)[k % m->n_keys].digest));
}

static void
ring_forget_old(struct memory *m, int64_t now_ns, int64_t within_ns)
{
	while (m->first < m->n &&
		now_ns - memory_ring(m)[m->first % m->n_keys].at_ns >=
			within_ns)
		ring_forget(m, m->first++);
}

/* false: it is known. */
static bool
ring_put(struct memory *m, struct leat__digest digest, int64_t now_ns)
{
	uint32_t place = (uint32_t)(m->n % m->n_keys);
	uint64_t at = table_find(m, &digest);

	if (memory_table(m)[at])
		return false;
	if (m->n - m->first == m->n_keys) {
		ring_forget(m, m->first++);
		at = table_find(m, &digest);
	}
	memory_ring(m)[place] = (struct known){digest, now_ns};
	memory_table(m)[at] = place + 1;
	m->n++;
	m->n_open++;
	return true;
}

/* The call went well: what it had is known for good. */
static void
ring_settle(struct memory *m)
{
	m->n_open = 0;
}

/* It did not: nothing of it is. What it had put out stays forgotten. */
static void
ring_undo(struct memory *m)
{
	uint64_t n = leat__min_u64(m->n_open, m->n - m->first);

	while (n--)
		ring_forget(m, --m->n);
	m->n_open = 0;
}

/* ---- keys --------------------------------------------------------------- */

/* Values in order, each with its length, so that they cannot run together. */
static void
key_add_value(struct leat__digester *d, struct memory *m,
	const struct leat_table *t, uint32_t column, uint32_t row)
{
	uint32_t n_bytes = leat_table_text_bytes(t, column, row);
	struct leat_text text = n_bytes <= sizeof(m->scratch)
		? leat_table_text(t, column, row, m->scratch)
		: leat_table_raw(t, column, row);
	uint32_t n = text.data ? text.len : UINT32_MAX;

	leat__digest_add(d, &n, sizeof(n));
	if (text.data)
		leat__digest_add(d, text.data, text.len);
}

static struct leat__digest
key_of_row(struct dedup *s, const struct leat_table *t, uint32_t row)
{
	const struct columns *c = &s->columns;
	uint32_t n = c->n ? c->n : t->schema->n_columns;
	struct leat__digester d;

	leat__digest_begin(&d, s->memory->seed);
	for (uint32_t k = 0; k < n; k++)
		key_add_value(&d, s->memory, t, c->n ? c->at[k] : k, row);
	return leat__digest_end(&d);
}

static struct leat__digest
key_of_bytes(struct dedup *s, const void *data, size_t n_bytes)
{
	struct leat__digester d;

	leat__digest_begin(&d, s->memory->seed);
	leat__digest_add(&d, data, n_bytes);
	return leat__digest_end(&d);
}

/* ---- columns ------------------------------------------------------------ */

static int
columns_refuse(const struct leat_call *call, const struct leat_schema *schema,
	const char *name, size_t n)
{
	char names[256];

	leat_schema_names(schema, names, sizeof(names));
	return leat_call_fail(call, LEAT_EINVAL,
		"@dedup: there is no column '%.*s'; there are: %s",
		(int)leat__min_u64(n, 64), name, names);
}

static int
columns_find(struct columns *c, const char *by, const struct leat_call *call,
	const struct leat_schema *schema)
{
	uint32_t n_found = 0;

	while (*by) {
		const char *name = by + strspn(by, " ");
		size_t n = strcspn(name, ",");
		int32_t at;

		by = name + n + (name[n] == ',');
		while (n && name[n - 1] == ' ')
			n--;
		at = leat_schema_find(schema, name, n);
		if (at < 0)
			return columns_refuse(call, schema, name, n);
		if (n_found == DEDUP_COLUMNS)
			return leat_call_fail(call, LEAT_ELIMIT,
				"@dedup: by= names too many columns; accepted: "
				"up to %u",
				DEDUP_COLUMNS);
		c->at[n_found++] = (uint32_t)at;
	}
	c->n = n_found;
	c->schema = schema;
	return LEAT_OK;
}

/* ---- frames ------------------------------------------------------------- */

static int
keep_rows_of_table(struct leat_hook *hook, struct leat_frame *frame,
	const struct leat_call *call, int64_t now_ns)
{
	const struct leat_dedup_guard_opts *o = leat_hook_opts(hook);
	struct dedup *s = dedup_of(hook);
	struct leat_table t;
	uint32_t *rows, n = 0;

	leat_table_open(frame, &t);
	if (s->columns.schema != t.schema)
		LEAT_TRY(columns_find(&s->columns, o->by, call, t.schema));
	rows = leat_table_selection(&t);
	for (uint32_t k = 0; k < frame->n_items; k++) {
		uint32_t row = leat_table_row(&t, k);

		if (ring_put(s->memory, key_of_row(s, &t, row), now_ns))
			rows[n++] = row;
	}
	if (n && n < frame->n_items)
		leat_table_select(&t, rows, n);
	return n ? LEAT_OK : LEAT_SHED;
}

static int
keep_strings(struct dedup *s, struct leat_frame *frame, int64_t now_ns)
{
	struct leat_rows rows = leat_frame_rows(frame);
	bool is_apart = leat_frame_base(frame) != NULL;
	uint32_t n = 0;

	for (uint32_t k = 0; k < rows.n; k++) {
		struct leat_row row = rows.rows[k];

		if (ring_put(s->memory,
			    key_of_bytes(s, rows.text + row.offset, row.len),
			    now_ns))
			rows.rows[n++] = row;
	}
	if (!n)
		return LEAT_SHED;
	/* text behind the array stays where it is */
	if (is_apart)
		frame->len_bytes = n * (uint32_t)sizeof(struct leat_row);
	frame->n_items = n;
	return LEAT_OK;
}

static int
keep_items(struct dedup *s, struct leat_frame *frame, int64_t now_ns)
{
	uint32_t n_bytes = leat_frame_item_bytes(frame), n = 0;

	for (uint32_t k = 0; k < frame->n_items; k++) {
		const uint8_t *item = frame->data + (size_t)k * n_bytes;

		if (!ring_put(
			    s->memory, key_of_bytes(s, item, n_bytes), now_ns))
			continue;
		if (n < k)
			memcpy(frame->data + (size_t)n * n_bytes, item,
				n_bytes);
		n++;
	}
	if (!n)
		return LEAT_SHED;
	frame->len_bytes = n * n_bytes;
	frame->n_items = n;
	return LEAT_OK;
}

static int
keep_new(struct leat_hook *hook, struct leat_frame *frame,
	const struct leat_call *call, int64_t now_ns)
{
	struct dedup *s = dedup_of(hook);

	switch (frame->layout) {
	case LEAT_LAYOUT_TABLE:
		return keep_rows_of_table(hook, frame, call, now_ns);
	case LEAT_LAYOUT_ROWS:
		return keep_strings(s, frame, now_ns);
	case LEAT_LAYOUT_ITEMS:
		return keep_items(s, frame, now_ns);
	default:
		return ring_put(s->memory,
			       key_of_bytes(s, frame->data, frame->len_bytes),
			       now_ns)
			? LEAT_OK
			: LEAT_SHED;
	}
}

static int
dedup_before(struct leat_hook *hook, const struct leat_call *call)
{
	const struct leat_dedup_guard_opts *o = leat_hook_opts(hook);
	struct leat_frame *frame = leat_call_frame(call);
	struct memory *m = dedup_of(hook)->memory;
	int64_t now_ns = o->within_ns ? leat_hook_now_ns(hook) : 0;
	int rc;

	if (!frame || call->is_more || !frame->n_items)
		return LEAT_OK;
	if (o->within_ns)
		ring_forget_old(m, now_ns, o->within_ns);
	rc = keep_new(hook, frame, call, now_ns);
	if (rc != LEAT_OK)
		ring_undo(m);
	return rc;
}

static void
dedup_after(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	struct memory *m = dedup_of(hook)->memory;

	(void)call;
	if (rc == LEAT_OK || rc == LEAT_EOS)
		ring_settle(m);
	else if (rc != LEAT_MORE)
		ring_undo(m);
}

/* ---- the hook ----------------------------------------------------------- */

/* At most half of the table is taken. */
static uint64_t
table_entries(uint64_t n_keys)
{
	uint64_t n = 16;

	while (n < 2 * n_keys)
		n *= 2;
	return n;
}

static int
dedup_init(struct leat_hook *hook, const void *opts)
{
	const struct leat_dedup_guard_opts *o = opts;
	uint64_t n_keys = o->keys ? o->keys : DEDUP_KEYS;
	uint64_t n_entries = table_entries(n_keys);
	struct dedup *s = dedup_of(hook);
	void *memory;

	LEAT_TRY(leat_hook_keep(hook, NULL,
		sizeof(*s->memory) + n_keys * sizeof(struct known) +
			n_entries * sizeof(uint32_t),
		&memory));
	s->memory = memory;
	if (s->memory->n_keys && s->memory->n_keys != n_keys)
		return leat_hook_fail(hook, LEAT_EINVAL,
			"@dedup remembers keys=%llu while it runs, and no "
			"other "
			"number",
			(unsigned long long)s->memory->n_keys);
	if (s->memory->n_keys)
		return LEAT_OK;
	s->memory->n_keys = n_keys;
	s->memory->mask = n_entries - 1;
	s->memory->seed[0] = leat_hook_random(hook);
	s->memory->seed[1] = leat_hook_random(hook);
	return LEAT_OK;
}

static const struct leat_option dedup_options[] = {
	{.name = "by",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_dedup_guard_opts, by),
		.help = "columns that make a row's key; none: all of them, in "
			"other layouts the whole record"},
	{.name = "keys",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_dedup_guard_opts, keys),
		.min = 1,
		.max = DEDUP_KEYS_MAX,
		.fallback = "100000",
		.unit = "keys",
		.help = "the last so many are known; 32 to 40 bytes each"},
	{.name = "within",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_dedup_guard_opts, within_ns),
		.min = 1,
		.max = INT64_MAX / 4,
		.unit = "ns",
		.help = "and for no longer than this"},
	{.name = NULL},
};

const struct leat_hook_ops leat_dedup_guard_ops = {
	LEAT_HOOK_OPS_INIT("dedup"),
	.flags = LEAT_HOOK_IN_PLACE | LEAT_HOOK_ALONE,
	.summary = "give no record to the stage that it has dealt with",
	.help = "For a sink that must not be given a record twice, behind a "
		"source that may\n"
		"bring it again. A key is known once the stage has dealt with "
		"its frame: what\n"
		"failed can be tried again. Kept is a digest of 128 bits with "
		"a secret seed, so\n"
		"that a record is mistaken for another with a probability of "
		"keys / 2^128. What\n"
		"is dropped is counted as shed. Of bytes a frame is one "
		"record. It knows what\n"
		"came in this run only.\n"
		"\n"
		"    @retry(max=5) @dedup(by=id, keys=1000000) STAGE ...\n",
	.state_bytes = sizeof(struct dedup),
	.opts_bytes = sizeof(struct leat_dedup_guard_opts),
	.options = dedup_options,
	.init = dedup_init,
	.before = dedup_before,
	.after = dedup_after,
};
