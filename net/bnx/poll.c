/* SPDX-License-Identifier: MIT */
/*
 * The status block, interrupts and their moderation (5722-PG101-R, "Host
 * Coalescing" and "Interrupt Processing"; tagged status, one-shot MSI).
 *
 * The hardware writes the status block to memory with a new tag whenever
 * something happened, so a look at the tag says whether there is work, at any
 * exit and without a register access. The MSI only makes sure that an exit
 * happens. Its handler ends with the one register write that says which tag
 * has been dealt with; the hardware interrupts again if that is not its last.
 *
 * Each CPU looks, and whoever comes first works; others go on with what they
 * have to do. Only an interrupt must not be passed over: it leaves word, and
 * whoever works answers it at the end.
 */
#include "bnx.h"

#include <errno.h>
#define LOG_PREFIX "bnx: "
#include <tandem/init.h>
#include <tandem/irq.h>
#include <tandem/log.h>

#define MSI_CONTROL		2
#define   MSI_CONTROL_ENABLE	0x0001u
#define   MSI_CONTROL_MULTIPLE	0x0070u
#define   MSI_CONTROL_64BIT	0x0080u
#define MSI_ADDRESS		4
#define MSI_DATA_32		8
#define MSI_ADDRESS_HIGH	8
#define MSI_DATA_64		12

/*
 * Levels of interrupt moderation: from frames_per_s on, a status block comes
 * after ticks microseconds or bds frames. The time runs from the previous
 * block, so that a frame after a pause is told of at once at any level.
 */
static const struct {
	uint32_t frames_per_s;
	uint16_t ticks, bds;
} moderation_level[] = {
	{ 0, 20, 8 },
	{ 4000, 20, 16 },
	{ 12000, 50, 32 },
};
#define MODERATION_WINDOW_US	10000u

#define UNLIKELY_MESSAGE_US	2000u

/*
 * Sources want their buffers back some time, but nobody waits for it; here the
 * time runs from the last frame sent (HC_MODE_CLEAR_TICKS_TX). Most often a
 * received frame's status block comes first.
 */
#define TX_TICKS		1000u
#define TX_BDS			128u

void bnx_coalescing_apply(struct bnx *nic)
{
	unsigned int level = nic->moderation.level;

	bnx_write(nic, RX_COALESCING_TICKS, moderation_level[level].ticks);
	bnx_write(nic, RX_MAX_COALESCED_BDS, moderation_level[level].bds);
	bnx_write(nic, RX_MAX_COALESCED_BDS_IN_INT,
		  moderation_level[level].bds);
	bnx_write(nic, TX_COALESCING_TICKS, TX_TICKS);
	bnx_write(nic, TX_MAX_COALESCED_BDS, TX_BDS);
	bnx_write(nic, TX_MAX_COALESCED_BDS_IN_INT, TX_BDS);
}

/* Count frames; once a window, see whether another level fits the rate. */
static void moderate(struct bnx *nic, uint32_t frames)
{
	struct bnx_moderation *m = &nic->moderation;
	uint64_t now = time_us(), elapsed = now - m->window_start;
	uint64_t rate;
	uint8_t level = m->level;

	m->frames += frames;
	if (elapsed < MODERATION_WINDOW_US)
		return;
	rate = m->frames * 1000000ull / elapsed;
	m->frames = 0;
	m->window_start = now;
	while (level + 1u < ARRAY_SIZE(moderation_level) &&
	       rate >= moderation_level[level + 1].frames_per_s)
		level++;
	/* down only well below the threshold, so as not to flutter */
	while (level && rate < moderation_level[level].frames_per_s / 2)
		level--;
	if (level == m->level)
		return;
	m->level = level;
	bnx_coalescing_apply(nic);
}

/* The status word has more than "updated". */
static void handle_attention(struct bnx *nic, uint32_t status)
{
	if (status & STATUS_LINK_CHANGED) {
		bnx_write(nic, ETHERNET_MAC_STATUS, MAC_STATUS_LINK_CHANGED |
			  MAC_STATUS_SYNC_CHANGED | MAC_STATUS_CONFIG_CHANGED);
		__atomic_fetch_and(&nic->status->status,
				   (uint32_t)~STATUS_LINK_CHANGED,
				   __ATOMIC_SEQ_CST);
		bnx_link_update(nic);
	}
	if (status & STATUS_ERROR) {
		uint32_t flow = bnx_read(nic, FLOW_ATTENTION) &
				~(uint32_t)FLOW_ATTENTION_MBUF_LOW;
		uint32_t in = bnx_read(nic, READ_DMA_STATUS);
		uint32_t out = bnx_read(nic, WRITE_DMA_STATUS);

		__atomic_fetch_and(&nic->status->status,
				   (uint32_t)~STATUS_ERROR, __ATOMIC_SEQ_CST);
		if (flow || in || out) {
			nic->count.errors++;
			log_warn("hardware error: flow %#x, read DMA %#x, "
				 "write DMA %#x", flow, in, out);
			nic->reset_wanted = true;
		}
	}
}

