#include "json.h"

#include <string.h>

/* Behind the text that begins at its first quotation mark. */
static const char *behind_text(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at + 1;
}

const char *json_string(const char *document, size_t length, const char *key, size_t *found)
{
	const char *at = document, *end = document + length;
	int depth = 0, is_key = 0, is_wanted = 0;

	while (at < end) {
		if (*at == '"') {
			const char *text = at + 1;
			size_t bytes;

			at = behind_text(at, end);
			if (depth != 1)
				continue;
			bytes = at - text - 1;
			if (!is_key && is_wanted) {
				*found = bytes;
				return text;
			}
			if (is_key)
				is_wanted = bytes == strlen(key) && !memcmp(text, key, bytes);
			continue;
		}
		if (*at == '{' || *at == '[')
			depth++;
		if (*at == '}' || *at == ']')
			depth--;
		if (depth == 1 && (*at == '{' || *at == ','))
			is_key = 1;
		if (depth == 1 && *at == ':')
			is_key = 0;
		at++;
	}
	return NULL;
}
