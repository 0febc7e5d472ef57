/* SPDX-License-Identifier: Apache-2.0 */
/* store_copy: `hypermeter store backup FILE` and `hypermeter store restore FILE`.
 *
 * The store's plugin does it; here is who asks, the progress on a terminal, and what to do where a database brings its own tools. A
 * signal stops a copy, and what was written of it is removed. */
#include "cli/store/store.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

static const HmColumn columns[] = { { "store", HM_COLUMN_TEXT },
                                    { "file", HM_COLUMN_TEXT },
                                    { "bytes", HM_COLUMN_COUNT, .grouped = TRUE } };

/* -- on the way -- */

static volatile sig_atomic_t is_stopped;

static void
stop (int number)
{
  (void)number;
  is_stopped = 1;
}

/* The second signal ends the program as ever. */
static void
heed_signals (void)
{
  const struct sigaction action = { .sa_handler = stop, .sa_flags = (int)SA_RESETHAND };

  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
}

typedef struct
{
  gboolean is_shown;
  guint64 percent; /* that stands there now */
} Progress;

static gboolean
show_progress (guint64 done, guint64 total, gpointer user)
{
  Progress *progress = user;
  guint64 percent = total > 0 ? done * 100 / total : 100;

  if (progress->is_shown && percent != progress->percent)
    g_printerr ("\r%3" G_GUINT64_FORMAT " %%", percent);
  progress->percent = percent;
  return is_stopped == 0;
}

static Progress
start_progress (void)
{
  heed_signals ();
  return (Progress){ .is_shown = isatty (STDERR_FILENO), .percent = G_MAXUINT64 };
}

static void
end_progress (const Progress *progress)
{
  if (progress->is_shown && progress->percent != G_MAXUINT64)
    g_printerr ("\r     \r");
}

/* -- a database with tools of its own -- */

static gboolean
is_secret (const char *parameter)
{
  g_autofree char *name = g_uri_unescape_segment (parameter, strchr (parameter, '='), NULL);
  g_autofree char *folded = name != NULL ? g_ascii_strdown (name, -1) : NULL;

  return folded == NULL || strstr (folded, "password") != NULL;
}

static void
append_query (GString *text, const char *query)
{
  g_auto (GStrv) parameters = g_strsplit (query, "&", -1);
  char mark = '?';

  for (guint i = 0; parameters[i] != NULL; i++)
    {
      if (is_secret (parameters[i]))
        continue;
      g_string_append_printf (text, "%c%s", mark, parameters[i]);
      mark = '&';
    }
}

/* (transfer full) As it was written, since it is to be used, but for what nobody else may read. */
static char *
printable_url (const char *url)
{
  const char *part = strstr (url, "://");
  const char *host = part != NULL ? part + 3 : url;
  const char *end = g_strrstr_len (host, (gssize)strcspn (host, "/"), "@");
  const char *colon = end != NULL ? memchr (host, ':', (gsize)(end - host)) : NULL;
  const char *query = strchr (end != NULL ? end : host, '?');
  GString *text = g_string_new_len (url, (colon != NULL ? colon : host) - url);

  if (colon != NULL)
    host = end;
  g_string_append_len (text, host, query != NULL ? query - host : (gssize)strlen (host));
  if (query != NULL)
    append_query (text, query + 1);
  return g_string_free (text, FALSE);
}

static void
refuse (const HmReading *r, const char *file, gboolean is_backup, GError **error)
{
  g_autofree char *scheme = hm_store_scheme (r->store_url), *url = printable_url (r->store_url);
  g_autofree char *place = g_shell_quote (file), *database = g_shell_quote (url);

  if (!g_str_has_prefix (scheme, "postgres"))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "a store of '%s' is copied by its database's own tools",
                 scheme);
  else if (is_backup)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
                 "PostgreSQL copies itself, while a collector runs: pg_dump --format=custom --file=%s %s",
                 place, database);
  else
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
                 "PostgreSQL restores itself, into an empty database and without a collector: "
                 "pg_restore --single-transaction --dbname=%s %s",
                 database, place);
}

