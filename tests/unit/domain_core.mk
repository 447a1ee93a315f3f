# SPDX-License-Identifier: MIT
# Domains from the inside, on address spaces that are only noted down.
unit-tests-y += domain_core
domain_core-y += tests/unit/domain_core_test.c core/domain/message.c

unit-tests-y += random
random-y += tests/unit/random_test.c
