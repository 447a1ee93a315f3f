# SPDX-License-Identifier: MIT
# What the management service makes of bytes from the network.
unit-tests-$(CONFIG_MGMT) += mgmt_reader
mgmt_reader-y += tests/unit/mgmt_reader_test.c services/mgmt/reader.c
mgmt_reader-cflags = -Iservices/mgmt -Iservices/include $(http-parser_cflags)
