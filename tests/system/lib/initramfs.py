# SPDX-License-Identifier: MIT
"""Builds the test guest's initramfs from Debian's own parts.

busybox-static, modules of Debian's kernel chosen by name (what they depend on
comes along), an init of our own, and whatever files a test adds. The archive
is a cpio of the "newc" kind (Linux, early-userspace/buffer-format), written
uncompressed: unpacking costs more than reading under emulation.
"""

import re
import stat
import subprocess
from pathlib import Path

from . import paths

READY = "guest: ready"

INIT = r"""#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp /run /root /etc
/bin/busybox --install -s /bin
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root TERM=vt100
export PS1='guest# '
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts && mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /tmp
echo 4 >/proc/sys/kernel/printk
while read -r module; do
	insmod "/modules/$module.ko" || echo "guest: no module $module"
done </modules/order
ip link set lo up
[ -x /etc/start ] && . /etc/start
echo "guest: ready"
while :; do
	setsid cttyhack sh -i
done
"""

# Sets the lease that udhcpc got. No gateway change if there is none.
DHCP_SCRIPT = r"""#!/bin/sh
case $1 in
deconfig)
	ip addr flush dev $interface; ip link set $interface up ;;
bound|renew)
	ip addr add $ip/$mask dev $interface
	[ -n "$router" ] && ip route add default via ${router%% *}
	: >/etc/resolv.conf
	for server in $dns; do echo nameserver $server >>/etc/resolv.conf; done
	echo "guest: $interface has $ip" ;;
esac
"""

# One command per line, after a number that its end repeats, without a
# terminal's line editing; see console.py.
AGENT = r"""#!/bin/sh
stty -echo -onlcr
echo "@@BEGIN"
while read -r agent_number agent_line; do
	[ "$agent_number" = "@@QUIT" ] && break
	eval "$agent_line"
	echo "@@END $agent_number $?"
done
stty sane
exec sh -i
"""


def module_index(kernel):
    """Name to path of the kernel's modules, names with underscores."""
    root = paths.need(kernel / "modules", "run scripts/setup")
    return {p.stem.replace("-", "_"): p for p in root.rglob("*.ko")}


def module_order(names, kernel=paths.KERNEL):
    """The modules names need, themselves included, in loading order."""
    index = module_index(kernel)
    builtin = {Path(line.strip()).stem.replace("-", "_") for line in
               open(kernel / "modules" / "modules.builtin")}
    order = []

    def add(name, chain):
        name = name.replace("-", "_")
        if name in order or name in builtin:
            return
        if name not in index:
            raise KeyError(f"Debian's kernel has no module {name}")
        if name in chain:
            raise ValueError(f"modules depend on each other: {chain}")
        data = index[name].read_bytes()
        for found in re.findall(rb"\0depends=([^\0]*)\0", data):
            for other in filter(None, found.decode().split(",")):
                add(other, chain + [name])
        order.append(name)

    for name in names:
        add(name, [])
    return [(name, index[name]) for name in order]


def shared_libraries(program):
    """Files that a dynamically linked program of the host needs."""
    done = subprocess.run(["ldd", str(program)], capture_output=True,
                          text=True, timeout=10)
    if done.returncode:
        return []       # static
    return [Path(p) for p in re.findall(r"(/\S+) \(0x", done.stdout)]


class Initramfs:
    """An initramfs under construction; write() makes the file."""

    def __init__(self, modules=(), start="", kernel=paths.KERNEL):
        """modules are loaded at start in the order that their needs ask for;
        start is shell text that init runs before it says it is ready; kernel
        is the folder of the kernel that the modules are of."""
        self.kernel = kernel
        self.entries = {}
        self.text("init", INIT, 0o755)
        self.file("bin/busybox", paths.need(paths.BUSYBOX,
                                            "run scripts/setup"), 0o755)
        self.text("etc/dhcp", DHCP_SCRIPT, 0o755)
        self.text("bin/agent", AGENT, 0o755)
        self.text("etc/passwd", "root::0:0:root:/root:/bin/sh\n")
        self.text("etc/start", start, 0o755)
        order = module_order(modules, kernel)
        for name, path in order:
            self.file(f"modules/{name}.ko", path)
        self.text("modules/order", "".join(f"{n}\n" for n, _ in order))

    def module(self, name):
        """Put a module and its needs into /modules without loading it.
        Returns the names in loading order."""
        order = module_order([name], self.kernel)
        for item, path in order:
            self.file(f"modules/{item}.ko", path)
        return [item for item, _ in order]

    def data(self, name, content, mode=0o644):
        parent = Path(name).parent
        while str(parent) != ".":
            self.entries.setdefault(str(parent), (stat.S_IFDIR | 0o755, b""))
            parent = parent.parent
        self.entries[name] = (stat.S_IFREG | mode, content)

    def text(self, name, content, mode=0o644):
        self.data(name, content.encode(), mode)

    def file(self, name, source, mode=0o644):
        self.data(name, Path(source).read_bytes(), mode)

    def program(self, source, name=None):
        """A program of the host, with the libraries it needs."""
        source = Path(source)
        self.file(name or f"bin/{source.name}", source, 0o755)
        for library in shared_libraries(source):
            self.file(str(library).lstrip("/"), library, 0o755)

    def write(self, path):
        chunks = []
        items = sorted(self.entries.items())
        items.append(("TRAILER!!!", (0, b"")))
        for inode, (name, (mode, content)) in enumerate(items, 1):
            name = name.encode() + b"\0"
            fields = (inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0,
                      len(name), 0)
            head = b"070701" + b"".join(b"%08X" % f for f in fields) + name
            chunks += [head, b"\0" * (-len(head) % 4),
                       content, b"\0" * (-len(content) % 4)]
        Path(path).write_bytes(b"".join(chunks))
        return Path(path)
