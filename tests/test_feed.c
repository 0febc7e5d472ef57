/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the feed: order, hands, marks and holes, over files in memory; single cases first, then random histories against a
 * model that knows only what was written and what was settled. HM_TEST_SEED repeats a run. */
#include "agent/outbox/feed.h"
#include "tests/chance.h"
#include "tests/fakes/crash_files.h"
#include "tests/fakes/failpoint_files.h"
#include "tests/kit.h"

#include <errno.h>
#include <fcntl.h>

#define FOLDER "/box"
#define BEGIN  ((const guint64[]){ 1, 1 })

typedef struct
{
  guint lane;
  guint64 number, order;
  gboolean damaged, gone;                 /* its bytes; its segment */
  gboolean done, settled, in_hands, told; /* settled: done, now or before it was to be given again */
  HmMessage *message;                     /* (nullable) while in hands */
} Row;

typedef struct
{
  CrashFiles *memory;
  Failpoints *points;
  HmFiles *files;
  GMutex lock;
  HmSegments lanes[HM_LANES];
  HmFeedEvents events;
  HmFeed *feed;
  guint64 order, numbers[HM_LANES]; /* the last ones given */
  guint64 doubt[HM_LANES];          /* above what came back with RETRY */
  GPtrArray *rows;                  /* (element-type Row) all that was written, by order */
  gboolean rewinding, forgets;
  guint64 holes, hole_first, hole_count; /* how many events; of the last one */
  char *failure;                         /* the last one's text */
} Fixture;

static Row *
row_at (const Fixture *f, guint i)
{
  return g_ptr_array_index (f->rows, i);
}

static Row *
find_row (const Fixture *f, guint lane, guint64 number)
{
  for (guint i = 0; i < f->rows->len; i++)
    if (row_at (f, i)->lane == lane && row_at (f, i)->number == number)
      return row_at (f, i);
  return NULL;
}

static void
note_damage (guint lane, guint64 first, guint64 count, const char *path, guint64 offset, guint64 length,
             HmTime from, HmTime to, gpointer user)
{
  Fixture *f = user;

  (void)offset, (void)length, (void)from, (void)to;
  assert_true (g_str_has_prefix (path, FOLDER "/"));
  assert_true (g_mutex_trylock (&f->lock));
  g_mutex_unlock (&f->lock);
  f->holes++;
  f->hole_first = first;
  f->hole_count = count;
  for (guint64 number = first; number < first + count; number++)
    {
      Row *row = find_row (f, lane, number);

      assert_non_null (row);
      assert_true (row->damaged);
      assert_false (row->told);
      row->told = TRUE;
    }
}

static void
note_failure (const GError *error, gpointer user)
{
  Fixture *f = user;

  g_free (f->failure);
  f->failure = g_strdup (error->message);
}

static void
free_row (gpointer data)
{
  hm_message_unref (((Row *)data)->message);
  g_free (data);
}

static Fixture *
fixture_new (void)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->memory = crash_files_new (FOLDER);
  f->points = failpoints_new ();
  f->files = failpoint_files_new (crash_files_table (f->memory), f->points, "outbox");
  g_mutex_init (&f->lock);
  for (guint i = 0; i < HM_LANES; i++)
    hm_segments_init (&f->lanes[i], i);
  f->rows = g_ptr_array_new_with_free_func (free_row);
  f->events = (HmFeedEvents){ note_damage, note_failure, f };
  f->feed = hm_feed_new (f->files, hm_clock_system (), &f->lock, f->lanes, &f->events);
  hm_feed_begin (f->feed, BEGIN, f->doubt);
  return f;
}

static void
fixture_free (Fixture *f)
{
  hm_feed_free (f->feed);
  for (guint i = 0; i < HM_LANES; i++)
    hm_segments_clear (&f->lanes[i]);
  g_ptr_array_unref (f->rows);
  g_mutex_clear (&f->lock);
  g_free (f->files);
  failpoints_free (f->points);
  crash_files_free (f->memory);
  g_free (f->failure);
  g_free (f);
}

static int
set_up (void **state)
{
  *state = fixture_new ();
  return 0;
}

static int
tear_down (void **state)
{
  fixture_free (*state);
  return 0;
}

/* -- writing, as the outbox does -- */

static HmMessage *
make_message (guint lane, guint64 number)
{
  HmMessage *message = g_new0 (HmMessage, 1);
  char text[32];

  g_snprintf (text, sizeof text, "%u-%" G_GUINT64_FORMAT, lane, number);
  message->refs = 1;
  message->kind = HM_RECORD_SAMPLES;
  message->key = g_strdup ("i-1");
  message->id = g_strdup (text);
  message->source = g_strdup ("site-a");
  message->time = (HmTime)number * HM_NSEC_PER_SEC;
  message->value = g_bytes_new (text, strlen (text));
  return message;
}

