# SPDX-License-Identifier: MIT
# Ring-3 programs, and what is linked into each of them.

domain-lib-y += domains/lib/start.S domains/lib/domain.c domains/lib/tty.c \
	domains/lib/line.c domains/lib/args.c domains/lib/malloc.c \
	domains/lib/abort.c domains/lib/log.c

# Commands of the debug shell.
commands-y := exits help log net ps version
commands-$(CONFIG_ECHO) += echoctl
commands-$(CONFIG_DEBUG_COMMANDS) += crash kill spin
$(foreach c,$(commands-y),$(eval $(c)-y += domains/$(c)/main.c \
	domains/lib/command.c domains/lib/error.c))
echoctl-y += domains/echoctl/parse.c

domains-$(CONFIG_DBGSH) += shell $(commands-y)
shell-y += domains/shell/main.c domains/lib/error.c

include $(wildcard domains/netd/build.mk)
