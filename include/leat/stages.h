/*
 * leat/stages.h -- the ready-made stages and their options.
 *
 * The address of an ops struct is the stage; there is nothing to register.
 * leat_stages is the table of names that leat_graph_parse() and the command
 * use; make your own struct leat_stage_set to add or leave out some.
 */
#ifndef LEAT_STAGES_H
#define LEAT_STAGES_H

#include <leat/base.h>
#include <leat/stage.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_dead_ops; /* leat/dead.h */
struct leat_hook_ops; /* leat/guard.h */

/** What a file name's extension brings along. */
struct leat_extension {
	const char *suffix; /* ".csv"; the last entry is NULL */
	const char
		*parser; /* stage text after a source: "csv.parse", or NULL */
	const char *formatter; /* stage text before a sink; NULL = none */
};

/** How a file is compressed, by the end of its name and by its first bytes. */
struct leat_compression {
	const char *suffix;  /* ".zst"; the last entry is NULL */
	const char *decoder; /* stage text: "zstd.decode" */
	const char *encoder; /* "zstd.encode" */
	uint8_t magic[4];
	uint32_t n_magic;
	/* what decodes members before the decoder, several at once, where a
	 * source shows that there are several; NULL = nothing */
	const struct leat_stage_ops *members;
	bool (*has_members)(const struct leat_shape *shape);
	uint32_t members_workers; /* with fewer workers it is not worth it */
	uint32_t reserved;
	/* of a sample that begins with magic: is it one? NULL = yes */
	bool (*is_shown)(const struct leat_shape *shape);
};

/** A table of stages by name. */
struct leat_stage_set {
	uint32_t size; /* sizeof(struct leat_stage_set) */
	uint32_t n_stages;
	const struct leat_stage_ops *const *stages;
	const struct leat_extension *extensions;
	const struct leat_compression *compressions; /* NULL = none */
	/* ends with NULL; NULL = there are none */
	const struct leat_hook_ops *const *guards;
	/* stores of dead letters, the first that takes a path has it; ends with
	 * NULL; NULL = all go to files of lines */
	const struct leat_dead_ops *const *dead_stores;
};

LEAT_API extern const struct leat_stage_set leat_stages;

/* ---- sources ---------------------------------------------------------------- */

/** read PATH: the bytes of a file, of all that a pattern names, or of standard
 * input ("-"). */
LEAT_API extern const struct leat_stage_ops leat_read_ops;

struct leat_read_opts {
	uint32_t size;
	uint32_t flags;
	const char *path;
	uint64_t chunk_bytes; /* payload of a frame; 0 = 262144 */
	uint32_t decode;      /* 0 = auto: a decoder comes along; 1 = off */
	uint32_t glob;        /* 0 = on: a path may be a pattern; 1 = off */
};

/** gen: rows that come as real traffic does, made up. */
LEAT_API extern const struct leat_stage_ops leat_gen_ops;

struct leat_gen_opts {
	uint32_t size;
	uint32_t flags;
	double rate;        /* rows a second, the mean of a period; 0 = 1000 */
	uint64_t count;     /* rows; 0 = any number */
	int64_t span_ns;    /* of the time in the rows; 0 = any */
	uint64_t daily;     /* percent that the rate swings by; 0 to 100 */
	int64_t period_ns;  /* of that; 0 = 24 h */
	double group;       /* rows that come at once, the mean; 0 = 1 */
	double tail;        /* Pareto's shape of that; 0 = 1.5 */
	uint64_t group_max; /* 0 = 10 000 */
	double bursts;      /* an hour, the mean */
	int64_t burst_for_ns; /* the mean; 0 = 30 s */
	double burst_times;   /* of the rate, in one; 0 = 10 */
	uint64_t keys;        /* different ones; 0 = 1000 */
	double skew;          /* Zipf's exponent of them; 0 = all alike */
	const char *start;    /* a timestamp; "" = 2000-01-01 */
	uint64_t seed;
	uint32_t pace; /* 0 = off; 1 = rows come when their time has come */
	uint32_t reserved;
};

/* ---- fan-out, fan-in ---------------------------------------------------------- */

