/* SPDX-License-Identifier: MIT */
/*
 * By this section shim tells which generation of a program it is, and refuses
 * those that have been revoked (SBAT.md of shim): a line for the format, one
 * for each component. Our number rises when a release must not be started
 * under Secure Boot any more.
 */
#include <config/release.h>

__attribute__((section(".sbat"), aligned(4096), used))
static const char sbat[] =
	"sbat,1,SBAT Version,sbat,1,"
	"https://github.com/rhboot/shim/blob/main/SBAT.md\n"
	"tandem,1,Tandem,tandem," TANDEM_RELEASE ",docs/security.md\n";
