// SPDX-License-Identifier: MIT
// The page: login, tabs, and one question after the other to the API, with what
// becomes of it shown. A tab is there when the API has what it needs.
import {ApiError, api, setToken} from "/page/api.js";
import {element} from "/page/dom.js";
import {LogView} from "/page/log.js";
import {Config, Domains, Exits, Network, Overview, Services}
	from "/page/views.js";

const RETRY = [1000, 2000, 5000, 10000];	// ms after lost connections
const HIDDEN = 1000;				// ms between looks while hidden

// [name in the address, title, what it needs of the API, the view or the module
// that has it as its default export]
const TABS = [
	["overview", "Overview", "/api/v1/status", Overview],
	["network", "Network", "/api/v1/network", Network],
	["exits", "Exits", "/api/v1/exits", Exits],
	["domains", "Domains", "/api/v1/domains", Domains],
	["services", "Services", "/api/v1/services", Services],
	["log", "Log", "/api/v1/log", LogView],
	["config", "Configuration", "/api/v1/config", Config],
	["shell", "Shell", "/api/v1/shell", "/page/shell.js"],
	["capture", "Capture", "/api/v1/capture", "/page/capture.js"],
	["power", "Power", "/api/v1/power", "/page/power.js"],
];

const at = (id) => document.getElementById(id);

class Page {
	constructor() {
		this.role = "none";
		this.views = new Map();
		this.failures = 0;
		this.tabs = [];
		at("login").addEventListener("submit", (e) => this.login(e));
		at("logout").addEventListener("click", () => this.logout());
		window.addEventListener("hashchange", () => this.go(true));
	}

	// ---- who is there ----

	async start() {
		try {
			const paths = (await api("openapi.json")).paths;
			this.tabs = TABS.filter(([, , path]) => path in paths);
			this.be(await api("session"));
		} catch (error) {
			this.failed(error);
			setTimeout(() => this.start(), this.pause());
			return;
		}
		this.connected();
	}

	be(session) {
		setToken(session.csrf);
		this.role = session.role;
		this.capture = session.capture;
		const known = session.role !== "none";
		at("login").hidden = known;
		at("tabs").hidden = at("user").hidden = !known;
		at("logout").hidden = session.by === "certificate";
		at("role").textContent = session.role === "read" ?
			"may look" : "may operate";
		this.stop();
		this.views.clear();
		at("view").replaceChildren();
		if (known) {
			this.showTabs();
			this.go(false);
		} else {
			document.title = "Log in – Tandem";
			at("password").focus();
		}
	}

	async login(event) {
		event.preventDefault();
		const button = event.submitter ?? at("login")
			.querySelector("button");
		at("login-error").textContent = "";
		button.disabled = true;
		button.textContent = "Checking …";
		try {
			const session = await api("session", {method: "POST",
				body: {password: at("password").value},
				timeout: 30000});
			this.be(session);
			at("main").focus();
		} catch (error) {
			at("login-error").textContent = error.retry > 1 ?
				`${error.message}; next in ${error.retry} s` :
				error.message;
			at("password").select();
		}
		at("password").value = "";
		button.disabled = false;
		button.textContent = "Log in";
	}

	async logout() {
		await this.stop();
		try {
			await api("session", {method: "DELETE"});
		} catch (error) {
			if (error.status !== 401 && error.status !== 409) {
				this.failed(error);
				this.poll();
				return;
			}
		}
		this.be({role: "none"});
	}

	// ---- tabs ----

	showTabs() {
		at("tabs").querySelector("ul").replaceChildren(...this.tabs.map(
			([name, title]) => element("li", {}, element("a",
				{href: `#${name}`}, title))));
	}

	async view(name, made) {
		if (!this.views.has(name)) {
			const Kind = typeof made === "string" ?
				(await import(made)).default : made;
			this.views.set(name, new Kind(this));
		}
		return this.views.get(name);
	}

	async go(byUser) {
		if (this.role === "none")
			return;
		const wanted = location.hash.slice(1);
		if (wanted === "main")
			return;
		const [name, title, , made] = this.tabs.find(([n]) =>
			n === wanted) ?? this.tabs[0];
		this.stop();
		this.wanted = name;
		let view;
		try {
			view = await this.view(name, made);
		} catch {
			this.failed(new ApiError(0, "no answer from the VMM"));
			return;
		}
		if (this.wanted !== name)
			return;		// another one since
		for (const link of at("tabs").querySelectorAll("a")) {
			if (link.hash === `#${name}`)
				link.setAttribute("aria-current", "page");
			else
				link.removeAttribute("aria-current");
		}
		document.title = `${title} – Tandem`;
		this.current = view;
		at("view").replaceChildren(element("h1", {tabindex: -1}, title),
			view.render());
		if (byUser)
			at("view").querySelector("h1").focus();
		this.poll();
	}

	// ---- asking ----

	/** Resolves once the view has told the VMM that it is left. */
	stop() {
		const view = this.current;
		clearTimeout(this.timer);
		this.abort?.abort();
		this.abort = this.current = this.wanted = null;
		return view?.leave?.();
	}

	/** Ask for the current view now, and then again and again. */
	async poll() {
		clearTimeout(this.timer);
		this.abort?.abort();
		const view = this.current, abort = new AbortController();
		if (!view?.update)
			return;
		this.abort = abort;
		let pause = HIDDEN;
		try {
			if (!document.hidden) {
				pause = await view.update(abort.signal);
				this.connected();
			}
		} catch (error) {
			if (abort.signal.aborted)
				return;
			pause = this.failed(error);
		}
		if (this.current === view && this.abort === abort)
			this.timer = setTimeout(() => this.poll(), pause);
	}

	pause() {
		return RETRY[Math.min(this.failures, RETRY.length) - 1] ??
			RETRY[0];
	}

	connected() {
		if (!this.failures && at("connection").textContent)
			return;
		this.failures = 0;
		at("connection").className = "quiet";
		at("connection").textContent = "connected";
	}

	/** Tells; returns after how many ms to try again. */
	failed(error) {
		if (!(error instanceof ApiError))
			console.error(error);
		if (error.status === 401) {
			this.be({role: "none"});
			at("login-error").textContent =
				"The session has ended: log in again.";
			return RETRY[0];
		}
		this.failures++;
		at("connection").className = "bad";
		at("connection").textContent = error.status ?
			`error: ${error.message}` :
			`not connected: ${error.message}; trying again`;
		return Math.max(this.pause(), (error.retry ?? 0) * 1000);
	}

	release(text) {
		at("release").textContent = text;
	}
}

new Page().start();
