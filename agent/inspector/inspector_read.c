/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_read: list, calls per domain, one bulk call: in this order, so that the bulk answer, which tells
 * domain ids, comes last and shows whether a domain was started anew in between.
 *
 * On a lane's thread. The number of calls does not depend on the number of domains, but for those per domain
 * that the plan chose because they are cheaper, or because the driver has nothing else. */
#include "agent/inspector/inspector_read.h"

#include <string.h>

#include "agent/inspector/plan.h"

/* Not for a guest that is held, and not for one that has stopped meanwhile: libvirtd would open its images.
 */
#define RUNNING_NOW (VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT | VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE)

/* -- readings */

static void
free_reading (gpointer data)
{
  HmReading *reading = data;

  virTypedParamsFree (reading->calls.params, reading->calls.n);
  virTypedParamsFree (reading->bulk.params, reading->bulk.n);
  virTypedParamsFree (reading->process.params, reading->process.n);
  g_free (reading);
}

static void
add_reading (HmShare *self, virDomainPtr domain, const char *id, int domain_id)
{
  HmReading *reading = g_new0 (HmReading, 1);

  g_strlcpy (reading->id, id, sizeof (reading->id));
  reading->domain_id = domain_id;
  reading->domain = domain;
  g_ptr_array_add (self->readings, reading);
}

static void
begin (HmShare *self, HmReading *reading)
{
  if (reading->begun_ns == 0)
    reading->begun_ns = self->clock->monotonic (self->clock);
}

static void
end (HmShare *self, HmReading *reading)
{
  reading->wall_ns = self->clock->wall (self->clock);
  reading->boot_ns = self->clock->boot (self->clock);
  reading->ended_ns = self->clock->monotonic (self->clock);
  reading->has_answered = TRUE;
}

static HmReading *
reading_at (HmShare *self, guint i)
{
  return g_ptr_array_index (self->readings, i);
}

/* -- which domains there are */

/* What libvirt's own function does, at a tenth of its cost: that one prints each time for its log, asked for
 * or not. */
static void
get_id (virDomainPtr domain, char id[static VIR_UUID_STRING_BUFLEN])
{
  static const char digits[] = "0123456789abcdef";
  unsigned char raw[VIR_UUID_BUFLEN] = { 0 };
  char *c = id;

  virDomainGetUUID (domain, raw);
  for (guint i = 0; i < sizeof (raw); i++)
    {
      if (i == 4 || i == 6 || i == 8 || i == 10)
        *c++ = '-';
      *c++ = digits[raw[i] >> 4];
      *c++ = digits[raw[i] & 15];
    }
  *c = '\0';
}

static gboolean
is_mine (HmShare *self, const char *id, gboolean is_running)
{
  return (is_running ? hm_assignment_lane (self->assignment, id) : 0) == self->lane;
}

/* Asks which domains there are; keeps a handle of each, with its domain id of now. */
static gboolean
list (HmShare *self, GHashTable *handles, virConnectPtr connection)
{
  virDomainPtr *domains = NULL;
  char id[VIR_UUID_STRING_BUFLEN];
  int n;

  self->job.rpcs++;
  n = virConnectListAllDomains (connection, &domains, self->lane == 0 ? 0 : VIR_CONNECT_LIST_DOMAINS_ACTIVE);
  if (n < 0)
    {
      hm_set_virt_error (&self->job.error, "cannot list the domains");
      return FALSE;
    }
  g_hash_table_remove_all (handles);
  for (int i = 0; i < n; i++)
    {
      get_id (domains[i], id);
      g_hash_table_replace (handles, g_strdup (id), domains[i]);
    }
  free (domains);
  return TRUE;
}

/* Readings of all that the list named. */
static void
add_listed (HmShare *self, GHashTable *handles)
{
  GHashTableIter iter;
  gpointer id, domain;

  g_hash_table_iter_init (&iter, handles);
  while (g_hash_table_iter_next (&iter, &id, &domain))
    {
      int domain_id = (int)virDomainGetID (domain);

      if (is_mine (self, id, domain_id >= 0))
        add_reading (self, domain, id, domain_id);
    }
}

