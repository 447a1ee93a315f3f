# SPDX-License-Identifier: MIT
"""A small driver for the bench NIC in Python: enough to do right what the
hardware asks for, so that a test can do one thing wrong."""

import struct
import time

BAR0 = 0xc0000000

# Places in guest memory
SEND_RING = 0x100000
STD_RING = 0x104000
RETURN_RING = 0x108000
STATUS = 0x10c000
MESSAGE = 0x10c800          # an MSI to here can be read as data
SEND_BUFFERS = 0x200000
RX_BUFFERS = 0x400000
ENTRIES = 512
RX_BUFFER_SIZE = 1536

# Mailboxes and registers
MBOX_INTERRUPT, MBOX_STD, MBOX_RETURN, MBOX_SEND = 0x204, 0x26c, 0x284, 0x304
MAC_MODE, MAC_STATUS, MAC_EVENT, MI_COM = 0x400, 0x404, 0x408, 0x44c
TX_MODE, RX_MODE = 0x45c, 0x468
STD_RCB = 0x2450
HC_MODE, HC_RX_TICKS, HC_TX_TICKS = 0x3c00, 0x3c08, 0x3c0c
HC_RX_MAX, HC_TX_MAX, HC_RX_MAX_INT, HC_TX_MAX_INT = \
    0x3c10, 0x3c14, 0x3c20, 0x3c24
HC_STATUS = 0x3c38
READ_DMA, WRITE_DMA = 0x4800, 0x4c00
MODE_CTRL, MISC_CONFIG, LOCAL_CTRL = 0x6800, 0x6804, 0x6808
RX_ENGINES = (0x3000, 0x2000, 0x2800, 0x2c00, 0x2400)
SEND_ENGINES = (0x1000, 0x1c00, 0xc00, 0x1800, 0x1400)

# Send BD flags
L4_SUM, IP_SUM, END, VLAN, NOW, LSO = 1, 2, 4, 0x40, 0x80, 0x300
# Return BD flags
GOT_VLAN, GOT_IP_SUM, GOT_L4_SUM, GOT_TCP, GOT_IPV6 = \
    0x40, 0x1000, 0x2000, 0x4000, 0x8000


