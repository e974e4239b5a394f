/* SPDX-License-Identifier: MIT */
#include "template_part.h"

#include "json.h"
#include "memory.h"
#include "variable_path.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"
#define WORD LETTERS "0123456789"

/* {{name}} and {{"text"}}; false: neither. */
static bool
read_braces(struct template_part *part, const char *text)
{
	const char *at, *end;

	if (strncmp(text, "{{", 2) != 0)
		return false;
	at = text + 2 + strspn(text + 2, " ");
	part->name = at;
	if (*at == '"') {
		part->name++;
		end = strchr(part->name, '"');
		if (end == NULL)
			return false;
		part->name_len = (size_t)(end - part->name);
		part->kind = PART_BRACES_TEXT;
		at = end + 1;
	} else {
		part->name_len = variable_path_parse(&part->path, at);
		part->kind = PART_BRACES;
		at += part->name_len;
	}
	at += strspn(at, " ");
	part->len = (size_t)(at - text) + 2;
	if (part->name_len > 0 && strncmp(at, "}}", 2) == 0)
		return true;
	json_strings_free(part->path);
	part->path = NULL;
	return false;
}

/* ${name} and what the shell may have behind a name, and ${a.b}. */
static bool
read_dollar(struct template_part *part, const char *text)
{
	const char *end;
	size_t len;

	if (strncmp(text, "${", 2) != 0 || text[2] == '\0' ||
	    strchr(LETTERS, text[2]) == NULL)
		return false;
	part->name = text + 2;
	len = strspn(part->name, WORD);
	end = part->name + len;
	part->kind = PART_DOLLAR;
	if (*end == '.' || *end == '[') {
		len = variable_path_parse(&part->path, part->name);
		end = part->name + len;
		part->kind = PART_DOLLAR_PATH;
		if (*end != '}') {
			json_strings_free(part->path);
			part->path = NULL;
			return false;
		}
	} else {
		part->path = xcalloc(2, sizeof *part->path);
		part->path[0] = xstrndup(part->name, len);
		if (strspn(part->name, CAPITALS) >= len)
			part->kind = PART_CAPITAL;
	}
	part->name_len = len;
	part->len = (size_t)(end - text) + (*end == '}');
	return true;
}

bool
template_part_next(struct template_part *part, const char *text)
{
	*part = (struct template_part){ .text = text };
	if (*text == '\0' || read_braces(part, text))
		return *text != '\0';
	*part = (struct template_part){ .text = text };
	if (read_dollar(part, text))
		return true;
	*part = (struct template_part){ .kind = PART_LITERAL, .text = text };
	do
		part->len++;
	while (text[part->len] != '\0' && text[part->len] != '{' &&
	    text[part->len] != '$');
	return true;
}
