/* Semihosting (Arm IHI 0071; RISC-V Semihosting 0.3 has the same calls): files of the host, its console, and the exit code. Everything is inlined, so that no
 * call of the harness goes deeper on the stack than the frame of main. */
#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H
#include <stdint.h>

enum { SYS_OPEN = 0x01, SYS_WRITE0 = 0x04, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_EXIT_EXTENDED = 0x20 };
enum { OPEN_READ_BINARY = 1, OPEN_WRITE_BINARY = 5 };
enum { APPLICATION_EXIT = 0x20026 };

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#ifdef __riscv
/* The shifts around EBREAK tell it from a breakpoint; all three have 32 bits and lie in one page. */
ALWAYS_INLINE int32_t semihosting(int operation, const void *argument) {
    register int32_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = argument;
    __asm__ volatile(
        ".balign 16\n.option push\n.option norvc\n slli x0, x0, 0x1f\n ebreak\n srai x0, x0, 7\n.option pop"
        : "+r"(a0) : "r"(a1) : "memory");
    return a0;
}
#else
ALWAYS_INLINE int32_t semihosting(int operation, const void *argument) {
    register int32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}
#endif

ALWAYS_INLINE __attribute__((noreturn)) void exit_with(uint32_t code) {
    uint32_t block[2] = {APPLICATION_EXIT, code};
    semihosting(SYS_EXIT_EXTENDED, block);
    for (;;) {
    }
}

/* The handle, or -1. */
ALWAYS_INLINE int32_t open_file(const char *name, uint32_t length, uint32_t mode) {
    uint32_t block[3] = {(uint32_t)name, mode, length};
    return semihosting(SYS_OPEN, block);
}

/* Whether all bytes were read or written. */
ALWAYS_INLINE int transfer(int operation, int32_t handle, const void *buffer, uint32_t size) {
    uint32_t block[3] = {(uint32_t)handle, (uint32_t)buffer, size};
    return semihosting(operation, block) == 0;
}
#endif
