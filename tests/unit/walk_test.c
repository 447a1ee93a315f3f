/* SPDX-License-Identifier: MIT */
/*
 * Does the software walk of the guest's page tables come to what the
 * processor's would: addresses in each paging mode, the rights of all levels
 * together, error codes, accessed and dirty bits; and can tables that lead
 * nowhere, or in circles, do harm?
 */
#include "core_fake.h"

#include "../../core/x86/walk.h"

#include <errno.h>

#define P	BIT(0)
#define W	BIT(1)
#define U	BIT(2)
#define A	BIT(5)
#define D	BIT(6)
#define PS	BIT(7)
#define NX	BIT(63)
#define FULL	(P | W | U)

static guest_phys out;
static uint32_t error;

static int walk(guest_virt a, unsigned int access)
{
	out = 0xdead;
	error = 0xbeef;
	return guest_walk(&vcpu, a, access, &out, &error);
}

static void set64(uint64_t table, unsigned int index, uint64_t v)
{
	memcpy(ram + (table - RAM_BASE) + index * 8, &v, 8);
}

static uint64_t get64(uint64_t table, unsigned int index)
{
	uint64_t v;

	memcpy(&v, ram + (table - RAM_BASE) + index * 8, 8);
	return v;
}

static void set32(uint64_t table, unsigned int index, uint32_t v)
{
	memcpy(ram + (table - RAM_BASE) + index * 4, &v, 4);
}

static void no_paging_is_identity(void)
{
	fake_reset();
	state.efer = 0;
	CHECK(!walk(0x12345678, WALK_WRITE | WALK_USER));
	CHECK(out == 0x12345678);
}

static void legacy_32(void)
{
	fake_reset();
	state.efer = 0;
	state.cr[0] |= CR0_PG;
	state.cr[3] = 0x180018;		/* PWT and PCD do not matter */
	set32(0x180000, 3, 0x181000 | FULL);
	set32(0x181000, 5, 0x4321a000 | FULL);
	CHECK(!walk(0xc05123, WALK_USER | WALK_WRITE));
	CHECK(out == 0x4321a123);
	/* linear addresses have 32 bits */
	CHECK(!walk(0xffffffff00c05123, 0) && out == 0x4321a123);
	CHECK(walk(0xc06000, 0) == -EFAULT && error == 0);
	CHECK(walk(0x1000, WALK_USER | WALK_WRITE) == -EFAULT);
	CHECK(error == (PF_USER | PF_WRITE));

	/* a 4 MiB page needs CR4.PSE; bits 13-20 are address bits 32-39 */
	set32(0x180000, 4, 0xc0000000 | 0x5a << 13 | PS | FULL);
	CHECK(walk(0x1234567, 0) == -EFAULT);	/* a table outside of RAM */
	state.cr[4] = CR4_PSE;
	CHECK(!walk(0x1234567, 0) && out == 0x5ac0234567);
	set32(0x181000, 5, 0x3000 | FULL | PS);	/* PAT, in the last level */
	CHECK(!walk(0xc05123, 0) && out == 0x3123);
}

static void pae(void)
{
	fake_reset();
	state.efer = EFER_NXE;
	state.cr[0] |= CR0_PG;
	state.cr[4] = CR4_PAE;
	state.cr[3] = 0x180fe0;		/* 32-byte aligned */
	set64(0x180fe0, 3, 0x181000 | P);	/* no rights here */
	set64(0x181000, 1, 0x182000 | FULL);
	set64(0x181000, 2, 0xa00000 | FULL | PS);
	set64(0x182000, 7, 0x123456789000 | FULL);
	CHECK(!walk(0xc0207abc, WALK_USER | WALK_WRITE));
	CHECK(out == 0x123456789abc);
	CHECK(!walk(0xc0512345, WALK_MARK) && out == 0xb12345);
	CHECK(get64(0x181000, 2) & A && !(get64(0x181000, 2) & D));
	CHECK(!(get64(0x180fe0, 3) & A));
	CHECK(walk(0, 0) == -EFAULT && error == 0);
}

