# SPDX-License-Identifier: MIT
"""What the VMM's services do while there is no working guest: in a boot loader
that waits, while an OS boots, after its panic, and through its reboot. Page, API
and echo are asked several times a second, all the time.

While the machine is reset there is no VMM: the firmware starts it anew. That time
is the firmware's, and told; so is how soon the services answer after it. A guest
that hangs is in test_hang.py.
"""

import time

import pytest
from lib import boot, grub, paths
from lib.initramfs import READY
from lib.machine import Machine
from lib.mgmt import OPERATE, PORT as HTTPS, conf
from lib.prober import LIMIT, Prober

ADDRESS = paths.config()["IP_ADDRESS"]
ECHO = 7
STAY = 3            # seconds in a state that does not end by itself
STARTS = "guest runs"           # the VMM's log: it is there


class Down:
    """A machine whose guest is GRUB first, then Linux."""

    def __init__(self, cpus):
        name = f"down-{cpus}"
        image = grub.image(paths.WORK / name / "grub.efi")
        options = boot.prepare(
            name, boot.guest(("virtio_pci", "virtio_net", "af_packet")),
            programs=["grub"], files={
                "EFI/test/grub.efi": image,
                "EFI/BOOT/tandem.conf": conf() +
                b"echo.server.autostart = y\n"})
        self.machine = Machine(name, cpus=cpus, forward=[
            (ADDRESS, HTTPS), (ADDRESS, ECHO)], **options)
        self.prober = Prober(self.machine, ADDRESS, ECHO)

    def stays(self, what, seconds=STAY):
        start = time.monotonic()
        time.sleep(seconds)
        print(f"\n{what}: {self.prober.all_answer(start)} ", end="")

    def boots(self, what):
        """From GRUB's prompt to the OS's shell."""
        start = time.monotonic()
        grub.grub(self.machine, "linux /EFI/debian/vmlinuz.efi "
                  f"{boot.CMDLINE} panic=0")
        grub.grub(self.machine, "initrd /EFI/debian/initrd.img")
        self.machine.console.sendline("boot")
        self.machine.console.expect_exact(READY, timeout=120)
        print(f"\n{what}: {self.prober.all_answer(start)} ", end="")

    def restarts(self, what, act):
        """The machine is reset, up to GRUB's prompt. The VMM is gone and comes
        back: from then on there are answers."""
        starts = self.machine.vmm_log().count(STARTS)
        begin = time.monotonic()
        act()
        self.machine.console.agent = False
        while self.machine.vmm_log().count(STARTS) == starts:
            assert time.monotonic() < begin + 120
            time.sleep(0.02)
        back = time.monotonic()
        for kind in self.prober.answers:
            first = self.prober.again(kind, back)
            print(f"\n{what}: {kind} {first - begin:.1f} s after the reset, "
                  f"{first - back:.2f} s after the VMM's start ", end="")
            assert first - back < AGAIN[kind]
        grub.into_grub(self.machine)

    def login(self):
        self.machine.wait_vmm_log("mgmt: https://")
        assert self.prober.user.login(OPERATE).status == 201

    def role(self):
        return self.prober.user.get("/api/v1/session").json()["role"]


# seconds after the VMM's start: the certificate waits for the addresses
AGAIN = {"page": 8, "API": 8, "echo": 3}


@pytest.mark.parametrize("cpus", [
    1, pytest.param(4, marks=pytest.mark.long)])
def test_services_answer_whatever_becomes_of_the_guest(cpus, capsys):
    down = Down(cpus)
    with capsys.disabled(), down.machine as machine:
        grub.into_grub(machine)
        user = down.prober.user
        user.timeout = 20
        down.login()
        shell = user.ask("POST", "/api/v1/shell", {}).json()["id"]
        user.timeout = LIMIT
        with down.prober:
            down.stays("boot loader waits")
            down.boots("OS boots")
            # a session of the shell's ends when nobody asks
            shell = user.ask("POST", "/api/v1/shell", {}).json()["id"]
            machine.console.begin("echo c >/proc/sysrq-trigger")
            machine.console.expect_exact("end Kernel panic", timeout=30)
            down.stays("OS has panicked")
            # the session has gone on through all of it, and so has the shell
            assert down.role() == "operate"
            assert user.get(f"/api/v1/shell/{shell}").json()["text"]
            down.restarts("reset by the API", lambda: user.ask(
                "POST", "/api/v1/power",
                {"action": "reset", "confirm": "reset"}))
            # with netd sessions and shells end
            assert down.role() == "none"
            user.get(f"/api/v1/shell/{shell}", 401)
            if cpus > 1:
                down.boots("OS boots again")
                down.restarts("reboot of the OS", lambda: machine.console
                              .begin("reboot -f"))
                down.stays("boot loader waits again")
        assert machine.nic_counter("c-violations") == 0
