/*
 * leat/stage.h -- the stage contract: what a source, filter or sink is made of.
 *
 * A stage is one constant struct of callbacks plus private state. It never
 * sees flow control: process is called with a frame in hand and with credit
 * for max_out frames on every out, so emitting cannot fail for want of it.
 *
 *	static int
 *	upper_process(struct leat_stage *st, struct leat_frame *in)
 *	{
 *		struct leat_span s = leat_frame_span(in);
 *
 *		for (size_t k = 0; k < s.len; k++)
 *			s.data[k] = (uint8_t)toupper(s.data[k]);
 *		return leat_stage_emit(st, 0, in);
 *	}
 *
 *	const struct leat_stage_ops upper_ops = {
 *		LEAT_STAGE_OPS_INIT("upper"),
 *		.flags = LEAT_STAGE_IN_PLACE,
 *		.process = upper_process,
 *	};
 *
 * Callbacks of one instance of a stage never run at the same time; they may run
 * on different threads one after the other. They call what this header offers,
 * leat/pool.h, leat/table.h and leat/io.h, and of leat/channel.h what does not
 * wait; nothing else.
 */
#ifndef LEAT_STAGE_H
#define LEAT_STAGE_H

#include <leat/base.h>
#include <leat/ctx.h>
#include <leat/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_stage;
struct leat_schema;      /* leat/table.h */
struct leat_select_case; /* leat/channel.h */

/* ---- options ------------------------------------------------------------ */

/* Type of an option: how its text is read and what is stored at its offset. */
enum leat_option_type {
	LEAT_OPTION_STRING = 1, /* const char *; "" if not given */
	LEAT_OPTION_UINT,       /* uint64_t */
	LEAT_OPTION_INT,        /* int64_t */
	LEAT_OPTION_NUMBER,     /* double; min and max are whole numbers */
	LEAT_OPTION_BYTES, /* uint64_t; text takes k, M, G (powers of 1024) */
	LEAT_OPTION_DURATION, /* int64_t ns; text takes ns, us, ms, s, m, h */
	LEAT_OPTION_BOOL,     /* uint32_t; on|off|true|false|yes|no|1|0 */
	LEAT_OPTION_CHAR,     /* uint32_t; one byte, or \t, tab, space, pipe */
	LEAT_OPTION_ENUM      /* uint32_t index into values */
};

#define LEAT_OPTION_POSITIONAL (1u << 0) /* may stand without its name */
#define LEAT_OPTION_REQUIRED   (1u << 1)
#define LEAT_OPTION_REST       (1u << 2) /* takes all further positionals, */
					 /* joined with commas */
/* How it can change while the graph runs (leat/live.h); none: not at all.
 * LIVE: the stage is told by its change. RENEWS: another instance takes the
 * place of a stage that is LEAT_STAGE_STATELESS, does not block and has one in;
 * KEEPS with it: the columns that go out are those that come in. */
#define LEAT_OPTION_LIVE   (1u << 3)
#define LEAT_OPTION_RENEWS (1u << 4)
#define LEAT_OPTION_KEEPS  (1u << 5)

/**
 * One option of a stage. Parsing, checking, inspect, help and the man page
 * all come from this table. A zero field of the options struct means default.
 */
struct leat_option {
	const char *name;
	uint32_t type;   /* enum leat_option_type */
	uint32_t flags;  /* LEAT_OPTION_* */
	uint32_t offset; /* of the field in the stage's options struct */
	int64_t min;     /* inclusive, for numbers; min = max = 0: no limits */
	int64_t max;
	const char *fallback; /* the default as text; NULL = none */
	const char *unit;     /* "bytes", "rows", "ns"; NULL = none */
	const char *values;   /* for ENUM: "a|b|c" */
	const char *help;     /* one line */
};

/* ---- the contract ------------------------------------------------------- */

/** Writes its input: gets frames that no one else reads. */
#define LEAT_STAGE_IN_PLACE (1u << 0)
/** May wait for the outside world: runs on a thread of its own. */
#define LEAT_STAGE_BLOCKING (1u << 1)
/** Has no out. */
#define LEAT_STAGE_SINK (1u << 2)
/**
 * Its frames are independent of each other, and with several workers several
 * instances take turns with them, in order: each is inited, negotiated, opened
 * and finished. What it emits for a frame depends on that frame alone; it has
 * no flush, holds nothing, emits nothing in finish, and never returns LEAT_EOS.
 */
