/* Firmware under simavr: it calls the model for ever. The simulator writes the input buffers when the call begins and
 * reads the output buffers when it returns (simavr_runner.c), so nothing but the buffers stands beside the model. */
#include "harness-ports.h"

int main(void) {
    for (long call = 0;; call = call + 1 < MODEL_CALLS ? call + 1 : 0) CALL_MODEL(call);
}
