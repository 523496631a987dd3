/* As much of JSON as a flavour needs for a key that is a text; take a library for more. */

#ifndef JSON_H
#define JSON_H

#include <stddef.h>

/*
 * The text that a key of the outermost object has, and its length; NULL where there is none, or it is no text. The
 * document is well-formed: the host has parsed it. Escapes are left as they are, which no name of an interface has.
 */
const char *json_string(const char *document, size_t length, const char *key, size_t *found);

#endif
