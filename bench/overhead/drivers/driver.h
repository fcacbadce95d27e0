// What every C driver of the overhead bench shares: the exports that make it a plugin, and text and numbers
// that are the same in every run. A driver adds bench(n): n rounds of work, answering a checksum of it.
#ifndef DRIVER_H
#define DRIVER_H
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(#name)))

EXPORT(proxy_abi_version_0_2_1) void abi_version(void) {}

static uint32_t random_state = 0x9e3779b9u;

/** Xorshift: the same numbers on every machine. */
static inline uint32_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

static inline uint32_t mix(uint32_t sum, uint32_t value) { return (sum ^ value) * 16777619u; }

static inline uint32_t mix_bytes(uint32_t sum, const void *data, size_t size) {
  const unsigned char *bytes = data;
  for (size_t i = 0; i < size; i += 61) sum = mix(sum, bytes[i]);
  return mix(sum, (uint32_t)size);
}

/** Fills a buffer with lines that look like an access log: some repetition, some noise. */
static inline void fill_text(char *out, size_t size) {
  static const char *const words[] = {
      "GET ",  "POST ",    "/api/v2/orders/", "/static/app.js", "/healthz", " HTTP/1.1 ", "200 ", "404 ",
      "503 ",  "Mozilla/5.0 ", "curl/8.4.0 ", "10.2.",         "-",        "cluster=",   "eu-1 ", "us-2 ",
      "user=", "session:", "upstream_timeout ", "cache=hit ",   "cache=miss ", "\"quoted\" ", "; ",  "\n"};
  size_t at = 0;
  while (at < size) {
    const char *word = words[next_random() % (sizeof words / sizeof *words)];
    for (; *word != 0 && at < size; word++) out[at++] = *word;
    if (next_random() % 3 == 0) {
      for (uint32_t n = next_random() % 7; n > 0 && at < size; n--) out[at++] = (char)('0' + next_random() % 10);
    }
  }
}
#endif
