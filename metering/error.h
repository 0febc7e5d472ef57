/* SPDX-License-Identifier: Apache-2.0 */
/* error: the one error domain of the project.
 *
 * Codes are few and chosen by what a caller can do about them, not by where they came from. Context is
 * added on the way up with g_prefix_error(). hm_error_exit_code() is the only place where a code becomes
 * an exit status. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HM_ERROR (hm_error_quark ())

typedef enum
{
  HM_ERROR_INTERNAL,    /* a promise of our own code was broken; nothing to retry. exit 70 */
  HM_ERROR_USAGE,       /* wrong command line. exit 64 */
  HM_ERROR_CONFIG,      /* wrong configuration: file, section, key, reason. exit 78 */
  HM_ERROR_UNAVAILABLE, /* hypervisor, broker or database not there. exit 69 */
  HM_ERROR_TEMPORARY,   /* try again: busy, queue full, timed out. exit 75 */
  HM_ERROR_PERMISSION,  /* not permitted. exit 77 */
  HM_ERROR_CREATE,      /* a file cannot be created or written. exit 73 */
  HM_ERROR_DATA,        /* input that is not what it claims to be; refuse this piece, go on. exit 1 */
  HM_ERROR_GONE,        /* the thing asked for has ceased to exist. exit 1 */
} HmError;

GQuark hm_error_quark (void);

/* The exit status for @error, see the table above; 70 for an error of a foreign domain, 0 for NULL. */
int hm_error_exit_code (const GError *error);

G_END_DECLS
