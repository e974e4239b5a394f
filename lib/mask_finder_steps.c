/* SPDX-License-Identifier: MIT */
#include "mask_finder.h"

/* What the vectors do, for one place. */
static bool
fits(const struct mask_nibbles *nibbles, const char *text)
{
	unsigned buckets = 0xffff;

	for (int i = 0; i < MASK_GRAM; i++) {
		unsigned char byte = (unsigned char)text[i];
		unsigned low = byte & 15, high = byte >> 4;
		unsigned a =
		    nibbles->low[i][0][low] & nibbles->high[i][0][high];
		unsigned b =
		    nibbles->low[i][1][low] & nibbles->high[i][1][high];

		buckets &= a | b << 8;
	}
	return buckets != 0;
}

size_t
mask_finder_portable(const struct mask_nibbles *nibbles, const char *text,
    size_t n, uint16_t *places)
{
	size_t found = 0;

	for (size_t i = 0; i < n * MASK_BLOCK; i++) {
		unsigned pair = (unsigned char)text[i] |
		    (unsigned)(unsigned char)text[i + 1] << 8;

		places[found] = (uint16_t)i;
		if (nibbles->pairs[pair / 64] >> (pair % 64) & 1)
			found += fits(nibbles, text + i);
	}
	return found;
}

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,popcnt")))
#define SSSE3 __attribute__((target("ssse3")))

/* Writes the places of bits: four at a time, for most blocks have few, and a
 * branch for each would often be guessed wrong. */
static inline size_t
unpack(uint32_t bits, size_t base, uint16_t *places)
{
	int n = __builtin_popcount(bits);

	for (int i = 0; i < n; i += 4)
		for (int j = 0; j < 4; j++) {
			*places++ = (uint16_t)(base +
			    (size_t)__builtin_ctz(bits | UINT32_C(1) << 31));
			bits &= bits - 1;
		}
	return (size_t)n;
}

AVX2 static inline __m256i
table(const uint8_t *nibbles)
{
	return _mm256_broadcastsi128_si256(
	    _mm_loadu_si128((const void *)nibbles));
}

AVX2 static inline uint32_t
hits_32(const struct mask_nibbles *nibbles, const char *text)
{
	const __m256i nibble = _mm256_set1_epi8(15);
	__m256i a = _mm256_set1_epi8(-1), b = a, none;

	for (int i = 0; i < MASK_GRAM; i++) {
		__m256i bytes = _mm256_loadu_si256((const void *)(text + i));
		__m256i low = _mm256_and_si256(bytes, nibble);
		__m256i high =
		    _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);

		a = _mm256_and_si256(a,
		    _mm256_and_si256(
			_mm256_shuffle_epi8(table(nibbles->low[i][0]), low),
			_mm256_shuffle_epi8(table(nibbles->high[i][0]), high)));
		b = _mm256_and_si256(b,
		    _mm256_and_si256(
			_mm256_shuffle_epi8(table(nibbles->low[i][1]), low),
			_mm256_shuffle_epi8(table(nibbles->high[i][1]), high)));
	}
	none = _mm256_cmpeq_epi8(_mm256_setzero_si256(), _mm256_or_si256(a, b));
	return ~(uint32_t)_mm256_movemask_epi8(none);
}

AVX2 size_t
mask_finder_avx2(const struct mask_nibbles *nibbles, const char *text, size_t n,
    uint16_t *places)
{
	size_t found = 0;

	for (size_t at = 0; at < n * MASK_BLOCK; at += MASK_BLOCK)
		found +=
		    unpack(hits_32(nibbles, text + at), at, places + found);
	return found;
}

SSSE3 static __m128i
fits_16(const struct mask_nibbles *nibbles, const char *text, int half)
{
	const __m128i nibble = _mm_set1_epi8(15);
	__m128i buckets = _mm_set1_epi8(-1);

	for (int i = 0; i < MASK_GRAM; i++) {
		__m128i bytes = _mm_loadu_si128((const void *)(text + i));
		__m128i low =
		    _mm_loadu_si128((const void *)nibbles->low[i][half]);
		__m128i high =
		    _mm_loadu_si128((const void *)nibbles->high[i][half]);

		low = _mm_shuffle_epi8(low, _mm_and_si128(bytes, nibble));
		high = _mm_shuffle_epi8(
		    high, _mm_and_si128(_mm_srli_epi16(bytes, 4), nibble));
		buckets = _mm_and_si128(buckets, _mm_and_si128(low, high));
	}
	return buckets;
}

SSSE3 static uint32_t
hits_16(const struct mask_nibbles *nibbles, const char *text)
{
	__m128i none = _mm_cmpeq_epi8(_mm_setzero_si128(),
	    _mm_or_si128(fits_16(nibbles, text, 0), fits_16(nibbles, text, 1)));

	return (uint32_t)_mm_movemask_epi8(none) ^ 0xffffU;
}

SSSE3 size_t
mask_finder_ssse3(const struct mask_nibbles *nibbles, const char *text,
    size_t n, uint16_t *places)
{
	size_t found = 0;

	for (size_t at = 0; at < n * MASK_BLOCK; at += MASK_BLOCK) {
		uint32_t bits = hits_16(nibbles, text + at) |
		    hits_16(nibbles, text + at + 16) << 16;

		found += unpack(bits, at, places + found);
	}
	return found;
}

mask_finder_step *
mask_finder_best(int level)
{
	if (level >= 2 && __builtin_cpu_supports("avx2") &&
	    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt"))
		return mask_finder_avx2;
	if (level >= 1 && __builtin_cpu_supports("ssse3"))
		return mask_finder_ssse3;
	return mask_finder_portable;
}

#else

mask_finder_step *
mask_finder_best(int level)
{
	(void)level;
	return mask_finder_portable;
}

#endif
