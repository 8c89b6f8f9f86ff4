/*
 * Prints placements by which those of GrapevineSharding are checked.
 *
 * It is written from the algorithms as docs/sharding.md states them, and from the specification of
 * XXH64 (0.1.1), not from the Swift code: every token is hashed anew as a whole, every search looks
 * at all there is, and qsort sorts. `.ci/run vectors` compares what it prints with vectors.txt.
 *
 *   clang -std=c11 -O1 generate.c -o generate && ./generate > vectors.txt
 *
 * A line is a word and its values, between single blanks:
 *
 *   key HASH TEXT          the XXH64 of the text, which is the rest of the line
 *   score NUMBER RESULT    the xorshift* step
 *   second KEY RESULT      the hash of a key's hexadecimal digits
 *   nodes NAME NAME ...    the nodes of the places that follow
 *   place ALGORITHM KEY OWNER OWNER ...   the owners, best first, as indices into the nodes
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { node_limit = 60, token_limit = 512, name_limit = 256, set_count = 60, keys_per_set = 20 };

/* XXH64, step by step as its specification has it. */

static const uint64_t prime_1 = 11400714785074694791u;
static const uint64_t prime_2 = 14029467366897019727u;
static const uint64_t prime_3 = 1609587929392839161u;
static const uint64_t prime_4 = 9650029242287828579u;
static const uint64_t prime_5 = 2870177450012600261u;

static uint64_t rotate_left(uint64_t value, int bits) {
  return value << bits | value >> (64 - bits);
}

/* A number of `size` bytes, the lowest byte first. */
static uint64_t number_at(const unsigned char *bytes, int size) {
  uint64_t value = 0;
  for (int index = 0; index < size; index++) value += (uint64_t)bytes[index] << (8 * index);
  return value;
}

static uint64_t round_of(uint64_t accumulator, uint64_t lane) {
  return rotate_left(accumulator + lane * prime_2, 31) * prime_1;
}

static uint64_t merge(uint64_t accumulator, uint64_t lane) {
  return (accumulator ^ round_of(0, lane)) * prime_1 + prime_4;
}

static uint64_t xxh64(const unsigned char *bytes, size_t size) {
  const unsigned char *at = bytes;
  size_t left = size;
  uint64_t value = prime_5;
  if (size >= 32) {
    uint64_t lanes[4] = {prime_1 + prime_2, prime_2, 0, 0 - prime_1};
    for (; left >= 32; left -= 32, at += 32) {
      for (int lane = 0; lane < 4; lane++) {
        lanes[lane] = round_of(lanes[lane], number_at(at + 8 * lane, 8));
      }
    }
    value = rotate_left(lanes[0], 1) + rotate_left(lanes[1], 7) + rotate_left(lanes[2], 12) +
            rotate_left(lanes[3], 18);
    for (int lane = 0; lane < 4; lane++) value = merge(value, lanes[lane]);
  }
  value += size;
  for (; left >= 8; left -= 8, at += 8) {
    value = rotate_left(value ^ round_of(0, number_at(at, 8)), 27) * prime_1 + prime_4;
  }
  if (left >= 4) {
    value = rotate_left(value ^ (number_at(at, 4) * prime_1), 23) * prime_2 + prime_3;
    left -= 4;
    at += 4;
  }
  for (; left > 0; left--, at++) value = rotate_left(value ^ (*at * prime_5), 11) * prime_1;
  value = (value ^ value >> 33) * prime_2;
  value = (value ^ value >> 29) * prime_3;
  return value ^ value >> 32;
}

static uint64_t hash_of_text(const char *text) {
  return xxh64((const unsigned char *)text, strlen(text));
}

/* The nodes of one set, in the order in which they are printed. */

static char names[node_limit][name_limit];
static int node_count;

/* A place on the ring, or a node's score. */
struct entry {
  uint64_t value;
  int node;
};

static int by_value_and_name(const void *first, const void *second) {
  const struct entry *one = first, *other = second;
  if (one->value != other->value) return one->value < other->value ? -1 : 1;
  return strcmp(names[one->node], names[other->node]);
}