static void
write_at (Fixture *f, const char *path, guint64 offset, const GByteArray *bytes)
{
  int fd = f->files->open (f->files, path, O_RDWR | O_CREAT, 0600);

  assert_true (fd >= 0);
  assert_int_equal (hm_files_write (f->files, fd, bytes->data, bytes->len, (off_t)offset), 0);
  f->files->close (f->files, fd);
}

static HmSegment *
add_segment (Fixture *f, guint lane)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree char *name = hm_segment_name (lane, f->numbers[lane] + 1);
  char *path = g_build_filename (FOLDER, name, NULL);
  HmSegment *segment = hm_segments_add (&f->lanes[lane], path, f->numbers[lane] + 1);

  hm_segment_write_header (lane, segment->first, bytes);
  write_at (f, path, 0, bytes);
  hm_segments_grow (&f->lanes[lane], segment, segment->last, bytes->len);
  return segment;
}

static HmSegment *
open_segment (Fixture *f, guint lane)
{
  HmSegment *last = g_queue_peek_tail (&f->lanes[lane].list);

  return last != NULL && !last->sealed ? last : add_segment (f, lane);
}

/* A frame behind what @segment has; one byte of its payload is another then when it is to be damaged. */
static void
write_frame (Fixture *f, HmSegment *segment, guint lane, guint64 number, guint64 order, gboolean damaged)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  HmFrame frame = { .number = number, .order = order, .message = make_message (lane, number) };
  HmSegmentPoint point = { number, segment->bytes, frame.message->time };

  hm_frame_write (&frame, bytes);
  hm_frame_clear (&frame);
  if (damaged)
    bytes->data[bytes->len - 1] ^= 1;
  write_at (f, segment->path, segment->bytes, bytes);
  if (!damaged && number % 3 == 0)
    hm_segment_note (segment, &point);
  hm_segments_grow (&f->lanes[lane], segment, number, segment->bytes + bytes->len);
}

static Row *
append (Fixture *f, guint lane, gboolean damaged)
{
  Row *row = g_new0 (Row, 1);

  g_mutex_lock (&f->lock);
  *row = (Row){ .lane = lane, .number = f->numbers[lane] + 1, .order = ++f->order, .damaged = damaged };
  write_frame (f, open_segment (f, lane), lane, row->number, row->order, damaged);
  f->numbers[lane]++;
  g_ptr_array_add (f->rows, row);
  g_mutex_unlock (&f->lock);
  return row;
}

static void
seal (Fixture *f, guint lane)
{
  HmSegment *last = g_queue_peek_tail (&f->lanes[lane].list);

  if (last != NULL)
    last->sealed = TRUE;
}

/* -- the model and the feed side by side -- */

/* What comes next: of what is neither settled nor in hands the smallest order. */
static Row *
expected_next (Fixture *f)
{
  guint hands = 0;

  for (guint i = 0; i < f->rows->len; i++)
    hands += row_at (f, i)->in_hands;
  if (f->rewinding && hands > 0)
    return NULL;
  f->rewinding = f->forgets = FALSE;
  for (guint i = 0; i < f->rows->len; i++)
    {
      Row *row = row_at (f, i);

      if (!row->done && !row->in_hands && !row->damaged && !row->gone)
        return row;
    }
  return NULL;
}

static Row *
take (Fixture *f)
{
  Row *row = expected_next (f);
  HmMessage *message = hm_feed_next (f->feed);

  if (row == NULL)
    {
      assert_null (message);
      return NULL;
    }
  assert_non_null (message);
  assert_true (message->position == HM_POSITION (row->lane, row->number));
  row->in_hands = TRUE;
  row->message = message;
  return row;
}

static void
let_go (Row *row)
{
  row->in_hands = FALSE;
  g_clear_pointer (&row->message, hm_message_unref);
}

static void
put_back (Fixture *f, Row *row)
{
  g_mutex_lock (&f->lock);
  hm_feed_put_back (f->feed, row->message);
  g_mutex_unlock (&f->lock);
  let_go (row);
}

