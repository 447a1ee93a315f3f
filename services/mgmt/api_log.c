/* SPDX-License-Identifier: MIT */
/*
 * /api/v1/log?after=&limit=&level=&wait=: lines of the VMM's log. A line is known
 * by its position, the count of bytes before it since the start; "next" of an
 * answer is the "after" of the following question. Without "after" come the last
 * lines. With "wait" an answer that would have no line is put off until there is
 * one, or so many seconds.
 */
#include "api.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <lwip/timeouts.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN	512u
#define LINES_MAX	500u
#define LINES_DEFAULT	100u
#define WAIT_MAX_S	20u
#define LOOK_MS		200u		/* while somebody waits */
#define WAITERS_MAX	16u
/* what an answer may have before it is cut: "next" tells to go on */
#define ANSWER_FULL	(MGMT_ANSWER_MAX - 8192u)
/* the log, and what heads it */
#define LOG_MAX		(CONFIG_LOG_RING_KIB * 1024ull + 256)

struct question {
	struct question *next;
	struct mgmt_answer *answer;
	uint64_t after, limit, wait;
	bool from_end;
	int level;
	uint64_t lost;		/* bytes, while it was waited */
	/* while it is answered */
	uint64_t lines, skip;
};

static struct question *waiters;
static unsigned int n_waiters;
static bool timer_runs;			/* look() will be called */

/* ---- walking through the log ---- */

struct walk {
	uint64_t position;	/* behind what is in text */
	uint64_t lost;		/* bytes overwritten before */
	size_t used;
	int desc;
	char text[4 * LINE_MAX_LEN];
};

/* More of the log behind what is there: false at its end. */
static bool more(struct walk *w)
{
	uint64_t behind = w->position;
	struct msg_buf bufs[2] = {
		{ .base = w->text + w->used, .writable = 1,
		  .len = (uint32_t)(sizeof(w->text) - w->used) },
		{ .base = &behind, .len = sizeof(behind), .writable = 1 },
	};
	int n = msgsendbuf(w->desc, 0, bufs, 2);

	if (n <= 0 || (size_t)n > sizeof(w->text) - w->used)
		return false;
	if (behind - (uint64_t)n != w->position) {
		/* a piece is missing: what we had of a line is none */
		w->lost += behind - (uint64_t)n - w->position;
		memmove(w->text, w->text + w->used, (size_t)n);
		w->used = 0;
	}
	w->position = behind;
	w->used += (size_t)n;
	return true;
}

/*
 * Whole lines from w->position on go to each(), with where they begin; false
 * from it ends the walk there. Leaves w->position behind the last one.
 */
static void walk(struct walk *w, void *arg,
		 bool (*each)(void *arg, uint64_t at, const char *text,
			      size_t len))
{
	uint64_t at = w->position, total = 0;
	bool go_on = true;

	w->used = 0;
	while (go_on && total < 2 * LOG_MAX && more(w)) {
		char *line = w->text, *end;

		at = w->position - w->used;
		total += w->used;
		while (go_on && (end = memchr(line, '\n', w->used -
					      (size_t)(line - w->text)))) {
			go_on = each(arg, at, line, (size_t)(end - line));
			if (!go_on)
				break;
			at += (uint64_t)(end + 1 - line);
			line = end + 1;
		}
		w->used -= (size_t)(line - w->text);
		memmove(w->text, line, w->used);
		if (w->used == sizeof(w->text)) {	/* no line at all */
			at += w->used;
			w->used = 0;
		}
	}
	w->position = at;
}

static struct walk *walk_from(uint64_t position)
{
	static struct walk w;

	w = (struct walk){ .position = position };
	w.desc = msgopen("log_read");
	return w.desc < 0 ? NULL : &w;
}

/* ---- the answer ---- */

static bool count_line(void *arg, uint64_t at, const char *text, size_t len)
{
	struct question *q = arg;

	(void)at;
	if (log_line_level(text, len) <= q->level)
		q->lines++;
	return true;
}

/* The time in front, "[    1.234567] ", in microseconds; how long it is. */
static size_t line_time(const char *text, size_t len, uint64_t *us)
{
	size_t i = 1;

	*us = 0;
	while (i < len && text[i] == ' ')
		i++;
	for (; i < len && ((text[i] >= '0' && text[i] <= '9') ||
			   text[i] == '.'); i++)
		if (text[i] != '.')
			*us = *us * 10 + (uint64_t)(text[i] - '0');
	if (len < 3 || text[0] != '[' || i + 1 >= len || text[i] != ']') {
		*us = 0;
		return 0;
	}
	return i + 2;
}

static struct json *json_to;

static bool show_line(void *arg, uint64_t at, const char *text, size_t len)
{
	char line[LINE_MAX_LEN];
	struct question *q = arg;
	int level = log_line_level(text, len);
	uint64_t us;
	size_t head;

	if (level > q->level || q->skip > 0) {
		q->skip -= level <= q->level && q->skip > 0;
		return true;
	}
	if (q->lines == q->limit || api_written() > ANSWER_FULL)
		return false;
	q->lines++;
	head = line_time(text, len, &us);
	if (head > len)
		head = len;
	if (len - head >= sizeof(line))
		len = head + sizeof(line) - 1;
	memcpy(line, text + head, len - head);
	line[len - head] = '\0';
	json_open(json_to, NULL, '{');
	json_number(json_to, "position", at);
	json_number(json_to, "time_us", us);
	json_text(json_to, "level", log_level_name[level]);
	json_text(json_to, "text", line);
	json_close(json_to);
	return true;
}

