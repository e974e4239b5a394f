/* SPDX-License-Identifier: MIT */
/*
 * mask_rules_compile FILE: the table of these rules as C, on standard output.
 * It is run when this is built, on the machine that builds.
 */
#include "mask_finder.h"
#include "mask_rules_read.h"
#include "memory.h"

static void
print_texts(const struct mask_rules *table)
{
	printf("static const char texts[] = {");
	for (size_t i = 0; i < table->texts_len; i++)
		printf("%s%d,", i % 16 == 0 ? "\n\t" : " ", table->texts[i]);
	printf("\n};\n\n");
}

static void
print_rules(const struct mask_rules *table)
{
	printf("static const struct mask_rule rules[] = {\n");
	for (size_t i = 0; i < table->n; i++) {
		const struct mask_rule *rule = &table->rules[i];

		printf("\t{ .name = %u, .kind = %u, .set = %u, .min = %u },\n",
		    rule->name, rule->kind, rule->set, rule->min);
	}
	printf("};\n\n");
}

static void
print_eight(const char *name, uint64_t number)
{
	printf(" .%s = 0x%llxU,", name, (unsigned long long)number);
}

static void
print_anchors(const struct mask_rules *table)
{
	printf("static const struct mask_anchor anchors[] = {\n");
	for (size_t i = 0; i < table->n_anchors; i++) {
		const struct mask_anchor *anchor = &table->anchors[i];

		printf("\t{ .text = %u, .next = %u, "
		       ".rule = %u, .len = %u, .tail_at = %u, "
		       ".window = %u, .kind = %u, .fold = %d,\n\t",
		    anchor->text, anchor->next, anchor->rule, anchor->len,
		    anchor->tail_at, anchor->window, anchor->kind,
		    anchor->fold);
		print_eight("head", anchor->head);
		print_eight("head_mask", anchor->head_mask);
		print_eight("head_fold", anchor->head_fold);
		print_eight("tail", anchor->tail);
		print_eight("tail_mask", anchor->tail_mask);
		print_eight("tail_fold", anchor->tail_fold);
		printf("},\n");
	}
	printf("};\n\n");
}

static void
print_exceptions(const struct mask_rules *table)
{
	printf("static const struct mask_exception exceptions[] = {\n");
	for (size_t i = 0; i < table->n_exceptions; i++) {
		const struct mask_exception *pattern = &table->exceptions[i];

		printf("\t{ .text = %u, .len = %u, .letters = %uU, "
		       ".next = %u, .is_end = %d, .is_exact = %d },\n",
		    pattern->text, pattern->len, pattern->letters,
		    pattern->next, pattern->is_end, pattern->is_exact);
	}
	printf("};\n\n");
}

static void
print_half(
    const char *name, const uint8_t half[MASK_GRAM][MASK_BUCKETS / 8][16])
{
	printf("\t\t.%s = {", name);
	for (int at = 0; at < MASK_GRAM; at++) {
		printf(" {");
		for (int group = 0; group < MASK_BUCKETS / 8; group++) {
			printf(" {");
			for (int n = 0; n < 16; n++)
				printf(" %u,", half[at][group][n]);
			printf(" },");
		}
		printf(" },");
	}
	printf(" },\n");
}

static void
print_finder(const struct mask_finder *finder)
{
	printf("static const struct mask_finder finder = {\n\t.chains = {");
	for (int i = 0; i < 1 << MASK_CHAIN_BITS; i++)
		printf(" %u,", finder->chains[i]);
	printf(" },\n\t.nibbles = {\n");
	print_half("low", finder->nibbles.low);
	print_half("high", finder->nibbles.high);
	printf("\t\t.pairs = {");
	for (int i = 0; i < 65536 / 64; i++)
		printf(
		    " 0x%llxU,", (unsigned long long)finder->nibbles.pairs[i]);
	printf(" },\n\t},\n};\n\n");
}

static void
print_table(const struct mask_rules *table)
{
	printf("const struct mask_rules mask_default_rules = {\n"
	       "\t.texts = texts,\n\t.rules = rules,\n\t.anchors = anchors,\n"
	       "\t.exceptions = exceptions,\n\t.finder = &finder,\n"
	       "\t.texts_len = %u,\n\t.n = %u,\n\t.n_anchors = %u,\n"
	       "\t.n_exceptions = %u,\n\t.n_sets = %u,\n\t.by_end = {",
	    table->texts_len, table->n, table->n_anchors, table->n_exceptions,
	    table->n_sets);
	for (int i = 0; i <= MASK_END_LISTS; i++)
		printf(" %u,", table->by_end[i]);
	printf(" },\n\t.members = {");
	for (int i = 0; i < 256; i++)
		printf(" %u,", table->members[i]);
	printf(" },\n\t.set_names = {");
	for (int i = 0; i < MASK_MAX_SETS; i++)
		printf(" %d,", table->set_names[i]);
	printf(" },\n};\n");
}

int
main(int argc, char *argv[])
{
	struct mask_rules_reader *reader = mask_rules_reader_new(NULL);
	const struct mask_rules *table;
	struct error *error;

	if (argc != 2)
		return 64;
	error = mask_rules_read(reader, argv[1]);
	if (error != NULL) {
		fprintf(stderr, "%s\n", error->message);
		return error->exit_code;
	}
	table = mask_rules_reader_table(reader);
	printf("#include \"mask_finder.h\"\n#include \"mask_rules.h\"\n\n");
	print_texts(table);
	print_rules(table);
	print_anchors(table);
	print_exceptions(table);
	print_finder(table->finder);
	print_table(table);
	mask_rules_reader_free(reader);
	return ferror(stdout) || fflush(stdout) == EOF ? 74 : 0;
}
