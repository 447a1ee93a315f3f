# SPDX-License-Identifier: MIT
"""The shared card under a guest with four CPUs that all pull at it at once.

Interrupts move from CPU to CPU, the interface goes down and up, offloads
change, the driver comes and goes, its registers move, each on one CPU while
others send and receive. No byte may be lost or wrong, nothing may stand still,
the VMM stays well and keeps the hardware's rules.
"""

import threading
import time

import pytest
from lib import alive, boot, dbgsh, paths, traffic
from lib.machine import GUEST_ADDRESS, HOST_ADDRESS, Machine

ADDRESS = paths.config()["IP_ADDRESS"]
ECHO_PORT = 7
MODULES = ("virtio_pci", "virtio_net", "af_packet")
ETHTOOL = "/usr/sbin/ethtool"
MEGA = 1_000_000

# "stir NAME COMMAND": runs COMMAND again and again until /tmp/NAME is gone, and
# says in /tmp/NAME.times how often it did.
STIR = """#!/bin/sh
n=0
: >/tmp/$1
while [ -e /tmp/$1 ]; do "$2"; n=$((n + 1)); echo $n >/tmp/$1.times; done
: >/tmp/$1.end
"""
# each interrupt of the card to the next CPU, every 50 ms
IRQS = """#!/bin/sh
read -r mask </tmp/mask
mask=$((mask * 2 % 15))
echo $mask >/tmp/mask
for irq in $(grep virtio /proc/interrupts | cut -d: -f1); do
	printf %x $mask >/proc/irq/$irq/smp_affinity
	mask=$((mask * 2 % 15))
done
usleep 50000
"""
LINK = """#!/bin/sh
ip link set eth0 down
ip link set eth0 up
sleep 1
"""
OFFLOADS = """#!/bin/sh
ethtool -K eth0 tso off gso off gro off
ethtool -L eth0 combined 1
usleep 100000
ethtool -K eth0 tso on gso on gro on
ethtool -K eth0 rx-gro-hw off
usleep 100000
ethtool -K eth0 rx-gro-hw on
usleep 100000
"""
# BAR 0 elsewhere, and back, without a driver
BAR = """#!/bin/sh
cd $(cat /tmp/function)
put() {
	dd if=/tmp/$1 of=config bs=4 seek=4 conv=notrunc 2>/dev/null
}
put elsewhere
put place
"""
FLOOD = f"""#!/bin/sh
nettest flood {HOST_ADDRESS} 9 400 >/dev/null 2>&1 || usleep 20000
"""
DRIVER = f"""#!/bin/sh
rmmod virtio_net
insmod /modules/virtio_net.ko
ip link set eth0 up
ip addr add {GUEST_ADDRESS}/24 dev eth0
usleep 100000
"""
SCRIPTS = {"stir": STIR, "irqs": IRQS, "link": LINK, "offloads": OFFLOADS,
           "bar": BAR, "flood": FLOOD, "driver": DRIVER}


def guest_image():
    image = boot.guest(MODULES, programs=[ETHTOOL])
    for name, text in SCRIPTS.items():
        image.text(f"bin/{name}", text, 0o755)
    return image


@pytest.fixture(scope="module")
def machine():
    options = boot.prepare("smp-net", guest_image())
    m, _ = boot.start(lambda: Machine(
        "smp-net", cpus=4, peer=True, forward=[(ADDRESS, ECHO_PORT)],
        **options))
    boot.dhcp(m)
    m.console.run("echo 1 >/tmp/mask")
    with dbgsh.DebugShell(m.console) as shell:
        assert "listens" in shell.command(f"echoctl server start {ECHO_PORT}")
    yield m
    m.stop()


class Stirred:
    """While it lasts, scripts run in the guest, each again and again; at the
    end times[name] tells how often."""

    def __init__(self, machine, *names):
        self.machine, self.names, self.times = machine, names, {}

    def __enter__(self):
        for name in self.names:
            self.machine.console.run(
                f"rm -f /tmp/{name}*; stir {name} {name} "
                f">/tmp/{name}.out 2>&1 & while [ ! -e /tmp/{name} ]; do "
                "usleep 10000; done")
        return self

    def __exit__(self, *error):
        if error[0]:
            return
        for name in self.names:
            self.times[name] = int(self.machine.console.run(
                f"rm /tmp/{name}; while [ ! -e /tmp/{name}.end ]; do "
                f"usleep 10000; done; cat /tmp/{name}.times", 30))


