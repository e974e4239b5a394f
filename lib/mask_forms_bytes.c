/* SPDX-License-Identifier: MIT */
/* Forms in which all bytes are written alike: hex, UTF-16. */
#include "mask_forms.h"

#include "memory.h"

enum { FORM_BYTES = 16 << 20 };

void
mask_forms_append_hex(struct buffer *out, unsigned char byte, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[2] = { digits[byte >> 4], digits[byte & 15] };

	buffer_append(out, text, sizeof text);
}

void
mask_forms_add_hex(struct mask_set *set, const char *bytes, size_t len,
    const struct mask_form *like)
{
	static const char *const separators[] = { "", ":", " " };
	struct buffer form = BUFFER_INIT(FORM_BYTES);

	for (int i = 0; i < 6; i++) {
		buffer_clear(&form);
		for (size_t at = 0; at < len; at++) {
			if (at > 0)
				buffer_append_string(&form, separators[i / 2]);
			mask_forms_append_hex(
			    &form, (unsigned char)bytes[at], i % 2 != 0);
		}
		mask_set_add(set, form.data, form.len, like);
	}
	buffer_release(&form);
}

/*
 * UTF-16, as Windows writes it, of ASCII. Without a NUL at its ends: so it is
 * the same in both byte orders.
 */
void
mask_forms_add_utf16(struct mask_set *set, const char *bytes, size_t len,
    const struct mask_form *like)
{
	struct buffer form = BUFFER_INIT(FORM_BYTES);

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)bytes[i] >= 0x80)
			goto done;
		buffer_append(&form, "", i > 0);
		buffer_append(&form, bytes + i, 1);
	}
	mask_set_add(set, form.data, form.len, like);
done:
	buffer_release(&form);
}
