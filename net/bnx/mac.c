/* SPDX-License-Identifier: MIT */
/*
 * MAC addresses and the receive filter (5722-PG101-R, "Ethernet MAC Control
 * Registers"): four perfect unicast addresses, a 128-bit multicast hash,
 * promiscuous. What does not fit makes the filter wider, never narrower.
 */
#include "bnx.h"

#include <errno.h>
#include <string.h>

#define CRC32_POLYNOMIAL	0xedb88320u	/* reflected */

static bool is_multicast(const uint8_t mac[ETH_ALEN])
{
	return mac[0] & 1;
}

static bool usable(const uint8_t mac[ETH_ALEN])
{
	static const uint8_t zero[ETH_ALEN];

	return !is_multicast(mac) && memcmp(mac, zero, ETH_ALEN);
}

static void unpack(uint8_t mac[ETH_ALEN], uint32_t high, uint32_t low)
{
	mac[0] = (uint8_t)(high >> 8);
	mac[1] = (uint8_t)high;
	mac[2] = (uint8_t)(low >> 24);
	mac[3] = (uint8_t)(low >> 16);
	mac[4] = (uint8_t)(low >> 8);
	mac[5] = (uint8_t)low;
}

int bnx_mac_read(struct bnx *nic, uint8_t mac[ETH_ALEN])
{
	uint32_t high = bnx_sram_read(nic, SRAM_MAC_HIGH);

	/* what the boot code read from NVRAM, else what somebody set */
	if (high >> 16 == SRAM_MAC_SIGNATURE) {
		unpack(mac, high, bnx_sram_read(nic, SRAM_MAC_LOW));
		if (usable(mac))
			return 0;
	}
	unpack(mac, bnx_read(nic, MAC_ADDRESS_HIGH(0)),
	       bnx_read(nic, MAC_ADDRESS_LOW(0)));
	return usable(mac) ? 0 : -ENOENT;
}

/* CRC-32 as the hash takes it: no final inversion, low 7 bits. */
static unsigned int hash_bit(const uint8_t mac[ETH_ALEN])
{
	uint32_t crc = ~0u;

	for (unsigned int i = 0; i < ETH_ALEN; i++) {
		crc ^= mac[i];
		for (unsigned int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC32_POLYNOMIAL : 0);
	}
	return crc & 0x7f;
}

void bnx_filter_apply(struct bnx *nic)
{
	const uint8_t *own = nic->port.mac;
	uint32_t backoff = 0;

	for (unsigned int i = 0; i < MAC_ADDRESSES; i++) {
		const uint8_t *m = nic->unicast[i];

		bnx_write(nic, MAC_ADDRESS_HIGH(i), (uint32_t)m[0] << 8 | m[1]);
		bnx_write(nic, MAC_ADDRESS_LOW(i),
			  (uint32_t)m[2] << 24 | (uint32_t)m[3] << 16 |
			  (uint32_t)m[4] << 8 | m[5]);
	}
	for (unsigned int i = 0; i < ETH_ALEN; i++)
		backoff += own[i];
	bnx_write(nic, TX_RANDOM_BACKOFF, backoff & TX_RANDOM_BACKOFF_MASK);
	for (unsigned int i = 0; i < MAC_HASH_REGISTERS; i++)
		bnx_write(nic, MAC_HASH(i), nic->hash[i]);
	nic->rx_mode &= ~(uint32_t)RX_MODE_PROMISCUOUS;
	if (nic->promiscuous)
		nic->rx_mode |= RX_MODE_PROMISCUOUS;
	bnx_write(nic, RECEIVE_MAC_MODE, nic->rx_mode);
}

void bnx_set_filter(struct net_port *p, bool promiscuous, bool all_multicast,
		    const uint8_t (*mac)[ETH_ALEN], unsigned int n_mac)
{
	struct bnx *nic = p->priv;
	unsigned int unicast = 1;

	spin_lock(&nic->lock);
	memset(nic->hash, all_multicast ? 0xff : 0, sizeof(nic->hash));
	for (unsigned int i = 0; i < MAC_ADDRESSES; i++)
		memcpy(nic->unicast[i], p->mac, ETH_ALEN);
	for (unsigned int i = 0; i < n_mac; i++) {
		if (is_multicast(mac[i])) {
			unsigned int bit = hash_bit(mac[i]);

			nic->hash[bit >> 5] |= 1u << (bit & 31);
		} else if (!memcmp(mac[i], p->mac, ETH_ALEN)) {
			continue;
		} else if (unicast < MAC_ADDRESSES) {
			memcpy(nic->unicast[unicast++], mac[i], ETH_ALEN);
		} else {
			promiscuous = true;
		}
	}
	nic->promiscuous = promiscuous;
	if (nic->running)
		bnx_filter_apply(nic);
	spin_unlock(&nic->lock);
}
