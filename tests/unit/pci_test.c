/* SPDX-License-Identifier: MIT */
/*
 * PCI on a made-up machine: are devices found and bound, what does the guest
 * see of them, and can it reach, by odd accesses or through the bridges
 * above, what is not shown to it?
 */
#include "pci_fake.h"
#include "../../core/x86/trap_table.h"

#include <pthread.h>
#include <tandem/conf.h>
#include <tandem/init.h>

#define BRIDGE_IO	0x1c
#define BRIDGE_MEMORY	0x20
#define BRIDGE_PREFETCH	0x24
#define BRIDGE_CONTROL	0x3e
#define EXP		0x40		/* capabilities of the root port */
#define PM		0x80

static struct hardware *host, *port, *bridge, *nic, *loop, *isa, *disk, *nic2;
static unsigned int probes;
static struct pci_device *probed;
static struct pci_binding binding;
static int probe_result;

static int probe(struct pci_device *d, const struct pci_binding *b)
{
	probes++;
	probed = d;
	binding = *b;
	return probe_result;
}

static const char *const options[] = { "net", "virtio", NULL };
static const struct pci_driver test_driver = { "test", options, probe };
PCI_DRIVER(test_driver);
PCI_IDS(test) = {
	{ "test", 0x14e4, 0x165a },
	{ "test", 0x14e4, 0x1659 },
};

/*
 *	00:00.0 host bridge
 *	00:01.0 root port -> bus 1: 01:00.0 bridge -> bus 2: 02:03.0 NIC
 *	00:02.0 bridge that says its secondary bus is 0
 *	00:1f.0, 00:1f.2 one device with two functions
 *	00:1f.7 a second NIC
 */
