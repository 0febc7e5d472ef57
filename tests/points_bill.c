/* SPDX-License-Identifier: Apache-2.0 */
/* points_bill: the collector is stopped at each statement that a bill needs, and each of them fails. See points_kit.h.
 *
 * One history serves many stops: each life ends at the first moment of a statement at which none has ended yet, and the next goes on, until one
 * comes to the end. What stops hide from each other is found by `make check-fault`, where each has a history of its own. */
#include "tests/points_kit.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bill_check.h"
#include "tests/bill_history.h"

#define TIME_DIGITS 12

typedef struct
{
  const PointsStore *store;
  const HmStoreOps *ops;
  BillHistory *history;
  char *undisturbed; /* all tables afterwards */
  GPtrArray
      *met; /* (element-type utf8) moments of statements, in the order in which a life meets them first */
  GHashTable *over; /* (element-type utf8) those at which nothing happens any more */
  GHashTable *hit;  /* (element-type utf8) those at which something did */
  GHashTable *left; /* (element-type utf8) those at which something happens in `make check-fault` alone */
  gboolean others;  /* those that an undisturbed life does not meet count, too */
  int fd;           /* of a child: says there where it ends */
} Bill;

/* Without the times that are in some texts: they are others in each life. */
static char *
key_of (const char *sql, const char *moment)
{
  GString *key = g_string_new (moment);
  gsize digits;

  for (g_string_append_c (key, ' '); *sql != '\0'; sql += digits > 0 ? digits : 1)
    {
      digits = strspn (sql, G_CSET_DIGITS);
      if (digits < TIME_DIGITS)
        g_string_append_len (key, sql, (gssize)(digits > 0 ? digits : 1));
    }
  return g_string_free (key, FALSE);
}

/* What the test asks for itself is no point. */
static void
settle (gpointer user)
{
  const PointsStore *store = user;

  statements_enter ();
  if (store->settle != NULL)
    store->settle (store->user);
  statements_leave ();
}

static void
take (const Bill *bill)
{
  bill_history_take (bill->history, bill->ops, bill->store->url, settle, (gpointer)(guintptr)bill->store);
}

/* What the tables hold is as when nothing happens, and is right. */
static void
assert_undisturbed (const Bill *bill, const char *what, const char *key)
{
  g_autofree char *now = bill->store->dump (bill->store->user);
  g_autoptr (GError) error = NULL;
  HmStore *store = bill->ops->open (bill->store->url, HM_STORE_READ, 0, &error);

  if (store == NULL)
    fail_msg ("%s", error->message);
  bill_check_statements (bill->ops, store);
  bill->ops->close (store);
  if (strcmp (now, bill->undisturbed) != 0)
    {
      g_printerr ("the tables are\n%sand should be\n%s", now, bill->undisturbed); /* too long for cmocka */
      fail_msg ("%s %s: the tables are not as when nothing happens", what, key);
    }
  bill->store->remove (bill->store->user);
}

/* -- what there is -- */

static void
note_met (const char *sql, const char *moment, gpointer user)
{
  Bill *bill = user;
  char *key = key_of (sql, moment);

  if (g_hash_table_add (bill->over, key))
    g_ptr_array_add (bill->met, g_strdup (key));
}

static gboolean
is_met (const GPtrArray *met, const char *sql)
{
  g_autofree char *key = key_of (sql, "before");

  return g_ptr_array_find_with_equal_func ((GPtrArray *)(guintptr)met, key, g_str_equal, NULL);
}

/* Whoever adds a statement that writes has to add to the history what makes the collector give it. */
static void
assert_all_met (const Bill *bill)
{
  guint missing = 0, writing = 0;

  for (guint i = 0; i < bill->store->n_texts; i++)
    {
      const char *sql = bill->store->texts (i);

      if (!bill->store->writes (sql, bill->store->user))
        continue;
      writing++;
      if (!is_met (bill->met, sql))
        {
          g_printerr ("never given to the database: %s\n", sql);
          missing++;
        }
    }
  print_message ("# %u statements that write, %u moments of all\n", writing, bill->met->len);
  assert_true (writing > 0);
  assert_int_equal (missing, 0);
}

