/* SPDX-License-Identifier: MIT */
/*
 * What a request says beside its path: the query's parameters and a body of
 * JSON. Strictly: what is not known, comes twice or is not what was expected is
 * an error, told in words. Tested on the host.
 */
#ifndef MGMT_INPUT_H
#define MGMT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_MAX	8		/* members or parameters */
#define INPUT_ERROR_MAX	96

enum input_kind {
	INPUT_TEXT,	/* char [limit], ended by 0; no NUL in it */
	INPUT_NUMBER,	/* uint64_t, 0 to limit */
	INPUT_BOOL,	/* bool; in a query 0 or 1 */
};

struct input {
	const char *name;
	enum input_kind kind;
	void *to;		/* left alone if it is not there */
	uint64_t limit;
	bool found;		/* out */
};

/*
 * a=1&b=text: values of letters, digits, '-', '_' and '.' only, nothing is
 * decoded. 0, or -EINVAL with error said.
 */
int input_query(const char *query, struct input *in, size_t n,
		char error[INPUT_ERROR_MAX]);

/*
 * One JSON object (RFC 8259) of len bytes without objects or lists inside.
 * Numbers are whole ones. 0, or -EINVAL with error said.
 */
int input_json(const char *text, size_t len, struct input *in, size_t n,
	       char error[INPUT_ERROR_MAX]);

#endif
