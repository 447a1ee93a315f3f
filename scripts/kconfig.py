#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reads, checks and writes the build configuration.

Usage: kconfig.py COMMAND [ARGUMENT], from the top folder, with KCONFIG_CONFIG
naming the .config file.

    defconfig FILE      a new .config from configs/FILE
    olddefconfig        new symbols get their defaults
    savedefconfig FILE  only what differs from the defaults
    publicconfig FILE   all of it but for what is secret
    listnewconfig       symbols the .config does not know yet
    generate DIR        DIR/autoconf.h for C, DIR/auto.conf for make,
                        DIR/digest.h, a number for all of it,
                        DIR/symbols.h, all symbols as a table, and a file for
                        each symbol, newer if its value changed
    allnoconfig, allyesconfig, alldefconfig
                        a new .config: as little and as much as can be, the
                        defaults
    randconfig [SEED]   a new .config of random values that fit together
    oldconfig, menuconfig, guiconfig
                        Kconfiglib's own front ends; nconfig is menuconfig

Kconfig knows numbers, ranges and strings. What it does not know, such as the
form of an IP address, is checked here each time a configuration is read: a bad
value is refused with the symbol, the value and what was expected.
"""

import hashlib
import ipaddress
import os
import random
import re
import sys

try:
    import kconfiglib
except ImportError:
    sys.exit("kconfig.py: python3-kconfiglib is missing: run scripts/setup")


def is_host(address):
    """As core/conf/value.c: not of a net, this host or a group."""
    first = int(address) >> 24
    return first not in (0, 127) and first < 224


def check_address(value):
    try:
        good = is_host(ipaddress.IPv4Address(value))
    except ValueError:
        good = False
    return None if good else "an IPv4 address, such as 192.168.0.50"


def check_gateway(value):
    return None if value == "0.0.0.0" else check_address(value)


def check_netmask(value):
    wanted = "an IPv4 netmask, ones then zeros, such as 255.255.255.0"
    try:
        bits = int(ipaddress.IPv4Address(value))
    except ValueError:
        return wanted
    inverse = bits ^ 0xFFFFFFFF
    return None if bits and not inverse & (inverse + 1) else wanted


def check_dns(value):
    addresses = [part.strip(" ") for part in value.split(",")]
    if value in ("", "0.0.0.0"):
        return None
    if len(addresses) <= 2 and not any(map(check_address, addresses)):
        return None
    return "one or two IPv4 addresses, such as 10.0.2.3,10.0.2.4"


def is_host_name(text):
    """As lib/hostname.c: no address in any form is a name."""
    label = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    return re.fullmatch(rf"({label}[.])*(?=[a-zA-Z]){label}", text)


def check_receiver(value):
    if value in ("", "0.0.0.0"):
        return None
    try:
        address = ipaddress.ip_address(value)
        good = is_host(address) if address.version == 4 else \
            not address.is_multicast and not set(".%") & set(value) and \
            value != "::"
    except ValueError:
        good = is_host_name(value)
    return None if good and len(value) <= 127 else \
        "an IP address or a host name, such as log.example.net"


def check_mac(value):
    wanted = 'shared, own or a unicast MAC address, such as 02:12:34:56:78:9a'
    if value in ("shared", "own"):
        return None
    if not re.fullmatch("[0-9a-f]{2}(:[0-9a-f]{2}){5}", value):
        return wanted
    number = int(value.replace(":", ""), 16)
    return None if number and not number >> 40 & 1 else wanted


def check_bindings(value):
    if not value.isascii() or not value.isprintable():
        return "printable ASCII characters"
    if len(value) > 255:
        return "at most 255 characters"
    return None


def check_path(value):
    if not value:
        return None
    fits = (value[0] in "\\/" and value.isascii() and
            value.isprintable() and '"' not in value and len(value) < 128)
    return None if fits else ("a program's path, such as "
                              r"\EFI\debian\shimx64.efi, or nothing")


def check_block(value):
    return None if int(value) % 2 == 0 else "an even number"


def check_key(value):
    wanted = "12 to 64 printable ASCII characters without blanks"
    fits = 12 <= len(value) <= 64 and all("!" <= c <= "~" for c in value)
    return None if fits else wanted


def check_hash(value):
    fits = len(value) < 192 and all("!" <= c <= "~" for c in value)
    return None if not value or (fits and ":" in value) else \
        "what scripts/tandem-passwd makes, with : in the place of $"


def check_fingerprint(value):
    fits = re.fullmatch("([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}", value)
    return None if not value or fits else \
        "the SHA-256 of a certificate, 64 hexadecimal digits"


CHECKS = {
    "VMM_MEMORY_MIB": check_block,
    "IP_ADDRESS": check_address,
    "IP_NETMASK": check_netmask,
    "IP_GATEWAY": check_gateway,
    "IP_DNS": check_dns,
    "IP_MAC": check_mac,
    "SNTP_SERVER": check_receiver,
    "SYSLOG_ADDRESS": check_receiver,
    "SYSLOG_FINGERPRINT": check_fingerprint,
    "PCI_BINDINGS": check_bindings,
    "DEBUG_KEY": check_key,
    "BOOT_NEXT": check_path,
    "MGMT_PASSWORD": check_hash,
    "MGMT_PASSWORD_READ": check_hash,
}

# Texts that are not to be shown, and not for the image either: generate() puts
# a digest in the place of each, but for those that are digests.
HASHES = ("MGMT_PASSWORD", "MGMT_PASSWORD_READ")
SECRET = re.compile(r"(^|_)(KEY|SECRET|PASSWORD)(_|$)")
DIGEST_ROUNDS = 16
DIGEST_ITERATIONS = 256

NUMBER_BASE = {kconfiglib.INT: 10, kconfiglib.HEX: 16}


def is_secret(sym):
    return sym.orig_type == kconfiglib.STRING and SECRET.search(sym.name)


def range_text(sym):
    for low, high, condition in sym.ranges:
        if kconfiglib.expr_value(condition):
            return f"a number from {low.str_value} to {high.str_value}"
    return "a number"


def problems(kconf):
    """What is wrong with the configuration just read, one line each."""
    for warning in kconf.warnings:
        # A symbol that has gone since the .config was written does no harm.
        if "undefined symbol" in warning:
            print(f"kconfig.py: {warning}", file=sys.stderr)
        elif "outside" not in warning:      # ranges are named below
            yield warning
    for sym in kconf.unique_defined_syms:
        if sym.visibility == 0:
            continue
        base = NUMBER_BASE.get(sym.orig_type)
        if base and sym.user_value is not None:
            if int(sym.user_value, base) != int(sym.str_value, base):
                yield (f"CONFIG_{sym.name}={sym.user_value}: "
                       f"expected {range_text(sym)}")
        shown = "..." if is_secret(sym) else sym.str_value
        if sym.orig_type == kconfiglib.STRING and "$" in sym.str_value:
            yield f'CONFIG_{sym.name}="{shown}": "$" cannot be used'
        wanted = CHECKS.get(sym.name, lambda value: None)(sym.str_value)
        if wanted:
            yield f'CONFIG_{sym.name}="{shown}": expected {wanted}'


def load(path=None):
    """The configuration from path (default: the .config), checked."""
    kconf = kconfiglib.Kconfig("Kconfig", warn_to_stderr=False,
                               suppress_traceback=True)
    kconf.warn_assign_override = False
    path = path or kconfiglib.standard_config_filename()
    kconf.load_config(path)
    found = list(problems(kconf))
    for line in found:
        print(f"{path}: {line}", file=sys.stderr)
    if found:
        sys.exit(1)
    return kconf


def set_bools(kconf, value):
    """Each yes-no symbol that a person may change, as far as that goes."""
    for sym in kconf.unique_defined_syms:
        if sym.orig_type == kconfiglib.BOOL and not sym.choice:
            sym.set_value(value)


def set_random(kconf, chance):
    """Numbers at the ends of their ranges or their defaults: what lies
    between is like these."""
    symbols = list(kconf.unique_defined_syms)
    chance.shuffle(symbols)
    for sym in symbols:
        if sym.name in HASHES:
            sym.set_value(chance.choice(("", "a:hash:of:nothing")))
        elif is_secret(sym):
            sym.set_value("a-key-of-no-worth")
        elif sym.orig_type == kconfiglib.BOOL:
            sym.set_value(chance.choice((0, 2)))
        elif sym.orig_type in NUMBER_BASE and sym.ranges:
            low, high, _ = sym.ranges[0]
            sym.set_value(chance.choice(
                (low.str_value, high.str_value, sym.str_value)))


def new_config(command, seed):
    kconf = kconfiglib.Kconfig("Kconfig", warn_to_stderr=False,
                               suppress_traceback=True)
    if command == "allnoconfig":
        set_bools(kconf, 0)
    elif command == "allyesconfig":
        set_bools(kconf, 2)
    elif command == "randconfig":
        seed = seed or str(random.randrange(1 << 32))
        print(f"randconfig: seed {seed}")
        set_random(kconf, random.Random(seed))
    print(kconf.write_config())


def write_changed(path, text):
    try:
        with open(path, encoding="utf-8") as f:
            if f.read() == text:
                return
    except OSError:
        pass
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def digest(kconf):
    """What tells one configuration from another, for the VMM's version."""
    text = "".join(f"{sym.name}={sym.str_value}\n"
                   for sym in kconf.unique_defined_syms)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def key_digest(key):
    """What the VMM compares in the place of a key, in hexadecimal. The
    domain makes the same of what is typed (domains/debug/key.c), in rounds,
    between which it lets others run."""
    value = key.encode("ascii")
    for _ in range(DIGEST_ROUNDS):
        value = hashlib.pbkdf2_hmac("sha256", value, b"Tandem debug",
                                    DIGEST_ITERATIONS)
    return value.hex()


