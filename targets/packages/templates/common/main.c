/* Runs one inference of $name on its test vector; exit code 0 where the result is right. */
#include "${name}_self_test.h"
#include <stdio.h>

int main(void) {
  int wrong = ${name}_self_test();
  puts(wrong ? "$name: WRONG" : "$name: right");
  return wrong;
}