#define LEAT_STAGE_STATELESS (1u << 3)

/**
 * Chooses among its outs: it is called whether they have credit or not, emits
 * where leat_stage_credit() says so, or returns LEAT_EAGAIN before it has done
 * anything. Then it is called again when an out for which it was told in that
 * call that there is none has some. So may flush and finish, for frames that it
 * holds; after flush, more input is as good a reason.
 */
#define LEAT_STAGE_CHOOSES (1u << 4)

/**
 * Chooses among its ins: process gets a frame of one that it wants, see
 * leat_stage_want(), and end_in is told of each that has ended. It may keep one
 * frame of each in between calls, besides the needs' holds. Its ins may hang
 * together nowhere else in the graph: who waits for a frame of one while the
 * others are full would wait for ever.
 */
#define LEAT_STAGE_GATHERS (1u << 5)

/** Calls leat_stage_reject(): it can be told what becomes of bad records. */
#define LEAT_STAGE_REJECTS (1u << 6)

/**
 * Does so little with a frame that it rides on the thread of a blocking source
 * right before it, while the bytes are in that core's cache: then there is no
 * channel between the two. Behind anything else it is a stage like any other.
 */
#define LEAT_STAGE_LIGHT (1u << 7)

/**
 * Looks at no value of the tables that it gets: only at how many rows there
 * are. One with an out_layout emits nothing of them, one without passes them
 * on. See leat_stage_values_wanted().
 */
#define LEAT_STAGE_BLIND (1u << 8)

/**
 * Has much to do with every byte: it is in no segment with others, so that its
 * work goes on beside theirs; but for light ones right behind it.
 */
#define LEAT_STAGE_APART (1u << 9)

/**
 * Can be called again after a failure: a call of process or finish that
 * returned a code and has emitted nothing leaves the frame in hand, and what
 * the stage has done to the outside, as they were. See leat/guard.h.
 */
#define LEAT_STAGE_REPEATS (1u << 10)

/** n_ins or n_outs: as many as are linked, at least one. */
#define LEAT_ENDS_ANY UINT32_MAX

/** What a link carries: filled from the source onwards before the start. */
struct leat_shape {
	uint32_t layout;      /* one LEAT_LAYOUT_ bit */
	uint32_t item_bytes;  /* for items; 0 = not fixed */
	uint32_t frame_bytes; /* payload of the slots that carry it */
	uint32_t base_bytes;  /* slots that those slots point into; 0 = none */
	const struct leat_schema
		*schema;       /* columns; NULL = known at run time */
	const uint8_t *sample; /* first bytes, if they can be looked at; NULL */
	uint32_t sample_bytes;
	uint32_t sample_is_all; /* 1: the sample is the whole input */
	const char *origin;     /* what the data is called in messages; NULL */
	uint64_t total_bytes;   /* a source: all it will emit; 0 = unknown */
};

/** What a stage needs beyond its ops; starts from them, changed by init. */
struct leat_needs {
	uint32_t frame_bytes; /* of slots it acquires; 0 = as its input, or 64
				 KiB */
	uint32_t max_out;     /* frames emitted per call and out; 0 = 1 */
	uint32_t holds;       /* frames kept between calls */
	uint64_t side_bytes;  /* most it asks of leat_stage_alloc() */
	uint32_t burst; /* a blocking source whose produce does not wait: so
			   many frames may be there before who gets them is
			   told; 0 = 1. May be changed in negotiate */
	uint32_t reserved;
};

/**
 * A stage. Everything but the name and one of produce, process, map_item and
 * keep_item may be left zero.
 */
