/* SPDX-License-Identifier: Apache-2.0 */
/* tsan: tells ThreadSanitizer what GLib's locks, queues, loops and counts order.
 *
 * GLib is not instrumented and locks with futexes of its own, so every use of a GMutex looks like a race. In
 * the ThreadSanitizer build, and only there, these stand before GLib's functions of the same names: each
 * calls the real one and says what it acquired or released. */
#pragma GCC visibility push(default) /* or the libraries would not see them */

#include <dlfcn.h>
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <threads.h>

void __tsan_acquire (void *address);
void __tsan_release (void *address);

/* Named on the linker's command line, so that this file is part of every test program. */
extern const int kit_tsan;
const int kit_tsan = 1;

#define REAL(name) ((__typeof__ (&(name)))dlsym (RTLD_NEXT, #name))

void
g_mutex_lock (GMutex *mutex)
{
  static __typeof__ (&g_mutex_lock) real;

  if (real == NULL)
    real = REAL (g_mutex_lock);
  real (mutex);
  __tsan_acquire (mutex);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean locked = REAL (g_mutex_trylock) (mutex);

  if (locked)
    __tsan_acquire (mutex);
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  static __typeof__ (&g_mutex_unlock) real;

  if (real == NULL)
    real = REAL (g_mutex_unlock);
  __tsan_release (mutex);
  real (mutex);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  __tsan_release (mutex);
  REAL (g_cond_wait) (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  gboolean signalled;

  __tsan_release (mutex);
  signalled = REAL (g_cond_wait_until) (cond, mutex, end_time);
  __tsan_acquire (mutex);
  return signalled;
}

/* -- queues, which lock inside GLib -- */

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  __tsan_release (queue);
  REAL (g_async_queue_push) (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer data = REAL (g_async_queue_pop) (queue);

  __tsan_acquire (queue);
  return data;
}

gpointer
g_async_queue_try_pop (GAsyncQueue *queue)
{
  gpointer data = REAL (g_async_queue_try_pop) (queue);

  __tsan_acquire (queue);
  return data;
}

gpointer
g_async_queue_timeout_pop (GAsyncQueue *queue, guint64 timeout)
{
  gpointer data = REAL (g_async_queue_timeout_pop) (queue, timeout);

  __tsan_acquire (queue);
  return data;
}

/* -- sources, which one thread hands to the loop of another -- */

typedef struct
{
  GSourceFuncs functions; /* what the loop calls; first, so that it is this */
  const GSourceFuncs *real;
} Handed;

static gboolean
dispatch_handed (GSource *source, GSourceFunc callback, gpointer user)
{
  __tsan_acquire (source);
  return ((const Handed *)source->source_funcs)->real->dispatch (source, callback, user);
}

guint
g_source_attach (GSource *source, GMainContext *context)
{
  Handed *handed = g_new (Handed, 1); /* kept: a source may outlive its loop */

  *handed = (Handed){ *source->source_funcs, source->source_funcs };
  handed->functions.dispatch = dispatch_handed;
  g_source_set_funcs (source, &handed->functions);
  __tsan_release (source);
  return REAL (g_source_attach) (source, context);
}

/* -- counts of references: who drops the last one has seen what the others did -- */

gboolean (g_atomic_ref_count_dec) (gatomicrefcount *count)
{
  gboolean last;

  __tsan_release (count);
  last = REAL (g_atomic_ref_count_dec) (count);
  if (last)
    __tsan_acquire (count);
  return last;
}

/* -- C11 threads, which librdkafka uses: the sanitizer knows POSIX's only, and in glibc they are the same --
 */

typedef struct
{
  thrd_start_t run;
  void *user;
} Start;

static void *
run_c11 (void *data)
{
  Start start = *(Start *)data;

  g_free (data);
  return GINT_TO_POINTER (start.run (start.user));
}

int
thrd_create (thrd_t *thread, thrd_start_t run, void *user)
{
  Start *start = g_new (Start, 1);

  *start = (Start){ run, user };
  if (pthread_create (thread, NULL, run_c11, start) == 0)
    return thrd_success;
  g_free (start);
  return thrd_error;
}

int
thrd_join (thrd_t thread, int *ret_result)
{
  void *result;

  if (pthread_join (thread, &result) != 0)
    return thrd_error;
  if (ret_result != NULL)
    *ret_result = GPOINTER_TO_INT (result);
  return thrd_success;
}

int
mtx_lock (mtx_t *mutex)
{
  return pthread_mutex_lock ((pthread_mutex_t *)mutex) == 0 ? thrd_success : thrd_error;
}

int
mtx_unlock (mtx_t *mutex)
{
  return pthread_mutex_unlock ((pthread_mutex_t *)mutex) == 0 ? thrd_success : thrd_error;
}

int
cnd_wait (cnd_t *condition, mtx_t *mutex)
{
  int failure = pthread_cond_wait ((pthread_cond_t *)condition, (pthread_mutex_t *)mutex);

  return failure == 0 ? thrd_success : thrd_error;
}

int
cnd_timedwait (cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
  int failure = pthread_cond_timedwait ((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until);

  if (failure == ETIMEDOUT)
    return thrd_timedout;
  return failure == 0 ? thrd_success : thrd_error;
}

/* -- what is not reported -- */

/* The sanitizer ends the program when a library is unloaded that is named below; GIO unloads those for TLS. */
int
dlclose (void *library G_GNUC_UNUSED)
{
  return 0;
}

/* called_from_lib: these order what they do with memory of their own by atomics and futexes that the sanitizer does not see. So what they call is
 * not looked at. What they call back is, and so is what they free for a caller of ours; a "race:" of the same name would hide both.
 *
 * thread: a stop does not wait for a handler that is stuck, and leaves the watch behind. */
const char *__tsan_default_suppressions (void);

const char *
__tsan_default_suppressions (void)
{
  return "called_from_lib:libglib-2.0.so\n"
         "called_from_lib:libgobject-2.0.so\n"
         "called_from_lib:libgio-2.0.so\n"
         "called_from_lib:libgiognutls.so\n"
         "called_from_lib:libgnutls.so\n"
         "called_from_lib:libsoup-3.0.so\n"
         "called_from_lib:librdkafka.so\n"
         "thread:hm_libvirt_inspector_new\n";
}
