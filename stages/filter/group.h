/*
 * stages/filter/group.h -- rows in groups, and what is known of each.
 *
 * The machinery of group and window: a spec says which columns are keys and
 * which results are wanted; a block holds the values of up to 512 rows; a
 * group takes blocks and has a state for each key; partitions hold what does
 * not fit into memory.
 */
#ifndef LEAT_STAGES_GROUP_H
#define LEAT_STAGES_GROUP_H

#include <leat/io.h>
#include <leat/stage.h>
#include <leat/table.h>

#include "group_hash.h"
#include "group_sketch.h"
#include "group_wait.h"

#define LEAT__GROUP_KEYS_MAX    256u
#define LEAT__GROUP_RESULTS_MAX 256u
#define LEAT__GROUP_INPUTS_MAX                                                 \
	(LEAT__GROUP_KEYS_MAX + LEAT__GROUP_RESULTS_MAX + 1)
#define LEAT__GROUP_BLOCK 512u

/* ---- the spec: group_spec.c, group_bind.c -------------------------------- */

enum leat__group_function {
	LEAT__GROUP_COUNT,
	LEAT__GROUP_SUM,
	LEAT__GROUP_AVG,
	LEAT__GROUP_MIN,
	LEAT__GROUP_MAX,
	LEAT__GROUP_STDDEV,
	LEAT__GROUP_DISTINCT,
	LEAT__GROUP_APPROX_DISTINCT,
	LEAT__GROUP_QUANTILE,
	LEAT__GROUP_MEDIAN,
	LEAT__GROUP_FIRST,
	LEAT__GROUP_LAST,
	LEAT__GROUP_FUNCTION_N
};

/* A name in an option, and where it stands there. */
struct leat__group_name {
	const char *text; /* NUL-terminated; "" = none */
	uint32_t len;
	uint32_t offset;
	uint32_t n_bytes;
};

struct leat__group_result {
	struct leat__group_name name;   /* of the column that comes out */
	struct leat__group_name column; /* "" = all rows */
	uint32_t function;
	double q;       /* of a quantile */
	uint32_t state; /* from here on: after bind */
	uint32_t type;
	uint32_t scale;
	uint32_t flags; /* LEAT_COLUMN_JSON */
};

/* What is kept for a group. */
enum leat__group_kind {
	LEAT__STATE_ROWS,
	LEAT__STATE_VALUES,
	LEAT__STATE_SUM_INT64,
	LEAT__STATE_SUM_FLOAT64,
	LEAT__STATE_SUM_DECIMAL,
	LEAT__STATE_MOMENTS,
	LEAT__STATE_MIN,
	LEAT__STATE_MAX,
	LEAT__STATE_FIRST,
	LEAT__STATE_LAST,
	LEAT__STATE_DISTINCT,
	LEAT__STATE_REGISTERS,
	LEAT__STATE_QUANTILE,
	LEAT__STATE_N
};

struct leat__group_state {
	uint32_t kind;
	uint32_t input;  /* not of ROWS */
	uint32_t offset; /* in the states of a group */
};

/* A column, and as what it is read. */
struct leat__group_input {
	const struct leat__group_name *name;
	uint32_t column;   /* of the schema that is bound */
	uint32_t declared; /* type in that schema */
	uint32_t flags;    /* LEAT_COLUMN_JSON */
	uint32_t type; /* as which it is read; text may be read as float64 */
	uint32_t scale;
};

struct leat__group_spec {
	struct leat__group_name keys[LEAT__GROUP_KEYS_MAX];
	struct leat__group_result results[LEAT__GROUP_RESULTS_MAX];
	uint32_t n_keys;
	uint32_t n_results;
	struct leat__group_name time;   /* a further input, number n_keys */
	const struct leat_schema *from; /* bound to; NULL = none yet */
	struct leat_schema *to;         /* n_before columns, keys, results */
	uint32_t n_inputs;              /* the keys come first */
	uint32_t n_states;
	uint32_t state_bytes;
	bool has_distinct;
	uint32_t growth_bytes; /* that states of a group are likely to take */
			       /* for more rows */
	struct leat__group_input inputs[LEAT__GROUP_INPUTS_MAX];
	struct leat__group_state states[LEAT__GROUP_RESULTS_MAX];
};

/* Side memory that parsing and binding take for options of this length. */
uint64_t leat__group_spec_side_bytes(const char *by, const char *results);
/* Read a list of columns. */
int leat__group_parse_names(struct leat_stage *st, const char *option,
	const char *list, struct leat__group_name *names, uint32_t *n_out);
/* Read one column; "" is none. */
int leat__group_parse_name(struct leat_stage *st, const char *option,
	const char *text, struct leat__group_name *name);
