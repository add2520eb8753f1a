/*
 * cli/serve/http.h -- what the servers of --metrics and --page have in common:
 * where they listen, and how many may be connected.
 */
#ifndef LEAT_SRC_CLI_HTTP_H
#define LEAT_SRC_CLI_HTTP_H

#include <pthread.h>

#include "cli.h"

/* ---- listen.c ---- */

#define LEAT__CLI_ADDRESS_BYTES 300u

/* At PORT, :PORT, HOST:PORT or [IPv6]:PORT, as the option says. A file, or -1
 * after it has been told why not. */
int leat__cli_listen(const char *option, const char *address);
/* Where that is: "127.0.0.1:9090", "[::1]:9090". false: nobody knows. */
bool leat__cli_listen_where(int fd, char *buf, size_t n_bytes);
/* The host of such an address: "" = every one, NULL = it is no address. */
const char *leat__cli_listen_host(
	const char *address, char *buf, size_t n_bytes);

/* ---- crowd.c ---- */

#define LEAT__CLI_CONNECTIONS 64u

struct leat__cli_connection {
	int fd;           /* -1 = none */
	int64_t since_ns; /* INT64_MAX: it is being ended */
	bool is_kept;     /* may last, and is nobody's to end */
};

struct leat__cli_crowd {
	pthread_mutex_t lock; /* guards those below */
	uint32_t n_open;      /* neither kept nor being ended */
	struct leat__cli_connection connections[LEAT__CLI_CONNECTIONS];
};

void leat__cli_crowd_init(struct leat__cli_crowd *crowd);
void leat__cli_crowd_fini(struct leat__cli_crowd *crowd);
/* One more is about to come: where many are, the oldest goes. */
void leat__cli_crowd_accept(struct leat__cli_crowd *crowd);
void leat__cli_crowd_opened(struct leat__cli_crowd *crowd, int fd);
/* Before the file is closed. */
void leat__cli_crowd_closed(struct leat__cli_crowd *crowd, int fd);
/* It may last from now on. */
void leat__cli_crowd_keep(struct leat__cli_crowd *crowd, int fd);
/* End it, also if it was kept. */
void leat__cli_crowd_shut(struct leat__cli_crowd *crowd, int fd);
/* Now and then: ends those that last too long. */
void leat__cli_crowd_tick(struct leat__cli_crowd *crowd);

#endif
