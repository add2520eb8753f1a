/*
 * Channels on their own: three senders, one receiver that also listens to a
 * channel of orders, and a deadline. Senders end; the sum is printed.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <leat/leat.h>

#define N_SENDERS 3
#define N_NUMBERS 100000

static void
must(int rc, const struct leat_error *err)
{
	if (rc == LEAT_OK)
		return;
	fprintf(stderr, "%s: %s\n", leat_err_name(rc), err->text);
	exit(1);
}

/* 1, 2, 3, ...: waits whenever the receiver is 64 numbers behind. */
static void *
count_up(void *arg)
{
	struct leat_channel *numbers = arg;

	for (uint64_t k = 1; k <= N_NUMBERS; k++)
		if (leat_channel_send(numbers, &k) != LEAT_OK)
			break;
	leat_channel_close_send(numbers); /* the last one ends the stream */
	return NULL;
}

/* Whichever comes first: a number, an order to stop, or the deadline. */
static uint64_t
add_up(struct leat_channel *numbers, struct leat_channel *orders)
{
	uint64_t number, order, sum = 0;
	struct leat_select_case cases[] = {
		{.channel = numbers, .item = &number},
		{.channel = orders, .item = &order},
	};
	int64_t deadline_ns = leat_now_ns() + 60000000000;
	uint32_t index;

	while (leat_select(cases, 2, NULL, deadline_ns, &index) == LEAT_OK) {
		if (cases[index].result != LEAT_OK || index == 1)
			break; /* all senders have closed, or an order */
		sum += number;
	}
	return sum;
}

int
main(void)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.flags = LEAT_CHANNEL_MANY_SENDERS,
		.item_bytes = sizeof(uint64_t), .capacity = 64,
		.n_senders = N_SENDERS, .name = "numbers"};
	struct leat_channel_opts meet = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = sizeof(uint64_t), .name = "orders"};
	struct leat_channel *numbers, *orders;
	pthread_t senders[N_SENDERS];
	struct leat_error err;

	must(leat_channel_create(NULL, &opts, &numbers, &err), &err);
	must(leat_channel_create(NULL, &meet, &orders, &err), &err);
	for (int k = 0; k < N_SENDERS; k++)
		pthread_create(&senders[k], NULL, count_up, numbers);
	printf("%llu\n", (unsigned long long)add_up(numbers, orders));
	for (int k = 0; k < N_SENDERS; k++)
		pthread_join(senders[k], NULL);
	leat_channel_destroy(orders);
	leat_channel_destroy(numbers);
	return 0;
}