class Echoes:
    """Messages to the VMM's echo server and back, as long as it lasts."""

    def __init__(self, machine):
        self.machine, self.over, self.error = machine, False, None
        self.rounds, self.worst = 0, 0.0
        self.thread = threading.Thread(target=self.work, daemon=True)

    def work(self):
        try:
            while not self.over:
                times = alive.echo_times(self.machine, ADDRESS, ECHO_PORT,
                                         timeout=20)
                self.rounds += len(times)
                self.worst = max(self.worst, *times)
        except (OSError, AssertionError) as error:
            self.error = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.over = True
        self.thread.join(30)
        assert self.error is None, f"echo: {self.error!r}"
        assert self.rounds > 0


def is_well(machine):
    """The guest's network works, nobody complains, no rule is broken."""
    assert machine.console.status(
        f"n=; until ping -c 1 -W 2 {HOST_ADDRESS}; do n=x$n; [ $n = xxxxx ] && "
        "break; done >/dev/null; [ \"$n\" != xxxxx ]", 60)[0] == 0
    assert boot.complaints(machine) == ""
    log = machine.vmm_log()
    for word in ("panic", "driver broke", "reset:", "is reset", "MSI "):
        assert word not in log, log[-3000:]
    assert machine.nic_counter("c-violations") == 0


def both_ways(machine, size):
    transfers = [traffic.GuestTransfer(machine, to_guest, size, check=True)
                 for to_guest in (True, False)]
    for transfer in transfers:
        transfer.finish()


def test_interrupts_move_while_tcp_runs_both_ways(machine):
    with Stirred(machine, "irqs") as stirred, Echoes(machine):
        both_ways(machine, 10 * MEGA)
    assert stirred.times["irqs"] > 5
    is_well(machine)


def test_offloads_and_link_change_while_tcp_runs_both_ways(machine):
    with Stirred(machine, "irqs", "offloads", "link") as stirred:
        both_ways(machine, 4 * MEGA)
    assert min(stirred.times.values()) > 1, stirred.times
    is_well(machine)


def test_the_driver_comes_and_goes_while_others_send(machine):
    with Stirred(machine, "irqs", "flood", "driver") as stirred, \
            Echoes(machine):
        time.sleep(8)
    assert min(stirred.times.values()) > 1, stirred.times
    machine.console.run("cat /tmp/driver.out >&2; ip addr show eth0")
    is_well(machine)


def test_registers_move_on_two_cpus_at_once(machine):
    """Without a driver; the VMM's own stack goes on all the while."""
    machine.console.run(
        "dirname $(ls -d /sys/bus/pci/devices/*/virtio0) >/tmp/function; "
        "rmmod virtio_net; cd $(cat /tmp/function); "
        "basename $PWD >/sys/bus/pci/drivers/virtio-pci/unbind; "
        "dd if=config of=/tmp/place bs=4 skip=4 count=1 2>/dev/null; "
        "printf '\\000\\000\\000\\320' >/tmp/elsewhere; "
        "[ -s /tmp/place ] && cp /bin/bar /bin/bar2 && "
        "printf '\\006\\000' | dd of=config bs=2 seek=2 conv=notrunc && "
        "cd /")
    with Stirred(machine, "bar", "bar2") as stirred, Echoes(machine):
        time.sleep(4)
    assert min(stirred.times.values()) > 1, stirred.times
    machine.console.run(
        "basename $(cat /tmp/function) >/sys/bus/pci/drivers/virtio-pci/bind; "
        "insmod /modules/virtio_net.ko; ip link set eth0 up; "
        f"ip addr add {GUEST_ADDRESS}/24 dev eth0")
    is_well(machine)
    both_ways(machine, 2 * MEGA)