/* Read "n=count(),sum(delay)". */
int leat__group_parse_results(struct leat_stage *st, const char *option,
	const char *list, struct leat__group_spec *spec);

/*
 * Find the columns in a schema and make the one of what comes out. Again for
 * another schema: then the types are to be the same.
 *
 * @param before    columns that stand before the keys               [lent]
 */
int leat__group_bind(struct leat_stage *st, struct leat__group_spec *spec,
	const struct leat_schema *from, const struct leat_column *before,
	uint32_t n_before);
/* As the `wants` of a stage with this spec, which passes nothing on. */
uint32_t leat__group_wants(const struct leat__group_spec *spec,
	const struct leat_schema *schema, bool *wanted);
/* Can it be bound to nothing: does it ask for no column? */
bool leat__group_needs_no_column(const struct leat__group_spec *spec);

/* ---- a block of rows: group_block.c, group_key.c, group_ready.c ----------- */

struct leat__group_block_column {
	union {
		int64_t ints[LEAT__GROUP_BLOCK]; /* and bool, date, timestamp */
		double floats[LEAT__GROUP_BLOCK];
		struct leat_decimal decimals[LEAT__GROUP_BLOCK];
		struct leat_text texts[LEAT__GROUP_BLOCK]; /* and binary */
	} values;
	uint8_t has[LEAT__GROUP_BLOCK];
};

struct leat__group_block {
	const struct leat__group_spec *spec;
	struct leat__group_budget *budget;
	uint32_t n;
	uint64_t seed; /* of the hashes */
	uint64_t hashes[LEAT__GROUP_BLOCK];
	struct leat_text keys[LEAT__GROUP_BLOCK];
	struct leat__group_block_column *columns; /* one for each input */
	/* of the frame that is read */
	struct leat_table table;
	uint32_t next;     /* of its rows alive, the first not read */
	uint32_t n_listed; /* rows read, and left over */
	uint32_t rows[LEAT__GROUP_BLOCK]; /* their numbers */
	struct leat_vector *vectors;      /* of each input */
	uint8_t *is_text; /* of each input: no vector, one value at a time */
	/* of each input: no state looks at it that is_ready is not set for */
	uint8_t *is_unread;
	bool is_ready[LEAT__GROUP_RESULTS_MAX]; /* of each state: see below */
	/* of each row; NULL: keys and hashes are those of the block */
	const struct leat__group_short *ready_keys;
	/* texts that were decoded, and keys of several columns */
	uint8_t *scratch;
	uint32_t scratch_bytes;
	uint32_t scratch_at;
};

/* Side memory of a block beside its budget. */
uint64_t leat__group_block_side_bytes(uint32_t n_inputs);
int leat__group_block_init(struct leat_stage *st,
	struct leat__group_block *block, const struct leat__group_spec *spec,
	struct leat__group_budget *budget);
void leat__group_block_fini(
	struct leat_stage *st, struct leat__group_block *block);
/* Begin with a frame of the schema that is bound. */
int leat__group_block_open(struct leat_stage *st,
	struct leat__group_block *block, struct leat_frame *frame);
/*
 * Read the next rows, at least one; rows that cannot be read are rejected.
 * LEAT_OK; LEAT_EOS: the frame has no more; or a code.
 */
int leat__group_block_read(
	struct leat_stage *st, struct leat__group_block *block);
/* Room that is gone with the next block; NULL: none. Twice of it, empty. */
uint8_t *leat__group_block_room(
	struct leat__group_block *block, uint64_t n_bytes);
int leat__group_block_grow(
	struct leat_stage *st, struct leat__group_block *block);
/* Keys and hashes from the columns; fewer rows if there is no room. */
int leat__group_block_make_keys(
	struct leat_stage *st, struct leat__group_block *block);
/* "the option memory= is too small", LEAT_ELIMIT. */
int leat__group_fail_memory(
	struct leat_stage *st, const struct leat__group_budget *budget);
/* Reject row k of the block for its value of an input. */
int leat__group_block_reject(struct leat_stage *st,
	const struct leat__group_block *block, uint32_t k, uint32_t input,
	int code, const char *reason);

/* Bytes of row k as a record, and the record; see group_record.c. */
uint64_t leat__group_record_bytes(
	const struct leat__group_block *block, uint32_t k);
void leat__group_record_put(
	const struct leat__group_block *block, uint32_t k, uint8_t *record);
/* A record becomes row block->n, and lends its bytes. */
void leat__group_record_get(
	struct leat__group_block *block, const uint8_t *record);
/*
 * What group.values made ready. With one key of text: it, of each row, as a
 * short value; of a long one none. Without keys: short values of a state, those
 * that are not null, in the order of their hashes, with the part of the set
 * where the owner's number will stand; a vector of this type behind those of
 * the schema, of the first states of DISTINCT that all rows have such values
 * of.
 */
