# SPDX-License-Identifier: MIT
# Ring-3 programs, and what is linked into each of them.

domain-lib-y += domains/lib/start.S domains/lib/domain.c domains/lib/tty.c \
	domains/lib/line.c domains/lib/line_show.c domains/lib/line_history.c \
	domains/lib/line_complete.c domains/lib/args.c domains/lib/malloc.c \
	domains/lib/abort.c domains/lib/log.c domains/lib/log_level.c domains/lib/json.c domains/lib/utc.c

# Commands of the debug shell.
commands-y := config exits help log net ps version
commands-$(CONFIG_ECHO) += echoctl
commands-$(CONFIG_IPERF) += iperf
commands-$(CONFIG_MGMT) += mgmtctl
commands-$(CONFIG_DEBUG_COMMANDS) += crash kill spin
echoctl-y += domains/echoctl/parse.c domains/echoctl/status.c domains/lib/lines.c
log-y += domains/log/filter.c
net-y += domains/net/core.c domains/net/stack.c

shell-y += domains/shell/main.c domains/lib/program.c domains/lib/usage.c domains/lib/error.c

# Programs that say for themselves what they are made of.
include $(wildcard domains/*/build.mk)

# What commands are for: U(NAME) has a usage.c, N(NAME) none. The shell's own,
# exit, is in the shell's folder.
usage_sources = $(wildcard $(patsubst %,domains/%/usage.c,$(1:exit=shell)))
usage_flag = -DUSAGES='$(foreach c,$(1),$(if \
	$(call usage_sources,$(c)),U($(c)),N($(c))))'
listed := $(sort $(commands-y) exit $(foreach d,$(domains-y),$(if \
	$(call usage_sources,$(d)),$(d))))

$(foreach c,$(commands-y),$(eval $(c)-y += domains/$(c)/main.c \
	$(call usage_sources,$(c)) domains/lib/usage.c domains/lib/command.c \
	domains/lib/error.c))
$(foreach c,$(filter-out help,$(commands-y)),$(eval $(c)-cflags += \
	-DCOMMAND='"$(c)"' $(call usage_flag,$(c))))
shell-y += $(call usage_sources,$(listed))
shell-cflags += $(call usage_flag,$(listed))
help-y += $(call usage_sources,$(filter-out help,$(listed)))
help-cflags += -DCOMMAND='"help"' $(call usage_flag,$(listed))
domains-$(CONFIG_DBGSH) += shell $(commands-y)
