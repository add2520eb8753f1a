/*
 * ctx/dump.c -- the tree below a context, for people and as JSON.
 *
 * Keeps: what is said of one context is looked up under its lock and written
 * without; the walk holds the context it stands on and no more, so a chain of
 * any length takes neither memory nor stack, and whoever lives all the while
 * is met once. Waits are described under the lock that their end needs, so
 * they are there. JSON is flat, with depths, for readers that recurse.
 * Threads: any.
 */
#include <stdio.h>
#include <string.h>

#include "ctx/node.h"

#define DUMP_CONTEXTS    1000u
#define DUMP_WAITS_MAX   8u
#define DUMP_WHAT_BYTES  120u
#define DUMP_PIECE_BYTES 120u
#define DUMP_BUF_BYTES   512u
#define DUMP_COUNT_MOST  4096u /* callbacks counted under the lock */
#define DUMP_INDENT_MOST 24u
#define DUMP_NS_PER_S    1000000000
#define DUMP_NS_PER_MS   1000000
#define DUMP_UTF8_BAD    "\\ufffd"

struct dump {
	leat_write_fn write;
	void *user;
	int64_t now_ns;
	uint64_t n_written; /* contexts */
	size_t n;           /* bytes in buf */
	char buf[DUMP_BUF_BYTES];
};

struct dump_wait {
	int64_t since_ns; /* 0 = unknown */
	char what[DUMP_WHAT_BYTES];
};

/* What a context's lock guards. */
struct dump_node {
	bool is_done;
	uint32_t n_children;
	uint32_t n_callbacks; /* without waits */
	uint32_t n_waits;
	int64_t deadline_ns;
	struct dump_wait waits[DUMP_WAITS_MAX];
};

/* ---- writing -------------------------------------------------------------- */

static void
dump_flush(struct dump *d)
{
	if (d->n > 0)
		d->write(d->user, d->buf, d->n);
	d->n = 0;
}

static void
dump_put(struct dump *d, const char *text, size_t n_bytes)
{
	while (n_bytes > 0) {
		size_t room = DUMP_BUF_BYTES - d->n;
		size_t n = n_bytes < room ? n_bytes : room;

		memcpy(d->buf + d->n, text, n);
		d->n += n;
		text += n;
		n_bytes -= n;
		if (d->n == DUMP_BUF_BYTES)
			dump_flush(d);
	}
}

static void
dump_words(struct dump *d, const char *words)
{
	dump_put(d, words, strlen(words));
}

/* Numbers and short words; longer ones are cut. */
LEAT_PRINTF(2, 3)
static void
dump_add(struct dump *d, const char *format, ...)
{
	char piece[DUMP_PIECE_BYTES];
	va_list args;

	va_start(args, format);
	if (vsnprintf(piece, sizeof(piece), format, args) > 0)
		dump_words(d, piece);
	va_end(args);
}

/* A string as JSON has it, without the quotes; people read it too. */
static void
dump_escaped(struct dump *d, const char *text)
{
	const uint8_t *s = (const uint8_t *)text, *end = s + strlen(text);
	char word[8];

	while (s < end) {
		size_t n = leat__utf8_bytes(s, (size_t)(end - s));
		size_t n_word = leat__json_escape(*s, word);

		if (n == 0)
			dump_words(d, DUMP_UTF8_BAD);
		else if (n_word)
			dump_put(d, word, n_word);
		else
			dump_put(d, (const char *)s, n);
		s += n ? n : 1;
	}
}

static void
dump_string(struct dump *d, const char *text)
{
	dump_words(d, "\"");
	dump_escaped(d, text);
	dump_words(d, "\"");
}

/* ---- looking -------------------------------------------------------------- */

static void
wait_look(struct dump_wait *place, const struct leat_ctx_after *after)
{
	const struct leat__ctx_wait *wait =
		leat__container_of(after, const struct leat__ctx_wait, after);
	struct leat__text text = {place->what, sizeof(place->what), 0};

	place->since_ns = wait->since_ns;
	place->what[0] = '\0';
	if (wait->describe)
		wait->describe(wait, &text);
}

