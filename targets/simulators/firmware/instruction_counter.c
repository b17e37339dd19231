/* QEMU plugin: the exact number of instructions of each call of one function, and of what classes they are.
 *
 * Arguments: begin=HEX, the function's first instruction; caller_begin=HEX, caller_end=HEX, the code of the function that
 * calls it; counts=FILE, one decimal number per call. A call ends with the first instruction back in the caller. QEMU
 * executes translated blocks as a whole, and a call or a return ends a block, so blocks are counted.
 *
 * With functions=FILE, lines "begin end" of ascending hexadecimal addresses, and classes=FILE, a line for each of these
 * functions says what ran in it, and in what it called that is none of them: the counts of CLASSES in all calls.
 * Instructions are classified as Thumb. Flash is what lies in flash_begin=HEX .. flash_end=HEX; of it a cache of so many
 * lines, the least recently used of which is replaced, holds what was fetched (fetch_lines=N) and what was loaded
 * (data_lines=N), in lines of line_bytes=N: the last two counts are the lines that were not there.
 *
 * Debian ships no qemu-plugin.h: these declarations are the part of the plugin interface (QEMU 6.0 to 9.0) in use. */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "thumb_classes.h"

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum callback_flags { CALLBACK_USES_NO_REGISTERS = 0 };
enum memory_access { MEMORY_READ_OR_WRITE = 3 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*translated)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, void (*executed)(unsigned, void *),
                                          enum callback_flags flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *instruction,
                                      void (*accessed)(unsigned, uint32_t, uint64_t, void *), enum callback_flags flags,
                                      enum memory_access kind, void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*at_exit)(plugin_id, void *), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *instruction);

EXPORT int qemu_plugin_version = PLUGIN_VERSION;

enum { MOST_LINES = 1024 };

typedef struct {
    uint64_t begin, end, classes[CLASSES];
} function_t;

/* A translated block: its instructions by class, and what follows it where its last branch is not taken. */
typedef struct block {
    struct block *next;
    uint64_t begin, end, runs[2];
    uint32_t instructions, classes[CLASSES];
    int ends_in_branch, function;
} block_t;

/* Lines that were used last come first. */
typedef struct {
    uint64_t size, used, lines[MOST_LINES];
} cache_t;

static uint64_t begin, caller_begin, caller_end, flash_begin, flash_end, line_bytes;
static uint64_t count;
static int in_call, current;
static FILE *counts, *classes;
static function_t *functions;
static int function_count;
static block_t *blocks, *previous;
static cache_t fetched, loaded;

/* 1 where a line was not in the cache. */
static int misses(cache_t *cache, uint64_t address) {
    uint64_t line = address / line_bytes, at = 0;
    while (at < cache->used && cache->lines[at] != line) at++;
    int missed = at == cache->used;
    if (missed && cache->used < cache->size) cache->used++;
    if (at == cache->size) at--;
    memmove(cache->lines + 1, cache->lines, at * sizeof line);
    cache->lines[0] = line;
    return missed;
}

static int in_flash(uint64_t address) { return line_bytes && address >= flash_begin && address < flash_end; }

static void on_load(unsigned cpu, uint32_t access, uint64_t address, void *unused) {
    if (in_call && current >= 0 && in_flash(address)) functions[current].classes[DATA_MISS] += misses(&loaded, address);
}

/* What a block is, for the function that it belongs to or that has called it. */
static void account(block_t *block) {
    if (!function_count) return;
    if (block->function >= 0) current = block->function;
    if (current < 0) return;
    uint64_t *sums = functions[current].classes;
    for (int i = 0; i < CLASSES; i++) sums[i] += block->classes[i];
    if (previous && previous->ends_in_branch && previous->end != block->begin) sums[TAKEN]++;
    for (uint64_t at = block->begin / (line_bytes ? line_bytes : 1); in_flash(block->begin) && at * line_bytes < block->end; at++)
        sums[FETCH_MISS] += misses(&fetched, at * line_bytes);
    previous = block;
}

static void on_first_block(unsigned cpu, void *data) {
    block_t *block = data;
    if (!in_call) count = 0, previous = NULL;
    in_call = 1;
    count += block->instructions;
    account(block);
}

static void on_block(unsigned cpu, void *data) {
    block_t *block = data;
    if (!in_call) return;
    count += block->instructions;
    account(block);
}

