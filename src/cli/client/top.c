/*
 * cli/client/top.c -- leat top: the stages of a run, live.
 *
 * The run says how it goes each second, by itself; in between keys are waited
 * for. Nothing is asked for again until it has been said, so a run that is
 * stopped costs nothing but a picture that stays as it is, and says so.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"
#include "top.h"

#define TOP_EVERY_NS  INT64_C(1000000000)
#define TOP_SILENT_NS INT64_C(3000000000)
#define TOP_WIDTH     100u /* where it is no terminal */

struct top {
	struct leat__cli_peer peer;
	struct leat__cli_view view;
	struct leat__cli_reply look; /* the one that is shown */
	struct leat__cli_screen *screen;
	char job[256];
	char name[48];
	char word[96];
	int64_t every_ns;
	int64_t heard_ns;
	bool is_over; /* the run has ended */
	bool is_quit;
};

/* ---- the run ------------------------------------------------------------ */

static int
top_hello(struct top *top)
{
	struct leat__cli_reply reply;
	int status = leat__cli_peer_ask(
		&top->peer, "{\"leat\":1,\"id\":1,\"ask\":\"hello\"}", &reply);

	if (!status)
		snprintf(top->job, sizeof(top->job), "%s",
			leat__cli_node_text(reply.data, "job"));
	leat__cli_reply_free(&reply);
	return status;
}

static int
top_look(struct top *top)
{
	return leat__cli_peer_ask(&top->peer,
		"{\"leat\":1,\"id\":2,\"ask\":\"look\"}", &top->look);
}

static int
top_open(struct top *top, const struct leat__cli_args *args)
{
	const char *name = args->n_words ? args->words[0] : NULL;
	int status;

	if (args->n_words > 1 || (name && !leat__cli_peer_is_name(name))) {
		leat__cli_error("top: '%s' is no run; accepted: one PID as "
				"leat ps lists them",
			args->words[args->n_words > 1]);
		return LEAT__CLI_USAGE;
	}
	status = leat__cli_peer_choose(&top->peer, name);
	if (!status)
		status = top_hello(top);
	if (!status)
		status = top_look(top);
	return status;
}

static int
top_subscribe(struct top *top)
{
	char request[96];

	snprintf(request, sizeof(request),
		"{\"leat\":1,\"id\":3,\"ask\":\"look\",\"every_ms\":%lld}",
		(long long)(top->every_ns / 1000000));
	return leat__cli_peer_send(&top->peer, request);
}

/* All that has been said; the last is what is shown. */
static void
top_hear(struct top *top)
{
	struct leat__cli_reply reply;
	char *line;
	int look;

	while ((look = leat__cli_peer_look(&top->peer)) > 0) {
		line = leat__cli_peer_line(&top->peer, 0);
		if (!line)
			return;
		top->heard_ns = leat_now_ns();
		if (leat__cli_reply_read(&reply, line) || top->view.is_paused) {
			leat__cli_reply_free(&reply);
			continue;
		}
		leat__cli_reply_free(&top->look);
		top->look = reply;
	}
	top->is_over = look < 0;
}

/* ---- drawing ------------------------------------------------------------ */

static char *
top_picture(struct top *top)
{
	struct leat__cli_picture picture;
	char *text = NULL;

	if (leat__cli_picture_make(&picture, top->look.data, &top->view)) {
		if (top->view.from >= picture.n_rows)
			top->view.from =
				picture.n_rows ? picture.n_rows - 1 : 0;
		text = leat__cli_top_draw(&picture, &top->view);
	}
	leat__cli_picture_free(&picture);
	return text;
}

static void
top_show(struct top *top)
{
	int64_t silent_ns = leat_now_ns() - top->heard_ns;
	char *text;

	top->word[0] = '\0';
	if (top->is_over)
		snprintf(top->word, sizeof(top->word),
			"the run has ended; q quits");
	else if (silent_ns > TOP_SILENT_NS + top->every_ns)
		snprintf(top->word, sizeof(top->word),
			"no answer for %.0f s; is it stopped?",
			(double)silent_ns / 1e9);
	leat__cli_screen_size(&top->view.width, &top->view.height);
	text = top_picture(top);
	if (text)
		leat__cli_screen_show(top->screen, text);
	free(text);
}

/* ---- keys --------------------------------------------------------------- */

static void
key_filter(struct top *top, int key)
{
	char *filter = top->view.filter;
	size_t n = strlen(filter);

	if (key == LEAT__CLI_KEY_ENTER) {
		top->view.is_typing = false;
	} else if (key == LEAT__CLI_KEY_ESCAPE) {
		top->view.is_typing = false;
		filter[0] = '\0';
	} else if (key == LEAT__CLI_KEY_BACKSPACE) {
		filter[n ? n - 1 : 0] = '\0';
	} else if (key >= LEAT__CLI_KEY_FIRST && key < 127 &&
		n + 1 < LEAT__CLI_TOP_FILTER) {
		filter[n] = (char)key;
		filter[n + 1] = '\0';
	}
	top->view.from = 0;
}

