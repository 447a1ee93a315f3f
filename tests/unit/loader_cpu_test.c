/* SPDX-License-Identifier: MIT */
/*
 * On which CPUs does the loader not even try? The emulator has no CPU with
 * SVM switched off by the firmware, or with 5-level paging and SVM, so that
 * these are tested here.
 */
#include "cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int checks;

static void judged(struct cpu_facts facts, const char *because)
{
	const char *why = cpu_judge(&facts);

	if (because ? !why || !strstr(why, because) : why != NULL) {
		printf("wanted %s, got %s\n", because ? because : "yes",
		       why ? why : "yes");
		exit(1);
	}
	checks++;
}

int main(void)
{
	const struct cpu_facts good = {
		.extended_leaf = 0x8000001e, .features = 0xffffffff,
		.svm_features = 1, .vm_cr = 0, .cr4 = 0x668,
	};
	struct cpu_facts f = good;

	judged(good, NULL);
	f.features = ~(1u << 2);
	judged(f, "no AMD SVM");
	f = good;
	f.extended_leaf = 0x80000008;
	judged(f, "no AMD SVM");
	f = good;
	f.svm_features = ~1u;
	judged(f, "no nested paging");
	f = good;
	f.vm_cr = 1 << 3 | 1 << 4;	/* LOCK, SVMDIS */
	judged(f, "disabled");
	f.vm_cr = 1 << 4;
	judged(f, "disabled");
	f.vm_cr = 1 << 3;
	judged(f, NULL);
	f = good;
	f.cr4 |= 1 << 12;
	judged(f, "5-level");
	printf("%u checks\n", checks);
	return 0;
}
