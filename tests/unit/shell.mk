# SPDX-License-Identifier: MIT
# Parts of the shell's programs that need no VMM.
unit-tests-y += domain_json log_filter usage
domain_json-y += tests/unit/domain_json_test.c domains/lib/json.c
log_filter-y += tests/unit/log_filter_test.c domains/log/filter.c \
	domains/lib/log_level.c
usage-y += tests/unit/usage_test.c domains/lib/usage.c
domain_json-cflags := -idirafter domains/include
log_filter-cflags := -Idomains/log -idirafter domains/include
usage-cflags := -DUSAGES='U(echo) U(help)' -idirafter domains/include
