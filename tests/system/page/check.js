// SPDX-License-Identifier: MIT
// Uses the management page as a person does, in chromium: logs in, looks at each
// tab by keyboard, in light and dark, on a narrow screen, and breaks the
// connection. Prints one JSON line: {problems: [...], tabs: [...]}.
// usage: node check.js PLAYWRIGHT ADDRESS PORT PASSWORD SCREENSHOTS
"use strict";

const [playwright, address, port, password, folder] = process.argv.slice(2);
const {chromium} = require(playwright);
const TABS = ["overview", "network", "exits", "domains", "services", "log",
	"config"];
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
		log: ".log li", config: "tbody tr td.value"}[name];
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
		if (m.type() === "error" && !/401|ERR_FAILED/.test(m.text()))
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
		await page.emulateMedia({colorScheme: "dark"});
		await page.setViewportSize({width: 360, height: 700});
		for (const name of TABS) {
			await openTab(page, name);
			await look(page, `${name}-dark-360`);
		}
		await lostConnection(page);
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