SYMBOLS_HEAD = """/* Made by make from the Kconfig files and the configuration. */
/*
 * X(symbol, dotted name without a unit, built: 1 or 0, chosen: 1 if it is not
 * Kconfig's default, lowest, highest, value as text); lowest and highest are of
 * numbers, 0 elsewhere.
 */
#define CONFIG_SYMBOLS(X)"""


def symbol_range(sym):
    """Lowest and highest value of a number."""
    base = NUMBER_BASE.get(sym.orig_type)
    if not base:
        return 0, 0
    for low, high, condition in sym.ranges:
        if kconfiglib.expr_value(condition):
            return int(low.str_value, base), int(high.str_value, base)
    return 0, 0xFFFFFFFF


# Values that are made of a choice, and stand for it.
OF_CHOICES = ("IP_MODE",)


def symbol_line(sym):
    name = sym.name.lower().replace("_", ".")
    for unit in (".mib", ".kib", ".ms"):
        name = name.removesuffix(unit)
    low, high = symbol_range(sym)
    shown = sym.name in HASHES or not is_secret(sym)
    value = sym.str_value if shown else "..."
    value = value.replace("\\", "\\\\").replace('"', '\\"')
    built = sym.visibility > 0 or (sym.name in OF_CHOICES and
                                   kconfiglib.expr_value(sym.direct_dep) > 0)
    return (f'\tX({sym.name}, "{name}", {int(built)}, '
            f'{int(not is_default(sym))}, '
            f'{low:#x}, {high:#x}, "{value}")')


