/*
 * sim/scenario_channel.c -- the public channel, its close, and select.
 */
#include <leat/channel.h>

#include "scenario.h"

struct talk {
	struct leat_channel *a;
	struct leat_channel *b;
	struct leat_ctx *ctx;
	uint32_t n_received; /* atomic */
	uint64_t sum;        /* atomic */
	int rc;
};

static struct leat_channel *
talk_channel(uint32_t capacity, uint32_t flags, uint32_t n_ends)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.flags = flags, .item_bytes = sizeof(uint64_t),
		.capacity = capacity, .n_senders = n_ends,
		.n_receivers = n_ends, .spin_ns = LEAT_SPIN_NONE};
	struct leat_channel *ch = NULL;

	SIM_CHECK(leat_channel_create(NULL, &opts, &ch, NULL) == LEAT_OK);
	return ch;
}

#define TALK_MANY (LEAT_CHANNEL_MANY_SENDERS | LEAT_CHANNEL_MANY_RECEIVERS)

static void
talk_note(struct talk *t, uint64_t item)
{
	leat__add_relaxed(&t->n_received, 1u);
	leat__add_relaxed(&t->sum, item);
}

static void
talk_recv_all(void *arg)
{
	struct talk *t = arg;
	uint64_t item;
	int rc;

	while ((rc = leat_channel_recv(t->a, &item)) == LEAT_OK)
		talk_note(t, item);
	SIM_CHECK(rc == LEAT_EOS);
}

static void
talk_send(struct leat_channel *ch, uint64_t n)
{
	for (uint64_t k = 1; k <= n; k++)
		SIM_CHECK(leat_channel_send(ch, &k) == LEAT_OK);
}

static void
talk_send_three_and_close(void *arg)
{
	struct talk *t = arg;

	talk_send(t->a, 3);
	leat_channel_close_send(t->a);
}

static void
talk_send_two_and_close(void *arg)
{
	struct talk *t = arg;

	talk_send(t->a, 2);
	leat_channel_close_send(t->a);
}

/* ---- one to one, many to many ------------------------------------------------- */

static void
talk_one_to_one(struct leat_channel *ch)
{
	struct talk t = {.a = ch};
	struct sim_thread *sender;

	sender = sim_go("sender", talk_send_three_and_close, &t);
	talk_recv_all(&t);
	SIM_CHECK(t.n_received == 3 && t.sum == 1 + 2 + 3);
	sim_join(sender);
	leat_channel_destroy(t.a);
}

static void
channel_send_recv(void *user)
{
	(void)user;
	talk_one_to_one(talk_channel(1, 0, 1));
}

static void
channel_send_recv_two(void *user)
{
	(void)user;
	talk_one_to_one(talk_channel(2, 0, 1));
}

/* So many that both ends take the short way, and cells are filled again while
 * others are read. */
static void
talk_send_seven_and_close(void *arg)
{
	struct talk *t = arg;

	talk_send(t->a, 7);
	leat_channel_close_send(t->a);
}

static void
channel_words(void *user)
{
	struct talk t = {.a = talk_channel(2, 0, 1)};
	struct sim_thread *sender;
	uint64_t item;
	int rc;

	(void)user;
	sender = sim_go("sender", talk_send_seven_and_close, &t);
	while ((rc = leat_channel_recv(t.a, &item)) == LEAT_OK)
		SIM_CHECK(item == ++t.n_received);
	SIM_CHECK(rc == LEAT_EOS && t.n_received == 7);
	sim_join(sender);
	leat_channel_destroy(t.a);
}

static void
rendezvous(void *user)
{
	(void)user;
	talk_one_to_one(talk_channel(0, 0, 1));
}

static void
talk_many_to_many(struct leat_channel *ch)
{
	struct talk t = {.a = ch};
	struct sim_thread *a, *b, *c;

	a = sim_go("sender 1", talk_send_two_and_close, &t);
	b = sim_go("sender 2", talk_send_two_and_close, &t);
	c = sim_go("receiver", talk_recv_all, &t);
	talk_recv_all(&t);
	sim_join(a);
	sim_join(b);
	sim_join(c);
	SIM_CHECK(t.n_received == 4 && t.sum == 2 * (1 + 2));
	leat_channel_destroy(t.a);
}

static void
channel_mpmc(void *user)
{
	(void)user;
	talk_many_to_many(talk_channel(1, TALK_MANY, 2));
}