static void
check_figures (const Bill *bill)
{
  HmStore *store = bill->ops->open (bill->store->url, HM_STORE_READ, 0, NULL);

  assert_non_null (store);
  bill_check_sums (bill->ops, store);
  bill->ops->close (store);
}

static gboolean
meets_all (void)
{
  return g_getenv ("HM_CRASHES") != NULL;
}

/* What only reads changes nothing at any of its moments, and once an answer has come the next statement's first moment is the same. */
static void
leave_out (Bill *bill)
{
  for (guint i = 0; i < bill->store->n_texts; i++)
    if (!bill->store->writes (bill->store->texts (i), bill->store->user))
      {
        g_hash_table_add (bill->left, key_of (bill->store->texts (i), "sent"));
        g_hash_table_add (bill->left, key_of (bill->store->texts (i), "after"));
      }
  for (guint i = 0; i < bill->met->len; i++)
    if (g_str_has_prefix (bill->met->pdata[i], "sent "))
      g_hash_table_add (bill->left, key_of (strchr (bill->met->pdata[i], ' ') + 1, "after"));
}

/* Of the moments that were met as many as the environment says are left, or all. */
static void
choose (Bill *bill)
{
  const char *most = g_getenv ("HYPERMETER_TEST_POINTS");
  guint64 points = most != NULL ? g_ascii_strtoull (most, NULL, 10) : 0;
  guint stride = points == 0 ? 1 : (guint)((bill->met->len + points - 1) / points);

  bill->others = stride == 1;
  for (guint i = 0; i < bill->met->len; i += stride)
    if (meets_all () || !g_hash_table_contains (bill->left, bill->met->pdata[i]))
      g_hash_table_remove (bill->over, bill->met->pdata[i]);
}

static Bill *
bill_new (const PointsStore *store)
{
  Bill *bill = g_new0 (Bill, 1);

  bill->store = store;
  bill->ops = kit_plugin (HM_NS_STORE, store->store)->store;
  bill->history = bill_history_new ();
  bill->met = g_ptr_array_new_with_free_func (g_free);
  bill->over = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  bill->hit = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  bill->left = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  statements_each (note_met, bill);
  take (bill);
  statements_each (NULL, NULL);
  bill->undisturbed = store->dump (store->user);
  check_figures (bill);
  assert_all_met (bill);
  leave_out (bill);
  store->remove (store->user);
  choose (bill);
  return bill;
}

static void
bill_free (Bill *bill)
{
  bill_history_free (bill->history);
  g_ptr_array_unref (bill->met);
  g_hash_table_unref (bill->over);
  g_hash_table_unref (bill->hit);
  g_hash_table_unref (bill->left);
  g_free (bill->undisturbed);
  g_free (bill);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bill, bill_free)

/* Something happens at it, once. (transfer full) (nullable) */
static char *
take_key (Bill *bill, const char *sql, const char *moment)
{
  g_autofree char *key = key_of (sql, moment);

  if (g_hash_table_contains (bill->over, key))
    return NULL;
  if (!bill->others && !g_ptr_array_find_with_equal_func (bill->met, key, g_str_equal, NULL))
    return NULL;
  g_hash_table_add (bill->over, g_strdup (key));
  g_hash_table_add (bill->hit, g_strdup (key));
  return g_steal_pointer (&key);
}

/* Not one of those that write was left out. */
static void
assert_all_hit (const Bill *bill, const char *what)
{
  for (guint i = 0; bill->others && i < bill->store->n_texts; i++)
    {
      g_autofree char *key = key_of (bill->store->texts (i), "before");

      if (g_ptr_array_find_with_equal_func (bill->met, key, g_str_equal, NULL)
          && !g_hash_table_contains (bill->hit, key))
        fail_msg ("nothing was %s %s", what, key);
    }
  print_message ("# %s at %u moments\n", what, g_hash_table_size (bill->hit));
}