def decided_by(sym):
    """What a person sets for it: the choice that it is of, or itself."""
    if sym.name in OF_CHOICES:
        _, condition = sym.defaults[0]
        sym = next(item for item in kconfiglib.expr_items(condition)
                   if item.choice)
    return sym.choice or sym


def is_default(sym):
    """Would it be the same without the .config, as the others are now?"""
    item, value = decided_by(sym), sym.str_value
    if isinstance(item, kconfiglib.Choice):
        set_again, chosen = item.user_selection, 2
    else:
        set_again, chosen = item, item.user_value
    if set_again is None or chosen is None:
        return True
    item.unset_value()
    same = sym.str_value == value
    set_again.set_value(chosen)
    return same


def generate(directory):
    kconf = load()
    for sym in filter(is_secret, kconf.unique_defined_syms):
        if sym.visibility and sym.name not in HASHES:
            sym.set_value(key_digest(sym.str_value))
    os.makedirs(directory, exist_ok=True)
    write_changed(os.path.join(directory, "digest.h"),
                  "/* Made by make from the configuration. */\n"
                  f'#define CONFIG_DIGEST "{digest(kconf)}"\n')
    kconf.write_autoconf(os.path.join(directory, "autoconf.h"),
                         "/* Made by make from the configuration. */\n")
    # auto.conf, and a file per symbol that is touched if its value changed
    kconf.sync_deps(directory)
    symbols = map(symbol_line, kconf.unique_defined_syms)
    write_changed(os.path.join(directory, "symbols.h"),
                  " \\\n".join((SYMBOLS_HEAD, *symbols)) + "\n")


def main():
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    argument = sys.argv[2] if len(sys.argv) > 2 else None
    os.makedirs(os.path.dirname(kconfiglib.standard_config_filename()) or ".",
                exist_ok=True)
    if command == "nconfig":
        command = "menuconfig"
    if command in ("oldconfig", "menuconfig", "guiconfig"):
        module = __import__(command)
        sys.argv = [command, "Kconfig"]
        (getattr(module, "main", None) or module._main)()
        load()
    elif command == "defconfig" and argument:
        if not os.path.exists(f"configs/{argument}"):
            names = ", ".join(sorted(os.listdir("configs")))
            sys.exit(f"kconfig.py: no configs/{argument}; there are: {names}")
        print(load(f"configs/{argument}").write_config())
    elif command in ("allnoconfig", "allyesconfig", "alldefconfig",
                     "randconfig"):
        new_config(command, argument)
    elif command == "olddefconfig":
        print(load().write_config())
    elif command == "savedefconfig" and argument:
        print(load().write_min_config(argument))
    elif command == "publicconfig" and argument:
        kconf = load()
        for sym in filter(is_secret, kconf.unique_defined_syms):
            sym.unset_value()
        kconf.write_config(argument)
    elif command == "listnewconfig":
        for sym in load().unique_defined_syms:
            if sym.user_value is None and sym.visibility:
                print(sym.config_string, end="")
    elif command == "generate" and argument:
        generate(argument)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
