/* SPDX-License-Identifier: Apache-2.0 */
/* arena: a row of blocks, filled from the front.
 *
 * Called by snapshot, sink and json_tree on the thread that owns them. */
#include <string.h>

#include "metering/arena.h"

#define BLOCK_SIZE ((gsize)16 * 1024)
#define ALIGNMENT  ((gsize)16)

typedef struct
{
  gsize size;
  gpointer memory;
} Block;

struct HmArena
{
  GArray *blocks; /* (element-type Block) */
  guint current;  /* the block that is being filled */
  gsize used;     /* bytes of it */
};

static void
clear_block (gpointer data)
{
  Block *block = data;

  g_free (block->memory);
}

HmArena *
hm_arena_new (void)
{
  HmArena *arena = g_new0 (HmArena, 1);

  arena->blocks = g_array_new (FALSE, FALSE, sizeof (Block));
  g_array_set_clear_func (arena->blocks, clear_block);
  return arena;
}

void
hm_arena_free (HmArena *arena)
{
  if (arena == NULL)
    return;
  g_array_unref (arena->blocks);
  g_free (arena);
}

/* The first block from the current one on that has room for @size, made if there is none. */
static Block *
block_with_room (HmArena *arena, gsize size)
{
  Block fresh;

  while (arena->current < arena->blocks->len)
    {
      Block *block = &g_array_index (arena->blocks, Block, arena->current);

      if (block->size - arena->used >= size)
        return block;
      arena->current++;
      arena->used = 0;
    }

  fresh.size = MAX (BLOCK_SIZE, size);
  fresh.memory = g_malloc (fresh.size);
  g_array_append_val (arena->blocks, fresh);
  return &g_array_index (arena->blocks, Block, arena->current);
}

gpointer
hm_arena_alloc (HmArena *arena, gsize size)
{
  gsize rounded = (MAX (size, 1) + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  gpointer memory;
  Block *block;

  g_assert (rounded >= size);
  block = block_with_room (arena, rounded);
  memory = (char *)block->memory + arena->used;
  arena->used += rounded;
  return memset (memory, 0, rounded);
}

char *
hm_arena_text (HmArena *arena, const char *text)
{
  gsize length;

  if (text == NULL)
    return NULL;
  length = strlen (text);
  return memcpy (hm_arena_alloc (arena, length + 1), text, length);
}

void
hm_arena_clear (HmArena *arena)
{
  arena->current = 0;
  arena->used = 0;
}
