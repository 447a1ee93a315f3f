/* SPDX-License-Identifier: MIT */
/*
 * Start of the fuzzing guest: what machine this is, which seed it was given,
 * and then all CPUs are taken from the firmware.
 *
 * Orders come as QEMU's fw_cfg file opt/tandem/fuzz, such as
 * "seed=7 first=0 count=0 kinds=ffffff lethal=1 trace=0" (all but kinds
 * decimal). Without it the seed is 1. "init=1" has the local APIC send SMI and
 * INIT, too, as it does where there are several CPUs unless told "init=0": the
 * VMM watches it there, and with one CPU it does not.
 */
#include "fuzz.h"

#include <efi.h>
#include <efilib.h>

#define FW_CFG_SELECT	0x510
#define FW_CFG_DATA	0x511
#define FW_CFG_DIR	0x19
#define FILE_NAME	"opt/tandem/fuzz"
#define NAME_SIZE	56

#define ACPI_MCFG_BASE	44
#define MIN_BLOCK_PAGES	1024		/* the smallest VMM block, 4 MiB */
#define SCAN_BUSES	4
#define CAP_POINTER	0x34
#define CAP_MSIX	0x11
#define VIRTIO_SIZE	0x6000

/* EFI_MP_SERVICES_PROTOCOL (PI 1.8, volume 2, 13.3), as far as it is used. */
struct mp_services {
	EFI_STATUS (EFIAPI *number)(struct mp_services *this, UINTN *all,
				    UINTN *enabled);
	void *info;
	EFI_STATUS (EFIAPI *start_all)(struct mp_services *this,
				       VOID (EFIAPI *fn)(VOID *arg),
				       BOOLEAN single, EFI_EVENT event,
				       UINTN timeout, VOID *arg,
				       UINTN **failed);
};

static EFI_GUID mp_guid = { 0x3fdda605, 0xa76e, 0x4f46,
	{ 0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08 } };
static EFI_GUID acpi_guid = ACPI_20_TABLE_GUID;

static unsigned int tickets;
static char orders[160];

/* ---- orders ---- */

static uint32_t big_endian(void)
{
	uint32_t v = 0;

	for (unsigned int i = 0; i < 4; i++)
		v = v << 8 | in8(FW_CFG_DATA);
	return v;
}

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static void read_orders(void)
{
	uint32_t files, size, select;
	char name[NAME_SIZE];

	out16(FW_CFG_SELECT, FW_CFG_DIR);
	files = big_endian();
	for (uint32_t i = 0; i < files && i < 256; i++) {
		size = big_endian();
		select = big_endian() >> 16;
		for (unsigned int n = 0; n < NAME_SIZE; n++)
			name[n] = (char)in8(FW_CFG_DATA);
		if (!same(name, FILE_NAME))
			continue;
		out16(FW_CFG_SELECT, (uint16_t)select);
		for (uint32_t n = 0; n < size && n < sizeof(orders) - 1; n++)
			orders[n] = (char)in8(FW_CFG_DATA);
		return;
	}
}

/* The number behind "name=", or other. */
static uint64_t order(const char *name, unsigned int base, uint64_t other)
{
	for (const char *p = orders; *p; p++) {
		const char *a = p, *b = name;
		uint64_t v = 0;

		while (*b && *a == *b) {
			a++;
			b++;
		}
		if (*b)
			continue;
		for (;; a++) {
			unsigned int digit = *a >= 'a' ? *a - 'a' + 10u :
					     *a - '0' + 0u;

			if (digit >= base)
				return v;
			v = v * base + digit;
		}
	}
	return other;
}

/*
 * Without orders about kinds the seed leaves some out, so that boots differ in
 * more than the order of what they do; and it allows what is lethal in some.
 */
static void follow_orders(void)
{
	struct fuzz_cpu chooser = { 0 };

	machine.seed = order("seed=", 10, 1);
	machine.first = order("first=", 10, 0);
	machine.count = order("count=", 10, 0);
	machine.trace = order("trace=", 10, 0);
	machine.cases = order("cases=", 10, 0);
	machine.init = order("init=", 10, machine.n_cpus > 1);
	random_start(&chooser, ~0ull);
	for (unsigned int i = 0; i < n_operations; i++)
		if (below(&chooser, 8) < 5)
			machine.kinds |= BIT(i);
	machine.kinds = order("kinds=", 16, machine.kinds);
	machine.lethal = order("lethal=", 10, chance(&chooser, 4));
	if (!(machine.kinds & (BIT(n_operations) - 1)))
		machine.kinds = BIT(n_operations) - 1;
}

/* ---- the machine ---- */

static void add_registers(uint64_t base, uint64_t size)
{
	if (base && size && machine.n_registers < RANGES)
		machine.registers[machine.n_registers++] =
			(struct range){ base, size };
}

/* Twice, since there is most to be found. */
static void add_hidden(uint64_t base, uint64_t size)
{
	add_registers(base, size);
	add_registers(base, size);
	if (base && size && machine.n_hidden < RANGES)
		machine.hidden[machine.n_hidden++] =
			(struct range){ base, size };
}

