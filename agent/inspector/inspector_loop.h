/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_loop: the one thread that runs libvirt's event loop.
 *
 * libvirt's own implementation uses GLib's default context, which nothing else in the program may use. Keepalive and
 * events of every connection need it, so it must stand before the first connection is opened, and runs as long as
 * anybody holds a reference. Any thread but its own. */
#pragma once

/* Takes a reference; the first one starts the thread and silences libvirt's messages on standard error. */
void hm_loop_ref (void);
/* The last one stops the thread, after what libvirt put off to it was done. */
void hm_loop_unref (void);
