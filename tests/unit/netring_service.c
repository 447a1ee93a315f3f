// SPDX-License-Identifier: MIT
/*
 * net/stack/service.c as it is, a way to its backend, which only the linker's
 * tables of the VMM name, and what is simple of the rest of the VMM.
 */
#include "../../net/stack/service.c"

int netring_create(struct net_port *p);

uint64_t random64(void)
{
	static uint64_t last;

	return last += 0x9e3779b97f4a7c15;
}

uint64_t time_slept(void)
{
	return 0;
}

int netring_create(struct net_port *p)
{
	return stack_backend.create(p, NULL);
}

struct conf tandem_conf = {
	.number[CONF_ECHO_PORT] = 7,
};

bool frame_copy(const struct frame *f, uint32_t offset, void *dst,
		uint32_t len)
{
	if (offset > f->len || len > f->len - offset)
		return false;
	memcpy(dst, (uint8_t *)f->segment[0].virt + offset, len);
	return true;
}

void net_report_text(struct net_report *r, const char *name, const char *fmt,
		     ...)
{
}

void net_report_count(struct net_report *r, const char *name, uint64_t value)
{
}

const char *smbios_serial(void)
{
	return "";
}
