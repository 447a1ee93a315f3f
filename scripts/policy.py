#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The policy as the sources have it, and docs/policy.md.

The page's tables of MSRs and CPUID are made from the tables in the code:
`scripts/policy.py --write` does it. Those of ports, memory and configuration
space are written by hand and name every trap that the code has. scripts/check
calls problems(); tests/system/test_policy.py takes masks() and msrs().
"""

import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
PAGE = "docs/policy.md"
REGISTERS = ("eax", "ebx", "ecx", "edx")
WORDS = {"PASS": "passes", "REFUSE": "refused", "ZERO": "zero",
         "IGNORE": "ignored", "EMULATE": "emulated",
         "FORWARD": "passes, by the VMM"}
ANY = 0xffffffff


def text(name):
    return (TOP / name).read_text()


def number(word):
    """A C expression of BIT()s, |, and numbers."""
    value = 0
    for part in word.split("|"):
        bit = re.fullmatch(r"BIT\((\d+)\)", part.strip())
        named = {"ALL": ANY, "ANY": ANY}
        value |= 1 << int(bit[1]) if bit else \
            named.get(part.strip()) or int(part.strip().rstrip("u"), 0)
    return value


def reason(strings):
    return "".join(re.findall(r'"([^"]*)"', strings))


def table(source, start):
    """The text of an array's initialiser."""
    return text(source).split(start, 1)[1].split("\n};", 1)[0]


def msrs():
    """(first, last, name, read, write, why), as core/x86/svm/msr_policy.c."""
    names = {}
    for header in ("core/x86/regs.h", "core/x86/msrs.h"):
        names.update(re.findall(r"#define (MSR_\w+)\s+(0x[0-9a-f]+)",
                                text(header)))
    body = table("core/x86/svm/msr_policy.c", "msr_policy[] = {")
    rows = re.findall(r'\{ (MSR_\w+), (\w+), MSR_(\w+), MSR_(\w+),\s*'
                      r'((?:"[^"]*"\s*)+)\}', body)
    assert len(rows) == len(re.findall(r"\{ ", body)), "msr_policy.c: a row " \
        "that is not understood"
    return [(int(names[n], 16), int(names[n], 16) + int(more, 0),
             n.removeprefix("MSR_"), read, write, reason(why))
            for n, more, read, write, why in rows]


def masks():
    """(leaf, subleaf, the bits that are clear by register, why)."""
    body = table("core/x86/svm/cpuid.c", "masks[] = {")
    rows = re.findall(r'\{ (0x\w+), (\w+), ([^"]*?),\s*((?:"[^"]*"\s*)+)\}',
                      body)
    assert len(rows) == len(re.findall(r"\{ ", body)), "cpuid.c: a row " \
        "that is not understood"
    leaves = [int(leaf, 16) for leaf, *_ in rows]
    assert leaves == sorted(leaves), "cpuid.c: leaves are not in order"
    return [(int(leaf, 16), number(subleaf),
             [number(w) for w in words.split(",")], reason(why))
            for leaf, subleaf, words, why in rows]


def traps():
    """The names of all traps: {"port": {...}, "mmio": {...}}."""
    found = {"port": set(), "mmio": set()}
    for folder in ("core", "net"):
        for path in sorted((TOP / folder).rglob("*.c")):
            for kind, name in re.findall(
                    r'struct (port|mmio)_trap[)\s\w=]*\{[^}]*?'
                    r'\.name\s*=\s*"([^"]+)"', path.read_text()):
                found[kind].add(name)
    return found


# ---- the page ----

def bits(value):
    if value == ANY:
        return "all"
    said, bit = [], 0
    while value >> bit:
        if value >> bit & 1:
            last = bit
            while value >> (last + 1) & 1:
                last += 1
            said.append(f"{bit}" if last == bit else f"{bit}-{last}")
            bit = last
        bit += 1
    return ", ".join(said)


def msr_lines():
    yield "| MSR | name | read | write | why |"
    yield "| --- | --- | --- | --- | --- |"
    for first, last, name, read, write, why in msrs():
        place = f"`{first:#x}`" + (f" to `{last:#x}`" if last != first else "")
        yield f"| {place} | {name} | {WORDS[read]} | {WORDS[write]} | {why} |"


def cpuid_lines():
    yield "| leaf | subleaf | bits that read as 0 | why |"
    yield "| --- | --- | --- | --- |"
    for leaf, subleaf, cleared, why in masks():
        said = "all" if cleared == [ANY] * 4 else "; ".join(
            f"{r} {bits(v)}" for r, v in zip(REGISTERS, cleared) if v)
        which = "any" if subleaf == ANY else str(subleaf)
        yield f"| `{leaf:#x}` | {which} | {said} | {why} |"


MADE = {"MSRs": msr_lines, "CPUID": cpuid_lines}


def with_tables(page):
    """The page with what is made from the code."""
    for name, lines in MADE.items():
        mark = f"<!-- {name}: scripts/policy.py --write -->\n"
        before, rest = page.split(mark)
        end = rest.index("\n\n")
        page = before + mark + "\n".join(lines()) + rest[end:]
    return page


def problems():
    page = text(PAGE)
    if with_tables(page) != page:
        yield f"{PAGE}: differs from the code, run scripts/policy.py --write"
    for kind, title in (("port", "I/O ports"), ("mmio", "Memory")):
        part = page.split(f"\n## {title}", 1)[1].split("\n## ", 1)[0]
        named = set(re.findall(r"^\| [^|]* \| `([^`]+)` \|", part, re.M))
        for name in sorted(traps()[kind] ^ named):
            where = "the page's table" if name in named else "the code"
            yield f"{PAGE}: {title}: {name!r} is in {where} only"


def main():
    if sys.argv[1:] == ["--write"]:
        page = text(PAGE)
        (TOP / PAGE).write_text(with_tables(page))
    found = list(problems())
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