/**
 * tee SLOW: every frame to every out, shared and not copied. SLOW is what a
 * branch does when it is slow, one for all or one for each, by commas: block
 * (all wait for it), shed (it misses what comes), shed-oldest, shed-priority
 * (of `hold` frames that it has not had), spill (they wait on the disk; then
 * the stage has a thread of its own), detach (its stream ends).
 */
LEAT_API extern const struct leat_stage_ops leat_tee_ops;

/** pass: a frame goes on as it came; a place where another stage can come while
 * the graph runs (leat/live.h). */
LEAT_API extern const struct leat_stage_ops leat_pass_ops;

struct leat_tee_opts {
	uint32_t size;
	uint32_t flags;
	const char *slow;      /* "block", "block,shed", ... */
	uint64_t hold;         /* frames kept for a branch that sheds; 0 = 16 */
	uint64_t spill_bytes;  /* on the disk for a branch; 0 = 1 GiB */
	const char *spill_dir; /* where; NULL = /var/tmp */
};

/**
 * split: each frame to one out. by=round in turn; by=credit where most is
 * free; by=weight in turn, weights=3,1 frames each. Each record to one out:
 * by=key by consistent hash, by=hash-range by ranges of the hash, with weights
 * as parts of all keys. Tables need the column (key=NAME, which alone says
 * by=key); of items the key is the first 8 bytes, of rows the whole string.
 * Empty keys go where most is free. All of one frame have its stamp.
 */
LEAT_API extern const struct leat_stage_ops leat_split_ops;

enum leat_split_by {
	LEAT_SPLIT_ROUND,
	LEAT_SPLIT_CREDIT,
	LEAT_SPLIT_WEIGHT,
	LEAT_SPLIT_KEY,
	LEAT_SPLIT_HASH_RANGE
};

struct leat_split_opts {
	uint32_t size;
	uint32_t flags;
	uint32_t by; /* enum leat_split_by */
	uint32_t reserved;
	const char *weights; /* one for each out; not for ROUND, CREDIT */
	const char *key;     /* column, for KEY and HASH_RANGE of tables */
};

/**
 * merge: all ins into one; the order of each is kept. order=coming takes what
 * is there, in turns. order=stamp restores the order in which frames came to
 * the tee or split where all branches begin; equal ones by the in's number.
 * order=key:COLUMNS merges ins that are sorted by these columns, or, of items,
 * by key:item, their first 8 bytes as a number.
 */
LEAT_API extern const struct leat_stage_ops leat_merge_ops;

enum leat_merge_order { LEAT_MERGE_COMING, LEAT_MERGE_STAMP, LEAT_MERGE_KEY };

struct leat_merge_opts {
	uint32_t size;
	uint32_t flags;
	uint32_t order; /* enum leat_merge_order */
	uint32_t reserved;
	const char *key; /* for LEAT_MERGE_KEY: "date desc,origin" */
};

/**
 * zip: row k of in 0 beside row k of in 1, and so on; of items, behind each
 * other. Ends with the shortest in, or all must have the same number.
 */
LEAT_API extern const struct leat_stage_ops leat_zip_ops;

enum leat_zip_ends { LEAT_ZIP_SHORTEST, LEAT_ZIP_STRICT };

struct leat_zip_opts {
	uint32_t size;
	uint32_t flags;
	uint32_t ends; /* enum leat_zip_ends */
	uint32_t reserved;
};

/**
 * join stamp: what the branches of one tee made of a frame is brought together
 * row by row, as by zip. Rows for which a branch has none are dropped, get
 * nulls, or are an error. join on=KEY: two branches that are sorted by a key;
 * each row of the first with every row of the second that has the same one.
 */
LEAT_API extern const struct leat_stage_ops leat_join_ops;

enum leat_lookup_kind { LEAT_LOOKUP_INNER, LEAT_LOOKUP_LEFT, LEAT_LOOKUP_ANTI };
enum leat_join_by { LEAT_JOIN_STAMP, LEAT_JOIN_KEY };
enum leat_join_missing { LEAT_JOIN_DROP, LEAT_JOIN_NULL, LEAT_JOIN_ERROR };

