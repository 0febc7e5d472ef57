/* SPDX-License-Identifier: Apache-2.0 */
/* bare_parse: one of the three parts that the collector is held against: yajl over the same bytes with callbacks that
 * only count, and HMAC-SHA256 of them with a reused context. Usage: bare_parse FILE (a record a line) */
#include "tests/bench/timing.h"

#include <openssl/evp.h>
#include <string.h>
#include <yajl/yajl_parse.h>

static int
count_number (void *user, const char *text, size_t length)
{
  *(guint64 *)user += length + (guint64)text[0];
  return 1;
}

static int
count_string (void *user, const unsigned char *text, size_t length)
{
  *(guint64 *)user += length + text[0];
  return 1;
}

static void
parse (const char *line, gsize length, guint64 *sum)
{
  static const yajl_callbacks callbacks
      = { .yajl_number = count_number, .yajl_string = count_string, .yajl_map_key = count_string };
  yajl_handle handle = yajl_alloc (&callbacks, NULL, sum);

  if (yajl_parse (handle, (const unsigned char *)line, length) != yajl_status_ok
      || yajl_complete_parse (handle) != yajl_status_ok)
    g_error ("a record is not JSON");
  yajl_free (handle);
}

int
main (int argc, char **argv)
{
  g_autofree char *bytes = NULL;
  gsize length;
  guint64 count = 0, sum = 0;
  guchar digest[32];
  size_t digest_length;
  EVP_MAC *mac = EVP_MAC_fetch (NULL, "HMAC", NULL);
  EVP_MAC_CTX *context = EVP_MAC_CTX_new (mac);
  char digest_name[] = "SHA256";
  OSSL_PARAM parameters[]
      = { OSSL_PARAM_construct_utf8_string ("digest", digest_name, 0), OSSL_PARAM_construct_end () };
  double wall, cpu;

  if (argc != 2 || !g_file_get_contents (argv[1], &bytes, &length, NULL))
    return 64;
  EVP_MAC_init (context, (const guchar *)"0123456789abcdef0123456789abcdef", 32, parameters);
  wall = seconds_of (CLOCK_MONOTONIC);
  cpu = seconds_of (CLOCK_PROCESS_CPUTIME_ID);
  for (char *line = bytes, *end; (end = memchr (line, '\n', (gsize)(bytes + length - line))) != NULL;
       line = end + 1)
    {
      parse (line, (gsize)(end - line), &sum);
      EVP_MAC_init (context, NULL, 0, NULL);
      EVP_MAC_update (context, (const guchar *)line, (gsize)(end - line));
      EVP_MAC_final (context, digest, &digest_length, sizeof digest);
      count++;
    }
  report ("bare-parse", seconds_of (CLOCK_MONOTONIC) - wall, seconds_of (CLOCK_PROCESS_CPUTIME_ID) - cpu,
          count);
  return sum == 0;
}
