/*
 * guard/dedup.c -- records that have been dealt with are not given to the stage
 * again: the last `keys` of them, and those of the last `within`, are known.
 *
 * What is known of a key is its digest of 128 bits (digest.h): that a new
 * record is taken for a known one has a probability of keys * 2^-117. A key is
 * known for good once the call went well; until then it counts within its frame
 * only, so that what failed can be tried again.
 * The table is of buckets, a cache line each, that name keys by the number of
 * their coming. What is forgotten by its number is not taken out: its entry is
 * dead, and the next key of that bucket may have it. So a record costs one line
 * of the table, which is asked for before it is needed: for a batch of records.
 * Keeps: a key is known if and only if it is in the ring; the ring holds those
 * that came last, in their order; each has an entry in its home bucket, or in
 * one behind it, and then no bucket before that says that none went on.
 * Threads: that of the stage, which is not replicated (LEAT_HOOK_ALONE).
 */
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/base.h"
#include "base/bytes.h"
#include "guard/digest.h"
#include <leat/guard.h>
#include <leat/table.h>

#define DEDUP_KEYS          100000u
#define DEDUP_KEYS_MAX      (1u << 28)
#define DEDUP_COLUMNS       64u
#define DEDUP_SCRATCH_BYTES 4096u
#define DEDUP_BATCH         16u /* records whose buckets are on their way */

#define BUCKET_ENTRIES 7u
#define BUCKET_KEYS    3u /* that one has in the mean, at most */
#define BUCKET_BYTES   64u

#define NUMBER_BYTES 6u
#define NUMBER_SHIFT (64 - 8 * NUMBER_BYTES)

#define BUCKET_TURN BUCKET_ENTRIES /* in place of a tag */
#define BUCKET_ON   BUCKET_ENTRIES /* in place of a number */

/* An entry: the number of a key, and the last bits of the digest's first word,
 * whose first bits say which bucket. Entries are written in turn, so the one
 * whose turn it is came first. Behind them, whose turn it is, and the number of
 * the last key that had to go on. Number 0 = none. */
struct bucket {
	uint8_t numbers[BUCKET_ENTRIES + 1][NUMBER_BYTES];
	uint16_t tags[BUCKET_ENTRIES + 1];
};

struct known {
	struct leat__digest digest;
	int64_t at_ns; /* when it came; 0 = nobody asks */
};

/* Goes on when the hook is exchanged; in one piece of memory. */
struct memory {
	struct bucket *table; /* behind this */
	struct known *ring;   /* behind that */
	uint64_t n_keys, n_buckets;
	uint64_t first, next; /* numbers: of the first that is known; to come */
	uint64_t place;       /* of next, in the ring */
	uint64_t n_open;      /* the last so many are of the call under way */
	struct leat__digest_secret secret;
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
	int64_t within_ns;
	struct columns columns;
};

static struct dedup *
dedup_of(struct leat_hook *hook)
{
	return leat_hook_state(hook);
}

static uint64_t
memory_buckets(uint64_t n_keys)
{
	return n_keys / BUCKET_KEYS + 1;
}

static uint64_t
memory_bytes(uint64_t n_keys)
{
	return sizeof(struct memory) + BUCKET_BYTES +
		memory_buckets(n_keys) * sizeof(struct bucket) +
		n_keys * sizeof(struct known);
}

/* ---- the ring ----------------------------------------------------------- */

/* Of the key that came so many before the next one. */
static uint64_t
ring_place(const struct memory *m, uint64_t n_back)
{
	return m->place >= n_back ? m->place - n_back
				  : m->place + m->n_keys - n_back;
}

static struct known *
ring_known(struct memory *m, uint64_t number)
{
	return &m->ring[ring_place(m, m->next - number)];
}

static void
ring_forget_old(struct memory *m, int64_t now_ns, int64_t within_ns)
{
	while (m->first < m->next &&
		now_ns - ring_known(m, m->first)->at_ns >= within_ns)
		m->first++;
}

/* ---- the table ---------------------------------------------------------- */

static struct bucket *
table_home(const struct memory *m, struct leat__digest digest)
{
	return &m->table[(digest.a >> 32) * m->n_buckets >> 32];
}

