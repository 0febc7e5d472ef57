/* SPDX-License-Identifier: Apache-2.0 */
/* error: the domain's quark and the table from code to exit status.
 *
 * Called by the programs' main functions at their end, on any thread; holds no state. */
#include "metering/error.h"

/* Named after sysexits.h; see the list of exit codes in the manual of each program. */
enum
{
  EXIT_STATUS_NO = 1,
  EXIT_STATUS_USAGE = 64,
  EXIT_STATUS_UNAVAILABLE = 69,
  EXIT_STATUS_INTERNAL = 70,
  EXIT_STATUS_CREATE = 73,
  EXIT_STATUS_TEMPORARY = 75,
  EXIT_STATUS_PERMISSION = 77,
  EXIT_STATUS_CONFIG = 78,
};

static const int exit_statuses[] = {
  [HM_ERROR_INTERNAL] = EXIT_STATUS_INTERNAL,
  [HM_ERROR_USAGE] = EXIT_STATUS_USAGE,
  [HM_ERROR_CONFIG] = EXIT_STATUS_CONFIG,
  [HM_ERROR_UNAVAILABLE] = EXIT_STATUS_UNAVAILABLE,
  [HM_ERROR_TEMPORARY] = EXIT_STATUS_TEMPORARY,
  [HM_ERROR_PERMISSION] = EXIT_STATUS_PERMISSION,
  [HM_ERROR_CREATE] = EXIT_STATUS_CREATE,
  [HM_ERROR_DATA] = EXIT_STATUS_NO,
  [HM_ERROR_GONE] = EXIT_STATUS_NO,
};

GQuark
hm_error_quark (void)
{
  return g_quark_from_static_string ("hm-error-quark");
}

int
hm_error_exit_code (const GError *error)
{
  if (error == NULL)
    return 0;
  if (error->domain != HM_ERROR || (guint)error->code >= G_N_ELEMENTS (exit_statuses))
    return EXIT_STATUS_INTERNAL;
  return exit_statuses[error->code];
}
