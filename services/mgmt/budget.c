/* SPDX-License-Identifier: MIT */
/* Computing time for handshakes, see budget.h. */
#include "budget.h"

bool budget_left(struct budget *b, uint64_t now)
{
	uint64_t back = (now - b->at) / BUDGET_PART;

	b->spent = back >= (uint64_t)b->spent ? 0 : b->spent - (int64_t)back;
	/* what was rounded off is not lost */
	b->at += back * BUDGET_PART;
	return b->spent < BUDGET_ADVANCE_US;
}

void budget_spend(struct budget *b, uint64_t us)
{
	b->spent += (int64_t)us;
}
