/*
 * rivals/glib.c -- GLib's GAsyncQueue: pointers, unbounded, blocking pop. It
 * has no capacity, so its senders never wait; that flatters it.
 */
#include <glib.h>

#include "support/rival.h"

#define END (UINT64_MAX - 1)

struct many {
	GAsyncQueue *queue;
	uint64_t n, n_ends;
	uint64_t sum, n_started;
};

static void
item_push(GAsyncQueue *queue, uint64_t item)
{
	/* a GAsyncQueue takes no NULL */
	g_async_queue_push(queue, GSIZE_TO_POINTER(item + 1));
}

static uint64_t
item_pop(GAsyncQueue *queue)
{
	return GPOINTER_TO_SIZE(g_async_queue_pop(queue)) - 1;
}

static void *
many_send(void *arg)
{
	struct many *m = arg;
	uint64_t first = __atomic_fetch_add(&m->n_started, 1, __ATOMIC_RELAXED);

	for (uint64_t k = first; k < m->n; k += m->n_ends)
		item_push(m->queue, k);
	return NULL;
}

static void *
many_recv(void *arg)
{
	struct many *m = arg;
	uint64_t item, sum = 0;

	while ((item = item_pop(m->queue)) != END)
		sum += item;
	__atomic_fetch_add(&m->sum, sum, __ATOMIC_RELAXED);
	return NULL;
}

static void
many_run(uint64_t n, uint64_t n_ends, struct rival_result *result)
{
	struct many m = {g_async_queue_new(), n, n_ends, 0, 0};
	int64_t begin = rival_now_ns();
	pthread_t senders[4], receivers[4];

	for (uint64_t k = 0; k < n_ends; k++) {
		senders[k] = rival_thread(many_send, &m);
		receivers[k] = rival_thread(many_recv, &m);
	}
	for (uint64_t k = 0; k < n_ends; k++)
		pthread_join(senders[k], NULL);
	for (uint64_t k = 0; k < n_ends; k++)
		item_push(m.queue, END);
	for (uint64_t k = 0; k < n_ends; k++)
		pthread_join(receivers[k], NULL);
	rival_add(result, "ns", (double)(rival_now_ns() - begin) / (double)n);
	g_async_queue_unref(m.queue);
	rival_demand_sum(m.sum, n);
}

static void
hop1(uint64_t n, struct rival_result *result)
{
	many_run(n, 1, result);
}

static void
mpmc4x4(uint64_t n, struct rival_result *result)
{
	many_run(n, 4, result);
}

/* ---- round trips ------------------------------------------------------------- */

struct trip {
	GAsyncQueue *there, *back;
	uint64_t n;
};

static void *
rtt_echo(void *arg)
{
	struct trip *trip = arg;

	for (uint64_t k = 0; k < trip->n; k++)
		item_push(trip->back, item_pop(trip->there));
	return NULL;
}

static void
rtt(uint64_t n, struct rival_result *result)
{
	struct trip trip = {g_async_queue_new(), g_async_queue_new(), n};
	pthread_t thread = rival_thread(rtt_echo, &trip);
	int64_t *times = rival_times(n);
	uint64_t sum = 0;

	times[0] = rival_now_ns();
	for (uint64_t k = 0; k < n; k++) {
		item_push(trip.there, k);
		sum += item_pop(trip.back);
		times[k + 1] = rival_now_ns();
	}
	pthread_join(thread, NULL);
	g_async_queue_unref(trip.there);
	g_async_queue_unref(trip.back);
	rival_add_times(result, times, n);
	rival_demand_sum(sum, n);
}

static const struct rival_case cases[] = {
	{"hop1", 1500000, false, hop1},
	{"mpmc4x4", 500000, false, mpmc4x4},
	{"rtt", 20000, false, rtt},
	{NULL, 0, false, NULL},
};

int
main(int argc, char **argv)
{
	return rival_main("glib", cases, argc, argv);
}