struct leat_stage_ops {
	uint32_t size;        /* by LEAT_STAGE_OPS_INIT(name) */
	uint32_t flags;       /* LEAT_STAGE_*; unknown bits are refused */
	const char *name;     /* in graph text: letters, digits, . - _ */
	const char *summary;  /* one line for lists */
	const char *help;     /* paragraphs for `leat help NAME`; may be NULL */
	uint32_t state_bytes; /* private state, zeroed before init */
	uint32_t opts_bytes;  /* size of its options struct, 0 = no options */
	const struct leat_option *options; /* ends with a NULL name */
	uint32_t n_ins;                    /* 0 = 1, or none with produce */
	uint32_t n_outs;     /* 0 = 1, or none with LEAT_STAGE_SINK */
	uint32_t in_layouts; /* LEAT_LAYOUT_ bits accepted; 0 = any */
	uint32_t out_layout; /* one bit; 0 = the layout of the input */
	uint32_t item_bytes; /* for items: the only size accepted; 0 = any */
	struct leat_needs needs;

	/**
	 * Check options, fill the state. No files, no network: `leat check`
	 * stops after negotiate.
	 *
	 * @param opts  full-size copy, zero-extended; lives as long as the
	 *              stage. Never NULL if opts_bytes is not 0.         [lent]
	 * @return LEAT_OK or a code, with the text by leat_stage_fail().
	 */
	int (*init)(struct leat_stage *st, const void *opts);

	/**
	 * Learn what comes in, say what goes out. Called once in the order of
	 * the data. Sources open their input here and may show a sample.
	 *
	 * @param in   NULL for a source                                 [lent]
	 * @param out  preset to in with the ops' out_layout; NULL for a sink
	 */
	int (*negotiate)(struct leat_stage *st, const struct leat_shape *in,
		struct leat_shape *out);

	/** Open what the run writes to or talks to. Once, before any frame. */
	int (*open)(struct leat_stage *st);

	/**
	 * Sources: emit up to max_out frames.
	 * @return LEAT_OK (call me again), LEAT_EOS (that was all), or a code.
	 */
	int (*produce)(struct leat_stage *st);

	/**
	 * Filters and sinks: deal with one frame.
	 *
	 * @param in  [moved] on LEAT_OK: emit it, release it or hold it.
	 *            Still the framework's on LEAT_MORE (the next call brings
	 *            it again) and on an error.
	 *
	 * @return LEAT_OK
	 *   LEAT_MORE  there is more to emit from this frame
	 *   LEAT_EOS   enough: no further input is wanted (in is [moved])
	 *   LEAT_EAGAIN  not now (LEAT_STAGE_CHOOSES); in is the framework's
	 *   a code     the run fails with it; text by leat_stage_fail()
	 */
	int (*process)(struct leat_stage *st, struct leat_frame *in);

	/**
	 * Emit what is held although it is not full: there is no input right
	 * now. Called before the stage goes idle and before finish; on a
	 * branch of an ordered merge after every frame, and nothing may be
	 * held after that.
	 * @return LEAT_OK, LEAT_MORE (call again), LEAT_EAGAIN (not now;
	 * LEAT_STAGE_CHOOSES), or a code.
	 */
	int (*flush)(struct leat_stage *st);

	/**
	 * All inputs have ended: emit the rest, commit the output. Not called
	 * when the run failed or was cancelled.
	 * @return LEAT_OK, LEAT_MORE (call again), or a code.
	 */
	int (*finish)(struct leat_stage *st);

	/** Free everything. Called once if init was called, however it ended.
	 */
	void (*fini)(struct leat_stage *st);

	/** Instead of process: change one item, in place (layout items). */
	void (*map_item)(void *item, void *state);

	/** Instead of process: keep this item? The others are filtered. */
	bool (*keep_item)(const void *item, void *state);

	/**
	 * Of LEAT_STAGE_GATHERS: an in has ended, and its last frame was given
	 * before. Called once for each that is wanted, as process is: with
	 * credit for max_out frames, and before finish.
	 * @return LEAT_OK, LEAT_MORE (call again), LEAT_EOS (as process), or a
	 * code.
	 */
	int (*end_in)(struct leat_stage *st, uint32_t in);

	/**
	 * Of a stage with one in: what has to stand right before it. Unless it
	 * stands there, it is put there when the graph is checked, with those
	 * of the stage's options that it has by the same name and type.
	 */
	const struct leat_stage_ops *before;

	/** As before, of a stage with one out: what has to stand right behind
	 * it. */
	const struct leat_stage_ops *behind;

