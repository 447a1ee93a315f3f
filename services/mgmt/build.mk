# SPDX-License-Identifier: MIT
# HTTPS: TLS, the gate before lwIP's httpd, and how requests are answered.
netd-$(CONFIG_MGMT) += services/mgmt/mgmt.c services/mgmt/gate.c \
	services/mgmt/reader.c services/mgmt/answer.c services/mgmt/reason.c \
	services/mgmt/tls.c services/mgmt/places.c services/mgmt/budget.c \
	services/mgmt/certificate.c services/mgmt/settle.c \
	services/mgmt/names.c services/mgmt/clock.c \
	services/mgmt/routes.c services/mgmt/dispatch.c
# Who may come in.
netd-$(CONFIG_MGMT) += services/mgmt/auth.c services/mgmt/login.c \
	services/mgmt/password.c services/mgmt/attempts.c \
	services/mgmt/sessions.c services/mgmt/peer.c
# What is shown: API, metrics, page.
netd-$(CONFIG_MGMT) += services/mgmt/api.c services/mgmt/input.c \
	services/mgmt/api_status.c services/mgmt/api_network.c \
	services/mgmt/api_services.c services/mgmt/api_log.c \
	services/mgmt/api_config.c services/mgmt/metrics.c \
	services/mgmt/page.c services/mgmt/page_files.S
# What is done: shell, power, captures.
netd-$(CONFIG_MGMT) += services/mgmt/core.c services/mgmt/api_shell.c \
	services/mgmt/api_power.c services/mgmt/api_capture.c \
	services/mgmt/pcapng.c

# The page's files, compressed, and jsmn's one header, alone in a folder.
mgmt_page := $(patsubst services/mgmt/page/%,$(O)/page/%.gz,\
	$(wildcard services/mgmt/page/*))
mgmt_cflags := -Wa,-I$(O)/page -isystem $(O)/include/jsmn
netd-cflags += $(if $(CONFIG_MGMT),$(mgmt_cflags))

$(O)/page/%.gz: services/mgmt/page/%
	@mkdir -p $(@D)
	$(call say,GZIP,$@)gzip -9nc $< >$@

$(O)/include/jsmn/jsmn.h: /usr/include/jsmn.h
	@mkdir -p $(@D)
	@cp $< $@

/usr/include/jsmn.h:
	@echo "jsmn.h is missing: run scripts/setup" >&2; exit 1

$(O)/obj/domains/netd/services/mgmt/page_files.o: $(mgmt_page)
$(O)/obj/domains/netd/services/mgmt/input.o: $(O)/include/jsmn/jsmn.h
