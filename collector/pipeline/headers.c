/* SPDX-License-Identifier: Apache-2.0 */
/* headers: what a message says beside its value, on the thread of whatever it came by. Anybody who may write to the topic writes them, so
 * they are taken as they are or not at all: cleaned or cut, one could come to mean another record. */
#include "collector/pipeline/arrival.h"

#include <string.h>

#include "metering/signature.h"

/* Each of three parts of an id may be escaped byte by byte; then come slashes and a number. */
#define CE_ID_MAX   (3 * 3 * HM_ID_MAX + 3 + 20)
#define CE_TYPE_MAX 255

typedef struct
{
  const char *name;
  gsize max;
  HmRefusal refusal;
  gsize place; /* of the text in HmArrival */
} Header;

/* ce_type is for other consumers and decides nothing here; two of them, though, are two answers. */
static const Header headers[] = {
  { "ce_id", CE_ID_MAX, HM_REFUSED_BAD_SIGNATURE, G_STRUCT_OFFSET (HmArrival, ce_id) },
  { "hm-signature", HM_SIGNATURE_MAX, HM_REFUSED_BAD_SIGNATURE, G_STRUCT_OFFSET (HmArrival, signature) },
  { "ce_type", CE_TYPE_MAX, HM_REFUSED_BAD_SCHEMA, G_STRUCT_OFFSET (HmArrival, ce_type) },
};

static gboolean
is_plain (const char *text, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if (!g_ascii_isgraph (text[i]))
      return FALSE;
  return size > 0;
}

/* (transfer full) NULL: it is good */
static char *
find_fault (const Header *header, const char *earlier, gconstpointer value, gsize size)
{
  if (earlier != NULL)
    return g_strdup_printf ("%s: there more than once", header->name);
  if (size > header->max)
    return g_strdup_printf ("%s: %" G_GSIZE_FORMAT " bytes, of %" G_GSIZE_FORMAT " at most", header->name,
                            size, header->max);
  return value != NULL && is_plain (value, size)
             ? NULL
             : g_strdup_printf ("%s: empty, or with bytes that are not printable ASCII", header->name);
}

/* Which of two was meant is not ours to say: so neither is kept, nor a third. The first fault is the one that is said. */
static void
spoil (HmArrival *arrival, guint number, char **place, char *fault)
{
  arrival->spoiled |= 1u << number;
  arrival->headers_lost |= headers[number].refusal == HM_REFUSED_BAD_SIGNATURE;
  g_clear_pointer (place, g_free);
  if (arrival->refusal == HM_REFUSED_NOT)
    hm_arrival_refuse (arrival, headers[number].refusal, fault);
  else
    g_free (fault);
}

void
hm_arrival_take_header (HmArrival *arrival, const char *name, gconstpointer value, gsize size)
{
  guint number = 0;
  char **place, *fault;

  arrival->header_bytes += strlen (name) + size;
  while (number < G_N_ELEMENTS (headers) && strcmp (name, headers[number].name) != 0)
    number++;
  if (number == G_N_ELEMENTS (headers) || (arrival->spoiled & 1u << number) != 0)
    return;
  place = G_STRUCT_MEMBER_P (arrival, headers[number].place);
  fault = find_fault (&headers[number], *place, value, size);
  if (fault == NULL)
    *place = g_strndup (value, size);
  else
    spoil (arrival, number, place, fault);
}
