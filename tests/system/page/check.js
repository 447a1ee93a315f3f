// SPDX-License-Identifier: MIT
// Uses the management page as a person does, in chromium: logs in, looks at each
// tab by keyboard, in light and dark, on a narrow screen, and breaks the
// connection; uses the shell, captures and power, and looks at what one sees of
// them who may only look. Prints one JSON line: {problems: [...], tabs: [...]}.
// usage: node check.js PLAYWRIGHT ADDRESS PORT PASSWORD PASSWORD_READ FOLDER
"use strict";

const [playwright, address, port, password, passwordRead, folder] =
	process.argv.slice(2);
const {chromium} = require(playwright);
const TABS = ["overview", "network", "exits", "domains", "services", "log",
	"config", "shell", "capture", "power"];
const problems = [];

function check(ok, what) {
	if (!ok)
		problems.push(what);
}

/** What a screen reader would miss in the document. */
function accessibility() {
	const found = [];
	const name = (n) => n.getAttribute("aria-label") ||
		n.textContent.trim() || n.labels?.[0]?.textContent.trim();
	const seen = (n) => n.checkVisibility();
	for (const n of document.querySelectorAll("button, a, input, select"))
		if (seen(n) && !name(n))
			found.push(`no name: ${n.outerHTML.slice(0, 80)}`);
	for (const n of document.querySelectorAll("table"))
		if (!n.caption?.textContent)
			found.push("a table without a caption");
	for (const n of document.querySelectorAll("svg[role=img]"))
		if (!n.getAttribute("aria-label"))
			found.push("a graph without a text");
	for (const n of document.querySelectorAll("img"))
		if (!n.hasAttribute("alt"))
			found.push("a picture without alt");
	const ids = [...document.querySelectorAll("[id]")].map((n) => n.id);
	if (new Set(ids).size !== ids.length)
		found.push("an id twice");
	if ([...document.querySelectorAll("h1")].filter(seen).length !== 1)
		found.push("not one h1");
	for (const landmark of ["header", "main", "nav", "footer"])
		if (document.querySelectorAll(landmark).length !== 1)
			found.push(`not one ${landmark}`);
	if (!document.documentElement.lang || !document.title)
		found.push("no language or title");
	if (document.documentElement.scrollWidth > innerWidth)
		found.push(`${document.documentElement.scrollWidth} pixels ` +
			`wide in ${innerWidth}`);
	return found;
}

/** Contrast of all texts that are seen (WCAG 2.1, 1.4.3): below 4.5. */
function contrast() {
	const part = (v) => (v /= 255) <= 0.03928 ? v / 12.92 :
		((v + 0.055) / 1.055) ** 2.4;
	const light = (c) => 0.2126 * part(c[0]) + 0.7152 * part(c[1]) +
		0.0722 * part(c[2]);
	const rgb = (text) => text.match(/[\d.]+/g).map(Number);
	const found = new Set();
	for (const n of document.querySelectorAll("body *")) {
		const own = [...n.childNodes].some((c) => c.nodeType === 3 &&
			c.data.trim());
		if (!own || !n.checkVisibility() || n.closest("svg") ||
		    n.disabled)
			continue;
		let b = n;
		while (b && (rgb(getComputedStyle(b).backgroundColor)[3] ===
			0))
			b = b.parentElement;
		const back = light(rgb(b ? getComputedStyle(b)
			.backgroundColor : "rgb(255,255,255)"));
		const front = light(rgb(getComputedStyle(n).color));
		const ratio = (Math.max(front, back) + 0.05) /
			(Math.min(front, back) + 0.05);
		if (ratio < 4.5)
			found.add(`contrast ${ratio.toFixed(1)}: ` +
				n.textContent.trim().slice(0, 30));
	}
	return [...found];
}

async function look(page, where) {
	for (const test of [accessibility, contrast])
		for (const what of await page.evaluate(test))
			problems.push(`${where}: ${what}`);
	await page.screenshot({path: `${folder}/${where}.png`, fullPage: true});
}

async function filled(page, name) {
	const what = {overview: "tbody tr", network: "path.series-0[d^=M]",
		exits: "tbody tr", domains: "tbody tr", services: "form button",
		log: ".log li", config: "tbody tr td.value",
		shell: ".terminal:has-text('> ')", capture: "dl.tiles dd",
		power: "dl.tiles dd"}[name];
	await page.locator(`#view ${what}`).first()
		.waitFor({state: "attached", timeout: 30000});
}

/** By keyboard alone: to the link of that tab, and into it. */
async function openTab(page, name) {
	await page.locator(`#tabs a[href="#${name}"]`).focus();
	await page.keyboard.press("Enter");
	await page.locator(`#tabs a[href="#${name}"][aria-current=page]`)
		.waitFor({timeout: 15000});
	await filled(page, name);
	check(await page.evaluate(() =>
		document.activeElement.closest("main") !== null),
	`${name}: the focus did not go to the content`);
}

