/* Words in what a microphone hears, from buffers of 64 samples of 16 bits at 8 kHz.

   While one half of the buffer is filled, the other one is looked at: words_step computes what is new in it. On a board
   the interrupt of the microphone's DMA fills the halves; here `hear` takes samples from the standard input. */
#include "words.h"

#include <stdint.h>
#include <stdio.h>

enum { BLOCK = WORDS_SOUND_ROW_SIZE, SURE = 8 /* blocks, 64 ms */, LATER = WORDS_SOUND_ROWS };

static const char *const names[WORDS_SCORES_SIZE] = {"nothing", "up", "down", "twice"};
static const int step = (int)(32768 * WORDS_SOUND_SCALE + 0.5); /* of the network's numbers, in those of the microphone */
static int16_t heard[2][BLOCK];

/* Fill a half; 0 where there are no more samples. */
static int hear(int16_t *half) {
  for (int i = 0; i < BLOCK; i++) {
    const int low = getchar(), high = getchar();
    if (high == EOF) return 0;
    half[i] = (int16_t)(uint16_t)((uint16_t)low | (uint16_t)((uint16_t)high << 8));
  }
  return 1;
}

static int8_t scaled(int sample) {
  const int number = (sample + (sample < 0 ? -step : step) / 2) / step;
  return (int8_t)(number < -128 ? -128 : number > 127 ? 127 : number);
}

int main(void) {
  int8_t block[BLOCK], scores[WORDS_SCORES_SIZE];
  int best = 0, same = 0, rest = 0;
  words_reset();
  for (int half = 0; hear(heard[half]); half = 1 - half) {
    for (int i = 0; i < BLOCK; i++) block[i] = scaled(heard[half][i]);
    if (!words_step(block, scores)) continue; /* the window is not full yet */
    int now = 0;
    for (int i = 1; i < WORDS_SCORES_SIZE; i++)
      if (scores[i] > scores[now]) now = i;
    same = now == best ? same + 1 : 0;
    best = now;
    rest -= rest > 0;
    if (same < SURE || best == 0 || rest > 0) continue;
    printf("%s\n", names[best]);
    rest = LATER; /* the same word is in the window for as long */
  }
  return 0;
}
