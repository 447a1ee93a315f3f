// SPDX-License-Identifier: MIT
// What each tab shows. A view has render(), its element, made once, and
// update(signal), which asks the API and returns after how many ms to ask again.
import {api} from "/page/api.js";
import {bytes, count, duration, element, section, table, tiles}
	from "/page/dom.js";
import {Graph, History} from "/page/graph.js";

const EVERY = 2000;

/** A view whose parts are made anew from each answer. */
class Simple {
	constructor(page) {
		this.page = page;
		this.body = element("div");
	}

	render() {
		return this.body;
	}

	/** Not while something in there has the focus, and only if it changed. */
	show(...parts) {
		const made = element("div", {}, ...parts);
		if (made.innerHTML === this.html)
			return;
		const scrolled = [...this.body.querySelectorAll(".wide")]
			.map((n) => [n.scrollLeft,
				n === document.activeElement]);
		this.html = made.innerHTML;
		this.body.replaceChildren(...made.childNodes);
		[...this.body.querySelectorAll(".wide")].forEach((n, i) => {
			const [left, focused] = scrolled[i] ?? [0, false];
			n.scrollLeft = left;
			if (focused)
				n.focus({preventScroll: true});
		});
	}
}

const GUEST = {runs: "good", idle: "good", halted: "good", lost: "bad"};

export class Overview extends Simple {
	async update(signal) {
		const said = await api("status", {signal});
		const {vmm, guest} = said;
		const clock = vmm.wall_time_s ? new Date(vmm.wall_time_s * 1000)
			.toISOString().replace("T", " ").slice(0, 19) + " UTC" :
			"not known";
		this.page.release(vmm.release);
		this.show(
			section("VMM", tiles([
				["Up for", duration(vmm.uptime_us)],
				["Clock", clock],
				["Memory free", `${bytes(vmm.memory_free_bytes)} of ` +
					bytes(vmm.memory_bytes)],
				["Exits", count(vmm.exits)],
				["VMM calls", `${count(vmm.vmm_calls)}, ` +
					`${count(vmm.vmm_calls_delayed)} delayed`],
				["Release", vmm.release],
				["Compiler", vmm.compiler],
				["Configuration", vmm.configuration],
			])),
			section("Guest", tiles([["State", guest.state,
				GUEST[guest.state]]]),
			table("Processors", [["CPU"], ["APIC", true],
				["Guest"], ["Exits", true], ["VMM calls", true]],
			guest.cpus.map((c) => [c.cpu, c.apic_id,
				element("span", {class: GUEST[c.guest]},
					c.guest),
				count(c.exits), count(c.vmm_calls)]))));
		return EVERY;
	}
}

const yes = (link) => element("span", {class: link ? "good" : "bad"},
	link ? "up" : "down");

export class Network extends Simple {
	constructor(page) {
		super(page);
		this.packets = new History();
		this.octets = new History();
		this.graphs = [new Graph("Packets", "a second"),
			new Graph("Bytes", "a second")];
	}

	render() {
		return element("div", {}, section("Traffic",
			element("div", {class: "graphs"},
				...this.graphs.map((g) => g.node))), this.body);
	}

	static lines(said, what) {
		return said.cards.flatMap((card, n) => card.ports.flatMap((p) =>
			[[`${n} ${p.name} from`, p[`rx_${what}`]],
				[`${n} ${p.name} to`, p[`tx_${what}`]]]));
	}

	draw(said) {
		const names = said.cards.flatMap((card, n) => card.ports.flatMap(
			(p) => ["from", "to"].map((way) => [
				`${n} ${p.name} ${way}`,
				`${way} ${p.name}` + (n ? ` ${n}` : "")])));
		this.packets.add(said.uptime_us, Network.lines(said, "frames"));
		this.octets.add(said.uptime_us, Network.lines(said, "bytes"));
		this.graphs[0].draw(this.packets, names);
		this.graphs[1].draw(this.octets, names);
	}