static void on_caller(unsigned cpu, void *unused) {
    if (in_call) fprintf(counts, "%" PRIu64 "\n", count);
    in_call = 0;
}

static int function_at(uint64_t address) {
    for (int i = 0; i < function_count; i++)
        if (address >= functions[i].begin && address < functions[i].end) return i;
    return -1;
}

static void classify(block_t *block, struct qemu_plugin_tb *translated) {
    enum instruction_class last = OTHER;
    for (uint32_t i = 0; i < block->instructions; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(translated, i);
        thumb_t thumb = classify_thumb(qemu_plugin_insn_data(instruction), qemu_plugin_insn_size(instruction));
        if (thumb.loads)
            qemu_plugin_register_vcpu_mem_cb(instruction, on_load, CALLBACK_USES_NO_REGISTERS, MEMORY_READ_OR_WRITE,
                                             block);
        last = thumb.more_words ? thumb.class : follows(last, thumb.class);
        block->classes[last]++;
        block->classes[MORE_WORDS] += thumb.more_words;
        block->ends_in_branch = thumb.branches && thumb.class != LOOP_END;
        block->end += qemu_plugin_insn_size(instruction);
        if (thumb.more_words) last = OTHER;
    }
}

static void on_translation(plugin_id id, struct qemu_plugin_tb *translated) {
    block_t *block = calloc(1, sizeof *block);
    block->next = blocks, blocks = block;
    block->begin = block->end = qemu_plugin_tb_vaddr(translated);
    block->instructions = qemu_plugin_tb_n_insns(translated);
    block->function = function_at(block->begin);
    if (function_count) classify(block, translated);
    int in_caller = block->begin >= caller_begin && block->begin < caller_end;
    qemu_plugin_register_vcpu_tb_exec_cb(
        translated, block->begin == begin ? on_first_block : in_caller ? on_caller : on_block,
        CALLBACK_USES_NO_REGISTERS, block);
}

static void on_exit_close(plugin_id id, void *unused) {
    fclose(counts);
    for (int i = 0; classes && i < function_count; i++)
        for (int k = 0; k < CLASSES; k++)
            fprintf(classes, "%" PRIu64 "%c", functions[i].classes[k], k == CLASSES - 1 ? '\n' : ' ');
    if (classes) fclose(classes);
}

static int number_argument(const char *argument, const char *key, int base, uint64_t *number) {
    size_t length = strlen(key);
    if (strncmp(argument, key, length)) return 0;
    *number = strtoull(argument + length, NULL, base);
    return 1;
}

static int read_functions(const char *path) {
    FILE *file = fopen(path, "r");
    function_t read = {0};
    while (file && fscanf(file, "%" SCNx64 " %" SCNx64, &read.begin, &read.end) == 2) {
        functions = realloc(functions, (function_count + 1) * sizeof read);
        functions[function_count++] = read;
    }
    return file && !fclose(file);
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
    current = -1;
    for (int i = 0; i < argc; i++) {
        if (number_argument(argv[i], "begin=", 16, &begin)) continue;
        if (number_argument(argv[i], "caller_begin=", 16, &caller_begin)) continue;
        if (number_argument(argv[i], "caller_end=", 16, &caller_end)) continue;
        if (number_argument(argv[i], "flash_begin=", 16, &flash_begin)) continue;
        if (number_argument(argv[i], "flash_end=", 16, &flash_end)) continue;
        if (number_argument(argv[i], "line_bytes=", 10, &line_bytes)) continue;
        if (number_argument(argv[i], "fetch_lines=", 10, &fetched.size)) continue;
        if (number_argument(argv[i], "data_lines=", 10, &loaded.size)) continue;
        if (!strncmp(argv[i], "counts=", 7)) counts = fopen(argv[i] + 7, "w");
        if (!strncmp(argv[i], "classes=", 8)) classes = fopen(argv[i] + 8, "w");
        if (!strncmp(argv[i], "functions=", 10) && !read_functions(argv[i] + 10)) return -1;
    }
    if (!counts || (function_count && !classes)) return -1;
    if (fetched.size < 1 || fetched.size > MOST_LINES) fetched.size = 1;
    if (loaded.size < 1 || loaded.size > MOST_LINES) loaded.size = 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_exit_close, NULL);
    return 0;
}