static void
rendezvous_many(void *user)
{
	(void)user;
	talk_many_to_many(talk_channel(0, TALK_MANY, 2));
}

/* ---- close -------------------------------------------------------------------- */

static void
talk_close_only(void *arg)
{
	struct talk *t = arg;

	leat_channel_close_send(t->a);
}

/* Two senders close at once; what one of them sent comes first. */
static void
channel_last_close(void *user)
{
	struct talk t = {.a = talk_channel(1, LEAT_CHANNEL_MANY_SENDERS, 2)};
	struct sim_thread *a, *b;

	(void)user;
	a = sim_go("sender 1", talk_send_two_and_close, &t);
	b = sim_go("sender 2", talk_close_only, &t);
	talk_recv_all(&t);
	SIM_CHECK(t.n_received == 2);
	sim_join(a);
	sim_join(b);
	leat_channel_destroy(t.a);
}

static void
talk_send_until_closed(void *arg)
{
	struct talk *t = arg;

	for (uint64_t k = 1; (t->rc = leat_channel_send(t->a, &k)) == 0; k++)
		;
}

static void
talk_close_recv(uint32_t capacity)
{
	struct talk t = {.a = talk_channel(capacity, 0, 1)};
	struct sim_thread *sender;
	uint64_t item = 0;

	sender = sim_go("sender", talk_send_until_closed, &t);
	SIM_CHECK(leat_channel_recv(t.a, &item) == LEAT_OK && item == 1);
	leat_channel_close_recv(t.a);
	sim_join(sender);
	SIM_CHECK(t.rc == LEAT_ECLOSED);
	leat_channel_destroy(t.a);
}

static void
channel_close_recv(void *user)
{
	(void)user;
	talk_close_recv(1);
}

static void
rendezvous_close_recv(void *user)
{
	(void)user;
	talk_close_recv(0);
}

/* ---- deadline and cancel --------------------------------------------------------- */

static void
talk_send_one(void *arg)
{
	struct talk *t = arg;
	uint64_t one = 1;

	t->rc = leat_channel_send(t->a, &one);
}

/* Two wait, one of them not for ever; one item comes: it is taken. */
static void
talk_recv_soon(void *arg)
{
	struct talk *t = arg;
	uint64_t item;
	int rc =
		leat_channel_recv_until(t->a, &item, NULL, leat_now_ns() + 300);

	SIM_CHECK(rc == LEAT_OK || rc == LEAT_ETIMEDOUT || rc == LEAT_EOS);
	if (rc == LEAT_OK)
		talk_note(t, item);
}

static void
talk_deadline(uint32_t capacity)
{
	struct talk t = {
		.a = talk_channel(capacity, LEAT_CHANNEL_MANY_RECEIVERS, 1)};
	struct sim_thread *sender, *soon;

	soon = sim_go("soon", talk_recv_soon, &t);
	sender = sim_go("sender", talk_send_two_and_close, &t);
	talk_recv_all(&t);
	sim_join(soon);
	sim_join(sender);
	SIM_CHECK(t.n_received == 2 && t.sum == 1 + 2);
	leat_channel_destroy(t.a);
}

static void
channel_deadline(void *user)
{
	(void)user;
	talk_deadline(1);
}

static void
rendezvous_deadline(void *user)
{
	(void)user;
	talk_deadline(0);
}

static void
talk_cancel(void *arg)
{
	struct talk *t = arg;

	leat_ctx_cancel(t->ctx, LEAT_ECANCELED, NULL);
}

/* A receive is cancelled while the item comes: one of the two has it. */
static void
talk_recv_cancel(uint32_t capacity)
{
	struct talk t = {.a = talk_channel(capacity, 0, 1)};
	struct sim_thread *sender, *canceller;
	uint64_t item = 0;
	int rc;

	SIM_CHECK(leat_ctx_create(&t.ctx, NULL) == LEAT_OK);
	sender = sim_go("sender", talk_send_one, &t);
	canceller = sim_go("canceller", talk_cancel, &t);
	rc = leat_channel_recv_until(t.a, &item, t.ctx, LEAT_NEVER);
	SIM_CHECK(rc == LEAT_OK || rc == LEAT_ECANCELED);
	if (rc == LEAT_ECANCELED)
		SIM_CHECK(leat_channel_recv(t.a, &item) == LEAT_OK);
	SIM_CHECK(item == 1);
	sim_join(sender);
	sim_join(canceller);
	SIM_CHECK(t.rc == LEAT_OK);
	leat_ctx_destroy(t.ctx);
	leat_channel_destroy(t.a);
}