	static card(card, n) {
		const rows = card.ports.map((p) => [p.name, yes(p.link),
			p.mbit_s ? `${p.mbit_s} Mbit/s ` +
				(p.full_duplex ? "full" : "half") : "",
			p.mac, count(p.rx_frames), bytes(p.rx_bytes),
			count(p.tx_frames), bytes(p.tx_bytes)]);
		const notes = card.ports.flatMap((p) => p.notes.map((note) =>
			[p.name, note.name, note.text]));
		return section(`Card ${n}, mode ${card.mode}`,
			table("Ports", [["Port"], ["Link"], ["Speed"], ["MAC"],
				["Frames from it", true], ["Bytes", true],
				["Frames to it", true], ["Bytes", true]], rows),
			notes.length ? table("Notes", [["Port"], ["What"],
				["How"]], notes) : null);
	}

	static drops(said) {
		const all = said.cards.flatMap((card, n) => card.ports.flatMap(
			(p) => p.counters.map((c) => ({...c,
				where: `${p.name}${n ? ` ${n}` : ""}`}))))
			.concat(said.stack.counters.map((c) => ({...c,
				where: "TCP/IP stack"})))
			.filter((c) => c.value);
		const rows = (drop) => all.filter((c) => c.drop === drop)
			.map((c) => [c.name, c.where, count(c.value)]);
		return section("Drops and other counters",
			table("Drops, by reason", [["Reason"], ["Where"],
				["Count", true]], rows(true), "nothing was dropped"),
			table("Other counters", [["What"], ["Where"],
				["Count", true]], rows(false)));
	}

	static stack(s) {
		const end = (ip, port) => `${ip.includes(":") ? `[${ip}]` :
			ip || "any"}:${port || "any"}`;
		const lease = s.lease_s ? (s.lease_s === 0xffffffff ? "for ever" :
			`${s.lease_left_s} of ${s.lease_s} s left, from ` +
			s.lease_server) : undefined;
		return section("The VMM's own address", tiles([
			["Address", s.address], ["Netmask", s.netmask],
			["Gateway", s.gateway], ["From", s.source],
			["DHCP", s.dhcp], ["Lease", lease],
			["DNS servers", s.dns?.join(", ")],
			["MAC", s.mac], ["VLAN", s.vlan || undefined],
			["MTU", s.mtu],
			...s.addresses6.map((a) => ["IPv6",
				`${a.address} ${a.state}`])]),
		table("Neighbours", [["Address"], ["MAC"]],
			s.neighbours.map((n) => [n.address, n.mac])),
		table(s.connections_truncated ? "Connections (not all)" :
			"Connections", [["Protocol"], ["Local"], ["Remote"],
			["State"], ["Unsent", true]], s.connections.map((c) =>
			[c.protocol, end(c.local, c.local_port),
				end(c.remote, c.remote_port), c.state,
				count(c.unsent)])));
	}

	async update(signal) {
		const said = await api("network", {signal});
		this.draw(said);
		this.show(...(said.cards.length ? said.cards.map(Network.card) :
			[section("Card", "There is no shared network card.")]),
		Network.drops(said), Network.stack(said.stack));
		return EVERY;
	}
}

export class Exits extends Simple {
	constructor(page) {
		super(page);
		this.history = new History();
		this.graph = new Graph("Exits by reason", "a second");
	}

	render() {
		return element("div", {}, section("Exits of the guest",
			this.graph.node), this.body);
	}

	async update(signal) {
		const said = await api("exits", {signal});
		const of = (cpu, name) => cpu.reasons.find((r) =>
			r.name === name)?.count ?? 0;
		this.history.add(said.uptime_us,
			said.reasons.map((r) => [r.name, r.count]));
		this.graph.draw(this.history, this.history.top(6)
			.map((name) => [name, name]));
		this.show(section(null, table("Exits since the start",
			[["Reason"], ["Code", true], ["All", true],
				...said.cpus.map((c) => [`CPU ${c.cpu}`, true])],
			said.reasons.toSorted((a, b) => b.count - a.count)
				.map((r) => [r.name, `0x${r.code.toString(16)}`,
					count(r.count), ...said.cpus.map((c) =>
						count(of(c, r.name)))]))));
		return EVERY;
	}
}

