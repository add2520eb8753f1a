/*
 * page/html.c -- the page that was built in.
 *
 * cmake/page.cmake makes three constants of what stands in page/web; without
 * npm there are none, and this says so.
 */
#include <string.h>

#include "base/base.h"
#include <leat/page.h>

#ifdef LEAT_WITH_PAGE

extern const unsigned char leat__page_html[], leat__page_packed[];
extern const unsigned long leat__page_html_bytes, leat__page_packed_bytes;
extern const char leat__page_policy[];

int
leat_page_html(struct leat_page_html *html_out, struct leat_error *err)
{
	(void)err;
	html_out->text = (const char *)leat__page_html;
	html_out->n_bytes = leat__page_html_bytes;
	html_out->packed = leat__page_packed;
	html_out->n_packed = leat__page_packed_bytes;
	html_out->policy = leat__page_policy;
	return LEAT_OK;
}

#else

int
leat_page_html(struct leat_page_html *html_out, struct leat_error *err)
{
	memset(html_out, 0, sizeof(*html_out));
	return leat__error(err, LEAT_ENOTSUP,
		"built without the page (LEAT_WITH_PAGE, which needs npm)");
}

#endif