static struct bucket *
table_next(const struct memory *m, struct bucket *bucket)
{
	return bucket + 1 < m->table + m->n_buckets ? bucket + 1 : m->table;
}

static uint16_t
tag_of(struct leat__digest digest)
{
	return (uint16_t)digest.a;
}

/* In its upper bits, so that what does not fit counts nowhere. */
static uint64_t
bucket_number(const struct bucket *bucket, uint32_t k)
{
	return leat__bytes_u64((const uint8_t *)bucket + k * NUMBER_BYTES)
		<< NUMBER_SHIFT;
}

static void
bucket_set_number(struct bucket *bucket, uint32_t k, uint64_t number)
{
	leat__bytes_set_u48(bucket->numbers[k], number);
}

/* How many came between the first that is known and this one; of one that came
 * before, more than half of all there can be. In upper bits, too. */
static uint64_t
number_age(const struct memory *m, uint64_t number)
{
	return number - (m->first << NUMBER_SHIFT);
}

static bool
number_is_known(const struct memory *m, uint64_t number)
{
	return number_age(m, number) < (m->next - m->first) << NUMBER_SHIFT;
}

/* Bit 2k: that entry has the tag. It may be said of the turn, too. */
static uint32_t
bucket_tagged(const struct bucket *bucket, uint16_t tag)
{
#if defined(__SSE2__)
	__m128i tags = _mm_loadu_si128((const void *)bucket->tags);
	__m128i is = _mm_cmpeq_epi16(tags, _mm_set1_epi16((short)tag));

	return (uint32_t)_mm_movemask_epi8(is);
#else
	uint32_t tagged = 0;

	for (uint32_t k = 0; k <= BUCKET_ENTRIES; k++)
		tagged |= (uint32_t)(bucket->tags[k] == tag) << 2 * k;
	return tagged;
#endif
}

/* It may be that all agrees that agrees with a tag. */
static bool
number_is(struct memory *m, uint64_t number, struct leat__digest digest)
{
	const struct known *known;

	if (!number_is_known(m, number))
		return false;
	known = ring_known(
		m, m->first + (number_age(m, number) >> NUMBER_SHIFT));
	return known->digest.a == digest.a && known->digest.b == digest.b;
}

/* Apart: seldom. */
static __attribute__((noinline)) bool
bucket_has_tagged(struct memory *m, const struct bucket *bucket,
	struct leat__digest digest, uint32_t tagged)
{
	for (uint32_t k = 0; k < BUCKET_ENTRIES; k++)
		if ((tagged >> 2 * k & 1u) &&
			number_is(m, bucket_number(bucket, k), digest))
			return true;
	return false;
}

static inline bool
bucket_has(struct memory *m, const struct bucket *bucket,
	struct leat__digest digest)
{
	uint32_t tagged = bucket_tagged(bucket, tag_of(digest));

	return leat__unlikely(tagged) &&
		bucket_has_tagged(m, bucket, digest, tagged);
}

/* false: none is dead, for the one that came first is not. */
static inline __attribute__((always_inline)) bool
bucket_add(const struct memory *m, struct bucket *bucket,
	struct leat__digest digest, uint64_t number)
{
	uint32_t k = bucket->tags[BUCKET_TURN];

	if (number_is_known(m, bucket_number(bucket, k)))
		return false;
	bucket->tags[k] = tag_of(digest);
	bucket_set_number(bucket, k, number);
	bucket->tags[BUCKET_TURN] =
		(uint16_t)(k + 1 < BUCKET_ENTRIES ? k + 1 : 0);
	return true;
}

/* As if it had not been added, if it was the last. */
static bool
bucket_remove(struct bucket *bucket, uint64_t number)
{
	uint32_t is_at = bucket->tags[BUCKET_TURN];
	uint32_t was_at = is_at ? is_at - 1 : BUCKET_ENTRIES - 1;

	if (bucket_number(bucket, was_at) != number << NUMBER_SHIFT)
		return false;
	bucket_set_number(bucket, was_at, 0);
	bucket->tags[BUCKET_TURN] = (uint16_t)was_at;
	return true;
}