static void four_levels(void)
{
	fake_reset();
	fake_paging();
	state.cr[3] = 0x180000;
	set64(0x180000, 511, 0x181000 | FULL);
	set64(0x181000, 510, 0x182000 | FULL);
	set64(0x181000, 509, 0x80000000 | PS | FULL);
	set64(0x182000, 1, 0x183000 | FULL);
	set64(0x182000, 2, 0x40e00000 | PS | FULL);
	set64(0x183000, 3, 0x4444000 | FULL);
	CHECK(!walk(0xffffffff80203123, WALK_WRITE) && out == 0x4444123);
	CHECK(!walk(0xffffffff80512345, 0) && out == 0x40f12345);
	CHECK(!walk(0xffffffff7a345678, 0) && out == 0xba345678);
	/* PS in the top level is reserved: no 512 GiB page */
	set64(0x180000, 511, 0x181000 | FULL | PS);
	CHECK(!walk(0xffffffff80203123, 0) && out == 0x4444123);

	/* not canonical: #GP, not #PF */
	CHECK(walk(0x0000800000000000, 0) == -EFAULT && error == ~0u);
	CHECK(walk(0xffff7fffffffffff, 0) == -EFAULT && error == ~0u);
	CHECK(walk(0x00007fffffffffff, 0) == -EFAULT && error == 0);
}

static void five_levels(void)
{
	fake_reset();
	fake_paging();
	state.cr[4] |= CR4_LA57;
	state.cr[3] = 0x17f000;
	set64(0x17f000, 1, 0x180000 | FULL);
	set64(0x180000, 0, 0x181000 | FULL);
	set64(0x181000, 0, 0x182000 | FULL);
	set64(0x182000, 0, 0x183000 | FULL);
	set64(0x183000, 1, 0x7000 | FULL);
	CHECK(!walk(0x0001000000001fff, 0) && out == 0x7fff);
	CHECK(walk(0x0100000000000000, 0) == -EFAULT && error == ~0u);
	CHECK(walk(0xff00000000000000, 0) == -EFAULT && error == 0);
}

/* One combination of rights, against the rule in one expression. */
static void rights_of(unsigned int w, unsigned int u, unsigned int nx,
		      unsigned int access, unsigned int mode)
{
	bool user = access & WALK_USER, wr = access & WALK_WRITE;
	bool fetch = access & WALK_FETCH;
	bool wp = mode & 1, smap = mode & 2, smep = mode & 4, ac = mode & 8;
	bool nxe = mode & 16, allowed;

	for (unsigned int level = 0; level < 4; level++)
		set64(0x180000 + level * 0x1000, 0,
		      (level == 3 ? 0x5000 : 0x181000 + level * 0x1000) | P |
		      (w >> level & 1 ? W : 0) | (u >> level & 1 ? U : 0) |
		      (nx >> level & 1 ? NX : 0));
	state.cr[0] = CR0_PE | CR0_PG | (wp ? CR0_WP : 0);
	state.cr[4] = CR4_PAE | (smap ? CR4_SMAP : 0) | (smep ? CR4_SMEP : 0);
	state.efer = EFER_LME | EFER_LMA | (nxe ? EFER_NXE : 0);
	vcpu.rflags = 2 | (ac ? RFLAGS_AC : 0);
	allowed = (!user || u == 15) && (!wr || w == 15 || (!user && !wp)) &&
		  !(fetch && nxe && nx) &&
		  !(!user && u == 15 && (fetch ? smep : smap && !ac));
	CHECK(walk(0x42, access) == (allowed ? 0 : -EFAULT));
	CHECK(allowed ? out == 0x5042 :
	      error == (PF_PRESENT | (wr ? PF_WRITE : 0) |
			(user ? PF_USER : 0) |
			(fetch && (nxe || smep) ? PF_FETCH : 0)));
}

static void rights_of_all_levels(void)
{
	static const unsigned int accesses[] = {
		0, WALK_WRITE, WALK_FETCH, WALK_USER, WALK_USER | WALK_WRITE,
		WALK_USER | WALK_FETCH,
	};

	fake_reset();
	fake_paging();
	state.cr[3] = 0x180000;
	for (unsigned int bits = 0; bits < 4096; bits++)
		for (unsigned int i = 0; i < ARRAY_SIZE(accesses); i++)
			for (unsigned int mode = 0; mode < 32; mode++)
				rights_of(bits & 15, bits >> 4 & 15, bits >> 8,
					  accesses[i], mode);
}

