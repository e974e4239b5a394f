/* SPDX-License-Identifier: MIT */
#include "llm_prices.h"

#include <math.h>

#include "data_file.h"
#include "json.h"
#include "memory.h"
#include "yaml.h"

static const double million = 1e6;

/* How many characters of the name the pattern fits; -1: it does not. */
static int
fit(const char *pattern, const char *model)
{
	size_t len = strlen(pattern);

	if (len > 0 && pattern[len - 1] == '*')
		return strncmp(pattern, model, len - 1) == 0 ? (int)len - 1
							     : -1;
	return strcmp(pattern, model) == 0 ? (int)len : -1;
}

/* The entry whose pattern fits best; jv_invalid(): none does. */
static jv
find_entry(jv models, const char *model)
{
	jv best = jv_invalid();
	int longest = -1;

	for (int i = jv_object_iter(models); jv_object_iter_valid(models, i);
	     i = jv_object_iter_next(models, i)) {
		jv pattern = jv_object_iter_key(models, i);
		int length = fit(jv_string_value(pattern), model);

		if (length > longest) {
			longest = length;
			jv_free(best);
			best = jv_object_iter_value(models, i);
		}
		jv_free(pattern);
	}
	return best;
}

static void
read_entry(struct llm_price *price, jv entry)
{
	double input = json_number(entry, "input", -1);
	double output = json_number(entry, "output", -1);

	if (input < 0 || output < 0)
		return;
	price->known = true;
	price->input = input / million;
	price->output = output / million;
	price->cached = json_number(entry, "cached", input) / million;
	price->cache_write = json_number(entry, "cache_write", input) / million;
}

struct error *
llm_price_find(
    struct llm_price *price, const struct config *config, const char *model)
{
	const char *given = config_string(config, "llm.prices");
	char *path = given != NULL
	    ? xstrdup(given)
	    : data_file_find("prices.yaml", "llm/prices.yaml");
	struct yaml *yaml = NULL;
	struct error *error = NULL;

	*price = (struct llm_price){ 0 };
	if (path != NULL && model != NULL)
		error = yaml_read_file(&yaml, path);
	if (error == NULL && yaml != NULL) {
		jv models = json_get(yaml_value(yaml), "models"), entry;

		if (jv_get_kind(models) == JV_KIND_OBJECT) {
			entry = find_entry(models, model);
			read_entry(price, entry);
			jv_free(entry);
		}
		jv_free(models);
	}
	yaml_release(yaml);
	free(path);
	return error;
}

double
llm_cost(const struct llm_price *price, const struct llm_usage *usage)
{
	double fresh = usage->input - usage->cached - usage->cache_write;

	if (usage->cost >= 0)
		return usage->cost;
	if (!price->known || !usage->known)
		return -1;
	return (fresh > 0 ? fresh : 0) * price->input +
	    usage->cached * price->cached +
	    usage->cache_write * price->cache_write +
	    usage->output * price->output;
}

double
llm_round_cost(double cost)
{
	return round(cost * 1e9) / 1e9;
}