static void
channel_cancel(void *user)
{
	(void)user;
	talk_recv_cancel(1);
}

static void
rendezvous_cancel(void *user)
{
	(void)user;
	talk_recv_cancel(0);
}

/* ---- told once, and never again -------------------------------------------------- */

static void
talk_answer(void *arg)
{
	struct talk *t = arg;
	uint64_t item;

	for (int k = 0; k < 2; k++) {
		SIM_CHECK(leat_channel_recv(t->a, &item) == LEAT_OK);
		SIM_CHECK(leat_channel_send(t->b, &item) == LEAT_OK);
	}
}

/* Who tells waits for an answer: nothing later makes up for a wake lost. */
static void
talk_ping(uint32_t flags)
{
	struct talk t = {
		.a = talk_channel(1, flags, 1), .b = talk_channel(1, flags, 1)};
	struct sim_thread *peer;

	peer = sim_go("peer", talk_answer, &t);
	for (uint64_t k = 1; k <= 2; k++) {
		uint64_t item = 0;

		SIM_CHECK(leat_channel_send(t.a, &k) == LEAT_OK);
		SIM_CHECK(leat_channel_recv(t.b, &item) == LEAT_OK);
		SIM_CHECK(item == k);
	}
	sim_join(peer);
	leat_channel_destroy(t.a);
	leat_channel_destroy(t.b);
}

static void
talk_answer_with_context(void *arg)
{
	struct talk *t = arg;
	uint64_t item;

	for (int k = 0; k < 2; k++) {
		SIM_CHECK(leat_channel_recv_until(
				  t->a, &item, t->ctx, LEAT_NEVER) == LEAT_OK);
		SIM_CHECK(leat_channel_send_until(
				  t->b, &item, t->ctx, LEAT_NEVER) == LEAT_OK);
	}
}

/* A wait with a context of its own goes by a token, one without by a mark. */
static void
channel_ping_context(void *user)
{
	struct talk t = {
		.a = talk_channel(1, 0, 1), .b = talk_channel(1, 0, 1)};
	struct sim_thread *peer;

	(void)user;
	SIM_CHECK(leat_ctx_create(&t.ctx, NULL) == LEAT_OK);
	peer = sim_go("peer", talk_answer_with_context, &t);
	for (uint64_t k = 1; k <= 2; k++) {
		uint64_t item = 0;

		SIM_CHECK(leat_channel_send_until(t.a, &k, t.ctx, LEAT_NEVER) ==
			LEAT_OK);
		SIM_CHECK(leat_channel_recv_until(
				  t.b, &item, t.ctx, LEAT_NEVER) == LEAT_OK);
		SIM_CHECK(item == k);
	}
	sim_join(peer);
	leat_channel_destroy(t.a);
	leat_channel_destroy(t.b);
	leat_ctx_destroy(t.ctx);
}

static void
channel_ping(void *user)
{
	(void)user;
	talk_ping(0);
}

static void
channel_ping_many(void *user)
{
	(void)user;
	talk_ping(TALK_MANY);
}

/*
 * Channels this wide let who tells go without a fence where waits are rare;
 * who waits then pays by a barrier. Short and long runs switch that by turns.
 */
#define WIDE_CAPACITY 512u
#define WIDE_RUN      300u

static const uint32_t wide_runs[] = {1, 1, WIDE_RUN, 1, 1};

static void
wide_recv(struct leat_channel *ch, uint32_t n)
{
	static uint64_t items[WIDE_RUN];

	SIM_CHECK(leat_channel_recv_bulk(
			  ch, items, n, NULL, LEAT_NEVER, NULL) == LEAT_OK);
	SIM_CHECK(items[n - 1] == n);
}

static void
wide_answer(void *arg)
{
	struct talk *t = arg;

	for (size_t k = 0; k < leat__array_len(wide_runs); k++) {
		wide_recv(t->a, wide_runs[k]);
		talk_send(t->b, 1);
	}
}

