/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_prune: what is too old goes, a bounded number of rows at a time, so that whoever waits for the collector waits for no
 * longer than a batch takes. The file does not become smaller: its free pages are used again. The storing thread only. */
#include "collector/stores/sqlite.h"

#include "metering/record.h"

/* Of each table; a raw row is some 3 kB. */
#define ROWS_MAX 5000

static gboolean
remove_older (HmStore *store, HmSqliteStatement which, gint64 edge, gboolean *more, GError **error)
{
  HmSqliteQuery query;
  int changes;

  if (edge == HM_TIME_UNKNOWN)
    return TRUE;
  if (!hm_sqlite_query (store, which, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, edge);
  hm_sqlite_put_i64 (&query, ROWS_MAX);
  if (!hm_sqlite_run (&query, "removing what is too old", &changes, error))
    return FALSE;
  *more = *more || changes == ROWS_MAX;
  return TRUE;
}

gboolean
hm_sqlite_prune (HmStore *store, const HmRetention *retention, gboolean *ret_more, GError **error)
{
  /* Bins that have ended before it are those before the one that holds it. */
  gint64 bin = retention->bins == HM_TIME_UNKNOWN ? HM_TIME_UNKNOWN : retention->bins / HM_BIN_NS;
  const struct
  {
    HmSqliteStatement statement;
    gint64 edge;
  } parts[] = {
    { ST_PRUNE_RAW, retention->raw },
    { ST_PRUNE_DESCRIPTIONS, retention->raw },
    { ST_PRUNE_BINS, bin },
    { ST_PRUNE_CLOSED, bin },
    { ST_PRUNE_LOSSES, retention->bins },
    { ST_PRUNE_LETTERS, retention->letters },
    { ST_PRUNE_REQUESTS, retention->letters },
    { ST_PRUNE_MESSAGES, retention->messages },
  };
  gboolean more = FALSE, owned, fine = hm_sqlite_begin (store, NULL, 0, &owned, error);

  for (guint i = 0; fine && i < G_N_ELEMENTS (parts); i++)
    fine = remove_older (store, parts[i].statement, parts[i].edge, &more, error);
  if (!fine || !hm_sqlite_commit (store, error))
    {
      hm_sqlite_rollback (store);
      return FALSE;
    }
  *ret_more = more;
  return TRUE;
}
