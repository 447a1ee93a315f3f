/* SPDX-License-Identifier: MIT */
/*
 * The length and the bytes of an instruction that exited, by what the CPU saves
 * in the VMCB and by what is in memory; the TLB flushed for the guest alone.
 */
#include "../../core/x86/svm/svm.h"
#include "../../core/x86/emulate.h"

#include <string.h>

static unsigned int checks;
#include "check.h"

static struct vmcb b;
static struct svm_vcpu svm = { .vmcb = &b };
static struct vcpu v = { .svm = &svm };
static uint8_t memory[INSN_MAX];
static size_t readable;
static unsigned int fetches;

uint32_t svm_features;

size_t emulate_fetch(struct vcpu *vcpu __unused, uint8_t bytes[INSN_MAX],
		     unsigned int *bits)
{
	fetches++;
	*bits = 64;
	memcpy(bytes, memory, readable);
	return readable;
}

static unsigned int length(const char *bytes, size_t n, unsigned int opcode)
{
	memset(memory, 0, sizeof(memory));
	memcpy(memory, bytes, n);
	readable = n;
	fetches = 0;
	return svm_insn_length(&v, opcode);
}

#define LENGTH(bytes, opcode) length(bytes, sizeof(bytes) - 1, opcode)

static void without_next_rip_prefixes_count(void)
{
	svm_features = SVM_NP;
	b.rip = 0x1000;
	b.next_rip = 0x100f;		/* says nothing then */
	CHECK(LENGTH("\x0f\xa2", 2) == 2);
	CHECK(LENGTH("\x48\x0f\xa2", 2) == 3);
	CHECK(LENGTH("\xf3\xf4", 1) == 2);
	CHECK(LENGTH("\x66\x67\x2e\x3e\x26\x36\x64\x65\xf2\x4f\x0f\x01\xd9",
		     3) == 13);
	CHECK(fetches == 1);
	/* the page has been taken away */
	CHECK(length("", 0, 2) == 2);
}

static void a_lock_prefix_makes_it_none(void)
{
	svm_features = SVM_NP;
	CHECK(LENGTH("\xf0\x0f\xa2", 2) == 0);
	CHECK(LENGTH("\x66\xf0\xf4", 1) == 0);
}

static void a_saved_next_rip_spares_the_fetch(void)
{
	svm_features = SVM_NP | SVM_NRIPS;
	b.rip = 0xfffffffffffffffe;
	b.next_rip = 1;
	CHECK(LENGTH("\x0f\xa2", 2) == 3);
	CHECK(fetches == 0);
}

static void saved_bytes_are_those_of_a_page_fault_alone(void)
{
	uint8_t bytes[INSN_MAX];

	svm_features = SVM_NP;
	b.exitcode = EXIT_NPF;
	b.n_bytes = INSN_MAX;
	memset(b.bytes, 0x5a, sizeof(b.bytes));
	CHECK(vcpu_fetched(&v, bytes) == 0);
	svm_features |= SVM_DECODE_ASSISTS;
	CHECK(vcpu_fetched(&v, bytes) == INSN_MAX);
	CHECK(!memcmp(bytes, b.bytes, INSN_MAX));
	b.n_bytes = 3;			/* at the end of a page */
	CHECK(vcpu_fetched(&v, bytes) == 0);
	b.n_bytes = INSN_MAX;
	b.exitcode = EXIT_IOIO;
	CHECK(vcpu_fetched(&v, bytes) == 0);
}

static void the_tlb_is_flushed_for_the_guest_where_that_is_possible(void)
{
	svm_features = SVM_NP;
	svm_flush_tlb(&b);
	CHECK(b.tlb_control == TLB_FLUSH_ALL);
	svm_features |= SVM_FLUSH_BY_ASID;
	svm_flush_tlb(&b);
	CHECK(b.tlb_control == TLB_FLUSH_GUEST);
}

int main(void)
{
	without_next_rip_prefixes_count();
	a_lock_prefix_makes_it_none();
	a_saved_next_rip_spares_the_fetch();
	saved_bytes_are_those_of_a_page_fault_alone();
	the_tlb_is_flushed_for_the_guest_where_that_is_possible();
	printf("%u checks\n", checks);
	return 0;
}