/* -- the command line -- */

/* Parses, and finds the plugin; *@ret_file (transfer full). */
static gboolean
prepare (HmReading *r, const HmCommand *command, int argc, char **argv, char **ret_file, GError **error)
{
  g_auto (GStrv) files = NULL;
  const GOptionEntry entries[]
      = { { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &files, NULL, "FILE" }, { NULL } };

  if (!hm_reading_parse (r, command, entries, argc, argv, error))
    return FALSE;
  if (files == NULL || files[1] != NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "it takes one FILE; see 'hypermeter %s --help'",
                   command->name);
      return FALSE;
    }
  if (!hm_reading_configure (r, error) || !hm_reading_find (r, error))
    return FALSE;
  *ret_file = g_strdup (files[0]);
  return TRUE;
}

static gboolean
show_copy (const HmReading *r, const char *file, GError **error)
{
  g_autofree char *bytes = NULL;
  HmOutput *output = hm_reading_output (r, columns, G_N_ELEMENTS (columns));
  GStatBuf st;

  if (g_stat (file, &st) == 0)
    bytes = g_strdup_printf ("%" G_GINT64_FORMAT, (gint64)st.st_size);
  hm_output_row (output, (const char *[]){ r->store_url, file, bytes });
  return hm_output_end (output, TRUE, error);
}

static int
run_backup (int argc, char **argv, GError **error)
{
  g_auto (HmReading) r = { 0 };
  g_autofree char *file = NULL;
  Progress progress;
  gboolean done;

  if (!prepare (&r, &hm_store_backup, argc, argv, &file, error))
    return 1;
  if (r.ops->backup == NULL)
    {
      refuse (&r, file, TRUE, error);
      return 1;
    }
  if (!hm_reading_connect (&r, &hm_store_backup, error))
    return 1;
  progress = start_progress ();
  done = r.ops->backup (r.store, file, show_progress, &progress, error);
  end_progress (&progress);
  return done && show_copy (&r, file, error) ? 0 : 1;
}

static int
run_restore (int argc, char **argv, GError **error)
{
  g_auto (HmReading) r = { 0 };
  g_autofree char *file = NULL;
  Progress progress;
  gboolean done;

  if (!prepare (&r, &hm_store_restore, argc, argv, &file, error))
    return 1;
  if (r.ops->restore == NULL)
    {
      refuse (&r, file, FALSE, error);
      return 1;
    }
  progress = start_progress ();
  done = r.ops->restore (r.store_url, file, show_progress, &progress, error);
  end_progress (&progress);
  if (!done || !show_copy (&r, file, error))
    return 1;
  if (r.output == HM_OUTPUT_TABLE)
    g_print ("\nThe collector that is started now goes on where the copy was made: it takes from Kafka what "
             "came since.\n"
             "What Kafka no longer has is noted in bus_gap, by offsets. What came over HTTP since is not "
             "there.\n");
  return 0;
}

const HmCommand hm_store_backup = {
  "store backup",
  "Copy the store to FILE, while a collector runs",
  "FILE must not be there yet. It is the store as it was at one moment, in one file, and can be\n"
  "read with --store.\n"
  "\n"
  "Examples:\n"
  "  hypermeter store backup /backup/usage.db\n"
  "  hypermeter usage --store sqlite:///backup/usage.db\n" HM_STORE_STATUS,
  0,
  run_backup,
};

const HmCommand hm_store_restore = {
  "store restore",
  "Make the store of the copy in FILE, while no collector runs",
  "Nothing is overwritten: a store that is there has to be moved away first, with the files whose\n"
  "names begin as its own. FILE is read as a whole before anything is written.\n"
  "\n"
  "Examples:\n"
  "  systemctl stop hypermeter-collector\n"
  "  mkdir /var/lib/hypermeter/old && mv /var/lib/hypermeter/usage.db* /var/lib/hypermeter/old\n"
  "  hypermeter store restore /backup/usage.db\n"
  "  systemctl start hypermeter-collector\n" HM_STORE_STATUS,
  0,
  run_restore,
};