/* Is there anything of this bucket in those behind it? What is undone may have
 * been the last, so a number that is to come says yes. */
static bool
bucket_goes_on(const struct memory *m, const struct bucket *bucket)
{
	return number_age(m, bucket_number(bucket, BUCKET_ON)) <=
		UINT64_MAX / 2;
}

/* Apart: seldom. */
static __attribute__((noinline)) bool
table_has_behind(
	struct memory *m, struct bucket *bucket, struct leat__digest digest)
{
	for (uint64_t n = m->n_buckets; n && bucket_goes_on(m, bucket); n--) {
		bucket = table_next(m, bucket);
		if (bucket_has(m, bucket, digest))
			return true;
	}
	return false;
}

static inline bool
table_has(struct memory *m, struct bucket *home, struct leat__digest digest)
{
	return bucket_has(m, home, digest) ||
		(leat__unlikely(bucket_goes_on(m, home)) &&
			table_has_behind(m, home, digest));
}

/* There are more entries than keys that are known, so one is dead. Apart:
 * seldom. */
static __attribute__((noinline)) void
table_add_behind(struct memory *m, struct bucket *bucket,
	struct leat__digest digest, uint64_t number)
{
	do {
		bucket_set_number(bucket, BUCKET_ON, number);
		bucket = table_next(m, bucket);
	} while (!bucket_add(m, bucket, digest, number));
}

/* Its number will be another key's. What came last goes first. */
static void
table_remove(struct memory *m, struct leat__digest digest, uint64_t number)
{
	struct bucket *bucket = table_home(m, digest);

	while (!bucket_remove(bucket, number))
		bucket = table_next(m, bucket);
}

/* ---- what is known ------------------------------------------------------ */

/* false: it is. */
static inline __attribute__((always_inline)) bool
memory_put(struct memory *m, struct leat__digest digest, int64_t now_ns)
{
	struct bucket *home = table_home(m, digest);

	if (table_has(m, home, digest))
		return false;
	if (m->next - m->first == m->n_keys)
		m->first++;
	if (leat__unlikely(!bucket_add(m, home, digest, m->next)))
		table_add_behind(m, home, digest, m->next);
	m->ring[m->place] = (struct known){digest, now_ns};
	m->next++;
	m->place = m->place + 1 < m->n_keys ? m->place + 1 : 0;
	m->n_open++;
	return true;
}

/* The call went well: what it had known for good. */
static void
memory_settle(struct memory *m)
{
	m->n_open = 0;
}

/* It did not: nothing of it is. What it had put out stays forgotten. */
static void
memory_undo(struct memory *m)
{
	uint64_t n = leat__min_u64(m->n_open, m->next - m->first);

	while (n--) {
		m->place = ring_place(m, 1);
		m->next--;
		table_remove(m, m->ring[m->place].digest, m->next);
	}
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

	leat__digest_begin(&d, &s->memory->secret);
	for (uint32_t k = 0; k < n; k++)
		key_add_value(&d, s->memory, t, c->n ? c->at[k] : k, row);
	return leat__digest_end(&d);
}

/* Compilers that join the two words for a write do so by way of the stack,
 * and wait there longer than for all the rest. */
static inline struct leat__digest
digest_in_registers(struct leat__digest digest)
{
	__asm__("" : "+r"(digest.a), "+r"(digest.b));
	return digest;
}

