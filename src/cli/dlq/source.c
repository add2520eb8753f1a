/*
 * cli/dlq/source.c -- a graph whose `read` gives the records of dead letters.
 *
 * The set of stages is the usual one, but that `read` is a source of the same
 * options that gives each letter as a file of its own, called after its id,
 * with the first line of its source; that decoders pass on what is decoded
 * already; and that dead letters of the graph are gathered here. So a record
 * that is cut off spoils no other, and what fails again is known by its file.
 * Columns are learned from the file that the graph names, if it is there.
 * Threads: the stage's; dead letters come from any, by a lock.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <leat/io.h>

#include "dlq.h"

#define FEED_HEADROOM  4096
#define FEED_NAME_MAX  64
#define FEED_DECODERS  8
#define FEED_ALIGNMENT 16

struct leat__cli_feed {
	struct leat__cli_letters *letters;
	uint32_t n_sources;
	struct leat_stage_set set;
	const struct leat_stage_ops **stages;
	struct leat_stage_ops source;
	struct leat_stage_ops decoders[FEED_DECODERS];
	uint32_t n_decoders;
	struct leat_dead_ops store;
	const struct leat_dead_ops *stores[2];
	pthread_mutex_t lock;
	struct leat__cli_letters failed; /* guarded by it */
};

static const struct leat_ctx_key feed_key = {"letters that are tried again"};

static struct leat__cli_feed *
feed_of(struct leat_stage *st)
{
	return leat_ctx_value(leat_stage_ctx(st), &feed_key);
}

/* ---- the source --------------------------------------------------------- */

/* Stands behind the state of the stage that it takes the place of. */
struct source {
	const char *path; /* that the graph names */
	uint32_t chunk_bytes;
	size_t n;    /* the letter at hand */
	uint64_t at; /* in its text */
};

static struct source *
source_of(struct leat_stage *st)
{
	size_t at = (leat_read_ops.state_bytes + FEED_ALIGNMENT - 1) &
		~(size_t)(FEED_ALIGNMENT - 1);

	return (struct source *)(void *)((char *)leat_stage_state(st) + at);
}

static bool
sample_is_compressed(const struct leat_shape *shape)
{
	const struct leat_compression *at = leat_stages.compressions;

	for (; at->suffix; at++)
		if (shape->sample_bytes >= at->n_magic &&
			memcmp(shape->sample, at->magic, at->n_magic) == 0)
			return true;
	return false;
}

/* What the file itself shows of its columns. */
static int
source_look(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out, const char *path)
{
	int rc;

	if (strcmp(path, "-") == 0 || access(path, R_OK) != 0)
		return LEAT_OK;
	rc = leat_read_ops.negotiate(st, in, out);
	if (rc || !out->sample || !sample_is_compressed(out))
		return rc;
	out->sample = NULL;
	out->sample_bytes = 0;
	return LEAT_OK;
}

static int
source_init(struct leat_stage *st, const void *opts)
{
	const struct leat_read_opts *o = opts;

	source_of(st)->path = o->path;
	source_of(st)->chunk_bytes =
		o->chunk_bytes ? (uint32_t)o->chunk_bytes : 262144;
	return leat_read_ops.init(st, opts);
}

static int
source_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct leat__cli_feed *feed = feed_of(st);
	const char *path = source_of(st)->path;
	int rc;

	if (feed->n_sources++)
		return leat_stage_fail(st, LEAT_EINVAL,
			"letters go into one source, and the graph has "
			"another 'read'; accepted: one");
	rc = source_look(st, in, out, path);
	out->sample_is_all = 0;
	out->frame_bytes = leat_stage_needs(st)->frame_bytes;
	out->total_bytes = feed->letters->n_bytes;
	out->origin = path;
	return rc;
}

/* Head, record and line ends, one behind the other. */
static uint64_t
source_copy(const struct leat_letter *l, uint64_t from, uint8_t *to,
	uint64_t n_room)
{
	uint64_t n_head = l->head ? strlen(l->head) : 0;
	bool is_ended =
		l->n_bytes && ((const char *)l->data)[l->n_bytes - 1] == '\n';
	const struct {
		const void *data;
		uint64_t n;
	} parts[] = {{l->head, n_head}, {"\n", l->head != NULL},
		{l->data, l->n_bytes}, {"\n", !is_ended}};
	uint64_t n_done = 0;

	for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++) {
		uint64_t n = parts[k].n;

		if (from >= n) {
			from -= n;
			continue;
		}
		n -= from;
		n = n < n_room - n_done ? n : n_room - n_done;
		memcpy(to + n_done, (const char *)parts[k].data + from, n);
		n_done += n;
		from = 0;
		if (n_done == n_room)
			break;
	}
	return n_done;
}

