/* QEMU plugin: the exact number of instructions of each call of one function.
 *
 * Arguments: begin=HEX, the function's first instruction; caller_begin=HEX, caller_end=HEX, the code of the function that
 * calls it; counts=FILE, one decimal number per call. A call ends with the first instruction back in the caller. QEMU
 * executes translated blocks as a whole, and a call or a return ends a block, so blocks are counted.
 *
 * Debian ships no qemu-plugin.h: these declarations are the part of the plugin interface (QEMU 6.0 and later) in use. */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
enum callback_flags { CALLBACK_USES_NO_REGISTERS = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*translated)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, void (*executed)(unsigned, void *),
                                          enum callback_flags flags, void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*at_exit)(plugin_id, void *), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);

EXPORT int qemu_plugin_version = PLUGIN_VERSION;

static uint64_t begin, caller_begin, caller_end;
static uint64_t count;
static int in_call;
static FILE *counts;

static void on_first_block(unsigned cpu, void *instructions) {
    if (!in_call) count = 0;
    in_call = 1;
    count += (uintptr_t)instructions;
}

static void on_block(unsigned cpu, void *instructions) { count += (uintptr_t)instructions; }

static void on_caller(unsigned cpu, void *unused) {
    if (in_call) fprintf(counts, "%" PRIu64 "\n", count);
    in_call = 0;
}

static void on_translation(plugin_id id, struct qemu_plugin_tb *block) {
    uint64_t address = qemu_plugin_tb_vaddr(block);
    void *instructions = (void *)(uintptr_t)qemu_plugin_tb_n_insns(block);
    int in_caller = address >= caller_begin && address < caller_end;
    qemu_plugin_register_vcpu_tb_exec_cb(block, address == begin ? on_first_block : in_caller ? on_caller : on_block,
                                         CALLBACK_USES_NO_REGISTERS, instructions);
}

static void on_exit_close(plugin_id id, void *unused) { fclose(counts); }

static int address_argument(const char *argument, const char *key, uint64_t *address) {
    size_t length = strlen(key);
    if (strncmp(argument, key, length)) return 0;
    *address = strtoull(argument + length, NULL, 16);
    return 1;
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
    for (int i = 0; i < argc; i++) {
        if (address_argument(argv[i], "begin=", &begin)) continue;
        if (address_argument(argv[i], "caller_begin=", &caller_begin)) continue;
        if (address_argument(argv[i], "caller_end=", &caller_end)) continue;
        if (!strncmp(argv[i], "counts=", 7)) counts = fopen(argv[i] + 7, "w");
    }
    if (!counts) return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_exit_close, NULL);
    return 0;
}
