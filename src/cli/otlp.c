/*
 * cli/otlp.c -- spans to a collector, by libcurl; without it, why not.
 *
 * The library is loaded when spans are to be sent: with all that it needs
 * itself, it takes longer to begin than many a run lasts.
 * What may be tried again is what OTLP says: no answer, or 429, 502, 503, 504.
 * Threads: send by the library's; the rest by the one that runs the command.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#ifdef LEAT_WITH_CURL

#include <curl/curl.h>
#ifdef LEAT_CURL_NAME
#include <dlfcn.h>
#endif

#define OTLP_PATH       "/v1/traces"
#define OTLP_TIMEOUT_MS 2000L
#define OTLP_WHY_BYTES  (CURL_ERROR_SIZE + 64)

/* What is called of it. */
#define OTLP_CALLS(X)                                                          \
	X(global_init, curl_global_init)                                       \
	X(global_cleanup, curl_global_cleanup)                                 \
	X(easy_init, curl_easy_init)                                           \
	X(easy_cleanup, curl_easy_cleanup)                                     \
	X(easy_setopt, curl_easy_setopt)                                       \
	X(easy_perform, curl_easy_perform)                                     \
	X(easy_getinfo, curl_easy_getinfo)                                     \
	X(easy_strerror, curl_easy_strerror)                                   \
	X(easy_unescape, curl_easy_unescape)                                   \
	X(slist_append, curl_slist_append)                                     \
	X(slist_free_all, curl_slist_free_all)                                 \
	X(free, curl_free)

struct otlp_calls {
#define OTLP_CALL(name, call) __typeof__(&call) name;
	OTLP_CALLS(OTLP_CALL)
#undef OTLP_CALL
};

struct leat__cli_otlp {
	struct otlp_calls lib;
	CURL *curl;
	struct curl_slist *headers;
	char *url;
	char failure[CURL_ERROR_SIZE];
	char why[OTLP_WHY_BYTES]; /* of the last request that failed */
};

/* ---- the library -------------------------------------------------------- */

#ifdef LEAT_CURL_NAME

/* What is missing, or NULL. It stays: what it has begun may end with the
 * process only. */
static const char *
otlp_load(struct otlp_calls *lib)
{
	static const struct {
		const char *name;
		size_t offset;
	} calls[] = {
#define OTLP_CALL(name, call) {#call, offsetof(struct otlp_calls, name)},
		OTLP_CALLS(OTLP_CALL)
#undef OTLP_CALL
	};
	void *library = dlopen(LEAT_CURL_NAME, RTLD_NOW | RTLD_LOCAL);

	for (size_t k = 0; k < sizeof(calls) / sizeof(calls[0]); k++) {
		void *call = library ? dlsym(library, calls[k].name) : NULL;

		if (!call)
			return dlerror();
		memcpy((char *)lib + calls[k].offset, &call, sizeof(call));
	}
	return NULL;
}

#else

static const char *
otlp_load(struct otlp_calls *lib)
{
#define OTLP_CALL(name, call) lib->name = call;
	OTLP_CALLS(OTLP_CALL)
#undef OTLP_CALL
	return NULL;
}

#endif

/* ---- headers ------------------------------------------------------------ */

static int
otlp_add_header(struct leat__cli_otlp *otlp, const char *header)
{
	struct curl_slist *more = otlp->lib.slist_append(otlp->headers, header);

	if (more)
		otlp->headers = more;
	return more ? 0 : -1;
}

/* "name=value", with %20 and the like in the value. */
static int
otlp_add_pair(struct leat__cli_otlp *otlp, const char *pair, size_t n_bytes)
{
	const char *equals = memchr(pair, '=', n_bytes);
	size_t n_name = equals ? (size_t)(equals - pair) : 0;
	size_t n_header;
	char *value, *header;
	int rc = -1;

	if (!n_name)
		return 0;
	value = otlp->lib.easy_unescape(
		otlp->curl, equals + 1, (int)(n_bytes - n_name - 1), NULL);
	n_header = n_name + (value ? strlen(value) : 0) + sizeof(": ");
	header = value ? malloc(n_header) : NULL;
	if (header) {
		snprintf(
			header, n_header, "%.*s: %s", (int)n_name, pair, value);
		rc = otlp_add_header(otlp, header);
	}
	free(header);
	otlp->lib.free(value);
	return rc;
}

/* Who may send is a secret: it comes from the environment, not from the command
 * line, which others see. */
static int
otlp_set_headers(struct leat__cli_otlp *otlp)
{
	const char *at = getenv("OTEL_EXPORTER_OTLP_HEADERS");

	if (otlp_add_header(otlp, "Content-Type: application/json") ||
		otlp_add_header(otlp, "Expect:"))
		return -1;
	while (at && *at) {
		size_t n = strcspn(at, ",");

		if (otlp_add_pair(otlp, at, n))
			return -1;
		at += n + (at[n] == ',');
	}
	return 0;
}

