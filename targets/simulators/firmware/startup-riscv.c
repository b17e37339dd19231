/* Reset and faults of a 32-bit RISC-V in machine mode: stack, .data and .bss.
 *
 * The stack lies below the static data, at the lowest addresses of RAM. What lies below that may not be written (physical
 * memory protection, locked so that it holds in machine mode): an overflow faults. */
#include "semi-hosting.h"

extern uint32_t stack_bottom, stack_top, data_load, data_start, data_end, bss_start, bss_end;
int main(void);

/* The registers of machine mode; as part of -march it would keep gcc from the library of the core. */
__asm__(".option arch, +zicsr");

enum { EXIT_FAULT = 99 };

__attribute__((noreturn, used)) static void report_fault(uint32_t pc, const uint32_t *frame) {
    char text[] = "fault at address 0x????????\n";
    for (int digit = 0; digit < 8; digit++) {
        uint32_t value = pc >> (28 - 4 * digit) & 15;
        text[19 + digit] = (char)(value < 10 ? '0' + value : 'a' + value - 10);
    }
    semihosting(SYS_WRITE0, frame >= &stack_bottom ? text : "stack overflow\n");
    exit_with(EXIT_FAULT);
}

__attribute__((naked, noreturn, used, aligned(4))) static void fault(void) {
    __asm__ volatile("csrr a0, mepc\n mv a1, sp\n la sp, stack_top\n j report_fault\n");
}

__attribute__((noreturn, used)) static void start(void) {
    for (uint32_t *from = &data_load, *to = &data_start; to < &data_end;) *to++ = *from++;
    for (uint32_t *to = &bss_start; to < &bss_end;) *to++ = 0;
    exit_with((uint32_t)main());
}

/* pmpcfg0: entry 0 is what lies below the address (TOR), locked, to read and to execute. */
__attribute__((section(".reset"), naked, noreturn, used)) void reset(void) {
    __asm__ volatile(
        "la sp, stack_top\n la t0, fault\n csrw mtvec, t0\n"
        "la t0, stack_bottom\n srli t0, t0, 2\n csrw pmpaddr0, t0\n li t0, 0x8d\n csrw pmpcfg0, t0\n"
        "j start\n");
}

/* What compilers call for copies and for arrays of zeros; here no C library is linked. */
__attribute__((used)) void *memset(void *to, int value, unsigned long size) {
    for (volatile unsigned char *at = to; size; size--) *at++ = (unsigned char)value;
    return to;
}

__attribute__((used)) void *memcpy(void *to, const void *from, unsigned long size) {
    volatile unsigned char *at = to;
    for (const unsigned char *read = from; size; size--) *at++ = *read++;
    return to;
}
