# SPDX-License-Identifier: MIT
commands-$(CONFIG_DEBUG_PROGRAM) += debug
debug-y += domains/debug/parse.c domains/debug/dump.c domains/debug/cpu.c \
	domains/debug/run.c domains/lib/lines.c domains/lib/program.c \
	core/x86/decode.c
debug-$(CONFIG_DEBUG_ROOT_KEY) += domains/debug/key.c
ifeq ($(CONFIG_DEBUG_ROOT_KEY),y)
debug-libs := mbedtls
endif