	/**
	 * Layouts accepted with these options, LEAT_LAYOUT_ bits; NULL =
	 * in_layouts. Asked before init, maybe several times.
	 *
	 * @param opts  as init gets them, not yet checked by it         [lent]
	 */
	uint32_t (*takes)(const void *opts);

	/** The layout that goes out with these options, one bit; NULL =
	 * out_layout. As takes. */
	uint32_t (*gives)(const void *opts);

	/**
	 * Of tables with these columns: which does it look at? Asked after its
	 * init, and before its negotiate, by who makes them; NULL = all.
	 *
	 * @param wanted  one for each column; set where it is looked at [lent]
	 *
	 * @return LEAT_WANTS_*
	 */
	uint32_t (*wants)(struct leat_stage *st,
		const struct leat_schema *schema, bool *wanted);

	/**
	 * Options that are LEAT_OPTION_LIVE are others now. Called between two
	 * calls of this instance; the init of another one has accepted them, so
	 * it cannot fail.
	 *
	 * @param opts  full-size copy of all; lives until the next change, or
	 *              as long as the stage                          [lent]
	 */
	void (*change)(struct leat_stage *st, const void *opts);

	/**
	 * What it promises of an out, or of itself if it has none: the
	 * LEAT_PROMISE_ bits that hold. Asked after negotiate, from any
	 * thread; leat_graph_path() makes use of it. NULL = none, and of
	 * several ins that they are mixed.
	 */
	uint32_t (*promises)(struct leat_stage *st, uint32_t out);

	/**
	 * For `leat check --online`: would open go well? Look at what open
	 * would use, and leave it as it is. After negotiate, instead of open;
	 * waits end when the stage's context ends. NULL = nothing to look at.
	 *
	 * @return LEAT_OK or a code, with the text by leat_stage_fail().
	 */
	int (*probe)(struct leat_stage *st);
};

#define LEAT_WANTS_ALL   0u /* of them; or it cannot tell, or misses one */
#define LEAT_WANTS_THESE 1u /* the others are not passed on */
#define LEAT_WANTS_REST_PASSES                                                 \
	2u /* the others are passed on as they are: who is behind it may look  \
	    */

/** Of a source: another run reads the same from the beginning. */
#define LEAT_PROMISE_AGAIN (1u << 0)
/** Of a sink: what it writes gets its name when all of it is there; before,
 * nothing stands under it. */
#define LEAT_PROMISE_WHOLE (1u << 1)
/** It emits in an order of its own. */
#define LEAT_PROMISE_SORTS (1u << 2)
/** Of several ins: records of different ones come out as they come in. */
#define LEAT_PROMISE_MIXES (1u << 3)
/** It emits nothing before its input has ended. */
#define LEAT_PROMISE_HOLDS (1u << 4)
/** It drops what comes while that out is slow. */
#define LEAT_PROMISE_SHEDS (1u << 5)
/** It goes on although that out is slow. */
#define LEAT_PROMISE_LETS_GO (1u << 6)
/** What a slow out has not had waits on the disk, up to a limit. */
#define LEAT_PROMISE_SPILLS (1u << 7)
/** A frame of that out may go to other outs too, at the same time. */
#define LEAT_PROMISE_SHARES (1u << 8)

#define LEAT_STAGE_OPS_INIT(stage_name)                                        \
	.size = (uint32_t)sizeof(struct leat_stage_ops), .name = (stage_name)

/* ---- for use in callbacks ------------------------------------------------ */

/** The state_bytes of private state. Never NULL if they are not 0. [lent] */
LEAT_API void *leat_stage_state(struct leat_stage *st);

/** The stage's context; ends when the run is cancelled. [lent] */
LEAT_API struct leat_ctx *leat_stage_ctx(struct leat_stage *st);

/**
 * A number for the hashes of tables that are made of input, so that whoever
 * makes the input cannot make all of it fall together: the same for all stages
 * of a graph, and drawn for each graph if its hash_seed is 0. What comes out
 * must not depend on it. From init on.
 */
LEAT_API uint64_t leat_stage_hash_seed(const struct leat_stage *st);

/**
 * The instance of this stage that comes first: itself, unless several workers
 * run it. It was inited and has negotiated before the others; what these find
 * in its state and nobody changes any more they can all read, from negotiate to
 * process, and not in fini.
 */
