#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""docs/api.md from the management service's own description of its API, which
is what the VMM serves and the tests judge answers by. `make docs` writes the
page, scripts/check compares.

Usage: api_docs.py write | check
"""

import json
import sys

SOURCE = "services/mgmt/page/openapi.json"
PAGE = "docs/api.md"
HEAD = f"""<!-- SPDX-License-Identifier: MIT -->
<!-- from {SOURCE}, by make docs -->
# The API of the management service

How to log in and what it is for: docs/management.md.
"""


def last(reference):
    return reference.rsplit("/", 1)[1]


def kind(schema):
    """What a value is, in a few words."""
    if "$ref" in schema:
        name = last(schema["$ref"])
        return f"[{name}](#{name.lower()})"
    for several in ("oneOf", "anyOf"):
        if several in schema:
            return " or ".join(map(kind, schema[several]))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    if schema.get("type") == "object" and "properties" in schema:
        return "object: " + ", ".join(
            f"`{name}` {kind(value)}"
            for name, value in schema["properties"].items())
    words = schema.get("type", "any value")
    low, high = schema.get("minimum"), schema.get("maximum")
    if high is not None:
        words += f", {low if low is not None else '…'} to {high}"
    if "default" in schema:
        words += f" ({json.dumps(schema['default'])})"
    return words


def cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def contents(part):
    """What a body is, with its type unless that is JSON."""
    return ", ".join(kind(value["schema"]) if name == "application/json"
                     else f"`{name}`"
                     for name, value in part.get("content", {}).items())


def operation(method, path, what):
    yield f"## {method.upper()} {path}"
    yield ""
    yield what["summary"].rstrip(".?") + "."
    if "description" in what:
        yield ""
        yield what["description"]
    yield ""
    if what.get("security") == []:
        yield "Open to everybody."
        yield ""
    if what.get("parameters"):
        yield "| parameter | where | values (default) | what |"
        yield "| --- | --- | --- | --- |"
        for p in what["parameters"]:
            yield (f"| `{p['name']}` | {p['in']} | {kind(p['schema'])} | "
                   f"{cell(p.get('description', ''))} |")
        yield ""
    if "requestBody" in what:
        yield f"Body: {contents(what['requestBody'])}."
        yield ""
    yield "| status | what | body |"
    yield "| --- | --- | --- |"
    for status, answer in what["responses"].items():
        yield (f"| {status} | {cell(answer.get('description', ''))} | "
               f"{contents(answer)} |")
    yield ""


def schema_page(name, schema):
    yield f"## {name}"
    yield ""
    if "description" in schema:
        yield schema["description"]
        yield ""
    if "properties" not in schema:
        yield kind(schema)
        yield ""
        return
    needed = schema.get("required", [])
    yield "| member | value | what |"
    yield "| --- | --- | --- |"
    for member, value in schema["properties"].items():
        what = cell(value.get("description", ""))
        if member not in needed:
            what = f"Not always. {what}".strip()
        yield f"| `{member}` | {cell(kind(value))} | {what} |"
    yield ""


def wanted():
    with open(SOURCE, encoding="utf-8") as f:
        api = json.load(f)
    lines = [HEAD]
    for path, methods in api["paths"].items():
        for method, what in methods.items():
            if method != "parameters":
                what = dict(what, parameters=methods.get("parameters", []) +
                            what.get("parameters", []))
                lines += operation(method, path, what)
    lines += ["# Bodies", ""]
    for name, schema in api["components"]["schemas"].items():
        lines += schema_page(name, schema)
    return "\n".join(lines).rstrip() + "\n"


def problems():
    """For scripts/check."""
    try:
        with open(PAGE, encoding="utf-8") as f:
            text = f.read()
    except OSError:
        text = ""
    return [] if text == wanted() else \
        [f"{PAGE}: not what {SOURCE} says: run make docs"]


def main():
    if sys.argv[1:] == ["write"]:
        with open(PAGE, "w", encoding="utf-8") as f:
            f.write(wanted())
    elif sys.argv[1:] == ["check"]:
        found = problems()
        print("\n".join(found), end="\n" if found else "")
        sys.exit(1 if found else 0)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
