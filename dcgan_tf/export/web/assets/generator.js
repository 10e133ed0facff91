// The generator: latents (and classes) in, pictures out. A stride-2 transposed convolution is computed as four small
// ordinary ones, one for each of the 2x2 pixels that grow out of an input pixel, so that nothing is multiplied by the
// zeros between. Maps lie in memory as rows of pixels of channels (padded to a multiple of 8), with a border of zeros.

const LANES = 8;
const PAGE_BYTES = 65536;

const padded = (count) => Math.ceil(count / LANES) * LANES;

async function bytesOf(id) {
  const text = atob(document.getElementById(id).textContent.trim());
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i); // Uint8Array.from takes twenty times as long
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// One bump allocator; the kernel's memory never shrinks, and nothing in it is freed.
class Arena {
  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 1 });
    this.used = PAGE_BYTES / 4; // the first page is left to the compiler's stack
  }

  // Returns the index of the first float; byte addresses are four times as large.
  reserve(floats) {
    const start = this.used;
    this.used += Math.ceil(floats / 4) * 4;
    const missing = this.used * 4 - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE_BYTES));
    return start;
  }

  // Growing replaces the buffer, so that views must not be kept while anything may still be reserved.
  get floats() {
    return new Float32Array(this.memory.buffer);
  }
}

// Reads what write_page wrote: all scales and biases, the weights of the classes, then all int8 kernels. The classes
// are inputs of the first layer, behind the latent.
function readLayers(model, bytes) {
  let at = 0;
  const floats = (count) => new Float32Array(bytes.slice(at, (at += 4 * count)).buffer);
  const layers = model.layers.map(({ shape, relu }) => {
    const outputs = shape[shape.length - 1];
    return { shape, relu, outputs, scales: floats(outputs), bias: floats(outputs) };
  });
  const classWeights = floats(model.num_classes * layers[0].outputs);
  layers.forEach((layer, i) => {
    const count = layer.shape.reduce((product, side) => product * side, 1);
    const levels = new Int8Array(bytes.buffer, at, count);
    layer.weights = dequantized(levels, layer.scales, i === 0 ? classWeights : []);
    at += count;
  });
  layers[0].shape = [layers[0].shape[0] + model.num_classes, layers[0].outputs];
  return layers;
}

// Returns the weights as floats, the outputs running fastest; those that are floats already come last.
function dequantized(levels, scales, floats) {
  const weights = new Float32Array(levels.length + floats.length);
  for (let i = 0; i < levels.length; i++) weights[i] = levels[i] * scales[i % scales.length];
  weights.set(floats, levels.length);
  return weights;
}

// Packs weights as [outputs / 8][inputs][8]; row(i) says where input i's row begins among the layer's weights, and
// column(o) which of the layer's outputs is output o; both return -1 for padding.
function pack(arena, layer, inputs, outputs, row, column) {
  const weights = arena.reserve(inputs * outputs);
  const bias = arena.reserve(outputs);
  const { floats } = arena;
  const starts = Int32Array.from({ length: inputs }, (_, i) => row(i));
  for (let o = 0; o < outputs; o++) {
    const from = column(o);
    if (from < 0) continue;
    floats[bias + o] = layer.bias[from];
    const target = weights + (o - (o % LANES)) * inputs + (o % LANES);
    for (let i = 0; i < inputs; i++) {
      if (starts[i] >= 0) floats[target + i * LANES] = layer.weights[starts[i] + from];
    }
  }
  return { weights, bias };
}

// Which input pixels, relative to q, an output pixel 2q + parity sees.
function taps(kernelSize, parity) {
  const reach = parity + Math.floor((kernelSize - 2) / 2);
  return { first: Math.ceil((reach - kernelSize + 1) / 2), last: Math.floor(reach / 2), reach };
}

function border(kernelSize) {
  return { before: -taps(kernelSize, 0).first, after: taps(kernelSize, 1).last };
}

function makeMap(arena, height, width, channels, { before, after }) {
  const pixel = padded(channels);
  const row = (width + before + after) * pixel;
  const start = arena.reserve((height + before + after) * row);
  return { height, width, pixel, row, origin: start + before * (row + pixel) };
}

// Dense outputs side by side: a vector between dense layers, or the fully connected GAN's picture. Only the last
// block of outputs is padded.
function makeVector(arena, height, width, channels) {
  const start = arena.reserve(padded(height * width * channels));
  return { height, width, pixel: channels, row: width * channels, origin: start };
}

// The kernel's arguments for a dense layer whose outputs [first, first + count) go to `output`, by `column`.
function denseCall(arena, layer, input, output, outputs, column) {
  const inputs = layer.shape[0];
  const packed = pack(arena, layer, inputs, outputs, (i) => i * layer.outputs, column);
  const addresses = [input.origin, packed.weights, packed.bias, output].map((index) => 4 * index);
  return [...addresses, 1, 1, 0, 0, 0, 0, 1, inputs, outputs, Number(layer.relu)];
}

function denseToVector(arena, layer, input, output) {
  const column = (o) => (o < layer.outputs ? o : -1);
  return [denseCall(arena, layer, input, output.origin, padded(layer.outputs), column)];
}

// Row by row, because the map has a border.
function denseToMap(arena, layer, input, map, channels) {
  return Array.from({ length: map.height }, (_, y) => {
    const column = (o) => {
      const channel = o % map.pixel;
      return channel < channels ? (y * map.width + (o - channel) / map.pixel) * channels + channel : -1;
    };
    return denseCall(arena, layer, input, map.origin + y * map.row, map.width * map.pixel, column);
  });
}