static void
talk_wide(uint32_t flags)
{
	struct talk t = {.a = talk_channel(WIDE_CAPACITY, flags, 1),
		.b = talk_channel(WIDE_CAPACITY, flags, 1)};
	static uint64_t items[WIDE_RUN];
	struct sim_thread *peer;

	for (uint32_t k = 0; k < WIDE_RUN; k++)
		items[k] = k + 1;
	peer = sim_go("peer", wide_answer, &t);
	for (size_t k = 0; k < leat__array_len(wide_runs); k++) {
		int n = (int)wide_runs[k];

		SIM_CHECK(
			leat_channel_send_burst(t.a, items, wide_runs[k]) == n);
		wide_recv(t.b, 1);
	}
	sim_join(peer);
	leat_channel_destroy(t.a);
	leat_channel_destroy(t.b);
}

static void
channel_wide(void *user)
{
	(void)user;
	talk_wide(0);
}

static void
channel_wide_receivers(void *user)
{
	(void)user;
	talk_wide(LEAT_CHANNEL_MANY_RECEIVERS);
}

static void
talk_send_and_tell(void *arg)
{
	struct talk *t = arg;

	talk_send(t->a, 2); /* the second one waits for credit */
	talk_send(t->b, 1);
}

static void
talk_credit_over(struct leat_channel *a, struct leat_channel *b)
{
	struct talk t = {.a = a, .b = b};
	struct sim_thread *sender;
	uint64_t item = 0;

	sender = sim_go("sender", talk_send_and_tell, &t);
	SIM_CHECK(leat_channel_recv(t.a, &item) == LEAT_OK && item == 1);
	SIM_CHECK(leat_channel_recv(t.b, &item) == LEAT_OK);
	SIM_CHECK(leat_channel_recv(t.a, &item) == LEAT_OK && item == 2);
	sim_join(sender);
	leat_channel_destroy(t.a);
	leat_channel_destroy(t.b);
}

static void
talk_credit(uint32_t flags)
{
	talk_credit_over(talk_channel(1, flags, 1), talk_channel(1, flags, 1));
}

static void
channel_credit(void *user)
{
	(void)user;
	talk_credit(0);
}

static void
channel_credit_many(void *user)
{
	(void)user;
	talk_credit(TALK_MANY);
}

/* A wide channel with a window of one: credit is told of without a fence. */
static void
channel_credit_wide(void *user)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = sizeof(uint64_t), .capacity = WIDE_CAPACITY,
		.window_delay_ns = 1, .window_max = 1,
		.spin_ns = LEAT_SPIN_NONE};
	struct leat_channel *ch = NULL;

	(void)user;
	SIM_CHECK(leat_channel_create(NULL, &opts, &ch, NULL) == LEAT_OK);
	talk_credit_over(ch, talk_channel(1, 0, 1));
}

/* ---- publishing in runs, granting ---------------------------------------------- */

static void
channel_publish(void *user)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = sizeof(uint64_t), .capacity = 2,
		.publish_items = 2, .spin_ns = LEAT_SPIN_NONE};
	struct leat_channel *ch;

	(void)user;
	SIM_CHECK(leat_channel_create(NULL, &opts, &ch, NULL) == LEAT_OK);
	talk_one_to_one(ch);
}

static void
channel_grant(void *user)
{
	struct talk t = {.a = talk_channel(1, LEAT_CHANNEL_GRANTS, 1)};
	struct sim_thread *sender;
	uint64_t item;

	(void)user;
	sender = sim_go("sender", talk_send_three_and_close, &t);
	while (leat_channel_recv(t.a, &item) == LEAT_OK) {
		SIM_CHECK(leat_channel_queued(t.a) == 0);
		talk_note(&t, item);
		leat_channel_grant(t.a, 1, 0);
	}
	SIM_CHECK(t.n_received == 3);
	sim_join(sender);
	leat_channel_destroy(t.a);
}

/* ---- select ----------------------------------------------------------------------- */

static void
select_recv_case(
	struct leat_select_case *c, struct leat_channel *ch, uint64_t *item)
{
	*c = (struct leat_select_case){
		.channel = ch, .item = item, .op = LEAT_SELECT_RECV};
}

static void
select_send_case(
	struct leat_select_case *c, struct leat_channel *ch, uint64_t *item)
{
	*c = (struct leat_select_case){
		.channel = ch, .item = item, .op = LEAT_SELECT_SEND};
}

static void
talk_send_b_and_close(void *arg)
{
	struct talk *t = arg;

	talk_send(t->b, 1);
	leat_channel_close_send(t->b);
}

