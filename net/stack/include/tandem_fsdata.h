/* SPDX-License-Identifier: MIT */
/* lwIP's httpd has no files of its own: all are answers of routes. */
#define FS_ROOT	((const struct fsdata_file *)NULL)