// The kernel's arguments for the output pixels of one parity.
function upsampleCall(arena, layer, input, output, parityRow, parityColumn) {
  const [size, , channels] = layer.shape;
  const [rows, columns] = [taps(size, parityRow), taps(size, parityColumn)];
  const height = rows.last - rows.first + 1;
  const length = (columns.last - columns.first + 1) * input.pixel;
  const row = (i) => {
    const channel = i % input.pixel;
    if (channel >= channels) return -1;
    const x = ((i % length) - channel) / input.pixel;
    const kernelRow = rows.reach - 2 * (rows.first + Math.floor(i / length));
    const kernelColumn = columns.reach - 2 * (columns.first + x);
    return ((kernelRow * size + kernelColumn) * channels + channel) * layer.outputs;
  };
  const outputs = padded(layer.outputs);
  const packed = pack(arena, layer, height * length, outputs, row, (o) => (o < layer.outputs ? o : -1));
  const from = input.origin + rows.first * input.row + columns.first * input.pixel;
  const to = output.origin + parityRow * output.row + parityColumn * output.pixel;
  const addresses = [from, packed.weights, packed.bias, to].map((index) => 4 * index);
  const strides = [input.row, input.pixel, 2 * output.row, 2 * output.pixel];
  return [...addresses, input.height, input.width, ...strides, height, length, outputs, Number(layer.relu)];
}

const PARITIES = [[0, 0], [0, 1], [1, 0], [1, 1]];

// Lays every layer out in memory. Returns where the input lies and, for each layer, the kernel's calls and the map or
// vector that they write; the last one is the picture.
function plan(arena, model, layers) {
  const dense = layers.filter(({ shape }) => shape.length === 2);
  const upsamples = layers.filter(({ shape }) => shape.length === 4);
  const noBorder = { before: 0, after: 0 };
  const borderOf = (layer) => (layer ? border(layer.shape[0]) : noBorder);
  const [height, width, channels] = model.first_map;
  const input = makeVector(arena, 1, 1, dense[0].shape[0]); // the latent; behind it, if there are classes, a 1 for one
  const stages = [];
  for (const layer of dense.slice(0, -1)) {
    const from = stages.at(-1)?.map ?? input;
    const map = makeVector(arena, 1, 1, layer.outputs);
    stages.push({ calls: denseToVector(arena, layer, from, map), map });
  }
  const projection = dense[dense.length - 1];
  const from = stages.at(-1)?.map ?? input;
  if (upsamples.length === 0) {
    const map = makeVector(arena, height, width, channels);
    return { input, stages: [...stages, { calls: denseToVector(arena, projection, from, map), map }] };
  }
  const first = makeMap(arena, height, width, channels, borderOf(upsamples[0]));
  stages.push({ calls: denseToMap(arena, projection, from, first, channels), map: first });
  upsamples.forEach((layer, i) => {
    const before = stages.at(-1).map;
    const map = makeMap(arena, 2 * before.height, 2 * before.width, layer.outputs, borderOf(upsamples[i + 1]));
    const calls = PARITIES.map(([row, column]) => upsampleCall(arena, layer, before, map, row, column));
    stages.push({ calls, map });
  });
  return { input, stages };
}

// Sets feature maps to 0 at every position, so that the layers above draw without them.
function drop(floats, { origin, height, width, row, pixel }, maps) {
  for (let y = 0; y < height; y++) {
    for (let x = 0, i = origin + y * row; x < width; x++, i += pixel) for (const map of maps) floats[i + map] = 0;
  }
}

// tanh and the levels 0 to 255; the clamped array rounds. A grey picture has its only channel three times.
function toPixels(floats, { origin, height, width, row, pixel }, channels) {
  const pixels = new Uint8ClampedArray(4 * height * width).fill(255);
  const [green, blue] = channels === 1 ? [0, 0] : [1, 2];
  const level = (value) => (Math.tanh(value) + 1) * 127.5;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0, i = origin + y * row; x < width; x++, at += 4, i += pixel) {
      pixels[at] = level(floats[i]);
      pixels[at + 1] = green ? level(floats[i + green]) : pixels[at];
      pixels[at + 2] = blue ? level(floats[i + blue]) : pixels[at];
    }
  }
  return pixels;
}

// Returns { height, width, generate }; generate(z: Float32Array, label, dropped) returns the picture's RGBA, a
// Uint8ClampedArray. The label is the number of a class; a generator without classes takes none. The feature maps in
// `dropped`, a list of { layer, maps }, are set to 0 behind their ReLU.
async function loadGenerator(model) {
  const [kernel, weights] = await Promise.all([bytesOf("kernel"), bytesOf("weights")]);
  const arena = new Arena();
  const layers = readLayers(model, weights);
  const { input, stages } = plan(arena, model, layers);
  const picture = stages.at(-1).map;
  const { instance } = await WebAssembly.instantiate(kernel, { env: { memory: arena.memory } });
  const { convolve } = instance.exports;
  const { floats } = arena;
  const channels = model.image_shape[2];
  const latentDim = model.latent_dim;
  const classes = model.num_classes;
  const generate = (z, label = 0, dropped = []) => {
    if (z.length !== latentDim) throw new RangeError(`expected ${latentDim} numbers, received ${z.length}`);
    if (classes && !(label >= 0 && label < classes)) throw new RangeError(`there is no class ${label}`);
    floats.set(z, input.origin);
    for (let i = 0; i < classes; i++) floats[input.origin + latentDim + i] = Number(i === label);
    stages.forEach(({ calls, map }, layer) => {
      for (const call of calls) convolve(...call);
      for (const one of dropped) if (one.layer === layer) drop(floats, map, one.maps);
    });
    return toPixels(floats, picture, channels);
  };
  return { height: picture.height, width: picture.width, generate };
}
