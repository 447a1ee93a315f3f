/* SPDX-License-Identifier: MIT */
/* What the API's routes have in common: answers in JSON, questions to the core. */
#ifndef MGMT_API_H
#define MGMT_API_H

#include "http.h"
#include "input.h"

#include <domain/json.h>

/* ---- answers ---- */

/* {"error":"text"}, with or without one more header. */
void api_error(struct mgmt_answer *a, int status, const char *text);
void api_error_with(struct mgmt_answer *a, int status, const char *text,
		    const char *header, const char *value);

/* Starts an answer in JSON. Headers, then api_object(). */
void api_begin(struct mgmt_answer *a, int status);

/*
 * Its outermost object is open in j, json_close() ends it. One answer at a time
 * is written.
 */
void api_object(struct json *j, struct mgmt_answer *a);

/* 200 and api_object() */
void api_answer(struct json *j, struct mgmt_answer *a);

/* Bytes of JSON so far in the answer being written. */
size_t api_written(void);

/* {"name":...,"value":...} in a list */
void api_counter(struct json *j, const char *name, uint64_t value);

/* "52:54:00:..." ; network byte order to "10.0.2.50" */
void api_mac(struct json *j, const char *name, const uint8_t mac[6]);
void api_ip4(struct json *j, const char *name, uint32_t address);

/* ---- requests ---- */

/*
 * The body (application/json) into in, of which the first n_needed have to be
 * there. False: an answer says what is wrong.
 */
bool api_body(const struct mgmt_request *r, struct mgmt_answer *a,
	      struct input *in, size_t n, size_t n_needed);

/* The query into in. False: as above. */
bool api_query(const struct mgmt_request *r, struct mgmt_answer *a,
	       struct input *in, size_t n);

/* ---- sessions ---- */

/* The session of that number has logged out: its shells and its capture end. */
void api_shell_logged_out(uint32_t session);
void api_capture_logged_out(uint32_t session);

/* ---- questions ---- */

/*
 * Ask the core's handler of that name: value, and room for the answer. Its length
 * or -errno, which does not wait.
 */
int api_ask(const char *handler, int value, void *to, size_t size);

/* Room for any answer, for whoever is writing one now. */
#define API_ROOM	24576u
extern uint8_t api_room[API_ROOM];

/* 503: the core or netd did not say what was asked for. */
void api_no_answer(struct mgmt_answer *a, const char *handler, int error);

#endif