/* ---- sending ------------------------------------------------------------ */

static size_t
otlp_ignore(char *data, size_t size, size_t n, void *user)
{
	(void)data;
	(void)user;
	return size * n;
}

static int
otlp_judge(struct leat__cli_otlp *otlp, CURLcode code)
{
	long status = 0;

	if (code) {
		snprintf(otlp->why, sizeof(otlp->why), "%s",
			*otlp->failure ? otlp->failure
				       : otlp->lib.easy_strerror(code));
		return LEAT_EAGAIN;
	}
	otlp->lib.easy_getinfo(otlp->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300)
		return LEAT_OK;
	snprintf(otlp->why, sizeof(otlp->why),
		"the collector answered with status %ld", status);
	return status == 429 || (status >= 502 && status <= 504) ? LEAT_EAGAIN
								 : LEAT_EIO;
}

int
leat__cli_otlp_send(void *user, const char *json, size_t n_bytes)
{
	struct leat__cli_otlp *otlp = user;

	*otlp->failure = '\0';
	otlp->lib.easy_setopt(otlp->curl, CURLOPT_POSTFIELDS, json);
	otlp->lib.easy_setopt(
		otlp->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n_bytes);
	return otlp_judge(otlp, otlp->lib.easy_perform(otlp->curl));
}

const char *
leat__cli_otlp_why(const struct leat__cli_otlp *otlp)
{
	return *otlp->why ? otlp->why : "the run has ended";
}

/* ---- life --------------------------------------------------------------- */

static char *
otlp_url(const char *base)
{
	size_t n = strlen(base);
	char *url = malloc(n + sizeof(OTLP_PATH));
	bool is_whole = n >= strlen(OTLP_PATH) &&
		strcmp(base + n - strlen(OTLP_PATH), OTLP_PATH) == 0;

	if (!url)
		return NULL;
	while (n && base[n - 1] == '/')
		n--;
	snprintf(url, n + sizeof(OTLP_PATH), "%.*s%s", (int)n, base,
		is_whole ? "" : OTLP_PATH);
	return url;
}

static int
otlp_set(struct leat__cli_otlp *otlp)
{
	CURL *curl = otlp->curl;

	return otlp->lib.easy_setopt(curl, CURLOPT_URL, otlp->url) ||
		otlp->lib.easy_setopt(
			curl, CURLOPT_HTTPHEADER, otlp->headers) ||
		otlp->lib.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) ||
		otlp->lib.easy_setopt(
			curl, CURLOPT_TIMEOUT_MS, OTLP_TIMEOUT_MS) ||
		otlp->lib.easy_setopt(
			curl, CURLOPT_ERRORBUFFER, otlp->failure) ||
		otlp->lib.easy_setopt(curl, CURLOPT_WRITEFUNCTION, otlp_ignore);
}

/* All but the library. */
static int
otlp_begin(struct leat__cli_otlp *otlp, const char *url)
{
	if (!otlp->lib.global_init(CURL_GLOBAL_DEFAULT))
		otlp->curl = otlp->lib.easy_init();
	otlp->url = otlp_url(url);
	return otlp->curl && otlp->url && !otlp_set_headers(otlp)
		? otlp_set(otlp)
		: -1;
}

int
leat__cli_otlp_open(struct leat__cli_otlp **otlp_out, const char *url)
{
	struct leat__cli_otlp *otlp = calloc(1, sizeof(*otlp));
	const char *missing = otlp ? otlp_load(&otlp->lib) : NULL;

	if (missing) {
		leat__cli_error("--otlp: %s", missing);
		free(otlp);
		return LEAT__CLI_FAILED;
	}
	*otlp_out = otlp;
	if (otlp && !otlp_begin(otlp, url))
		return 0;
	leat__cli_error("--otlp: no memory for a connection");
	return LEAT__CLI_FAILED;
}

void
leat__cli_otlp_close(struct leat__cli_otlp *otlp)
{
	if (!otlp)
		return;
	otlp->lib.easy_cleanup(otlp->curl);
	otlp->lib.slist_free_all(otlp->headers);
	otlp->lib.global_cleanup();
	free(otlp->url);
	free(otlp);
}

#else

int
leat__cli_otlp_open(struct leat__cli_otlp **otlp_out, const char *url)
{
	(void)otlp_out;
	(void)url;
	leat__cli_error("--otlp: built without libcurl (LEAT_WITH_CURL)");
	return LEAT__CLI_USAGE;
}

int
leat__cli_otlp_send(void *user, const char *json, size_t n_bytes)
{
	(void)user;
	(void)json;
	(void)n_bytes;
	return LEAT_ENOTSUP;
}

const char *
leat__cli_otlp_why(const struct leat__cli_otlp *otlp)
{
	(void)otlp;
	return "";
}

void
leat__cli_otlp_close(struct leat__cli_otlp *otlp)
{
	(void)otlp;
}

#endif
