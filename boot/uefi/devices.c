/* SPDX-License-Identifier: MIT */
/*
 * Goes through the PCI functions that the firmware knows (PCI I/O protocol,
 * UEFI 2.10, 14.4) and disconnects its drivers from those that Tandem will
 * drive, so that no two drivers work one device. The firmware then sees what
 * the VMM shows at that place, and may bind a driver to that.
 */
#include "devices.h"
#include "console.h"

#include <efi.h>
#include <efipciio.h>

#include <stdbool.h>
#include <string.h>

#include "../../core/pci/binding.h"

#define MAX_FUNCTIONS	256	/* that are looked at, in bus order */

struct function {
	EFI_HANDLE handle;
	EFI_PCI_IO_PROTOCOL *pci;
	struct binding_device is;
};

static struct function function[MAX_FUNCTIONS];
static struct binding_set rules;

/* ---- which devices ------------------------------------------------------- */

/* For binding_match: is d in the driver's list in the image? */
static bool listed(const char *driver, const struct binding_device *d,
		   void *arg)
{
	return elf_lists(arg, driver, d->vendor, d->device);
}

/* As the VMM does it: the first rule that fits decides. */
static bool is_bound(const struct elf_image *image,
		     const struct binding_device *d, unsigned int *seen)
{
	const struct binding_rule *r =
		binding_decide(&rules, d, seen, listed, (void *)image);

	return r && elf_has_driver(image, r->driver);
}

/* What selectors look at; false if the VMM would not see the function. */
static bool describe(EFI_PCI_IO_PROTOCOL *pci, struct binding_device *d)
{
	UINTN segment, bus, slot, number;
	uint8_t config[64];

	if (EFI_ERROR(pci->GetLocation(pci, &segment, &bus, &slot, &number)) ||
	    segment != 0 ||
	    EFI_ERROR(pci->Pci.Read(pci, EfiPciIoWidthUint8, 0,
				    sizeof(config), config)))
		return false;
	*d = (struct binding_device){
		.bus = bus, .slot = slot, .function = number,
		.revision = config[PCI_CLASS_REVISION],
		.class_code = config[PCI_CLASS_REVISION + 1] |
			      config[PCI_CLASS_REVISION + 2] << 8 |
			      config[PCI_CLASS_REVISION + 3] << 16,
		.header_type = config[PCI_HEADER_TYPE],
	};
	memcpy(&d->vendor, config + PCI_VENDOR_ID, 2);
	memcpy(&d->device, config + PCI_DEVICE_ID, 2);
	memcpy(&d->subsystem_vendor, config + PCI_SUBSYSTEM_VENDOR_ID, 2);
	memcpy(&d->subsystem_device, config + PCI_SUBSYSTEM_ID, 2);
	return true;
}

static unsigned int position(const struct binding_device *d)
{
	return d->bus << 8 | d->slot << 3 | d->function;
}

/* Fills in function[], sorted. Returns how many there are. */
static unsigned int find_functions(EFI_BOOT_SERVICES *bs)
{
	static EFI_GUID pci_io_guid = EFI_PCI_IO_PROTOCOL_GUID;
	EFI_HANDLE *handles;
	unsigned int found = 0;
	UINTN n;

	if (EFI_ERROR(bs->LocateHandleBuffer(ByProtocol, &pci_io_guid, NULL,
					     &n, &handles)))
		return 0;
	for (UINTN i = 0; i < n && found < MAX_FUNCTIONS; i++) {
		struct function f = { .handle = handles[i] };
		unsigned int at = found;

		if (EFI_ERROR(bs->HandleProtocol(f.handle, &pci_io_guid,
						 (void **)&f.pci)) ||
		    !describe(f.pci, &f.is))
			continue;
		for (; at > 0 && position(&function[at - 1].is) >
				 position(&f.is); at--)
			function[at] = function[at - 1];
		function[at] = f;
		found++;
	}
	bs->FreePool(handles);
	return found;
}

/* ---- taking them --------------------------------------------------------- */

/*
 * Who uses the protocols of a handle: calls f for each controller that was
 * opened with one of these attributes. Returns how many there were.
 */
static unsigned int for_each_user(EFI_BOOT_SERVICES *bs, EFI_HANDLE handle,
				  UINT32 attributes,
				  void (*f)(EFI_BOOT_SERVICES *bs,
					    EFI_HANDLE user))
{
	EFI_GUID **protocols;
	UINTN n;
	unsigned int found = 0;

	if (EFI_ERROR(bs->ProtocolsPerHandle(handle, &protocols, &n)))
		return 0;
	for (UINTN i = 0; i < n; i++) {
		EFI_OPEN_PROTOCOL_INFORMATION_ENTRY *users;
		UINTN n_users;

		if (EFI_ERROR(bs->OpenProtocolInformation(handle, protocols[i],
							  &users, &n_users)))
			continue;
		for (UINTN j = 0; j < n_users; j++) {
			if (!(users[j].Attributes & attributes))
				continue;
			found++;
			if (f)
				f(bs, users[j].ControllerHandle);
		}
		bs->FreePool(users);
	}
	bs->FreePool(protocols);
	return found;
}

static void disconnect(EFI_BOOT_SERVICES *bs, EFI_HANDLE handle)
{
	/* the status says little; whoever still drives it is counted later */
	bs->DisconnectController(handle, NULL, NULL);
}

/*
 * What the driver built on the device (a network card's protocol stack) goes
 * first: OVMF's drivers do not stop while their children are in use.
 */
static EFI_STATUS take(EFI_BOOT_SERVICES *bs, const struct function *f,
		       struct taken_devices *taken)
{
	if (taken->n == MAX_TAKEN)
		return refuse(EFI_OUT_OF_RESOURCES,
			      "more than %u devices are bound", MAX_TAKEN);
	taken->handle[taken->n++] = f->handle;
	for_each_user(bs, f->handle, EFI_OPEN_PROTOCOL_BY_CHILD_CONTROLLER,
		      disconnect);
	disconnect(bs, f->handle);
	if (for_each_user(bs, f->handle, EFI_OPEN_PROTOCOL_BY_DRIVER,
			  NULL) == 0)
		return EFI_SUCCESS;
	return refuse(EFI_ACCESS_DENIED,
		      "the firmware does not let go of device %02x:%02x.%u",
		      f->is.bus, f->is.slot, f->is.function);
}

EFI_STATUS devices_take(EFI_BOOT_SERVICES *bs, const struct elf_image *image,
			const char *bindings, struct taken_devices *taken)
{
	struct binding_error error;
	unsigned int seen[BINDING_RULES] = { 0 };
	EFI_STATUS status = EFI_SUCCESS;
	unsigned int n;

	taken->n = 0;
	if (binding_parse(bindings, &rules, &error) < 0)
		return EFI_SUCCESS;
	n = find_functions(bs);
	for (unsigned int i = 0; i < n && !EFI_ERROR(status); i++)
		if (is_bound(image, &function[i].is, seen))
			status = take(bs, &function[i], taken);
	if (EFI_ERROR(status))
		devices_give_back(bs, taken);
	return status;
}

void devices_give_back(EFI_BOOT_SERVICES *bs, struct taken_devices *taken)
{
	while (taken->n > 0)
		bs->ConnectController(taken->handle[--taken->n], NULL, NULL,
				      TRUE);
}