static struct leat__digest
key_of_bytes(struct dedup *s, const void *data, size_t n_bytes)
{
	return digest_in_registers(
		leat__digest_of(&s->memory->secret, data, n_bytes));
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

/* Records of a frame whose digests are known before the first is looked up. */
struct batch {
	struct leat__digest digests[DEDUP_BATCH];
	uint32_t n;
};

static void
batch_add(struct memory *m, struct batch *b, struct leat__digest digest)
{
	__builtin_prefetch(table_home(m, digest), 1);
	b->digests[b->n++] = digest;
}

/* Which of them are new: bit k is that of the k-th. The next may come. */
static uint32_t
batch_put(struct memory *m, struct batch *b, int64_t now_ns)
{
	uint32_t is_new = 0;

	for (uint32_t k = 0; k < b->n; k++)
		is_new |= (uint32_t)memory_put(m, b->digests[k], now_ns) << k;
	b->n = 0;
	return is_new;
}

static uint32_t
batch_end(uint32_t from, uint32_t n)
{
	return (uint32_t)leat__min_u64((uint64_t)from + DEDUP_BATCH, n);
}

static int
keep_rows_of_table(struct leat_hook *hook, struct leat_frame *frame,
	const struct leat_call *call, int64_t now_ns)
{
	const struct leat_dedup_guard_opts *o = leat_hook_opts(hook);
	struct dedup *s = dedup_of(hook);
	struct batch b = {.n = 0};
	struct leat_table t;
	uint32_t *rows, n = 0;

	leat_table_open(frame, &t);
	if (s->columns.schema != t.schema)
		LEAT_TRY(columns_find(&s->columns, o->by, call, t.schema));
	rows = leat_table_selection(&t);
	for (uint32_t k = 0; k < frame->n_items;) {
		uint32_t end = batch_end(k, frame->n_items);
		uint32_t is_new;

		for (uint32_t j = k; j < end; j++)
			batch_add(s->memory, &b,
				key_of_row(s, &t, leat_table_row(&t, j)));
		is_new = batch_put(s->memory, &b, now_ns);
		for (; k < end; k++, is_new >>= 1)
			if (is_new & 1u)
				rows[n++] = leat_table_row(&t, k);
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
	struct batch b = {.n = 0};
	uint32_t n = 0;

	for (uint32_t k = 0; k < rows.n;) {
		uint32_t end = batch_end(k, rows.n), is_new;

		for (uint32_t j = k; j < end; j++)
			batch_add(s->memory, &b,
				key_of_bytes(s, rows.text + rows.rows[j].offset,
					rows.rows[j].len));
		is_new = batch_put(s->memory, &b, now_ns);
		for (; k < end; k++, is_new >>= 1)
			if (is_new & 1u)
				rows.rows[n++] = rows.rows[k];
	}
	if (!n)
		return LEAT_SHED;
	/* text behind the array stays where it is */
	if (is_apart)
		frame->len_bytes = n * (uint32_t)sizeof(struct leat_row);
	frame->n_items = n;
	return LEAT_OK;
}

static void
item_move(struct leat_frame *frame, uint32_t to, uint32_t from, size_t n_bytes)
{
	if (to < from)
		memcpy(frame->data + to * n_bytes, frame->data + from * n_bytes,
			n_bytes);
}

static int
keep_items(struct dedup *s, struct leat_frame *frame, int64_t now_ns)
{
	uint32_t n_bytes = leat_frame_item_bytes(frame), n = 0;
	struct batch b = {.n = 0};

	for (uint32_t k = 0; k < frame->n_items;) {
		uint32_t end = batch_end(k, frame->n_items), is_new;

		for (uint32_t j = k; j < end; j++)
			batch_add(s->memory, &b,
				key_of_bytes(s,
					frame->data + (size_t)j * n_bytes,
					n_bytes));
		is_new = batch_put(s->memory, &b, now_ns);
		for (; k < end; k++, is_new >>= 1)
			if (is_new & 1u)
				item_move(frame, n++, k, n_bytes);
	}
	if (!n)
		return LEAT_SHED;
	frame->len_bytes = n * n_bytes;
	frame->n_items = n;
	return LEAT_OK;
}

static inline int
keep_bytes(struct dedup *s, const struct leat_frame *frame, int64_t now_ns)
{
	struct leat__digest digest =
		key_of_bytes(s, frame->data, frame->len_bytes);

	return leat__likely(memory_put(s->memory, digest, now_ns)) ? LEAT_OK
								   : LEAT_SHED;
}

/* Of more than one record, or of a table. */
static __attribute__((noinline)) int
keep_new(struct leat_hook *hook, struct leat_frame *frame,
	const struct leat_call *call, int64_t now_ns)
{
	struct dedup *s = dedup_of(hook);

	switch (frame->layout) {
	case LEAT_LAYOUT_TABLE:
		return keep_rows_of_table(hook, frame, call, now_ns);
	case LEAT_LAYOUT_ROWS:
		return keep_strings(s, frame, now_ns);
	default:
		return keep_items(s, frame, now_ns);
	}
}

/* One item is all bytes of its frame. */
static bool
is_one_record(const struct leat_frame *frame)
{
	return frame->layout == LEAT_LAYOUT_BYTES ||
		(frame->n_items == 1 && frame->layout == LEAT_LAYOUT_ITEMS);
}

/* false: not of this call, or there is nothing. */
static bool
has_records(const struct leat_call *call, const struct leat_frame *frame)
{
	return frame && !call->is_more && frame->n_items;
}

static int
dedup_before(struct leat_hook *hook, const struct leat_call *call)
{
	struct leat_frame *frame = leat_call_frame(call);
	struct dedup *s = dedup_of(hook);
	int64_t now_ns = 0;
	int rc;

	if (!has_records(call, frame))
		return LEAT_OK;
	if (s->within_ns) {
		now_ns = leat_hook_now_ns(hook);
		ring_forget_old(s->memory, now_ns, s->within_ns);
	}
	rc = is_one_record(frame) ? keep_bytes(s, frame, now_ns)
				  : keep_new(hook, frame, call, now_ns);
	if (leat__unlikely(rc != LEAT_OK))
		memory_undo(s->memory);
	return rc;
}

static void
dedup_after(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	struct memory *m = dedup_of(hook)->memory;

	(void)call;
	if (rc == LEAT_OK || rc == LEAT_EOS)
		memory_settle(m);
	else if (rc != LEAT_MORE)
		memory_undo(m);
}

/* ---- the hook ----------------------------------------------------------- */

static void
memory_place(struct memory *m)
{
	uintptr_t at = (uintptr_t)(m + 1);

	m->table = (void *)(uintptr_t)leat__round_up(at, BUCKET_BYTES);
	m->ring = (void *)(m->table + m->n_buckets);
}

static void
memory_draw_secret(struct memory *m, struct leat_hook *hook)
{
	uint64_t random[LEAT__DIGEST_RANDOM];

	for (uint32_t k = 0; k < LEAT__DIGEST_RANDOM; k++)
		random[k] = leat_hook_random(hook);
	leat__digest_secret_init(&m->secret, leat__digest_best(), random);
}

static int
dedup_init(struct leat_hook *hook, const void *opts)
{
	const struct leat_dedup_guard_opts *o = opts;
	uint64_t n_keys = o->keys ? o->keys : DEDUP_KEYS;
	struct dedup *s = dedup_of(hook);
	void *memory;

	LEAT_TRY(leat_hook_keep(hook, NULL, memory_bytes(n_keys), &memory));
	s->memory = memory;
	s->within_ns = o->within_ns;
	if (s->memory->n_keys && s->memory->n_keys != n_keys)
		return leat_hook_fail(hook, LEAT_EINVAL,
			"@dedup remembers keys=%llu while it runs, and no "
			"other "
			"number",
			(unsigned long long)s->memory->n_keys);
	if (s->memory->n_keys)
		return LEAT_OK;
	s->memory->n_keys = n_keys;
	s->memory->n_buckets = memory_buckets(n_keys);
	s->memory->first = s->memory->next = 1;
	memory_place(s->memory);
	memory_draw_secret(s->memory, hook);
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
		.help = "the last so many are known; 46 bytes each"},
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
		"a secret of this\n"
		"run, so that a record is mistaken for another with a "
		"probability of at most\n"
		"keys / 2^117, whoever makes the records; of records above 32 "
		"KiB, a little\n"
		"more. What is dropped is counted as shed. Of bytes a frame "
		"is one record.\n"
		"\n"
		"It knows what came in this run only, and each replica of a "
		"parallel { } what\n"
		"came to itself: so deal records out by their key there.\n"
		"\n"
		"    @retry(max=5) @dedup(by=id, keys=1000000) STAGE ...\n"
		"    ... ! parallel 4 by=id { @dedup(by=id) STAGE } ! ...\n",
	.state_bytes = sizeof(struct dedup),
	.opts_bytes = sizeof(struct leat_dedup_guard_opts),
	.options = dedup_options,
	.init = dedup_init,
	.before = dedup_before,
	.after = dedup_after,
};
