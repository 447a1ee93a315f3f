/* SPDX-License-Identifier: MIT */
/*
 * Guest page-table walk (APM volume 2, chapter 5): no paging, 32-bit with or
 * without PSE, PAE, 4 and 5 levels. Tables are read through guest_ram(), one
 * read an entry, so a guest that rewrites them meanwhile only fools itself.
 */
#include "walk.h"

#include <errno.h>
#include <string.h>
#include <tandem/guest_mem.h>

#define PTE_P		BIT(0)
#define PTE_W		BIT(1)
#define PTE_U		BIT(2)
#define PTE_A		BIT(5)
#define PTE_D		BIT(6)
#define PTE_LARGE	BIT(7)
#define PTE_NX		BIT(63)
#define PTE_ADDR	0x000ffffffffff000ull
#define PDE32_HIGH(e)	((uint64_t)((e) >> 13 & 0xff) << 32)
#define MARK_TRIES	8

enum entry_kind {
	POINTER,		/* to a page directory (PAE): carries no rights */
	TABLE,
	TABLE_OR_PAGE,		/* PTE_LARGE tells */
	PAGE,
};

struct walk {
	const struct guest_paging *paging;
	unsigned int access;
	uint32_t error;
	struct rights {		/* by all levels so far */
		bool write, user, no_execute;
	} rights;
};

static int fault(struct walk *w, bool present)
{
	bool tells_fetch = (w->paging->efer & EFER_NXE) ||
			   (w->paging->cr4 & CR4_SMEP);

	w->error = (present ? PF_PRESENT : 0) |
		   (w->access & WALK_WRITE ? PF_WRITE : 0) |
		   (w->access & WALK_USER ? PF_USER : 0) |
		   (w->access & WALK_FETCH && tells_fetch ? PF_FETCH : 0);
	return -EFAULT;
}

static void narrow(struct walk *w, uint64_t entry)
{
	w->rights.write &= !!(entry & PTE_W);
	w->rights.user &= !!(entry & PTE_U);
	w->rights.no_execute |= !!(entry & PTE_NX);
}

/* Supervisor accesses to user pages (APM volume 2, section 5.6). */
static bool supervisor_kept_out(const struct walk *w)
{
	uint64_t cr4 = w->paging->cr4;

	if (w->access & WALK_FETCH)
		return cr4 & CR4_SMEP;
	return (cr4 & CR4_SMAP) && !(w->paging->rflags & RFLAGS_AC);
}

static int check_rights(struct walk *w)
{
	bool wp = w->paging->cr0 & CR0_WP;

	if ((w->access & WALK_USER) && !w->rights.user)
		return fault(w, true);
	if (!(w->access & WALK_USER) && w->rights.user &&
	    supervisor_kept_out(w))
		return fault(w, true);
	if ((w->access & WALK_WRITE) && !w->rights.write &&
	    ((w->access & WALK_USER) || wp))
		return fault(w, true);
	if ((w->access & WALK_FETCH) && w->rights.no_execute &&
	    (w->paging->efer & EFER_NXE))
		return fault(w, true);
	return 0;
}

static uint64_t load(void *p, unsigned int size)
{
	return size == 8 ?
		__atomic_load_n((uint64_t *)p, __ATOMIC_RELAXED) :
		__atomic_load_n((uint32_t *)p, __ATOMIC_RELAXED);
}