static void
key_scroll(struct top *top, int key)
{
	uint32_t page = top->view.height > 12 ? top->view.height - 10 : 2;
	uint32_t n =
		key == LEAT__CLI_KEY_PAGE_UP || key == LEAT__CLI_KEY_PAGE_DOWN
		? page
		: 1;

	if (key == LEAT__CLI_KEY_DOWN || key == LEAT__CLI_KEY_PAGE_DOWN ||
		key == 'j')
		top->view.from += n;
	else
		top->view.from -= top->view.from < n ? top->view.from : n;
}

static void
key_command(struct top *top, int key)
{
	struct leat__cli_view *view = &top->view;

	switch (key) {
	case 'q':
		top->is_quit = true;
		break;
	case 's':
		view->sort = (view->sort + 1) % LEAT__CLI_COLUMNS;
		break;
	case 'r':
		view->is_reversed = !view->is_reversed;
		break;
	case 'p':
	case ' ':
		view->is_paused = !view->is_paused;
		break;
	case '?':
	case 'h':
		view->is_help = !view->is_help;
		break;
	case '/':
		view->is_typing = true;
		view->filter[0] = '\0';
		break;
	case LEAT__CLI_KEY_ESCAPE:
		view->is_help = false;
		view->filter[0] = '\0';
		break;
	case LEAT__CLI_KEY_UP:
	case LEAT__CLI_KEY_DOWN:
	case LEAT__CLI_KEY_PAGE_UP:
	case LEAT__CLI_KEY_PAGE_DOWN:
	case 'j':
	case 'k':
		key_scroll(top, key);
		break;
	default:
		break;
	}
}

static void
top_key(struct top *top, int key)
{
	if (key == LEAT__CLI_KEY_END)
		top->is_quit = true;
	else if (key == LEAT__CLI_KEY_OTHER)
		top_hear(top);
	else if (top->view.is_typing && key > LEAT__CLI_KEY_PAGE_DOWN)
		key_filter(top, key);
	else
		key_command(top, key);
}

/* ---- the command -------------------------------------------------------- */

static int
top_live(struct top *top)
{
	int fd, number;

	top->screen = leat__cli_screen_open();
	if (!top->screen)
		return LEAT__CLI_USAGE;
	top->heard_ns = leat_now_ns();
	top->is_over = top_subscribe(top) != 0;
	while (!top->is_quit) {
		top_show(top);
		fd = top->is_over ? -1 : top->peer.fd;
		top_key(top,
			leat__cli_screen_key(
				top->screen, fd, leat_now_ns() + TOP_EVERY_NS));
	}
	number = leat__cli_screen_signal(top->screen);
	leat__cli_screen_close(top->screen);
	if (number && number != SIGHUP)
		leat__cli_say("top: ended by a signal");
	return number ? LEAT__CLI_STOPPED : LEAT__CLI_DONE;
}

static int
top_once(struct top *top, bool is_json)
{
	char *text;

	if (is_json)
		return leat__cli_reply_print(&top->look);
	leat__cli_screen_size(&top->view.width, &top->view.height);
	if (!isatty(STDOUT_FILENO))
		top->view.width = TOP_WIDTH;
	top->view.height = 0;
	text = top_picture(top);
	if (text)
		fputs(text, stdout);
	free(text);
	return text ? leat__cli_flush() : LEAT__CLI_FAILED;
}

static void
top_init(struct top *top, const struct leat__cli_args *args)
{
	memset(top, 0, sizeof(*top));
	top->peer.fd = -1;
	top->every_ns = args->every_ns ? args->every_ns : TOP_EVERY_NS;
	top->view.sort = args->sort;
	top->view.has_colour = leat__cli_has_colour(stdout);
	top->view.has_utf8 = leat__cli_has_utf8();
	snprintf(top->view.filter, sizeof(top->view.filter), "%s",
		args->filter ? args->filter : "");
	top->view.job = top->job;
	top->view.name = top->name;
	top->view.word = top->word;
}

int
leat__cli_top(const struct leat__cli_args *args)
{
	struct top top;
	int status;

	top_init(&top, args);
	status = top_open(&top, args);
	snprintf(top.name, sizeof(top.name), "%s", top.peer.name);
	if (!status && (args->is_once || args->is_json))
		status = top_once(&top, args->is_json);
	else if (!status)
		status = top_live(&top);
	leat__cli_reply_free(&top.look);
	leat__cli_peer_close(&top.peer);
	return status;
}