struct leat_join_opts {
	uint32_t size;
	uint32_t flags;
	uint32_t by;      /* enum leat_join_by */
	uint32_t missing; /* enum leat_join_missing */
	uint64_t hold;    /* frames a branch makes of one, at most; 0 = 4 */
	const char *on;   /* for LEAT_JOIN_KEY: "id,day desc"; alone says it */
	uint32_t kind;    /* enum leat_lookup_kind */
	uint32_t reserved;
	uint64_t memory_bytes; /* for rows with one key; 0 = 64 MiB */
};

/* ---- filters ---------------------------------------------------------------- */

/** csv.parse: bytes to a table. RFC 4180. */
LEAT_API extern const struct leat_stage_ops leat_csv_parse_ops;

struct leat_csv_parse_opts {
	uint32_t size;
	uint32_t flags;
	uint32_t sep;    /* 0 = ',' */
	uint32_t quote;  /* 0 = '"' */
	uint32_t header; /* 0 = yes, 1 = no: columns are named c1, c2, ... */
	uint32_t strict; /* 1: every value is checked against its type */
	uint64_t max_record_bytes; /* 0 = 1 MiB */
	const char *schema;   /* "id:int64,day:date"; the others are inferred */
	uint64_t infer_rows;  /* looked at for types; 0 = 1000 */
	uint32_t sniff;       /* 1: sep and quote are guessed from the data */
	uint32_t by_name;     /* 1: files may have their columns in any order */
	const char *filename; /* a column that says which file; "" = none */
	uint32_t infer; /* 0 = types that nobody declared are inferred, 1 =
			 * they are strings */
	uint32_t reserved;
	int64_t infer_wait_ns; /* for these rows; 0 = 10 s */
};

/** csv.cut: bytes cut where records of a CSV end. Comes by itself before
 * csv.parse; its options are that one's, struct leat_csv_parse_opts. */
LEAT_API extern const struct leat_stage_ops leat_csv_cut_ops;

/** lines.cut: bytes cut where lines end. Comes by itself before parsers of
 * lines. */
LEAT_API extern const struct leat_stage_ops leat_lines_cut_ops;

struct leat_lines_cut_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t max_record_bytes; /* 0 = 1 MiB */
};

/** csv.format: a table to bytes. */
LEAT_API extern const struct leat_stage_ops leat_csv_format_ops;

struct leat_csv_format_opts {
	uint32_t size;
	uint32_t flags;
	uint32_t sep;    /* 0 = ',' */
	uint32_t header; /* 0 = yes, 1 = no */
	uint32_t crlf;   /* lines end in CR LF */
	uint32_t reserved;
};

/** csv.gather: what csv.format has written, with its header and in large
 * frames. Comes by itself behind csv.format; its options are that one's, struct
 * leat_csv_format_opts. */
LEAT_API extern const struct leat_stage_ops leat_csv_gather_ops;

/** json.cut: bytes of NDJSON cut where lines end. Comes by itself before
 * json.parse, and has its options. */
LEAT_API extern const struct leat_stage_ops leat_json_cut_ops;

/** json.parse: bytes to a table; one JSON object a line. */
LEAT_API extern const struct leat_stage_ops leat_json_parse_ops;

enum leat_json_nested { LEAT_JSON_NESTED_PATHS, LEAT_JSON_NESTED_TEXT };
enum leat_json_extra {
	LEAT_JSON_EXTRA_AUTO, /* ignored beside a schema, else an error */
	LEAT_JSON_EXTRA_IGNORE,
	LEAT_JSON_EXTRA_ERROR
};

struct leat_json_parse_opts {
	uint32_t size;
	uint32_t flags;
	const char *schema;  /* "id:int64,user.name:string"; NULL = look */
	uint64_t infer_rows; /* lines to look at; 0 = 1000 */
	uint32_t nested;     /* enum leat_json_nested */
	uint32_t extra;      /* enum leat_json_extra */
	uint64_t max_record_bytes; /* 0 = 1 MiB */
	uint32_t strict; /* 1: every value is checked against its type */
	uint32_t reserved;
	const char *filename;  /* a column that says which file; "" = none */
	int64_t infer_wait_ns; /* for lines to look at; 0 = 10 s */
};

