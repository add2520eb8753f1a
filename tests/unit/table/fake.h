/*
 * A stage without a graph: side memory with a cap, and nothing else. For tests
 * and for fuzzers, which are none: what fails here aborts.
 */
#ifndef LEAT_TESTS_UNIT_TABLE_FAKE_H
#define LEAT_TESTS_UNIT_TABLE_FAKE_H

#include "graph/graph.h"
#include "support/test.h"
#include "table/table.h"

#define fake_check(is_good)                                                    \
	do {                                                                   \
		if (!(is_good)) {                                              \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,     \
				#is_good);                                     \
			abort();                                               \
		}                                                              \
	} while (0)

struct fake {
	struct leat_stage st;
	struct leat_graph graph;
	struct leat__arena *arena;
	struct leat_pool *pool;
};

static inline void
fake_init(struct fake *f, uint64_t side_bytes, uint32_t slot_bytes)
{
	struct leat_pool_opts o = {LEAT_OPTS_INIT(leat_pool_opts),
		.slot_bytes = slot_bytes, .n_slots = 4};

	memset(f, 0, sizeof(*f));
	f->st.graph = &f->graph;
	f->graph.env = leat__env_posix();
	f->graph.state = LEAT__GRAPH_RUNNING;
	fake_check(!leat__arena_create(leat__env_posix(), &f->arena));
	leat__account_init(&f->st.account, f->arena, side_bytes);
	fake_check(!leat_pool_create(&o, &f->pool, NULL));
}

static inline void
fake_fini(struct fake *f)
{
	leat__account_fini(&f->st.account);
	leat__arena_destroy(f->arena);
	leat_pool_destroy(f->pool);
}

static inline struct leat_frame *
fake_frame(struct fake *f)
{
	struct leat_frame *frame;

	fake_check(!leat_pool_try_acquire(f->pool, &frame));
	return frame;
}

static inline struct leat_text
fake_text(const char *s)
{
	return (struct leat_text){(const uint8_t *)s, (uint32_t)strlen(s)};
}

static inline struct leat_schema *
fake_schema(struct fake *f, const char *const *names, uint32_t n)
{
	struct leat_schema *schema;
	struct leat_text texts[16];

	for (uint32_t k = 0; k < n; k++)
		texts[k] = fake_text(names[k]);
	fake_check(!leat_schema_create(&f->st, texts, n, &schema));
	return schema;
}

/* The values of the next own vector. */
static inline void *
fake_vector(struct leat_table *t, uint32_t type)
{
	struct leat_vector_room room;

	fake_check(!leat_table_add_vector(t, type, 0, &room));
	return room.values;
}

#define FAKE_TEXT_AT 40000 /* behind field ends and selection */

/* A table over a copy of lines, in the frame's own slot. */
static inline struct leat_frame *
fake_table(struct fake *f, const struct leat_schema *schema, const char *lines,
	struct leat_table *t)
{
	struct leat_frame *frame = fake_frame(f);
	struct leat_dialect d = {
		(uint8_t)schema->separator, (uint8_t)schema->quote};
	struct leat_fields fields = {.schema = schema, .line = 1};
	struct leat_scan scan = {0};
	uint32_t n_max, n_scanned;
	uint32_t *ends = leat_table_fields_room(frame, &n_max);
	uint8_t *text = leat_frame_start(frame) + FAKE_TEXT_AT;
	uint32_t len = (uint32_t)strlen(lines);

	fake_check(FAKE_TEXT_AT + len + 64 < leat_frame_capacity_bytes(frame));
	memcpy(text, lines, len + 1);
	leat_text_scan_exact(&scan, &d, text, len, 0, ends, n_max, &n_scanned);
	fake_check(!scan.is_odd);
	fields.text_offset = FAKE_TEXT_AT;
	fields.n_rows = scan.n_lines;
	fields.has_quotes = scan.has_quotes;
	leat_table_begin_fields(frame, &fields);
	leat_table_open(frame, t);
	return frame;
}

#endif