static void
confirm (Fixture *f, Row *row, gboolean again)
{
  HmDelivery word = again ? HM_DELIVERY_RETRY : HM_DELIVERY_DONE;
  g_mutex_lock (&f->lock);
  assert_int_not_equal (hm_feed_confirm (f->feed, row->message, word), HM_FEED_NOT_IN_HANDS);
  assert_int_equal (hm_feed_confirm (f->feed, row->message, word), HM_FEED_NOT_IN_HANDS);
  g_mutex_unlock (&f->lock);
  let_go (row);
  if (again)
    f->doubt[row->lane] = MAX (f->doubt[row->lane], row->number + 1), f->rewinding = TRUE;
  else
    row->settled = TRUE, row->done |= !f->forgets;
}

static void
skip_to (Fixture *f, guint lane, guint64 number)
{
  g_mutex_lock (&f->lock);
  hm_feed_pass (f->feed, lane, 0, number);
  g_mutex_unlock (&f->lock);
  for (guint i = 0; i < f->rows->len; i++)
    if (row_at (f, i)->lane == lane && row_at (f, i)->number < number)
      row_at (f, i)->done = row_at (f, i)->settled = TRUE;
}

static void
rewind_to (Fixture *f, const guint64 next[HM_LANES])
{
  g_mutex_lock (&f->lock);
  hm_feed_rewind (f->feed, next);
  g_mutex_unlock (&f->lock);
  for (guint i = 0; i < f->rows->len; i++)
    if (row_at (f, i)->number >= next[row_at (f, i)->lane])
      row_at (f, i)->done = FALSE;
  f->rewinding = f->forgets = TRUE;
}

static void
drop_segment (Fixture *f, guint lane, HmSegment *segment)
{
  guint64 first = segment->first, last = segment->last;

  g_mutex_lock (&f->lock);
  f->files->unlink (f->files, segment->path);
  hm_segments_remove (&f->lanes[lane], segment);
  g_mutex_unlock (&f->lock);
  for (guint64 number = first; number <= last; number++)
    find_row (f, lane, number)->gone = TRUE;
}

/* The mark when numbers without a record count as settled, or not: the feed knows of them when it comes to them. */
static guint64
expected_mark (const Fixture *f, guint lane, gboolean holes_are_known)
{
  for (guint64 number = 1; number <= f->numbers[lane]; number++)
    {
      const Row *row = find_row (f, lane, number);
      gboolean hole = (row->damaged || row->gone) && !row->in_hands;

      if (!row->done && !(hole && holes_are_known))
        return number;
    }
  return f->numbers[lane] + 1;
}

static void
check_marks (Fixture *f, gboolean drained)
{
  guint64 marks[HM_LANES];

  hm_feed_marks (f->feed, marks);
  for (guint lane = 0; lane < HM_LANES; lane++)
    {
      guint64 least = expected_mark (f, lane, drained), most = expected_mark (f, lane, TRUE);

      assert_in_range (marks[lane], least, most);
    }
}

static void
check_hands (Fixture *f)
{
  guint hands = 0;

  for (guint i = 0; i < f->rows->len; i++)
    {
      const Row *row = row_at (f, i);
      gboolean is_there = !row->damaged && !row->gone;
      gboolean is_held = row->in_hands || (row->number < f->doubt[row->lane] && !row->settled);
      hands += row->in_hands;
      if (row->settled || is_there)
        assert_int_equal (hm_feed_lacks (f->feed, HM_POSITION (row->lane, row->number)), !row->settled);
      if (is_there)
        assert_int_equal (hm_feed_holds (f->feed, row->lane, row->number, row->number), is_held);
    }
  assert_int_equal (hm_feed_in_hands (f->feed), hands);
}

/* -- single cases -- */

static void
feed_gives_the_smaller_order_when_both_lanes_have_records (void **state)
{
  Fixture *f = *state;

  for (guint i = 0; i < 8; i++)
    append (f, (i / 2) % 2, FALSE);
  for (guint i = 0; i < 8; i++)
    assert_ptr_equal (take (f), row_at (f, i));
  assert_null (take (f));
}

static void
feed_waits_for_the_others_when_one_comes_back (void **state)
{
  Fixture *f = *state;
  Row *first, *second;

  for (guint i = 0; i < 3; i++)
    append (f, 0, FALSE);
  first = take (f);
  second = take (f);
  confirm (f, first, TRUE);
  assert_true (hm_feed_is_rewinding (f->feed));
  assert_null (take (f));
  confirm (f, second, FALSE);
  assert_ptr_equal (take (f), first);
  assert_false (hm_feed_is_rewinding (f->feed));
  assert_ptr_equal (take (f), row_at (f, 2));
}

