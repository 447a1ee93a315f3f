// SPDX-License-Identifier: MIT
/*
 * vmmpeek: a module for the guest's Linux that reads and writes every page of
 * the VMM block. What can a guest kernel, with all its rights, see or change
 * there?
 *
 *	insmod vmmpeek.ko base=0x3f000000 pages=2048
 *
 * Says in the kernel's log, "vmmpeek: N pages, M seen, K kept": of how many
 * pages a word read as anything but zeros or ones, and in how many a word that
 * was written could be read back. A handful of words are tried in each page,
 * since each access is one the VMM carries out. Loading fails with -ECANCELED,
 * so that there is nothing to unload.
 */
#include <linux/io.h>
#include <linux/module.h>

#define PATTERN		0x5a5aa5a5c3c33c3cull
#define WORDS		(PAGE_SIZE / sizeof(u64))

static ulong base;
module_param(base, ulong, 0);
MODULE_PARM_DESC(base, "physical address to begin at");

static ulong pages;
module_param(pages, ulong, 0);
MODULE_PARM_DESC(pages, "number of pages to try");

static const unsigned int words[] = { 0, 1, 63, 170, 256, 384, WORDS - 1 };

static bool seen(void __iomem *page)
{
	unsigned int i;
	u64 word;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		word = readq(page + words[i] * sizeof(word));
		if (word != 0 && word != ~0ull)
			return true;
	}
	return false;
}

static bool kept(void __iomem *page)
{
	unsigned int i;
	bool same = false;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		writeq(PATTERN, page + words[i] * sizeof(u64));
	for (i = 0; i < ARRAY_SIZE(words); i++)
		same |= readq(page + words[i] * sizeof(u64)) == PATTERN;
	return same;
}

static int __init vmmpeek_init(void)
{
	ulong i, n_seen = 0, n_kept = 0;
	void __iomem *page;

	for (i = 0; i < pages; i++) {
		page = ioremap(base + i * PAGE_SIZE, PAGE_SIZE);
		if (!page) {
			pr_err("vmmpeek: page %lu cannot be mapped\n", i);
			return -ENOMEM;
		}
		n_seen += seen(page);
		n_kept += kept(page);
		iounmap(page);
		cond_resched();
	}
	pr_alert("vmmpeek: %lu pages, %lu seen, %lu kept\n", pages, n_seen,
		 n_kept);
	return -ECANCELED;
}
module_init(vmmpeek_init);

MODULE_DESCRIPTION("Reads and writes the memory of a VMM below, in vain");
MODULE_LICENSE("Dual MIT/GPL");
