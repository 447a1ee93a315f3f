// SPDX-License-Identifier: MIT
// The machine's power. A dialog asks for the action's name, so that no slip does
// it; the API asks for it twice, too.
import {api} from "/page/api.js";
import {duration, element, section, tiles} from "/page/dom.js";

const EVERY = 2000;
const ACTIONS = [
	["nmi", "NMI", "The guest's first CPU gets an NMI: a crash dump, " +
		"where the guest is set up to make one."],
	["reset", "Reset", "The machine is reset at once. The guest is not " +
		"asked and saves nothing. You log in anew when it is back."],
	["off", "Power off", "The machine is switched off at once. The guest " +
		"is not asked and saves nothing. From here nothing switches it " +
		"on again."],
];

export default class Power {
	constructor(page) {
		this.page = page;
		this.state = element("div");
		this.said = element("p", {role: "status"});
		this.title = element("h2", {id: "power-title"});
		this.what = element("p", {id: "power-what"});
		this.word = element("b");
		this.line = element("input", {id: "power-word", required: true,
			autocomplete: "off", autocapitalize: "off",
			spellcheck: "false"});
		this.button = element("button", {type: "submit"});
		this.dialog = element("dialog", {
			"aria-labelledby": "power-title",
			"aria-describedby": "power-what",
		}, element("form", {onsubmit: (e) => this.confirmed(e)},
			this.title, this.what,
			element("label", {for: "power-word"}, "To do it, type ",
				this.word, this.line),
			element("div", {class: "buttons"},
				element("button", {type: "button",
					onclick: () => this.dialog.close()},
				"Cancel"), this.button)));
	}

	render() {
		if (this.page.role !== "operate")
			return section(null, element("p", {}, "This role may only " +
				"look: to use the machine's power, log in with " +
				"mgmt.password."), this.state);
		return section(null, this.state, element("dl", {class: "actions"},
			...ACTIONS.map(([action, title, text]) => element("div", {},
				element("dt", {}, element("button", {
					type: "button", "aria-haspopup": "dialog",
					onclick: () => this.ask(action, title,
						text)}, `${title} …`)),
				element("dd", {}, text)))), this.said, this.dialog);
	}

	ask(action, title, text) {
		this.action = action;
		this.name = title;
		this.title.textContent = `${title}?`;
		this.what.textContent = text;
		this.word.textContent = action;
		this.button.textContent = title;
		this.line.value = "";
		this.line.pattern = action;
		this.line.title = `the word ${action}`;
		this.dialog.showModal();
		this.line.focus();
	}

	async confirmed(event) {
		event.preventDefault();
		const {action, name} = this;
		const confirm = this.line.value;
		this.dialog.close();
		this.said.className = "";
		this.said.textContent = `${name}: asked for …`;
		try {
			await api("power", {method: "POST", body: {action, confirm}});
			this.said.textContent = `${name}: on its way.`;
		} catch (error) {
			this.said.className = "error";
			this.said.textContent = `${name}: ${error.message}`;
		}
	}

	leave() {
		this.dialog.close();
	}

	/** Whether it is there, and since when. */
	async update(signal) {
		const {vmm, guest} = await api("status", {signal});
		this.state.replaceChildren(tiles([["Guest", guest.state],
			["Tandem runs for", duration(vmm.uptime_us)]]));
		return EVERY;
	}
}
