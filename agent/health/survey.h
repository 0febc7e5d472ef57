/* SPDX-License-Identifier: Apache-2.0 */
/* survey: which of the meters this platform gives, and why not the others. For --list-meters. */
#pragma once

#include "agent/agent.h"

G_BEGIN_DECLS

typedef struct HmSurvey HmSurvey;

/* Reads everything once, the hypervisor within its configured timeout, and lets each enabled pollster make samples of it; keeps and
 * sends nothing. A hypervisor that is away is a reason like others. (transfer full) */
HmSurvey *hm_survey_run (const HmAgentConfig *config, const GPtrArray *choices, const HmAgentPorts *ports);
void hm_survey_free (HmSurvey *survey);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmSurvey, hm_survey_free)

/* How many samples of @meter there were. */
guint hm_survey_given (const HmSurvey *survey, const char *meter);
/* Why there was none of @meter. (transfer full) */
char *hm_survey_reason (const HmSurvey *survey, const HmMeter *meter);

G_END_DECLS