static uint32_t config_read(uint32_t function, unsigned int offset)
{
	out32(0xcf8, 0x80000000u | function | offset);
	return in32(0xcfc);
}

static void config_write(uint32_t function, unsigned int offset, uint32_t v)
{
	out32(0xcf8, 0x80000000u | function | offset);
	out32(0xcfc, v);
}

/* Memory BARs by the book: all ones tell the size. */
static uint64_t scan_bars(uint32_t function)
{
	uint64_t first = 0;

	for (unsigned int at = 0x10; at < 0x28; at += 4) {
		uint32_t low = config_read(function, at), mask, high = 0;
		uint64_t base;

		if (low & 1)
			continue;
		config_write(function, at, ~0u);
		mask = config_read(function, at) & ~15u;
		config_write(function, at, low);
		if ((low & 6) == 4)
			high = config_read(function, at + 4);
		base = (uint64_t)high << 32 | (low & ~15u);
		if (mask && base) {
			add_registers(base, ~mask + 1u);
			first = first ? first : base;
		}
		if ((low & 6) == 4)
			at += 4;
	}
	return first;
}

static void scan_virtio(uint32_t function, uint64_t bar)
{
	unsigned int at = config_read(function, CAP_POINTER) & 0xfc;

	machine.virtio = bar;
	add_hidden(bar, VIRTIO_SIZE);
	for (unsigned int i = 0; at && i < 16; i++) {
		uint32_t head = config_read(function, at);

		if ((head & 0xff) == CAP_MSIX)
			machine.msix = 0x80000000u | function | at | 2;
		at = head >> 8 & 0xfc;
	}
}

static void scan_pci(void)
{
	for (uint32_t n = 0; n < SCAN_BUSES << 8; n++) {
		uint32_t function = n << 8, id = config_read(function, 0);
		bool bridge;
		uint64_t bar;

		if ((uint16_t)id == 0xffff || !(uint16_t)id ||
		    machine.n_functions == FUNCTIONS)
			continue;
		machine.function[machine.n_functions++] =
			(struct pci_function){
				(uint8_t)(n >> 8), n >> 3 & 31, n & 7,
				(uint16_t)id, (uint16_t)(id >> 16) };
		bridge = config_read(function, 0x0c) >> 16 & 0x7f;
		bar = bridge ? 0 : scan_bars(function);
		if (id == 0x10411af4)
			scan_virtio(function, bar);
	}
}

static bool is_table(const uint8_t *t, const char *name)
{
	return t[0] == name[0] && t[1] == name[1] && t[2] == name[2] &&
	       t[3] == name[3];
}

static void scan_acpi(EFI_SYSTEM_TABLE *table)
{
	const uint8_t *rsdp = NULL, *xsdt, *t;
	uint32_t length;

	for (UINTN i = 0; i < table->NumberOfTableEntries; i++)
		if (!CompareGuid(&table->ConfigurationTable[i].VendorGuid,
				 &acpi_guid))
			rsdp = table->ConfigurationTable[i].VendorTable;
	if (!rsdp)
		return;
	xsdt = *(const uint8_t *const *)(rsdp + 24);
	length = *(const uint32_t *)(xsdt + 4);
	for (uint32_t at = 36; at + 8 <= length; at += 8) {
		t = *(const uint8_t *const *)(xsdt + at);
		if (is_table(t, "MCFG"))
			machine.ecam = *(const uint64_t *)(t + ACPI_MCFG_BASE);
	}
}

/* RAM to play with; reserved ranges that the VMM could lie in are registers. */
static void scan_memory(void)
{
	UINTN entries, key, size;
	UINT32 version;
	EFI_MEMORY_DESCRIPTOR *map = LibMemoryMap(&entries, &key, &size,
						  &version);

	for (UINTN i = 0; map && i < entries; i++) {
		EFI_MEMORY_DESCRIPTOR *d = (EFI_MEMORY_DESCRIPTOR *)
			((UINT8 *)map + i * size);
		struct range r = { d->PhysicalStart,
				   d->NumberOfPages * PAGE };

		if (d->Type == EfiReservedMemoryType &&
		    d->NumberOfPages >= MIN_BLOCK_PAGES &&
		    d->PhysicalStart < 0xb0000000ull) {
			add_hidden(r.base, r.size);
		} else if (machine.n_ram < RANGES && r.size >= 16 * PAGE &&
			   (d->Type == EfiConventionalMemory ||
			    d->Type == EfiBootServicesData)) {
			machine.ram[machine.n_ram++] = r;
		}
	}
}

/* What is where it is on every PC of this kind. */
static void known_registers(void)
{
	add_hidden(0xfed00000, PAGE);			/* HPET */
	add_hidden(0xfed80000, 4 * PAGE);		/* AMD's IOMMU */
	if (machine.init)
		add_registers(0xfee00000, PAGE);	/* local APIC */
	add_registers(0xfec00000, PAGE);		/* I/O APIC */
	add_registers(0xfed1c000, 4 * PAGE);		/* chipset */
	add_registers(0xfed40000, PAGE);
	add_registers(0xffc00000, 0x400000);		/* flash */
	add_registers(0xa0000, 0x60000);		/* where ROMs are */
	for (unsigned int i = 0; i < machine.n_functions; i++) {
		const struct pci_function *f = &machine.function[i];

		add_registers(machine.ecam ? machine.ecam +
			      ((uint64_t)f->bus << 20 | f->slot << 15 |
			       f->function << 12) : 0, PAGE);
	}
}

