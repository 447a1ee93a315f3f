// SPDX-License-Identifier: MIT
/*
 * The internal copper PHY at MII address 1, behind MI Communication, and its
 * link partner: a switch that offers everything up to 1000/full with pause.
 * The cable is the state of QEMU's network client, so that QMP's set_link
 * pulls and plugs it. Link comes a few milliseconds after a reset or restart
 * of auto-negotiation, and always goes down first.
 */
#include "bcm57xx.h"

#define MI_TIME_NS	(20 * 1000)

#define PARTNER		0xcde1u		/* 10/100 both duplexes, pause, ack */
#define PARTNER_1000	0x3800u		/* 1000 full, both receivers fine */
#define ADV_100FD	0x0100u
#define ADV_100HD	0x0080u
#define ADV_10FD	0x0040u
#define ADV_10HD	0x0020u
#define CTRL1000_FD	0x0200u

/* Auxiliary status: HCD field */
enum { HCD_NONE, HCD_10HD, HCD_10FD, HCD_100HD, HCD_100FD = 5, HCD_1000FD = 7 };

bool bcm_phy_loopback(const BcmNic *nic)
{
	return nic->mii[MII_BMCR] & BMCR_LOOPBACK;
}

static bool powered(BcmNic *nic)
{
	return !(nic->mii[MII_BMCR] & (BMCR_POWER_DOWN | BMCR_ISOLATE));
}

static bool cable(BcmNic *nic)
{
	return nic->nic && !qemu_get_queue(nic->nic)->link_down;
}

/* The best that both sides have, in speed and full_duplex; false: nothing. */
static bool resolve(BcmNic *nic)
{
	uint16_t common = nic->mii[MII_ADVERTISE] & PARTNER;
	uint16_t bmcr = nic->mii[MII_BMCR];

	if (!(bmcr & BMCR_AN_ENABLE)) {
		nic->speed = bmcr & BMCR_SPEED_1000 ? 1000 :
			bmcr & BMCR_SPEED_100 ? 100 : 10;
		nic->full_duplex = bmcr & BMCR_DUPLEX;
		return true;
	}
	nic->speed = 0;
	if (nic->mii[MII_CTRL1000] & CTRL1000_FD) {
		nic->speed = 1000;
		nic->full_duplex = true;
	} else if (common & (ADV_100FD | ADV_100HD)) {
		nic->speed = 100;
		nic->full_duplex = common & ADV_100FD;
	} else if (common & (ADV_10FD | ADV_10HD)) {
		nic->speed = 10;
		nic->full_duplex = common & ADV_10FD;
	}
	return nic->speed;
}

/* Copies the PHY's link to the MAC's status registers. */
void bcm_phy_reflect(BcmNic *nic)
{
	bool up = nic->link || bcm_phy_loopback(nic);
	uint32_t mi = bcm_reg(nic, MAC_MI_STATUS) &
		~(MI_STATUS_LINK | MI_STATUS_10MBPS);

	if (nic->link)
		mi |= MI_STATUS_LINK | (nic->speed == 10 ? MI_STATUS_10MBPS : 0);
	bcm_set(nic, MAC_MI_STATUS, mi);
	bcm_set(nic, TX_STATUS, up ? TX_STATUS_LINK_UP : 0);
}

static void set_link(BcmNic *nic, bool up)
{
	if (up == nic->link)
		return;
	nic->link = up;
	if (!up)
		nic->link_latched_low = true;
	nic->count.link_changes++;
	nic->mii[MII_INT_STATUS] |= MII_INT_LINK;
	bcm_phy_reflect(nic);
	bcm_set(nic, MAC_STATUS,
		bcm_reg(nic, MAC_STATUS) | MAC_STATUS_LINK_CHANGED);
	bcm_link_attention(nic);
	if (up) {
		bcm_tx_kick(nic);
		bcm_rx_kick(nic);
	}
}

/* Link down now; up again after a while if it can be. */
static void renegotiate(BcmNic *nic)
{
	set_link(nic, false);
	nic->negotiating = true;
	timer_mod(nic->link_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
		  (int64_t)nic->link_delay_ms * 1000000);
}

static void negotiated(void *opaque)
{
	BcmNic *nic = opaque;

	nic->negotiating = false;
	set_link(nic, powered(nic) && cable(nic) && !bcm_phy_loopback(nic) &&
		 resolve(nic));
}

/* QEMU: the cable was plugged or pulled. */
void bcm_phy_cable(NetClientState *nc)
{
	renegotiate(qemu_get_nic_opaque(nc));
}

static void reset_phy(BcmNic *nic)
{
	memset(nic->mii, 0, sizeof(nic->mii));
	memset(nic->aux_shadow, 0, sizeof(nic->aux_shadow));
	memset(nic->misc_shadow, 0, sizeof(nic->misc_shadow));
	nic->mii[MII_BMCR] = BMCR_AN_ENABLE | BMCR_DUPLEX | BMCR_SPEED_1000;
	nic->mii[MII_ADVERTISE] = 0x01e1;
	nic->mii[MII_CTRL1000] = 0x0300;
}

/* Whole-device reset, as at power-on. */
void bcm_phy_power_on(BcmNic *nic)
{
	reset_phy(nic);
	nic->mi_busy_until = 0;
	renegotiate(nic);
}

