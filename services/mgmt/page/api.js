// SPDX-License-Identifier: MIT
// The API as the page uses it: one function, which tells what went wrong.

let csrf = "";

/** status 0: no answer came at all. retry: seconds, if the VMM said so. */
export class ApiError extends Error {
	constructor(status, text, retry = 0) {
		super(text);
		this.status = status;
		this.retry = retry;
	}
}

export function setToken(token) {
	csrf = token ?? "";
}

/** One with a limit of time; both may end it. */
function limited(signal, ms) {
	const limit = AbortSignal.timeout(ms);
	return signal ? AbortSignal.any([signal, limit]) : limit;
}

export async function api(path, {method = "GET", body, signal,
	timeout = 10000} = {}) {
	const headers = {};
	if (body !== undefined)
		headers["Content-Type"] = "application/json";
	if (method !== "GET" && csrf)
		headers["X-Tandem-CSRF"] = csrf;
	let answer, text;
	try {
		answer = await fetch(`/api/v1/${path}`, {
			method, headers, credentials: "same-origin",
			signal: limited(signal, timeout),
			body: body === undefined ? undefined :
				JSON.stringify(body),
		});
		text = await answer.text();
	} catch (error) {
		if (signal?.aborted)
			throw error;
		throw new ApiError(0, "no answer from the VMM");
	}
	let said = null;
	try {
		said = text ? JSON.parse(text) : null;
	} catch {
		if (answer.ok)
			throw new ApiError(0, "an answer that is no JSON");
	}
	if (!answer.ok)
		throw new ApiError(answer.status,
			said?.error ?? `status ${answer.status}`,
			Number(answer.headers.get("Retry-After") ?? 0));
	return said;
}
