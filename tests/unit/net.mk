# SPDX-License-Identifier: MIT
# The switch, its modes, the guest's device and the port to netd.
unit-tests-y += ippass_classify ippass_conflict net_switch net_segment virtio \
	virtio_events virtio_hostile virtio_large virtio_cpus virtio_features
unit-tests-$(CONFIG_NETD) += netring net_settings net_vlan \
	net_checksum net_guest_lease
ippass_classify-y += tests/unit/ippass_classify_test.c \
	tests/unit/net_fake.c net/ippass/classify.c
ippass_conflict-y += tests/unit/ippass_conflict_test.c \
	tests/unit/net_fake.c net/ippass/conflict.c
net_switch-y += tests/unit/net_switch_test.c tests/unit/net_fake.c net/net.c \
	net/ippass/pass.c net/ippass/ippass.c net/ippass/classify.c \
	net/ippass/conflict.c
net_switch-$(CONFIG_NETD) += net/settings.c
net_switch-ldflags := -Wl,-T,tests/unit/net_tables.lds
net_segment-y += tests/unit/net_segment_test.c tests/unit/net_fake.c \
	net/net.c net/segment.c net/ippass/pass.c
net_segment-$(CONFIG_NETD) += net/settings.c
net_segment-ldflags := -Wl,-T,tests/unit/net_tables.lds
net_settings-y += tests/unit/net_settings_test.c tests/unit/net_fake.c \
	net/settings.c
net_vlan-y += tests/unit/net_vlan_test.c net/stack/lwip/vlan.c
net_checksum-y += tests/unit/net_checksum_test.c net/stack/lwip/checksum.c
net_checksum-cflags := -Iservices/include -idirafter net/stack/include
net_vlan-cflags := -Iservices/include
net_guest_lease-y += tests/unit/net_guest_lease_test.c \
	net/stack/lwip/guest_lease.c
net_guest_lease-cflags := -Iservices/include
virtio-device := tests/unit/virtio_driver.c tests/unit/net_fake.c \
	net/virtio/features.c net/virtio/pci.c net/virtio/bar.c net/virtio/common.c \
	net/virtio/interrupt.c net/virtio/queue.c net/virtio/rx.c \
	net/virtio/large.c net/virtio/tx.c net/virtio/hold.c \
	net/virtio/ctrl.c net/segment.c
virtio_features-y += tests/unit/virtio_features_test.c tests/unit/net_fake.c
virtio-y += tests/unit/virtio_test.c $(virtio-device)
virtio_events-y += tests/unit/virtio_events_test.c $(virtio-device)
virtio_large-y += tests/unit/virtio_large_test.c $(virtio-device)
virtio_cpus-y += tests/unit/virtio_cpus_test.c $(virtio-device)
# all features, whatever the configuration has
virtio-all := $(shell sed -n 's/^config \(.*\)/-DCONFIG_\1=1/p' net/virtio/Kconfig)
$(foreach t,virtio virtio_events virtio_large virtio_cpus virtio_hostile,\
	$(eval $(t)-cflags := $(virtio-all)))
# ... and once more by those who look for races
unit-tests-y += virtio_races
virtio_races-y := $(virtio_cpus-y)
virtio_races-cflags := $(virtio-all) -fno-sanitize=all -fsanitize=thread \
	$(call cc_option,-Wno-tsan)
virtio_races-ldflags := -fno-sanitize=all -fsanitize=thread
virtio_hostile-y += tests/unit/virtio_hostile_test.c $(virtio-device)
netring-y += tests/unit/netring_test.c tests/unit/net_fake.c \
	tests/unit/netring_service.c net/stack/port.c \
	net/segment.c
# With lwIP's own TCP.
unit-tests-y += net_probe net_timestamps
lwip-tcp := tests/unit/net_tcp_host.c tests/unit/net_tcp_lwip.c
net_probe-y += tests/unit/net_probe_test.c $(lwip-tcp)
net_timestamps-y += tests/unit/net_timestamps_test.c $(lwip-tcp)
$(foreach t,net_probe net_timestamps,$(eval $(t)-cflags := \
	-Itests/unit/net_lwip -idirafter net/stack/include \
	-isystem $(TANDEM_CACHE)/src/lwip/src/include \
	-isystem $(TANDEM_CACHE)/src/lwip/src))
# lwIP reads a timestamp's bytes as int
net_timestamps-cflags += -fno-sanitize=shift-base