export class Domains extends Simple {
	async update(signal) {
		const {domains} = await api("domains", {signal});
		const starter = (id) => id ? domains.find((d) => d.id === id)
			?.program ?? id : "core";
		this.show(section(null, table("Programs in domains",
			[["Program"], ["Number", true], ["State"],
				["CPU ms", true], ["KiB", true],
				["Descriptors", true], ["Started by"]],
			domains.map((d) => [d.program, d.id, d.state,
				count(Math.round(d.cpu_us / 1000)),
				count(d.memory_kib), d.descriptors,
				starter(d.starter)]))));
		return EVERY;
	}
}

const NAMES = {"echo-tcp": "Echo, TCP", "echo-udp": "Echo, UDP",
               "echo-tls": "Echo, TLS"};

export class Services extends Simple {
	constructor(page) {
		super(page);
		this.rows = new Map();
		this.said = element("p", {role: "status"});
		this.list = element("div");
	}

	render() {
		return element("div", {}, this.list, this.said);
	}

	make(name) {
		const id = `port-${name}`;
		const row = {
			port: element("input", {id, type: "number", min: 1,
				max: 65535, required: true, class: "port"}),
			state: element("span"),
			counters: element("div"),
			button: element("button", {type: "submit"}),
		};
		row.node = section(NAMES[name] ?? name, element("form", {
			class: "controls", "aria-label": NAMES[name] ?? name,
			onsubmit: (event) => this.change(event, name),
		}, element("label", {for: id}, "Port", row.port), row.button,
		row.state), row.counters);
		this.list.append(row.node);
		this.rows.set(name, row);
		return row;
	}

	async change(event, name) {
		event.preventDefault();
		const row = this.rows.get(name);
		const running = !row.running;
		row.button.disabled = true;
		try {
			const body = {running, port: Number(row.port.value)};
			this.show(await api(`services/${name}`,
				{method: "PUT", body}));
			this.said.className = "";
			this.said.textContent = `${NAMES[name] ?? name} ` +
				(running ? `runs on port ${body.port}.` :
					"is stopped.");
		} catch (error) {
			this.said.className = "error";
			this.said.textContent = `${NAMES[name] ?? name}: ` +
				error.message;
			this.page.failed(error);
		}
		row.button.disabled = this.page.role !== "operate";
	}

	show({services}) {
		for (const s of services) {
			const row = this.rows.get(s.name) ?? this.make(s.name);
			row.running = s.running;
			row.state.textContent = s.running ?
				`runs on port ${s.port}` : "stopped";
			row.state.className = s.running ? "good" : "quiet";
			row.button.textContent = s.running ? "Stop" : "Start";
			row.button.disabled = this.page.role !== "operate";
			row.port.disabled = s.running;
			if (s.running)
				row.port.value = s.port;
			else if (!row.port.value)
				row.port.value = 7;
			row.counters.replaceChildren(tiles(s.counters.map((c) =>
				[c.name, count(c.value)])));
		}
		if (!services.length)
			this.list.replaceChildren(
				section("Services", "This build has none."));
	}

	async update(signal) {
		this.show(await api("services", {signal}));
		return EVERY;
	}
}

export class Config extends Simple {
	constructor(page) {
		super(page);
		this.words = element("input", {id: "config-words",
			type: "search", oninput: () => this.filter()});
		this.said = {entries: [], lines_refused: 0};
	}

	render() {
		return element("div", {}, section(null,
			element("div", {class: "controls"}, element("label",
				{for: "config-words"}, "Only with", this.words)),
			this.body));
	}

	filter() {
		const words = this.words.value.trim().toLowerCase();
		const source = (e) => !e.line ? e.source :
			e.source === "boot option" ?
				`${e.source}, word ${e.line}` :
				`${e.source}, line ${e.line}`;
		this.show(this.said.lines_refused ? element("p",
			{class: "warning"}, `${this.said.lines_refused} lines ` +
			"were refused; the log has them.") : null,
		table("Configuration in force", [["Name"], ["Value"],
			["Source"]], this.said.entries.filter((e) =>
			`${e.name} ${e.value} ${e.source}`.toLowerCase()
				.includes(words)).map((e) => [e.name, e.value,
			source(e)])));
	}

	async update(signal) {
		this.said = await api("config", {signal});
		this.filter();
		return 60000;
	}
}
