/* SPDX-License-Identifier: MIT */
/* Text input and output on descriptors 0 and 1; see domain/tty.h. */
#include <abi/dbgsh.h>
#include <domain/syscall.h>
#include <domain/tty.h>
#include <errno.h>
#include <stdio.h>

static char out[512];
static size_t out_len;

void tty_flush(void)
{
	struct msg_buf buf = { .base = out, .len = (uint32_t)out_len };

	if (out_len == 0)
		return;
	out_len = 0;
	if (msgsendbuf(TTY_OUT, 0, &buf, 1) < 0)
		exitprocess(1);		/* the session is over */
}

void tty_putc(int c)
{
	out[out_len++] = (char)c;
	if (out_len == sizeof(out))
		tty_flush();
}

void tty_write(const char *text, size_t len)
{
	size_t part;

	while (len > 0) {
		part = sizeof(out) - out_len;
		if (part > len)
			part = len;
		memcpy(out + out_len, text, part);
		out_len += part;
		text += part;
		len -= part;
		if (out_len == sizeof(out))
			tty_flush();
	}
}

void printf(const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	tty_write(text, (size_t)len < sizeof(text) ? (size_t)len
						   : sizeof(text) - 1);
}

static int given_back = -1;

void tty_ungetc(int byte)
{
	given_back = byte;
}

int tty_getc(void)
{
	int byte = given_back;

	if (byte >= 0) {
		given_back = -1;
		return byte;
	}
	tty_flush();
	byte = msgsendint(TTY_IN, DBGSH_READ);
	if (byte < 0)
		exitprocess(1);
	return byte & 0xff;
}

int tty_typed(void)
{
	int byte = given_back;

	given_back = -1;
	if (byte >= 0)
		return byte;
	tty_flush();
	byte = msgsendint(TTY_IN, DBGSH_READ_NOW);
	if (byte == -EAGAIN)
		return -1;
	if (byte < 0)
		exitprocess(1);
	return byte & 0xff;
}

static line_words words;

void tty_set_words(line_words fn)
{
	words = fn;
}

int tty_readline(const char *prompt, char *buf, size_t size, bool echo)
{
	static struct line_memory memory;
	static bool after_cr;
	struct line line = {
		.buf = buf, .size = size, .quiet = !echo, .prompt = prompt,
		.out = tty_write, .memory = &memory, .words = words,
	};
	enum line_event event;
	int byte;

	line_start(&line);
	do {
		byte = tty_getc();
		event = LINE_MORE;
		/* CR LF is one Enter */
		if (byte != '\n' || !after_cr)
			event = line_input(&line, (uint8_t)byte);
		after_cr = byte == '\r';
	} while (event == LINE_MORE);
	tty_flush();

	if (event == LINE_CANCEL)
		return -ECANCELED;
	if (event == LINE_END)
		return -EPIPE;
	/* with echo the user sees what there is of it */
	if (!echo && line.lost)
		return -E2BIG;
	if (echo)
		line_remember(&memory, buf);
	return (int)line.len;
}
