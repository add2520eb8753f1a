/*
 * rivals/zmq.c -- ZeroMQ's inproc PAIR sockets, messages of 8 bytes, the high
 * water marks of both ends together RIVAL_CAPACITY.
 */
#include <zmq.h>

#include "support/rival.h"

struct wire {
	void *zmq;
	const char *there;
	const char *back; /* NULL = none */
	uint64_t n;
};

static void *
socket_open(void *zmq, const char *name, bool is_bound)
{
	void *socket = zmq_socket(zmq, ZMQ_PAIR);
	int mark = RIVAL_CAPACITY / 2;
	int rc;

	rival_demand(socket != NULL, "a socket");
	zmq_setsockopt(socket, ZMQ_SNDHWM, &mark, sizeof(mark));
	zmq_setsockopt(socket, ZMQ_RCVHWM, &mark, sizeof(mark));
	rc = is_bound ? zmq_bind(socket, name) : zmq_connect(socket, name);
	rival_demand(rc == 0, "the other end");
	return socket;
}

static void
item_send(void *socket, uint64_t item)
{
	rival_demand(zmq_send(socket, &item, sizeof(item), 0) == sizeof(item),
		"send");
}

static uint64_t
item_recv(void *socket)
{
	uint64_t item = 0;

	rival_demand(zmq_recv(socket, &item, sizeof(item), 0) == sizeof(item),
		"recv");
	return item;
}

/* ---- hop1 -------------------------------------------------------------------- */

static void *
hop1_sender(void *arg)
{
	struct wire *wire = arg;
	void *socket = socket_open(wire->zmq, wire->there, false);

	for (uint64_t k = 0; k < wire->n; k++)
		item_send(socket, k);
	zmq_close(socket);
	return NULL;
}

static void
hop1(uint64_t n, struct rival_result *result)
{
	struct wire wire = {zmq_ctx_new(), "inproc://there", NULL, n};
	void *socket = socket_open(wire.zmq, wire.there, true);
	int64_t begin = rival_now_ns();
	pthread_t thread = rival_thread(hop1_sender, &wire);
	uint64_t sum = 0;

	for (uint64_t k = 0; k < n; k++)
		sum += item_recv(socket);
	pthread_join(thread, NULL);
	rival_add(result, "ns", (double)(rival_now_ns() - begin) / (double)n);
	zmq_close(socket);
	zmq_ctx_term(wire.zmq);
	rival_demand_sum(sum, n);
}

/* ---- round trips ------------------------------------------------------------- */

static void *
rtt_echo(void *arg)
{
	struct wire *wire = arg;
	void *there = socket_open(wire->zmq, wire->there, false);
	void *back = socket_open(wire->zmq, wire->back, false);

	for (uint64_t k = 0; k < wire->n; k++)
		item_send(back, item_recv(there));
	zmq_close(there);
	zmq_close(back);
	return NULL;
}

static void
rtt(uint64_t n, struct rival_result *result)
{
	struct wire wire = {
		zmq_ctx_new(), "inproc://there", "inproc://back", n};
	void *there = socket_open(wire.zmq, wire.there, true);
	void *back = socket_open(wire.zmq, wire.back, true);
	pthread_t thread = rival_thread(rtt_echo, &wire);
	int64_t *times = rival_times(n);
	uint64_t sum = 0;

	times[0] = rival_now_ns();
	for (uint64_t k = 0; k < n; k++) {
		item_send(there, k);
		sum += item_recv(back);
		times[k + 1] = rival_now_ns();
	}
	pthread_join(thread, NULL);
	zmq_close(there);
	zmq_close(back);
	zmq_ctx_term(wire.zmq);
	rival_add_times(result, times, n);
	rival_demand_sum(sum, n);
}

static const struct rival_case cases[] = {
	{"hop1", 1500000, false, hop1},
	{"rtt", 10000, false, rtt},
	{NULL, 0, false, NULL},
};

int
main(int argc, char **argv)
{
	return rival_main("zmq", cases, argc, argv);
}