/** json.path NEW=$.a.b[0],... from=COLUMN: columns from inside JSON text. */
LEAT_API extern const struct leat_stage_ops leat_json_path_ops;

struct leat_json_path_opts {
	uint32_t size;
	uint32_t flags;
	const char *paths; /* "city=$.address.city,first=$.tags[0]" */
	const char *from;
};

/** split-column COLUMN sep=; into=a,b,c: a text column to several. */
LEAT_API extern const struct leat_stage_ops leat_split_column_ops;

enum leat_split_rest {
	LEAT_SPLIT_REST_KEEP, /* in the last column */
	LEAT_SPLIT_REST_DROP,
	LEAT_SPLIT_REST_ERROR
};

struct leat_split_column_opts {
	uint32_t size;
	uint32_t flags;
	const char *column;
	const char *sep;
	const char *into; /* "a,b,c" */
	uint32_t rest;    /* enum leat_split_rest */
	uint32_t reserved;
};

/** json.format: a table (or rows) to one JSON object a line. */
LEAT_API extern const struct leat_stage_ops leat_json_format_ops;

struct leat_json_format_opts {
	uint32_t size;
	uint32_t flags;
	uint32_t strings; /* 1: all values as strings; 0: numbers as numbers */
	uint32_t reserved;
};

/** lines.parse: bytes to rows, one a line; with a filename, to a table of the
 * columns `line` and that one. */
LEAT_API extern const struct leat_stage_ops leat_lines_parse_ops;

struct leat_lines_parse_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t max_record_bytes; /* 0 = 1 MiB */
	const char *filename; /* a column that says which file; "" = rows */
};

/** lines.format: rows to bytes, a newline after each. */
LEAT_API extern const struct leat_stage_ops leat_lines_format_ops;

/** where "CONDITION": keep the rows for which it is true. */
LEAT_API extern const struct leat_stage_ops leat_where_ops;

struct leat_where_opts {
	uint32_t size;
	uint32_t flags;
	const char *condition;
};

/** select a,b=c: these columns in this order, some under a new name. */
LEAT_API extern const struct leat_stage_ops leat_select_ops;

struct leat_select_opts {
	uint32_t size;
	uint32_t flags;
	const char *columns; /* "a,new=old,c" */
};

/**
 * derive NAME=EXPRESSION,...: new columns. Each sees those before it; one that
 * has the name is replaced.
 */
LEAT_API extern const struct leat_stage_ops leat_derive_ops;

struct leat_derive_opts {
	uint32_t size;
	uint32_t flags;
	const char *columns; /* "late=delay > 15,speed=distance / hours" */
};

/** cast COLUMN:TYPE,...: columns as another type. */
LEAT_API extern const struct leat_stage_ops leat_cast_ops;

struct leat_cast_opts {
	uint32_t size;
	uint32_t flags;
	const char *columns; /* "delay:int64,day:date,price:decimal(2)" */
};

/** rename NEW=OLD,...: some columns under a new name. */
LEAT_API extern const struct leat_stage_ops leat_rename_ops;

struct leat_rename_opts {
	uint32_t size;
	uint32_t flags;
	const char *columns; /* "late=delay,from=origin" */
};

/** drop a,b: all columns but these. */
LEAT_API extern const struct leat_stage_ops leat_drop_ops;

struct leat_drop_opts {
	uint32_t size;
	uint32_t flags;
	const char *columns; /* "a,b" */
};

/** head N: the first N records, then enough. */
LEAT_API extern const struct leat_stage_ops leat_head_ops;

struct leat_head_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t n; /* 0 = 10 */
};

/** count: how many records there were, as a table of one row. */
LEAT_API extern const struct leat_stage_ops leat_count_ops;

/** priority N: what frames are worth to a tee that sheds by priority. */
LEAT_API extern const struct leat_stage_ops leat_priority_ops;

struct leat_priority_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t priority; /* 0 (least) to LEAT_FRAME_PRIORITY_MAX */
};

/** upper: ASCII letters to upper case, in place. */
LEAT_API extern const struct leat_stage_ops leat_upper_ops;

