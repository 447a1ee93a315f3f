/* SPDX-License-Identifier: MIT */
/*
 * The log's serial port (16550 UART), output only, 115200 8N1. It belongs to
 * the VMM: the guest sees an idle UART there, for some firmware polls a port
 * that reads as all ones for ever.
 */
#include "log.h"
#include "x86/regs.h"

#include <tandem/conf.h>
#include <tandem/init.h>
#include <tandem/trap.h>

#define UART_THR	0
#define UART_DLL	0
#define UART_DLM	1
#define UART_IER	1
#define UART_FCR	2
#define UART_LCR	3
#define UART_MCR	4
#define UART_LSR	5
#define UART_SCR	7
#define LCR_8N1		0x03
#define LCR_DLAB	0x80
#define LSR_THRE	0x20
#define LSR_TEMT	0x40
#define DIVISOR_115200	1
/* a character takes 87 us at 115200; give up on a UART that never empties */
#define TX_POLLS	100000

static bool present;
static uint16_t base;		/* log.serial_port */

static void uart_write(unsigned int reg, uint8_t v)
{
	outb(base + reg, v);
}

void serial_init(void)
{
	base = (uint16_t)tandem_conf.number[CONF_LOG_SERIAL_PORT];
	if (!base)
		return;
	uart_write(UART_SCR, 0x5a);
	if (inb(base + UART_SCR) != 0x5a)
		return;
	uart_write(UART_IER, 0);
	uart_write(UART_LCR, LCR_8N1 | LCR_DLAB);
	uart_write(UART_DLL, DIVISOR_115200);
	uart_write(UART_DLM, 0);
	uart_write(UART_LCR, LCR_8N1);
	uart_write(UART_FCR, 1);
	uart_write(UART_MCR, 3);
	present = true;
}

static void put(char c)
{
	for (unsigned int i = 0; i < TX_POLLS; i++) {
		if (inb(base + UART_LSR) & LSR_THRE) {
			uart_write(UART_THR, c);
			return;
		}
		__builtin_ia32_pause();
	}
	present = false;
}

void serial_write(const char *text, size_t len)
{
	for (size_t i = 0; present && i < len; i++) {
		if (text[i] == '\n')
			put('\r');
		put(text[i]);
	}
}

/* An access of several bytes has the registers that follow in its upper ones. */
static uint32_t idle_read(void *ctx __unused, uint16_t port, unsigned int size)
{
	unsigned int byte = base + UART_LSR - port;

	return byte < size ? (uint32_t)(LSR_THRE | LSR_TEMT) << 8 * byte : 0;
}

static void idle_write(void *ctx __unused, uint16_t port __unused,
		       unsigned int size __unused, uint32_t value __unused)
{
}

static struct port_trap hidden_uart = {
	.name = "log UART",
	.read = idle_read,
	.write = idle_write,
};

static int serial_hide(void)
{
	hidden_uart.first = base;
	hidden_uart.last = base + 7;
	return present ? port_trap_add(&hidden_uart) : 0;
}
INITCALL(INIT_CORE, serial_hide);

static void serial_wake(bool lost)
{
	if (lost && present)
		serial_init();
}
POWER_HOOK(INIT_CORE, NULL, serial_wake);
