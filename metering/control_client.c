/* SPDX-License-Identifier: Apache-2.0 */
/* control_client: see control_client.h.
 *
 * Either a request is read or an answer is written, never both: who does not take answers is not listened to. So a talk
 * holds one request and one answer at most, and a deadline stands over each of the two. */
#include "metering/control_client.h"

#include <string.h>

#include "metering/error.h"

struct HmControlClient
{
  const HmControlTalk *talk;
  GSocket *socket;
  GString *in, *out;
  gsize sent; /* of out */
  HmJsonWriter *json;
  GSource *io, *timer; /* (nullable) */
  gboolean ending;     /* with this answer */
};

static void wait_for (HmControlClient *client, GIOCondition condition);

static void
drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static gboolean
on_end (gpointer user)
{
  HmControlClient *client = user;

  client->talk->ended (client, client->talk->owner);
  return G_SOURCE_REMOVE;
}

/* Not from here: whoever calls may still look at the client. */
static void
end (HmControlClient *client)
{
  drop_source (&client->io);
  drop_source (&client->timer);
  client->timer = g_idle_source_new ();
  g_source_set_priority (client->timer, G_PRIORITY_DEFAULT); /* also while one client after the other comes */
  g_source_set_callback (client->timer, on_end, client, NULL);
  g_source_attach (client->timer, client->talk->context);
}

/* -- answers -- */

static gboolean
is_answering (const HmControlClient *client)
{
  return client->sent < client->out->len;
}

static void
begin_answer (HmControlClient *client, gboolean ok)
{
  hm_json_writer_clear (client->json);
  hm_json_begin_object (client->json);
  hm_json_set_bool (client->json, "ok", ok);
}

/* FALSE: what was written is no JSON, and nothing of it is said. */
static gboolean
say (HmControlClient *client, GError **error)
{
  const char *text;
  gsize length;

  hm_json_end_object (client->json);
  text = hm_json_writer_finish (client->json, &length, error);
  if (text == NULL)
    return FALSE;
  g_string_truncate (client->out, 0);
  g_string_append_len (client->out, text, (gssize)length);
  g_string_append_c (client->out, '\n');
  client->sent = 0;
  wait_for (client, G_IO_OUT);
  return TRUE;
}

static void
say_error (HmControlClient *client, const GError *error)
{
  g_autofree char *clean = g_utf8_make_valid (error->message, -1);

  begin_answer (client, FALSE);
  hm_json_set_text (client->json, "error", clean);
  hm_json_set_i64 (client->json, "exit", hm_error_exit_code (error));
  if (!say (client, NULL))
    end (client);
}

/* The last word to somebody who does not keep the rules. */
static void
refuse (HmControlClient *client, const char *reason)
{
  g_autoptr (GError) error = g_error_new_literal (HM_ERROR, HM_ERROR_USAGE, reason);

  client->ending = TRUE;
  say_error (client, error);
}

/* -- requests -- */

static const HmControlCommand *
find_command (const HmControlClient *client, const char *name)
{
  for (const HmControlCommand *command = client->talk->commands; command->name != NULL; command++)
    if (g_str_equal (command->name, name))
      return command;
  return NULL;
}

static const HmControlCommand *
find_asked (const HmControlClient *client, const HmJson *request, GError **error)
{
  const char *name = hm_json_is_object (request) ? hm_json_get_text (request, "command") : NULL;
  const HmControlCommand *command = name != NULL ? find_command (client, name) : NULL;

  if (name == NULL)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "a request is an object with the text \"command\"");
  else if (command == NULL)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "there is no such command");
  return command;
}

static gboolean
answer_request (HmControlClient *client, const char *line, gsize length, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (HmJson) request = hm_json_parse (line, length, &local);
  const HmControlCommand *command;

  if (request == NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "a request is a line of JSON: %s", local->message);
      return FALSE;
    }
  command = find_asked (client, request, error);
  if (command == NULL)
    return FALSE;
  begin_answer (client, TRUE);
  return command->answer (client->talk->user, request, client->json, error) && say (client, error);
}