/* ---- CPUs ---- */

static void start(struct fuzz_cpu *c)
{
	cpu_take(c);
	on_stack(c, c->stack + sizeof(c->stack) - 16,
		 machine.cases ? do_cases : cpu_work);
}

static VOID EFIAPI take_ap(VOID *arg)
{
	unsigned int n = __atomic_add_fetch(&tickets, 1, __ATOMIC_RELAXED);

	(void)arg;
	if (n < machine.n_cpus && !machine.cases)
		start(machine.cpu[n]);
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* A CPU that INIT had stopped, out of the trampoline. */
static void come_back(void)
{
	uint8_t id = (uint8_t)(lapic_read(0x20) >> 24);

	for (unsigned int i = 0; i < machine.n_cpus; i++)
		if (machine.cpu[i]->apic_id == id)
			start(machine.cpu[i]);
	for (;;)
		__asm__ volatile("cli; hlt");
}

static uint8_t *pages(UINTN n, EFI_PHYSICAL_ADDRESS limit)
{
	EFI_PHYSICAL_ADDRESS a = limit;

	if (EFI_ERROR(uefi_call_wrapper(BS->AllocatePages, 4, AllocateMaxAddress,
					EfiLoaderData, n, &a)))
		return NULL;
	for (UINTN i = 0; i < n * PAGE; i++)
		((uint8_t *)(UINTN)a)[i] = 0;
	return (uint8_t *)(UINTN)a;
}

static bool allocate_cpus(void)
{
	UINTN n = (sizeof(struct fuzz_cpu) + PAGE - 1) / PAGE;

	for (unsigned int i = 0; i < machine.n_cpus; i++) {
		machine.cpu[i] = (struct fuzz_cpu *)pages(n, 0xffffffff);
		if (!machine.cpu[i])
			return false;
		cpu_prepare(machine.cpu[i], i);
		machine.own[machine.n_own++] = (struct range){
			(UINTN)machine.cpu[i], n * PAGE };
	}
	return true;
}

static void set_trampoline(void)
{
	uint8_t *page = pages(1, 0x9ffff);
	UINTN size = (UINTN)(trampoline_end - trampoline_start);
	uint32_t *base;

	if (!page)
		return;
	for (UINTN i = 0; i < size; i++)
		page[i] = trampoline_start[i];
	base = (uint32_t *)(page + (trampoline_base - trampoline_start));
	base[0] += (uint32_t)(UINTN)page;
	base[1] += (uint32_t)(UINTN)page;
	*(uint64_t *)(page + (trampoline_cr3 - trampoline_start)) =
		(UINTN)machine.cpu[0]->pml4;
	*(uint64_t *)(page + (trampoline_entry - trampoline_start)) =
		(UINTN)come_back;
	machine.own[machine.n_own++] = (struct range){ (UINTN)page, PAGE };
	machine.trampoline = (UINTN)page;
}

static void start_others(struct mp_services *mp)
{
	EFI_EVENT event;

	if (machine.n_cpus < 2)
		return;
	set_trampoline();
	uefi_call_wrapper(BS->CreateEvent, 5, 0, 0, NULL, NULL, &event);
	uefi_call_wrapper(mp->start_all, 7, mp, take_ap, FALSE, event, 0, NULL,
			  NULL);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);
EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	struct mp_services *mp = NULL;
	EFI_LOADED_IMAGE *loaded;
	UINTN all = 1, enabled = 1;

	InitializeLib(image, table);
	if (!EFI_ERROR(uefi_call_wrapper(BS->LocateProtocol, 3, &mp_guid, NULL,
					 (void **)&mp)))
		uefi_call_wrapper(mp->number, 3, mp, &all, &enabled);
	machine.n_cpus = enabled < CPUS ? (unsigned int)enabled : CPUS;
	read_orders();
	follow_orders();
	scan_acpi(table);
	scan_pci();
	known_registers();
	scan_memory();
	uefi_call_wrapper(BS->HandleProtocol, 3, image, &LoadedImageProtocol,
			  (void **)&loaded);
	machine.own[machine.n_own++] = (struct range){
		(UINTN)loaded->ImageBase, loaded->ImageSize };
	if (!allocate_cpus()) {
		Print(L"fuzz: no memory\n");
		return EFI_ABORTED;
	}
	/* from here on nothing of the firmware is used on this CPU */
	start_others(mp);
	__asm__ volatile("cli");
	say("\r\nfuzz: seed %u, %u CPUs, status at %x, kinds %x%s, virtio at "
	    "%x\r\n", machine.seed, (uint64_t)machine.n_cpus,
	    (uint64_t)(UINTN)status_page, machine.kinds,
	    machine.lethal ? ", lethal" : "", machine.virtio);
	start(machine.cpu[0]);
	return EFI_ABORTED;
}