static void build_machine(void)
{
	host = add_hardware(0, 0, 0, 0x29c08086, 0x060000, 0);
	port = add_hardware(0, 1, 0, 0x34208086, 0x060400, 1);
	set(port, 0x18, 4, 0x00020100);
	set(port, PCI_COMMAND, 2, PCI_COMMAND_IO);
	set(port, BRIDGE_IO, 2, 0xd1c1);	/* 32-bit I/O */
	set(port, BRIDGE_MEMORY, 4, 0xfeb0fea0);
	set(port, BRIDGE_PREFETCH, 4, 0x00010011);
	set(port, PCI_STATUS, 2, 0x10);
	set(port, PCI_CAPABILITY_LIST, 1, EXP);
	set(port, EXP, 2, PM << 8 | PCI_CAP_ID_EXP);
	set(port, PM, 2, PCI_CAP_ID_PM);
	memset(port->writable + 0x18, 0xff, 0x40 - 0x18);
	memset(port->writable + EXP + 8, 0xff, 0x34 - 8);
	memset(port->writable + PM + 4, 0xff, 2);
	bridge = add_hardware(1, 0, 0, 0x12345678, 0x060400, 1);
	set(bridge, 0x18, 4, 0x00020201);
	set(bridge, PCI_STATUS, 2, 0x10);
	set(bridge, PCI_CAPABILITY_LIST, 1, 0x50);
	set(bridge, 0x50, 2, 0x6009);		/* a list in a circle */
	set(bridge, 0x60, 2, 0x5009);
	nic = add_hardware(2, 3, 0, 0x165a14e4, 0x020000, 0);
	set(nic, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	set(nic, PCI_BAR(0), 4, 0xfea00004);	/* 64-bit, 64 KiB */
	memset(nic->writable + PCI_BAR(0) + 2, 0xff, 6);
	set(nic, PCI_BAR(2), 4, 0xd001);	/* I/O, 32 bytes */
	nic->writable[PCI_BAR(2)] = 0xe0;
	nic->writable[PCI_BAR(2) + 1] = 0xff;
	set(nic, PCI_BAR(3), 4, 0xfeb00008);	/* prefetchable, 4 KiB */
	nic->writable[PCI_BAR(3) + 1] = 0xf0;
	memset(nic->writable + PCI_BAR(3) + 2, 0xff, 2);
	set(nic, PCI_SUBSYSTEM_VENDOR_ID, 4, 0x00bc106b);
	loop = add_hardware(0, 2, 0, 0x11111111, 0x060400, 1);
	set(loop, 0x18, 4, 0x00ff0000);
	isa = add_hardware(0, 0x1f, 0, 0x29188086, 0x060100, 0x80);
	disk = add_hardware(0, 0x1f, 2, 0x29228086, 0x010601, 0);
	nic2 = add_hardware(0, 0x1f, 7, 0x165914e4, 0x020000, 0);
	set(nic2, PCI_BAR(0), 4, 0xfea00000);	/* 64 KiB */
	memset(nic2->writable + PCI_BAR(0) + 2, 0xff, 2);
}

static struct pci_device *device_of(const struct hardware *h)
{
	struct pci_device *d = pci_next(NULL);

	while (d && (d->bus != h->bus || d->slot != h->slot ||
		     d->function != h->function))
		d = pci_next(d);
	CHECK(d);
	return d;
}

static void all_functions_are_found_in_order(void)
{
	static const char *const order[] = {
		"00:00.0", "00:01.0", "01:00.0", "02:03.0", "00:02.0",
		"00:1f.0", "00:1f.2", "00:1f.7",
	};
	struct pci_device *d = NULL;
	char name[8];

	run_level(INIT_BUS);
	for (unsigned int i = 0; i < ARRAY_SIZE(order); i++) {
		d = pci_next(d);
		CHECK(d && !strcmp(pci_name(d, name), order[i]));
	}
	CHECK(!pci_next(d));
	d = device_of(nic);
	CHECK(d->vendor == 0x14e4 && d->device == 0x165a);
	CHECK(d->class_code == 0x020000 && d->revision == 1);
	CHECK(d->subsystem_vendor == 0x106b && d->subsystem_device == 0xbc);
	CHECK(d->parent == device_of(bridge));
	CHECK(d->parent->parent == device_of(port));
	CHECK(!d->parent->parent->parent);
	CHECK(device_of(port)->secondary_bus == 1);
	CHECK(device_of(port)->subordinate_bus == 2);
}

static void capabilities(void)
{
	CHECK(pci_find_capability(device_of(port), PCI_CAP_ID_PM) == PM);
	CHECK(pci_find_capability(device_of(port), PCI_CAP_ID_EXP) == EXP);
	CHECK(!pci_find_capability(device_of(port), PCI_CAP_ID_MSI));
	CHECK(!pci_find_capability(device_of(bridge), PCI_CAP_ID_MSI));
	CHECK(!pci_find_capability(device_of(nic), PCI_CAP_ID_PM));
}

/* ---- binding ---- */

static void bind(const char *text)
{
	log_text[0] = '\0';
	probes = 0;
	snprintf(tandem_conf.pci, sizeof(tandem_conf.pci), "%s", text);
	run_level(INIT_DRIVER);
}

static bool logged(const char *text)
{
	if (strstr(log_text, text))
		return true;
	printf("not in the log: %s\n%s", text, log_text);
	return false;
}

static void what_is_wrong_is_logged_and_binds_nothing(void)
{
	struct hardware before = *nic;

	bind("");
	CHECK(!probes && !log_text[0]);
	bind("device=test, driver");
	CHECK(!probes && logged("column 14") && logged("name=value"));
	bind("device=test, driver=nosuch");
	CHECK(!probes && logged("column 14") && logged("\"nosuch\""));
	CHECK(logged("none, conceal, test"));
	bind("id=dead:beef, driver=nosuch");
	CHECK(!probes && logged("\"nosuch\"") && logged("no such device"));
	bind("device=test, driver=test, colour=red");
	CHECK(!probes && logged("column 27") && logged("colour"));
	bind("slot=1f:1f.7, driver=test");
	CHECK(!probes && logged("rule 1") && logged("no such device"));
	bind("device=test, number=2, driver=test");
	CHECK(!probes && logged("no such device"));
	bind("device=test, driver=none");
	CHECK(!probes && logged("02:03.0: left alone"));
	CHECK(before.writes == nic->writes);
	CHECK(!memcmp(before.config, nic->config, 256));
	CHECK(!ecam_is_trapped(nic));
}

static void a_driver_that_fails_leaves_the_device(void)
{
	struct hardware before = *nic;

	probe_result = -5;
	bind("slot=02:03.0, driver=test");
	CHECK(probes == 1 && logged("02:03.0") && logged("failed (-5)"));
	CHECK(!probed->driver && !ecam_is_trapped(nic));
	CHECK(!ecam_is_trapped(port));
	CHECK(!memcmp(before.config, nic->config, 256));
	probe_result = 0;
}

static void number_takes_the_nth_match(void)
{
	/* what one rule takes does not change what another one counts */
	bind("device=test, number=0, driver=none, and, "
	     "device=test, number=1, driver=test, net=ippass, virtio=1");
	CHECK(probes == 1 && probed == device_of(nic2));
	CHECK(!strcmp(binding.driver, "test"));
	CHECK(!strcmp(pci_option_get(&binding, "net", ""), "ippass"));
	CHECK(!strcmp(pci_option_get(&binding, "virtio", "0"), "1"));
	CHECK(!strcmp(pci_option_get(&binding, "rings", "7"), "7"));
}

static void the_main_job(void)
{
	bind("device=test, number=0, driver=test, net=ippass, virtio=1");
	CHECK(probes == 1 && probed == device_of(nic));
	CHECK(probed->driver == &test_driver);
	CHECK(probed->bar[0].base == 0xfea00000 && probed->bar[0].is_64bit);
	CHECK(probed->bar[0].size == 0x10000 && !probed->bar[0].io);
	CHECK(!probed->bar[1].size);
	CHECK(probed->bar[2].io && probed->bar[2].base == 0xd000);
	CHECK(probed->bar[2].size == 32);
	CHECK(probed->bar[3].base == 0xfeb00000 && probed->bar[3].prefetchable);
	CHECK(probed->bar[3].size == 0x1000 && !probed->bar[4].size);
	CHECK(get(nic, PCI_BAR(0), 4) == 0xfea00004);
	CHECK(get(nic, PCI_COMMAND, 2) == 6);
	/* the way to it is open in hardware */
	CHECK(get(port, PCI_COMMAND, 2) == 7 && get(bridge, PCI_COMMAND, 2) == 6);
	CHECK(ecam_is_trapped(port) && ecam_is_trapped(bridge));
	CHECK(!ecam_is_trapped(host) && !ecam_is_trapped(loop));
}

/* ---- ports ---- */

static uint32_t config_address(const struct hardware *h, unsigned int offset)
{
	return 1u << 31 | h->bus << 16 | h->slot << 11 | h->function << 8 |
	       (offset & 0xfc);
}

static uint32_t guest_config_read(const struct hardware *h,
				  unsigned int offset, unsigned int size)
{
	guest_out(0xcf8, 4, config_address(h, offset));
	return guest_in(0xcfc + (offset & 3), size);
}

static void guest_config_write(const struct hardware *h, unsigned int offset,
			       unsigned int size, uint32_t value)
{
	guest_out(0xcf8, 4, config_address(h, offset));
	guest_out(0xcfc + (offset & 3), size, value);
}

static void the_guest_reads_other_devices_itself(void)
{
	CHECK(guest_config_read(host, 0, 4) == 0x29c08086);
	CHECK(guest_config_read(host, 2, 2) == 0x29c0);
	CHECK(guest_config_read(host, 3, 1) == 0x29);
	CHECK(guest_in(0xcf8, 4) == config_address(host, 3));
	/* across the middle of a dword, as byte enables allow */
	CHECK(guest_in(0xcfd, 2) == 0xc080);
	/* beyond the dword there is another port */
	CHECK(guest_in(0xcfe, 4) == 0x5a5a29c0);
	/* not enabled, or absent */
	guest_out(0xcf8, 4, 0);
	CHECK(guest_in(0xcfc, 4) == ~0u && guest_in(0xcfc, 1) == 0xff);
	guest_out(0xcf8, 4, 0x80ff0000);
	CHECK(guest_in(0xcfc, 2) == 0xffff);
	disk->writable[0x3c] = 0xff;
	guest_config_write(disk, 0x3c, 1, 11);
	CHECK(get(disk, 0x3c, 1) == 11);
}

static void the_vmm_between_two_accesses_of_the_guest(void)
{
	guest_out(0xcf8, 4, config_address(host, 0));
	pci_config_read(device_of(disk), 0, 4);
	CHECK(guest_in(0xcfc, 4) == 0x29c08086);
}

static bool touched(uint16_t at)
{
	for (unsigned int i = 0; i < n_other_ports && i < 64; i++)
		if (other_ports[i] == at)
			return true;
	return false;
}

/* Accesses that only half belong to the ports must not get past the VMM. */
static void nothing_gets_past_sideways(void)
{
	struct hardware before = *nic;

	/* leave the hardware's address at the NIC's last BAR byte */
	pci_config_read(device_of(nic), PCI_BAR(0), 4);
	guest_out(0xcf8, 4, 0);
	guest_out(0xcff, 2, 0xffff);
	guest_out(0xcff, 4, ~0u);
	guest_out(0xcfd, 4, ~0u);
	guest_out(0xcf9, 4, ~0u);
	guest_out(0xcfa, 4, ~0u);
	guest_out(0xcf7, 2, 0);
	guest_out(0xcf5, 4, ~0u);
	CHECK(!memcmp(before.config, nic->config, 256));
	CHECK(guest_in(0xcf8, 4) == 0);
	CHECK(guest_in(0xcff, 2) == 0x5aff);
	/* what lies beside does get the bytes */
	CHECK(touched(0xd00) && touched(0xcf7) && touched(0xcf9));
}

/* ---- what is shown instead ---- */

static uint8_t shown[4096];
static unsigned int shown_reads, shown_writes;

static uint32_t shown_read(struct pci_function *f, unsigned int offset,
			   unsigned int size)
{
	uint32_t v = 0;

	CHECK(size == 1 || size == 2 || size == 4);
	CHECK(!(offset % size) && offset + size <= 4096);
	memcpy(&v, shown + offset, size);
	shown_reads++;
	return v;
}

static void shown_write(struct pci_function *f, unsigned int offset,
			unsigned int size, uint32_t value)
{
	CHECK(size == 1 || size == 2 || size == 4);
	CHECK(!(offset % size) && offset + size <= 4096);
	CHECK(size == 4 || !(value >> 8 * size));
	memcpy(shown + offset, &value, size);
	shown_writes++;
}

static struct pci_function function = { shown_read, shown_write };

static void a_function_is_shown_both_ways(void)
{
	struct hardware before = *nic;

	CHECK(!pci_present(device_of(nic), &function));
	for (unsigned int i = 0; i < 4096; i++)
		shown[i] = (uint8_t)(i * 7 + (i >> 8));
	CHECK(device_of(nic)->guest_view == &function);
	for (unsigned int o = 0; o < 256; o += 4) {
		uint32_t v;

		memcpy(&v, shown + o, 4);
		CHECK(guest_config_read(nic, o, 4) == v);
		CHECK(guest_ecam_read(nic, o, 4) == v);
		CHECK(guest_config_read(nic, o + 2, 2) == v >> 16);
		CHECK(guest_ecam_read(nic, o + 3, 1) == v >> 24);
	}
	guest_config_write(nic, 0x11, 1, 0xab);
	CHECK(shown[0x11] == 0xab);
	CHECK(nic->reads == before.reads && nic->writes == before.writes);
}

/* The emulator hands over whatever the guest does inside the page. */
static void ecam_accesses_are_made_decent(void)
{
	uint64_t v;

	memcpy(&v, shown + 0x101, 8);
	CHECK(guest_ecam_read(nic, 0x101, 8) == v);
	CHECK(guest_ecam_read(nic, 0x101, 4) == (uint32_t)v);
	memcpy(&v, shown + 0xff8, 8);
	CHECK(guest_ecam_read(nic, 0xff8, 8) == v);
	CHECK(guest_ecam_read(nic, 0xfff, 1) == shown[0xfff]);
	guest_ecam_write(nic, 0x203, 4, 0x11223344);
	CHECK(shown[0x203] == 0x44 && shown[0x206] == 0x11);
	guest_ecam_write(nic, 0x210, 8, 0x8877665544332211);
	CHECK(shown[0x210] == 0x11 && shown[0x217] == 0x88);
}

static void concealed_means_absent(void)
{
	struct hardware before;
	struct mmio_trap t;
	uint64_t bar;

	bind("slot=00:1f.7, driver=conceal");
	CHECK(logged("00:1f.7: concealed"));
	before = *nic2;
	bar = get(nic2, PCI_BAR(0), 4);
	CHECK(bar == 0xfea00000 && mmio_trap_find(bar + 0xffff, &t));
	CHECK(!mmio_trap_find(bar - 1, &t) &&
	      !mmio_trap_find(bar + 0x10000, &t));
	CHECK(mmio_trap_find(bar, &t) && t.read(NULL, 0, 4) == ~0u);
	CHECK(guest_config_read(nic2, 0, 4) == ~0u);
	CHECK(guest_config_read(nic2, 2, 2) == 0xffff);
	CHECK(guest_config_read(nic2, 3, 1) == 0xff);
	CHECK(guest_ecam_read(nic2, 0, 8) == ~0ull);
	guest_config_write(nic2, PCI_COMMAND, 2, 0);
	guest_ecam_write(nic2, PCI_COMMAND, 4, 0);
	CHECK(nic2->writes == before.writes);
}

/* ---- bridges above ---- */

/* The guest writes; it reads back want, the hardware keeps what it has. */
static void kept(unsigned int offset, unsigned int size, uint32_t value,
		 uint32_t want)
{
	struct hardware before = *port;

	guest_config_write(port, offset, size, value);
	if (guest_config_read(port, offset, size) != want ||
	    guest_ecam_read(port, offset, size) != want ||
	    memcmp(before.config, port->config, 256)) {
		printf("bridge register %#x: %#x, guest reads %#x\n", offset,
		       get(port, offset, size),
		       guest_config_read(port, offset, size));
		exit(1);
	}
	checks++;
}

static void the_guest_cannot_cut_the_nic_off(void)
{
	kept(PCI_COMMAND, 1, 0, 0);
	kept(0x18, 4, 0x11ffffff, 0x11ffffff);	/* bus numbers */
	kept(0x1a, 1, 0, 0);
	kept(BRIDGE_MEMORY, 4, 0x0000fff0, 0x0000fff0);
	kept(BRIDGE_PREFETCH, 4, 0xffffffff, 0xfff1fff1);
	kept(0x28, 4, 0x12345678, 0x12345678);
	kept(BRIDGE_IO, 2, 0x00f0, 0x01f1);
	kept(BRIDGE_CONTROL, 2, 0x40, 0x40);	/* secondary bus reset */
	kept(EXP + 0x10, 2, 0x10, 0x10);	/* link disable */
	kept(EXP + 0x18, 2, 0x400, 0x400);	/* slot power off */
	kept(PM + 4, 2, 3, 3);			/* D3 */
}

static void the_guest_may_do_the_rest(void)
{
	guest_config_write(port, PCI_COMMAND, 2, 0x0507);
	CHECK(get(port, PCI_COMMAND, 2) == 0x0507);
	guest_config_write(port, BRIDGE_CONTROL, 2, 0x0043);
	CHECK(get(port, BRIDGE_CONTROL, 2) == 0x0003);
	CHECK(guest_config_read(port, BRIDGE_CONTROL, 2) == 0x0043);
	guest_config_write(port, 0x3c, 1, 10);
	CHECK(get(port, 0x3c, 1) == 10);
	guest_config_write(port, EXP + 0x10, 2, 0x0041);
	CHECK(get(port, EXP + 0x10, 2) == 0x0041);
	guest_config_write(port, EXP + 0x18, 2, 0x07c0);
	CHECK(get(port, EXP + 0x18, 2) == 0x03c0);
	guest_config_write(port, PM + 4, 2, 0x0103);
	CHECK(get(port, PM + 4, 2) == 0x0100);
	guest_ecam_write(port, EXP + 8, 4, 0x2810);
	CHECK(get(port, EXP + 8, 4) == 0x2810);
	/* extended space of a bridge is not shown */
	CHECK(guest_ecam_read(port, 0x100, 4) == ~0u);
	CHECK(guest_ecam_read(port, 0xfe, 4) == 0xffff0000);
	guest_ecam_write(port, 0x100, 4, 0);
}

#define WINDOW_A	0x12301230u
#define WINDOW_B	0x45604560u

static bool over;

static void *other_cpu(void *arg __unused)
{
	for (unsigned int i = 0; i < 100000; i++) {
		guest_ecam_write(port, BRIDGE_MEMORY, 4, WINDOW_A);
		guest_ecam_write(port, BRIDGE_MEMORY, 4, WINDOW_B);
	}
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	return NULL;
}

/* What one CPU writes byte by byte, no other sees half written. */
static void accesses_of_two_cpus_are_whole(void)
{
	pthread_t thread;

	guest_ecam_write(port, BRIDGE_MEMORY, 4, WINDOW_A);
	CHECK(!pthread_create(&thread, NULL, other_cpu, NULL));
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
		uint64_t v = guest_ecam_read(port, BRIDGE_MEMORY, 4);

		CHECK(v == WINDOW_A || v == WINDOW_B);
	}
	CHECK(!pthread_join(thread, NULL));
}

int main(void)
{
	build_machine();
	all_functions_are_found_in_order();
	capabilities();
	what_is_wrong_is_logged_and_binds_nothing();
	the_guest_reads_other_devices_itself();
	the_vmm_between_two_accesses_of_the_guest();
	a_driver_that_fails_leaves_the_device();
	number_takes_the_nth_match();
	the_main_job();
	a_function_is_shown_both_ways();
	nothing_gets_past_sideways();
	ecam_accesses_are_made_decent();
	concealed_means_absent();
	the_guest_cannot_cut_the_nic_off();
	the_guest_may_do_the_rest();
	accesses_of_two_cpus_are_whole();
	printf("%u checks\n", checks);
	return 0;
}
