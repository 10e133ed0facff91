/* The generator's one loop that takes time: a convolution in WebAssembly SIMD, 4 positions x 8 outputs at once.

   It needs no relaxed SIMD and no threads, so that it runs in every browser that has WebAssembly SIMD, and no
   memory of its own: everything lies where the caller put it. scripts/build_web_kernel.sh compiles it. */

#include <wasm_simd128.h>

enum { POSITIONS = 4, OUTPUTS = 8 };

typedef struct {
    int rows, length, stride; /* of the taps: `rows` runs of `length` floats, `stride` floats apart */
} Window;

/* Adds up `positions` windows, weighted for 8 outputs: sums[2 * p] has outputs 0 to 3, sums[2 * p + 1] the rest. */
static inline __attribute__((always_inline)) void weigh(
    v128_t *sums, const float *const *inputs, int positions, const float *weights, Window window)
{
    for (int row = 0; row < window.rows; row++) {
        for (int i = row * window.stride, end = i + window.length; i < end; i++, weights += OUTPUTS) {
            const v128_t low = wasm_v128_load(weights), high = wasm_v128_load(weights + 4);
            for (int p = 0; p < positions; p++) {
                const v128_t value = wasm_v128_load32_splat(inputs[p] + i);
                sums[2 * p] = wasm_f32x4_add(sums[2 * p], wasm_f32x4_mul(value, low));
                sums[2 * p + 1] = wasm_f32x4_add(sums[2 * p + 1], wasm_f32x4_mul(value, high));
            }
        }
    }
}

static inline __attribute__((always_inline)) void block(
    float *const *targets, const float *const *inputs, int positions, const float *weights, const float *bias,
    Window window, int relu)
{
    v128_t sums[2 * POSITIONS];
    for (int i = 0; i < 2 * positions; i++)
        sums[i] = wasm_v128_load(bias + i % 2 * 4);
    weigh(sums, inputs, positions, weights, window);
    for (int i = 0; i < 2 * positions; i++) {
        const v128_t zero = wasm_f32x4_splat(0);
        wasm_v128_store(targets[i / 2] + i % 2 * 4, relu ? wasm_f32x4_pmax(zero, sums[i]) : sums[i]);
    }
}

/* Convolve at every position of a map of rows x columns. Strides and lengths count floats.

   input          of the first position's window; a window's rows are input_row apart
   weights        [outputs / 8][tap_rows][tap_length][8]
   bias           [outputs]; outputs is a multiple of 8
   output         of the first position
   tap_length     floats in a row of a window: taps x channels, which lie side by side */
__attribute__((export_name("convolve"))) void convolve(
    const float *input, const float *weights, const float *bias, float *output, int rows, int columns,
    int input_row, int input_pixel, int output_row, int output_pixel, int tap_rows, int tap_length, int outputs,
    int relu)
{
    const Window window = {tap_rows, tap_length, input_row};
    const int last = rows * columns - 1;
    for (int o = 0; o < outputs; o += OUTPUTS, weights += OUTPUTS * tap_rows * tap_length) {
        for (int first = 0; first <= last; first += POSITIONS) {
            const float *inputs[POSITIONS];
            float *targets[POSITIONS];
            for (int p = 0; p < POSITIONS; p++) {
                const int position = first + p < last ? first + p : last;
                const int row = position / columns, column = position % columns;
                inputs[p] = input + row * input_row + column * input_pixel;
                targets[p] = output + o + row * output_row + column * output_pixel;
            }
            if (last == 0) /* a dense layer: the other three would be the same */
                block(targets, inputs, 1, weights, bias + o, window, relu);
            else
                block(targets, inputs, POSITIONS, weights, bias + o, window, relu);
        }
    }
}
