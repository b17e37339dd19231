/* The model on the host: input rows from the file of the first argument, output rows to that of the second. */
#include <stdio.h>
#include "harness-ports.h"

static FILE *rows, *results;

static int read_row(void *buffer, size_t size) { return fread(buffer, 1, size, rows) == size; }

static int write_row(const void *buffer, size_t size) { return fwrite(buffer, 1, size, results) == size; }

int main(int argc, char **argv) {
    if (argc != 3 || !(rows = fopen(argv[1], "rb")) || !(results = fopen(argv[2], "wb"))) return 2;
    for (int more = 1; more;) {
        for (long call = 0; call < MODEL_CALLS && (more = READ_INPUTS(read_row)); call++) CALL_MODEL(call);
        if (more && !WRITE_OUTPUTS(write_row)) return 3;
    }
    return fclose(results) ? 3 : 0;
}
