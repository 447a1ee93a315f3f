# SPDX-License-Identifier: MIT
# What the core does for the management service.
unit-tests-y += clock identity
clock-y += tests/unit/clock_test.c
identity-y += tests/unit/identity_test.c