class Nic:
    def __init__(self, machine):
        self.machine = machine
        self.send_prod = self.std_prod = self.return_cons = 0
        self.send_buffer = SEND_BUFFERS

    def read(self, offset):
        return self.machine.readl(BAR0 + offset)

    def write(self, offset, value):
        self.machine.writel(BAR0 + offset, value)

    def set_bits(self, offset, bits):
        self.write(offset, self.read(offset) | bits)

    def sram_write(self, addr, *values):
        for i, value in enumerate(values):
            self.machine.config_write(0x7c, addr + 4 * i)
            self.machine.config_write(0x84, value)

    def sram_read(self, addr):
        self.machine.config_write(0x7c, addr)
        return self.machine.config_read(0x84)

    # ---- bring-up, as docs/bcm57xx.md describes it ----

    def map(self):
        self.machine.config_write(0x10, BAR0)
        self.machine.config_write(0x14, 0)
        self.machine.config_write(0x04, 0x6)        # MEM, bus master
        self.machine.config_write(0x68, 0x8a)       # mask, word swap, indirect

    def reset(self):
        self.write(MISC_CONFIG, 0x20000001)
        time.sleep(0.001)
        self.send_prod = self.std_prod = self.return_cons = 0

    def rings(self, send=SEND_RING, std=STD_RING, ret=RETURN_RING,
              status=STATUS):
        self.write(STD_RCB, std >> 32)
        self.write(STD_RCB + 4, std)
        self.write(STD_RCB + 8, ENTRIES << 16)
        self.write(STD_RCB + 12, 0x6000)
        self.sram_write(0x100, send >> 32, send, ENTRIES << 16, 0x4000)
        self.sram_write(0x200, ret >> 32, ret, ENTRIES << 16, 0)
        self.write(HC_STATUS, status >> 32)
        self.write(HC_STATUS + 4, status)

    def coalescing(self, rx=(0, 1, 1), tx=(0, 1, 1)):
        """Each: ticks, most BDs, most BDs during interrupt."""
        self.write(HC_MODE, 0)
        for values, regs in ((rx, (HC_RX_TICKS, HC_RX_MAX, HC_RX_MAX_INT)),
                             (tx, (HC_TX_TICKS, HC_TX_MAX, HC_TX_MAX_INT))):
            for reg, value in zip(regs, values):
                self.write(reg, value)
        self.write(HC_MODE, 0x102)

    def mii_wait(self):
        while (value := self.read(MI_COM)) & 1 << 29:
            pass
        return value & 0xffff

    def mii_read(self, reg):
        self.write(MI_COM, 2 << 26 | 1 << 21 | reg << 16 | 1 << 29)
        return self.mii_wait()

    def mii_write(self, reg, value):
        self.write(MI_COM, 1 << 26 | 1 << 21 | reg << 16 | value | 1 << 29)
        self.mii_wait()

    def wait_link(self, up=True, timeout=2):
        deadline = time.monotonic() + timeout
        while bool(self.read(0x460) & 8) != up:
            assert time.monotonic() < deadline, "link does not change"
            time.sleep(0.005)

    def enable(self, mode_ctrl=0x130034, mac_mode=0xe00008, tx_mode=2,
               rx_mode=0x102, post=0):
        self.write(MODE_CTRL, mode_ctrl)
        self.coalescing()
        self.write(0x4400, 6)
        for engine in RX_ENGINES[:2]:
            self.write(engine, 2)
        self.write(MAC_MODE, mac_mode)
        self.write(WRITE_DMA, 2)
        self.write(READ_DMA, 0x18000002)
        for engine in RX_ENGINES[2:]:
            self.write(engine, 2)
        for engine in SEND_ENGINES:
            self.write(engine, 0xa if engine == 0xc00 else 2)
        self.write(TX_MODE, tx_mode)
        self.write(RX_MODE, rx_mode)
        if post:
            self.post(post)
        self.wait_link()

    def bring_up(self, **options):
        self.map()
        self.reset()
        self.rings()
        self.enable(**options)
        return self

    # ---- sending and receiving ----

    def send_bd(self, data, flags=END, mss=0, vlan=0, addr=None,
                length=None):
        """Puts one BD on the ring, with its data in memory; not posted."""
        if addr is None:
            addr = self.send_buffer
            self.send_buffer += (len(data) + 63) & ~63
            if self.send_buffer > RX_BUFFERS - 0x20000:
                self.send_buffer = SEND_BUFFERS
            self.machine.write(addr, data)
        length = len(data) if length is None else length
        bd = struct.pack("<IIIHH", addr >> 32, addr & 0xffffffff,
                         length << 16 | flags, vlan, mss)
        self.machine.write(SEND_RING + 16 * self.send_prod, bd)
        self.send_prod = (self.send_prod + 1) % ENTRIES

    def post_send(self):
        self.write(MBOX_SEND, self.send_prod)

    def send(self, data, flags=END, **options):
        self.send_bd(data, flags, **options)
        self.post_send()

    def std_bd(self, index, length=RX_BUFFER_SIZE, addr=None):
        addr = RX_BUFFERS + 2048 * index if addr is None else addr
        bd = struct.pack("<IIIIIIII", addr >> 32, addr & 0xffffffff,
                         index << 16 | length, 4, 0, 0, 0, 0x10000 | index)
        self.machine.write(STD_RING + 32 * index, bd)

    def post(self, count, **options):
        """Posts receive buffers, no more than eight at a time."""
        for _ in range(count):
            self.std_bd(self.std_prod, **options)
            self.std_prod = (self.std_prod + 1) % ENTRIES
            if self.std_prod % 8 == 0:
                self.write(MBOX_STD, self.std_prod)
        self.write(MBOX_STD, self.std_prod)

    def status(self):
        """word, tag, std consumer, return producer, send consumer"""
        words = struct.unpack("<8I", self.machine.read(STATUS, 32))
        return (words[0], words[1], words[2] >> 16, words[4] & 0xffff,
                words[4] >> 16)

    def receive(self, timeout=2):
        """The next frame without FCS: (data, flags, error and vlan, sums)."""
        if not self.machine.eventually(
                lambda: self.status()[3] != self.return_cons, timeout):
            return None
        bd = struct.unpack("<8I", self.machine.read(
            RETURN_RING + 32 * self.return_cons, 32))
        self.return_cons = (self.return_cons + 1) % ENTRIES
        self.write(MBOX_RETURN, self.return_cons)
        index, length = bd[2] >> 16, bd[2] & 0xffff
        assert bd[7] & 0xffff == index, "index and opaque differ"
        data = self.machine.read(bd[0] << 32 | bd[1], length)
        return data[:-4], bd[3] & 0xffff, bd[5], bd[4], data[-4:]
