/* SPDX-License-Identifier: Apache-2.0 */
/* ask_agent: see ask_agent.h. A line goes out, a line comes back, within a few seconds; an agent that hangs hangs nobody. */
#include "cli/ask_agent.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <signal.h>
#include <string.h>

#include "metering/error.h"
#include "metering/resource.h"
#include "metering/settings.h"

#define DEFAULT_CONFIG HM_SYSCONFDIR "/hypermeter/agent.conf"
#define DEFAULT_FOLDER HM_RUNSTATEDIR "/hypermeter"
#define SOCKET_NAME    "agent.sock"
#define PATIENCE_S     10
#define ANSWER_MAX     (16 * 1024 * 1024)
#define REASON_MAX     500

char *
hm_agent_socket (const char *socket, const char *config, GError **error)
{
  g_autoptr (HmSettings) settings = NULL;
  const char *folder;

  if (socket != NULL)
    return g_strdup (socket);
  settings = hm_settings_load (config != NULL ? config : DEFAULT_CONFIG, config != NULL, NULL, error);
  if (settings == NULL)
    return NULL;
  folder = hm_settings_peek (settings, "agent", "runtime-dir");
  return g_build_filename (folder != NULL ? folder : DEFAULT_FOLDER, SOCKET_NAME, NULL);
}

/* -- errors -- */

/* What a GIO error means to who asks. */
static HmError
code_of (const GError *local)
{
  if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    return HM_ERROR_PERMISSION;
  return g_error_matches (local, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ? HM_ERROR_TEMPORARY
                                                                   : HM_ERROR_UNAVAILABLE;
}

static gboolean
fail (const char *socket, const GError *local, GError **error)
{
  g_set_error (error, HM_ERROR, code_of (local), "no agent answers at %s: %s", socket, local->message);
  return FALSE;
}

/* The code that an exit status stands for. */
static HmError
code_of_status (guint64 status)
{
  for (HmError code = HM_ERROR_INTERNAL; code <= HM_ERROR_GONE; code++)
    {
      const GError error = { .domain = HM_ERROR, .code = code };

      if ((guint64)hm_error_exit_code (&error) == status)
        return code;
    }
  return HM_ERROR_INTERNAL;
}

/* Its text comes from another process, and goes to a terminal. */
static void
take_refusal (const HmJson *answer, GError **error)
{
  const char *reason = hm_json_get_text (answer, "error");
  g_autofree char *clean = hm_text_clean (reason, REASON_MAX, NULL);
  guint64 status = 0;

  hm_json_get_u64 (answer, "exit", &status);
  g_set_error (error, HM_ERROR, code_of_status (status), "the agent says: %s", clean);
}

/* -- the talk -- */

/* GIO's first socket makes the process ignore SIGPIPE; a command whose answer nobody reads any more is to end of it as all others do.
 * (transfer full) (nullable) */
static GSocketConnection *
connect_to (const char *socket, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (socket);
  GSocketConnection *connection;
  struct sigaction before;

  sigaction (SIGPIPE, NULL, &before);
  g_socket_client_set_timeout (client, PATIENCE_S);
  connection = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, error);
  sigaction (SIGPIPE, &before, NULL);
  return connection;
}

/* Up to the line's end, which is left out. FALSE when it does not come. */
static gboolean
read_line (GInputStream *stream, GString *line, GError **error)
{
  char buffer[16384];
  gssize n = 1;

  while (n > 0 && memchr (line->str, '\n', line->len) == NULL && line->len <= ANSWER_MAX)
    {
      n = g_input_stream_read (stream, buffer, sizeof buffer, NULL, error);
      if (n > 0)
        g_string_append_len (line, buffer, n);
    }
  if (n < 0)
    return FALSE;
  if (line->len > 0 && line->str[line->len - 1] == '\n')
    {
      g_string_truncate (line, line->len - 1);
      return TRUE;
    }
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "the answer broke off");
  return FALSE;
}

static gboolean
talk (const char *socket, const char *request, GString *line, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GSocketConnection) connection = connect_to (socket, &local);
  GIOStream *stream = G_IO_STREAM (connection);

  if (connection == NULL)
    return fail (socket, local, error);
  /* One that refuses to talk says why and closes at once: then the request does not arrive, but the answer is there. */
  g_output_stream_write_all (g_io_stream_get_output_stream (stream), request, strlen (request), NULL, NULL,
                             NULL);
  return read_line (g_io_stream_get_input_stream (stream), line, &local) || fail (socket, local, error);
}

HmJson *
hm_agent_ask (const char *socket, const char *request, char **ret_line, GError **error)
{
  g_autofree char *request_line = g_strconcat (request, "\n", NULL);
  g_autoptr (GString) line = g_string_new (NULL);
  g_autoptr (HmJson) answer = NULL;

  if (!talk (socket, request_line, line, error))
    return NULL;
  answer = hm_json_parse (line->str, line->len, error);
  if (answer == NULL)
    g_prefix_error (error, "%s: not an agent's answer: ", socket);
  else if (hm_json_get_text (answer, "error") != NULL)
    take_refusal (answer, error);
  else
    {
      *ret_line = g_strdup (line->str);
      return g_steal_pointer (&answer);
    }
  return NULL;
}
