/* A library with the functions of WeCom's WeWorkFinanceSdk_C.h, for the tests. The secret that it is given names a
 * folder:
 *
 *   items     one message a line: seq, msgid, key version, random key as 64 hex digits, the same wrapped by RSA in Base64,
 *             the text in hex
 *   faults    lines "chat <n> <what>": what the n-th call of GetChatData does, counted over all processes; "*" is every
 *             call
 *   healed    if it exists, no message is poisonous
 *   media/    files by their id
 *   seen      written: process ids and arguments
 *
 * Messages are encrypted by AES-256-CBC. A text that holds POISON-CRASH, POISON-HANG or POISON-CODE crashes the library,
 * stops it, or is refused when it is decrypted.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct { char *buf; int len; } Slice_t;
typedef struct { char *outindexbuf; int out_len; char *data; int data_len; int is_finish; } MediaData_t;

static char root[4096];

/* AES-256, by the definition. */
static uint8_t sbox[256], inverse[256];
static uint8_t times2(uint8_t x) { return (uint8_t)((x << 1) ^ (x & 0x80 ? 0x1b : 0)); }
static uint8_t times(uint8_t x, uint8_t y) {
  uint8_t product = 0;
  for (; y; y >>= 1, x = times2(x)) if (y & 1) product ^= x;
  return product;
}
static void tables(void) {
  uint8_t p = 1, q = 1;
  if (sbox[1]) return;
  do {
    p = (uint8_t)(p ^ times2(p));
    q ^= (uint8_t)(q << 1); q ^= (uint8_t)(q << 2); q ^= (uint8_t)(q << 4);
    if (q & 0x80) q ^= 0x09;
    uint8_t x = (uint8_t)(q ^ (uint8_t)(q << 1 | q >> 7) ^ (uint8_t)(q << 2 | q >> 6) ^ (uint8_t)(q << 3 | q >> 5) ^ (uint8_t)(q << 4 | q >> 4));
    sbox[p] = x ^ 0x63;
  } while (p != 1);
  sbox[0] = 0x63;
  for (int i = 0; i < 256; i++) inverse[sbox[i]] = (uint8_t)i;
}
static void expand(const uint8_t key[32], uint8_t round[240]) {
  uint8_t rcon = 1;
  memcpy(round, key, 32);
  for (int i = 32; i < 240; i += 4) {
    uint8_t t[4];
    memcpy(t, round + i - 4, 4);
    if (i % 32 == 0) {
      uint8_t first = t[0];
      t[0] = sbox[t[1]] ^ rcon; t[1] = sbox[t[2]]; t[2] = sbox[t[3]]; t[3] = sbox[first];
      rcon = times2(rcon);
    } else if (i % 32 == 16) for (int j = 0; j < 4; j++) t[j] = sbox[t[j]];
    for (int j = 0; j < 4; j++) round[i + j] = round[i + j - 32] ^ t[j];
  }
}
static void add(uint8_t s[16], const uint8_t *k) { for (int i = 0; i < 16; i++) s[i] ^= k[i]; }
static void encrypt_block(uint8_t s[16], const uint8_t round[240]) {
  add(s, round);
  for (int r = 1; r <= 14; r++) {
    uint8_t t[16];
    for (int i = 0; i < 16; i++) t[i] = sbox[s[(i + 4 * (i % 4)) % 16]];
    if (r < 14) for (int c = 0; c < 16; c += 4) for (int i = 0; i < 4; i++)
      s[c + i] = times2(t[c + i]) ^ times2(t[c + (i + 1) % 4]) ^ t[c + (i + 1) % 4] ^ t[c + (i + 2) % 4] ^ t[c + (i + 3) % 4];
    else memcpy(s, t, 16);
    add(s, round + 16 * r);
  }
}
static void decrypt_block(uint8_t s[16], const uint8_t round[240]) {
  add(s, round + 16 * 14);
  for (int r = 13; r >= 0; r--) {
    uint8_t t[16];
    for (int i = 0; i < 16; i++) t[(i + 4 * (i % 4)) % 16] = inverse[s[i]];
    add(t, round + 16 * r);
    if (r > 0) for (int c = 0; c < 16; c += 4) for (int i = 0; i < 4; i++)
      s[c + i] = times(t[c + i], 14) ^ times(t[c + (i + 1) % 4], 11) ^ times(t[c + (i + 2) % 4], 13) ^ times(t[c + (i + 3) % 4], 9);
    else memcpy(s, t, 16);
  }
}

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static char *base64(const uint8_t *bytes, size_t length) {
  char *text = calloc(1, (length + 2) / 3 * 4 + 1), *at = text;
  for (size_t i = 0; i < length; i += 3) {
    uint32_t three = (uint32_t)bytes[i] << 16 | (i + 1 < length ? bytes[i + 1] : 0) << 8 | (i + 2 < length ? bytes[i + 2] : 0);
    *at++ = letters[three >> 18]; *at++ = letters[three >> 12 & 63];
    *at++ = i + 1 < length ? letters[three >> 6 & 63] : '=';
    *at++ = i + 2 < length ? letters[three & 63] : '=';
  }
  return text;
}
static size_t unbase64(const char *text, uint8_t *bytes) {
  uint32_t bits = 0; int count = 0; size_t length = 0;
  for (; *text && *text != '='; text++) {
    const char *found = strchr(letters, *text);
    if (!found) return 0;
    bits = bits << 6 | (uint32_t)(found - letters); count += 6;
    if (count >= 8) { count -= 8; bytes[length++] = (uint8_t)(bits >> count); }
  }
  return length;
}
static size_t unhex(const char *text, uint8_t *bytes) {
  size_t length = 0; unsigned value;
  for (; text[0] && text[1] && sscanf(text, "%2x", &value) == 1; text += 2) bytes[length++] = (uint8_t)value;
  return length;
}

