// SPDX-License-Identifier: MIT
// The VMM's shell: lines go in, text comes out by a long poll. There is a session
// while the tab is open.
import {api} from "/page/api.js";
import {element, section} from "/page/dom.js";
import {Terminal} from "/page/terminal.js";

const WAIT = 15;	// seconds of a long poll
const AGAIN = 1000;	// ms until a new session after one has ended
const EARLY = 200;	// characters
const LINES = 100;	// that the arrow keys bring back

export default class Shell {
	constructor(page) {
		this.page = page;
		this.terminal = new Terminal("What the shell says");
		this.early = "";	// typed before there is a session
		this.before = [];
		this.back = 0;
		this.said = element("p", {class: "error", role: "alert"});
		this.line = element("input", {id: "shell-line", class: "line",
			autocomplete: "off", autocapitalize: "off",
			spellcheck: "false", maxlength: 200,
			"aria-describedby": "shell-hint",
			onkeydown: (e) => this.key(e)});
		this.form = element("form", {class: "controls command",
			"aria-label": "Command for the shell",
			onsubmit: (e) => this.enter(e)},
		element("label", {for: "shell-line"}, "Command", this.line),
		element("button", {type: "submit"}, "Enter"),
		element("button", {type: "button",
			onclick: () => this.type("\x03")}, "Stop (^C)"));
	}

	render() {
		return section(null, this.page.role === "read" ? element("p", {},
			"This role may look: what changes anything is refused.") :
			null, this.terminal.node, this.form,
		element("p", {id: "shell-hint", class: "quiet"},
			"help lists the commands. Ctrl+C stops what runs; the " +
			"arrow keys bring earlier lines back."), this.said);
	}

	async type(text) {
		this.said.textContent = "";
		if (!this.id) {
			this.early = (this.early + text).slice(-EARLY);
			return;
		}
		try {
			const {taken} = await api(`shell/${this.id}`,
				{method: "POST", body: {text}});
			if (taken < text.length)
				this.said.textContent = "Nothing reads this " +
					`now: only ${taken} of ${text.length} ` +
					"characters were taken.";
		} catch (error) {
			this.said.textContent = error.message;
		}
	}

	enter(event) {
		event.preventDefault();
		const text = this.line.value;
		this.line.value = "";
		this.back = 0;
		if (text && text !== this.before[0])
			this.before.unshift(text);
		this.before.length = Math.min(this.before.length, LINES);
		this.terminal.scrollToEnd();
		this.type(`${text}\r`);
	}

	key(event) {
		const marked = this.line.selectionStart !==
			this.line.selectionEnd;
		if (event.ctrlKey && event.key === "c" && !marked)
			this.type("\x03");
		else if (event.key === "ArrowUp")
			this.recall(1);
		else if (event.key === "ArrowDown")
			this.recall(-1);
		else
			return;
		event.preventDefault();
	}

	recall(step) {
		this.back = Math.min(Math.max(this.back + step, 0),
			this.before.length);
		this.line.value = this.back ? this.before[this.back - 1] : "";
	}

	/** Without the signal: a session whose name is lost would stay open. */
	async open(signal) {
		const {id} = await api("shell", {method: "POST"});
		if (signal.aborted) {
			this.end(id);
			return false;
		}
		this.id = id;
		this.next = 0;
		this.terminal.scrollToEnd();
		if (this.early)
			this.type(this.early);
		this.early = "";
		return true;
	}

	async update(signal) {
		if (!this.id && !await this.open(signal))
			return AGAIN;
		let said;
		try {
			said = await api(`shell/${this.id}?after=${this.next}` +
				`&wait=${WAIT}`,
			{signal, timeout: (WAIT + 10) * 1000});
		} catch (error) {
			if (error.status !== 404 && error.status !== 409)
				throw error;
			said = {text: "", next: this.next, over: true};
		}
		this.next = said.next;
		this.terminal.write(said.text);
		if (!said.over)
			return 0;
		this.terminal.note("the session has ended; this is a new one");
		this.end(this.id);
		this.id = undefined;
		return AGAIN;
	}

	end(id) {
		return api(`shell/${id}`, {method: "DELETE"}).catch(() => {});
	}

	/** The tab is left: so is the session. */
	leave() {
		const id = this.id;
		this.id = undefined;
		if (!id)
			return undefined;
		this.terminal.note("the session is closed");
		return this.end(id);
	}
}