#define LEAT__GROUP_READY_TYPE LEAT_TYPE_DECIMAL
_Static_assert(sizeof(struct leat__group_short) == sizeof(struct leat_decimal),
	"short values are as long as those of that type");

/* The n-th that is there, of the frame that is open; NULL: none. */
const struct leat__group_short *leat__group_block_ready(
	struct leat__group_block *block, uint32_t n);
/* A state has been taken from there: rows are not read for it. */
void leat__group_block_set_ready(
	struct leat__group_block *block, uint32_t state);
/* Keys have been taken from there: they are made row by row, when asked for. */
void leat__group_block_set_ready_keys(
	struct leat__group_block *block, const struct leat__group_short *keys);
void leat__group_block_make_key(struct leat__group_block *block, uint32_t k);
/* Are rows to be read at all? */
bool leat__group_block_has_more(const struct leat__group_block *block);

/*
 * What stands before every record in a partition. The hash of a row has no
 * seed: partitions come back in an order that is the same each time.
 */
struct leat__group_record_head {
	uint64_t hash;
	uint64_t n_bytes; /* with this head, a multiple of 8 */
};

/* ---- partitions on the disk: group_spill.c ------------------------------- */

#define LEAT__GROUP_SPILL_PARTS  16u
#define LEAT__GROUP_SPILL_BITS   4u
#define LEAT__GROUP_SPILL_LEVELS 10u

/* What all levels of a stage have in common. */
struct leat__group_spill_disk {
	struct leat_stage *st;
	struct leat__group_budget *budget;
	const char *folder;
	uint64_t limit_bytes;
	uint64_t used_bytes;
	uint32_t buffer_bytes; /* of one partition; of a reader 16 times that */
};

/* Records that wait, parted by bits of their hash. */
struct leat__group_spill {
	struct leat__group_spill_disk *disk;
	uint32_t level;
	uint32_t part; /* that is read next */
	bool has_any;  /* was anything ever added? */
	uint8_t *buffers;
	uint32_t fill[LEAT__GROUP_SPILL_PARTS];
	struct leat_scratch *files[LEAT__GROUP_SPILL_PARTS];
};

/* Memory that is set aside of a budget for one spill or reader. */
uint64_t leat__group_spill_spare_bytes(
	const struct leat__group_spill_disk *disk);
void leat__group_spill_init(struct leat__group_spill *spill,
	struct leat__group_spill_disk *disk, uint32_t level);
void leat__group_spill_fini(struct leat__group_spill *spill);
/* Room for a record of head->n_bytes; to be filled behind the head at once. */
int leat__group_spill_add(struct leat__group_spill *spill,
	const struct leat__group_record_head *head, uint8_t **record_out);
/* All records have come. */
int leat__group_spill_flush(struct leat__group_spill *spill);
/* Reads one partition, in the order in which records came. */
struct leat__group_spill_reader {
	struct leat__group_spill_disk *disk;
	struct leat_scratch *file;
	uint64_t offset;
	uint8_t *buffer;
	uint64_t buffer_bytes;
	uint64_t at;
	uint64_t end;
};

/* The next partition that has records; LEAT_EOS: there is none. */
int leat__group_spill_open_next(struct leat__group_spill *spill,
	struct leat__group_spill_reader *reader);
/*
 * The next record; NULL: there is none in memory, call refill, after which
 * what was handed out before is gone.
 */
const uint8_t *leat__group_spill_next(struct leat__group_spill_reader *reader);
/* LEAT_OK, LEAT_EOS: that was all, or a code. */
int leat__group_spill_refill(struct leat__group_spill_reader *reader);
void leat__group_spill_close(struct leat__group_spill_reader *reader);

/* ---- groups: group_core.c, group_state.c, group_distinct.c, group_emit.c - */

struct leat__group_entry {
	struct leat__group_entry *next; /* that appeared after this one */
	uint32_t number;
	uint32_t reserved;
	/* then the states, then the key */
};

struct leat__groups {
	const struct leat__group_spec *spec;
	struct leat__group_budget *budget;
	struct leat__group_bag bag;
	struct leat__group_bag growth; /* of states, for more rows */
	struct leat__group_hash_table table;
	struct leat__group_recent *recent; /* NULL = not kept */
	struct leat__group_entry *first;
	struct leat__group_entry *last;
	uint32_t n_groups;
	/* values of DISTINCT that were seen, by state and group */
	struct leat__group_bag values_bag;
	struct leat__group_hash_table values;
	struct leat__group_set shorts; /* those of few bytes */
	struct leat__group_wait *wait; /* what goes there; NULL = none waits */
	bool has_no_wait;              /* there was no room for it */
	bool is_complete;              /* all rows have come */
	/* for what has no room; NULL: then LEAT_ELIMIT */
	struct leat__group_spill *spill_rows;
	struct leat__group_spill *spill_values;
};

