# SPDX-License-Identifier: MIT
# Instructions on trapped pages, on a guest made of an array.
unit-tests-y += emulate_random
emulate_random-y += tests/unit/emulate_random_test.c \
	tests/unit/emulate_random_cpu.S tests/unit/emulate_random_machine.c \
	core/x86/emulate.c core/x86/debug.c core/x86/decode.c \
	core/x86/walk.c
