/* Classes of Thumb instructions (Armv6-M to Armv8.1-M), by the encodings of the architecture reference manuals.
 *
 * The names of the classes stand in targets/simulators/classes.py, in this order. */
#include <stddef.h>
#include <stdint.h>

enum instruction_class {
    OTHER,
    LOAD,          /* of one word or less, or the first of several */
    LOAD_NEXT,     /* one of one word right behind another */
    STORE,
    MORE_WORDS,    /* words that LDM, LDRD, PUSH, .. move beside the first: no instructions */
    BRANCH,
    TAKEN,         /* branches that were taken: no instructions either */
    MULTIPLY,
    MULTIPLY_ADD,
    MULTIPLY_LONG,
    DIVIDE,
    VECTOR,        /* arithmetic of the FPU or of MVE */
    VECTOR_MEMORY,
    VECTOR_NEXT,   /* vector arithmetic right behind a vector load or store, or the other way round */
    LOOP_END,      /* LE, LETP */
    FETCH_MISS,    /* lines of flash */
    DATA_MISS,
    CLASSES
};

typedef struct {
    enum instruction_class class;
    uint32_t more_words;
    int branches, loads;
} thumb_t;

static thumb_t of_class(enum instruction_class class) {
    return (thumb_t){class, 0, class == BRANCH || class == LOOP_END, class == LOAD};
}

static thumb_t several(int load, uint32_t registers, uint32_t pc) {
    thumb_t found = of_class(load ? LOAD : STORE);
    uint32_t words = __builtin_popcount(registers);
    found.more_words = words ? words - 1 : 0;
    found.branches = load && (registers & pc);
    return found;
}

static thumb_t narrow(uint32_t op) {
    if ((op & 0xFFC0) == 0x4340) return of_class(MULTIPLY);
    if ((op & 0xFF00) == 0x4700) return of_class(BRANCH);
    if ((op & 0xFD87) == 0x4487) return of_class(BRANCH); /* ADD and MOV to PC */
    if ((op & 0xF800) == 0x4800) return of_class(LOAD);
    if ((op & 0xF000) == 0x5000) return of_class((op >> 9 & 7) < 3 ? STORE : LOAD);
    if ((op & 0xE000) == 0x6000 || (op & 0xE000) == 0x8000) return of_class(op & 0x800 ? LOAD : STORE);
    if ((op & 0xFE00) == 0xB400) return several(0, op & 0x1FF, 0);
    if ((op & 0xFE00) == 0xBC00) return several(1, op & 0x1FF, 0x100);
    if ((op & 0xF500) == 0xB100) return of_class(BRANCH);
    if ((op & 0xF000) == 0xC000) return several(op >> 11 & 1, op & 0xFF, 0);
    if ((op & 0xF000) == 0xD000) return of_class((op >> 8 & 15) < 14 ? BRANCH : OTHER);
    return of_class((op & 0xF800) == 0xE000 ? BRANCH : OTHER);
}

static thumb_t multiple_or_dual(uint32_t first, uint32_t second) {
    int load = first >> 4 & 1;
    if (!(first & 0x40)) return several(load, second, 0x8000);
    thumb_t found = of_class(load ? LOAD : STORE);
    if ((first & 0xFFF0) == 0xE8D0 && (second & 0xFFE0) == 0xF000) found.branches = 1; /* TBB, TBH */
    else found.more_words = (first & 0x120) != 0; /* LDRD and STRD, not LDREX and its like */
    return found;
}

static thumb_t branch_or_misc(uint32_t first, uint32_t second) {
    if ((second & 0xD000) == 0x8000) return of_class((first >> 6 & 15) < 14 ? BRANCH : OTHER);
    if ((second & 0x9000) == 0x9000) return of_class(BRANCH);
    if ((second & 0xD000) == 0xC000) return of_class((first & 0xFFC0) == 0xF000 ? LOOP_END : OTHER);
    return of_class(OTHER);
}

static thumb_t wide(uint32_t first, uint32_t second) {
    if (first >> 9 == 0x74) return multiple_or_dual(first, second);
    if ((first & 0xEE00) == 0xEC00) {
        thumb_t found = of_class(VECTOR_MEMORY);
        found.loads = first >> 4 & 1;
        return found;
    }
    if ((first & 0xEE00) == 0xEE00) return of_class(VECTOR);
    if (first >> 11 == 0x1E) return second & 0x8000 ? branch_or_misc(first, second) : of_class(OTHER);
    if ((first & 0xFE00) == 0xF800) {
        thumb_t found = of_class(first >> 4 & 1 ? LOAD : STORE);
        found.branches = (first & 0x70) == 0x50 && second >> 12 == 15;
        return found;
    }
    if ((first & 0xFF80) == 0xFB00) return of_class(second >> 12 == 15 ? MULTIPLY : MULTIPLY_ADD);
    if ((first & 0xFFD0) == 0xFB90) return of_class(DIVIDE);
    if ((first & 0xFF80) == 0xFB80) return of_class(MULTIPLY_LONG);
    return of_class(OTHER);
}

static thumb_t classify_thumb(const void *bytes, size_t size) {
    const uint8_t *code = bytes;
    uint32_t first = code[0] | code[1] << 8;
    return size == 2 ? narrow(first) : wide(first, code[2] | code[3] << 8);
}

/* The class of an instruction right behind one of another class; LDR goes on where LDR was, LDRD does not. */
static enum instruction_class follows(enum instruction_class last, enum instruction_class class) {
    if (class == LOAD && (last == LOAD || last == LOAD_NEXT)) return LOAD_NEXT;
    if ((class == VECTOR && last == VECTOR_MEMORY) || (class == VECTOR_MEMORY && last == VECTOR)) return VECTOR_NEXT;
    return class;
}