LEAT_API struct leat_stage *leat_stage_first(struct leat_stage *st);

/**
 * Of a stage with an option that RENEWS it, and columns of its own: the schema
 * that went out of the instance in whose place this one came, if that is like
 * this one in all; else this one. The stages behind it go by that pointer.
 *
 * @param schema  in its side memory                                    [lent]
 */
LEAT_API const struct leat_schema *leat_stage_same_schema(
	const struct leat_stage *st, const struct leat_schema *schema);

/** In init or negotiate: so many of the needs' side_bytes are for what all
 * instances share: the first takes them, and no other. */
LEAT_API void leat_stage_share(struct leat_stage *st, uint64_t n_bytes);

/**
 * The time by the clock of the stage's graph: as leat_now_ns(), but in a graph
 * with LEAT_GRAPH_VIRTUAL_TIME, whose waits it goes with.
 */
LEAT_API int64_t leat_stage_now_ns(const struct leat_stage *st);

/** The name of this instance, unique in its graph ("where", "where2"). */
LEAT_API const char *leat_stage_name(const struct leat_stage *st);

/** In init: what the stage needs, to be changed there. [lent] */
LEAT_API struct leat_needs *leat_stage_needs(struct leat_stage *st);

/**
 * Does any stage behind this one look at values of the tables that it emits?
 * If not, only their number of rows matters (LEAT_STAGE_BLIND). From init on.
 */
LEAT_API bool leat_stage_values_wanted(const struct leat_stage *st);

/**
 * Which columns of the tables that this stage is to emit does any stage behind
 * it look at, as far as their `wants` tell? In negotiate; or in `wants`, of one
 * that adds columns, with a schema that has these as well.
 *
 * @param wanted  one for each column of the schema; written       [lent]
 *
 * @return how many; all of them, if a stage does not tell
 */
LEAT_API uint32_t leat_stage_columns_wanted(const struct leat_stage *st,
	const struct leat_schema *schema, bool *wanted);

/**
 * Take a fresh frame of the size that was declared. The plan reserved it: up
 * to max_out a call plus holds, so it fails only when a stage takes more than
 * it declared (LEAT_EBUG).
 *
 * @param frame_out  one reference, birth time and stamp unset     [given]
 */
LEAT_API LEAT_MUST_CHECK int leat_stage_acquire(
	struct leat_stage *st, struct leat_frame **frame_out);

/** As leat_frame_release, through this thread's magazine. NULL is accepted. */
LEAT_API void leat_stage_release(
	struct leat_stage *st, struct leat_frame *frame);

/**
 * Pass a frame to an out.
 *
 * @param out    0 to n_outs - 1
 * @param frame  n_items records are counted as out                  [moved]
 *
 * @return LEAT_OK. A frame sent to a receiver that has closed is released and
 * counted there as filtered. LEAT_EBUG, and nothing moved, if more frames are
 * emitted than max_out. A frame with more bytes than its slot has ends the
 * process in debug builds; in others it has written over its neighbour.
 */
LEAT_API LEAT_MUST_CHECK int leat_stage_emit(
	struct leat_stage *st, uint32_t out, struct leat_frame *frame);

/** Ends of this instance; settled when the graph is checked. */
LEAT_API uint32_t leat_stage_n_ins(const struct leat_stage *st);
LEAT_API uint32_t leat_stage_n_outs(const struct leat_stage *st);

/** In process and end_in: the in that the frame in hand came by, or that has
 * ended. */
LEAT_API uint32_t leat_stage_in(const struct leat_stage *st);

/**
 * Of LEAT_STAGE_GATHERS: are frames of this in wanted now? At first all are;
 * of one that has ended it changes nothing. At least one is to be wanted until
 * all have ended.
 */
LEAT_API void leat_stage_want(
	struct leat_stage *st, uint32_t in, bool is_wanted);

/** From leat_stage_credit(): nobody wants anything there any more. What is
 * emitted all the same is dropped, and counted there as filtered. */
#define LEAT_CREDIT_CLOSED UINT32_MAX

/** Of LEAT_STAGE_CHOOSES: frames that may go to an out now. */
LEAT_API uint32_t leat_stage_credit(struct leat_stage *st, uint32_t out);

