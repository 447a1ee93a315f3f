#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The tables of configuration symbols in docs/configuration.md, from the
Kconfig files. `make docs` writes them, scripts/check compares: the page cannot
say what the code does not.

Usage: kconfig_docs.py write | check
"""

import sys

try:
    import kconfiglib
except ImportError:
    sys.exit("kconfig_docs.py: python3-kconfiglib is missing: "
             "run scripts/setup")

PAGE = "docs/configuration.md"
BEGIN = "<!-- from the Kconfig files, by make docs -->"
END = "<!-- end of what make docs writes -->"


def values(item):
    """What a symbol can be, its default in brackets."""
    if isinstance(item, kconfiglib.Choice):
        return f"one of them (`{(item.selection or item.syms[0]).name}`)"
    if item.orig_type == kconfiglib.BOOL:
        return f"y, n ({item.str_value})"
    for low, high, condition in item.ranges:
        if kconfiglib.expr_value(condition):
            return f"{low.str_value} to {high.str_value} ({item.str_value})"
    return f'text ("{item.str_value}")' if item.str_value else "text (none)"


def help_text(node):
    text = " ".join((node.help or "").split()).replace("|", "\\|")
    if isinstance(node.item, kconfiglib.Choice):
        text += "".join(f" `{s.name}` ({s.nodes[0].prompt[0]}): "
                        f"{help_text(s.nodes[0])}"
                        for s in node.item.syms if s.nodes[0].help)
        return text
    needs = kconfiglib.expr_str(node.dep) if node.dep else "y"
    if needs != "y" and not getattr(node.item, "choice", None):
        text += f" Needs `{needs}`."
    return text


def rows(node):
    item = node.item
    if item in (kconfiglib.MENU, kconfiglib.COMMENT) or not node.prompt:
        return
    options = item.syms if isinstance(item, kconfiglib.Choice) else [item]
    names = ", ".join(f"`{sym.name}`" for sym in options)
    yield f"| {names} | {values(item)} | {node.prompt[0]}. {help_text(node)} |"


def walk(node, lines):
    while node:
        if node.item == kconfiglib.MENU:
            lines += ["", f"### {node.prompt[0]}", "",
                      "| symbol | values (default) | what |",
                      "| --- | --- | --- |"]
        else:
            lines += rows(node)
        if node.list and not isinstance(node.item, kconfiglib.Choice):
            walk(node.list, lines)
        node = node.next


def load():
    return kconfiglib.Kconfig("Kconfig", warn_to_stderr=False,
                              suppress_traceback=True)


def wanted():
    lines = []
    walk(load().top_node.list, lines)
    return "\n".join([BEGIN, *lines, "", END])


def page(text):
    """The page with its tables as they should be; None without a place."""
    start, end = text.find(BEGIN), text.find(END)
    if start < 0 or end < 0:
        return None
    return text[:start] + wanted() + text[end + len(END):]


def problems():
    """For scripts/check."""
    with open(PAGE, encoding="utf-8") as f:
        text = f.read()
    made = page(text)
    if made is None:
        return [f"{PAGE}: the lines that mark the tables are gone"]
    if made != text:
        return [f"{PAGE}: not what Kconfig says: run make docs"]
    return [f"{node.filename}:{node.linenr}: {node.prompt[0]}: no help text"
            for node in load().node_iter()
            if node.prompt and not getattr(node, "help", None) and
            isinstance(node.item, (kconfiglib.Symbol, kconfiglib.Choice)) and
            not getattr(node.item, "choice", None)]


def main():
    if sys.argv[1:] == ["write"]:
        with open(PAGE, encoding="utf-8") as f:
            made = page(f.read())
        if made is None:
            sys.exit(f"{PAGE}: the lines that mark the tables are gone")
        with open(PAGE, "w", encoding="utf-8") as f:
            f.write(made)
    elif sys.argv[1:] == ["check"]:
        found = problems()
        print("\n".join(found), end="\n" if found else "")
        sys.exit(1 if found else 0)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
