/* Reset and faults of an Arm Cortex-M (Armv6-M, Armv7-M): vector table, FPU, .data and .bss.
 *
 * The stack lies below the static data, at the lowest addresses of RAM: an overflow leaves the memory and faults. */
#include "semi-hosting.h"

extern uint32_t stack_bottom, stack_top, data_load, data_start, data_end, bss_start, bss_end;
int main(void);

enum { EXIT_FAULT = 99 };

/* The address of the instruction that faulted lies in the stacked frame, unless the stack pointer left RAM. */
__attribute__((noreturn, used)) static void report_fault(const uint32_t *frame) {
    char text[] = "fault at address 0x????????\n";
    uint32_t in_stack = frame >= &stack_bottom && frame + 8 <= &stack_top;
    uint32_t pc = in_stack ? frame[6] : 0;
    for (int digit = 0; digit < 8; digit++) {
        uint32_t value = pc >> (28 - 4 * digit) & 15;
        text[19 + digit] = (char)(value < 10 ? '0' + value : 'a' + value - 10);
    }
    semihosting(SYS_WRITE0, in_stack ? text : "stack overflow\n");
    exit_with(EXIT_FAULT);
}

__attribute__((naked, noreturn)) static void fault(void) {
    __asm__ volatile(
        "mov r0, sp\n"
        "ldr r1, =stack_top\n"
        "mov sp, r1\n"
        "ldr r1, =report_fault\n"
        "bx r1\n");
}

__attribute__((noreturn, used)) static void start(void) {
    for (uint32_t *from = &data_load, *to = &data_start; to < &data_end;) *to++ = *from++;
    for (uint32_t *to = &bss_start; to < &bss_end;) *to++ = 0;
#if __ARM_ARCH_PROFILE == 'M' && __ARM_ARCH == 6
    /* Armv6-M faults on unaligned accesses; so must a larger core that stands in for it (CCR.UNALIGN_TRP). */
    *(volatile uint32_t *)0xE000ED14 |= 8;
#endif
    exit_with((uint32_t)main());
}

/* The FPU is enabled before any compiled C: the compiler may use its registers anywhere (CPACR, CP10 and CP11). */
__attribute__((naked, noreturn)) void reset(void) {
    __asm__ volatile(
#ifdef __ARM_FP
        "ldr r0, =0xE000ED88\n"
        "ldr r1, [r0]\n"
        "orr r1, r1, #0xF00000\n"
        "str r1, [r0]\n"
        "dsb\n"
        "isb\n"
#endif
        "ldr r0, =start\n"
        "bx r0\n");
}

__attribute__((section(".vectors"), used)) static const void *const vectors[7] = {
    &stack_top, (void *)reset, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault};
