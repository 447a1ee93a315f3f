# SPDX-License-Identifier: MIT
# Modules for the guest's kernel, against the headers in the cache.
guest-modules-y += vmmpeek edudma hangcpu badsleep
vmmpeek-dir := tests/guest/vmmpeek
hangcpu-dir := tests/guest/hangcpu
edudma-dir := tests/guest/edudma
badsleep-dir := tests/guest/badsleep

# Fixed amounts of work, for test_cost.py and make bench.
guest-progs-y += workload
workload-y += tests/guest/workload/workload.c

include tests/guest/payload/build.mk
