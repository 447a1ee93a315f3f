# SPDX-License-Identifier: MIT
# String instructions at ports, and debug traps.
unit-tests-y += string_io
string_io-y += tests/unit/string_io_test.c tests/unit/core_fake.c \
	core/x86/string_io.c core/x86/emulate.c core/x86/debug.c \
	core/x86/decode.c core/x86/walk.c
