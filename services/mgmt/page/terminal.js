// SPDX-License-Identifier: MIT
// As much of a terminal as the shell's line editor needs. Each line is an element
// of its own, so that a screen reader reads what is new, not all again.
import {element} from "/page/dom.js";

const KEEP = 1000;	// lines
// ESC [ number letter; the second: its beginning, at the end of a piece
const CONTROL = /\x1b\[(\d*)([A-Za-z])/y;
const CUT = /\x1b(\[\d*)?$/;

export class Terminal {
	constructor(name) {
		this.node = element("div", {class: "log terminal", tabindex: 0,
			role: "log", "aria-label": name});
		this.rest = "";
		this.text = "";		// of the last line
		this.column = 0;
		this.line = null;
	}

	clear() {
		this.node.replaceChildren();
		this.line = null;
		this.text = "";
		this.column = 0;
	}

	put(c) {
		this.text = this.text.slice(0, this.column)
			.padEnd(this.column) + c +
			this.text.slice(this.column + 1);
		this.column++;
	}

	/** The last line as the page shows it. */
	draw() {
		if (!this.line) {
			this.line = element("div");
			this.node.append(this.line);
		}
		if (this.line.textContent !== this.text)
			this.line.textContent = this.text;
	}

	newLine() {
		this.draw();
		this.line = null;
		this.text = "";
		this.column = 0;
	}

	control(number, letter) {
		const n = Number(number || 1);
		if (letter === "K")
			this.text = this.text.slice(0, this.column);
		else if (letter === "D")
			this.column = Math.max(0, this.column - n);
		else if (letter === "C")
			this.column += Math.min(n, 500);
		else if (letter === "J")
			this.clear();
	}

	write(text) {
		const node = this.node;
		const atEnd = node.scrollTop + node.clientHeight >=
			node.scrollHeight - 20;
		text = this.rest + text;
		this.rest = CUT.exec(text)?.[0] ?? "";
		text = text.slice(0, text.length - this.rest.length);
		for (let i = 0; i < text.length; i++) {
			CONTROL.lastIndex = i;
			const control = CONTROL.exec(text);
			if (control) {
				this.control(control[1], control[2]);
				i += control[0].length - 1;
			} else if (text[i] === "\n") {
				this.newLine();
			} else if (text[i] === "\r") {
				this.column = 0;
			} else if (text[i] === "\b") {
				this.column = Math.max(0, this.column - 1);
			} else if (text[i] >= " " || text[i] === "\t") {
				this.put(text[i]);
			}
		}
		if (this.text)
			this.draw();
		while (node.children.length > KEEP)
			node.firstChild.remove();
		if (atEnd)
			this.scrollToEnd();
	}

	scrollToEnd() {
		this.node.scrollTop = this.node.scrollHeight;
	}

	/** A line that the shell has not said. */
	note(text) {
		if (this.text)
			this.newLine();
		this.write(`(${text})\n`);
	}
}
