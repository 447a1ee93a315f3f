// SPDX-License-Identifier: MIT
// Making elements: text goes in as text, never as markup.

/** element("p", {class: "quiet"}, "text", child, ...); "on..." are handlers. */
export function element(name, attributes = {}, ...children) {
	const made = document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) {
		if (value === undefined || value === null || value === false)
			continue;
		if (key.startsWith("on"))
			made.addEventListener(key.slice(2), value);
		else
			made.setAttribute(key, value === true ? "" : value);
	}
	made.append(...children.filter((c) => c !== null && c !== undefined));
	return made;
}

export function svg(name, attributes = {}, ...children) {
	const made = document.createElementNS("http://www.w3.org/2000/svg",
		name);
	for (const [key, value] of Object.entries(attributes))
		made.setAttribute(key, value);
	made.append(...children);
	return made;
}

export function section(title, ...children) {
	return element("section", {}, title ? element("h2", {}, title) : null,
		...children);
}

/** Terms with values, as tiles. */
export function tiles(pairs) {
	return element("dl", {class: "tiles"}, ...pairs
		.filter(([, value]) => value !== undefined && value !== "")
		.map(([name, value, kind]) => element("div", {},
			element("dt", {}, name),
			element("dd", {class: kind}, String(value)))));
}

/**
 * columns: [title, number?]; rows: lists of cells, text or elements. The first
 * cell of a row is its heading.
 */
export function table(caption, columns, rows, empty = "none") {
	const kind = (i) => columns[i][1] ? "number" : "value";
	const body = rows.map((row) => element("tr", {}, ...row.map(
		(cell, i) => element(i ? "td" : "th", {
			class: kind(i), scope: i ? null : "row",
		}, cell instanceof Node ? cell : String(cell)))));
	if (!rows.length)
		body.push(element("tr", {}, element("td", {
			colspan: columns.length, class: "quiet"}, empty)));
	// what can be scrolled can be reached by keyboard
	return element("div", {class: "wide", tabindex: 0, role: "region",
		"aria-label": caption},
	element("table", {}, element("caption", {}, caption),
		element("thead", {}, element("tr", {}, ...columns.map(
			([title], i) => element("th", {
				class: kind(i), scope: "col"}, title)))),
		element("tbody", {}, ...body)));
}

export function count(n) {
	return Number(n).toLocaleString("en");
}

/** 1234567 as "1.2 M" */
export function short(n) {
	const units = ["", "k", "M", "G", "T"];
	let unit = 0;
	while (Math.abs(n) >= 1000 && unit < units.length - 1) {
		n /= 1000;
		unit++;
	}
	const text = n >= 100 || Number.isInteger(n) ? n.toFixed(0) :
		n.toFixed(1);
	return unit ? `${text} ${units[unit]}` : text;
}

export function bytes(n) {
	return `${short(n)}${n < 1000 ? " B" : "B"}`;
}

export function duration(us) {
	const s = Math.floor(us / 1e6);
	const days = Math.floor(s / 86400);
	const two = (n) => String(n).padStart(2, "0");
	const clock = `${two(Math.floor(s / 3600) % 24)}:` +
		`${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
	return days ? `${days} d ${clock}` : clock;
}
