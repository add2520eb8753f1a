/*
 * cli/serve/crowd_http.h -- a crowd, as libmicrohttpd tells of its connections.
 */
#ifndef LEAT_SRC_CLI_CROWD_HTTP_H
#define LEAT_SRC_CLI_CROWD_HTTP_H

#include <microhttpd.h>

#include "http.h"

/* MHD_AcceptPolicyCallback; crowd: a struct leat__cli_crowd. */
enum MHD_Result leat__cli_crowd_on_accept(
	void *crowd, const struct sockaddr *address, socklen_t n_bytes);
/* MHD_NotifyConnectionCallback. A file is closed only after it. */
void leat__cli_crowd_on_notify(void *crowd, struct MHD_Connection *connection,
	void **socket_user, enum MHD_ConnectionNotificationCode code);

#endif