static void
node_look(struct dump_node *node, struct leat_ctx *ctx)
{
	const struct leat__env *env = ctx->root->env;
	const struct leat_ctx_after *after;

	node->n_waits = 0;
	node->n_callbacks = 0;
	leat__lock_take(&ctx->lock, env);
	node->is_done = leat__load_relaxed(&ctx->state) == CTX_DONE;
	node->n_children = ctx->n_children;
	node->deadline_ns = leat__load_relaxed(&ctx->deadline_ns);
	after = ctx->afters;
	for (uint32_t k = 0; after && k < DUMP_COUNT_MOST; k++) {
		if (!leat__ctx_after_is_wait(after))
			node->n_callbacks++;
		else if (node->n_waits++ < DUMP_WAITS_MAX)
			wait_look(&node->waits[node->n_waits - 1], after);
		after = after->next;
	}
	leat__lock_drop(&ctx->lock, env);
}

static uint32_t
node_n_shown(const struct dump_node *node)
{
	return (uint32_t)leat__min_u64(node->n_waits, DUMP_WAITS_MAX);
}

/* The first value that is not the name, from one on. */
static const struct ctx_value *
value_shown(const struct ctx_value *value)
{
	while (value && leat__ctx_key_is_name(value->key))
		value = value->next;
	return value;
}

static const struct ctx_value *
values_shown(const struct leat_ctx *ctx)
{
	/* acquire: pairs with the release in leat_ctx_set_value */
	return value_shown(leat__load_acquire(&ctx->values));
}

static const char *
value_key(const struct ctx_value *value)
{
	return value->key->name ? value->key->name : "?";
}

/* ---- as text -------------------------------------------------------------- */

static void
text_state(struct dump *d, const struct leat_ctx *ctx, bool is_done)
{
	const char *name = leat__ctx_name(ctx);

	dump_words(d, is_done ? "- ended" : "- live");
	if (name) {
		dump_words(d, " ");
		dump_string(d, name);
	}
	if (is_done) {
		const struct leat_error *cause = &ctx->cause->error;

		dump_add(d, " (%s ", leat_err_name(cause->code));
		dump_string(d, cause->text);
		dump_words(d, ")");
	}
	if (leat__load_relaxed(&ctx->is_destroyed))
		dump_words(d, " destroyed");
}

static void
text_seconds(struct dump *d, const char *words, int64_t ns)
{
	const char *sign = ns < 0 ? "-" : "";
	uint64_t n = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	dump_add(d, "%s %s%llu.%03llu s", words, sign,
		(unsigned long long)(n / DUMP_NS_PER_S),
		(unsigned long long)(n % DUMP_NS_PER_S / DUMP_NS_PER_MS));
}

static void
text_values(struct dump *d, const struct leat_ctx *ctx)
{
	const struct ctx_value *value = values_shown(ctx);

	if (value)
		dump_words(d, ", values");
	for (; value; value = value_shown(value->next)) {
		dump_words(d, " ");
		dump_string(d, value_key(value));
	}
}

static void
text_waits(struct dump *d, const struct dump_node *node)
{
	uint32_t n_shown = node_n_shown(node);

	for (uint32_t k = 0; k < n_shown; k++) {
		const struct dump_wait *wait = &node->waits[k];

		dump_words(d, k ? "; " : ", waits: ");
		dump_escaped(d, wait->what[0] ? wait->what : "?");
		if (wait->since_ns)
			text_seconds(d, " for", d->now_ns - wait->since_ns);
	}
	if (node->n_waits > n_shown)
		dump_add(d, "; %u more", node->n_waits - n_shown);
}

static void
text_node(struct dump *d, const struct leat_ctx *ctx,
	const struct dump_node *node, uint32_t depth)
{
	for (uint32_t k = 0; k < depth && k < DUMP_INDENT_MOST; k++)
		dump_words(d, "  ");
	if (depth > DUMP_INDENT_MOST)
		dump_add(d, "[%u] ", depth);
	text_state(d, ctx, node->is_done);
	dump_words(d, ", created at ");
	dump_words(d, leat__ctx_where(ctx));
	if (node->deadline_ns != LEAT_NEVER)
		text_seconds(d, ", deadline in", node->deadline_ns - d->now_ns);
	if (node->n_children > 0)
		dump_add(d, ", %u %s", node->n_children,
			node->n_children == 1 ? "child" : "children");
	text_values(d, ctx);
	if (node->n_callbacks > 0)
		dump_add(d, ", %u %s", node->n_callbacks,
			node->n_callbacks == 1 ? "callback" : "callbacks");
	text_waits(d, node);
	dump_words(d, "\n");
}

/* ---- as JSON -------------------------------------------------------------- */