/* Everything from both, until both have ended. */
static void
talk_select_all(struct talk *t)
{
	struct leat_select_case cases[2];
	uint64_t items[2];
	uint32_t n_open = 2, at;

	select_recv_case(&cases[0], t->a, &items[0]);
	select_recv_case(&cases[1], t->b, &items[1]);
	while (n_open) {
		SIM_CHECK(leat_select(cases, 2, NULL, LEAT_NEVER, &at) ==
			LEAT_OK);
		if (cases[at].result == LEAT_OK) {
			talk_note(t, items[at]);
			continue;
		}
		SIM_CHECK(cases[at].result == LEAT_EOS);
		cases[at].channel = NULL;
		n_open--;
	}
}

static void
talk_select_close(uint32_t capacity)
{
	struct talk t = {.a = talk_channel(capacity, 0, 1),
		.b = talk_channel(capacity, 0, 1)};
	struct sim_thread *a, *b;

	a = sim_go("sender a", talk_send_two_and_close, &t);
	b = sim_go("sender b", talk_send_b_and_close, &t);
	talk_select_all(&t);
	SIM_CHECK(t.n_received == 3 && t.sum == 1 + 2 + 1);
	sim_join(a);
	sim_join(b);
	leat_channel_destroy(t.a);
	leat_channel_destroy(t.b);
}

static void
select_close(void *user)
{
	(void)user;
	talk_select_close(1);
}

static void
select_close_rendezvous(void *user)
{
	(void)user;
	talk_select_close(0);
}

/* Send on one or receive on the other; the peer the other way round. Exactly
 * one hand-off happens for each pair of selects. */
static void
talk_swap(struct talk *t, struct leat_channel *to, struct leat_channel *from)
{
	struct leat_select_case cases[2];
	uint64_t sent = 1, received = 0;
	uint32_t at;

	select_send_case(&cases[0], to, &sent);
	select_recv_case(&cases[1], from, &received);
	SIM_CHECK(leat_select(cases, 2, NULL, LEAT_NEVER, &at) == LEAT_OK);
	SIM_CHECK(cases[at].result == LEAT_OK);
	if (at == 1)
		talk_note(t, received);
}

static void
talk_swap_back(void *arg)
{
	struct talk *t = arg;

	talk_swap(t, t->b, t->a);
	talk_swap(t, t->b, t->a);
}

static void
select_select(void *user)
{
	struct talk t = {
		.a = talk_channel(0, 0, 1), .b = talk_channel(0, 0, 1)};
	struct sim_thread *peer;

	(void)user;
	peer = sim_go("peer", talk_swap_back, &t);
	talk_swap(&t, t.a, t.b);
	talk_swap(&t, t.a, t.b);
	sim_join(peer);
	SIM_CHECK(t.n_received == 2 && t.sum == 2);
	leat_channel_destroy(t.a);
	leat_channel_destroy(t.b);
}

/* A select is cancelled while items come: none is lost. */
static void
select_cancel(void *user)
{
	struct talk t = {
		.a = talk_channel(1, 0, 1), .b = talk_channel(0, 0, 1)};
	struct leat_select_case cases[2];
	struct sim_thread *sender, *canceller;
	uint64_t items[2] = {0, 0};
	uint32_t at = 0;
	int rc;

	(void)user;
	SIM_CHECK(leat_ctx_create(&t.ctx, NULL) == LEAT_OK);
	select_recv_case(&cases[0], t.a, &items[0]);
	select_recv_case(&cases[1], t.b, &items[1]);
	sender = sim_go("sender", talk_send_one, &t);
	canceller = sim_go("canceller", talk_cancel, &t);
	rc = leat_select(cases, 2, t.ctx, LEAT_NEVER, &at);
	SIM_CHECK(rc == LEAT_OK || rc == LEAT_ECANCELED);
	if (rc == LEAT_ECANCELED)
		SIM_CHECK(leat_channel_recv(t.a, &items[0]) == LEAT_OK);
	SIM_CHECK(items[0] == 1);
	sim_join(sender);
	sim_join(canceller);
	leat_ctx_destroy(t.ctx);
	leat_channel_destroy(t.a);
	leat_channel_destroy(t.b);
}

/* Of two that wait at a channel one leaves by another case at the moment it is
 * told of the item: the other one must be told instead. */
static void
talk_select_once(void *arg)
{
	struct talk *t = arg;
	struct leat_select_case cases[2];
	uint64_t items[2];
	uint32_t at;

	select_recv_case(&cases[0], t->a, &items[0]);
	select_recv_case(&cases[1], t->b, &items[1]);
	SIM_CHECK(leat_select(cases, 2, NULL, LEAT_NEVER, &at) == LEAT_OK);
	if (at == 0 && cases[0].result == LEAT_OK)
		talk_note(t, items[0]);
}