/* Readings of all that the inventory knows. FALSE when there is no handle for one of them. */
static gboolean
add_known (HmShare *self, GHashTable *handles)
{
  for (guint i = 0; i < hm_assignment_size (self->assignment); i++)
    {
      const HmInstance *instance = hm_assignment_get (self->assignment, i);
      const char *id = hm_instance_id (instance);
      virDomainPtr domain;

      if (!is_mine (self, id, instance->domain_id >= 0))
        continue;
      domain = g_hash_table_lookup (handles, id);
      if (domain == NULL)
        return FALSE;
      add_reading (self, domain, id, instance->domain_id);
    }
  return TRUE;
}

/* While events come, the inventory knows which domains there are, and the bulk answer tells the domain ids.
 * Where either is missing, or a domain is new to this lane, the list is asked for. */
static gboolean
choose_domains (HmShare *self, HmLane *lane, virConnectPtr connection, guint32 reads)
{
  GHashTable *handles = hm_lane_handles (lane);

  if (!self->must_list && (reads & HM_READS_BULK) && add_known (self, handles))
    return TRUE;
  g_ptr_array_set_size (self->readings, 0);
  if (!list (self, handles, connection))
    return FALSE;
  add_listed (self, handles);
  return TRUE;
}

/* -- calls per domain */

/* Of the life that the assignment knows, or nothing. */
static gboolean
read_process (HmShare *self, HmReading *reading, const HmInstance *instance)
{
  if (instance == NULL || instance->domain_id != reading->domain_id || !instance->kind.by_process)
    return FALSE;
  reading->start_ticks = instance->start_ticks;
  return hm_calls_read_process (self->root, instance, &reading->process, &reading->is_sending);
}

static void
read_accounts (HmShare *self, HmReading *reading, const HmInstance *instance, guint32 reads)
{
  if (!(reads & HM_READ_BIT (HM_READ_PROCESS)) || !read_process (self, reading, instance))
    return;
  if (reading->is_sending && (reads & HM_READ_BIT (HM_READ_JOB)))
    hm_calls_read_job (reading->domain, &reading->calls, &self->job.rpcs);
  end (self, reading);
}

static void
make_calls (HmShare *self, guint32 reads)
{
  for (guint i = 0; i < self->readings->len; i++)
    {
      HmReading *reading = reading_at (self, i);
      const HmInstance *instance = hm_assignment_find (self->assignment, reading->id);

      if (reading->domain_id < 0)
        continue;
      begin (self, reading);
      if (hm_calls_make (reading->domain, instance, reads, &reading->calls, &self->job.rpcs)
          && reading->calls.n > 0)
        end (self, reading);
      read_accounts (self, reading, instance, reads);
    }
}

/* -- bulk call */

/* Takes the parameters out of libvirt's record. A domain that has another id than was thought was started
 * anew: what was called before is of its life before. */
static void
take_record (HmShare *self, GHashTable *by_id, virDomainStatsRecordPtr record)
{
  int domain_id = (int)virDomainGetID (record->dom);
  char id[VIR_UUID_STRING_BUFLEN];
  HmReading *reading;

  get_id (record->dom, id);
  reading = g_hash_table_lookup (by_id, id);
  if (reading == NULL)
    return;
  reading->bulk = (HmParams){ .params = record->params, .n = record->nparams };
  record->params = NULL;
  record->nparams = 0;
  end (self, reading);
  if (domain_id != reading->domain_id && reading->calls.n + reading->process.n > 0)
    reading->has_answered = FALSE;
  reading->domain_id = domain_id;
}

static GHashTable *
collect (HmShare *self, gboolean running, virDomainPtr **ret_domains)
{
  GHashTable *by_id = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *domains = g_ptr_array_new ();

  for (guint i = 0; i < self->readings->len; i++)
    {
      HmReading *reading = reading_at (self, i);

      if ((reading->domain_id >= 0) != running)
        continue;
      begin (self, reading);
      g_hash_table_insert (by_id, reading->id, reading);
      g_ptr_array_add (domains, reading->domain);
    }
  g_ptr_array_add (domains, NULL);
  *ret_domains = (virDomainPtr *)g_ptr_array_free (domains, FALSE);
  return by_id;
}

