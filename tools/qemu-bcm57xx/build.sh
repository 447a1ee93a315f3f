#!/bin/sh
# SPDX-License-Identifier: MIT
#
# build.sh OUTDIR: builds the bench NIC, OUTDIR/bcm57xx.so, for the QEMU that
# is installed.
#
# A device outside of QEMU's tree needs QEMU's headers exactly as they were
# when the installed binary was built, so they come from the source package of
# that binary's own version. They, the headers generated from QEMU's QAPI
# schema, and GLib's headers are kept in the cache, in a folder named after
# that version; nothing is installed. build.sh --fetch only fills the cache.

set -eu

[ $# -eq 1 ] || { echo "usage: $0 OUTDIR | --fetch" >&2; exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
scripts=$here/../../scripts
cache=${TANDEM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tandem}

fail()
{
	echo "qemu-bcm57xx: $*" >&2
	exit 1
}

# shellcheck disable=SC2016
version=$(dpkg-query -W -f '${source:Version}' qemu-system-x86 2>/dev/null) ||
	fail "the package qemu-system-x86 is not installed"
headers=$cache/src/qemu-headers-${version#*:}

# Unpacks the source, keeps the few folders that hold headers or make them.
fetch_qemu()
{
	files=$cache/src/files
	mkdir -p "$files"
	dsc=$files/qemu_${version#*:}.dsc
	"$scripts/fetch-source" qemu "$version" "$files" ||
		fail "the source package qemu $version is missing: its files" \
			"belong into $files"
	dpkg-source --no-check --no-copy -x "$dsc" "$1/source" \
		>"$1/unpack.log" 2>&1 ||
		fail "cannot unpack $dsc: $(tail -n 1 "$1/unpack.log")"
	for folder in include linux-headers; do
		mv "$1/source/$folder" "$1/$folder"
	done
	python3 "$1/source/scripts/qapi-gen.py" -o "$1/generated/qapi" \
		-b "$1/source/qapi/qapi-schema.json" ||
		fail "qapi-gen.py failed"
	rm -rf "$1/source"
}

# What QEMU's configure would have found out, as far as headers ask for it.
write_config()
{
	for option in POSIX LINUX INT128 IOVEC MODULES TCG; do
		echo "#define CONFIG_$option 1"
	done >"$1/generated/config-host.h"
	: >"$1/generated/config-poison.h"
}

fetch_glib()
{
	(
		cd "$1"
		apt-get -qq -o APT::Sandbox::User=root download libglib2.0-dev
		dpkg-deb -x libglib2.0-dev_*.deb glib
		rm -rf libglib2.0-dev_*.deb glib/usr/share
	) || fail "the package libglib2.0-dev cannot be downloaded"
}

if [ ! -f "$headers/.complete" ]; then
	new=$headers.new.$$
	rm -rf "$new"
	trap 'rm -rf "$new"' EXIT
	mkdir -p "$new/generated"
	fetch_qemu "$new"
	write_config "$new"
	fetch_glib "$new"
	touch "$new/.complete"
	rm -rf "$headers"
	mv "$new" "$headers"
fi
[ "$1" != --fetch ] || exit 0

out=$1
mkdir -p "$out"
glib=$headers/glib/usr
# Hidden visibility: QEMU's binary exports its own symbols, and a function of
# ours with one of their names would otherwise be replaced silently.
# shellcheck disable=SC2086
${HOSTCC:-gcc} -std=gnu11 -O2 -g -fPIC -shared -fvisibility=hidden \
	-Wall -Wextra -Wno-unused-parameter -Wno-sign-compare ${WERROR:+-Werror} \
	-Wno-missing-field-initializers \
	-D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_LARGEFILE_SOURCE \
	-isystem "$headers/generated" -isystem "$headers/include" \
	-isystem "$headers/linux-headers" -isystem "$glib/include/glib-2.0" \
	-isystem "$glib/lib/x86_64-linux-gnu/glib-2.0/include" \
	-iquote "$here" \
	-o "$out/bcm57xx.so.new" "$here"/*.c ||
	fail "compilation failed"
mv "$out/bcm57xx.so.new" "$out/bcm57xx.so"
