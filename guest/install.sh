#!/bin/sh
# SPDX-License-Identifier: MIT
#
# install.sh BUILD PREFIX RELEASE: what make install-guest does. Puts the
# guest's programs, their manuals, the call library and the source of the
# kernel module below $DESTDIR, which may be empty.

set -eu

cd "$(dirname "$0")"
build=$1 prefix=$2 release=$(echo "$3" | tr / -)
to=${DESTDIR:-}$prefix
source=${DESTDIR:-}/usr/src/tandem-log-$release

put()		# MODE FILE FOLDER [NAME]
{
	install -D -m "$1" "$2" "$3/${4:-$(basename "$2")}"
}

for program in dbgsh tandem-status; do
	put 755 "$build/guest/$program" "$to/bin"
done
put 644 "$build/guest-tools/libcall_vmm.a" "$to/lib"
put 644 common/call_vmm.h "$to/include"
for page in */*.[0-9]; do
	put 644 "$page" "$to/share/man/man${page##*.}"
done
put 644 dbgsh/dbgsh.bash "$to/share/bash-completion/completions" dbgsh
for file in tandem-log.c Makefile dkms.conf; do
	put 644 "tandem-log/$file" "$source"
done
sed -i "s/#MODULE_VERSION#/$release/" "$source/dkms.conf"
