/* SPDX-License-Identifier: MIT */
/*
 * What a run was and what came of it, for machines elsewhere: an in-toto
 * Statement v1 with a SLSA provenance v1 predicate, and a manifest of the
 * artifacts with their digests. Neither is signed.
 */
#ifndef PROVENANCE_H
#define PROVENANCE_H

#include <jv.h>

#include "document.h"

/*
 * `artifacts`, borrowed: as nr-upload adds them to the document. The subjects
 * of the statement are the commit that was pushed and the diff; the rest are
 * by-products.
 */
jv provenance_statement(const struct document *doc, jv artifacts);
jv provenance_manifest(const struct document *doc, jv artifacts);

#endif
