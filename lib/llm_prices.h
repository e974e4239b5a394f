/* SPDX-License-Identifier: MIT */
/*
 * What tokens cost. The prices are data: the file of llm.prices, else
 * $XDG_CONFIG_HOME/necrocode/prices.yaml, else share/llm/prices.yaml:
 *
 *   models:
 *     gpt-5*: {input: 1.25, output: 10, cached: 0.125}
 *
 * US dollars for a million tokens. The longest pattern that fits the model's
 * name counts; `*` is anything, at the end of it alone.
 */
#ifndef LLM_PRICES_H
#define LLM_PRICES_H

#include <jv.h>
#include <stdbool.h>

#include "config.h"
#include "error.h"
#include "llm_answer.h"

struct llm_price {
	bool known;
	double input, output, cached, cache_write; /* for one token */
};

/* No file at all is no error: nothing has a price then. */
struct error *llm_price_find(
    struct llm_price *price, const struct config *config, const char *model);

/* In US dollars; negative: it is not known. */
double llm_cost(const struct llm_price *price, const struct llm_usage *usage);
/* To a billionth of a dollar, for a document. */
double llm_round_cost(double cost);

#endif