/** sample: every n-th record, or a part of all that looks random. */
LEAT_API extern const struct leat_stage_ops leat_sample_ops;

struct leat_sample_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t every;       /* 0 = 10 */
	const char *fraction; /* of all instead, "0.01"; NULL or "" = none */
	uint64_t seed;        /* of a fraction: which ones */
};

/* ---- filters that hold what they have seen ----------------------------------- */

/**
 * group by=a,b n=count() mean=avg(x): one row for each group, and what is known
 * of it. Groups that memory does not hold wait on the disk.
 */
LEAT_API extern const struct leat_stage_ops leat_group_ops;

/** group.values: what group will look at, made ready by all workers. Comes by
 * itself before group, and has its options. */
LEAT_API extern const struct leat_stage_ops leat_group_values_ops;

struct leat_group_opts {
	uint32_t size;
	uint32_t flags;
	const char *results;   /* "n=count(),mean=avg(delay)" */
	const char *by;        /* "a,b"; NULL = all rows are one group */
	uint64_t memory;       /* bytes; 0 = 64 MiB */
	uint64_t spill_bytes;  /* on the disk; 0 = 16 GiB */
	const char *spill_dir; /* where; NULL = /var/tmp */
};

/** dedup a,b: the first row of each key, in order. */
LEAT_API extern const struct leat_stage_ops leat_dedup_ops;

struct leat_dedup_opts {
	uint32_t size;
	uint32_t flags;
	const char *by;  /* "a,b"; NULL = all columns */
	uint64_t memory; /* bytes for keys; 0 = 64 MiB; beyond, it fails */
};

/**
 * window KIND n=count() mean=avg(x): one row for each window and group by= in
 * it, when the window has ended. Rows that come too late are rejected.
 */
LEAT_API extern const struct leat_stage_ops leat_window_ops;

enum leat_window_kind {
	LEAT_WINDOW_TUMBLING,
	LEAT_WINDOW_SLIDING,
	LEAT_WINDOW_SESSION
};

struct leat_window_opts {
	uint32_t size;
	uint32_t flags;
	uint32_t kind; /* enum leat_window_kind */
	uint32_t reserved;
	const char *results; /* as of group; not empty */
	const char *by;      /* as of group */
	const char *time;    /* a column; not with rows */
	int64_t size_ns;     /* of a window by time */
	int64_t step;        /* ns; of LEAT_WINDOW_SLIDING */
	int64_t gap;         /* ns; of LEAT_WINDOW_SESSION */
	int64_t lateness;    /* ns that a row may come late */
	uint64_t rows;       /* of a window by rows */
	uint64_t step_rows;  /* of LEAT_WINDOW_SLIDING by rows */
	uint64_t memory;     /* bytes for open windows; 0 = 64 MiB */
};

/** profile: what the columns of a table hold, one row each. */
LEAT_API extern const struct leat_stage_ops leat_profile_ops;

struct leat_profile_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t memory; /* bytes; 0 = 64 MiB; beyond, it fails */
};

/* ---- filters: order and joins ------------------------------------------------- */

enum leat_nulls { LEAT_NULLS_LAST, LEAT_NULLS_FIRST };

/**
 * sort BY: all rows in the order of columns ("origin,delay desc"), equal ones
 * as they came. What does not fit into memory waits on the disk.
 */
LEAT_API extern const struct leat_stage_ops leat_sort_ops;

struct leat_sort_opts {
	uint32_t size;
	uint32_t flags;
	const char *by;
	uint32_t nulls; /* enum leat_nulls */
	uint32_t reserved;
	uint64_t memory_bytes; /* 0 = 256 MiB */
	uint64_t spill_bytes;  /* on the disk; 0 = 64 GiB */
	const char *spill_dir; /* where; NULL = /var/tmp */
};

/** top N by=BY: the first N rows in that order. */
LEAT_API extern const struct leat_stage_ops leat_top_ops;

struct leat_top_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t n; /* 0 = 10 */
	const char *by;
	uint32_t nulls; /* enum leat_nulls */
	uint32_t reserved;
	uint64_t memory_bytes; /* 0 = 64 MiB */
};

