/*
 * base/version.c -- which library is linked, as against which headers.
 */
#include "base/base.h"

const char *
leat_version(void)
{
	return LEAT_VERSION_TEXT;
}
