/* SPDX-License-Identifier: MIT */
/* The seeds of a fuzz target as files (fuzz.h). */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char path[4096];

	if (*argc != 3 || strcmp((*argv)[1], "--seeds"))
		return 0;
	for (unsigned int i = 0; fuzz_seeds[i].bytes; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/seed-%02u", (*argv)[2], i);
		file = fopen(path, "w");
		if (!file || fwrite(fuzz_seeds[i].bytes, 1, fuzz_seeds[i].size,
				    file) != fuzz_seeds[i].size ||
		    fclose(file)) {
			perror(path);
			exit(1);
		}
	}
	exit(0);
}