/** tail N: the last N rows. */
LEAT_API extern const struct leat_stage_ops leat_tail_ops;

struct leat_tail_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t n;            /* 0 = 10 */
	uint64_t memory_bytes; /* 0 = 64 MiB */
};

/** number: a column with the number of the row. */
LEAT_API extern const struct leat_stage_ops leat_number_ops;

struct leat_number_opts {
	uint32_t size;
	uint32_t flags;
	const char *column; /* its name; NULL = "n" */
	const char *start;  /* number of the first row; NULL = "1" */
};

/**
 * lookup PATH on=HERE=THERE: columns of a CSV file that is held in memory, for
 * the rows whose key is in it.
 */
LEAT_API extern const struct leat_stage_ops leat_lookup_ops;

enum leat_lookup_duplicates {
	LEAT_LOOKUP_ALL,
	LEAT_LOOKUP_FIRST,
	LEAT_LOOKUP_ERROR
};

struct leat_lookup_opts {
	uint32_t size;
	uint32_t flags;
	const char *path;
	const char *on;      /* "here=there,both" */
	const char *take;    /* "a,new=b"; NULL or "" = all but the key */
	const char *prefix;  /* before their names; NULL = none */
	uint32_t kind;       /* enum leat_lookup_kind, see join */
	uint32_t duplicates; /* enum leat_lookup_duplicates */
	uint32_t sep;        /* 0 = ',', or a tab by the path's extension */
	uint32_t reserved;
	uint64_t memory_bytes; /* 0 = 64 MiB */
};

/** union: tables of all ins as they come, with the columns of the first. */
LEAT_API extern const struct leat_stage_ops leat_union_ops;

/* ---- other formats ------------------------------------------------------------- */

/** fixed.parse widths=10,5,8: lines (rows) to a table of text columns. */
LEAT_API extern const struct leat_stage_ops leat_fixed_parse_ops;

struct leat_fixed_parse_opts {
	uint32_t size;
	uint32_t flags;
	const char *widths; /* "10,-1,8,*": -N is passed over, * is the rest */
	const char *names;  /* "a,b,c"; "" = c1, c2, ... */
	uint32_t trim;      /* 0 = on: without the spaces around values */
	uint32_t unit;      /* 0 = bytes, 1 = characters of UTF-8 */
	const char *filename; /* a column that says which file; "" = none */
};

/** length.parse: bytes to rows, each with its length before it; with a
 * filename, to a table of the columns `record` and that one. */
LEAT_API extern const struct leat_stage_ops leat_length_parse_ops;

enum leat_length_prefix {
	LEAT_LENGTH_U32BE,
	LEAT_LENGTH_U32LE,
	LEAT_LENGTH_U16BE,
	LEAT_LENGTH_U16LE,
	LEAT_LENGTH_U8,
	LEAT_LENGTH_VARINT
};

struct leat_length_parse_opts {
	uint32_t size;
	uint32_t flags;
	uint32_t prefix; /* enum leat_length_prefix */
	uint32_t reserved;
	uint64_t max_record_bytes; /* 0 = 1 MiB */
	const char *filename; /* a column that says which file; "" = rows */
};

/** length.format: rows to bytes, each with its length before it. */
LEAT_API extern const struct leat_stage_ops leat_length_format_ops;

struct leat_length_format_opts {
	uint32_t size;
	uint32_t flags;
	uint32_t prefix; /* enum leat_length_prefix */
	uint32_t reserved;
};

/* ---- compressed files -------------------------------------------------------- */

/**
 * gzip.decode, zstd.decode, lz4.decode, bzip2.decode: compressed bytes to what
 * they were; decode: whichever of them each file is, or as it is. Input that
 * ends too early or goes on behind its end, and wrong checksums, are errors.
 */
LEAT_API extern const struct leat_stage_ops leat_decode_ops;
LEAT_API extern const struct leat_stage_ops leat_gzip_decode_ops;
LEAT_API extern const struct leat_stage_ops leat_zstd_decode_ops;
LEAT_API extern const struct leat_stage_ops leat_lz4_decode_ops;
LEAT_API extern const struct leat_stage_ops leat_bzip2_decode_ops;

