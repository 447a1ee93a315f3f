/* SPDX-License-Identifier: MIT */
/*
 * Formatted output into a bounded buffer (C11 7.21.6.5), without floating
 * point. The result is always terminated; the return value is the length that
 * an unbounded buffer would have got.
 */
#include <stdio.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct out {
	char *buf;
	size_t size, len;
};

struct spec {
	bool left, zero, plus, space, alt, upper;
	int width, precision;		/* precision -1: none given */
	int size;			/* bytes of an integer argument */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

static void put_string(struct out *o, const struct spec *s, const char *str)
{
	size_t n;

	if (!str)
		str = "(null)";
	n = s->precision < 0 ? strlen(str) : strnlen(str, s->precision);
	if (!s->left)
		pad(o, ' ', s->width - (int)n);
	for (size_t i = 0; i < n; i++)
		put(o, str[i]);
	if (s->left)
		pad(o, ' ', s->width - (int)n);
}

static void put_number(struct out *o, const struct spec *s, uint64_t v,
		       unsigned int base, const char *prefix)
{
	const char *digits = s->upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24];
	int n = 0, zeros, total;

	/* precision 0 shows nothing of a 0 */
	while (v || (!n && s->precision)) {
		text[n++] = digits[v % base];
		v /= base;
	}
	zeros = s->precision > n ? s->precision - n : 0;
	total = (int)strlen(prefix) + zeros + n;
	if (s->zero && !s->left && s->precision < 0 && s->width > total) {
		zeros = s->width - total;
		total = s->width;
	}
	if (!s->left)
		pad(o, ' ', s->width - total);
	while (*prefix)
		put(o, *prefix++);
	pad(o, '0', zeros);
	while (n > 0)
		put(o, text[--n]);
	if (s->left)
		pad(o, ' ', s->width - total);
}

static uint64_t unsigned_arg(va_list *ap, int size)
{
	uint64_t v = size == 8 ? va_arg(*ap, uint64_t)
			       : va_arg(*ap, unsigned int);

	if (size == 1)
		return (uint8_t)v;
	return size == 2 ? (uint16_t)v : v;
}

static int64_t signed_arg(va_list *ap, int size)
{
	int64_t v = size == 8 ? va_arg(*ap, int64_t) : va_arg(*ap, int);

	if (size == 1)
		return (int8_t)v;
	return size == 2 ? (int16_t)v : v;
}

static const char *parse_number(const char *f, int *v, va_list *ap)
{
	if (*f == '*') {
		*v = va_arg(*ap, int);
		return f + 1;
	}
	for (*v = 0; *f >= '0' && *f <= '9' && *v < 100000; f++)
		*v = *v * 10 + (*f - '0');
	return f;
}

static const char *parse_flags(const char *f, struct spec *s)
{
	for (;; f++) {
		switch (*f) {
		case '-': s->left = true; break;
		case '0': s->zero = true; break;
		case '+': s->plus = true; break;
		case ' ': s->space = true; break;
		case '#': s->alt = true; break;
		default: return f;
		}
	}
}

static const char *parse_size(const char *f, struct spec *s)
{
	s->size = 4;
	for (;; f++) {
		switch (*f) {
		case 'h': s->size = s->size == 2 ? 1 : 2; break;
		case 'l': case 'z': case 'j': case 't': s->size = 8; break;
		default: return f;
		}
	}
}

static void put_hex(struct out *o, const struct spec *s, uint64_t v)
{
	put_number(o, s, v, 16, !s->alt || !v ? "" : s->upper ? "0X" : "0x");
}

static void convert(struct out *o, struct spec *s, char c, va_list *ap)
{
	int64_t v;

	switch (c) {
	case 'd':
	case 'i':
		v = signed_arg(ap, s->size);
		put_number(o, s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10,
			   v < 0 ? "-" : s->plus ? "+" : s->space ? " " : "");
		break;
	case 'u':
		put_number(o, s, unsigned_arg(ap, s->size), 10, "");
		break;
	case 'X':
		s->upper = true;
		/* fall through */
	case 'x':
		put_hex(o, s, unsigned_arg(ap, s->size));
		break;
	case 'p':
		put_number(o, s, (uintptr_t)va_arg(*ap, void *), 16, "0x");
		break;
	case 's':
		put_string(o, s, va_arg(*ap, const char *));
		break;
	case 'c':
		pad(o, ' ', s->left ? 0 : s->width - 1);
		put(o, (char)va_arg(*ap, int));
		pad(o, ' ', s->left ? s->width - 1 : 0);
		break;
	default:
		put(o, c);
	}
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = { buf, size, 0 };
	va_list ap;

	va_copy(ap, args);
	while (*fmt) {
		struct spec s = { .precision = -1 };

		if (*fmt != '%') {
			put(&o, *fmt++);
			continue;
		}
		fmt = parse_flags(fmt + 1, &s);
		fmt = parse_number(fmt, &s.width, &ap);
		if (s.width < 0) {
			s.left = true;
			s.width = -s.width;
		}
		if (*fmt == '.')
			fmt = parse_number(fmt + 1, &s.precision, &ap);
		fmt = parse_size(fmt, &s);
		if (!*fmt)
			break;
		convert(&o, &s, *fmt++, &ap);
	}
	va_end(ap);
	if (size)
		buf[o.len < size ? o.len : size - 1] = '\0';
	return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
