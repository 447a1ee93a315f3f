// SPDX-License-Identifier: MIT
/*
 * logbuf: a module for the guest's Linux that gives the VMM a buffer for its log
 * (VMM call log_set_buf), after it has offered it everything that is none.
 *
 *	insmod logbuf.ko block=0x3d600000 top=0x40000000
 *	cat /sys/module/logbuf/parameters/text		what has come since
 *	echo 1 >/sys/module/logbuf/parameters/buffer	the other buffer; -1: none
 *	echo N >/sys/module/logbuf/parameters/count	say that N bytes wait
 *
 * block: where the VMM is; top: where RAM ends. Says in the kernel's log
 * "logbuf: NAME RESULT" for each offer.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#define ORDER		3
#define SIZE		(PAGE_SIZE << ORDER)
#define COUNT_SIZE	4

static ulong block;
module_param(block, ulong, 0);
static ulong top;
module_param(top, ulong, 0);

static ulong buffers[2];		/* addresses in the kernel */
static u64 number;
static int current_buffer = -1;
static u32 position;

static u64 vmmcall(u64 rax, u64 rbx, u64 rcx)
{
	asm volatile("vmmcall" : "+a"(rax) : "b"(rbx), "c"(rcx) : "memory");
	return rax;
}

static u64 set(u64 phys, u64 size)
{
	return vmmcall(number, phys, size);
}

static int use(int which)
{
	u64 r;

	if (which >= 0)
		memset((void *)buffers[which & 1], 0, SIZE);
	r = which < 0 ? set(0, 0) :
		set(virt_to_phys((void *)buffers[which & 1]), SIZE);
	current_buffer = which < 0 ? -1 : which & 1;
	position = 0;
	return r == 1 ? 0 : -EINVAL;
}

static int text_get(char *to, const struct kernel_param *p)
{
	const char *ring;
	u32 *count, waiting, n;

	if (current_buffer < 0)
		return sprintf(to, "none\n");
	count = (u32 *)buffers[current_buffer];
	ring = (const char *)(count + 1);
	waiting = smp_load_acquire(count);
	n = min_t(u32, waiting, PAGE_SIZE - 1);
	for (u32 i = 0; i < n; i++)
		to[i] = ring[(position + i) % (SIZE - COUNT_SIZE)];
	position = (position + n) % (SIZE - COUNT_SIZE);
	asm volatile("lock subl %1, %0" : "+m"(*count) : "r"(n) : "memory");
	return (int)n;
}

static const struct kernel_param_ops text_ops = { .get = text_get };
module_param_cb(text, &text_ops, NULL, 0400);

static int number_of(const char *text, int *value)
{
	return kstrtoint(text, 0, value);
}

static int buffer_set(const char *text, const struct kernel_param *p)
{
	int which, error = number_of(text, &which);

	return error ? error : use(which);
}

static const struct kernel_param_ops buffer_ops = { .set = buffer_set };
module_param_cb(buffer, &buffer_ops, NULL, 0200);

static int count_set(const char *text, const struct kernel_param *p)
{
	int n, error = number_of(text, &n);

	if (error || current_buffer < 0)
		return error ? error : -EINVAL;
	WRITE_ONCE(*(u32 *)buffers[current_buffer], (u32)n);
	return 0;
}

static const struct kernel_param_ops count_ops = { .set = count_set };
module_param_cb(count, &count_ops, NULL, 0200);

static void say(const char *what, u64 result)
{
	pr_alert("logbuf: %s %llu\n", what, result);
}

/* A second one is RAM up to its last bytes. */
static void offers(u64 good)
{
	say("block", set(block, PAGE_SIZE));
	say("block-end", set(block - PAGE_SIZE, 2 * PAGE_SIZE));
	say("in-block", set(block + 0x100000, 64));
	say("apic", set(0xfee00000, PAGE_SIZE));
	say("ioapic", set(0xfec00000, PAGE_SIZE));
	say("rom", set(0xfffff000, PAGE_SIZE));
	say("video", set(0xa0000, PAGE_SIZE));
	say("top", set(top - PAGE_SIZE, 2 * PAGE_SIZE));
	say("beyond", set(top, PAGE_SIZE));
	say("far", set(1ull << 52, PAGE_SIZE));
	say("wraps", set(~0ull - 3, 64));
	say("wraps-size", set(good, ~0ull));
	say("negative", set(good, 1ull << 63));
	say("unaligned", set(good + 1, PAGE_SIZE));
	say("half-aligned", set(good + 2, PAGE_SIZE));
	say("count-alone", set(good, COUNT_SIZE));
	say("one", set(good, 1));
	say("large", set(good, (1 << 20) + 1));
	say("virtual", set(buffers[0], PAGE_SIZE));
}

static int __init logbuf_init(void)
{
	static const char name[] = "log_set_buf";
	u64 good;

	number = vmmcall(0, (u64)(uintptr_t)name, 0);
	for (int i = 0; i < 2; i++) {
		buffers[i] = __get_free_pages(GFP_KERNEL | __GFP_ZERO, ORDER);
		if (!number || !buffers[i])
			return -ENODEV;
	}
	good = virt_to_phys((void *)buffers[0]);
	say("number", !!number);
	offers(good);
	say("untouched", !memchr_inv((void *)buffers[0], 0, SIZE));
	say("smallest", set(good, COUNT_SIZE + 1));
	say("end", set(good, 0));
	say("end-again", set(~0ull, 0));
	say("good", !use(0));
	/* what is refused now leaves it in use */
	offers(good);
	return 0;
}
module_init(logbuf_init);

static void __exit logbuf_exit(void)
{
	set(0, 0);
	for (int i = 0; i < 2; i++)
		free_pages(buffers[i], ORDER);
}
module_exit(logbuf_exit);

MODULE_DESCRIPTION("Gives a VMM below a buffer for its log");
MODULE_LICENSE("Dual MIT/GPL");