struct leat_decode_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t max_bytes;   /* that a file decodes to; 0 = no limit */
	uint64_t max_ratio;   /* bytes that a byte becomes; 0 = 1000 */
	uint64_t chunk_bytes; /* payload of a frame; 0 = 393216 */
	uint64_t window;      /* of zstd frames, most; 0 = 8 MiB */
	/* members, of bzip2 blocks, by all workers; 0 = auto, 1 = off, 2 = on
	 */
	uint32_t parallel;
	uint32_t reserved;
};

/**
 * members.cut, members.decode: where a compressed file has several members
 * whose ends can be told, or blocks of bzip2, all workers decode them. Both
 * come by themselves before a decoder, and are of use nowhere else.
 */
LEAT_API extern const struct leat_stage_ops leat_members_cut_ops;
LEAT_API extern const struct leat_stage_ops leat_members_decode_ops;
/** For a struct leat_compression: does what a source shows of itself consist of
 * members that several workers can decode? */
LEAT_API bool leat_members_shown(const struct leat_shape *shape);
/** Is a sample that begins with BZh bzip2? A block follows, or the end. */
LEAT_API bool leat_bzip2_shown(const struct leat_shape *shape);

/** gzip.encode, zstd.encode, lz4.encode, bzip2.encode: bytes to one member. */
LEAT_API extern const struct leat_stage_ops leat_gzip_encode_ops;
LEAT_API extern const struct leat_stage_ops leat_zstd_encode_ops;
LEAT_API extern const struct leat_stage_ops leat_lz4_encode_ops;
LEAT_API extern const struct leat_stage_ops leat_bzip2_encode_ops;

struct leat_encode_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t level; /* 0 = what the format's own tool takes */
	uint32_t flush; /* 1: also whenever the input has nothing */
	uint32_t reserved;
};

/** blocks.encode FORMAT: bytes to members of one size each, by all workers. */
LEAT_API extern const struct leat_stage_ops leat_blocks_encode_ops;
/** blocks.cut: comes by itself before it, with the same options. */
LEAT_API extern const struct leat_stage_ops leat_blocks_cut_ops;

enum leat_encode_format {
	LEAT_ENCODE_GZIP = 0,
	LEAT_ENCODE_ZSTD,
	LEAT_ENCODE_LZ4,
	LEAT_ENCODE_BZIP2
};

struct leat_encode_blocks_opts {
	uint32_t size;
	uint32_t flags;
	uint32_t format; /* enum leat_encode_format */
	uint32_t reserved;
	uint64_t level; /* 0 = what the format's own tool takes */
};

/* ---- sinks ------------------------------------------------------------------ */

/** write PATH: bytes to a file, complete or not there; "-" = stdout. */
LEAT_API extern const struct leat_stage_ops leat_write_ops;

struct leat_write_opts {
	uint32_t size;
	uint32_t flags;
	const char *path;
	uint32_t
		sync; /* 0 = on: on the disk before it gets its name; 1 = off */
	uint32_t on_drain; /* 0 = keep: PATH.partial; 1 = commit; 2 = discard */
	uint64_t rotate_rows;  /* as of write.split; then it takes rows, and */
	uint64_t rotate_bytes; /* formats them itself, by the extension */
	uint64_t max_files;    /* of those that are cut; 0 = 1000 */
};

/** write.split PATH: rows to several files; {column} in the path is the value
 * of that column, {n} the number of a file where they are cut. */
LEAT_API extern const struct leat_stage_ops leat_write_split_ops;

struct leat_write_split_opts {
	uint32_t size;
	uint32_t flags;
	const char *path;
	uint64_t rotate_rows;  /* most of a file; 0 = no limit */
	uint64_t rotate_bytes; /* from so many on another file begins; 0 = no */
	uint64_t max_open;     /* files at once; 0 = 64 */
	uint64_t max_files;    /* in all; 0 = 1000 */
	uint32_t header;       /* 0 = on, 1 = off */
	uint32_t sync;         /* as of write */
	uint32_t on_drain;     /* as of write */
	uint32_t reserved;
};

#ifdef __cplusplus
}
#endif
#endif
