# SPDX-License-Identifier: MIT
"""A session with the VMM's debug shell, through dbgsh in the guest."""

import re

PROMPT = "> "


class DebugShell:
    """Opened on a console; commands as a person would type them."""

    def __init__(self, console, program="dbgsh", timeout=30):
        self.console = console
        self.timeout = timeout
        console.begin(program)
        console.expect(r"Tandem [^\n]*\n" + PROMPT, timeout=timeout)

    def command(self, line, prompt=PROMPT, timeout=None):
        """What the VMM says to one line, up to its next prompt."""
        self.console.send(line + "\r")
        self.console.expect(re.escape(line) + r"\s*\n", self.timeout)
        self.console.expect(r"(?:^|\n)" + re.escape(prompt),
                            timeout or self.timeout)
        return self.console.before.replace("\r", "")

    def close(self):
        self.console.send("exit\r")
        self.console.end(self.timeout)

    def give_up(self):
        """After a failure: leave programs and the shell, if they listen, so
        that the tests that follow have the console."""
        for _ in range(3):
            self.console.send("\x03exit\r")
            try:
                self.console.end(2)
                return
            except (TimeoutError, EOFError):
                pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if error[0] is None:
            self.close()
        else:
            self.give_up()
