// SPDX-License-Identifier: MIT
// The log: the last lines, then new ones as they come, by a long poll.
import {api} from "/page/api.js";
import {element, section} from "/page/dom.js";

const KEEP = 1000;	// lines in the page
const WAIT = 15;	// seconds of a long poll
const LEVELS = ["error", "warning", "info", "debug"];

export class LogView {
	constructor(page) {
		this.page = page;
		this.next = undefined;
		this.level = element("select", {id: "log-level",
			onchange: () => this.restart()},
		...LEVELS.map((level) => element("option", {value: level,
			selected: level === "debug"}, level)));
		this.words = element("input", {id: "log-words", type: "search",
			oninput: () => this.filter()});
		this.follow = element("input", {id: "log-follow",
			type: "checkbox", checked: true,
			onchange: () => this.scroll()});
		this.list = element("ol", {class: "log", tabindex: 0,
			role: "log", "aria-label": "Log of the VMM"});
		this.shown = element("p", {class: "quiet", role: "status"});
	}

	render() {
		return section(null, element("div", {class: "controls"},
			element("label", {for: "log-level"}, "Level, and worse",
				this.level),
			element("label", {for: "log-words"}, "Only with",
				this.words),
			element("label", {for: "log-follow", class: "inline"},
				this.follow, "Follow")),
		this.list, this.shown);
	}

	restart() {
		this.next = undefined;
		this.list.replaceChildren();
		this.page.poll();
	}

	matches(line) {
		const words = this.words.value.trim().toLowerCase();
		return !words || line.textContent.toLowerCase().includes(words);
	}

	filter() {
		let n = 0;
		for (const line of this.list.children) {
			line.hidden = !this.matches(line);
			n += !line.hidden;
		}
		this.shown.textContent =
			`${n} of ${this.list.children.length} lines`;
		this.scroll();
	}

	scroll() {
		if (this.follow.checked)
			this.list.scrollTop = this.list.scrollHeight;
	}

	line(entry) {
		const seconds = (entry.time_us / 1e6).toFixed(6);
		return element("li", {class: `level-${entry.level}`},
			element("time", {datetime: `PT${seconds}S`}, seconds),
			entry.level === "info" ? null : `${entry.level}: `,
			entry.text);
	}

	/** Asks once; without end while new lines come. */
	async update(signal) {
		const query = new URLSearchParams({level: this.level.value});
		if (this.next === undefined) {
			query.set("limit", 300);
		} else {
			query.set("after", this.next);
			query.set("wait", WAIT);
		}
		const said = await api(`log?${query}`,
			{signal, timeout: (WAIT + 10) * 1000});
		this.next = said.next;
		if (said.lost_bytes)
			this.list.append(element("li", {class: "quiet"},
				`(${said.lost_bytes} bytes are lost)`));
		this.list.append(...said.entries.map((e) => this.line(e)));
		while (this.list.children.length > KEEP)
			this.list.firstChild.remove();
		this.filter();
		return 50;	// ms until the next question
	}
}
