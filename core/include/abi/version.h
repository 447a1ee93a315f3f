/* SPDX-License-Identifier: MIT */
/* The answer of the core's handler "version". Text is ended by 0. */
#ifndef ABI_VERSION_H
#define ABI_VERSION_H

struct version_info {
	char release[64];	/* as git describes the tree */
	char compiler[64];
	char config[20];	/* digest of the build's configuration */
};

#endif
