# SPDX-License-Identifier: MIT
# The BCM57xx driver against a model of its rings and its transmitter.
unit-tests-y += bnx_txoffload bnx_rings
bnx_txoffload-y += tests/unit/bnx_txoffload_test.c tests/unit/bnx_model.c \
	net/bnx/txoffload.c net/bnx/txsoft.c
bnx_rings-y += tests/unit/bnx_rings_test.c tests/unit/bnx_model.c \
	net/bnx/tx.c net/bnx/rx.c net/bnx/txoffload.c net/bnx/txsoft.c
