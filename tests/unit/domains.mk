# SPDX-License-Identifier: MIT
# Parts of the domains and of the guest's programs that need no VMM.
unit-tests-y += domain_line domain_args domain_malloc echoctl_parse \
	dbgsh_session call_vmm debug_parse
domain_line-y += tests/unit/domain_line_test.c domains/lib/line.c \
	domains/lib/line_show.c domains/lib/line_history.c \
	domains/lib/line_complete.c tests/unit/terminal.c
debug_parse-y += tests/unit/debug_parse_test.c domains/debug/parse.c \
	domains/lib/args.c
debug_parse-cflags := -idirafter domains/include
domain_args-y += tests/unit/domain_args_test.c domains/lib/args.c
domain_malloc-y += tests/unit/domain_malloc_test.c
echoctl_parse-y += tests/unit/echoctl_parse_test.c domains/echoctl/parse.c \
	domains/lib/args.c lib/hostname.c
dbgsh_session-y += tests/unit/dbgsh_session_test.c guest/dbgsh/session.c \
	guest/dbgsh/interactive.c guest/dbgsh/script.c \
	guest/dbgsh/terminal_posix.c
call_vmm-y += tests/unit/call_vmm_test.c guest/common/call_vmm.c \
	guest/common/call_vmm_posix.c
domain_line-cflags := -Idomains/lib -idirafter domains/include
domain_args-cflags := -idirafter domains/include
domain_malloc-cflags := -idirafter domains/include
dbgsh_session-cflags := -Iguest/dbgsh -D_GNU_SOURCE
call_vmm-cflags := -Iguest/common
echoctl_parse-cflags := -idirafter domains/include -Iservices/include
unit-tests-y += syslog_format
syslog_format-y += tests/unit/syslog_format_test.c services/syslog/format.c \
	domains/lib/log_level.c domains/lib/utc.c
syslog_format-cflags := -Iservices/syslog -idirafter domains/include
unit-tests-y += sntp_clock
sntp_clock-y += tests/unit/sntp_clock_test.c services/sntp/clock.c domains/lib/utc.c
sntp_clock-cflags := -Iservices/sntp -idirafter domains/include
