/*
 * cli/new.h -- texts of files that leat new writes.
 */
#ifndef LEAT_SRC_CLI_NEW_H
#define LEAT_SRC_CLI_NEW_H

extern const char leat__new_job[];
extern const char leat__new_cases[];
extern const char leat__new_header[];
extern const char leat__new_stage[];
extern const char leat__new_check[];
extern const char leat__new_cmake[];

#endif
