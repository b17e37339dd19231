/* Runs a firmware under simavr: so many calls of the model per input row, with exact cycles and the lowest stack pointer.
 *
 *   simavr_runner FIRMWARE.elf MCU MODEL_ADDRESS STATIC_END CYCLE_LIMIT CALLS INPUTS OUTPUTS FIGURES
 *                 FUNCTIONS PROFILE [in|out ADDRESS BYTES]...
 *
 * Addresses are hexadecimal; those of data start at 0. INPUTS and OUTPUTS hold rows of raw bytes, port after port. Each
 * call takes a part of the row, and the outputs are those of the last. FIGURES receives "cycles stack_bytes" per row.
 * FUNCTIONS holds lines "begin end" of hexadecimal addresses; PROFILE receives the cycles of each of these functions in
 * all calls, with what it calls that is none of them. Exit code 0, or 1 with a reason on standard error.
 *
 * A call lasts from the model's first instruction to its RET. Its stack includes the return address. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>

enum { MOST_PORTS = 32, FIXED_ARGUMENTS = 12 };

typedef struct {
    uint32_t address, bytes;
} port_t;

typedef struct {
    int count;
    uint32_t row_bytes;
    port_t ports[MOST_PORTS];
} ports_t;

typedef struct {
    avr_cycle_count_t start;
    avr_flashaddr_t return_address;
    uint16_t top, lowest;
} call_t;

typedef struct {
    uint32_t begin, end;
    uint64_t cycles;
} function_t;

typedef struct {
    function_t *functions;
    int count, current;
} profile_t;

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static FILE *open_or_fail(const char *path, const char *mode) {
    FILE *file = fopen(path, mode);
    if (!file) fail("cannot open %s", path);
    return file;
}

static uint16_t stack_pointer(const avr_t *avr) { return avr->data[R_SPL] | avr->data[R_SPH] << 8; }

static uint16_t opcode(const avr_t *avr, avr_flashaddr_t pc) { return avr->flash[pc] | avr->flash[pc + 1] << 8; }

/* CPSE, SBRC, SBRS, SBIC, SBIS. */
static int is_skip(uint16_t op) {
    return (op & 0xFC00) == 0x1000 || (op & 0xFC08) == 0xFC00 || (op & 0xFD00) == 0x9900;
}

/* simavr 1.6 takes some ADIW and SBIW for instructions of two words when it skips them. */
static void repair_skip(avr_t *avr, avr_flashaddr_t before) {
    int skipped_one_word = (opcode(avr, before + 2) & 0xFE00) == 0x9600;
    if (is_skip(opcode(avr, before)) && skipped_one_word && avr->pc == before + 6) {
        avr->pc -= 2;
        avr->cycle -= 1;
    }
}

static void step(avr_t *avr) {
    avr_flashaddr_t before = avr->pc;
    if (before + 1 > avr->flashend || opcode(avr, before) == 0xFFFF)
        fail("the firmware crashed: it jumped to address 0x%x, where there is no code", before);
    int state = avr_run(avr);
    if (state == cpu_Crashed || state == cpu_Done || state == cpu_Stopped)
        fail("the firmware crashed at address 0x%x", before);
    repair_skip(avr, before);
}

/* SP is written one byte after the other: between OUT SPH and OUT SPL it means nothing. */
static int sp_is_half_written(int half_written, uint16_t op) {
    if ((op & 0xFE0F) == 0xBE0E) return 1;
    if ((op & 0xFE0F) == 0xBE0D) return 0;
    return half_written;
}

static call_t begin_call(const avr_t *avr) {
    uint16_t sp = stack_pointer(avr);
    call_t call = {avr->cycle, 0, sp + avr->address_size, sp};
    for (int i = 1; i <= avr->address_size; i++) call.return_address = call.return_address << 8 | avr->data[sp + i];
    call.return_address *= 2;
    return call;
}

/* A stack pointer above the call's frame has wrapped around below address 0. */
static void check_stack(call_t *call, uint16_t sp, uint32_t static_end) {
    uint32_t room = call->top + 1 - static_end, used = (uint16_t)(call->top - sp);
    if (used > room) fail("stack overflow: %" PRIu32 " bytes in use, there is room for %" PRIu32, used, room);
    if (sp < call->lowest) call->lowest = sp;
}

static profile_t read_functions(const char *path) {
    FILE *file = open_or_fail(path, "r");
    profile_t profile = {0};
    function_t read = {0};
    while (fscanf(file, "%" SCNx32 " %" SCNx32, &read.begin, &read.end) == 2) {
        profile.functions = realloc(profile.functions, (profile.count + 1) * sizeof read);
        profile.functions[profile.count++] = read;
    }
    fclose(file);
    return profile;
}

