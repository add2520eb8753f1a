/*
 * Ten thousand fibers in a ring, each with a channel to the next: a number
 * goes round once and comes back larger by one for each. Then a task is
 * submitted, and its result collected.
 */
#include <stdio.h>
#include <stdlib.h>

#include <leat/leat.h>

#define N_FIBERS 10000

static void
must(int rc, const struct leat_error *err)
{
	if (rc == LEAT_OK)
		return;
	fprintf(stderr, "%s: %s\n", leat_err_name(rc), err->text);
	exit(1);
}

struct neighbours {
	struct leat_channel *left;
	struct leat_channel *right;
};

/* Parks in recv; that costs a page of memory, and no thread. */
static void
pass_on(struct leat_ctx *ctx, void *arg)
{
	struct neighbours *n = arg;
	uint64_t number;

	(void)ctx;
	if (leat_channel_recv(n->left, &number) != LEAT_OK)
		return; /* closed or canceled */
	number++;
	if (leat_channel_send(n->right, &number) != LEAT_OK)
		leat_channel_close_recv(n->left);
}

static int
square(struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err)
{
	uint64_t *number = arg;

	(void)ctx;
	(void)err;
	*number *= *number;
	*result = number;
	return LEAT_OK;
}

int
main(void)
{
	static struct leat_channel *channels[N_FIBERS + 1];
	static struct neighbours neighbours[N_FIBERS];
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = sizeof(uint64_t)};
	struct leat_workers *workers;
	struct leat_task *task;
	struct leat_error err;
	uint64_t number = 0;
	void *result;

	must(leat_workers_create(NULL, NULL, &workers, &err), &err);
	for (int k = 0; k <= N_FIBERS; k++)
		must(leat_channel_create(NULL, &opts, &channels[k], &err),
			&err);
	for (int k = 0; k < N_FIBERS; k++) {
		neighbours[k] =
			(struct neighbours){channels[k], channels[k + 1]};
		must(leat_go(workers, pass_on, &neighbours[k], &err), &err);
	}
	must(leat_channel_send(channels[0], &number), &err);
	must(leat_channel_recv(channels[N_FIBERS], &number), &err);
	printf("%llu\n", (unsigned long long)number);

	must(leat_workers_submit(workers, NULL, square, &number, &task, &err),
		&err);
	must(leat_task_wait(task, LEAT_NEVER, &result, &err), &err);
	printf("%llu\n", (unsigned long long)*(uint64_t *)result);
	leat_task_release(task);
	leat_workers_destroy(workers);
	for (int k = 0; k <= N_FIBERS; k++)
		leat_channel_destroy(channels[k]);
	return 0;
}
