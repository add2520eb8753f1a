/*
 * cli/serve/listen.c -- an address that was given as an option, and a socket
 * that listens there.
 */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"

#define LISTEN_HOST_BYTES 256u

struct address {
	char host[LISTEN_HOST_BYTES]; /* "" = every one */
	const char *port;
};

/* "9090", ":9090", "host:9090", "[::1]:9090" */
static bool
address_split(const char *text, struct address *address)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;

	address->port = colon ? colon + 1 : text;
	if (!*address->port || strlen(address->port) > 5 ||
		address->port[strspn(address->port, "0123456789")] ||
		atoi(address->port) > UINT16_MAX)
		return false;
	snprintf(address->host, sizeof(address->host), "%s",
		colon ? "" : "127.0.0.1");
	if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	if (n >= sizeof(address->host))
		return false;
	if (colon)
		snprintf(address->host, sizeof(address->host), "%.*s", (int)n,
			text);
	return true;
}

const char *
leat__cli_listen_host(const char *text, char *buf, size_t n_bytes)
{
	struct address address;

	if (!address_split(text, &address))
		return NULL;
	snprintf(buf, n_bytes, "%s", address.host);
	return buf;
}

/* A socket that listens, or -1 with errno. */
static int
address_listen(const struct addrinfo *info)
{
	int fd = socket(info->ai_family,
		info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, code;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 &&
		listen(fd, SOMAXCONN) == 0)
		return fd;
	code = errno;
	close(fd);
	errno = code;
	return -1;
}

int
leat__cli_listen(const char *option, const char *text)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *info = NULL;
	struct address address;
	int fd = -1, code;

	if (!address_split(text, &address)) {
		leat__cli_error("--%s: '%s' is no address; accepted: "
				"PORT, :PORT, HOST:PORT, [IPv6]:PORT",
			option, text);
		return -1;
	}
	code = getaddrinfo(*address.host ? address.host : NULL, address.port,
		&hints, &info);
	if (code) {
		leat__cli_error(
			"--%s: '%s': %s", option, text, gai_strerror(code));
		return -1;
	}
	for (struct addrinfo *at = info; at && fd < 0; at = at->ai_next)
		fd = address_listen(at);
	if (fd < 0)
		leat__cli_error("--%s: cannot listen at '%s': %s", option, text,
			strerror(errno));
	freeaddrinfo(info);
	return fd;
}

bool
leat__cli_listen_where(int fd, char *buf, size_t n_bytes)
{
	struct sockaddr_storage address;
	socklen_t n = sizeof(address);
	char host[LISTEN_HOST_BYTES], port[16];
	bool is_six;

	if (getsockname(fd, (struct sockaddr *)&address, &n) ||
		getnameinfo((struct sockaddr *)&address, n, host, sizeof(host),
			port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		return false;
	is_six = address.ss_family == AF_INET6;
	snprintf(buf, n_bytes, "%s%s%s:%s", is_six ? "[" : "", host,
		is_six ? "]" : "", port);
	return true;
}