static void
call_bulk (HmShare *self, gboolean running, unsigned int groups, unsigned int flags)
{
  virDomainStatsRecordPtr *records = NULL;
  g_autofree virDomainPtr *domains = NULL;
  g_autoptr (GHashTable) by_id = collect (self, running, &domains);
  int n;

  if (groups == 0 || g_hash_table_size (by_id) == 0)
    return;
  self->job.rpcs++;
  n = virDomainListGetStats (domains, groups, &records, flags);
  if (n < 0)
    {
      hm_set_virt_error (&self->job.error, "cannot read the domains' statistics");
      return;
    }
  for (int i = 0; i < n; i++)
    take_record (self, by_id, records[i]);
  virDomainStatsRecordListFree (records);
}

void
hm_reading_decode (const HmReading *reading, const HmInstance *instance, HmStatsDecoder *decoder)
{
  static const guint32 calls = HM_READS_ALL & ~HM_READS_BULK & ~HM_READ_BIT (HM_READ_PROCESS);
  HmDomainKind kind = instance->kind;

  hm_stats_decoder_begin (decoder);
  hm_stats_decoder_take (decoder, reading->calls.params, reading->calls.n, hm_plan_take (calls, kind));
  hm_stats_decoder_take (decoder, reading->bulk.params, reading->bulk.n, hm_plan_take (HM_READS_BULK, kind));
  if (kind.by_process && reading->start_ticks == instance->start_ticks)
    hm_stats_decoder_take (decoder, reading->process.params, reading->process.n,
                           hm_plan_take (HM_READ_BIT (HM_READ_PROCESS), kind));
}

/* -- the job */

/* The handles are the lane's. */
static void
let_go (HmShare *self)
{
  for (guint i = 0; i < self->readings->len; i++)
    reading_at (self, i)->domain = NULL;
}

/* What a domain that does not run has to tell is its state, and only where somebody wants it; that it is
 * there, the list has said. */
static void
read_stopped (HmShare *self)
{
  if (self->available & HM_READ_BIT (HM_READ_BULK_STATE))
    call_bulk (self, FALSE, VIR_DOMAIN_STATS_STATE, 0);
}

/* The list is answer enough for those of whom nothing else is asked. */
static void
note_listed (HmShare *self, guint32 reads)
{
  for (guint i = 0; i < self->readings->len; i++)
    if (reads == 0 || reading_at (self, i)->domain_id < 0)
      {
        begin (self, reading_at (self, i));
        end (self, reading_at (self, i));
      }
}

static void
run_share (HmJob *job, HmLane *lane, virConnectPtr connection)
{
  HmShare *self = (HmShare *)job;
  const HmTraits *traits = hm_lane_traits (lane, job, connection);
  guint32 reads;

  self->available = hm_traits_available (traits);
  reads = hm_assignment_plan (self->assignment, self->fields,
                              self->without_qmp ? hm_plan_without_qmp (self->available) : self->available);
  if (!choose_domains (self, lane, connection, reads))
    return;
  note_listed (self, reads);
  if (reads & ~HM_READS_BULK)
    make_calls (self, reads);
  call_bulk (self, TRUE, hm_traits_groups (reads), traits->nowait ? RUNNING_NOW : 0);
  if (self->job.error == NULL && (self->fields & HM_FIELD_STATE))
    read_stopped (self);
  let_go (self);
}

static void
dispose_share (HmJob *job)
{
  HmShare *self = (HmShare *)job;

  g_ptr_array_unref (self->readings);
  hm_assignment_unref (self->assignment);
  g_free (self);
}

HmShare *
hm_share_new (HmAssignment *assignment, guint lane, HmFields fields, gboolean must_list, gboolean without_qmp,
              const char *root, const HmClock *clock)
{
  HmShare *self = g_new0 (HmShare, 1);

  hm_job_init (&self->job, run_share, dispose_share);
  self->assignment = hm_assignment_ref (assignment);
  self->lane = lane;
  self->fields = fields;
  self->must_list = must_list;
  self->without_qmp = without_qmp;
  self->root = g_intern_string (root);
  self->clock = clock;
  self->readings = g_ptr_array_new_with_free_func (free_reading);
  return self;
}
