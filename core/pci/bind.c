/* SPDX-License-Identifier: MIT */
/*
 * Applies the "pci=" string: for each device the first rule that fits decides.
 * Whatever is wrong with the string or with a device, the guest gets the
 * hardware as it is and the log says why.
 */
#include "binding.h"
#include "config.h"

#include <stdio.h>
#include <string.h>
#define LOG_PREFIX "pci: "
#include <tandem/conf.h>
#include <tandem/init.h>
#include <tandem/log.h>
#include <tandem/mem.h>

extern const struct pci_driver *const table_pci_driver_start[];
extern const struct pci_driver *const table_pci_driver_end[];
extern const struct pci_id table_pci_id_start[], table_pci_id_end[];

static struct binding_set rules;

static bool listed(const char *driver, const struct binding_device *d,
		   void *arg __unused)
{
	for (const struct pci_id *i = table_pci_id_start; i < table_pci_id_end;
	     i++)
		if (i->vendor == d->vendor && i->device == d->device &&
		    !strncmp(i->driver, driver, sizeof(i->driver)))
			return true;
	return false;
}

static const struct pci_driver *driver_find(const char *name)
{
	for (const struct pci_driver *const *d = table_pci_driver_start;
	     d < table_pci_driver_end; d++)
		if (!strcmp((*d)->name, name))
			return *d;
	return NULL;
}

const char *pci_option_get(const struct pci_binding *b, const char *key,
			   const char *fallback)
{
	for (unsigned int i = 0; i < b->n_options; i++)
		if (!strcmp(b->option[i].key, key))
			return b->option[i].value;
	return fallback;
}

/* Names that no driver has, whether or not there is a device for them. */
static void check_rules(void)
{
	char known[64] = "none, conceal";
	size_t n = strlen(known);

	for (const struct pci_driver *const *d = table_pci_driver_start;
	     d < table_pci_driver_end && n < sizeof(known); d++)
		n += (size_t)snprintf(known + n, sizeof(known) - n, ", %s",
				      (*d)->name);
	for (unsigned int i = 0; i < rules.n_rules; i++) {
		const struct binding_rule *r = &rules.rule[i];

		if (strcmp(r->driver, "none") &&
		    strcmp(r->driver, "conceal") &&
		    !driver_find(r->driver))
			log_error("pci= column %u: unknown driver \"%s\", "
				  "expected %s; its devices stay as they are",
				  r->driver_column, r->driver, known);
	}
}

static bool options_known(const struct pci_driver *drv,
			  const struct binding_rule *r)
{
	for (unsigned int i = 0; i < r->n_options; i++) {
		const char *const *o = drv->options;

		while (o && *o && strcmp(*o, r->option[i].key))
			o++;
		if (o && *o)
			continue;
		log_error("pci= column %u: driver %s has no option \"%s\"",
			  r->option[i].column, drv->name, r->option[i].key);
		return false;
	}
	return true;
}

/* Firmware may not have let a device through that it does not use. */
static void open_bridges(const struct pci_device *d)
{
	for (struct pci_device *p = d->parent; p; p = p->parent)
		pci_config_write(p, PCI_COMMAND, 2,
				 pci_config_read(p, PCI_COMMAND, 2) |
				 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void bind_driver(struct pci_device *d, const struct binding_rule *r)
{
	const struct pci_driver *drv = driver_find(r->driver);
	struct pci_binding b = { .driver = r->driver };
	char name[8];
	int e;

	if (!drv || !options_known(drv, r))
		return;		/* check_rules() or options_known() said why */
	for (unsigned int i = 0; i < r->n_options; i++)
		b.option[b.n_options++] = (struct pci_option){
			r->option[i].key, r->option[i].value };
	open_bridges(d);
	pci_size_bars(d);
	e = drv->probe(d, &b);
	if (e < 0) {
		log_error("%s: driver %s failed (%d); the guest gets the "
			  "device", pci_name(d, name), drv->name, e);
		return;
	}
	d->driver = drv;
	for (struct pci_device *p = d->parent; p; p = p->parent)
		if (pci_shield_bridge(p) < 0)
			log_warn("%s: bridge above it cannot be shielded",
				 pci_name(d, name));
}

static void apply(struct pci_device *d, const struct binding_rule *r)
{
	char name[8];

	if (!strcmp(r->driver, "none")) {
		log_info("%s: left alone", pci_name(d, name));
	} else if (!strcmp(r->driver, "conceal")) {
		log_info("%s: %s", pci_name(d, name),
			 pci_conceal(d) < 0 ? "cannot be concealed" :
			 "concealed");
	} else {
		bind_driver(d, r);
	}
}

static struct binding_device describe(const struct pci_device *d)
{
	return (struct binding_device){
		d->bus, d->slot, d->function, d->vendor, d->device,
		d->subsystem_vendor, d->subsystem_device, d->class_code,
		d->revision, d->header_type,
	};
}

static void bind_all(void)
{
	unsigned int seen[BINDING_RULES] = { 0 };

	for (struct pci_device *d = pci_next(NULL); d; d = pci_next(d)) {
		struct binding_device b = describe(d);
		const struct binding_rule *r =
			binding_decide(&rules, &b, seen, listed, NULL);

		if (r)
			apply(d, r);
	}
	for (unsigned int i = 0; i < rules.n_rules; i++) {
		int number = rules.rule[i].number;

		if (!seen[i] || (number >= 0 && seen[i] <= (unsigned int)number))
			log_warn("pci= rule %u (driver %s): no such device",
				 i + 1, rules.rule[i].driver);
	}
}

static int pci_bind(void)
{
	struct binding_error error;
	int e = binding_parse(tandem_conf.pci, &rules, &error);

	if (e < 0) {
		log_error("pci= column %u: %s; no device is bound",
			  error.column, error.what);
		return 0;
	}
	check_rules();
	bind_all();
	return 0;
}
INITCALL(INIT_DRIVER, pci_bind);
