/* SPDX-License-Identifier: Apache-2.0 */
/* demo: `hypermeter demo`. Everything on this machine in one go. It is a script, since it starts and stops
 * other programs; this finds it and becomes it. HYPERMETER_LIBEXEC names its folder in an uninstalled tree.
 */
#include "cli/command.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int
run (int argc G_GNUC_UNUSED, char **argv, GError **error)
{
  const char *folder = g_getenv ("HYPERMETER_LIBEXEC");
  g_autofree char *path = g_build_filename (folder != NULL ? folder : HM_PKGLIBEXECDIR, "demo", NULL);

  execv (path, argv);
  g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "%s cannot be run: %s", path, g_strerror (errno));
  return 1;
}

const HmCommand hm_command_demo
    = { "demo", "Real guests, agent, bus, collector and usage on this machine", NULL, 0, run };
