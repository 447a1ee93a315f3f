# SPDX-License-Identifier: MIT
# Hostile questions to the core, from inside of a domain.
domains-$(CONFIG_DEBUG_COMMANDS) += usertests
usertests-y += domains/usertests/main.c domains/usertests/roles.c \
	domains/usertests/arguments.c domains/usertests/messages.c \
	domains/usertests/memory.c domains/usertests/instructions.c \
	domains/usertests/limits.c
