/* SPDX-License-Identifier: MIT */
/*
 * shellclient: a debug shell client made from the contract of VMM calls alone
 * (docs/vmmcall.md), as other hypervisors of the family have one: it shares no
 * code with guest/. Standard input goes to the shell byte by byte as it asks,
 * its output to standard output.
 */
#include <unistd.h>

static const char name[] = "dbgsh";

static int vmm(long rax, long rbx)
{
	__asm__ volatile("vmmcall" : "+a"(rax) : "b"(rbx) : "memory");
	return (int)rax;
}

int main(void)
{
	int number = vmm(0, (long)name);
	int input = -1, output;
	unsigned char byte;

	if (number == 0)
		return 1;
	for (;;) {
		output = vmm(number, input);
		input = -1;
		if (output == 0x10a)
			return 0;
		if (output == 0) {
			if (read(STDIN_FILENO, &byte, 1) != 1)
				return 2;
			input = byte;
		} else if (output > 0) {
			byte = (unsigned char)output;
			if (write(STDOUT_FILENO, &byte, 1) != 1)
				return 3;
		}
	}
}
