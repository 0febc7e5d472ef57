/* SPDX-License-Identifier: Apache-2.0 */
/* hypermeter: all that a plugin needs. */
#pragma once

#include "metering/access.h"
#include "metering/clock.h"
#include "metering/error.h"
#include "metering/event_line.h"
#include "metering/json.h"
#include "metering/log.h"
#include "metering/meter.h"
#include "metering/option.h"
#include "metering/passthrough.h"
#include "metering/plugin.h"
#include "metering/record.h"
#include "metering/resource.h"
#include "metering/sample.h"
#include "metering/secret.h"
#include "metering/sink.h"
#include "metering/snapshot.h"
#include "metering/system_file.h"
#include "metering/topic.h"
#include "metering/unit.h"
#include "metering/value.h"