static FILE *open_file(const char *name, const char *mode) {
  char path[8192];
  snprintf(path, sizeof path, "%s/%s", root, name);
  return fopen(path, mode);
}
static void seen(const char *call, const char *what) {
  FILE *file = open_file("seen", "a");
  if (!file) return;
  fprintf(file, "%s %d %s\n", call, (int)getpid(), what);
  fclose(file);
}
static int numbered(const char *call) {
  char name[64]; int number = 0;
  snprintf(name, sizeof name, "calls-%s", call);
  FILE *file = open_file(name, "r");
  if (file) { if (fscanf(file, "%d", &number) != 1) number = 0; fclose(file); }
  number++;
  file = open_file(name, "w");
  if (file) { fprintf(file, "%d", number); fclose(file); }
  return number;
}
/* What this call is to do; 0 for its work. */
static int fault(const char *call, char what[64]) {
  int number = numbered(call), found = 0;
  char line[256], of[64], at[64];
  FILE *file = open_file("faults", "r");
  if (!file) return 0;
  while (!found && fgets(line, sizeof line, file))
    found = sscanf(line, "%63s %63s %63s", of, at, what) == 3 && !strcmp(of, call) && (!strcmp(at, "*") || atoi(at) == number);
  fclose(file);
  return found;
}
static void hang(void) { for (;;) sleep(1000); }
static void set(Slice_t *slice, const char *bytes, size_t length) {
  slice->buf = malloc(length + 1);
  memcpy(slice->buf, bytes, length);
  slice->buf[length] = 0;
  slice->len = (int)length;
}

void *NewSdk(void) { return calloc(1, 8); }
void DestroySdk(void *sdk) { free(sdk); }
Slice_t *NewSlice(void) { return calloc(1, sizeof(Slice_t)); }
void FreeSlice(Slice_t *slice) { if (slice->len >= 0) free(slice->buf); free(slice); }
char *GetContentFromSlice(Slice_t *slice) { return slice->buf; }
int GetSliceLen(Slice_t *slice) { return slice->len; }
MediaData_t *NewMediaData(void) { return calloc(1, sizeof(MediaData_t)); }
void FreeMediaData(MediaData_t *media) { free(media->outindexbuf); free(media->data); free(media); }
char *GetOutIndexBuf(MediaData_t *media) { return media->outindexbuf; }
char *GetData(MediaData_t *media) { return media->data; }
int GetIndexLen(MediaData_t *media) { return media->out_len; }
int GetDataLen(MediaData_t *media) { return media->data_len; }
int IsMediaDataFinish(MediaData_t *media) { return media->is_finish; }

int Init(void *sdk, const char *corpid, const char *secret) {
  (void)sdk;
  snprintf(root, sizeof root, "%s", secret);
  tables();
  seen("init", corpid);
  return strcmp(corpid, "ww08a41f56c8db31fb") ? 10000 : 0;
}

