# SPDX-License-Identifier: MIT
#
# What an object depends on, from what the compiler says (-MD): the same files,
# but for the header of the whole configuration, and in its place the
# configuration symbols that the sources mention. `make` then compiles again
# what a changed symbol concerns, and nothing else: scripts/kconfig.py touches
# a file for each symbol whose value changed.
#
#	awk -v config=DIR -f scripts/depend.awk FILE.dep >FILE.d

{
	gsub(/\\$/, "")
	colon = index($0, ": ")
	if (target == "" && colon) {
		target = substr($0, 1, colon)
		$0 = substr($0, colon + 1)
	}
	for (i = 1; i <= NF; i++)
		if ($i !~ /:$/ && $i != config "/autoconf.h")
			needed[$i]
}

function symbols_of(file,	line, name) {
	while ((getline line <file) > 0)
		while (match(line, /CONFIG_[A-Z0-9_]+/)) {
			if (RSTART == 1 ||
			    substr(line, RSTART - 1, 1) !~ /[A-Za-z0-9_]/) {
				name = substr(line, RSTART + 7, RLENGTH - 7)
				used[name]
			}
			line = substr(line, RSTART + RLENGTH)
		}
	close(file)
}

END {
	for (file in needed) {
		symbols_of(file)
		print target, file
		# a file that has gone is no error, but a reason to compile
		print file ":"
	}
	for (name in used) {
		path = tolower(name)
		gsub(/_/, "/", path)
		# there is none for a symbol that has never been set
		print target, "$(wildcard " config "/" path ".h)"
	}
}
