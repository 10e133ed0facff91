// The page: two ways of combining samples, and the picture that comes out.

const SECONDS_PER_WALK = 4;
const LONGEST_FRAME = 0.1; // seconds; a page that was asleep goes on where it was
const SAVED_SIDE = 768; // pixels: the picture on the page, on a screen with two to each of its own
const NEEDS = "The network cannot run here; it needs Chrome 97, Firefox 113, Safari 16.4 or a newer browser";
const NAMES = { from: "From", to: "To", a: "a", b: "b", c: "c" };

const element = (id) => document.getElementById(id);

const clamp = (value) => Math.min(1, Math.max(0, value));

function paint(canvas, pixels, { width, height }) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(new ImageData(pixels, width), 0, 0);
}

// As smooth as the page shows it, and as large: small pictures are unhandy elsewhere.
function enlarged(canvas) {
  const factor = Math.max(1, Math.ceil(SAVED_SIDE / Math.max(canvas.width, canvas.height)));
  const large = document.createElement("canvas");
  Object.assign(large, { width: canvas.width * factor, height: canvas.height * factor });
  const context = large.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(canvas, 0, 0, large.width, large.height);
  return large;
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// The mean of the last few pictures: single ones are shorter than the clocks of some browsers resolve.
class Stopwatch {
  constructor(output) {
    this.output = output;
    this.durations = [];
    setInterval(() => this.report(), 500);
  }

  time(work) {
    const start = performance.now();
    const result = work();
    this.durations = [...this.durations.slice(-29), performance.now() - start];
    return result;
  }

  report() {
    if (this.durations.length === 0) return;
    const mean = this.durations.reduce((sum, duration) => sum + duration, 0) / this.durations.length;
    this.output.textContent = `${mean.toFixed(mean < 10 ? 1 : 0)} ms per image`;
  }
}

class Explorer {
  constructor(model, generator) {
    this.model = model;
    this.generator = generator;
    this.stopwatch = new Stopwatch(element("speed"));
    this.mode = "walk";
    this.classNames = model.facts.class_names ?? [];
    this.label = 0;
    this.share = 0;
    this.frame = 0;
    this.playing = false;
    const order = new SampleOrder(model.first_samples?.numbers ?? []);
    const [a, b, c] = [0, 1, 2].map((place) => order.at(place));
    this.uses = { walk: { from: a, to: b }, arithmetic: { a, b, c } };
    this.active = { walk: "from", arithmetic: "a" };
    const draw = (number, canvas) => this.drawSample(number, canvas);
    this.grid = new SampleGrid(element("grid"), order, draw, (number) => this.pick(number));
    this.listen();
    this.drawSlots();
    this.turn(0);
    this.refresh();
    this.draw();
  }

  slots() {
    return Object.values(this.uses).flatMap(Object.entries);
  }

  slotButton(slot) {
    return document.querySelector(`[data-slot=${slot}]`);
  }

  listen() {
    for (const radio of document.getElementsByName("mode")) {
      radio.addEventListener("change", () => this.enter(radio.value));
    }
    for (const [slot] of this.slots()) this.slotButton(slot).addEventListener("click", () => this.activate(slot));
    listClasses(this.classNames, (label) => this.chooseClass(label));
    element("renew").addEventListener("click", () => this.turn(1));
    element("back").addEventListener("click", () => this.turn(-1));
    element("save").addEventListener("click", () => this.save());
    element("play").addEventListener("click", () => this.toggle());
    element("share").addEventListener("input", ({ target }) => this.walkTo(target.value / 100));
    document.addEventListener("keydown", (event) => this.press(event));
    this.listenToDragging(element("picture"));
  }

  listenToDragging(picture) {
    let start = null;
    picture.addEventListener("pointerdown", (event) => {
      if (this.mode !== "walk" || event.button !== 0) return;
      picture.setPointerCapture(event.pointerId);
      start = { x: event.clientX, share: this.share };
    });
    picture.addEventListener("pointermove", (event) => {
      if (start) this.walkTo(start.share + (event.clientX - start.x) / picture.clientWidth);
    });
    for (const end of ["pointerup", "pointercancel"]) picture.addEventListener(end, () => (start = null));
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("select")) return; // there, letters look for a class
    const key = event.key.toLowerCase();
    if (key === "n") element("renew").click();
    if (key === "b") element("back").click(); // while it is out of use, nothing
    if (key === "s") this.save();
    // A button in focus takes the space bar for itself.
    if (key === " " && this.mode === "walk" && !event.target.closest("button, [type=radio]")) {
      event.preventDefault();
      this.toggle();
    }
  }

  // Everything is drawn again: the same latents, of another class.
  chooseClass(label) {
    this.label = label;
    this.drawSlots();
    this.grid.redraw();
    this.draw();
  }

  enter(mode) {
    this.pause();
    this.mode = mode;
    this.refresh();
    this.draw();
  }

  activate(slot) {
    this.active[this.mode] = slot;
    this.refresh();
  }

  pick(number) {
    const slots = Object.keys(this.uses[this.mode]);
    const slot = this.active[this.mode];
    this.pause();
    this.uses[this.mode][slot] = number;
    this.drawSample(number, this.slotButton(slot).firstChild);
    if (this.mode === "walk") this.share = slot === "from" ? 0 : 1;
    this.active[this.mode] = slots[(slots.indexOf(slot) + 1) % slots.length];
    this.refresh();
    this.draw();
  }

  // To the next samples, or back. A button that goes out of use hands its focus on.
  turn(screens) {
    this.grid.turn(screens);
    const atStart = this.grid.screen === 0;
    if (atStart && document.activeElement === element("back")) element("renew").focus();
    element("back").disabled = atStart;
    this.markUses();
  }

  walkTo(share) {
    this.pause();
    this.share = clamp(share);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  // Walks to and fro until it is paused, or once, to its end.
  play({ once = false } = {}) {
    if (this.share === 1) this.share = 0;
    let [before, direction] = [performance.now(), 1];
    const advance = (now) => {
      const seconds = Math.min(LONGEST_FRAME, Math.max(0, now - before) / 1000);
      before = now;
      this.share = clamp(this.share + (direction * seconds) / SECONDS_PER_WALK);
      if (this.share === 0 || this.share === 1) direction = this.share === 0 ? 1 : -1;
      if (once && this.share === 1) this.pause();
      else this.frame = requestAnimationFrame(advance);
      this.draw();
    };
    this.setPlaying(true);
    this.frame = requestAnimationFrame(advance);
  }

  pause() {
    cancelAnimationFrame(this.frame);
    if (this.playing) this.setPlaying(false);
  }

  // Nobody wants every step of a walk read out.
  setPlaying(playing) {
    this.playing = playing;
    element("play").setAttribute("aria-pressed", playing);
    element("caption").setAttribute("aria-live", playing ? "off" : "polite");
  }

  async save() {
    const name = `${this.model.facts.name} ${element("caption").textContent}`.replace(/[^\p{L}\p{N}]+/gu, "-");
    const large = enlarged(element("picture"));
    download(await new Promise((resolve) => large.toBlob(resolve, "image/png")), `${name}.png`);
  }

  latent(number) {
    return sampleLatent(number, this.model);
  }

  generate(z, label = this.label) {
    return this.stopwatch.time(() => this.generator.generate(z, label));
  }

  drawSlots() {
    for (const [slot, number] of this.slots()) this.drawSample(number, this.slotButton(slot).firstChild);
  }

  drawSample(number, canvas) {
    paint(canvas, this.generate(this.latent(number)), this.generator);
  }

  result() {
    const [a, b, c] = Object.values(this.uses[this.mode]).map((number) => this.latent(number));
    return this.mode === "walk" ? pathOf(this.model)(a, b, this.share) : arithmetic(a, b, c, this.model);
  }

  captionOfResult() {
    const [a, b, c] = Object.values(this.uses[this.mode]);
    if (this.mode === "arithmetic") return `samples ${a} − ${b} + ${c}`;
    if (this.share === 0 || a === b) return `sample ${a}`;
    return this.share === 1 ? `sample ${b}` : `${Math.round(100 * this.share)} % from sample ${a} to ${b}`;
  }

  draw() {
    const percent = 100 * this.share;
    element("share").value = percent;
    element("share").setAttribute("aria-valuetext", `${Math.round(percent)} % of the way`);
    this.display(this.result(), this.captionOfResult());
  }

  display(z, contents) {
    const caption = this.classNames.length ? `${contents}, class ${this.classNames[this.label]}` : contents;
    paint(element("picture"), this.generate(z), this.generator);
    element("picture").setAttribute("aria-label", caption);
    element("caption").textContent = caption;
  }

  // Draws any latent, until the next move.
  show(z) {
    this.pause();
    this.display(Float32Array.from(z), "a latent of your own");
  }

  refresh() {
    const active = this.active[this.mode];
    for (const part of document.querySelectorAll("[data-mode]")) part.hidden = part.dataset.mode !== this.mode;
    for (const [slot, number] of this.slots()) {
      const button = this.slotButton(slot);
      button.setAttribute("aria-pressed", slot === active);
      button.setAttribute("aria-label", `${button.textContent}: sample ${number}`);
    }
    const name = document.createElement("strong");
    name.textContent = NAMES[active];
    element("hint").replaceChildren("Choose one for ", name);
    element("picture").classList.toggle("draggable", this.mode === "walk");
    this.markUses();
  }

  markUses() {
    const named = Object.entries(this.uses[this.mode]).map(([slot, number]) => [NAMES[slot], number]);
    this.grid.mark(Object.fromEntries(named));
  }
}

const grouped = (number) => (Number.isInteger(number) ? number.toLocaleString("en") : number);

function listFacts({ facts, layers, latent_dim: length, image_shape: [height, width], first_samples: first }) {
  const sizes = layers.map(({ shape }) => shape.reduce((product, side) => product * side));
  const weights = sizes.reduce((sum, size) => sum + size);
  const classes = facts.class_names?.length;
  const texts = {
    "trained on": facts.num_images ? `${facts.data}, ${grouped(facts.num_images)} images` : facts.data,
    step: grouped(facts.step),
    latent: `${length} numbers, ${facts.latent_distribution}`,
    ...(classes && { classes: grouped(classes) }),
    picture: `${width} × ${height} pixels`,
    weights: `${grouped(weights)} of 8 bits`,
    ...(first && { "shown first": `the most realistic ${first.numbers.length} of ${first.of} samples` }),
  };
  const rows = Object.entries(texts).map(([term, text]) => {
    const row = document.createElement("div");
    for (const [tag, content] of [["dt", term], ["dd", text]]) {
      row.append(Object.assign(document.createElement(tag), { textContent: content }));
    }
    return row;
  });
  element("facts").replaceChildren(...rows);
  element("latent-dim").textContent = length;
}

async function start() {
  try {
    const model = JSON.parse(element("model").textContent);
    const [height, width] = model.image_shape;
    document.documentElement.style.setProperty("--ratio", width / height);
    listFacts(model);
    const explorer = new Explorer(model, await loadGenerator(model));
    Object.assign(window.dcgan, hooks(model, explorer));
    element("message").hidden = true;
    element("explorer").hidden = false;
    if (matchMedia("(prefers-reduced-motion: no-preference)").matches) explorer.play({ once: true });
  } catch (error) {
    element("message").textContent = `${NEEDS}. If this is one, the file is damaged: copy or download it again (${error}).`;
    throw error;
  }
}

// For programs that drive the page; they wait for `ready` first.
function hooks(model, explorer) {
  const latent = (number) => sampleLatent(number, model);
  return {
    generate: (z, label) => explorer.generate(Float32Array.from(z), label),
    show: (z) => explorer.show(z),
    latent,
    between: (from, to, share) => pathOf(model)(latent(from), latent(to), share),
    arithmetic: (a, b, c) => arithmetic(latent(a), latent(b), latent(c), model),
  };
}

window.dcgan = {};
window.dcgan.ready = start();
