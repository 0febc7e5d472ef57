/* SPDX-License-Identifier: Apache-2.0 */
/* arena: memory that is let go of all at once. Not installed: an aid of snapshot, sink and JSON trees.
 *
 * Clearing keeps the blocks, so whoever fills it again and again with about as much takes nothing from the
 * allocator after the first rounds. Not thread-safe. */
#pragma once

#include <glib.h>

typedef struct HmArena HmArena;

G_GNUC_INTERNAL HmArena *hm_arena_new (void);
G_GNUC_INTERNAL void hm_arena_free (HmArena *arena);

/* @size zeroed bytes, aligned for any type, valid until the arena is cleared or freed. */
G_GNUC_INTERNAL gpointer hm_arena_alloc (HmArena *arena, gsize size);

/* A copy of @text (nullable: NULL). */
G_GNUC_INTERNAL char *hm_arena_text (HmArena *arena, const char *text);

/* All that was handed out becomes invalid; the memory is kept for reuse. */
G_GNUC_INTERNAL void hm_arena_clear (HmArena *arena);
