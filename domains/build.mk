# SPDX-License-Identifier: MIT
# Ring-3 programs, and what is linked into each of them.

domain-lib-y += domains/lib/start.S domains/lib/domain.c domains/lib/tty.c \
	domains/lib/line.c domains/lib/line_show.c domains/lib/line_history.c \
	domains/lib/line_complete.c domains/lib/args.c domains/lib/malloc.c \
	domains/lib/abort.c domains/lib/log.c

# Commands of the debug shell.
commands-y := exits help log net ps version
commands-$(CONFIG_ECHO) += echoctl
commands-$(CONFIG_DEBUG_COMMANDS) += crash kill spin
echoctl-y += domains/echoctl/parse.c

shell-y += domains/shell/main.c domains/lib/error.c

# Programs that say for themselves what they are made of.
include $(wildcard domains/*/build.mk)

$(foreach c,$(commands-y),$(eval $(c)-y += domains/$(c)/main.c \
	domains/lib/command.c domains/lib/error.c))
domains-$(CONFIG_DBGSH) += shell $(commands-y)