/* Ring: token t of a node is the hash of its name and the bytes 0 to t, each without its high bits.
 * A key is owned by the first token that is not below it, and then by the next other nodes. */

static struct entry ring[2][node_limit * token_limit];

static void make_ring(struct entry *tokens, int per_node) {
  unsigned char bytes[name_limit + token_limit];
  for (int node = 0; node < node_count; node++) {
    size_t length = strlen(names[node]);
    memcpy(bytes, names[node], length);
    for (int token = 0; token < per_node; token++) {
      bytes[length + (size_t)token] = (unsigned char)(token & 0xff);
      struct entry *entry = &tokens[node * per_node + token];
      entry->value = xxh64(bytes, length + (size_t)token + 1);
      entry->node = node;
    }
  }
  qsort(tokens, (size_t)(node_count * per_node), sizeof *tokens, by_value_and_name);
}

static void own_ring(const struct entry *tokens, int per_node, uint64_t key, int *owners) {
  int total = node_count * per_node, first = 0, found = 0;
  while (first < total && tokens[first].value < key) first++;
  for (int step = 0; step < total; step++) {
    int node = tokens[(first + step) % total].node, is_new = 1;
    for (int index = 0; index < found; index++) is_new = is_new && owners[index] != node;
    if (is_new) owners[found++] = node;
  }
}

/* Rendezvous: the nodes with the smallest scores. */

static uint64_t xorshift_multiply(uint64_t value) {
  value ^= value >> 12;
  value ^= value << 25;
  value ^= value >> 27;
  return value * 2685821657736338717u;
}

static void own_rendezvous(uint64_t key, int *owners) {
  struct entry scores[node_limit];
  for (int node = 0; node < node_count; node++) {
    scores[node].value = xorshift_multiply(key ^ hash_of_text(names[node]));
    scores[node].node = node;
  }
  qsort(scores, (size_t)node_count, sizeof *scores, by_value_and_name);
  for (int index = 0; index < node_count; index++) owners[index] = scores[index].node;
}

/* Multiprobe: of 21 probes the one with the nearest token, then the tokens after it. */

static uint64_t hash_of_digits(uint64_t key) {
  char digits[17];
  snprintf(digits, sizeof digits, "%llx", (unsigned long long)key);
  return hash_of_text(digits);
}

static uint64_t distance(uint64_t first, uint64_t second) {
  return first > second ? first - second : second - first;
}

static void own_multiprobe(uint64_t key, int *owners) {
  struct entry tokens[node_limit];
  for (int node = 0; node < node_count; node++) {
    tokens[node].value = hash_of_text(names[node]);
    tokens[node].node = node;
  }
  qsort(tokens, (size_t)node_count, sizeof *tokens, by_value_and_name);
  uint64_t first = hash_of_digits(key), second = hash_of_digits(first), least = UINT64_MAX;
  int winner = 0;
  for (uint64_t number = 0; number < 21; number++) {
    uint64_t probe = first + number * second;
    int above = 0;
    while (above < node_count && tokens[above].value < probe) above++;
    int below = (above + node_count - 1) % node_count;
    above %= node_count;
    int nearer =
        distance(tokens[below].value, probe) <= distance(tokens[above].value, probe) ? below : above;
    if (distance(tokens[nearer].value, probe) < least) {
      least = distance(tokens[nearer].value, probe);
      winner = nearer;
    }
  }
  for (int index = 0; index < node_count; index++) {
    owners[index] = tokens[(winner + index) % node_count].node;
  }
}

/* What is placed: names and keys of many lengths, drawn by a generator of their own. */

static uint64_t state = 20260101;

static unsigned draw(unsigned below) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(state >> 33) % below;
}

