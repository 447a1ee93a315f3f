/* SPDX-License-Identifier: MIT */
/* The machine's serial number, by which its name on the network is made. */
#ifndef TANDEM_SMBIOS_H
#define TANDEM_SMBIOS_H

/* With the end; what is longer loses its beginning. */
#define SMBIOS_SERIAL_MAX	24

/*
 * The system's serial number as part of a host name: letters in lower case,
 * digits, single hyphens within. "": there is none, or one that says nothing.
 * From the first INITCALL on, any context.
 */
const char *smbios_serial(void);

#endif