/* -- stopped -- */

static void
end_here (const char *sql, const char *moment, gpointer user)
{
  Bill *bill = user;
  g_autofree char *key = take_key (bill, sql, moment);
  gsize length = key != NULL ? strlen (key) : 0;

  if (key == NULL)
    return;
  if (write (bill->fd, key, length) != (gssize)length)
    _exit (2);
  kill (getpid (), SIGKILL);
}

/* What was said, as far as the writer's end. */
static char *
read_key (int fd)
{
  GString *key = g_string_new (NULL);
  char bytes[4096];
  gssize n;

  while ((n = read (fd, bytes, sizeof bytes)) > 0)
    g_string_append_len (key, bytes, n);
  return g_string_free (key, FALSE);
}

/* FALSE: it came to the end. */
static gboolean
live (Bill *bill)
{
  g_autofree char *key = NULL;
  int ends[2], status;
  pid_t pid;

  assert_int_equal (pipe (ends), 0);
  pid = fork ();
  if (pid == 0)
    {
      bill->fd = ends[1];
      statements_each (end_here, bill);
      take (bill);
      _exit (0);
    }
  close (ends[1]);
  key = read_key (ends[0]);
  close (ends[0]);
  assert_int_equal (waitpid (pid, &status, 0), pid);
  if (WIFEXITED (status))
    {
      assert_int_equal (WEXITSTATUS (status), 0);
      return FALSE;
    }
  assert_int_equal (WTERMSIG (status), SIGKILL);
  assert_string_not_equal (key, "");
  g_hash_table_add (bill->hit, g_strdup (key));
  g_hash_table_add (bill->over, g_steal_pointer (&key));
  return TRUE;
}

/* The same, once for each moment, in a history of its own. */
static void
for_each_alone (Bill *bill, void (*run) (Bill *bill), const char *what)
{
  bill->others = FALSE;
  for (guint i = 0; i < bill->met->len; i++)
    {
      const char *key = bill->met->pdata[i];

      for (guint j = 0; j < bill->met->len; j++)
        g_hash_table_add (bill->over, g_strdup (bill->met->pdata[j]));
      g_hash_table_remove (bill->over, key);
      run (bill);
      assert_undisturbed (bill, what, key);
    }
  print_message ("# %s alone at %u moments\n", what, bill->met->len);
}

static void
live_to_the_end (Bill *bill)
{
  while (live (bill))
    continue;
}

void
points_stop_at_each_statement (void **state)
{
  g_autoptr (Bill) bill = bill_new (*state);

  live_to_the_end (bill);
  assert_undisturbed (bill, "stopped", "everywhere");
  assert_all_hit (bill, "stopped");
  if (meets_all ())
    for_each_alone (bill, live_to_the_end, "stopped");
}

/* -- failing -- */

static void
fail_here (const char *sql, const char *moment, gpointer user)
{
  Bill *bill = user;
  g_autofree char *key = take_key (bill, sql, moment);
  const PointsFailure *failure
      = &bill->store->failures[g_hash_table_size (bill->hit) % bill->store->n_failures];

  if (key != NULL)
    statements_fail (failure->code, failure->rolls_back);
}

static void
live_on (Bill *bill)
{
  statements_each (fail_here, bill);
  take (bill);
  statements_each (NULL, NULL);
}

void
points_fail_at_each_statement (void **state)
{
  g_autoptr (Bill) bill = bill_new (*state);

  live_on (bill);
  assert_undisturbed (bill, "failed", "everywhere");
  assert_all_hit (bill, "failed");
  if (meets_all ())
    for_each_alone (bill, live_on, "failed");
}
