// SPDX-License-Identifier: MIT
/*
 * The device as QEMU sees it: type, life cycle, properties given on the
 * command line, and the plugin's entry point. QEMU loads plugins before it
 * makes devices, so that -plugin file=bcm57xx.so -device bcm5722,netdev=...
 * works with the unmodified binary.
 */
#include "bcm57xx.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pci/msi.h"
#include "hw/pci/pcie.h"
#include "hw/qdev-properties.h"

#define VENDOR_BROADCOM	0x14e4
#define DEVICE_BCM5722	0x165a

static NetClientInfo net_info = {
	.type = NET_CLIENT_DRIVER_NIC,
	.size = sizeof(NICState),
	.can_receive = bcm_can_receive,
	.receive = bcm_receive,
	.link_status_changed = bcm_phy_cable,
};

static void realize(PCIDevice *dev, Error **errp)
{
	BcmNic *nic = BCM5722(dev);
	DeviceState *qdev = DEVICE(dev);
	Error *err = NULL;

	bcm_config_init(nic, &err);
	if (err) {
		error_propagate(errp, err);
		return;
	}
	memory_region_init_io(&nic->bar0, OBJECT(nic), &bcm_bar0_ops, nic,
			      "bcm5722-bar0", 64 * KiB);
	pci_register_bar(dev, 0, PCI_BASE_ADDRESS_SPACE_MEMORY |
			 PCI_BASE_ADDRESS_MEM_TYPE_64, &nic->bar0);
	bcm_coalesce_init(nic);
	bcm_phy_init(nic);
	bcm_tx_init(nic);
	qemu_macaddr_default_if_unset(&nic->conf.macaddr);
	bcm_nvram_init(nic);
	nic->nic = qemu_new_nic(&net_info, &nic->conf,
				object_get_typename(OBJECT(nic)), qdev->id,
				&qdev->mem_reentrancy_guard, nic);
	qemu_format_nic_info_str(qemu_get_queue(nic->nic), nic->conf.macaddr.a);
}

static void unrealize(PCIDevice *dev)
{
	BcmNic *nic = BCM5722(dev);

	timer_free(nic->coalesce_timer);
	timer_free(nic->link_timer);
	qemu_bh_delete(nic->tx_bh);
	qemu_del_nic(nic->nic);
	g_free(nic->tx_packet);
	msi_uninit(dev);
	pcie_cap_exit(dev);
}

/* Power-on, or a reset of the machine or the bus. */
static void reset(DeviceState *qdev)
{
	BcmNic *nic = BCM5722(qdev);

	bcm_config_reset(nic);
	memset(nic->sram, 0, sizeof(nic->sram));
	nic->reset_time = 0;
	nic->held_in_reset = false;
	nic->fault_tx_hang = false;
	bcm_registers_reset(nic);
	bcm_phy_power_on(nic);
	bcm_set(nic, MAC_STATUS, 0);
	bcm_sram_boot(nic);
	bcm_rx_kick(nic);
}

static Property properties[] = {
	DEFINE_NIC_PROPERTIES(BcmNic, conf),
	DEFINE_PROP_UINT32("device-id", BcmNic, device_id, 0),
	DEFINE_PROP_UINT32("link-delay-ms", BcmNic, link_delay_ms, 5),
	DEFINE_PROP_BOOL("strict", BcmNic, strict, false),
	DEFINE_PROP_END_OF_LIST(),
};

/* Structures of ours embed QEMU's: their sizes must be the binary's. */
static void check_abi(void)
{
	static const struct {
		const char *type;
		size_t size;
	} embedded[] = {
		{ TYPE_PCI_DEVICE, sizeof(PCIDevice) },
		{ TYPE_DEVICE, sizeof(DeviceState) },
		{ TYPE_MEMORY_REGION, sizeof(MemoryRegion) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(embedded); i++)
		if (object_type_get_instance_size(embedded[i].type) !=
		    embedded[i].size) {
			error_report("bcm5722: built for another QEMU: build "
				     "it again");
			exit(1);
		}
}

static void class_init(ObjectClass *class, void *data)
{
	DeviceClass *dc = DEVICE_CLASS(class);
	PCIDeviceClass *pc = PCI_DEVICE_CLASS(class);

	check_abi();
	pc->realize = realize;
	pc->exit = unrealize;
	pc->config_read = bcm_config_read;
	pc->config_write = bcm_config_write;
	pc->vendor_id = VENDOR_BROADCOM;
	pc->device_id = DEVICE_BCM5722;
	pc->subsystem_vendor_id = VENDOR_BROADCOM;
	pc->subsystem_id = DEVICE_BCM5722;
	pc->class_id = PCI_CLASS_NETWORK_ETHERNET;
	dc->desc = "Broadcom BCM5722 (Tandem's bench NIC)";
	dc->reset = reset;
	set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
	device_class_set_props(dc, properties);
}

static const TypeInfo type_info = {
	.name = TYPE_BCM5722,
	.parent = TYPE_PCI_DEVICE,
	.instance_size = sizeof(BcmNic),
	.instance_init = bcm_counters_init,
	.class_init = class_init,
	.interfaces = (InterfaceInfo[]) {
		{ INTERFACE_PCIE_DEVICE },
		{ }
	},
};

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc,
			       char **argv);

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	type_register_static(&type_info);
	return 0;
}
