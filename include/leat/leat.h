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
#include <leat/ctx.h>
#include <leat/graph.h>
#include <leat/guard.h>
#include <leat/io.h>
#include <leat/json.h>
#include <leat/parallel.h>
#include <leat/pool.h>
#include <leat/stage.h>
#include <leat/stages.h>
#include <leat/table.h>
#include <leat/task.h>
#include <leat/watch.h>

#endif
