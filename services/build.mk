# SPDX-License-Identifier: MIT
# Services in netd; domains/netd/build.mk has the rest of it.
netd-$(CONFIG_ECHO) += services/echo/echo.c services/echo/server.c \
	services/echo/client.c services/echo/udp.c services/echo/udp_client.c
netd-$(CONFIG_ECHO_TLS) += services/echo/tls.c
netd-$(CONFIG_SNTP) += services/sntp/sntp.c services/sntp/clock.c
netd-$(CONFIG_SYSLOG) += services/syslog/syslog.c services/syslog/format.c
netd-$(and $(CONFIG_SYSLOG),$(CONFIG_MGMT)) += services/syslog/stream.c \
	services/syslog/trust.c
netd-$(CONFIG_MDNS) += services/mdns/mdns.c services/mdns/guard.c
netd-$(CONFIG_NETBIOS_NAME) += services/netbios/netbios.c
netd-$(CONFIG_IPERF) += services/iperf/iperf.c
# lwIP's own applications are sources beside its headers; by the real path, which
# is what gcc has for the name of a system header if that is shorter
netd-cflags += -isystem $(realpath $(lwip_dir))/src
include services/mgmt/build.mk
