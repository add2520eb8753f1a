/*
 * cli/client/peer.h -- graphs that run in other processes, by their control
 * sockets.
 */
#ifndef LEAT_SRC_CLI_PEER_H
#define LEAT_SRC_CLI_PEER_H

#include "cli.h"
#include "json.h"

#define LEAT__CLI_PEERS_MAX       256u
#define LEAT__CLI_PEER_PATH_BYTES 128u

struct leat__cli_peer {
	long long pid;
	uint32_t number; /* of those of a process, from 1 */
	char name[32];   /* "1234", "1234.2" */
	char path[LEAT__CLI_PEER_PATH_BYTES];
	int fd; /* -1 = not connected */
	/* what has come and is not a whole line yet */
	char *in;
	size_t n_in, max_in;
};

struct leat__cli_peers {
	uint32_t n;
	struct leat__cli_peer all[LEAT__CLI_PEERS_MAX];
};

/* ---- peer.c ---- */

/* All that listen, by their numbers; sockets of dead processes are removed. */
void leat__cli_peers_find(struct leat__cli_peers *peers);
void leat__cli_peers_close(struct leat__cli_peers *peers);
/* Connect to it. 0, or an errno. */
int leat__cli_peer_open(struct leat__cli_peer *peer);
void leat__cli_peer_close(struct leat__cli_peer *peer);
/* The one that name says, or, if NULL, the only one, connected. Exit status;
 * what is wrong has been told. */
int leat__cli_peer_choose(struct leat__cli_peer *peer, const char *name);
/* "1234", "1234.2" or the path of a socket? */
bool leat__cli_peer_is_name(const char *word);

/* ---- ask.c ---- */

/* Send a request: a JSON object without its newline. 0, or an errno. */
int leat__cli_peer_send(struct leat__cli_peer *peer, const char *request);
/* A line that has come, to be freed, without its newline; NULL: none by then
 * (errno ETIMEDOUT), or the other one has gone (0). */
char *leat__cli_peer_line(struct leat__cli_peer *peer, int64_t deadline_ns);
/* Is a whole line there, once what can be read has been? -1 = it has gone. */
int leat__cli_peer_look(struct leat__cli_peer *peer);

/* An answer, and its "data". */
struct leat__cli_reply {
	char *text;
	struct leat__cli_doc doc;
	const struct leat__cli_node *data;
};

/* Ask and wait. Exit status; what is wrong has been told. To be freed in any
 * case. */
int leat__cli_peer_ask(struct leat__cli_peer *peer, const char *request,
	struct leat__cli_reply *reply);
/* A line as an answer; what it says of a mistake is told. Owns the line. */
int leat__cli_reply_read(struct leat__cli_reply *reply, char *line);
void leat__cli_reply_free(struct leat__cli_reply *reply);
/* Its data as it came, in a line, to stdout. Exit status. */
int leat__cli_reply_print(const struct leat__cli_reply *reply);

#endif
