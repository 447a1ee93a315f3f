# SPDX-License-Identifier: MIT
# The freestanding library and the allocators, which the tests include.
unit-tests-y += printf string heap
printf-y += tests/unit/printf_test.c
string-y += tests/unit/string_test.c
heap-y += tests/unit/heap_test.c
