/* SPDX-License-Identifier: MIT */
/*
 * Spin lock without tickets. docs/design.md, Locks, names all that there are,
 * their order and what else to keep to.
 */
#ifndef TANDEM_SPINLOCK_H
#define TANDEM_SPINLOCK_H

#include <tandem/types.h>

struct spinlock {
	uint32_t held;
};

static inline void spin_lock(struct spinlock *l)
{
	while (__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&l->held, __ATOMIC_RELAXED))
			__builtin_ia32_pause();
}

static inline bool spin_trylock(struct spinlock *l)
{
	return !__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE);
}

static inline void spin_unlock(struct spinlock *l)
{
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}

#endif
