// Animated GIF (Graphics Interchange Format 89a), with a palette for each frame. It works in every browser, which WebP
// does not: some cannot write it.

const COLOURS = 256;
const CODE_BITS = 8;
const MOST_CODES = 4096;
const BLOCK = 255;
const DEPTH = 5; // bits of each channel by which colours are counted

// Writes codes of growing length, the lowest bit first.
class Bits {
  constructor() {
    this.bytes = [];
    this.waiting = 0;
    this.count = 0;
  }

  write(code, length) {
    this.waiting |= code << this.count;
    this.count += length;
    while (this.count >= 8) {
      this.bytes.push(this.waiting & 255);
      this.waiting >>>= 8;
      this.count -= 8;
    }
  }

  end() {
    if (this.count > 0) this.bytes.push(this.waiting & 255);
    return this.bytes;
  }
}

// Lempel, Ziv and Welch's compression, as GIF has it: indexes of colours, at most 256, to bytes.
function compressed(indexes) {
  const [clear, end] = [COLOURS, COLOURS + 1];
  const bits = new Bits();
  const table = new Int16Array(MOST_CODES * COLOURS); // by code and next index; 0 is none
  let [next, length, code] = [end + 1, CODE_BITS + 1, indexes[0]];
  bits.write(clear, length);
  for (let i = 1; i < indexes.length; i++) {
    const place = code * COLOURS + indexes[i];
    if (table[place]) {
      code = table[place];
      continue;
    }
    bits.write(code, length);
    code = indexes[i];
    if (next < MOST_CODES) {
      table[place] = next;
      if (next === 1 << length) length += 1;
      next += 1;
    } else {
      bits.write(clear, length);
      table.fill(0);
      [next, length] = [end + 1, CODE_BITS + 1];
    }
  }
  bits.write(code, length);
  bits.write(end, length);
  return bits.end();
}

const cellOf = (pixels, i) => {
  const shift = 8 - DEPTH;
  return ((pixels[i] >> shift) << (2 * DEPTH)) | ((pixels[i + 1] >> shift) << DEPTH) | (pixels[i + 2] >> shift);
};

// Counts the colours of a picture in cells of 8 levels a side; each has its mean.
function cellsOf(pixels) {
  const sums = new Float64Array(4 << (3 * DEPTH));
  for (let i = 0; i < pixels.length; i += 4) {
    const at = 4 * cellOf(pixels, i);
    sums[at] += 1;
    for (let channel = 0; channel < 3; channel++) sums[at + 1 + channel] += pixels[i + channel];
  }
  const cells = [];
  for (let cell = 0; cell < sums.length / 4; cell++) {
    const [count, ...total] = sums.subarray(4 * cell, 4 * cell + 4);
    if (count) cells.push({ cell, count, mean: total.map((sum) => sum / count) });
  }
  return cells;
}

// How much is lost if all cells of a box get one colour, and along which channel they differ most.
function described(cells) {
  const count = cells.reduce((sum, cell) => sum + cell.count, 0);
  const spreads = [0, 1, 2].map((channel) => {
    const mean = cells.reduce((sum, cell) => sum + cell.count * cell.mean[channel], 0) / count;
    return cells.reduce((sum, cell) => sum + cell.count * (cell.mean[channel] - mean) ** 2, 0);
  });
  const channel = spreads.indexOf(Math.max(...spreads));
  return { cells, channel, loss: cells.length > 1 ? spreads[channel] : 0 };
}

// Halves the box that loses most, at the median of its longest side, until there are 256 (Heckbert 1982).
function boxesOf(cells) {
  const boxes = [described(cells)];
  while (boxes.length < COLOURS) {
    const worst = boxes.reduce((best, box, i) => (box.loss > boxes[best].loss ? i : best), 0);
    const { cells: inside, channel, loss } = boxes[worst];
    if (loss === 0) break;
    inside.sort((a, b) => a.mean[channel] - b.mean[channel]);
    const half = inside.reduce((sum, cell) => sum + cell.count, 0) / 2;
    let [cut, seen] = [1, inside[0].count];
    while (cut < inside.length - 1 && seen < half) seen += inside[cut++].count;
    boxes.splice(worst, 1, described(inside.slice(0, cut)), described(inside.slice(cut)));
  }
  return boxes.map((box) => box.cells);
}

// Returns the palette of a picture, 768 bytes, and the index of each pixel's colour.
function paletted(pixels) {
  const palette = new Uint8Array(3 * COLOURS);
  const indexes = new Uint8Array(pixels.length / 4);
  if (pixels.every((level, i) => i % 4 === 3 || level === pixels[i - (i % 4)])) { // grey: all levels fit in
    palette.forEach((_, i) => (palette[i] = Math.floor(i / 3)));
    indexes.forEach((_, i) => (indexes[i] = pixels[4 * i]));
    return { palette, indexes };
  }
  const box = new Uint8Array(1 << (3 * DEPTH));
  boxesOf(cellsOf(pixels)).forEach((cells, i) => {
    const count = cells.reduce((sum, cell) => sum + cell.count, 0);
    for (let channel = 0; channel < 3; channel++) {
      const total = cells.reduce((sum, cell) => sum + cell.count * cell.mean[channel], 0);
      palette[3 * i + channel] = Math.round(total / count);
    }
    for (const { cell } of cells) box[cell] = i;
  });
  indexes.forEach((_, i) => (indexes[i] = box[cellOf(pixels, 4 * i)]));
  return { palette, indexes };
}

const word = (value) => [value & 255, value >> 8];

// Returns the blocks of one frame, ready to be put in a file.
function gifFrame({ data, width, height }, hundredths) {
  const { palette, indexes } = paletted(data);
  const control = [0x21, 0xf9, 4, 0, ...word(hundredths), 0, 0];
  const image = [0x2c, 0, 0, 0, 0, ...word(width), ...word(height), 0x80 | 7];
  const bytes = Uint8Array.from(compressed(indexes));
  const blocks = [Uint8Array.from([...control, ...image]), palette, Uint8Array.of(CODE_BITS)];
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = bytes.subarray(at, at + BLOCK);
    blocks.push(Uint8Array.of(block.length), block);
  }
  return new Blob([...blocks, Uint8Array.of(0)]);
}

// Returns the file of frames that `gifFrame` made; it plays without an end.
function gifOf(frames, { width, height }) {
  const letters = (text) => [...text].map((letter) => letter.charCodeAt(0));
  const head = [...letters("GIF89a"), ...word(width), ...word(height), 0x70, 0, 0];
  const loop = [0x21, 0xff, 11, ...letters("NETSCAPE2.0"), 3, 1, 0, 0, 0];
  return new Blob([Uint8Array.from([...head, ...loop]), ...frames, Uint8Array.of(0x3b)], { type: "image/gif" });
}
