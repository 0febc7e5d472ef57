/* SPDX-License-Identifier: Apache-2.0 */
/* message: the life of an encoded record between the outbox and the publishers. Every holder has a reference;
 * the last one to let go frees it, on whatever thread that is. */
#include "metering/plugin.h"

HmMessage *
hm_message_ref (HmMessage *message)
{
  g_atomic_int_inc (&message->refs);
  return message;
}

void
hm_message_unref (HmMessage *message)
{
  if (message == NULL || !g_atomic_int_dec_and_test (&message->refs))
    return;
  g_free (message->key);
  g_free (message->id);
  g_free (message->source);
  g_free (message->signature);
  g_clear_pointer (&message->value, g_bytes_unref);
  g_free (message);
}