static void
take_line (HmControlClient *client, gsize length)
{
  g_autofree char *line = g_strndup (client->in->str, length);
  g_autoptr (GError) error = NULL;

  g_string_erase (client->in, 0, (gssize)length + 1);
  if (!answer_request (client, line, length, &error))
    say_error (client, error);
}

/* Answers the first line of what has come, or waits for more of it. */
static void
take_input (HmControlClient *client)
{
  const char *newline = memchr (client->in->str, '\n', client->in->len);
  gsize length = newline != NULL ? (gsize)(newline - client->in->str) : client->in->len;

  if (length > HM_CONTROL_REQUEST_MAX)
    refuse (client, "a request has 64 KiB at most");
  else if (newline != NULL)
    take_line (client, length);
  else if (client->io == NULL)
    wait_for (client, G_IO_IN);
}

/* -- the socket -- */

static void
read_some (HmControlClient *client)
{
  char buffer[4096];
  g_autoptr (GError) error = NULL;
  gssize n = g_socket_receive (client->socket, buffer, sizeof buffer, NULL, &error);

  if (n > 0)
    {
      g_string_append_len (client->in, buffer, n);
      take_input (client);
    }
  else if (n == 0 && client->in->len > 0)
    refuse (client, "a request ends with its line");
  else if (n == 0 || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    end (client);
}

static void
finish_answer (HmControlClient *client)
{
  drop_source (&client->io);
  if (client->ending)
    end (client);
  else
    take_input (client);
}

static void
write_some (HmControlClient *client)
{
  g_autoptr (GError) error = NULL;
  gssize n = g_socket_send (client->socket, client->out->str + client->sent, client->out->len - client->sent,
                            NULL, &error);

  if (n >= 0)
    {
      client->sent += (gsize)n;
      if (!is_answering (client))
        finish_answer (client);
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    end (client);
}

static gboolean
on_ready (GSocket *socket G_GNUC_UNUSED, GIOCondition condition G_GNUC_UNUSED, gpointer user)
{
  HmControlClient *client = user;

  if (is_answering (client))
    write_some (client);
  else
    read_some (client);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_timeout (gpointer user)
{
  HmControlClient *client = user;

  /* Who does not take an answer will not take another one. */
  if (is_answering (client))
    end (client);
  else
    refuse (client, "no request came in time");
  return G_SOURCE_REMOVE;
}

/* Begins to wait for the one or the other, with a new deadline. */
static void
wait_for (HmControlClient *client, GIOCondition condition)
{
  drop_source (&client->io);
  drop_source (&client->timer);
  client->io = g_socket_create_source (client->socket, condition, NULL);
  g_source_set_callback (client->io, G_SOURCE_FUNC (on_ready), client, NULL);
  g_source_attach (client->io, client->talk->context);
  client->timer = g_timeout_source_new (client->talk->timeout_ms);
  g_source_set_callback (client->timer, on_timeout, client, NULL);
  g_source_attach (client->timer, client->talk->context);
}

HmControlClient *
hm_control_client_new (GSocket *socket, const HmControlTalk *talk, const GError *refusal)
{
  HmControlClient *client = g_new0 (HmControlClient, 1);

  client->talk = talk;
  client->socket = socket;
  client->in = g_string_new (NULL);
  client->out = g_string_new (NULL);
  client->json = hm_json_writer_new (FALSE);
  client->ending = refusal != NULL;
  g_socket_set_blocking (socket, FALSE);
  if (refusal != NULL)
    say_error (client, refusal);
  else
    wait_for (client, G_IO_IN);
  return client;
}

void
hm_control_client_free (HmControlClient *client)
{
  drop_source (&client->io);
  drop_source (&client->timer);
  g_socket_close (client->socket, NULL);
  g_object_unref (client->socket);
  g_string_free (client->in, TRUE);
  g_string_free (client->out, TRUE);
  hm_json_writer_free (client->json);
  g_free (client);
}