int GetChatData(void *sdk, unsigned long long seq, unsigned limit, const char *proxy, const char *passwd, int timeout, Slice_t *slice) {
  char what[64];
  (void)sdk;
  snprintf(what, sizeof what, "%.20s:%.20s:%d", proxy, passwd, timeout);
  seen("chat", what);
  const char *repeated = "{\"chatdata\":[{\"seq\":1,\"msgid\":\"m\"}]}";
  const char *refused = "not allow to access from your ip, from ip: 203.0.113.7";
  if (fault("chat", what)) {
    if (!strcmp(what, "crash")) abort();
    if (!strcmp(what, "hang")) hang();
    if (!strcmp(what, "garbage")) { set(slice, "\x01 no JSON", 9); return 0; }
    if (!strcmp(what, "repeated")) { set(slice, repeated, strlen(repeated)); return 0; }
    if (!strcmp(what, "length")) { slice->len = -7; return 0; }
    if (!strcmp(what, "nowhere")) { slice->len = 7; return 0; }
    if (!strcmp(what, "unnamed")) return 10009;
    if (!strcmp(what, "10009")) set(slice, refused, strlen(refused));
    return atoi(what);
  }
  size_t room = 1 << 20, length = 0;
  char *json = malloc(room), *line = NULL; size_t line_room = 0;
  length += (size_t)sprintf(json, "{\"errcode\":0,\"errmsg\":\"ok\",\"chatdata\":[");
  FILE *file = open_file("items", "r");
  unsigned count = 0;
  while (file && count < limit && getline(&line, &line_room, file) > 0) {
    char *save = NULL;
    unsigned long long number = strtoull(strtok_r(line, " \n", &save), NULL, 10);
    if (number <= seq) continue;
    char *id = strtok_r(NULL, " \n", &save), *version = strtok_r(NULL, " \n", &save);
    char *key = strtok_r(NULL, " \n", &save), *wrapped = strtok_r(NULL, " \n", &save), *hex = strtok_r(NULL, " \n", &save);
    uint8_t raw[32], round[240], *text = malloc(strlen(hex) / 2 + 32);
    unhex(key, raw);
    expand(raw, round);
    size_t size = unhex(hex, text), pad = 16 - size % 16;
    memset(text + size, (int)pad, pad);
    for (size_t i = 0; i < size + pad; i += 16) { add(text + i, i ? text + i - 16 : raw); encrypt_block(text + i, round); }
    char *encrypted = base64(text, size + pad);
    size_t needed = length + strlen(encrypted) + strlen(wrapped) + strlen(id) + 200;
    if (needed > room) json = realloc(json, room = 2 * needed);
    length += (size_t)sprintf(json + length, "%s{\"seq\":%llu,\"msgid\":\"%s\",\"publickey_ver\":%s,\"encrypt_random_key\":\"%s\",\"encrypt_chat_msg\":\"%s\"}",
                              count ? "," : "", number, id, version, wrapped, encrypted);
    free(encrypted); free(text);
    count++;
  }
  if (file) fclose(file);
  length += (size_t)sprintf(json + length, "]}");
  set(slice, json, length);
  free(json); free(line);
  return 0;
}

int DecryptData(const char *key, const char *message, Slice_t *slice) {
  uint8_t raw[32], round[240], *bytes = malloc(strlen(message) + 16);
  if (strlen(key) != 64 || unhex(key, raw) != 32) { free(bytes); return 10008; }
  expand(raw, round);
  size_t size = unbase64(message, bytes);
  if (!size || size % 16) { free(bytes); return 10006; }
  for (size_t i = size; i; i -= 16) { decrypt_block(bytes + i - 16, round); add(bytes + i - 16, i > 16 ? bytes + i - 32 : raw); }
  uint8_t pad = bytes[size - 1];
  if (pad < 1 || pad > 16) { free(bytes); return 10006; }
  set(slice, (char *)bytes, size - pad);
  free(bytes);
  /* WeCom's library may print, too. */
  printf("%s\n", slice->buf); fprintf(stderr, "%s\n", slice->buf); fflush(stdout);
  FILE *healed = open_file("healed", "r");
  if (healed) { fclose(healed); return 0; }
  if (strstr(slice->buf, "POISON-CRASH")) abort();
  if (strstr(slice->buf, "POISON-HANG")) hang();
  if (strstr(slice->buf, "POISON-CODE")) return 10006;
  if (strstr(slice->buf, "POISON-EMPTY")) slice->len = 0;
  return 0;
}

int GetMediaData(void *sdk, const char *position, const char *fileid, const char *proxy, const char *passwd, int timeout, MediaData_t *media) {
  char name[512], what[64];
  (void)sdk; (void)proxy; (void)passwd; (void)timeout;
  if (fault("media", what)) {
    if (!strcmp(what, "crash")) abort();
    return atoi(what);
  }
  if (strstr(fileid, "expired")) return 10010;
  snprintf(name, sizeof name, "media/%.400s", fileid);
  FILE *file = open_file(name, "r");
  if (!file) return 10005;
  long from = atol(position);
  fseek(file, from, SEEK_SET);
  media->data = malloc(524288);
  media->data_len = (int)fread(media->data, 1, 524288, file);
  media->is_finish = fgetc(file) == EOF;
  fclose(file);
  media->outindexbuf = malloc(32);
  media->out_len = sprintf(media->outindexbuf, "%ld", from + media->data_len);
  return 0;
}
