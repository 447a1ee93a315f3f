# SPDX-License-Identifier: MIT
# Who may use the management service, and what requests say.
unit-tests-y += mgmt_auth mgmt_login mgmt_input mgmt_places
mgmt_auth-y += tests/unit/mgmt_auth_test.c tests/unit/mgmt_mbedtls.c \
	services/mgmt/auth.c services/mgmt/attempts.c services/mgmt/sessions.c \
	services/mgmt/password.c services/mgmt/peer.c
mgmt_auth-cflags := -Iservices/mgmt -Itests/unit/mgmt_fake \
	-I$(TANDEM_CACHE)/src/mbedtls/library \
	-isystem $(TANDEM_CACHE)/src/mbedtls/include \
	-DMBEDTLS_CONFIG_FILE='<mgmt_mbedtls.h>' -Iservices/include \
	-idirafter domains/include -include tests/unit/mgmt_mbedtls.h
mgmt_login-y += tests/unit/mgmt_login_test.c tests/unit/mgmt_mbedtls.c \
	services/mgmt/auth.c services/mgmt/attempts.c services/mgmt/sessions.c \
	services/mgmt/password.c services/mgmt/peer.c domains/lib/json.c
mgmt_login-cflags := $(mgmt_auth-cflags)
mgmt_input-y += tests/unit/mgmt_input_test.c services/mgmt/input.c
mgmt_input-cflags := -Iservices/mgmt
mgmt_places-y += tests/unit/mgmt_places_test.c services/mgmt/places.c \
	services/mgmt/budget.c services/mgmt/peer.c
mgmt_places-cflags := -Iservices/mgmt -Itests/unit/mgmt_fake -Iservices/include \
	-idirafter domains/include
unit-tests-$(CONFIG_MGMT) += mgmt_shell
mgmt_shell-y += tests/unit/mgmt_shell_test.c domains/lib/json.c
mgmt_shell-cflags := $(mgmt_auth-cflags)
unit-tests-y += mgmt_settle
mgmt_settle-y += tests/unit/mgmt_settle_test.c services/mgmt/settle.c
mgmt_settle-cflags := -Iservices/mgmt
# With lwIP's declarations.
unit-tests-$(CONFIG_MGMT) += mgmt_answer
mgmt_answer-y += tests/unit/mgmt_answer_test.c tests/unit/mgmt_mbedtls.c \
	services/mgmt/reason.c
mgmt_answer-cflags := -Itests/unit/net_lwip -idirafter net/stack/include \
	-isystem $(TANDEM_CACHE)/src/lwip/src/include $(mgmt_auth-cflags) \
	-DLWIP_HTTPD_CUSTOM_FILES=1 -DLWIP_HTTPD_FS_ASYNC_READ=1 \
	-DMBEDTLS_X509_CRT_PARSE_C -D_GNU_SOURCE
