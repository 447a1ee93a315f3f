# SPDX-License-Identifier: MIT
# What the guest may ask of SVM; privileged instructions are replaced.
unit-tests-y += msr
msr-y += tests/unit/msr_test.c
