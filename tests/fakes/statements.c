/* SPDX-License-Identifier: Apache-2.0 */
/* statements: what the libraries have in common. See the header. */
#include "tests/fakes/statements.h"

#include <string.h>

#define NAME_WORDS 3

static Failpoints *watching;
static StatementVisit visiting;
static gpointer visitor;
static GThread *watcher; /* of either */
static StatementFault fault;
static guint depth; /* of calls within calls */

void
statements_watch (Failpoints *points)
{
  watching = points;
  watcher = g_thread_self ();
}

void
statements_each (StatementVisit visit, gpointer user)
{
  visiting = visit;
  visitor = user;
  if (visit != NULL) /* when it ends, others may still run and look */
    watcher = g_thread_self ();
}

void
statements_fail (int code, gboolean rolls_back)
{
  fault = (StatementFault){ code, rolls_back };
}

gboolean
statements_enter (void)
{
  return watcher == g_thread_self () && ++depth == 1 && (watching != NULL || visiting != NULL);
}

void
statements_leave (void)
{
  if (watcher == g_thread_self ())
    depth--;
}

static const char *
skip_comment (const char *sql)
{
  while (g_str_has_prefix (sql, "--") && strchr (sql, '\n') != NULL)
    sql = strchr (sql, '\n') + 1;
  return sql;
}

static char *
name_of (const char *library, const char *sql, const char *moment)
{
  g_auto (GStrv) words = g_strsplit_set (skip_comment (sql), " \n(,;", -1);
  GString *name = g_string_new (library);
  guint n = 0;

  for (guint i = 0; words[i] != NULL && n < NAME_WORDS; i++)
    if (words[i][0] != '\0')
      g_string_append_printf (name, "%c%s", n++ == 0 ? '.' : ' ', words[i]);
  g_string_append_printf (name, ".%s", moment);
  return g_string_free (name, FALSE);
}

StatementFault
statements_pass (const char *library, const char *sql, const char *moment)
{
  const char *text = sql != NULL ? sql : "";
  g_autofree char *name = watching != NULL ? name_of (library, text, moment) : NULL;

  fault = (StatementFault){ 0 };
  if (name != NULL)
    failpoints_pass (watching, name);
  if (visiting != NULL)
    visiting (text, moment, visitor);
  return fault;
}