static bool exchange(void *p, unsigned int size, uint64_t old, uint64_t new)
{
	uint32_t old32 = (uint32_t)old;

	if (size == 8)
		return __atomic_compare_exchange_n((uint64_t *)p, &old, new,
						   false, __ATOMIC_RELAXED,
						   __ATOMIC_RELAXED);
	return __atomic_compare_exchange_n((uint32_t *)p, &old32,
					   (uint32_t)new, false,
					   __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/*
 * Read one entry; the last one of a walk decides on the rights. WALK_MARK
 * sets bits only in the very value that was judged: the guest may change the
 * entry meanwhile.
 */
static int read_entry(struct walk *w, guest_phys a, unsigned int size,
		      enum entry_kind kind, uint64_t *entry)
{
	void *p = guest_ram(a, size);
	const struct rights before = w->rights;

	*entry = 0;
	for (unsigned int i = 0; p && i < MARK_TRIES; i++) {
		uint64_t e = load(p, size), marked = e | PTE_A;

		w->rights = before;
		*entry = e;
		if (!(e & PTE_P))
			break;
		if (kind == POINTER)
			return 0;
		narrow(w, e);
		if (kind == PAGE || (kind == TABLE_OR_PAGE &&
				     (e & PTE_LARGE))) {
			int r = check_rights(w);

			if (r < 0)
				return r;
			if (w->access & WALK_WRITE)
				marked |= PTE_D;
		}
		if (!(w->access & WALK_MARK) || e == marked ||
		    exchange(p, size, e, marked))
			return 0;
	}
	return fault(w, false);
}

static int walk_32(struct walk *w, uint32_t a, guest_phys *out)
{
	guest_phys table = w->paging->cr3 & 0xfffff000;
	bool pse = w->paging->cr4 & CR4_PSE;
	uint64_t e;
	int r = read_entry(w, table + (a >> 22) * 4, 4,
			   pse ? TABLE_OR_PAGE : TABLE, &e);

	if (r < 0)
		return r;
	if (pse && (e & PTE_LARGE)) {
		*out = (e & 0xffc00000) | PDE32_HIGH(e) | (a & 0x3fffff);
		return 0;
	}
	r = read_entry(w, (e & 0xfffff000) + (a >> 12 & 1023) * 4, 4, PAGE,
		       &e);
	*out = (e & 0xfffff000) | (a & PAGE_MASK);
	return r;
}

/* 64-bit entries from level shift downwards. */
static int walk_64(struct walk *w, guest_virt a, guest_phys table,
		   unsigned int shift, guest_phys *out)
{
	for (;; shift -= 9) {
		enum entry_kind kind = shift == 12 ? PAGE :
			shift <= 30 ? TABLE_OR_PAGE : TABLE;
		uint64_t e, page = 1ull << shift;
		int r = read_entry(w, table + (a >> shift & 511) * 8, 8, kind,
				   &e);

		if (r < 0)
			return r;
		if (kind == PAGE ||
		    (kind == TABLE_OR_PAGE && (e & PTE_LARGE))) {
			*out = (e & PTE_ADDR & ~(page - 1)) | (a & (page - 1));
			return 0;
		}
		table = e & PTE_ADDR;
	}
}

static int walk_pae(struct walk *w, uint32_t a, guest_phys *out)
{
	guest_phys table = w->paging->cr3 & 0xffffffe0;
	uint64_t e;
	int r = read_entry(w, table + (a >> 30) * 8, 8, POINTER, &e);

	return r < 0 ? r : walk_64(w, a, e & PTE_ADDR, 21, out);
}

static bool canonical(guest_virt a, unsigned int bits)
{
	int64_t top = (int64_t)a >> (bits - 1);

	return top == 0 || top == -1;
}

static int walk_long(struct walk *w, guest_virt a, guest_phys *out)
{
	bool five = w->paging->cr4 & CR4_LA57;

	if (!canonical(a, five ? 57 : 48)) {
		w->error = ~0u;
		return -EFAULT;
	}
	return walk_64(w, a, w->paging->cr3 & PTE_ADDR, five ? 48 : 39, out);
}

int guest_walk_in(const struct guest_paging *p, guest_virt a,
		  unsigned int access, guest_phys *out, uint32_t *error)
{
	struct walk w = { .paging = p, .access = access,
			  .rights = { .write = true, .user = true } };
	int r;

	if (!(p->cr0 & CR0_PG)) {
		*out = a & 0xffffffff;
		return 0;
	}
	if (p->efer & EFER_LMA)
		r = walk_long(&w, a, out);
	else if (p->cr4 & CR4_PAE)
		r = walk_pae(&w, (uint32_t)a, out);
	else
		r = walk_32(&w, (uint32_t)a, out);
	*error = w.error;
	return r;
}

static inline struct guest_paging paging_of(const struct vcpu *v)
{
	return (struct guest_paging){
		.cr0 = vcpu_cr(v, 0), .cr3 = vcpu_cr(v, 3),
		.cr4 = vcpu_cr(v, 4), .efer = vcpu_efer(v),
		.rflags = v->rflags,
	};
}

void guest_paging_of(const struct vcpu *v, struct guest_paging *out)
{
	*out = paging_of(v);
}

int guest_walk(struct vcpu *v, guest_virt a, unsigned int access,
	       guest_phys *out, uint32_t *error)
{
	struct guest_paging p = paging_of(v);

	return guest_walk_in(&p, a, access, out, error);
}

int guest_virt_read(struct vcpu *v, guest_virt a, void *dst, size_t len)
{
	unsigned int access = vcpu_cpl(v) == 3 ? WALK_USER : 0;
	uint8_t *d = dst;

	while (len) {
		size_t n = MIN(len, PAGE_SIZE - (a & PAGE_MASK));
		guest_phys p;
		uint32_t error;
		int r = guest_walk(v, a, access, &p, &error);

		if (!r)
			r = guest_read(d, p, n);
		if (r < 0)
			return r;
		a += n;
		d += n;
		len -= n;
	}
	return 0;
}
