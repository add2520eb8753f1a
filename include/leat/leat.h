/*
 * leat/leat.h -- everything an application needs.
 *
 * Authors of stages include leat/stage.h (and leat/table.h, leat/io.h).
 */
#ifndef LEAT_LEAT_H
#define LEAT_LEAT_H

#include <leat/arrow.h>
#include <leat/base.h>
#include <leat/channel.h>
#include <leat/control.h>
#include <leat/ctx.h>
#include <leat/dead.h>
#include <leat/graph.h>
#include <leat/guard.h>
#include <leat/io.h>
#include <leat/json.h>
#include <leat/leaks.h>
#include <leat/live.h>
#include <leat/look.h>
#include <leat/metrics.h>
#include <leat/page.h>
#include <leat/parallel.h>
#include <leat/path.h>
#include <leat/pool.h>
#include <leat/stage.h>
#include <leat/stages.h>
#include <leat/table.h>
#include <leat/task.h>
#include <leat/trace.h>
#include <leat/watch.h>

#endif