static void marks_what_it_used(void)
{
	uint64_t *e;

	fake_reset();
	fake_paging();
	fake_map(0x1000, 0x5000, MAP_WRITE | NX);
	e = fake_entry(0x1000);
	CHECK(!walk(0x1000, WALK_WRITE) && *e == (0x5000 | P | W | NX));
	CHECK(!walk(0x1000, WALK_MARK) && *e == (0x5000 | P | W | NX | A));
	CHECK(!walk(0x1000, WALK_MARK | WALK_WRITE));
	CHECK(*e == (0x5000 | P | W | NX | A | D));
	CHECK(get64(state.cr[3], 0) & A && !(get64(state.cr[3], 0) & D));

	/* a refused access leaves the page clean */
	fake_map(0x2000, 0x6000, 0);
	CHECK(walk(0x2000, WALK_MARK | WALK_WRITE) == -EFAULT);
	CHECK(*fake_entry(0x2000) == (0x6000 | P));

	/* an absent entry is nobody's to change */
	*fake_entry(0x2000) = 0x123456 << 1;
	CHECK(walk(0x2000, WALK_MARK) == -EFAULT && error == 0);
	CHECK(*fake_entry(0x2000) == 0x123456 << 1);
}

/* Tables in nothing, at the end of RAM, and in themselves. */
static void tables_that_lead_nowhere(void)
{
	fake_reset();
	fake_paging();
	state.cr[3] = 0xffffffffff000;
	CHECK(walk(0, 0) == -EFAULT);
	state.cr[3] = DEVICE_BASE;
	CHECK(walk(0, WALK_WRITE | WALK_MARK) == -EFAULT && !n_accesses);
	state.cr[3] = RAM_BASE + RAM_SIZE - PAGE_SIZE;
	set64(state.cr[3], 511, 0xffffffffff000 | FULL);
	CHECK(walk(~0ull, 0) == -EFAULT);
	state.cr[3] = 0x180000;
	set64(0x180000, 0, 0x180000 | FULL);
	CHECK(!walk(0x123, 0) && out == 0x180123);
}

static void copies_across_pages(void)
{
	char text[8200];
	uint8_t *p = ram;

	fake_reset();
	fake_paging();
	/* three pages, not in order; the third is the kernel's */
	fake_map(0x7000, 0x103000, MAP_USER);
	fake_map(0x8000, 0x101000, MAP_USER);
	fake_map(0x9000, 0x102000, 0);
	memset(p + 0x3000, 'a', PAGE_SIZE);
	memset(p + 0x1000, 'b', PAGE_SIZE);
	memset(p + 0x2000, 'c', PAGE_SIZE);
	memset(text, 0, sizeof(text));
	CHECK(!guest_virt_read(&vcpu, 0x7ffe, text, 4100));
	CHECK(!memcmp(text, "aab", 3) && text[4097] == 'b');
	CHECK(!memcmp(text + 4098, "cc\0", 3));
	state.cpl = 3;
	CHECK(!guest_virt_read(&vcpu, 0x8ffe, text, 2));
	CHECK(guest_virt_read(&vcpu, 0x8ffe, text, 3) == -EFAULT);
	CHECK(guest_virt_read(&vcpu, 0xa000, text, 1) == -EFAULT);
	CHECK(!guest_virt_read(&vcpu, 0xa000, text, 0));
	/* mapped to a device: not for reading by the VMM */
	fake_map(0xa000, DEVICE_BASE, MAP_USER);
	CHECK(guest_virt_read(&vcpu, 0xa000, text, 1) == -EFAULT);
	CHECK(!n_accesses);
	/* around the end of the address space */
	state.cpl = 0;
	fake_map(0xfffffffffffff000, 0x101000, 0);
	CHECK(guest_virt_read(&vcpu, ~0ull, text, 2) == -EFAULT);
}

static void address_spaces_of_others(void)
{
	struct guest_paging p;

	fake_reset();
	fake_paging();
	fake_map(0x4000, 0x105000, MAP_USER);
	guest_paging_of(&vcpu, &p);
	/* what this CPU has now does not matter any more */
	state.cr[3] = 0x180000;
	state.cr[4] = CR4_SMAP | CR4_LA57;
	state.efer = 0;
	CHECK(!guest_walk_in(&p, 0x4123, WALK_USER, &out, &error));
	CHECK(out == 0x105123);
	p.cr4 |= CR4_SMAP;
	CHECK(guest_walk_in(&p, 0x4123, 0, &out, &error) == -EFAULT);
	p.rflags |= RFLAGS_AC;
	CHECK(!guest_walk_in(&p, 0x4123, 0, &out, &error));
}

int main(void)
{
	address_spaces_of_others();
	no_paging_is_identity();
	legacy_32();
	pae();
	four_levels();
	five_levels();
	rights_of_all_levels();
	marks_what_it_used();
	tables_that_lead_nowhere();
	copies_across_pages();
	printf("%u checks\n", checks);
	return 0;
}
