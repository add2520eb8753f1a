/*
 * cli/serve/page_guard.c -- who may ask the server of --page, and for what.
 *
 * Any page in a browser can make it send requests here, and with a name of its
 * own that it lets point here (DNS rebinding) it could read the answers. So a
 * request must name this host by a number, as localhost, by the machine's name
 * or by the one that --page was given; what changes the run needs a token
 * besides, which no other page can know.
 * Keeps: the comparison of tokens takes as long for a wrong one.
 */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#include "page.h"

#define GUARD_HOST_BYTES 256u

int
leat__cli_page_token(char token[LEAT__CLI_TOKEN_BYTES])
{
	uint8_t bytes[(LEAT__CLI_TOKEN_BYTES - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -1;
	for (size_t k = 0; k < sizeof(bytes); k++)
		snprintf(token + 2 * k, 3, "%02x", bytes[k]);
	return 0;
}

bool
leat__cli_page_token_is(
	const char *header, const char token[LEAT__CLI_TOKEN_BYTES])
{
	static const char scheme[] = "Bearer ";
	size_t n = LEAT__CLI_TOKEN_BYTES - 1;
	uint8_t differs = 0;

	if (!header || strncmp(header, scheme, sizeof(scheme) - 1) != 0)
		return false;
	header += sizeof(scheme) - 1;
	if (strlen(header) != n)
		return false;
	for (size_t k = 0; k < n; k++)
		differs |= (uint8_t)(header[k] ^ token[k]);
	return differs == 0;
}

/* "host:80" or "[::1]:80" without the port and brackets. */
static bool
host_name(const char *host, char *buf, size_t n_bytes)
{
	size_t n = *host == '[' ? strcspn(++host, "]") : strcspn(host, ":");

	if (n == 0 || n >= n_bytes)
		return false;
	memcpy(buf, host, n);
	buf[n] = '\0';
	return true;
}

bool
leat__cli_page_host_is_ours(const char *host, const char *own)
{
	char name[GUARD_HOST_BYTES], machine[GUARD_HOST_BYTES] = "";
	uint8_t number[sizeof(struct in6_addr)];

	if (!host || !host_name(host, name, sizeof(name)))
		return false;
	if (inet_pton(AF_INET, name, number) == 1 ||
		inet_pton(AF_INET6, name, number) == 1 ||
		strcasecmp(name, "localhost") == 0)
		return true;
	if (*own && strcasecmp(name, own) == 0)
		return true;
	return gethostname(machine, sizeof(machine) - 1) == 0 &&
		strcasecmp(name, machine) == 0;
}

bool
leat__cli_page_origin_is_ours(const char *origin, const char *host)
{
	if (!origin)
		return true;
	if (strncmp(origin, "http://", 7) == 0)
		return strcasecmp(origin + 7, host) == 0;
	return strncmp(origin, "https://", 8) == 0 &&
		strcasecmp(origin + 8, host) == 0;
}
