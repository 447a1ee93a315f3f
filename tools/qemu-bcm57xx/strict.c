// SPDX-License-Identifier: MIT
/*
 * Strict mode: what a driver must not do, and is told on standard error with
 * the rule's name when it does. docs/bench-nic.md says what each rule means and
 * where it comes from. Without strict=on nothing is counted.
 */
#include "bcm57xx.h"

#define RESET_WAIT_NS	(100 * 1000)
#define RING_ALIGN	4096
#define LINES_PER_RULE	20

static const char *const rule_names[RULES] = {
#define X(id, name) [RULE_##id] = name,
	BCM_RULES(X)
#undef X
};

/* Counts one violation and says so, for each rule not without end. */
void bcm_violation(BcmNic *nic, enum bcm_rule rule, const char *fmt, ...)
{
	va_list args;

	if (!nic->strict)
		return;
	nic->count.violations++;
	if (++nic->violations[rule] > LINES_PER_RULE)
		return;
	fprintf(stderr, "bcm5722: violation: %s: ", rule_names[rule]);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputs(nic->violations[rule] == LINES_PER_RULE ?
	      " (further ones are only counted)\n" : "\n", stderr);
}

/* An access of the processor to BAR0. */
void bcm_check_access(BcmNic *nic, uint32_t offset, unsigned int size,
		      bool write)
{
	if (!nic->strict)
		return;
	if (offset >= 0x100 && (size != 4 || offset & 3))
		bcm_violation(nic, RULE_REG_SIZE, "%s of %u bytes at %x",
			      write ? "write" : "read", size, offset);
	if (nic->reset_time) {
		int64_t since = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) -
			nic->reset_time;

		nic->reset_time = 0;
		if (since < RESET_WAIT_NS)
			bcm_violation(nic, RULE_RESET_WAIT, "%x %s %" PRId64
				      " us after a core reset", offset,
				      write ? "written" : "read", since / 1000);
	}
}

static void check_swap(BcmNic *nic)
{
	uint32_t mode = bcm_reg(nic, MODE_CTRL);

	if ((mode & MODE_SWAP_MASK) != MODE_SWAP_LITTLE_ENDIAN ||
	    !(nic->misc_host_ctrl & MHC_WORD_SWAP))
		bcm_violation(nic, RULE_SWAP_MODE, "DMA switched on with Mode "
			      "Control %08x, Misc Host Control %04x", mode,
			      nic->misc_host_ctrl);
}

/* A register is about to be written. */
void bcm_check_reg_write(BcmNic *nic, uint32_t offset, uint32_t value)
{
	uint32_t engine;

	if (!nic->strict)
		return;
	switch (offset) {
	case RX_STD_RCB ... RX_STD_RCB + 12:
		engine = RX_BD_INIT_MODE;
		break;
	case HC_STATUS_HIGH:
	case HC_STATUS_LOW:
		engine = HC_MODE;
		break;
	case READ_DMA_MODE:
	case WRITE_DMA_MODE:
		if (value & BLOCK_ENABLE && !bcm_enabled(nic, offset))
			check_swap(nic);
		return;
	default:
		return;
	}
	if (bcm_enabled(nic, engine) && bcm_reg(nic, offset) != value)
		bcm_violation(nic, RULE_REG_BUSY, "%x changed while its engine "
			      "%x runs", offset, engine);
}

/* A ring's engine was switched on. */
void bcm_check_ring(BcmNic *nic, const char *name, const struct bcm_ring *ring,
		    uint32_t bd_size)
{
	uint64_t size = (uint64_t)ring->entries * bd_size;

	if (!nic->strict)
		return;
	if (!ring->entries) {
		bcm_violation(nic, RULE_RING_DISABLED, "%s engine switched on "
			      "without a ring", name);
		return;
	}
	if (ring->base & (RING_ALIGN - 1))
		bcm_violation(nic, RULE_RING_ALIGN, "%s ring at %" PRIx64, name,
			      ring->base);
	if (ring->base >> 32 != (ring->base + size - 1) >> 32)
		bcm_violation(nic, RULE_DMA_4G, "%s ring at %" PRIx64
			      " crosses a 4 GiB boundary", name, ring->base);
}
