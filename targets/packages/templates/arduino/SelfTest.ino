// Runs one inference of $name on its test vector and says whether the result is right, and how long it took.
#include <${name}_self_test.h>

void setup() {
  Serial.begin(115200);
  while (!Serial) {
  }
  unsigned long before = micros();
  int wrong = ${name}_self_test();
  unsigned long took = micros() - before;
  Serial.print(wrong ? "$name: WRONG, " : "$name: right, ");
  Serial.print(took);
  Serial.println(" us");
}

void loop() {}