static void
feed_tells_a_hole_once_when_frames_are_damaged (void **state)
{
  Fixture *f = *state;
  Row *row;

  append (f, 0, FALSE);
  append (f, 0, TRUE);
  append (f, 0, TRUE);
  append (f, 0, FALSE);
  row = take (f);
  assert_ptr_equal (take (f), row_at (f, 3));
  assert_int_equal (f->holes, 1);
  assert_true (f->hole_first == 2 && f->hole_count == 2);
  confirm (f, row, TRUE);
  confirm (f, row_at (f, 3), TRUE);
  assert_ptr_equal (take (f), row);
  assert_ptr_equal (take (f), row_at (f, 3));
  assert_int_equal (f->holes, 1);
}

static void
feed_tells_a_hole_when_it_ends_a_segment (void **state)
{
  Fixture *f = *state;

  append (f, 0, FALSE);
  append (f, 0, TRUE);
  seal (f, 0);
  append (f, 0, FALSE);
  confirm (f, take (f), FALSE);
  confirm (f, take (f), FALSE);
  assert_int_equal (f->holes, 1);
  assert_true (f->hole_first == 2 && f->hole_count == 1);
  check_marks (f, TRUE);
}

static void
feed_tells_one_hole_when_a_file_is_gone (void **state)
{
  Fixture *f = *state;
  const HmSegment *segment;
  append (f, 0, TRUE);
  append (f, 0, TRUE);
  segment = g_queue_peek_tail (&f->lanes[0].list);
  f->files->unlink (f->files, segment->path);
  seal (f, 0);
  append (f, 0, FALSE);
  assert_ptr_equal (take (f), row_at (f, 2));
  assert_int_equal (f->holes, 1);
  assert_true (f->hole_first == 1 && f->hole_count == 2);
  assert_null (f->failure);
}

static void
feed_tells_no_hole_when_the_outbox_let_go_of_a_segment (void **state)
{
  Fixture *f = *state;

  append (f, 0, FALSE);
  seal (f, 0);
  append (f, 0, FALSE);
  seal (f, 0);
  append (f, 0, FALSE);
  confirm (f, take (f), FALSE);
  drop_segment (f, 0, f->lanes[0].list.head->next->data);
  assert_ptr_equal (take (f), row_at (f, 2));
  assert_int_equal (f->holes, 0);
  check_marks (f, TRUE);
}

static void
feed_drops_what_it_read_ahead_when_its_segment_goes (void **state)
{
  Fixture *f = *state;

  append (f, 1, FALSE);
  append (f, 0, FALSE);
  seal (f, 0);
  append (f, 0, FALSE);
  assert_ptr_equal (take (f), row_at (f, 0));
  assert_int_equal (crash_files_open (f->memory), 2);
  skip_to (f, 0, 2);
  assert_int_equal (crash_files_open (f->memory), 2); /* under the lock nothing is closed */
  hm_feed_close_files (f->feed);
  assert_int_equal (crash_files_open (f->memory), 1);
  drop_segment (f, 0, f->lanes[0].list.head->data);
  assert_ptr_equal (take (f), row_at (f, 2));
}

static void
feed_tells_the_error_and_goes_on_when_a_file_cannot_be_read_now (void **state)
{
  Fixture *f = *state;

  append (f, 0, FALSE);
  failpoints_fail (f->points, "outbox.open.segment.before", 2, EMFILE);
  assert_null (hm_feed_next (f->feed));
  assert_non_null (f->failure);
  assert_int_equal (f->holes, 0);
  assert_non_null (take (f));
}

static void
feed_gives_a_number_once_when_it_was_written_again_after_a_failed_sync (void **state)
{
  Fixture *f = *state;
  HmSegment *segment;

  append (f, 0, FALSE);
  segment = open_segment (f, 0);
  write_frame (f, segment, 0, 2, 2, FALSE);
  write_frame (f, segment, 0, 3, 3, TRUE);
  seal (f, 0);
  append (f, 0, FALSE);
  append (f, 0, FALSE);
  for (guint i = 0; i < 3; i++)
    assert_ptr_equal (take (f), row_at (f, i));
  assert_null (take (f));
  assert_int_equal (f->holes, 0);
}

static void
feed_tells_nothing_of_what_was_settled_before_when_it_goes_back_there (void **state)
{
  Fixture *f = *state;

  for (guint i = 0; i < 4; i++)
    append (f, 0, i == 1);
  hm_feed_begin (f->feed, (const guint64[]){ 3, 1 }, f->doubt);
  rewind_to (f, BEGIN);
  row_at (f, 0)->done = FALSE;
  for (guint i = 0; i < 3; i++)
    assert_non_null (take (f));
  assert_int_equal (f->holes, 0);
}