/* Text of `length` pieces with no blank; `others_share` tenths of them are longer than a byte. */
static void draw_pieces(char *text, unsigned length, unsigned others_share) {
  static const char *const others[] = {"é", "e\xcc\x81", "ß", "名", "節", "🍇", "\xc2\x80", "Ω"};
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:#";
  text[0] = 0;
  for (unsigned piece = 0; piece < length; piece++) {
    char byte[2] = {plain[draw(sizeof plain - 1)], 0};
    strcat(text, draw(10) < others_share ? others[draw(8)] : byte);
  }
}

static void draw_text(char *text, unsigned length) {
  draw_pieces(text, length, draw(3) == 0 ? 4 : 0);
}

/* Names of one kind: numbered ones, addresses, text of any length, or hardly different ones. */
static void draw_names(int kind) {
  for (int node = 0; node < node_count; node++) {
    char *name = names[node];
    char text[name_limit - 40];
    switch (kind) {
    case 0:
      snprintf(name, name_limit, "node-%d", node);
      break;
    case 1:
      snprintf(name, name_limit, "10.%d.%d.%d:7946", node_count, node, (node * 37) % 256);
      break;
    case 2:
      draw_text(text, draw(45));
      snprintf(name, name_limit, "%d%s", node, text);
      break;
    case 3:
      /* Pairs that are canonically the same but have other bytes. */
      snprintf(name, name_limit, "%s-%d", node % 2 == 0 ? "é" : "e\xcc\x81", node / 2);
      break;
    default:
      draw_text(text, 31 + draw(3));
      snprintf(name, name_limit, "ingester-%s-zone-%c-%d", text, 'a' + node % 3, node);
    }
  }
  for (int node = node_count - 1; node > 0; node--) {
    char other[name_limit];
    int index = (int)draw((unsigned)node + 1);
    memcpy(other, names[node], name_limit);
    memcpy(names[node], names[index], name_limit);
    memcpy(names[index], other, name_limit);
  }
}

static void print_place(const char *algorithm, const char *key, const int *owners, int count) {
  printf("place %s %s", algorithm, key);
  for (int index = 0; index < count; index++) printf(" %d", owners[index]);
  printf("\n");
}

static void print_set(int number) {
  node_count = number % node_limit + 1;
  draw_names(number % 5);
  printf("nodes");
  for (int node = 0; node < node_count; node++) printf(" %s", names[node]);
  printf("\n");
  make_ring(ring[0], 256);
  make_ring(ring[1], 512);
  for (int index = 0; index < keys_per_set; index++) {
    char key[name_limit];
    int owners[node_limit];
    draw_text(key, 1 + draw(index % 4 == 0 ? 40 : 12));
    uint64_t hash = hash_of_text(key);
    /* All owners of the first key of a set, and the first five of the others. */
    int count = index > 0 && node_count > 5 ? 5 : node_count;
    own_ring(ring[0], 256, hash, owners);
    print_place("ring256", key, owners, count);
    own_ring(ring[1], 512, hash, owners);
    print_place("ring512", key, owners, count);
    own_rendezvous(hash, owners);
    print_place("rendezvous", key, owners, count);
    own_multiprobe(hash, owners);
    print_place("multiprobe", key, owners, count);
  }
}

int main(void) {
  for (unsigned length = 0; length <= 100; length++) {
    for (unsigned others_share = 0; others_share <= 4; others_share += 4) {
      char text[401];
      draw_pieces(text, length, others_share);
      printf("key %016llx %s\n", (unsigned long long)hash_of_text(text), text);
    }
  }
  for (int bits = 0; bits <= 64; bits++) {
    uint64_t number = bits == 0 ? 0 : UINT64_MAX >> (64 - bits);
    for (int index = 0; index < 2; index++) {
      uint64_t value = index == 0 ? number : number / 3 * 2;
      printf("score %016llx %016llx\n", (unsigned long long)value,
             (unsigned long long)xorshift_multiply(value));
      printf("second %016llx %016llx\n", (unsigned long long)value,
             (unsigned long long)hash_of_digits(value));
    }
  }
  for (int number = 0; number < set_count; number++) print_set(number);
  return 0;
}
