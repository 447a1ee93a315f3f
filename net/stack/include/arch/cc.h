/* SPDX-License-Identifier: MIT */
/*
 * What lwIP wants to know about compiler and surroundings (its
 * doc/sys_arch.txt): gcc on x86-64, freestanding, inside a domain.
 */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#define BYTE_ORDER		LITTLE_ENDIAN

#define LWIP_NO_INTTYPES_H	1
#define LWIP_NO_UNISTD_H	1
#define LWIP_NO_CTYPE_H		1

/* single instructions, where lwIP would call a function */
#define lwip_htons(x)	__builtin_bswap16(x)
#define lwip_htonl(x)	__builtin_bswap32(x)

#define X8_F	"02x"
#define U16_F	"hu"
#define S16_F	"hd"
#define X16_F	"hx"
#define U32_F	"u"
#define S32_F	"d"
#define X32_F	"x"
#define SZT_F	"zu"

/* net/stack/lwip/port.c */
void stack_diagnostic(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
_Noreturn void stack_assertion(const char *text, const char *file, int line);

#define LWIP_PLATFORM_DIAG(x)	do { stack_diagnostic x; } while (0)
#define LWIP_PLATFORM_ASSERT(text) stack_assertion(text, __FILE__, __LINE__)

/* net/stack/lwip/random.c */
unsigned int stack_random(void);

#define LWIP_RAND()		stack_random()

#endif