static void handle_status(struct bnx *nic)
{
	volatile struct status_block *s = nic->status;
	uint32_t status = s->status;
	uint16_t producer = s->return_producer, consumer = s->send_consumer;
	int frames;

	if (status & (STATUS_LINK_CHANGED | STATUS_ERROR))
		handle_attention(nic, status);
	if (consumer != nic->tx.consumer || nic->tx.soft_busy) {
		if (bnx_tx_reclaim(nic, consumer)) {
			nic->count.tx_bad_consumer++;
			nic->reset_wanted = true;
		}
	}
	frames = bnx_rx_poll(nic, producer);
	if (frames < 0) {
		nic->count.rx_bad_descriptor++;
		nic->reset_wanted = true;
	} else if (frames) {
		moderate(nic, (uint32_t)frames);
	}
}

static uint32_t present_tag(const struct bnx *nic)
{
	return STATUS_TAG(__atomic_load_n(&nic->status->tag,
					  __ATOMIC_ACQUIRE));
}

/* Whether there was something new. The poll lock is held. */
static bool poll_once(struct bnx *nic)
{
	uint32_t tag = present_tag(nic);

	if (tag == nic->tag || !nic->running)
		return false;
	__atomic_store_n(&nic->tag, tag, __ATOMIC_RELAXED);
	nic->count.polls++;
	handle_status(nic);
	return true;
}

/*
 * Tell the hardware what has been dealt with, or is being so; its interrupt
 * goes down. The lock is held.
 */
static void acknowledge(struct bnx *nic)
{
	nic->acknowledged = __atomic_load_n(&nic->tag, __ATOMIC_RELAXED);
	bnx_write(nic, INTERRUPT_MAILBOX_0,
		  INTERRUPT_MAILBOX_TAG(nic->acknowledged));
}

/* What is to be said to the hardware for a status block that was polled. */
static void polled(struct bnx *nic)
{
	bool asked = nic->status_asked && !nic->status_stuck &&
		     nic->tag == STATUS_TAG(nic->watched_tag + 1);

	nic->status_asked = false;
	/* read without the lock: whoever changes it acknowledges, too */
	if (!nic->intx && !asked)
		return;
	spin_lock(&nic->lock);
	if (nic->intx) {
		/* a line that stays asserted would come back for ever */
		if (!nic->intx_asserted)
			acknowledge(nic);
	} else if (asked) {
		/* most likely the block asked for: it sends no message */
		acknowledge(nic);
		bnx_expect_late_message(nic, UNLIKELY_MESSAGE_US);
	}
	spin_unlock(&nic->lock);
}

