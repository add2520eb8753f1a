/*
 * cli/serve/crowd.c -- how many may be connected to a server, and for how long.
 *
 * Keeps: at most LEAT__CLI_CONNECTIONS at once; one that lasts for 10 s is
 * ended, however it behaves; and when only a quarter of them is left, each new
 * one ends the oldest. So who is slow holds up nobody: whoever asks at once is
 * among the newest. Those that are kept (streams, of which their owner allows
 * few) are neither counted nor ended here.
 * Threads: the server's, and the one that ticks.
 */
#include <sys/socket.h>

#include "http.h"

#define CROWD_MANY    48u /* from then on the oldest are ended */
#define CROWD_LAST_NS INT64_C(10000000000)

void
leat__cli_crowd_init(struct leat__cli_crowd *crowd)
{
	pthread_mutex_init(&crowd->lock, NULL);
	for (uint32_t k = 0; k < LEAT__CLI_CONNECTIONS; k++)
		crowd->connections[k].fd = -1;
}

void
leat__cli_crowd_fini(struct leat__cli_crowd *crowd)
{
	pthread_mutex_destroy(&crowd->lock);
}

static bool
connection_counts(const struct leat__cli_connection *c)
{
	return c->fd >= 0 && c->since_ns != INT64_MAX && !c->is_kept;
}

/* It is still the server's to close: both ways are shut, and it finds the
 * end. */
static void
connection_shut(struct leat__cli_crowd *crowd, struct leat__cli_connection *c)
{
	crowd->n_open -= connection_counts(c);
	shutdown(c->fd, SHUT_RDWR);
	c->since_ns = INT64_MAX;
}

static struct leat__cli_connection *
crowd_oldest(struct leat__cli_crowd *crowd)
{
	struct leat__cli_connection *oldest = NULL;

	for (uint32_t k = 0; k < LEAT__CLI_CONNECTIONS; k++) {
		struct leat__cli_connection *c = &crowd->connections[k];

		if (!connection_counts(c))
			continue;
		if (!oldest || c->since_ns < oldest->since_ns)
			oldest = c;
	}
	return oldest;
}

static struct leat__cli_connection *
crowd_find(struct leat__cli_crowd *crowd, int fd)
{
	for (uint32_t k = 0; k < LEAT__CLI_CONNECTIONS; k++)
		if (crowd->connections[k].fd == fd)
			return &crowd->connections[k];
	return NULL;
}

void
leat__cli_crowd_accept(struct leat__cli_crowd *crowd)
{
	pthread_mutex_lock(&crowd->lock);
	if (crowd->n_open >= CROWD_MANY)
		connection_shut(crowd, crowd_oldest(crowd));
	pthread_mutex_unlock(&crowd->lock);
}

void
leat__cli_crowd_opened(struct leat__cli_crowd *crowd, int fd)
{
	struct leat__cli_connection *c;

	pthread_mutex_lock(&crowd->lock);
	c = crowd_find(crowd, -1);
	if (c) {
		*c = (struct leat__cli_connection){
			.fd = fd, .since_ns = leat_now_ns()};
		crowd->n_open++;
	}
	pthread_mutex_unlock(&crowd->lock);
}

void
leat__cli_crowd_closed(struct leat__cli_crowd *crowd, int fd)
{
	struct leat__cli_connection *c;

	pthread_mutex_lock(&crowd->lock);
	c = crowd_find(crowd, fd);
	if (c) {
		crowd->n_open -= connection_counts(c);
		c->fd = -1;
	}
	pthread_mutex_unlock(&crowd->lock);
}

void
leat__cli_crowd_keep(struct leat__cli_crowd *crowd, int fd)
{
	struct leat__cli_connection *c;

	pthread_mutex_lock(&crowd->lock);
	c = crowd_find(crowd, fd);
	if (c) {
		crowd->n_open -= connection_counts(c);
		c->is_kept = true;
	}
	pthread_mutex_unlock(&crowd->lock);
}

void
leat__cli_crowd_shut(struct leat__cli_crowd *crowd, int fd)
{
	struct leat__cli_connection *c;

	pthread_mutex_lock(&crowd->lock);
	c = crowd_find(crowd, fd);
	if (c)
		connection_shut(crowd, c);
	pthread_mutex_unlock(&crowd->lock);
}

void
leat__cli_crowd_tick(struct leat__cli_crowd *crowd)
{
	int64_t now_ns = leat_now_ns();

	pthread_mutex_lock(&crowd->lock);
	for (uint32_t k = 0; k < LEAT__CLI_CONNECTIONS; k++) {
		struct leat__cli_connection *c = &crowd->connections[k];

		if (connection_counts(c) &&
			now_ns - c->since_ns > CROWD_LAST_NS)
			connection_shut(crowd, c);
	}
	pthread_mutex_unlock(&crowd->lock);
}