static void
talk_close_b(void *arg)
{
	struct talk *t = arg;

	leat_channel_close_send(t->b);
}

static void
talk_baton(uint32_t capacity)
{
	struct talk t = {
		.a = talk_channel(capacity, LEAT_CHANNEL_MANY_RECEIVERS, 1),
		.b = talk_channel(1, 0, 1)};
	struct sim_thread *select, *sender, *closer;

	select = sim_go("select", talk_select_once, &t);
	sender = sim_go("sender", talk_send_two_and_close, &t);
	closer = sim_go("closer", talk_close_b, &t);
	talk_recv_all(&t);
	sim_join(select);
	sim_join(sender);
	sim_join(closer);
	SIM_CHECK(t.n_received == 2 && t.sum == 1 + 2);
	leat_channel_destroy(t.a);
	leat_channel_destroy(t.b);
}

static void
select_baton(void *user)
{
	(void)user;
	talk_baton(1);
}

static void
select_baton_rendezvous(void *user)
{
	(void)user;
	talk_baton(0);
}

const struct sim_scenario scenarios_channel[] = {
	{.name = "channel_send_recv",
		.idea = "one to one, a capacity of 1",
		.run = channel_send_recv},
	{.name = "channel_send_recv_two",
		.idea = "one to one, a capacity of 2",
		.run = channel_send_recv_two},
	{.name = "channel_words",
		.idea = "seven words in their order, a capacity of 2",
		.run = channel_words},
	{.name = "channel_mpmc",
		.idea = "two to two, closed by the last",
		.run = channel_mpmc},
	{.name = "channel_last_close",
		.idea = "the last sender closes",
		.run = channel_last_close},
	{.name = "channel_close_recv",
		.idea = "the receiver closes on a sender",
		.run = channel_close_recv},
	{.name = "channel_deadline",
		.idea = "one of two receivers gives up",
		.run = channel_deadline},
	{.name = "channel_cancel",
		.idea = "a receive is cancelled",
		.run = channel_cancel},
	{.name = "channel_ping",
		.idea = "one item, and an answer to it",
		.run = channel_ping},
	{.name = "channel_ping_context",
		.idea = "the same, each wait with a context",
		.run = channel_ping_context},
	{.name = "channel_ping_many",
		.idea = "the same, many at each end",
		.run = channel_ping_many},
	{.name = "channel_credit",
		.idea = "credit comes back, and no more",
		.run = channel_credit},
	{.name = "channel_credit_many",
		.idea = "the same, many at each end",
		.run = channel_credit_many},
	{.name = "channel_credit_wide",
		.idea = "the same, without fences",
		.run = channel_credit_wide},
	{.name = "channel_wide",
		.idea = "with fences and without by turns",
		.run = channel_wide},
	{.name = "channel_wide_receivers",
		.idea = "the same, many receivers",
		.run = channel_wide_receivers},
	{.name = "channel_publish",
		.idea = "sends made visible in runs",
		.run = channel_publish},
	{.name = "channel_grant",
		.idea = "credit comes back by a grant",
		.run = channel_grant},
	{.name = "rendezvous",
		.idea = "one to one, without a capacity",
		.run = rendezvous},
	{.name = "rendezvous_many",
		.idea = "two to two, without a capacity",
		.run = rendezvous_many},
	{.name = "rendezvous_close_recv",
		.idea = "the receiver closes",
		.run = rendezvous_close_recv},
	{.name = "rendezvous_deadline",
		.idea = "one of two receivers gives up",
		.run = rendezvous_deadline},
	{.name = "rendezvous_cancel",
		.idea = "a receive is cancelled",
		.run = rendezvous_cancel},
	{.name = "select_close",
		.idea = "two channels to their ends",
		.run = select_close},
	{.name = "select_close_rendezvous",
		.idea = "the same, no capacity",
		.run = select_close_rendezvous},
	{.name = "select_select",
		.idea = "two selects meet on two rendezvous",
		.run = select_select},
	{.name = "select_cancel",
		.idea = "a select is cancelled",
		.run = select_cancel},
	{.name = "select_baton",
		.idea = "whoever leaves passes the wake on",
		.run = select_baton},
	{.name = "select_baton_rendezvous",
		.idea = "the same, no capacity",
		.run = select_baton_rendezvous},
	{0},
};
