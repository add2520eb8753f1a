/*
 * cli/client/peer.c -- who runs on this machine: sockets in the folders that
 * leat_control_open() puts them in.
 *
 * A socket that refuses to be connected to has nobody behind it any more, since
 * it gets its name only when somebody listens: it is removed.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "peer.h"

/* ---- connecting --------------------------------------------------------- */

int
leat__cli_peer_open(struct leat__cli_peer *peer)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t n = strlen(peer->path) + 1;
	int code;

	if (n > sizeof(address.sun_path))
		return ENAMETOOLONG;
	memcpy(address.sun_path, peer->path, n);
	peer->fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (peer->fd < 0)
		return errno;
	if (connect(peer->fd, (struct sockaddr *)&address, sizeof(address)) ==
		0)
		return 0;
	code = errno;
	leat__cli_peer_close(peer);
	return code;
}

void
leat__cli_peer_close(struct leat__cli_peer *peer)
{
	if (peer->fd >= 0)
		close(peer->fd);
	free(peer->in);
	peer->fd = -1;
	peer->in = NULL;
	peer->n_in = peer->max_in = 0;
}

void
leat__cli_peers_close(struct leat__cli_peers *peers)
{
	for (uint32_t k = 0; k < peers->n; k++)
		leat__cli_peer_close(&peers->all[k]);
}

/* ---- names -------------------------------------------------------------- */

/* "1234" or "1234.2", and what stands behind it. */
static const char *
name_read(const char *word, struct leat__cli_peer *peer)
{
	size_t n = strspn(word, "0123456789"), n_more = 0;

	if (n == 0 || n > 18)
		return NULL;
	peer->pid = atoll(word);
	peer->number = 1;
	if (word[n] == '.')
		n_more = strspn(word + n + 1, "0123456789");
	if (n_more > 0 && n_more < 6) {
		peer->number = (uint32_t)atoi(word + n + 1);
		n += n_more + 1;
	}
	snprintf(peer->name, sizeof(peer->name), "%.*s", (int)n, word);
	return word + n;
}

bool
leat__cli_peer_is_name(const char *word)
{
	struct leat__cli_peer peer;
	const char *rest = name_read(word, &peer);

	return strchr(word, '/') || (rest && !*rest);
}

/* ---- folders ------------------------------------------------------------ */

/* As leat_control_open() has them. false: there are no more. */
static bool
folder_name(uint32_t k, char *buf, size_t n_bytes)
{
	const char *own = getenv("LEAT_RUNTIME_DIR");
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	bool has_own = own && *own == '/';

	if (k > (has_own ? 0u : 1u))
		return false;
	if (has_own)
		snprintf(buf, n_bytes, "%s", own);
	else if (k == 0 && runtime && *runtime == '/')
		snprintf(buf, n_bytes, "%s/leat", runtime);
	else
		snprintf(buf, n_bytes, "/tmp/leat-%u", (unsigned)geteuid());
	return true;
}

/* Made by somebody else it could lead anywhere. */
static bool
folder_is_ours(const char *folder)
{
	struct stat st;

	return lstat(folder, &st) == 0 && S_ISDIR(st.st_mode) &&
		st.st_uid == geteuid();
}

static void
folder_entry(
	struct leat__cli_peers *peers, const char *folder, const char *entry)
{
	struct leat__cli_peer *peer = &peers->all[peers->n];
	const char *rest;
	int n, code;

	if (peers->n == LEAT__CLI_PEERS_MAX)
		return;
	memset(peer, 0, sizeof(*peer));
	peer->fd = -1;
	rest = name_read(entry, peer);
	n = snprintf(peer->path, sizeof(peer->path), "%s/%s", folder, entry);
	if (!rest || strcmp(rest, ".sock") != 0 || n >= (int)sizeof(peer->path))
		return;
	code = leat__cli_peer_open(peer);
	if (code == ECONNREFUSED)
		unlink(peer->path);
	else if (code != ENOENT)
		peers->n++; /* also one that cannot answer now */
}

static void
folder_look(struct leat__cli_peers *peers, const char *folder)
{
	const struct dirent *entry;
	DIR *dir = folder_is_ours(folder) ? opendir(folder) : NULL;

	while (dir && (entry = readdir(dir)))
		folder_entry(peers, folder, entry->d_name);
	if (dir)
		closedir(dir);
}

static int
peer_compare(const void *a, const void *b)
{
	const struct leat__cli_peer *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

void
leat__cli_peers_find(struct leat__cli_peers *peers)
{
	char folder[LEAT__CLI_PEER_PATH_BYTES], before[sizeof(folder)] = "";

	peers->n = 0;
	for (uint32_t k = 0; folder_name(k, folder, sizeof(folder)); k++) {
		if (strcmp(folder, before) != 0)
			folder_look(peers, folder);
		memcpy(before, folder, sizeof(before));
	}
	qsort(peers->all, peers->n, sizeof(peers->all[0]), peer_compare);
}

/* ---- choosing ----------------------------------------------------------- */

/* The names of all, for one who did not say which. */
static int
choose_tell(const struct leat__cli_peers *peers, const char *name)
{
	char list[256] = "";
	size_t at = 0;

	for (uint32_t k = 0; k < peers->n && at < sizeof(list); k++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s",
			k ? ", " : "", peers->all[k].name);
	if (!peers->n)
		leat__cli_error("nothing runs that could be asked; leat run "
				"opens a control socket, unless "
				"--control=off");
	else if (name)
		leat__cli_error(
			"no run is called %s; there are: %s", name, list);
	else
		leat__cli_error("%u run; say which one: %s (leat ps tells "
				"more)",
			peers->n, list);
	return peers->n && !name ? LEAT__CLI_USAGE : LEAT__CLI_FAILED;
}

static int
choose_path(struct leat__cli_peer *peer, const char *path)
{
	int code;

	memset(peer, 0, sizeof(*peer));
	peer->fd = -1;
	snprintf(peer->name, sizeof(peer->name), "%s", strrchr(path, '/') + 1);
	if ((size_t)snprintf(peer->path, sizeof(peer->path), "%s", path) >=
		sizeof(peer->path))
		code = ENAMETOOLONG;
	else
		code = leat__cli_peer_open(peer);
	if (code)
		leat__cli_error("%s: %s", path, strerror(code));
	return code ? LEAT__CLI_FAILED : 0;
}

static int
choose_from(struct leat__cli_peers *peers, const char *name,
	struct leat__cli_peer *peer)
{
	uint32_t k = 0;

	while (name && k < peers->n && strcmp(peers->all[k].name, name) != 0)
		k++;
	if (k == peers->n || (!name && peers->n != 1))
		return choose_tell(peers, name);
	if (peers->all[k].fd < 0) {
		leat__cli_error("%s cannot be asked now: %s",
			peers->all[k].name,
			strerror(leat__cli_peer_open(&peers->all[k])));
		return LEAT__CLI_FAILED;
	}
	*peer = peers->all[k];
	peers->all[k].fd = -1; /* it is the caller's now */
	return 0;
}

int
leat__cli_peer_choose(struct leat__cli_peer *peer, const char *name)
{
	struct leat__cli_peers *peers;
	int status;

	if (name && strchr(name, '/'))
		return choose_path(peer, name);
	peers = calloc(1, sizeof(*peers));
	if (!peers) {
		leat__cli_error("no memory");
		return LEAT__CLI_FAILED;
	}
	leat__cli_peers_find(peers);
	status = choose_from(peers, name, peer);
	leat__cli_peers_close(peers);
	free(peers);
	return status;
}