async function login(page) {
	await page.locator("#password:focus").waitFor({timeout: 30000});
	await look(page, "login");
	await page.keyboard.type("wrong password");
	await page.keyboard.press("Enter");
	await page.locator("#login-error", {hasText: "wrong password"})
		.waitFor({timeout: 30000});
	await page.locator("#password").fill(password);
	await page.keyboard.press("Enter");
	await filled(page, "overview");
	const first = await page.evaluate(async () => {
		document.body.focus();
		return document.querySelector("a").textContent;
	});
	check(first.startsWith("Skip"), "no link to skip to the content");
}

async function service(page) {
	await openTab(page, "services");
	const form = page.locator("form[aria-label='Echo, TCP']");
	await form.locator("input").fill("7010");
	await form.getByRole("button", {name: "Start"}).press("Enter");
	await form.getByText("runs on port 7010").waitFor({timeout: 15000});
	await look(page, "services-running");
	await form.getByRole("button", {name: "Stop"}).press("Enter");
	await form.getByText("stopped").waitFor({timeout: 15000});
}

async function filters(page) {
	await openTab(page, "log");
	await page.locator("#log-words").fill("guest runs");
	await page.waitForFunction(() => [...document.querySelectorAll(
		".log li")].filter((n) => n.checkVisibility()).length > 0);
	check(await page.evaluate(() => [...document.querySelectorAll(
		".log li")].filter((n) => n.checkVisibility())
		.every((n) => n.textContent.includes("guest runs"))),
	"the log's filter shows other lines");
	await openTab(page, "config");
	await page.locator("#config-words").fill("mgmt.password");
	await page.getByText("(set)").first().waitFor({timeout: 15000});
}

/** What the shell's tab shows, once it has all of the words. */
async function says(page, ...words) {
	await page.waitForFunction((all) => {
		const lines = [...document.querySelectorAll(".terminal div")];
		const text = lines.map((n) => n.textContent).join("\n");
		return all.every((w) => text.includes(w)) &&
			lines.at(-1)?.textContent.endsWith("> ");
	}, words, {timeout: 30000});
}

async function shell(page) {
	await openTab(page, "shell");
	const line = page.getByLabel("Command", {exact: true});
	await line.focus();
	await page.keyboard.type("version");
	await page.keyboard.press("Enter");
	await says(page, "> version", "compiler");
	await page.keyboard.type("spin");	// until ^C
	await page.keyboard.press("Enter");
	await page.getByRole("log").getByText("> spin").waitFor();
	await page.keyboard.press("Control+c");
	await says(page, "^C");
	await page.keyboard.press("ArrowUp");
	await page.keyboard.press("ArrowUp");
	check(await line.inputValue() === "version",
		"the arrow keys do not bring lines back");
	await line.fill("");
	// not caught in it: on to the buttons, back to the output
	await page.keyboard.press("Tab");
	check(await page.evaluate(() =>
		document.activeElement.textContent === "Enter"),
	"the tab key does not leave the shell's line");
	await page.keyboard.press("Shift+Tab");
	await page.keyboard.press("Shift+Tab");
	check(await page.evaluate(() =>
		document.activeElement.role === "log"),
	"the shell's output is not reached by keyboard");
	await line.focus();
	await page.keyboard.type("exit");
	await page.keyboard.press("Enter");
	await says(page, "(the session has ended");
	await look(page, "shell-used");
}

/** A screen that is too small shows the last lines. */
async function atEnd(page) {
	await page.waitForFunction(() => {
		const n = document.querySelector(".terminal");
		return n.scrollHeight > n.clientHeight && n.scrollTop +
			n.clientHeight > n.scrollHeight - 20;
	}, null, {timeout: 15000});
}

async function capture(page) {
	await openTab(page, "capture");
	await page.getByLabel("TCP or UDP port").fill("70000");
	await page.getByRole("button", {name: "Start"}).press("Enter");
	check(await page.locator("#capture-port:invalid").count() === 1,
		"a port of 70000 is not refused");
	await page.getByLabel("TCP or UDP port").fill("");
	await page.getByLabel("IP address").fill("1.2.3");
	await page.getByRole("button", {name: "Start"}).press("Enter");
	await page.getByText("expected an IP address").waitFor();
	await page.getByLabel("IP address").fill("");
	const kept = page.waitForEvent("download", {timeout: 30000});
	await page.getByRole("button", {name: "Start"}).press("Enter");
	const file = await kept;
	check(file.suggestedFilename() === "tandem.pcapng",
		`the capture is kept as ${file.suggestedFilename()}`);
	await page.getByText("runs, and is downloaded").waitFor();
	await page.waitForFunction(() => [...document.querySelectorAll("dt")]
		.some((n) => n.textContent === "Frames" &&
			n.nextSibling.textContent !== "0"), null,
	{timeout: 60000});
	await look(page, "capture-running");
	await page.getByRole("button", {name: "Stop"}).press("Enter");
	await file.saveAs(`${folder}/tandem.pcapng`);
	await page.locator("dd", {hasText: /^none$/}).waitFor();
}

