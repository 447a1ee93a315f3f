# SPDX-License-Identifier: MIT
# Unit tests on the host; each part of the tree has its own list.
include $(filter-out %/build.mk,$(sort $(wildcard tests/unit/*.mk)))