/* The groups that short keys had of late. */
#define LEAT__GROUP_RECENT_BITS 12u
#define LEAT__GROUP_RECENT      (1u << LEAT__GROUP_RECENT_BITS)
struct leat__group_recent {
	struct leat__group_short key;
	struct leat__group_entry *entry;
};

/* Zeroed = none. Chunks of its memory begin with first_bytes. */
void leat__group_init(struct leat__groups *group,
	const struct leat__group_spec *spec, struct leat__group_budget *budget,
	uint64_t first_bytes);
void leat__group_fini(struct leat__groups *group);
/* n rows of a block that has keys, from one on. */
int leat__group_add(struct leat_stage *st, struct leat__groups *group,
	struct leat__group_block *block, uint32_t from, uint32_t n);
/* Without keys there is one group, also of no row. */
int leat__group_add_empty(struct leat_stage *st, struct leat__groups *group);
/* Count what was spilled of DISTINCT. */
int leat__group_finish(struct leat_stage *st, struct leat__groups *group);
/* Is there one key, of text? */
static inline bool
leat__group_has_ready_keys(const struct leat__group_spec *spec)
{
	return spec->n_keys == 1 && spec->inputs[0].type == LEAT_TYPE_TEXT;
}

/* Of a frame that is open: what was made ready for states. */
int leat__group_add_ready(struct leat_stage *st, struct leat__groups *group,
	struct leat__group_block *block);
/* Put a group's keys and results into the row in work, from a column on. */
int leat__group_emit(struct leat_stage *st, const struct leat__groups *group,
	const struct leat__group_entry *entry, struct leat_builder *builder,
	uint32_t column);

/* ---- between these files ------------------------------------------------- */

/* Rows of a block and the states of their groups. */
struct leat__group_batch {
	uint32_t n;
	uint16_t at[LEAT__GROUP_BLOCK]; /* in the block */
	uint8_t *states[LEAT__GROUP_BLOCK];
};

uint32_t leat__group_state_bytes(uint32_t kind);
/* Memory that a state is likely to take beside its bytes. */
uint32_t leat__group_state_growth(uint32_t kind, uint32_t type);
/* Values of a new group beside zero: memory of fixed size. */
bool leat__group_state_begin(const struct leat__group_spec *spec,
	struct leat__group_bag *bag, uint8_t *states, uint64_t spare_bytes);
/* false: no memory. Not for DISTINCT. */
bool leat__group_state_update(struct leat__groups *group,
	const struct leat__group_state *state,
	const struct leat__group_batch *batch,
	const struct leat__group_block_column *column);
/* What groups that are there may still need. */
uint64_t leat__group_spare_bytes(const struct leat__groups *group);
/* Values that were made ready for the one group there is, up to one that is
 * none. */
int leat__group_distinct_ready(struct leat_stage *st,
	struct leat__groups *group, uint32_t state,
	const struct leat__group_short *values, uint32_t n);
int leat__group_distinct_update(struct leat_stage *st,
	struct leat__groups *group, uint32_t state,
	const struct leat__group_batch *batch,
	const struct leat__group_block_column *column);

/* One value that was kept. */
struct leat__group_cell {
	uint64_t low;  /* the value, or the lower half of it */
	uint64_t high; /* of DECIMAL */
	uint8_t *text; /* of TEXT and BINARY: room for `room` bytes */
	uint32_t len;
	uint16_t has;
	uint16_t room_bits; /* room is 1 << room_bits; 0 = none */
};

struct leat__group_sum {
	uint64_t n;
	uint64_t low; /* of 192 bits */
	uint64_t middle;
	int64_t high; /* of INT64 no more than the sign */
};

struct leat__group_float_sum {
	uint64_t n;
	double sum;
	double rest; /* what rounding took from it */
};

struct leat__group_moments {
	uint64_t n;
	double mean;
	double squares; /* of distances from the mean */
};

/* Equal numbers have equal bits. */
static inline double
leat__group_same_float(double x)
{
	return x != x ? __builtin_nan("") : x + 0.0;
}

/* ---- exact numbers: group_exact.c ---------------------------------------- */

/* numerator / denominator, rounded once; denominator below 2^127, not 0. */
double leat__group_exact_ratio(
	leat__group_s128 numerator, leat__group_u128 denominator);
/* 10^scale, scale up to 38. */
leat__group_u128 leat__group_exact_power(uint32_t scale);
/* The nearest double of a decimal. */
double leat__group_exact_decimal(struct leat_decimal x, uint32_t scale);

#endif
