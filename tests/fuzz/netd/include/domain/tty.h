/* SPDX-License-Identifier: MIT */
/* In the place of domains/include/domain/tty.h: the host's printf. */
#include <stdio.h>
