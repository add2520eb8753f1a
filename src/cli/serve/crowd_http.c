/*
 * cli/serve/crowd_http.c -- connections of libmicrohttpd come and go.
 *
 * Threads: the server's.
 */
#ifdef LEAT_WITH_MICROHTTPD

#include "crowd_http.h"

enum MHD_Result
leat__cli_crowd_on_accept(
	void *crowd, const struct sockaddr *address, socklen_t n_bytes)
{
	(void)address;
	(void)n_bytes;
	leat__cli_crowd_accept(crowd);
	return MHD_YES;
}

void
leat__cli_crowd_on_notify(void *crowd, struct MHD_Connection *connection,
	void **socket_user, enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	(void)socket_user;
	if (!info)
		return;
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		leat__cli_crowd_opened(crowd, info->connect_fd);
	else
		leat__cli_crowd_closed(crowd, info->connect_fd);
}

#else
typedef int leat__cli_crowd_http_is_left_out;
#endif
