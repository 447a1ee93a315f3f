# SPDX-License-Identifier: MIT
# What measures from inside the guest.
guest-progs-y += nettest
nettest-y += tests/bench/nettest.c