/* Do what an interrupt asked for, unless another CPU is at work and will. */
static void answer(struct bnx *nic)
{
	while (__atomic_load_n(&nic->answer_wanted, __ATOMIC_SEQ_CST) &&
	       spin_trylock(&nic->poll_lock)) {
		__atomic_store_n(&nic->answer_wanted, 0, __ATOMIC_SEQ_CST);
		if (nic->running) {
			poll_once(nic);
			spin_lock(&nic->lock);
			if (!nic->intx)
				acknowledge(nic);
			spin_unlock(&nic->lock);
		}
		spin_unlock(&nic->poll_lock);
		/* who found the lock taken has left word before */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
}

void bnx_poll_end(struct bnx *nic)
{
	spin_unlock(&nic->poll_lock);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	answer(nic);
}

void bnx_poll(struct bnx *nic)
{
	if (present_tag(nic) == __atomic_load_n(&nic->tag, __ATOMIC_RELAXED) ||
	    !nic->running || !spin_trylock(&nic->poll_lock))
		return;
	if (poll_once(nic))
		polled(nic);
	bnx_poll_end(nic);
}

static void poll_all(void)
{
	for (struct bnx *nic = bnx_list; nic; nic = nic->next)
		bnx_poll(nic);
}
EXIT_POLL(poll_all);

void bnx_expect_late_message(struct bnx *nic, uint64_t within_us)
{
	nic->late_until = time_us() + within_us;
}

static bool is_late_message(struct bnx *nic)
{
	bool late = time_us() < nic->late_until;

	nic->late_until = 0;
	return late;
}

/*
 * An NMI came: the NIC's? If it was another's and our message is still on its
 * way, that comes with no new tag to show for it.
 */
static bool interrupt(void *arg, bool explained)
{
	struct bnx *nic = arg;

	if (!nic->running || nic->intx ||
	    present_tag(nic) == nic->acknowledged)
		return !explained && is_late_message(nic);
	nic->count.interrupts++;
	__atomic_store_n(&nic->answer_wanted, 1, __ATOMIC_SEQ_CST);
	answer(nic);
	nic->late_until = 0;
	if (explained)
		bnx_expect_late_message(nic, BNX_LATE_MESSAGE_US);
	return true;
}

static void msi_control(struct bnx *nic, bool on)
{
	unsigned int cap = pci_find_capability(nic->pci, PCI_CAP_ID_MSI);
	uint32_t control = pci_config_read(nic->pci, cap + MSI_CONTROL, 2);

	control &= ~(MSI_CONTROL_ENABLE | MSI_CONTROL_MULTIPLE);
	if (on)
		control |= MSI_CONTROL_ENABLE;
	pci_config_write(nic->pci, cap + MSI_CONTROL, 2, control);
}

void bnx_msi_restore(struct bnx *nic)
{
	unsigned int cap = pci_find_capability(nic->pci, PCI_CAP_ID_MSI);
	uint64_t address;
	uint32_t data;

	msi_control(nic, false);
	vmm_nmi_message(&address, &data);
	pci_config_write(nic->pci, cap + MSI_ADDRESS, 4, (uint32_t)address);
	if (pci_config_read(nic->pci, cap + MSI_CONTROL, 2) &
	    MSI_CONTROL_64BIT) {
		pci_config_write(nic->pci, cap + MSI_ADDRESS_HIGH, 4,
				 (uint32_t)(address >> 32));
		pci_config_write(nic->pci, cap + MSI_DATA_64, 2, data);
	} else {
		pci_config_write(nic->pci, cap + MSI_DATA_32, 2, data);
	}
	msi_control(nic, !nic->intx);
}

void bnx_interrupt_enable(struct bnx *nic)
{
	nic->host_control &= ~(uint32_t)MHC_MASK_PCI_INTERRUPT;
	bnx_write(nic, MISC_HOST_CONTROL, nic->host_control);
	acknowledge(nic);
	if (nic->intx_asserted)		/* a reset took the line down */
		bnx_write(nic, MISC_LOCAL_CONTROL,
			  nic->local_control | GRC_SET_INTERRUPT);
	if (nic->nmi.fn)
		return;
	nic->nmi.fn = interrupt;
	nic->nmi.arg = nic;
	nmi_source_add(&nic->nmi);
}

void bnx_guest_intx_enable(struct net_port *p, bool on)
{
	struct bnx *nic = p->priv;

	spin_lock(&nic->lock);
	if (on == nic->intx)
		goto out;
	nic->intx = on;
	exit_poll_periodic(on);
	nic->intx_asserted = false;
	bnx_expect_late_message(nic, BNX_LATE_MESSAGE_US);
	nic->command &= (uint16_t)~PCI_COMMAND_INTX_DISABLE;
	if (!on)
		nic->command |= PCI_COMMAND_INTX_DISABLE;
	/* one that is being reset gets it from bnx_enable() */
	if (!nic->running)
		goto out;
	msi_control(nic, !on);
	pci_config_write(nic->pci, PCI_COMMAND, 2, nic->command);
	/* a reset since may have found the other way */
	bnx_write(nic, MSI_MODE, on ? 0 : MSI_MODE_ENABLE);
	acknowledge(nic);
out:
	spin_unlock(&nic->lock);
}

void bnx_guest_intx_level(struct net_port *p, bool asserted)
{
	struct bnx *nic = p->priv;

	spin_lock(&nic->lock);
	/* a clear is repeated: the line may be up for the NIC's own reasons */
	if (!nic->running || !nic->intx || (asserted && nic->intx_asserted))
		goto out;
	nic->intx_asserted = asserted;
	if (asserted)
		bnx_write(nic, MISC_LOCAL_CONTROL,
			  nic->local_control | GRC_SET_INTERRUPT);
	else
		acknowledge(nic);
out:
	spin_unlock(&nic->lock);
}