/** Nothing more comes on this out: its receiver gets the end of the stream. */
LEAT_API void leat_stage_end_out(struct leat_stage *st, uint32_t out);

/** What becomes of records that do not simply pass; see leat/watch.h. */
enum leat_count {
	LEAT_COUNT_READ = 0, /* came into being from bytes or the outside */
	LEAT_COUNT_MADE,     /* results: one for many, or many for one */
	LEAT_COUNT_FILTERED, /* dropped on purpose */
	LEAT_COUNT_FAILED,   /* could not be dealt with */
	LEAT_COUNT_FOLDED,   /* absorbed into a result */
	LEAT_COUNT_WRITTEN,  /* delivered to the outside */
	LEAT_COUNT_SHED,     /* dropped because a branch was slow */
	LEAT_COUNT_N
};

/**
 * Add to this stage's ledger. Never undone. What comes into being, read or
 * made, is counted before it is emitted: a graph may be looked at in between.
 */
LEAT_API void leat_stage_count(
	struct leat_stage *st, enum leat_count what, uint64_t n);

/**
 * Record why, and hand the code back: `return leat_stage_fail(st, ...)`.
 * The first call of a run becomes the cause of its context.
 *
 * @param code    a negative LEAT_E code
 * @param format  printf; what, where, and what would be accepted
 */
LEAT_API LEAT_PRINTF(3, 4) int leat_stage_fail(
	struct leat_stage *st, int code, const char *format, ...);

/** As leat_stage_fail, with the errno of the call that failed. */
LEAT_API LEAT_PRINTF(4, 5) int leat_stage_fail_errno(struct leat_stage *st,
	int code, int sys_errno, const char *format, ...);

/**
 * As leat_stage_fail, pointing at a piece of one of the stage's options.
 *
 * @param option  name of a STRING option
 * @param offset  byte in its value; n_bytes long (0 = the whole value)
 */
LEAT_API LEAT_PRINTF(6, 7) int leat_stage_fail_at(struct leat_stage *st,
	int code, const char *option, size_t offset, size_t n_bytes,
	const char *format, ...);

/**
 * Say where in the data the failure lies that was recorded last; the place is
 * told in struct leat_error, beside the text.
 *
 * @param origin  file or the like; NULL = unknown                      [lent]
 * @param line    from 1; 0 = unknown; so column
 * @param offset  bytes from the start of origin
 *
 * @return the code of that failure.
 */
LEAT_API int leat_stage_locate(struct leat_stage *st, const char *origin,
	uint64_t line, uint64_t column, uint64_t offset);

/** A record that cannot be dealt with. All [lent] for the call. */
struct leat_reject {
	const char *reason; /* what is wrong, and what would be accepted */
	const char *origin; /* what its source is called; NULL = unknown */
	uint64_t line;      /* from 1; 0 = unknown, so are the others */
	uint64_t column;    /* bytes, from 1 */
	uint64_t offset;    /* bytes from the start of the source */
	const void *data;   /* the record as it came */
	size_t n_bytes;
	uint64_t n_records; /* that it stands for; 0 = 1 */
	uint32_t flags;     /* LEAT_REJECT_* */
	uint32_t reserved;
	const char *head; /* of a source whose first line names its fields:
			     that; NULL = it has none */
};

/** In flags: data is not as it came, but values with commas between. */
#define LEAT_REJECT_VALUES (1u << 0)

/**
 * Of LEAT_STAGE_REJECTS: a record cannot be dealt with. It is counted as
 * failed, and what becomes of it is said by the stage's on_error (see
 * leat_stage_set_on_error): the run stops (the default), it is skipped, or it
 * becomes a dead letter.
 *
 * @param code  why, a negative LEAT_E code
 *
 * @return LEAT_OK: go on without it. Else a code, to be returned.
 */
LEAT_API LEAT_MUST_CHECK int leat_stage_reject(
	struct leat_stage *st, int code, const struct leat_reject *reject);

/**
 * For a source: has a drain been asked for? It ends soon then. For others: has
 * a source ended because of one, so that the input is shorter than it would
 * have been? Settled when finish is called.
 */
LEAT_API bool leat_stage_is_draining(const struct leat_stage *st);

