# SPDX-License-Identifier: MIT
# Modules for the guest's kernel, against the headers in the cache.
guest-modules-y += vmmpeek
vmmpeek-dir := tests/guest/vmmpeek
