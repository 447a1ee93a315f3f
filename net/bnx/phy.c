/* SPDX-License-Identifier: MIT */
/*
 * PHY and link (IEEE 802.3 clauses 22 and 28; 5722-PG101-R, "MII
 * Communication"). The PHY negotiates everything it can do. A link that is
 * already there is kept, so that taking over the NIC costs no seconds.
 */
#include "bnx.h"

#include <errno.h>
#define LOG_PREFIX "bnx: "
#include <tandem/log.h>

#define MI_TIMEOUT_US		50000u
#define PHY_RESET_TIMEOUT_US	50000u
#define AUX_STATUS_POLLS	50u
#define SMDSP_PORT_JITTER	0x010bu
#define SMDSP_ADDRESS_JITTER	0x000au

/* Aux status "highest common denominator" */
static const struct {
	uint16_t speed;
	bool full_duplex;
} hcd_mode[8] = {
	[1] = { 10, false }, [2] = { 10, true }, [3] = { 100, false },
	[5] = { 100, true }, [6] = { 1000, false }, [7] = { 1000, true },
};

static int mi_access(struct bnx *nic, uint32_t command, uint16_t *value)
{
	uint32_t v;
	int r;

	bnx_write(nic, MI_COMMUNICATION, command | MI_BUSY |
		  MI_PHY_ADDRESS(PHY_ADDRESS));
	r = bnx_wait(nic, MI_COMMUNICATION, MI_BUSY, 0, MI_TIMEOUT_US,
		     "MII access");
	if (r || !value)
		return r;
	v = bnx_read(nic, MI_COMMUNICATION);
	if (v & MI_READ_FAILED)
		return -EIO;
	*value = (uint16_t)v;
	return 0;
}

int bnx_phy_read(struct bnx *nic, unsigned int reg, uint16_t *value)
{
	*value = 0;
	return mi_access(nic, MI_READ | MI_REGISTER(reg), value);
}

int bnx_phy_write(struct bnx *nic, unsigned int reg, uint16_t value)
{
	return mi_access(nic, MI_WRITE | MI_REGISTER(reg) | value, NULL);
}

static int phy_reset(struct bnx *nic)
{
	uint64_t end = time_us() + PHY_RESET_TIMEOUT_US;
	uint16_t v;
	int r = bnx_phy_write(nic, MII_BMCR, BMCR_RESET);

	while (!r) {
		r = bnx_phy_read(nic, MII_BMCR, &v);
		if (r || !(v & BMCR_RESET))
			return r;
		if (time_us() > end) {
			log_warn("time-out: PHY reset");
			return -ETIMEDOUT;
		}
		udelay(10);
	}
	return r;
}

/* Chips whose receiver needs it: correct the clock jitter in the DSP. */
static void correct_jitter(struct bnx *nic)
{
	uint16_t aux;

	if (bnx_phy_write(nic, MII_AUX_CONTROL,
			  AUX_SHADOW_READ(0) | AUX_SHADOW_MISC) ||
	    bnx_phy_read(nic, MII_AUX_CONTROL, &aux))
		return;
	bnx_phy_write(nic, MII_AUX_CONTROL,
		      aux | AUX_SMDSP_ENABLE | AUX_TX_6DB);
	bnx_phy_write(nic, MII_DSP_ADDRESS, SMDSP_ADDRESS_JITTER);
	bnx_phy_write(nic, MII_DSP_PORT, SMDSP_PORT_JITTER);
	bnx_phy_write(nic, MII_AUX_CONTROL,
		      (aux & (uint16_t)~AUX_SMDSP_ENABLE) | AUX_TX_6DB);
}

/* Up, negotiated, and neither looped back nor in power-down. */
static bool has_link(struct bnx *nic)
{
	uint16_t bmcr, bmsr;

	if (bnx_phy_read(nic, MII_BMCR, &bmcr) ||
	    bnx_phy_read(nic, MII_BMSR, &bmsr) ||
	    bnx_phy_read(nic, MII_BMSR, &bmsr))
		return false;
	return (bmcr & BMCR_AN_ENABLE) &&
	       !(bmcr & (BMCR_POWER_DOWN | BMCR_LOOPBACK)) &&
	       (bmsr & BMSR_LINK) && (bmsr & BMSR_AN_COMPLETE);
}

