/*
 * env/pin.h -- which cores threads stay on.
 */
#ifndef LEAT_SRC_ENV_PIN_H
#define LEAT_SRC_ENV_PIN_H

#include "env/env.h"

#define LEAT__PIN_MAX 256u /* cores that are named */

/* Thread k stays on cores[k mod n]; n 0 = on none. */
struct leat__pin {
	uint32_t n;
	uint32_t cores[LEAT__PIN_MAX];
};

/*
 * text: "off", "cores" (all that this process may run on, in their order), or
 * a list of numbers and ranges of them, as 0-3,8; NULL and "" = off.
 *
 * LEAT_OK, LEAT_EINVAL: not such a text, or a core that this process may not
 * run on; LEAT_ELIMIT: more than LEAT__PIN_MAX. The error begins with what.
 */
LEAT_MUST_CHECK int leat__pin_parse(const struct leat__env *env,
	const char *what, const char *text, struct leat__pin *pin_out,
	struct leat_error *err);

/* The calling thread is number k of those that are pinned; one that the system
 * does not let stay there runs anywhere. */
void leat__pin_thread(
	const struct leat__env *env, const struct leat__pin *pin, uint32_t k);

#endif
