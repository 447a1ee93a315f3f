// SPDX-License-Identifier: MIT
/*
 * For how long does netd take an address for the guest's, whatever lease a
 * server, or who claims to be one, has told?
 */
#include "../../net/stack/lwip/stack.h"
#include "check.h"

#define IP		0x0a02000a
#define HOUR		3600
#define FOREVER		0xffffffff

static unsigned int checks;
static struct stack_guest_lease lease;

static void nobody_has_anything_before_it_was_seen(void)
{
	CHECK(!stack_guest_lease_is(&lease, IP, 0));
	CHECK(!stack_guest_lease_is(&lease, 0, 0));
}

static void a_short_lease_counts_for_its_time(void)
{
	stack_guest_lease_seen(&lease, IP, 60, 1000);
	CHECK(stack_guest_lease_is(&lease, IP, 1059));
	CHECK(!stack_guest_lease_is(&lease, IP, 1060));
	CHECK(!stack_guest_lease_is(&lease, IP + 1, 1000));
	stack_guest_lease_seen(&lease, IP, 0, 1000);
	CHECK(!stack_guest_lease_is(&lease, IP, 1000));
}

static void an_endless_one_counts_for_an_hour_from_when_it_was_last_seen(void)
{
	static const uint32_t told[] = { HOUR, HOUR + 1, 86400, FOREVER - 1000,
					 FOREVER - 1, FOREVER };

	for (unsigned int i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		stack_guest_lease_seen(&lease, IP, told[i], 1000);
		CHECK(stack_guest_lease_is(&lease, IP, 1000 + HOUR - 1));
		CHECK(!stack_guest_lease_is(&lease, IP, 1000 + HOUR));
		stack_guest_lease_seen(&lease, IP, told[i], 2000);
		CHECK(stack_guest_lease_is(&lease, IP, 2000 + HOUR - 1));
		CHECK(!stack_guest_lease_is(&lease, IP, 2000 + HOUR));
	}
}

static void what_nobody_can_have_seen_does_not_count(void)
{
	struct stack_guest_lease wild = { .address = IP, .until = FOREVER };

	CHECK(!stack_guest_lease_is(&wild, IP, 1000));
	wild.until = 1000 + HOUR + 1;
	CHECK(!stack_guest_lease_is(&wild, IP, 1000));
	CHECK(stack_guest_lease_is(&wild, IP, 1001));
}

int main(void)
{
	nobody_has_anything_before_it_was_seen();
	a_short_lease_counts_for_its_time();
	an_endless_one_counts_for_an_hour_from_when_it_was_last_seen();
	what_nobody_can_have_seen_does_not_count();
	printf("net_guest_lease: %u checks\n", checks);
	return 0;
}
