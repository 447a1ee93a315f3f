# SPDX-License-Identifier: MIT
# Parts of the domains and of dbgsh that need no VMM.
unit-tests-y += domain_line domain_args domain_malloc echoctl_parse \
	dbgsh_session
domain_line-y += tests/unit/domain_line_test.c domains/lib/line.c
domain_args-y += tests/unit/domain_args_test.c domains/lib/args.c
domain_malloc-y += tests/unit/domain_malloc_test.c
echoctl_parse-y += tests/unit/echoctl_parse_test.c domains/echoctl/parse.c \
	domains/lib/args.c
dbgsh_session-y += tests/unit/dbgsh_session_test.c guest/dbgsh/session.c
domain_line-cflags := -idirafter domains/include
domain_args-cflags := -idirafter domains/include
domain_malloc-cflags := -idirafter domains/include
echoctl_parse-cflags := -idirafter domains/include
dbgsh_session-cflags := -Iguest/dbgsh