static void
json_text(struct dump *d, const char *field, const char *text)
{
	dump_add(d, ",\"%s\":", field);
	if (text)
		dump_string(d, text);
	else
		dump_words(d, "null");
}

static void
json_cause(struct dump *d, const struct leat_ctx *ctx, bool is_done)
{
	const struct leat_error *cause = is_done ? &ctx->cause->error : NULL;

	json_text(d, "cause", cause ? leat_err_name(cause->code) : NULL);
	json_text(d, "text", cause ? cause->text : NULL);
	json_text(d, "stage", cause && cause->stage[0] ? cause->stage : NULL);
}

static void
json_values(struct dump *d, const struct leat_ctx *ctx)
{
	const struct ctx_value *value = values_shown(ctx);

	dump_words(d, ",\"values\":[");
	while (value) {
		dump_string(d, value_key(value));
		value = value_shown(value->next);
		dump_words(d, value ? "," : "");
	}
	dump_words(d, "]");
}

static void
json_waits(struct dump *d, const struct dump_node *node)
{
	uint32_t n_shown = node_n_shown(node);

	dump_words(d, ",\"waits\":[");
	for (uint32_t k = 0; k < n_shown; k++) {
		const struct dump_wait *wait = &node->waits[k];

		dump_words(d, k ? ",{\"what\":" : "{\"what\":");
		dump_string(d, wait->what);
		if (wait->since_ns)
			dump_add(d, ",\"for_ns\":%lld}",
				(long long)(d->now_ns - wait->since_ns));
		else
			dump_words(d, ",\"for_ns\":null}");
	}
	dump_add(d, "],\"n_waits\":%u", node->n_waits);
}

static void
json_node(struct dump *d, const struct leat_ctx *ctx,
	const struct dump_node *node, uint32_t depth)
{
	bool is_destroyed = leat__load_relaxed(&ctx->is_destroyed);

	dump_words(d, d->n_written ? ",\n" : "\n");
	dump_add(d, "{\"depth\":%u,\"state\":\"%s\"", depth,
		node->is_done ? "ended" : "live");
	json_text(d, "name", leat__ctx_name(ctx));
	json_text(d, "created", leat__ctx_where(ctx));
	dump_add(d, ",\"destroyed\":%s", is_destroyed ? "true" : "false");
	json_cause(d, ctx, node->is_done);
	if (node->deadline_ns != LEAT_NEVER)
		dump_add(d, ",\"deadline_in_ns\":%lld",
			(long long)(node->deadline_ns - d->now_ns));
	else
		dump_words(d, ",\"deadline_in_ns\":null");
	dump_add(d, ",\"n_children\":%u,\"n_callbacks\":%u", node->n_children,
		node->n_callbacks);
	json_values(d, ctx);
	json_waits(d, node);
	dump_words(d, "}");
}

/* ---- all of it ------------------------------------------------------------ */

static void
dump_one(struct dump *d, struct leat_ctx *ctx, uint32_t depth, bool is_json)
{
	struct dump_node node;

	node_look(&node, ctx);
	if (is_json)
		json_node(d, ctx, &node, depth);
	else
		text_node(d, ctx, &node, depth);
	d->n_written++;
}

static void
dump_end(struct dump *d, uint64_t n_left_out, bool is_json)
{
	unsigned long long n = n_left_out;

	if (is_json)
		dump_add(d, "\n],\"n_left_out\":%llu}\n", n);
	else if (n > 0)
		dump_add(d, "%llu more left out\n", n);
	dump_flush(d);
}

int
leat_ctx_dump(struct leat_ctx *ctx, uint32_t flags, uint64_t max_contexts,
	leat_write_fn write, void *user)
{
	bool is_json = flags & LEAT_DUMP_JSON;
	struct dump d = {.write = write, .user = user};
	uint64_t n_left_out = 0;
	uint32_t depth = 0;

	if (flags & ~LEAT_DUMP_JSON)
		return LEAT_EINVAL;
	d.now_ns = ctx->root->env->now_ns(ctx->root->env);
	max_contexts = max_contexts ? max_contexts : DUMP_CONTEXTS;
	if (is_json)
		dump_words(&d, "{\"contexts\":[");
	for (struct leat_ctx *at = ctx; at;
		at = leat__ctx_next_below(ctx, at, &depth)) {
		if (d.n_written < max_contexts)
			dump_one(&d, at, depth, is_json);
		else
			n_left_out++;
	}
	dump_end(&d, n_left_out, is_json);
	return LEAT_OK;
}
