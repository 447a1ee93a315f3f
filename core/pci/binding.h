/* SPDX-License-Identifier: MIT */
/*
 * The "pci=" string: which driver takes which device (docs/design.md, section 7).
 * No dependency on the core: the VMM, the loader and host programs use it.
 *
 *	[selector=value, ...,] driver=NAME [, option=value ...] [, and, ...]
 */
#ifndef CORE_PCI_BINDING_H
#define CORE_PCI_BINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BINDING_TEXT_MAX	512
#define BINDING_RULES		8
#define BINDING_NAME_MAX	31	/* characters of a driver name */
#define BINDING_PAIRS		8

/* What selectors look at. */
struct binding_device {
	uint8_t bus, slot, function;
	uint16_t vendor, device, subsystem_vendor, subsystem_device;
	uint32_t class_code;		/* 24 bits */
	uint8_t revision, header_type;
};

struct binding_pair {
	const char *key, *value;
	unsigned int column;		/* of the key, from 1 */
};

struct binding_rule {
	const char *driver;
	unsigned int driver_column;
	/* n-th match only; negative: all of them */
	int number;
	unsigned int n_selectors, n_options;
	struct binding_pair selector[BINDING_PAIRS];
	struct binding_pair option[BINDING_PAIRS];
};

struct binding_set {
	unsigned int n_rules;
	struct binding_rule rule[BINDING_RULES];
	char text[BINDING_TEXT_MAX];	/* where keys and values point */
};

struct binding_error {
	unsigned int column;		/* from 1 */
	char what[96];			/* what is wrong, what was expected */
};

/*
 * Parse text into set, which holds copies of all strings. 0, or -EINVAL or
 * -E2BIG with *error filled. An empty text is a set without rules.
 */
int binding_parse(const char *text, struct binding_set *set,
		  struct binding_error *error);

/*
 * Whether d is what the rule's selectors describe (number aside). listed(name,
 * d, arg) tells whether driver name's own list has the device: asked for
 * device=NAME, and for the rule's driver when it has no other selector.
 */
bool binding_match(const struct binding_rule *r, const struct binding_device *d,
		   bool (*listed)(const char *driver,
				  const struct binding_device *d, void *arg),
		   void *arg);

/*
 * The rule that decides on d, the first that fits; NULL: none. To be called
 * for all devices in bus order: seen counts each rule's matches, zero before
 * the first call, so that number= means the same whatever other rules take.
 */
const struct binding_rule *binding_decide(
	const struct binding_set *set, const struct binding_device *d,
	unsigned int seen[BINDING_RULES],
	bool (*listed)(const char *driver, const struct binding_device *d,
		       void *arg),
	void *arg);

#endif
