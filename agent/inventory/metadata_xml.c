/* SPDX-License-Identifier: Apache-2.0 */
/* metadata_xml: parses a domain's XML with libxml2 and looks things up in it.
 *
 * The inventory's worker comes here through hm_metadata_read(). A document with a document type is refused where its
 * declaration stands, before anything in it could expand.
 */
#include "agent/inventory/metadata_xml.h"

#include <libxml/parser.h>
#include <string.h>

#include "agent/inventory/metadata.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlParserCtxt, xmlFreeParserCtxt)

static void
refuse_document_type (void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
  xmlParserCtxtPtr parser = context;
  gboolean *refused = parser->_private;

  (void)name, (void)external, (void)system;
  *refused = TRUE;
  xmlStopParser (parser);
}

xmlDoc *
hm_xml_parse (const char *xml, const char **ret_problem)
{
  g_autoptr (xmlParserCtxt) parser = xmlNewParserCtxt ();
  gsize length = strlen (xml);
  gboolean refused = FALSE;
  g_autoptr (xmlDoc) document = NULL;

  if (length > HM_DOMAIN_XML_MAX)
    {
      *ret_problem = "the description is larger than 1 MiB";
      return NULL;
    }
  g_assert (parser != NULL);
  parser->_private = &refused;
  parser->sax->internalSubset = refuse_document_type;
  document
      = xmlCtxtReadMemory (parser, xml, (int)length, NULL, NULL,
                           XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
  if (refused)
    *ret_problem = "the description declares a document type";
  else if (document == NULL)
    *ret_problem = "the description is not well-formed XML";
  return refused ? NULL : g_steal_pointer (&document);
}

static gboolean
is_element (const xmlNode *node, const char *name, const char *ns)
{
  if (node->type != XML_ELEMENT_NODE || strcmp ((const char *)node->name, name) != 0)
    return FALSE;
  if (ns == NULL)
    return node->ns == NULL;
  return node->ns != NULL && node->ns->href != NULL && strcmp ((const char *)node->ns->href, ns) == 0;
}

xmlNode *
hm_xml_child (const xmlNode *parent, const char *name, const char *ns)
{
  xmlNode *node = parent != NULL ? parent->children : NULL;

  while (node != NULL && !is_element (node, name, ns))
    node = node->next;
  return node;
}

xmlNode *
hm_xml_next (const xmlNode *node, const char *name, const char *ns)
{
  xmlNode *sibling = node->next;

  while (sibling != NULL && !is_element (sibling, name, ns))
    sibling = sibling->next;
  return sibling;
}

static char *
take_text (xmlChar *text)
{
  char *copy = text != NULL && *text != '\0' ? g_strdup ((const char *)text) : NULL;

  xmlFree (text);
  return copy;
}

char *
hm_xml_attribute (const xmlNode *node, const char *name)
{
  return node != NULL ? take_text (xmlGetNoNsProp (node, (const xmlChar *)name)) : NULL;
}

char *
hm_xml_text (const xmlNode *node)
{
  g_autofree char *text = node != NULL ? take_text (xmlNodeGetContent (node)) : NULL;

  return text != NULL && *g_strstrip (text) != '\0' ? g_steal_pointer (&text) : NULL;
}

xmlNode *
hm_xml_child_in (const xmlNode *parent, const char *ns, const char *name)
{
  xmlNode *node = parent != NULL ? parent->children : NULL;

  while (node != NULL && !is_element (node, name != NULL ? name : (const char *)node->name, ns))
    node = node->next;
  return node;
}

/* -- a path */

static gboolean
is_step (const xmlNode *node, const char *name, const char *ns)
{
  return is_element (node, name, NULL) || (ns != NULL && is_element (node, name, ns));
}

static char *
value_of (const xmlNode *node, const HmOwnerPath *path)
{
  return path->attribute != NULL ? hm_xml_attribute (node, path->attribute) : hm_xml_text (node);
}

/* Where the first element of a name leads nowhere the next may: of a domain's many devices one has what is asked for. As deep
 * as the path is long, and each element is met once. */
static char *
descend (const xmlNode *base, const char *ns, const HmOwnerPath *path, guint step)
{
  char *found = NULL;

  if (path->steps[step] == NULL)
    return value_of (base, path);
  for (const xmlNode *node = base->children; node != NULL && found == NULL; node = node->next)
    if (is_step (node, path->steps[step], ns))
      found = descend (node, ns, path, step + 1);
  return found;
}

char *
hm_xml_look_up (const xmlNode *base, const char *ns, const HmOwnerPath *path)
{
  return base != NULL && path->steps != NULL ? descend (base, ns, path, 0) : NULL;
}