async function power(page) {
	await openTab(page, "power");
	const dialog = page.getByRole("dialog");
	for (const name of ["Reset", "Power off"]) {
		const button = page.getByRole("button", {name: `${name} …`});
		await button.press("Enter");
		await dialog.waitFor();
		await look(page, `power-${name.slice(0, 5)}`);
		await page.keyboard.type("no");
		await page.keyboard.press("Enter");
		check(await dialog.isVisible(),
			`${name} without its word is not refused`);
		if (name === "Reset")
			await page.keyboard.press("Escape");
		else
			await dialog.getByRole("button", {name: "Cancel"})
				.press("Enter");
		await dialog.waitFor({state: "hidden"});
		check(await button.evaluate((n) =>
			n === document.activeElement),
		`${name}: the focus did not come back`);
	}
	await page.getByRole("button", {name: "NMI …"}).press("Enter");
	await page.keyboard.type("nmi");
	await page.keyboard.press("Enter");
	await page.getByText("NMI: on its way.").waitFor();
}

/** What who may only look is told, in place of what is not allowed. */
async function reader(page) {
	await page.locator("#password:focus").waitFor({timeout: 30000});
	await page.keyboard.type(passwordRead);
	await page.keyboard.press("Enter");
	await filled(page, "overview");
	await openTab(page, "shell");
	await page.getByText("This role may look").waitFor();
	await look(page, "shell-reader");
	await openTab(page, "capture");
	await page.getByText("This role may only look").waitFor();
	check(!await page.locator("#view button:visible").count(),
		"a reader can start captures");
	await look(page, "capture-reader");
	await openTab(page, "power");
	await page.getByText("This role may only look").waitFor();
	check(!await page.locator("#view button").count(),
		"a reader has the power");
	await look(page, "power-reader");
}

/** What is lost is told, and comes back by itself. */
async function lostConnection(page) {
	await openTab(page, "overview");
	await page.route("**/api/**", (route) => route.abort());
	await page.locator("#connection.bad").waitFor({timeout: 20000});
	await page.unroute("**/api/**");
	await page.locator("#connection:not(.bad)").waitFor({timeout: 30000});
}

async function main() {
	const browser = await chromium.launch({
		executablePath: "/usr/bin/chromium",
		args: ["--no-sandbox", "--disable-gpu",
			`--host-resolver-rules=MAP ${address} 127.0.0.1:${port}`],
	});
	const context = await browser.newContext({ignoreHTTPSErrors: true,
		viewport: {width: 1100, height: 800}, colorScheme: "light"});
	const page = await context.newPage();
	let expected = 0;	// errors that the test makes itself
	page.on("console", (m) => {
		if (m.type() === "error" && !/40[01]|ERR_FAILED/.test(m.text()))
			problems.push(`console: ${m.text()}`);
		else
			expected++;
	});
	page.on("pageerror", (e) => problems.push(`exception: ${e.message}`));
	page.on("request", (r) => check(new URL(r.url()).host === address,
		`asks elsewhere: ${r.url()}`));
	const done = [];
	try {
		await page.goto(`https://${address}/`, {timeout: 60000});
		await login(page);
		for (const name of TABS) {
			await openTab(page, name);
			if (name === "network" || name === "exits")
				await page.waitForTimeout(4500);
			await look(page, name);
			done.push(name);
		}
		await service(page);
		await filters(page);
		await shell(page);
		await capture(page);
		await power(page);
		await page.emulateMedia({colorScheme: "dark"});
		await page.setViewportSize({width: 360, height: 700});
		for (const name of TABS) {
			await openTab(page, name);
			if (name === "shell")
				await atEnd(page);
			await look(page, `${name}-dark-360`);
		}
		await page.getByRole("button", {name: "Reset …"}).press("Enter");
		await look(page, "power-dialog-dark-360");
		await page.keyboard.press("Escape");
		await lostConnection(page);
		await page.locator("#logout").press("Enter");
		await reader(page);
		await page.locator("#logout").press("Enter");
		await page.locator("#password:focus").waitFor({timeout: 15000});
	} catch (error) {
		problems.push(`${error.message}`.slice(0, 600));
		await page.screenshot({path: `${folder}/failed.png`});
	}
	await browser.close();
	console.log(JSON.stringify({problems, tabs: done}));
}

main();
