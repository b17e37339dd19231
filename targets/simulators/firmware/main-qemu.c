/* Firmware under QEMU: input rows from the file `inputs`, output rows to the file `outputs`, both of the host; after the
 * last row the number of stack bytes that the deepest call used (32 bits). */
#include "harness-ports.h"
#include "semi-hosting.h"

extern uint32_t stack_bottom, stack_top;

enum { PAINT = 0x5AC3E187, EXIT_FILES = 98 };

#define READ_ROW(buffer, size) transfer(SYS_READ, rows, buffer, size)
#define WRITE_ROW(buffer, size) transfer(SYS_WRITE, results, buffer, size)

ALWAYS_INLINE uint32_t *stack_pointer(void) {
    uint32_t *sp;
#ifdef __riscv
    __asm__ volatile("mv %0, sp" : "=r"(sp));
#else
    __asm__ volatile("mov %0, sp" : "=r"(sp));
#endif
    return sp;
}

int main(void) {
    int32_t rows = open_file("inputs", 6, OPEN_READ_BINARY);
    int32_t results = open_file("outputs", 7, OPEN_WRITE_BINARY);
    if (rows < 0 || results < 0) exit_with(EXIT_FILES);
    uint32_t *frame = stack_pointer();
    for (volatile uint32_t *word = &stack_bottom; word < frame; word++) *word = PAINT;
    for (int more = 1; more;) {
        for (long call = 0; call < MODEL_CALLS && (more = READ_INPUTS(READ_ROW)); call++) CALL_MODEL(call);
        if (more && !WRITE_OUTPUTS(WRITE_ROW)) exit_with(EXIT_FILES);
    }
    volatile uint32_t *deepest = &stack_bottom;
    while (deepest < frame && *deepest == PAINT) deepest++;
    uint32_t used = (uint32_t)frame - (uint32_t)deepest;
    if (!WRITE_ROW(&used, sizeof used)) exit_with(EXIT_FILES);
    return 0;
}
