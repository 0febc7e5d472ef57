/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_server: a PostgreSQL server of the test program's own, and SQL behind the store's back. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

extern char *pg_kit_base; /* URL of the database in which others are made; NULL: no server runs */

/* Starts the server, by scripts/real/postgres; ends the program, in TAP, when that fails. One at a time. */
void pg_kit_start (void);
void pg_kit_stop (void);

/* The URL of another database of the server; one that was made just now, whatever @folder is. (transfer full) */
char *pg_kit_url (const char *database);
char *pg_kit_new_url (const char *folder);

/* SQL over a connection of its own, as the role that the store uses; the first value of the first row. (transfer full) */
char *pg_kit_sql (const char *url, const char *text);
void pg_kit_run (const char *url, const char *text);

G_END_DECLS