static void write_bmcr(BcmNic *nic, uint16_t value)
{
	uint16_t old = nic->mii[MII_BMCR];
	bool restart = value & (BMCR_AN_RESTART | BMCR_RESET);

	if (value & BMCR_RESET) {
		reset_phy(nic);
		/* What comes with the reset bit is taken over with it. */
		value |= BMCR_AN_ENABLE | BMCR_DUPLEX | BMCR_SPEED_1000;
	}
	value &= ~(BMCR_RESET | BMCR_AN_RESTART);
	nic->mii[MII_BMCR] = value;
	if (restart || ((old ^ value) & ~BMCR_ISOLATE))
		renegotiate(nic);
	bcm_phy_reflect(nic);
}

static void mii_write(BcmNic *nic, unsigned int reg, uint16_t value)
{
	switch (reg) {
	case MII_BMCR:
		write_bmcr(nic, value);
		break;
	case MII_BMSR:
	case MII_ID1:
	case MII_ID2:
	case MII_PARTNER:
	case MII_EXPANSION:
	case MII_STAT1000:
	case MII_EXT_STATUS:
	case MII_AUX_STATUS:
	case MII_INT_STATUS:
		break;
	case MII_AUX_CTRL:
		/*
		 * The low three bits select a shadow register. Shadow 7 with
		 * its write enable off only says which one is read next.
		 */
		nic->mii[reg] = value;
		if ((value & 7) != 7)
			nic->aux_shadow[value & 7] = value & ~7u;
		else if (value & SHADOW_WRITE)
			nic->aux_shadow[7] = value & 0x0ff8;
		break;
	case MII_SHADOW:
		nic->mii[reg] = value;
		if (value & SHADOW_WRITE)
			nic->misc_shadow[value >> 10 & 31] = value & 0x3ff;
		break;
	default:
		nic->mii[reg] = value;
		break;
	}
}

static uint16_t read_bmsr(BcmNic *nic)
{
	uint16_t value = BMSR_BASE;

	if ((nic->link && !nic->link_latched_low) || bcm_phy_loopback(nic))
		value |= BMSR_LINK;
	nic->link_latched_low = false;
	if (nic->link && nic->mii[MII_BMCR] & BMCR_AN_ENABLE)
		value |= BMSR_AN_DONE;
	return value;
}

static uint16_t read_aux_status(BcmNic *nic)
{
	uint16_t hcd;

	if (!nic->link)
		return HCD_NONE << 8;
	hcd = nic->speed == 1000 ? HCD_1000FD :
		nic->speed == 100 ? (nic->full_duplex ? HCD_100FD : HCD_100HD) :
		nic->full_duplex ? HCD_10FD : HCD_10HD;
	return hcd << 8 | AUX_STATUS_LINK |
		(nic->mii[MII_BMCR] & BMCR_AN_ENABLE ? AUX_STATUS_AN_DONE : 0);
}

static uint16_t mii_read(BcmNic *nic, unsigned int reg)
{
	uint16_t value;

	switch (reg) {
	case MII_BMSR:
		return read_bmsr(nic);
	case MII_ID1:
		return 0x0143;
	case MII_ID2:
		return 0xbed0;
	case MII_PARTNER:
		return nic->link ? PARTNER : 0;
	case MII_EXPANSION:
		return nic->link ? 0x000f : 0x0004;
	case MII_STAT1000:
		return nic->link ? PARTNER_1000 : 0;
	case MII_EXT_STATUS:
		return 0x3000;
	case MII_PHY_EXT_STATUS:
		return nic->link ? PHY_EXT_STATUS_LINK : 0;
	case MII_RX_ERRORS:
		return 0;
	case MII_DSP_CONTROL:
		return nic->mii[reg] & ~DSP_MACRO_BUSY;
	case MII_AUX_CTRL:
		value = nic->mii[reg];
		value = (value & 7) == 7 ? value >> 12 & 7 : value & 7;
		return nic->aux_shadow[value] | value;
	case MII_AUX_STATUS:
		return read_aux_status(nic);
	case MII_INT_STATUS:
		value = nic->mii[reg];
		nic->mii[reg] = 0;
		return value;
	case MII_SHADOW:
		value = nic->mii[reg] & 0x7c00;
		return value | nic->misc_shadow[value >> 10];
	default:
		return nic->mii[reg];
	}
}

static bool mi_busy(BcmNic *nic)
{
	return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) < nic->mi_busy_until;
}

/* A write of MI Communication. */
void bcm_mi_command(BcmNic *nic, uint32_t value)
{
	unsigned int reg = value >> 16 & 31;
	bool present = (value >> 21 & 31) == PHY_ADDRESS;

	if (!(value & MI_COM_BUSY)) {
		bcm_set(nic, MAC_MI_COM, value);
		return;
	}
	if (mi_busy(nic))
		bcm_violation(nic, RULE_MI_BUSY,
			      "MI Communication written while busy");
	value &= ~(MI_COM_BUSY | MI_COM_READ_FAILED);
	switch (value & MI_COM_CMD_MASK) {
	case MI_COM_WRITE:
		if (present)
			mii_write(nic, reg, value);
		break;
	case MI_COM_READ:
		value &= ~0xffffu;
		value |= present ? mii_read(nic, reg) :
			0xffff | MI_COM_READ_FAILED;
		break;
	}
	bcm_set(nic, MAC_MI_COM, value);
	bcm_set(nic, MAC_STATUS, bcm_reg(nic, MAC_STATUS) | MAC_STATUS_MI_DONE);
	nic->mi_busy_until = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + MI_TIME_NS;
}

/* A read of MI Communication: no data before the transfer is over. */
uint32_t bcm_mi_read(BcmNic *nic)
{
	uint32_t value = bcm_reg(nic, MAC_MI_COM);

	return mi_busy(nic) ? (value & ~0xffffu) | MI_COM_BUSY : value;
}

void bcm_phy_init(BcmNic *nic)
{
	nic->link_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, negotiated, nic);
}
