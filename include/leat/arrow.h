/*
 * leat/arrow.h -- tables in and out by the Arrow C data and stream interfaces.
 *
 * Any out of a graph that carries tables can be read as a stream of record
 * batches by whoever speaks Arrow (DuckDB, pyarrow, Polars, ADBC, ...), and any
 * such stream can be a source.
 *
 *	struct ArrowArrayStream stream;
 *	struct leat_end end;
 *
 *	leat_graph_parse_open(graph, "read a.csv ! csv.parse", &end, &err);
 *	leat_arrow_out(graph, end, &stream, &err);
 *	leat_graph_start(graph, &err);
 *	... stream.get_next(&stream, &array) until array.release is NULL ...
 *	stream.release(&stream);
 *	leat_graph_wait(graph, LEAT_NEVER, &err);
 *
 *	string  u       int64  l    float64    g          bool  b
 *	binary  z       date   tdD  timestamp  tsu:UTC    decimal  d:38,S
 *
 * Source: the Arrow C data interface and the Arrow C stream interface.
 */
#ifndef LEAT_ARROW_H
#define LEAT_ARROW_H

#include <leat/base.h>
#include <leat/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As the specification has them, so that they can be there already. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE           2
#define ARROW_FLAG_MAP_KEYS_SORTED    4

struct ArrowSchema {
	const char *format;
	const char *name;
	const char *metadata;
	int64_t flags;
	int64_t n_children;
	struct ArrowSchema **children;
	struct ArrowSchema *dictionary;
	void (*release)(struct ArrowSchema *);
	void *private_data;
};

struct ArrowArray {
	int64_t length;
	int64_t null_count;
	int64_t offset;
	int64_t n_buffers;
	int64_t n_children;
	const void **buffers;
	struct ArrowArray **children;
	struct ArrowArray *dictionary;
	void (*release)(struct ArrowArray *);
	void *private_data;
};

#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
	int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
	int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *);
	const char *(*get_last_error)(struct ArrowArrayStream *);
	void (*release)(struct ArrowArrayStream *);
	void *private_data;
};

#endif

/**
 * Read an out of a graph as an Arrow stream. Batches are copies of the rows
 * alive, so they may outlive the graph, and a consumer that keeps them holds
 * nothing up; two of them at most wait to be taken.
 *
 * The stream's calls wait for the graph, which has to be started; they end
 * with EIO and the cause's text when it fails or is cancelled. To release the
 * stream early ends what feeds it, as a closed sink does.
 *
 * @param out     a free out of layout table
 * @param stream  filled in; released by the consumer, before or after the
 *                graph is destroyed, not at the same time            [given]
 *
 * @return LEAT_OK, or what leat_graph_add() and leat_graph_link() return.
 */
LEAT_API LEAT_MUST_CHECK int leat_arrow_out(struct leat_graph *graph,
	struct leat_end out, struct ArrowArrayStream *stream,
	struct leat_error *err);

/**
 * Put a source into a graph whose tables come from an Arrow stream. The text of
 * the graph goes on from it by its name: `t. ! where ...`.
 *
 * Integers of all widths become int64, floats float64, strings and string
 * views string; dates, timestamps of any unit (UTC if they name no zone) and
 * decimals of up to 38 digits keep their values: one that cannot, as an
 * unsigned number over 2^63 - 1 or nanoseconds that are no whole microseconds,
 * is an error with column and row. Dictionaries are resolved. Nested columns
 * are refused when the graph is checked.
 *
 * @param name    of the source, unique in the graph
 * @param stream  [moved] on LEAT_OK, released with the graph; its structs are
 *                called by one thread of the graph at a time
 * @param out     the source's out; NULL is accepted
 *
 * @return LEAT_OK, or what leat_graph_add() returns; the stream is the
 * caller's then.
 */
LEAT_API LEAT_MUST_CHECK int leat_arrow_in(struct leat_graph *graph,
	const char *name, struct ArrowArrayStream *stream, struct leat_end *out,
	struct leat_error *err);

#ifdef __cplusplus
}
#endif
#endif
