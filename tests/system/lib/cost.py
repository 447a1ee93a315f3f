# SPDX-License-Identifier: MIT
"""What exits and who executes how many instructions, as tools/exitcost counts
from outside of a machine with one CPU; its source has the file's layout."""

import bisect
import collections
import mmap
import re
import statistics
import struct

from . import paths
from .gdbstub import BASE, symbols

PLUGIN = paths.BUILD / "tools" / "exitcost" / "exitcost.so"
EVENTS = 1 << 18
FIRST_EVENT = 4096
EVENT = struct.Struct("<8Q")
PROFILE = 1 << 18
HEADER = struct.Struct("<5Q")
START, MARK = 1 << 32, 2 << 32
BEGIN, END = MARK | 1, MARK | 2         # tests/guest/workload
NPF = 0x400

# Instructions of the guest, of the core, of net/, of ring 3.
Counts = collections.namedtuple("Counts", "guest core net domain")

# One exit and what the VMM executed for it.
Exit = collections.namedtuple("Exit", "code info1 info2 rip counts")

NAMES = {0x41: "#DB", 0x51: "#AC", 0x60: "INTR", 0x61: "NMI", 0x62: "SMI",
         0x63: "INIT", 0x64: "VINTR", 0x72: "CPUID", 0x74: "IRET",
         0x76: "INVD", 0x78: "HLT", 0x7b: "IOIO", 0x7c: "MSR",
         0x7f: "SHUTDOWN", 0x81: "VMMCALL", NPF: "NPF"}


def name(code):
    return NAMES.get(code, f"{code:#x}")


def vmm(counts):
    """What root mode executed in ring 0."""
    return counts.core + counts.net


def net_range():
    """Where the code of net/ is, START-END, from the link map: it is linked in
    one piece."""
    text = paths.need(paths.BUILD / "tandem.map", "run make").read_text()
    found = [(int(start, 16), int(size, 16), name) for start, size, name in
             re.findall(r"^ \.text\S*\s+(0xf\w+)\s+(0x\w+) (\S+)$", text,
                        re.M)]
    ours = [(start, start + size) for start, size, name in found
            if "/obj/vmm/net/" in name]
    first, end = min(s for s, _ in ours), max(e for _, e in ours)
    strangers = [name for start, size, name in found
                 if size and first <= start < end and
                 "/obj/vmm/net/" not in name]
    if strangers:
        raise AssertionError(f"in the middle of net/: {strangers}")
    return f"{first:#x}-{end:#x}"


class Cost:
    """The counters of one machine. arguments() belong to its extra; read()
    and events() work from its start on."""

    def __init__(self, path):
        self.path = path
        self.file = None
        self.seen = 0

    def arguments(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        plugin = paths.need(PLUGIN, "run make bench-nic")
        return ["-plugin",
                f"file={plugin},out={self.path},net={net_range()},"
                f"profile={BASE:#x}"]

    def _map(self):
        if not self.file:
            with open(self.path, "rb") as f:
                self.file = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
        return self.file

    def read(self):
        """(Counts so far, number of events so far)."""
        *total, events = HEADER.unpack_from(self._map(), 0)
        return Counts(*total), events

    def skip(self):
        """What happened so far is of no interest."""
        self.seen = self.read()[1]

    def profile(self):
        """{function: instructions} that root mode's ring 0 executed so
        far."""
        at = struct.unpack_from(f"<{PROFILE}Q", self._map(),
                                FIRST_EVENT + EVENTS * EVENT.size)
        places = sorted((address - BASE, name) for name, address in
                        symbols().items() if 0 <= address - BASE < PROFILE)
        starts = [place for place, _ in places]
        found = collections.Counter()
        for place, count in enumerate(at):
            if count:
                found[places[bisect.bisect(starts, place) - 1][1]] += count
        return found

    def _event(self, number):
        what, info1, info2, rip, *total = EVENT.unpack_from(
            self._map(), FIRST_EVENT + number % EVENTS * EVENT.size)
        return what, info1, info2, rip, Counts(*total)

    def events(self):
        """Those since the last skip() or events(), as
        (what, info1, info2, rip, Counts before it)."""
        first, end = self.seen, self.read()[1]
        found = [self._event(i) for i in range(first, end)]
        if self.read()[1] - first >= EVENTS:
            raise AssertionError(f"more than {EVENTS} events at once")
        self.seen = end
        return found


class Work:
    """What happened between the two markers of a workload, or in all of the
    events given: exits, and instructions by who executed them."""

    def __init__(self, events, marked=True):
        if marked:
            marks = [i for i, e in enumerate(events) if e[0] in (BEGIN, END)]
            if [events[i][0] for i in marks] != [BEGIN, END]:
                raise AssertionError(f"not two markers: {len(marks)}")
            events = events[marks[0]:marks[1] + 1]
        self.exits = []
        for before, (what, info1, info2, rip, total) in zip(events,
                                                            events[1:]):
            if what < START:
                self.exits.append(Exit(what, info1, info2, rip,
                                       minus(total, before[4])))
        self.total = minus(events[-1][4], events[0][4]) if events else \
            Counts(0, 0, 0, 0)

    def by_reason(self):
        """{code: [exit]}, the most frequent first."""
        found = collections.defaultdict(list)
        for e in self.exits:
            found[e.code].append(e)
        return dict(sorted(found.items(), key=lambda item: -len(item[1])))

    def reasons(self, per=1, digits=0):
        """Exits by reason as text; per: divided by that."""
        return ", ".join(
            f"{name(code)} {len(exits) / per:.{digits}f}"
            for code, exits in self.by_reason().items()) or "none"

    def share(self):
        """Instructions of the VMM, its ring 3 included, for one of the
        guest's."""
        root = vmm(self.total) + self.total.domain
        return root / max(1, self.total.guest)


def minus(after, before):
    return Counts(*(a - b for a, b in zip(after, before)))


def plain(exits):
    """Those in which no domain ran."""
    return [e for e in exits if not e.counts.domain]


TITLE = f"{'':14}{'exits':>8}{'mean':>9}{'median':>8}{'min':>8}{'max':>9}" \
    f"{'net':>8}{'with domain':>13}{'ring 3':>9}"


def line(title, exits):
    """A row below TITLE: instructions of the VMM's ring 0 for one exit, over
    those in which no domain ran; of these net/'s mean; how many others there
    were, and what their domains executed on average."""
    own = plain(exits)
    others = [e.counts.domain for e in exits if e.counts.domain]
    costs = [vmm(e.counts) for e in own]
    row = f"{title:14}{len(own):8}"
    if own:
        row += f"{statistics.mean(costs):9.0f}" \
            f"{statistics.median(costs):8.0f}{min(costs):8}{max(costs):9}" \
            f"{statistics.mean(e.counts.net for e in own):8.0f}"
    else:
        row += f"{'-':>9}{'-':>8}{'-':>8}{'-':>9}{'-':>8}"
    return row + f"{len(others):13}" + \
        (f"{statistics.mean(others):9.0f}" if others else f"{'-':>9}")