/**
 * Of a filter: something is to be done at a moment, also if nothing comes until
 * then. A source on whose thread the filter rides (LEAT_STAGE_LIGHT) is told,
 * and one that waits for the outside may pass on an empty frame then; behind a
 * channel the next frame has to do. Each call takes the place of the one
 * before. Not of LEAT_STAGE_STATELESS.
 *
 * @param at_ns  of the clock of leat_stage_now_ns(); LEAT_NEVER: no longer
 */
LEAT_API void leat_stage_ask(struct leat_stage *st, int64_t at_ns);

/** Of a source: the moment that a filter has asked for; LEAT_NEVER: none. */
LEAT_API int64_t leat_stage_asked_ns(const struct leat_stage *st);

/**
 * Of LEAT_STAGE_BLOCKING: wait for a moment.
 *
 * @param until_ns  of the clock of leat_now_ns()
 *
 * @return LEAT_OK: it has come; LEAT_EOS, in a source: a drain was asked for,
 * so return what produce returns when there is nothing more; LEAT_ECANCELED or
 * LEAT_ETIMEDOUT, to be returned.
 */
LEAT_API LEAT_MUST_CHECK int leat_stage_sleep_until(
	struct leat_stage *st, int64_t until_ns);

/**
 * Of LEAT_STAGE_BLOCKING: as leat_select(), for channels that lead out of the
 * graph, to an application's own threads and fibers.
 *
 * @param cases     as of leat_select()                                 [lent]
 * @param until_ns  of the clock of leat_now_ns(); LEAT_NEVER
 *
 * @return LEAT_OK: the case index_out was done, its result says how; LEAT_EOS,
 * in a source: a drain was asked for, so return what produce returns when there
 * is nothing more; LEAT_ETIMEDOUT: until_ns, or the time of the call, has come;
 * LEAT_ECANCELED, to be returned; LEAT_EINVAL.
 */
LEAT_API LEAT_MUST_CHECK int leat_stage_select(struct leat_stage *st,
	struct leat_select_case *cases, uint32_t n, int64_t until_ns,
	uint32_t *index_out);

/**
 * Side memory for what does not flow: tables, buffers, indexes. From the
 * graph's own arena, counted and capped by the needs' side_bytes, freed with
 * the stage at the latest. Aligned to 16 bytes, not zeroed.
 *
 * @return LEAT_OK, LEAT_ELIMIT (over side_bytes), or LEAT_ENOMEM.
 */
LEAT_API LEAT_MUST_CHECK int leat_stage_alloc(
	struct leat_stage *st, size_t n_bytes, void **memory_out);

/** Give side memory back; NULL is accepted. */
LEAT_API void leat_stage_free(struct leat_stage *st, void *memory);

/* ---- layouts ------------------------------------------------------------- */

/** One byte string of a rows frame: text + offset, len bytes. */
struct leat_row {
	uint32_t offset;
	uint32_t len;
};

/** A rows frame, opened: n strings of one text. [lent] */
struct leat_rows {
	const uint8_t *text;
	struct leat_row *rows;
	uint32_t n;
};

/** Open a frame of layout rows for reading. */
LEAT_API struct leat_rows leat_frame_rows(struct leat_frame *frame);

/**
 * Begin a rows frame whose strings lie in another frame's payload.
 *
 * @param frame  fresh; its payload becomes the array of struct leat_row
 * @param base   holds the text, tied by leat_frame_set_base()    [shared];
 *               NULL = the text is put behind the array in the same slot
 *
 * Offsets count from leat_frame_start() of the slot that holds the text. The
 * caller fills rows[0..n) and sets frame->n_items = n and frame->len_bytes =
 * n * sizeof(struct leat_row), plus the text where that lies behind it.
 *
 * @return how many rows fit.
 */
LEAT_API uint32_t leat_frame_begin_rows(struct leat_frame *frame,
	struct leat_frame *base, struct leat_row **rows_out);

/** Items of a frame of layout items, and their size. */
static inline uint32_t
leat_frame_item_bytes(const struct leat_frame *frame)
{
	return frame->n_items ? frame->len_bytes / frame->n_items : 0;
}

#ifdef __cplusplus
}
#endif
#endif
