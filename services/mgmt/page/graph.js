// SPDX-License-Identifier: MIT
// Lines over the last minutes, as SVG; what they show is told in words, too.
import {element, short, svg} from "/page/dom.js";

const HEIGHT = 160, LEFT = 48, BOTTOM = 20, TOP = 8;
const SERIES = 6;

/** Rates of counters: add() is given their values at a time. */
export class History {
	constructor(points = 90) {
		this.points = points;
		this.last = null;
		this.at = [];		// seconds
		this.rates = new Map();	// name -> numbers, as many as at
	}

	add(us, values) {
		const last = this.last;
		this.last = {us, values: new Map(values)};
		if (!last || us <= last.us) {
			if (last && us < last.us) {	// it was started anew
				this.at = [];
				this.rates.clear();
			}
			return;
		}
		const seconds = (us - last.us) / 1e6;
		this.at.push(us / 1e6);
		for (const [name, value] of values) {
			if (!this.rates.has(name))
				this.rates.set(name,
					Array(this.at.length - 1).fill(0));
			const before = last.values.get(name) ?? 0;
			this.rates.get(name).push(
				Math.max(0, value - before) / seconds);
		}
		for (const rates of this.rates.values())
			if (rates.length < this.at.length)
				rates.push(0);
		if (this.at.length > this.points) {
			this.at.shift();
			for (const rates of this.rates.values())
				rates.shift();
		}
	}

	/** The n names with the highest rates, the highest first. */
	top(n) {
		return [...this.rates]
			.map(([name, r]) => [name, Math.max(...r, 0)])
			.sort((a, b) => b[1] - a[1])
			.slice(0, n).map(([name]) => name);
	}
}

function niceTop(value) {
	if (value <= 0)
		return 1;
	const power = 10 ** Math.floor(Math.log10(value));
	return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value);
}

export class Graph {
	constructor(title, unit) {
		this.title = title;
		this.unit = unit;
		this.picture = svg("svg", {class: "graph", role: "img"});
		this.legend = element("ul", {class: "legend", role: "list"});
		this.node = element("figure", {},
			element("figcaption", {}, `${title} (${unit})`),
			this.picture, this.legend);
	}

	path(rates, top, n) {
		const step = (this.width - LEFT) / Math.max(1, n - 1);
		const from = n - rates.length;
		return rates.map((rate, i) => {
			const x = LEFT + (from + i) * step;
			const y = TOP + (HEIGHT - BOTTOM - TOP) *
				(1 - rate / top);
			return `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
		}).join("");
	}

	axes(top, seconds) {
		const floor = HEIGHT - BOTTOM;
		const line = (y) => svg("line", {class: "axis", x1: LEFT,
			x2: this.width, y1: y, y2: y});
		const text = (x, y, anchor, words) => svg("text", {x, y,
			"text-anchor": anchor}, words);
		return [line(TOP), line((TOP + floor) / 2), line(floor),
			text(LEFT - 5, TOP + 4, "end", short(top)),
			text(LEFT - 5, (TOP + floor) / 2 + 4, "end",
				short(top / 2)),
			text(LEFT - 5, floor + 4, "end", "0"),
			text(LEFT, HEIGHT - 4, "start", `${seconds} s ago`),
			text(this.width, HEIGHT - 4, "end", "now")];
	}

	/** names: which of the history's lines; [name, how it is called] */
	draw(history, names) {
		names = names.slice(0, SERIES);
		const lines = names.map(([name]) =>
			history.rates.get(name) ?? []);
		const top = niceTop(Math.max(0, ...lines.flat()));
		const n = history.at.length;
		const seconds = n ? Math.round(history.at[n - 1] -
			history.at[0]) : 0;
		const now = names.map(([, label], i) =>
			`${label} ${short(Math.round(lines[i].at(-1) ?? 0))}`);
		this.width = this.picture.clientWidth || 480;
		this.picture.setAttribute("viewBox",
			`0 0 ${this.width} ${HEIGHT}`);
		this.picture.setAttribute("aria-label",
			`${this.title}, ${this.unit}, now: ${now.join(", ")}`);
		this.picture.replaceChildren(...this.axes(top, seconds),
			...lines.map((rates, i) => svg("path", {
				class: `series-${i}`,
				d: this.path(rates, top, n)})));
		this.legend.replaceChildren(...now.map((text, i) =>
			element("li", {}, svg("svg", {viewBox: "0 0 24 8",
				"aria-hidden": "true"}, svg("line", {
				class: `series-${i}`, x1: 0, x2: 24, y1: 4,
				y2: 4, "stroke-width": 3})), text)));
	}
}
