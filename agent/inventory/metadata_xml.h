/* SPDX-License-Identifier: Apache-2.0 */
/* metadata_xml: a domain's XML as a tree to look things up in. For the files named metadata*.c, the only ones that know
 * libxml2.
 *
 * No network, no entities. Any thread; no state. Elements are told apart by namespace: NULL is none. */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

#include "agent/inventory/owner_map.h"

G_BEGIN_DECLS

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlDoc, xmlFreeDoc)

/* NULL with *@ret_problem where @xml is too large, not well-formed or declares a document type. (transfer full) */
xmlDoc *hm_xml_parse (const char *xml, const char **ret_problem);

/* The first child of @parent (nullable) of that name and namespace, and the next after @node; (nullable). */
xmlNode *hm_xml_child (const xmlNode *parent, const char *name, const char *ns);
xmlNode *hm_xml_next (const xmlNode *node, const char *name, const char *ns);
/* The first child of @parent (nullable) in the namespace @ns, of any name when @name is NULL; (nullable). */
xmlNode *hm_xml_child_in (const xmlNode *parent, const char *ns, const char *name);

/* An attribute's value, or a node's text without the blanks around it; NULL when it is absent or empty, or when @node
 * is NULL. (transfer full) */
char *hm_xml_attribute (const xmlNode *node, const char *name);
char *hm_xml_text (const xmlNode *node);

/* The first text that @path leads to below @base (nullable): its elements are of the namespace @ns (nullable) or of
 * none. NULL: there is none. (transfer full) */
char *hm_xml_look_up (const xmlNode *base, const char *ns, const HmOwnerPath *path);

G_END_DECLS