static Row *
any_in_hands (Fixture *f, GRand *rand)
{
  guint begin = (guint)g_rand_int_range (rand, 0, (gint32)MAX (f->rows->len, 1));
  for (guint i = 0; i < f->rows->len; i++)
    if (row_at (f, (begin + i) % f->rows->len)->in_hands)
      return row_at (f, (begin + i) % f->rows->len);
  return NULL;
}

static void
append_some (Fixture *f, GRand *rand)
{
  guint n = (guint)g_rand_int_range (rand, 1, 6);

  for (guint i = 0; i < n; i++)
    {
      guint lane = (guint)g_rand_int_range (rand, 0, HM_LANES);

      if (g_rand_int_range (rand, 0, 8) == 0)
        seal (f, lane);
      append (f, lane, g_rand_int_range (rand, 0, 10) == 0);
    }
}

static void
come_back (Fixture *f, GRand *rand)
{
  Row *row = any_in_hands (f, rand);
  if (row != NULL)
    confirm (f, row, g_rand_int_range (rand, 0, 6) == 0);
}

static void
drop_any (Fixture *f, GRand *rand)
{
  guint lane = (guint)g_rand_int_range (rand, 0, HM_LANES);
  guint n = f->lanes[lane].list.length;
  HmSegment *segment
      = n > 1 ? g_queue_peek_nth (&f->lanes[lane].list, (guint)g_rand_int_range (rand, 0, (gint32)n - 1))
              : NULL;

  if (segment != NULL && !hm_feed_holds (f->feed, lane, segment->first, segment->last))
    drop_segment (f, lane, segment);
}

static void
move_marks (Fixture *f, GRand *rand, gboolean back)
{
  guint lane = (guint)g_rand_int_range (rand, 0, HM_LANES);
  guint64 next[HM_LANES] = { f->numbers[0] + 1, f->numbers[1] + 1 };

  next[lane] = 1 + chance_u64 (rand) % (f->numbers[lane] + 1);
  if (back)
    rewind_to (f, next);
  else
    skip_to (f, lane, next[lane]);
}

static void
act (Fixture *f, GRand *rand)
{
  int what = g_rand_int_range (rand, 0, 100);
  Row *row;

  if (what < 15)
    append_some (f, rand);
  else if (what < 55)
    take (f);
  else if (what < 62 && (row = take (f)) != NULL)
    put_back (f, row);
  else if (what < 95)
    come_back (f, rand);
  else if (what < 97)
    drop_any (f, rand);
  else
    move_marks (f, rand, what == 97);
}

static void
drain (Fixture *f)
{
  Row *row;

  for (guint i = 0; i < f->rows->len; i++)
    if (row_at (f, i)->in_hands)
      confirm (f, row_at (f, i), FALSE);
  while ((row = take (f)) != NULL)
    confirm (f, row, FALSE);
  check_marks (f, TRUE);
  check_hands (f);
}

static void
feed_does_what_the_model_says_when_histories_are_random (void **state)
{
  const char *text = g_getenv ("HYPERMETER_TEST_HISTORIES");
  guint n = text != NULL ? (guint)g_ascii_strtoull (text, NULL, 10) : 400;
  GRand *rand = chance_new ();

  (void)state;
  for (guint i = 0; i < n; i++)
    {
      Fixture *f = fixture_new ();

      for (guint step = 0; step < 200; step++)
        {
          act (f, rand);
          if (step % 8 == 0)
            check_hands (f);
          check_marks (f, FALSE);
        }
      drain (f);
      fixture_free (f);
    }
  g_rand_free (rand);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    TEST (feed_gives_the_smaller_order_when_both_lanes_have_records),
    TEST (feed_waits_for_the_others_when_one_comes_back),
    TEST (feed_tells_a_hole_once_when_frames_are_damaged),
    TEST (feed_tells_a_hole_when_it_ends_a_segment),
    TEST (feed_tells_one_hole_when_a_file_is_gone),
    TEST (feed_tells_no_hole_when_the_outbox_let_go_of_a_segment),
    TEST (feed_drops_what_it_read_ahead_when_its_segment_goes),
    TEST (feed_tells_the_error_and_goes_on_when_a_file_cannot_be_read_now),
    TEST (feed_gives_a_number_once_when_it_was_written_again_after_a_failed_sync),
    TEST (feed_tells_nothing_of_what_was_settled_before_when_it_goes_back_there),
    cmocka_unit_test (feed_does_what_the_model_says_when_histories_are_random),
  };

  return cmocka_run_group_tests_name ("feed", tests, NULL, NULL);
}
