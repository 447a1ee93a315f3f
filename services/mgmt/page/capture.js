// SPDX-License-Identifier: MIT
// Captures: what to take, how it goes, and the download, which the browser keeps.
import {api} from "/page/api.js";
import {bytes, count, element, section, tiles} from "/page/dom.js";

const EVERY = 1000;
const DOWNLOAD = "/api/v1/capture/download";

function choice(id, label, values) {
	return element("label", {for: id}, label, element("select", {id},
		element("option", {value: ""}, "any"), ...values.map((value) =>
			element("option", {value}, value))));
}

export default class Capture {
	constructor(page) {
		this.page = page;
		this.state = element("div");
		this.why = element("p", {role: "status"});
		this.said = element("p", {class: "error", role: "alert"});
		this.startButton = element("button", {type: "submit"}, "Start");
		this.stopButton = element("button", {type: "button",
			onclick: () => this.stop()}, "Stop");
		this.link = element("a", {href: DOWNLOAD, hidden: true,
			download: "tandem.pcapng"}, "Download what is captured");
		this.form = element("form", {class: "controls", hidden: true,
			"aria-label": "Capture", onsubmit: (e) => this.start(e)},
		choice("capture-at", "Port of the switch",
			["wire", "guest", "stack"]),
		choice("capture-direction", "Direction", ["in", "out"]),
		choice("capture-protocol", "Protocol",
			["tcp", "udp", "icmp", "icmp6"]),
		element("label", {for: "capture-address"}, "IP address",
			element("input", {id: "capture-address", size: 16,
				maxlength: 45, placeholder: "any",
				autocomplete: "off", spellcheck: "false"})),
		element("label", {for: "capture-port"}, "TCP or UDP port",
			element("input", {id: "capture-port", class: "port",
				type: "number", min: 1, max: 65535,
				placeholder: "any"})),
		element("label", {for: "capture-snap"}, "Bytes of each",
			element("input", {id: "capture-snap", class: "port",
				type: "number", min: 1, max: 2048,
				placeholder: "all"})),
		this.startButton, this.stopButton);
	}

	render() {
		return section(null, this.why, this.form, this.said, this.state,
			element("p", {}, this.link), element("p", {class: "quiet"},
				"A capture is a pcapng file, for Wireshark and " +
				"others. The browser loads it while frames come, " +
				"until Stop; the page's own connections are " +
				"left out."));
	}

	async start(event) {
		event.preventDefault();
		const body = {};
		const value = (name) => this.form.querySelector(
			`#capture-${name}`).value.trim();
		for (const name of ["at", "direction", "protocol", "address"])
			if (value(name))
				body[name] = value(name);
		for (const name of ["port", "snap"])
			if (value(name))
				body[name] = Number(value(name));
		if (await this.ask("POST", body))
			this.link.click();
	}

	stop() {
		return this.ask("DELETE");
	}

	async ask(method, body) {
		this.said.textContent = "";
		try {
			await api("capture", {method, body});
		} catch (error) {
			this.said.textContent = error.message;
			return false;
		}
		this.page.poll();
		return true;
	}

	static why(now, role) {
		if (!now.allowed)
			return "Captures are switched off: mgmt.capture = y in " +
				"tandem.conf allows them, from the next start on.";
		if (role !== "operate")
			return "This role may only look at how a capture goes: " +
				"to start one, log in with mgmt.password.";
		return "";
	}

	async update(signal) {
		const now = await api("capture", {signal});
		const why = Capture.why(now, this.page.role);
		if (this.why.textContent !== why)
			this.why.textContent = why;
		this.why.hidden = !why;
		this.form.hidden = Boolean(why);
		this.startButton.disabled = now.running;
		this.stopButton.disabled = !now.running;
		this.link.hidden = Boolean(why) || !now.running ||
			now.downloading;
		this.state.replaceChildren(tiles([
			["Capture", !now.running ? "none" : now.downloading ?
				"runs, and is downloaded" :
				"runs, waits for a download",
			now.running ? "good" : null],
			["Frames", count(now.frames)],
			["Dropped, for want of room", count(now.dropped),
				now.dropped ? "bad" : null],
			["Room for frames", now.ring_bytes ?
				bytes(now.ring_bytes) : undefined],
		]));
		return EVERY;
	}
}