int bnx_phy_start(struct bnx *nic)
{
	int r;

	if (has_link(nic))
		return 0;
	r = phy_reset(nic);
	if (r)
		return r;
	if (nic->chip->phy_jitter)
		correct_jitter(nic);
	r = bnx_phy_write(nic, MII_ADVERTISE, ADVERTISE_802_3 |
			  ADVERTISE_10_100_ALL | ADVERTISE_PAUSE |
			  ADVERTISE_PAUSE_ASYM);
	if (!r)
		r = bnx_phy_write(nic, MII_1000T_CONTROL,
				  ADVERTISE_1000_HALF | ADVERTISE_1000_FULL);
	if (!r)
		r = bnx_phy_write(nic, MII_BMCR,
				  BMCR_AN_ENABLE | BMCR_RESTART_AN);
	return r;
}

/* Pause as both sides agreed (IEEE 802.3 table 28B-3). */
static void set_flow_control(struct bnx *nic, bool full_duplex)
{
	uint16_t own = 0, partner = 0;
	bool rx = false, tx = false;

	if (full_duplex && !bnx_phy_read(nic, MII_ADVERTISE, &own) &&
	    !bnx_phy_read(nic, MII_PARTNER, &partner)) {
		uint16_t both = own & partner;

		if (both & ADVERTISE_PAUSE) {
			rx = tx = true;
		} else if (both & ADVERTISE_PAUSE_ASYM) {
			rx = own & ADVERTISE_PAUSE;
			tx = partner & ADVERTISE_PAUSE;
		}
	}
	spin_lock(&nic->lock);
	nic->rx_mode &= ~(uint32_t)RX_MODE_FLOW_CONTROL;
	if (rx)
		nic->rx_mode |= RX_MODE_FLOW_CONTROL;
	bnx_write(nic, RECEIVE_MAC_MODE, nic->rx_mode);
	spin_unlock(&nic->lock);
	bnx_write(nic, TRANSMIT_MAC_MODE, TX_MODE_ENABLE |
		  TX_MODE_MBUF_LOCKUP_FIX | (tx ? TX_MODE_FLOW_CONTROL : 0));
}

static void set_mac(struct bnx *nic, uint16_t speed, bool full_duplex)
{
	uint32_t mode = nic->mac_mode &
			~(uint32_t)(MAC_MODE_PORT_MASK | MAC_MODE_HALF_DUPLEX);

	mode |= speed == 1000 ? MAC_MODE_PORT_GMII : MAC_MODE_PORT_MII;
	if (!full_duplex)
		mode |= MAC_MODE_HALF_DUPLEX;
	if (mode != nic->mac_mode) {
		nic->mac_mode = mode;
		bnx_write(nic, ETHERNET_MAC_MODE, mode);
		udelay(40);
	}
	bnx_write(nic, TRANSMIT_MAC_LENGTHS, speed == 1000 && !full_duplex ?
		  TX_LENGTHS_1000_HALF : TX_LENGTHS_DEFAULT);
	set_flow_control(nic, full_duplex);
}

/* Negotiated mode; speed 0 if the PHY does not tell. */
static void read_mode(struct bnx *nic, uint16_t *speed, bool *full_duplex)
{
	uint16_t aux = 0;

	for (unsigned int i = 0; i < AUX_STATUS_POLLS && !AUX_STATUS_HCD(aux);
	     i++) {
		if (i)
			udelay(10);
		if (bnx_phy_read(nic, MII_AUX_STATUS, &aux))
			break;
	}
	*speed = hcd_mode[AUX_STATUS_HCD(aux)].speed;
	*full_duplex = hcd_mode[AUX_STATUS_HCD(aux)].full_duplex;
}

void bnx_link_update(struct bnx *nic)
{
	struct net_port *p = &nic->port;
	uint16_t bmsr, speed = 0;
	bool up, full = false;

	/* the link bit is latched low: the second read tells how it is */
	if (bnx_phy_read(nic, MII_BMSR, &bmsr) ||
	    bnx_phy_read(nic, MII_BMSR, &bmsr))
		return;
	up = bmsr & BMSR_LINK;
	if (up)
		read_mode(nic, &speed, &full);
	up = up && speed;
	if (up)
		set_mac(nic, speed, full);
	if (up == p->link && (!up || (speed == p->speed &&
				      full == p->full_duplex)))
		return;
	p->link = up;
	p->speed = speed;
	p->full_duplex = full;
	nic->count.link_changes++;
	if (up)
		log_info("link up, %u Mbit/s %s duplex", speed,
			 full ? "full" : "half");
	else
		log_info("link down");
	net_link_changed(p);
}
