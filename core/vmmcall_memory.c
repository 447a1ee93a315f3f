/* SPDX-License-Identifier: MIT */
/*
 * The caller's memory in VMM calls: by the rights of its privilege level, and
 * outside of 64-bit mode through DS, whose base, limit and type count (AMD64
 * APM volume 2, sections 4.7 and 4.12).
 */
#include "vmmcall.h"
#include "x86/walk.h"

#include <errno.h>
#include <string.h>
#include <tandem/guest_mem.h>

#define TYPE_CODE	BIT(3)
#define TYPE_DOWN	BIT(2)		/* data: expands downwards */
#define TYPE_ALLOWS	BIT(1)		/* data: writable; code: readable */
#define ATTR_PRESENT	BIT(7)

/* Real and virtual 8086 mode have no types. */
static bool has_types(const struct vcpu *v)
{
	return (vcpu_cr(v, 0) & CR0_PE) && !(v->rflags & RFLAGS_VM);
}

static bool allows(const struct vcpu_segment *s, bool write)
{
	if (!(s->attr & ATTR_PRESENT))
		return false;
	if (s->attr & TYPE_CODE)
		return !write && (s->attr & TYPE_ALLOWS);
	return !write || (s->attr & TYPE_ALLOWS);
}

/* How many bytes from address on the segment lets through; *linear: where. */
static uint64_t segment_room(const struct vcpu *v, uint64_t address, bool write,
			     guest_virt *linear)
{
	struct vcpu_segment s;
	uint64_t last;

	*linear = address;
	if (vcpu_in_64_bit(v))
		return address ? -address : ~0ull;
	vcpu_segment(v, SEG_DS, &s);
	*linear = (s.base + address) & 0xffffffff;
	last = s.limit;
	if (has_types(v)) {
		if (!allows(&s, write))
			return 0;
		if ((s.attr & (TYPE_CODE | TYPE_DOWN)) == TYPE_DOWN) {
			if (address <= s.limit)
				return 0;
			last = s.attr & SEGMENT_ATTR_D ? 0xffffffff : 0xffff;
		}
	}
	return address > last ? 0 : last - address + 1;
}

uint8_t *vmmcall_piece(const struct vmmcall_args *a, uint64_t address,
		       size_t len, bool write, size_t *n)
{
	unsigned int rights = (write ? WALK_WRITE | WALK_MARK : 0) |
			      (a->cpl == 3 ? WALK_USER : 0);
	guest_virt linear;
	uint64_t room = segment_room(a->vcpu, address, write, &linear);
	guest_phys p;
	uint32_t error;

	*n = MIN(len, PAGE_SIZE - (linear & PAGE_MASK));
	*n = MIN(*n, room);
	if (!room || guest_walk(a->vcpu, linear, rights, &p, &error))
		return NULL;
	return guest_ram(p, *n);
}

int vmmcall_read(const struct vmmcall_args *a, uint64_t address, void *dst,
		 size_t len)
{
	uint8_t *to = dst;

	for (size_t n; len; address += n, to += n, len -= n) {
		const uint8_t *from = vmmcall_piece(a, address, len, false, &n);

		if (!from)
			return -EFAULT;
		memcpy(to, from, n);
	}
	return 0;
}

int vmmcall_write(const struct vmmcall_args *a, uint64_t address,
		  const void *src, size_t len)
{
	/* a piece ends with its page, or is the segment's last */
	struct {
		uint8_t *to;
		size_t n;
	} piece[VMMCALL_WRITE_MAX / PAGE_SIZE + 1];
	const uint8_t *from = src;
	unsigned int pieces = 0;

	if (len > VMMCALL_WRITE_MAX)
		return -EFAULT;
	for (size_t n; len; address += n, len -= n) {
		uint8_t *to = vmmcall_piece(a, address, len, true, &n);

		if (!to)
			return -EFAULT;
		piece[pieces].to = to;
		piece[pieces++].n = n;
	}
	for (unsigned int i = 0; i < pieces; i++) {
		memcpy(piece[i].to, from, piece[i].n);
		from += piece[i].n;
	}
	return 0;
}
