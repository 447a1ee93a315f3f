# SPDX-License-Identifier: MIT
"""What a person sees who types `make run`: the stages with their times, a
summary, then the guest's console, where dbgsh works and Ctrl-] leaves."""

import os
import sys

import pexpect
from lib import paths

CTRL_BRACKET = "\x1d"


def test_run_shows_its_stages_and_leaves_the_user_at_the_console():
    env = dict(os.environ, TERM="vt100", TANDEM_BEGIN="")
    run = pexpect.spawn(sys.executable, ["-B", "scripts/demo"], env=env,
                        cwd=str(paths.TOP), encoding="utf-8", timeout=120,
                        codec_errors="replace", dimensions=(40, 120))
    try:
        for stage in ("image built", "starts Tandem", "Tandem runs",
                      "starts Debian's kernel", "guest's shell",
                      "virtio-net at", "answers ping on .* from the wire",
                      "from the guest", "listens on port 7",
                      "10000000 bytes sent, all came back", "no violation"):
            run.expect(r"\[ *\d+\.\d s\] [^\r\n]*" + stage)
        run.expect(r"Shown:\r\n +boot +\d+\.\d s[^\r\n]*\r\n"
                   r" +ping +20 of 20[^\r\n]*\r\n"
                   r" +echo +10000000 bytes")
        run.expect(r"Ctrl-\] leaves.*dbgsh +the VMM's shell.*"
                   r"nc 127\.0\.0\.1 \d+")       # the hint
        run.expect("guest# ")
        run.send("dbgsh\r")
        run.expect(r"Tandem [^\r\n]*\r\n> ")
        run.send("help\r")
        run.expect("echoctl.*\r\n> ")
        run.send("exit\r")
        run.expect("guest# ")
        run.send(CTRL_BRACKET)
        run.expect(pexpect.EOF)
        run.close()
        assert run.exitstatus == 0
    finally:
        run.close(force=True)