/* False: there is no line, and no answer was made. */
static bool answer(struct question *q, struct mgmt_answer *a, bool always)
{
	struct walk *w = walk_from(q->from_end ? 0 : q->after);
	struct json j;

	if (!w) {
		api_no_answer(a, "the log", -ENOENT);
		return true;
	}
	if (q->from_end || !always) {
		q->lines = 0;
		walk(w, q, count_line);
		q->skip = q->from_end && q->lines > q->limit ?
			q->lines - q->limit : 0;
		if (!q->lines && !always) {
			msgclose(w->desc);
			q->after = w->position;	/* what is before is known */
			q->lost += w->lost;
			return false;
		}
		w->position = q->from_end ? 0 : q->after;
	}
	q->lines = 0;
	w->lost = 0;
	json_to = &j;
	api_answer(&j, a);
	json_open(&j, "entries", '[');
	walk(w, q, show_line);
	json_close(&j);
	json_number(&j, "next", w->position);
	json_number(&j, "lost_bytes", q->from_end ? 0 :
		    q->lost + w->lost);
	json_close(&j);
	msgclose(w->desc);
	return true;
}

/* ---- waiting ---- */

static void forget(struct question *q)
{
	struct question **link = &waiters;

	while (*link && *link != q)
		link = &(*link)->next;
	if (*link) {
		*link = q->next;
		n_waiters--;
	}
	free(q);
}

/* Is there anything in the log behind end? */
static bool log_grew(uint64_t end)
{
	char byte;
	struct msg_buf bufs[2] = {
		{ .base = &byte, .len = 1, .writable = 1 },
		{ .base = &end, .len = sizeof(end), .writable = 1 },
	};
	int desc = msgopen("log_read");
	int n = desc < 0 ? 0 : msgsendbuf(desc, 0, bufs, 2);

	if (desc >= 0)
		msgclose(desc);
	return n > 0;
}

static void look(void *unused);

/* One timer at a time, however many come and go. */
static void go_on(void)
{
	if (!timer_runs)
		sys_timeout(LOOK_MS, look, NULL);
	timer_runs = true;
}

static void look(void *unused)
{
	struct question *q, *next;
	uint64_t first = UINT64_MAX;
	bool grew;

	(void)unused;
	timer_runs = false;
	for (q = waiters; q; q = q->next)
		first = q->after < first ? q->after : first;
	grew = waiters && log_grew(first);
	for (q = waiters; q && grew; q = next) {
		next = q->next;		/* q may be answered, and gone */
		mgmt_stream_wake(q->answer);
	}
	if (waiters)
		go_on();
}

static void again(const struct mgmt_request *r, struct mgmt_answer *a,
		  void *arg, bool late)
{
	(void)r;
	if (answer(arg, a, late))
		forget(arg);
}

static void gone(void *arg)
{
	forget(arg);
}

static const struct mgmt_later_ops later = { .again = again, .gone = gone };

static void wait_for_more(const struct question *q, struct mgmt_answer *a)
{
	struct question *copy = n_waiters < WAITERS_MAX ?
		malloc(sizeof(*copy)) : NULL;

	if (!copy) {
		api_error_with(a, 503, "too many wait", "Retry-After", "5");
		return;
	}
	*copy = *q;
	copy->answer = a;
	copy->next = waiters;
	go_on();
	waiters = copy;
	n_waiters++;
	mgmt_answer_later(a, &later, copy, (unsigned int)q->wait * 1000);
}

/* ---- the route ---- */

static int level_of(const char *name)
{
	for (int i = 0; i < LOG_LEVELS; i++)
		if (!strcmp(log_level_name[i], name))
			return i;
	return -1;
}

static void show_log(const struct mgmt_request *r, struct mgmt_answer *a)
{
	struct question q = { .limit = LINES_DEFAULT };
	char level[12] = "debug";
	struct input parameters[] = {
		{ "after", INPUT_NUMBER, &q.after, INT64_MAX, false },
		{ "limit", INPUT_NUMBER, &q.limit, LINES_MAX, false },
		{ "level", INPUT_TEXT, level, sizeof(level), false },
		{ "wait", INPUT_NUMBER, &q.wait, WAIT_MAX_S, false },
	};

	if (!api_query(r, a, parameters, 4))
		return;
	q.level = level_of(level);
	if (q.level < 0) {
		api_error(a, 400, "level: expected error, warning, info or "
			  "debug");
		return;
	}
	q.from_end = !parameters[0].found;
	if (!answer(&q, a, !q.wait || q.from_end))
		wait_for_more(&q, a);
}

static const struct mgmt_route log_route = {
	.path = "/api/v1/log", .methods = MGMT_METHODS(MGMT_GET),
	.role = MGMT_READ, .handle = show_log,
};
MGMT_ROUTE(log_route);
