// SPDX-License-Identifier: MIT
/*
 * Properties that tests read and write over QMP (qom-get, qom-set) while the
 * machine runs: counters c-*, violations per rule v-*, link state, and the
 * injected faults.
 */
#include "bcm57xx.h"
#include "qom/object.h"

static const struct {
	const char *name;
	size_t offset;
} counters[] = {
#define X(counter) { #counter, offsetof(struct bcm_counters, counter) },
	BCM_COUNTERS(X)
#undef X
};

static const char *const rule_names[RULES] = {
#define X(id, name) [RULE_##id] = name,
	BCM_RULES(X)
#undef X
};

static bool get_false(Object *obj, Error **errp)
{
	return false;
}

static void set_clear(Object *obj, bool value, Error **errp)
{
	BcmNic *nic = BCM5722(obj);

	if (!value)
		return;
	memset(&nic->count, 0, sizeof(nic->count));
	memset(nic->violations, 0, sizeof(nic->violations));
}

static bool get_link(Object *obj, Error **errp)
{
	return BCM5722(obj)->link;
}

/* Each fault: a getter, a setter, and what its end sets going. */
static void tx_may_go_on(BcmNic *nic)
{
	bcm_tx_kick(nic);
}

static void reset_may_end(BcmNic *nic)
{
	if (nic->reset_stuck || !nic->held_in_reset)
		return;
	nic->held_in_reset = false;
	bcm_sram_boot(nic);
}

static void status_may_go_on(BcmNic *nic)
{
	if (!nic->no_status_dma)
		bcm_status_update(nic, true);
}

#define FAULT(field, after)						\
static bool get_##field(Object *obj, Error **errp)			\
{									\
	return BCM5722(obj)->field;					\
}									\
									\
static void set_##field(Object *obj, bool value, Error **errp)		\
{									\
	BcmNic *nic = BCM5722(obj);					\
									\
	nic->field = value;						\
	if (DEVICE(obj)->realized)					\
		after(nic);						\
}

FAULT(fault_tx_stop, tx_may_go_on)
FAULT(fault_tx_hang, tx_may_go_on)
FAULT(reset_stuck, reset_may_end)
FAULT(no_status_dma, status_may_go_on)

static void add_counter(Object *obj, const char *prefix, const char *name,
			uint64_t *value)
{
	g_autofree char *property = g_strconcat(prefix, name, NULL);

	g_strdelimit(property, "_", '-');
	object_property_add_uint64_ptr(obj, property, value, OBJ_PROP_FLAG_READ);
}

void bcm_counters_init(Object *obj)
{
	BcmNic *nic = BCM5722(obj);

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		add_counter(obj, "c-", counters[i].name, (uint64_t *)
			    ((char *)&nic->count + counters[i].offset));
	for (size_t i = 0; i < RULES; i++)
		add_counter(obj, "v-", rule_names[i], &nic->violations[i]);
	object_property_add_bool(obj, "link", get_link, NULL);
	object_property_add_bool(obj, "clear-counters", get_false, set_clear);
	object_property_add_bool(obj, "fault-tx-stop", get_fault_tx_stop,
				 set_fault_tx_stop);
	object_property_add_bool(obj, "fault-tx-hang", get_fault_tx_hang,
				 set_fault_tx_hang);
	object_property_add_bool(obj, "reset-stuck", get_reset_stuck,
				 set_reset_stuck);
	object_property_add_bool(obj, "no-status-dma", get_no_status_dma,
				 set_no_status_dma);
}
