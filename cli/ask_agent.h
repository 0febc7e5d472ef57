/* SPDX-License-Identifier: Apache-2.0 */
/* ask_agent: one question to the agent of this host, over its control socket. */
#pragma once

#include "metering/json.h"

G_BEGIN_DECLS

/* Where the agent's socket is: @socket if there is one, else as [agent] runtime-dir of @config says (both nullable; without
 * a file the agent's own default). HM_ERROR_CONFIG. (transfer full) */
char *hm_agent_socket (const char *socket, const char *config, GError **error);

/* Sends @request, a line of JSON such as {"command":"status"}. HM_ERROR_UNAVAILABLE: no agent is there; HM_ERROR_PERMISSION: not for you; HM_ERROR_TEMPORARY: it does not
 * answer now; or what the agent says. *@ret_line: the answer as it came, without the line's end. (transfer full) */
HmJson *hm_agent_ask (const char *socket, const char *request, char **ret_line, GError **error);

G_END_DECLS
