// SPDX-License-Identifier: MIT
/*
 * tandem-log: the VMM's log in the kernel log of the guest. The VMM call
 * log_set_buf (docs/vmmcall.md) gives the VMM pages of ours, into which it
 * copies each line of its log from then on; they are emptied a few times a
 * second.
 *
 * The licence of the text is MIT; MODULE_LICENSE has the kernel's name for it.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/reboot.h>
#include <linux/string.h>
#include <linux/suspend.h>
#include <linux/workqueue.h>
#include <asm/asm.h>
#include <asm/processor.h>

#define COUNT_SIZE	4u		/* the count in front of the ring */
#define LINE_MAX	256
#define GET_NUMBER	0

static unsigned int buffer_kib = 64;
module_param(buffer_kib, uint, 0444);
MODULE_PARM_DESC(buffer_kib, "size of the buffer in KiB, 4 to 1024 (64)");

static unsigned int poll_ms = 200;
module_param(poll_ms, uint, 0444);
MODULE_PARM_DESC(poll_ms, "time between two looks, 10 to 10000 ms (200)");

static bool vmmcall_is_amd;
static long function;			/* number of log_set_buf */
static void *buffer;
static unsigned int buffer_order;
static u32 ring_size, position;
static bool is_set;			/* the VMM has the buffer */

static char line[LINE_MAX];
static size_t line_len;

static void collect_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(work, collect_work);

/* ---- VMM calls ---- */

/*
 * One call. Without a VMM the instruction is an invalid one, and some
 * hypervisors answer it by a page fault: either goes on here, with rax as it
 * was, and is no oops.
 */
#define CALL(instruction, rax, rbx, rcx)				\
	asm volatile("1:	" instruction "\n"			\
		     "2:\n"						\
		     _ASM_EXTABLE(1b, 2b)				\
		     : "+a"(rax) : "b"(rbx), "c"(rcx)			\
		     : "memory")

/*
 * A refused GET_NUMBER gives 0, as does a name that nobody has: both mean that
 * there is no log for us.
 */
static long call(long number, unsigned long rbx, unsigned long rcx)
{
	if (vmmcall_is_amd)
		CALL("vmmcall", number, rbx, rcx);
	else
		CALL("vmcall", number, rbx, rcx);
	return number;
}

/* The number of log_set_buf, or -ENODEV. */
static long find_function(void)
{
	static const char name[] = "log_set_buf";
	bool amd = boot_cpu_data.x86_vendor == X86_VENDOR_AMD ||
		boot_cpu_data.x86_vendor == X86_VENDOR_HYGON;
	int number, i;

	for (i = 0; i < 2; i++) {
		vmmcall_is_amd = i ? !amd : amd;
		number = (int)call(GET_NUMBER, (unsigned long)name, 0);
		/* Other hypervisors answer with an error, below 0. */
		if (number > 0)
			return number;
	}
	return -ENODEV;
}

/* ---- lines ---- */

/* "[    1.234567] warning: text": how the VMM marks what matters. */
static bool has_mark(const char *text, const char *mark)
{
	const char *at = strstr(text, "] ");

	return at && !strncmp(at + 2, mark, strlen(mark));
}

static void print_line(void)
{
	line[line_len] = '\0';
	line_len = 0;
	if (has_mark(line, "error: "))
		pr_err("tandem: %s\n", line);
	else if (has_mark(line, "warning: "))
		pr_warn("tandem: %s\n", line);
	else
		pr_info("tandem: %s\n", line);
}

static void take(char c)
{
	if (c == '\n') {
		print_line();
		return;
	}
	if (line_len == LINE_MAX - 1)
		print_line();
	line[line_len++] = c >= ' ' && c < 0x7f ? c : '?';
}

/* ---- when the VMM has the buffer ---- */

/* From now on; the VMM begins at the ring's start. */
static void register_buffer(void)
{
	memset(buffer, 0, COUNT_SIZE);
	position = 0;
	line_len = 0;
	call(function, virt_to_phys(buffer), ring_size + COUNT_SIZE);
}

static void unregister_buffer(void)
{
	call(function, 0, 0);
}

/*
 * Print what is waiting. The VMM adds to the count at the same time: its
 * instruction and ours must both be locked, also in a kernel that has taken
 * its own locks out since it sees one CPU.
 */
static void collect(void)
{
	u32 *count = buffer, i;
	u32 waiting = smp_load_acquire(count);

	if (waiting > ring_size) {
		pr_err("tandem-log: somebody wrote to the buffer: %u bytes of %u; it is set up anew\n",
		       waiting, ring_size);
		unregister_buffer();
		if (is_set)
			register_buffer();
		return;
	}
	for (i = 0; i < waiting; i++) {
		take(((char *)buffer + COUNT_SIZE)[position]);
		position = (position + 1) % ring_size;
	}
	asm volatile("lock; subl %1, %0" : "+m"(*count) : "r"(waiting)
		     : "memory", "cc");
}

static void collect_work(struct work_struct *unused)
{
	collect();
	queue_delayed_work(system_unbound_wq, &work,
			   msecs_to_jiffies(poll_ms));
}

static void start(void)
{
	register_buffer();
	is_set = true;
	queue_delayed_work(system_unbound_wq, &work, 0);
}

/* The buffer is ours alone again; what was waiting is printed. */
static void stop(void)
{
	if (!is_set)
		return;
	is_set = false;
	cancel_delayed_work_sync(&work);
	unregister_buffer();
	collect();
}

/* Another kernel, by kexec for one, has other plans for these pages. */
static int on_reboot(struct notifier_block *block, unsigned long event,
		     void *data)
{
	stop();
	return NOTIFY_DONE;
}

/*
 * A hibernated kernel comes back above a VMM that was started anew; and what
 * the VMM writes while pages are saved would not fit together.
 */
static int on_sleep(struct notifier_block *block, unsigned long event,
		    void *data)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		stop();
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		start();
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block reboot_block = { .notifier_call = on_reboot };
static struct notifier_block sleep_block = { .notifier_call = on_sleep };

/* ---- the module ---- */

static int __init tandem_log_init(void)
{
	int e;

	if (buffer_kib < 4 || buffer_kib > 1024 || poll_ms < 10 ||
	    poll_ms > 10000) {
		pr_err("tandem-log: expected buffer_kib from 4 to 1024 and poll_ms from 10 to 10000\n");
		return -EINVAL;
	}
	function = find_function();
	if (function < 0) {
		pr_info("tandem-log: there is no VMM beneath this system that gives its log\n");
		return (int)function;
	}
	buffer_order = get_order(buffer_kib * 1024);
	buffer = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO,
					  buffer_order);
	if (!buffer)
		return -ENOMEM;
	ring_size = buffer_kib * 1024 - COUNT_SIZE;
	e = register_reboot_notifier(&reboot_block);
	if (e)
		goto err_pages;
	e = register_pm_notifier(&sleep_block);
	if (e)
		goto err_reboot;
	start();
	return 0;

err_reboot:
	unregister_reboot_notifier(&reboot_block);
err_pages:
	free_pages((unsigned long)buffer, buffer_order);
	return e;
}

static void __exit tandem_log_exit(void)
{
	unregister_pm_notifier(&sleep_block);
	unregister_reboot_notifier(&reboot_block);
	stop();
	free_pages((unsigned long)buffer, buffer_order);
}

module_init(tandem_log_init);
module_exit(tandem_log_exit);
MODULE_DESCRIPTION("Log of the Tandem hypervisor in the kernel log");
MODULE_LICENSE("Dual MIT/GPL");