static int
source_produce(struct leat_stage *st)
{
	struct leat__cli_letters *letters = feed_of(st)->letters;
	struct source *s = source_of(st);
	struct leat__cli_letter *letter;
	struct leat_frame *frame;
	int rc;

	if (s->n == letters->n)
		return LEAT_EOS;
	letter = letters->at[s->n];
	rc = leat_stage_acquire(st, &frame);
	if (rc)
		return rc;
	if (s->at == 0)
		leat_frame_set_file(frame, letter->name);
	frame->data = leat_frame_start(frame) + FEED_HEADROOM;
	frame->layout = LEAT_LAYOUT_BYTES;
	frame->source_offset = s->at;
	frame->birth_ns = leat_now_ns();
	frame->len_bytes = (uint32_t)source_copy(
		&letter->letter, s->at, frame->data, s->chunk_bytes);
	s->at += frame->len_bytes;
	if (frame->len_bytes < s->chunk_bytes) {
		letter->is_given = true;
		s->n++;
		s->at = 0;
	}
	return leat_stage_emit(st, 0, frame);
}

static void
source_fini(struct leat_stage *st)
{
	leat_read_ops.fini(st);
}

/* ---- decoders ----------------------------------------------------------- */

static int
plain_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	*out = *in;
	return LEAT_OK;
}

static int
plain_process(struct leat_stage *st, struct leat_frame *in)
{
	return leat_stage_emit(st, 0, in);
}

static bool
is_decoder(const char *name)
{
	size_t n = strlen(name);

	return n >= 6 && strcmp(name + n - 6, "decode") == 0;
}

static const struct leat_stage_ops *
feed_decoder(struct leat__cli_feed *feed, const struct leat_stage_ops *like)
{
	struct leat_stage_ops *ops = &feed->decoders[feed->n_decoders++];

	*ops = (struct leat_stage_ops){
		.size = sizeof(*ops),
		.name = like->name,
		.opts_bytes = like->opts_bytes,
		.options = like->options,
		.in_layouts = LEAT_LAYOUT_BYTES,
		.negotiate = plain_negotiate,
		.process = plain_process,
	};
	return ops;
}

/* ---- dead letters of the graph ------------------------------------------ */

static struct leat__cli_feed *
feed_of_store(struct leat_dead *dead)
{
	const struct leat_dead_ops *ops = leat_dead_kind(dead);
	size_t at = offsetof(struct leat__cli_feed, store);

	return (struct leat__cli_feed *)((uintptr_t)ops - at);
}

static int
store_put(struct leat_dead *dead, const struct leat_letter *letter,
	struct leat_error *err)
{
	struct leat__cli_feed *feed = feed_of_store(dead);
	int rc;

	pthread_mutex_lock(&feed->lock);
	rc = leat__cli_letters_add(&feed->failed, letter, leat_dead_path(dead));
	pthread_mutex_unlock(&feed->lock);
	if (rc && err) {
		err->code = rc;
		snprintf(err->text, sizeof(err->text),
			"no memory for the letters that fail again; --limit "
			"takes fewer");
	}
	return rc;
}

/* ---- the set ------------------------------------------------------------ */

static const struct leat_stage_ops *
feed_stage(struct leat__cli_feed *feed, const struct leat_stage_ops *ops)
{
	if (ops == &leat_read_ops)
		return &feed->source;
	return is_decoder(ops->name) && feed->n_decoders < FEED_DECODERS
		? feed_decoder(feed, ops)
		: ops;
}

static void
feed_fill(struct leat__cli_feed *feed)
{
	feed->source = leat_read_ops;
	feed->source.state_bytes +=
		FEED_ALIGNMENT + (uint32_t)sizeof(struct source);
	feed->source.init = source_init;
	feed->source.negotiate = source_negotiate;
	feed->source.produce = source_produce;
	feed->source.finish = NULL;
	feed->source.fini = source_fini;
	feed->store = leat__cli_no_store;
	feed->store.name = "letters";
	feed->store.memory_bytes = LEAT__CLI_LETTERS_BYTES_MAX;
	feed->store.put = store_put;
	feed->stores[0] = &feed->store;
	feed->set = leat_stages;
	feed->set.stages = feed->stages;
	feed->set.dead_stores = feed->stores;
	for (uint32_t k = 0; k < feed->set.n_stages; k++)
		feed->stages[k] = feed_stage(feed, leat_stages.stages[k]);
}

struct leat__cli_feed *
leat__cli_feed_create(struct leat__cli_letters *letters)
{
	struct leat__cli_feed *feed = calloc(1, sizeof(*feed));

	if (!feed)
		return NULL;
	feed->letters = letters;
	feed->stages = calloc(leat_stages.n_stages, sizeof(*feed->stages));
	if (!feed->stages) {
		free(feed);
		return NULL;
	}
	pthread_mutex_init(&feed->lock, NULL);
	feed_fill(feed);
	return feed;
}

void
leat__cli_feed_destroy(struct leat__cli_feed *feed)
{
	if (!feed)
		return;
	leat__cli_letters_free(&feed->failed);
	pthread_mutex_destroy(&feed->lock);
	free(feed->stages);
	free(feed);
}

const struct leat_stage_set *
leat__cli_feed_set(struct leat__cli_feed *feed)
{
	return &feed->set;
}

int
leat__cli_feed_attach(struct leat__cli_feed *feed, struct leat_graph *graph)
{
	return leat_ctx_set_value(leat_graph_ctx(graph), &feed_key, feed, NULL);
}

uint32_t
leat__cli_feed_n_sources(const struct leat__cli_feed *feed)
{
	return feed->n_sources;
}

struct leat__cli_letters *
leat__cli_feed_failed(struct leat__cli_feed *feed)
{
	return &feed->failed;
}