static int is_in(const function_t *function, uint32_t pc) { return pc >= function->begin && pc < function->end; }

/* The function at an address; where there is none, the one before. */
static function_t *function_at(profile_t *profile, uint32_t pc) {
    if (!profile->count) return NULL;
    if (is_in(&profile->functions[profile->current], pc)) return &profile->functions[profile->current];
    for (int i = 0; i < profile->count; i++)
        if (is_in(&profile->functions[i], pc)) profile->current = i;
    return &profile->functions[profile->current];
}

/* Runs the model to its return. */
static call_t run_call(avr_t *avr, uint32_t static_end, uint64_t cycle_limit, profile_t *profile) {
    call_t call = begin_call(avr);
    int half_written = 0;
    do {
        half_written = sp_is_half_written(half_written, opcode(avr, avr->pc));
        avr_cycle_count_t before = avr->cycle;
        function_t *function = function_at(profile, avr->pc);
        step(avr);
        if (function) function->cycles += avr->cycle - before;
        if (!half_written) check_stack(&call, stack_pointer(avr), static_end);
        if (avr->pc == 0) fail("the firmware crashed: it restarted at address 0");
        if (avr->cycle - call.start > cycle_limit)
            fail("the model did not return within %" PRIu64 " cycles", cycle_limit);
    } while (avr->pc != call.return_address || half_written || stack_pointer(avr) != call.top);
    return call;
}

static int read_row(avr_t *avr, const ports_t *ports, FILE *rows) {
    for (int i = 0; i < ports->count; i++) {
        const port_t *port = &ports->ports[i];
        if (fread(avr->data + port->address, 1, port->bytes, rows) != port->bytes) return 0;
    }
    return 1;
}

static void write_row(const avr_t *avr, const ports_t *ports, FILE *results) {
    for (int i = 0; i < ports->count; i++)
        fwrite(avr->data + ports->ports[i].address, 1, ports->ports[i].bytes, results);
}

static void parse_ports(int argc, char **argv, uint32_t ram_end, ports_t *inputs, ports_t *outputs) {
    for (int i = FIXED_ARGUMENTS; i + 2 < argc; i += 3) {
        ports_t *ports = strcmp(argv[i], "in") ? outputs : inputs;
        port_t port = {strtoul(argv[i + 1], NULL, 16), strtoul(argv[i + 2], NULL, 10)};
        if (ports->count == MOST_PORTS) fail("more than %d ports", MOST_PORTS);
        if (port.address + port.bytes > ram_end + 1) fail("a port lies outside of RAM");
        ports->ports[ports->count++] = port;
    }
}

static avr_t *load(const char *path, const char *mcu) {
    elf_firmware_t firmware;
    memset(&firmware, 0, sizeof firmware);
    if (elf_read_firmware(path, &firmware)) fail("cannot load %s", path);
    avr_t *avr = avr_make_mcu_by_name(mcu);
    if (!avr) fail("simavr has no microcontroller '%s'", mcu);
    avr_init(avr);
    avr->log = LOG_NONE;
    avr_load_firmware(avr, &firmware);
    return avr;
}

int main(int argc, char **argv) {
    if (argc < FIXED_ARGUMENTS || (argc - FIXED_ARGUMENTS) % 3) fail("wrong number of arguments");
    avr_t *avr = load(argv[1], argv[2]);
    avr_flashaddr_t model = strtoul(argv[3], NULL, 16);
    uint32_t static_end = strtoul(argv[4], NULL, 16);
    uint64_t cycle_limit = strtoull(argv[5], NULL, 10);
    long calls = strtol(argv[6], NULL, 10);
    FILE *rows = open_or_fail(argv[7], "rb"), *results = open_or_fail(argv[8], "wb");
    FILE *figures = open_or_fail(argv[9], "w");
    profile_t profile = read_functions(argv[10]);
    FILE *profiled = open_or_fail(argv[11], "w");
    ports_t inputs = {0}, outputs = {0};
    parse_ports(argc, argv, avr->ramend, &inputs, &outputs);
    for (int more = 1; more;) {
        uint64_t cycles = 0;
        int stack = 0;
        for (long number = 0; number < calls; number++) {
            while (avr->pc != model) step(avr);
            if (!(more = read_row(avr, &inputs, rows))) break;
            call_t call = run_call(avr, static_end, cycle_limit, &profile);
            cycles += avr->cycle - call.start;
            if (call.top - call.lowest > stack) stack = call.top - call.lowest;
        }
        if (!more) break;
        write_row(avr, &outputs, results);
        fprintf(figures, "%" PRIu64 " %d\n", cycles, stack);
    }
    for (int i = 0; i < profile.count; i++) fprintf(profiled, "%" PRIu64 "\n", profile.functions[i].cycles);
    return fclose(results) || fclose(figures) || fclose(profiled);
}
