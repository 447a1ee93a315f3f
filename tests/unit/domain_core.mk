# SPDX-License-Identifier: MIT
# Domains from the inside, on address spaces that are only noted down.
unit-tests-y += domain_core
domain_core-y += tests/unit/domain_core_test.c core/domain/message.c
unit-tests-y += domain_access
domain_access-y += tests/unit/domain_access_test.c core/domain/message.c

# The ELF loader on real page tables.
unit-tests-y += domain_elf
domain_elf-y += tests/unit/domain_elf_test.c core/domain/elf.c

unit-tests-y += random
random-y += tests/unit/random_test.c
