# SPDX-License-Identifier: MIT
# Modules for the guest's kernel, against the headers in the cache, each in its
# folder here.
guest-modules-y += vmmpeek edudma hangcpu badsleep sendipi edumsi policy logbuf
$(foreach m,$(guest-modules-y),$(eval $(m)-dir := tests/guest/$(m)))

# Fixed amounts of work, for test_cost.py and make bench.
guest-progs-y += workload
workload-y += tests/guest/workload/workload.c

include tests/guest/payload/build.mk
