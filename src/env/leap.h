/*
 * env/leap.h -- a function whose end is a jump.
 *
 * A fiber that has waited comes back on its own stack, but the processor
 * predicts its returns by the calls of the fiber that ran before it. Within
 * leat these are the same; the one into the caller's code is not, and costs 5
 * to 20 ns. A jump is predicted by where it went the last times. Where that is
 * not known to work the end is a return.
 */
#ifndef LEAT_SRC_ENV_LEAP_H
#define LEAT_SRC_ENV_LEAP_H

/* __CET__: the processor may check returns against calls. */
#if defined(__x86_64__) && !defined(__ILP32__) && !defined(__CET__)

#define LEAT__CAN_LEAP 1

/* LEAT__LEAP(name, function): name is function, with arguments that fit into
 * registers, but for its end. Both are declared before, and not static. */
#define LEAT__LEAP(name, function)                                             \
	__asm__(".text\n"                                                      \
		".p2align 4\n"                                                 \
		".globl " #name "\n"                                           \
		".hidden " #name "\n"                                          \
		".type " #name ", @function\n" #name ":\n"                     \
		".cfi_startproc\n"                                             \
		"	sub $8, %rsp\n"                                              \
		".cfi_adjust_cfa_offset 8\n"                                   \
		"	call " #function "\n"                                  \
		"	add $8, %rsp\n"                                              \
		".cfi_adjust_cfa_offset -8\n"                                  \
		"	pop %rcx\n"                                                  \
		".cfi_adjust_cfa_offset -8\n"                                  \
		".cfi_register 16, 2\n"                                        \
		"	jmp *%rcx\n"                                                 \
		".cfi_endproc\n"                                               \
		".size " #name ", . - " #name "\n")

#else
#define LEAT__CAN_LEAP 0
#endif

#endif
