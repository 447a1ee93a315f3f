/* SPDX-License-Identifier: MIT */
/*
 * The page's files, compressed when Tandem is built (services/mgmt/build.mk), as
 * a table of struct page_file (page.c).
 */
	.macro	file path, name, type
	.section .rodata.page_data, "a"
1:	.incbin	"\name\().gz"
2:
	.section .rodata.page_text, "a"
3:	.asciz	"\path"
4:	.asciz	"\type"
	.section .data.rel.ro.page_files, "aw"
	.quad	3b, 4b, 1b, 2b
	.endm

	.section .data.rel.ro.page_files, "aw"
	.balign	8
	.globl	page_files
	.hidden	page_files
page_files:
	file	"/", "index.html", "text/html; charset=utf-8"
	file	"/page/style.css", "style.css", "text/css; charset=utf-8"
	file	"/page/app.js", "app.js", "text/javascript; charset=utf-8"
	file	"/page/api.js", "api.js", "text/javascript; charset=utf-8"
	file	"/page/dom.js", "dom.js", "text/javascript; charset=utf-8"
	file	"/page/graph.js", "graph.js", "text/javascript; charset=utf-8"
	file	"/page/views.js", "views.js", "text/javascript; charset=utf-8"
	file	"/page/log.js", "log.js", "text/javascript; charset=utf-8"
	file	"/page/shell.js", "shell.js", "text/javascript; charset=utf-8"
	file	"/page/terminal.js", "terminal.js", "text/javascript; charset=utf-8"
	file	"/page/capture.js", "capture.js", "text/javascript; charset=utf-8"
	file	"/page/power.js", "power.js", "text/javascript; charset=utf-8"
	file	"/page/icon.svg", "icon.svg", "image/svg+xml"
	file	"/api/v1/openapi.json", "openapi.json", "application/json"
	.section .data.rel.ro.page_files, "aw"
	.globl	page_files_end
	.hidden	page_files_end
page_files_end:
	.section .note.GNU-stack, "", @progbits
