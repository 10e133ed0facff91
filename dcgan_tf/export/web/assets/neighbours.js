// The training images in this page that are nearest to the picture, by the differences of their pixels.

const NEIGHBOURS = 6;

class RealImages {
  // real: what `real_images` in Python returns; picture: the canvas that they are compared with.
  constructor(real, picture) {
    this.real = real;
    this.picture = picture;
    this.panel = element("real");
    this.panel.hidden = !real;
    this.pending = 0;
    if (!real) return;
    const { count, of, width, height } = real;
    element("real-note").textContent =
      `The nearest of ${grouped(count)} training images, by the mean difference of all pixels at ${width} × ${height}, ` +
      `in levels of 255. It learnt from ${grouped(of)}; the others are not in this page, so this cannot show that ` +
      "none was copied. The command dcgan-tf neighbours compares with all.";
    this.panel.addEventListener("toggle", () => this.update());
  }

  // The pixels of a canvas or an image, as small as those that they are compared with.
  pixels(source, x, y, width, height) {
    const small = document.createElement("canvas");
    Object.assign(small, { width: this.real.width, height: this.real.height });
    const context = small.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    context.drawImage(source, x, y, width, height, 0, 0, small.width, small.height);
    return context.getImageData(0, 0, small.width, small.height);
  }

  async load() {
    const { jpeg, count, columns, width, height } = this.real;
    const grid = new Image();
    grid.src = `data:image/jpeg;base64,${jpeg}`;
    await grid.decode();
    return Array.from({ length: count }, (_, i) =>
      this.pixels(grid, (i % columns) * width, Math.floor(i / columns) * height, width, height),
    );
  }

  // Called whenever the picture has changed; compares in the next frame, if somebody looks.
  async update() {
    if (!this.real || !this.panel.open) return;
    const pending = ++this.pending;
    this.images ??= this.load();
    const images = await this.images;
    await nextFrame();
    const { picture } = this;
    const pixels = this.pixels(picture, 0, 0, picture.width, picture.height);
    if (pending === this.pending) this.show(nearest(pixels, images));
  }

  show(found) {
    const figures = found.map(({ image, difference }) => {
      const canvas = make("canvas", { width: image.width, height: image.height });
      canvas.getContext("2d").putImageData(image, 0, 0);
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", "training image");
      return make("figure", {}, canvas, make("figcaption", { textContent: difference.toFixed(1) }));
    });
    element("real-images").replaceChildren(...figures);
  }
}

// Returns the nearest images, { image, difference } each, the nearest first; differences are means of levels.
function nearest(picture, images) {
  const found = images.map((image) => ({ image, difference: meanDifference(picture.data, image.data) }));
  return found.sort((a, b) => a.difference - b.difference).slice(0, NEIGHBOURS);
}

function meanDifference(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]); // the alpha of both is the same
  return sum / (0.75 * a.length);
}
