/* SPDX-License-Identifier: MIT */
#include "mask.h"

#include "mask_index.h"
#include "mask_rules_read.h"
#include "mask_value.h"
#include "memory.h"

struct mask *
mask_new(void)
{
	struct mask *mask = xcalloc(1, sizeof *mask);

	mask->index = mask_index_new();
	mask->rule_labels = xcalloc(1, sizeof *mask->rule_labels);
	mask->use_default = true;
	return mask;
}

void
mask_free(struct mask *mask)
{
	if (mask == NULL)
		return;
	for (size_t i = 0; i < mask->n; i++) {
		free(mask->values[i].name);
		free(mask->values[i].label);
	}
	free(mask->values);
	mask_index_free(mask->index);
	mask_rules_reader_free(mask->own_rules);
	for (size_t i = 0; i < mask->rule_labels->n; i++)
		free(mask->rule_labels->texts[i]);
	free(mask->rule_labels->texts);
	free(mask->rule_labels);
	mask_set_release(&mask->set);
	free(mask);
}

/* A label that needs no quoting anywhere. */
static char *
make_label(const char *name)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz0123456789_.-";
	char *label = xasprintf("***%s***", name);

	for (char *c = label + 3; c[3] != '\0'; c++)
		if (strchr(safe, *c) == NULL)
			*c = '_';
	return label;
}

/* What a shell leaves out at the ends of a value, and people do not see. */
static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool
mask_add(struct mask *mask, const char *name, const void *value, size_t len)
{
	const char *bytes = value;

	while (len > 0 && is_space(bytes[len - 1]))
		len--;
	while (len > 0 && is_space(*bytes)) {
		bytes++;
		len--;
	}
	if (mask_value_is_common(bytes, len))
		return false;
	mask->values =
	    xreallocarray(mask->values, mask->n + 1, sizeof *mask->values);
	mask->values[mask->n] = (struct mask_value){
		.name = xstrdup(name),
		.label = make_label(name),
	};
	mask_value_add(&mask->set, bytes, len, (uint32_t)mask->n);
	mask->n++;
	return true;
}

size_t
mask_count(const struct mask *mask)
{
	return mask->n;
}

const char *
mask_name(const struct mask *mask, size_t n)
{
	return mask->values[n].name;
}

const char *
mask_rule_name(const struct mask *mask, size_t n)
{
	const struct mask_rules *rules = mask_rules_of(mask);

	return n < rules->n ? mask_rules_name(rules, n) : NULL;
}

/* A label that shows a value is no label. */
static void
check_label(const struct mask *mask, char *label)
{
	size_t offset;

	if (mask_find(mask, label, strlen(label), &offset) != NULL)
		label[strlen("***")] = '\0';
}

static void
make_rule_labels(const struct mask *mask)
{
	const struct mask_rules *rules = mask_rules_of(mask);
	struct mask_rule_labels *labels = mask->rule_labels;

	if (labels->n > 0)
		return;
	labels->texts = xreallocarray(NULL, rules->n, sizeof *labels->texts);
	for (; labels->n < rules->n; labels->n++)
		labels->texts[labels->n] =
		    make_label(mask_rules_name(rules, labels->n));
}

void
mask_check_labels(const struct mask *mask)
{
	if (!mask->labels)
		return;
	make_rule_labels(mask);
	for (size_t i = 0; i < mask->n; i++)
		check_label(mask, mask->values[i].label);
	for (size_t i = 0; i < mask->rule_labels->n; i++)
		check_label(mask, mask->rule_labels->texts[i]);
}

void
mask_use_labels(struct mask *mask, bool labels)
{
	mask->labels = labels;
}

void
mask_use_rules(struct mask *mask, bool use)
{
	mask->use_default = use;
}

struct error *
mask_add_rules(struct mask *mask, const char *path)
{
	if (mask->own_rules == NULL)
		mask->own_rules = mask_rules_reader_new(
		    mask->use_default ? &mask_default_rules : NULL);
	return mask_rules_read(mask->own_rules, path);
}

const struct mask_rules *
mask_rules_of(const struct mask *mask)
{
	static const struct mask_rule no_rule;
	static const struct mask_rules none = { .texts = "",
		.rules = &no_rule };

	if (mask->own_rules != NULL)
		return mask_rules_reader_table(mask->own_rules);
	return mask->use_default ? &mask_default_rules : &none;
}

const char *
mask_name_of(const struct mask *mask, uint32_t value)
{
	if ((value & MASK_RULE) != 0)
		return mask_rules_name(
		    mask_rules_of(mask), value & ~(uint32_t)MASK_RULE);
	return mask->values[value].name;
}

const char *
mask_label_of(const struct mask *mask, uint32_t value)
{
	if (!mask->labels)
		return "***";
	if ((value & MASK_RULE) != 0)
		return mask->rule_labels->texts[value & ~(uint32_t)MASK_RULE];
	return mask->values[value].label;
}
