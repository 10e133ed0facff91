// The page: two ways of combining samples, what is changed of the picture that comes out, and how all of it is drawn.

const SECONDS_PER_WALK = 4;
const LONGEST_FRAME = 0.1; // seconds; a page that was asleep goes on where it was
const NAMES = { from: "From", to: "To", a: "a", b: "b", c: "c" };

class Explorer {
  constructor(model, generator) {
    this.model = model;
    this.generator = generator;
    this.stopwatch = new Stopwatch(element("speed"));
    this.classNames = model.facts.class_names ?? [];
    this.order = new SampleOrder(model.first_samples?.numbers ?? []);
    this.first = firstState(this.order);
    this.state = this.read(location.hash);
    this.three = severalIn(this.state.slots);
    this.active = { walk: "from", arithmetic: "a" };
    this.frame = 0;
    this.playing = false;
    this.steps = new Steps(this.address(), this.state);
    this.controls = new Controls(
      { directions: model.directions ?? [], forgettable: model.forgettable ?? [] },
      {
        slide: (name, far) => this.slide(name, far),
        forget: (name, forgotten) => this.forget(name, forgotten),
        done: () => this.record(),
      },
    );
    const draw = (number, canvas) => this.drawSample(number, canvas);
    this.real = new RealImages(model.real_images, element("picture"));
    this.grid = new SampleGrid(element("grid"), this.order, draw, (number) => this.pick(number));
    listen(this);
    this.turn(0);
    this.showState();
    this.offer();
  }

  // The state and its address

  read(address) {
    return stateOf(address, this.first, {
      classNames: this.classNames,
      sliderNames: (this.model.directions ?? []).map(({ name }) => name),
      forgettable: (this.model.forgettable ?? []).map(({ name }) => name),
    });
  }

  address() {
    return addressOf(this.state, { classNames: this.classNames });
  }

  // Called after whatever somebody did: it can be undone, and the link leads here.
  record() {
    this.steps.record(this.address(), this.state);
    this.link();
  }

  // Returns whether the page has an address that it may change; in a frame of some others it has none.
  link() {
    this.offer();
    try {
      history.replaceState(null, "", `#${this.address()}`);
      return true;
    } catch {
      return false;
    }
  }

  // A button that can do nothing says so, and keeps the focus.
  offer() {
    element("undo").setAttribute("aria-disabled", this.steps.past.length === 0);
    element("redo").setAttribute("aria-disabled", this.steps.future.length === 0);
    element("reset").setAttribute("aria-disabled", !this.isChanged());
  }

  isChanged() {
    const { sliders, forgotten, truncation } = this.state;
    return Object.values(sliders).some(Boolean) || forgotten.length > 0 || truncation < 1;
  }

  // To where undo or redo leads; they lead nowhere (null) while their buttons are out of use.
  step(state) {
    if (state !== null) this.goTo(state);
  }

  goTo(state) {
    this.pause();
    this.state = state;
    this.three = severalIn(this.state.slots);
    this.showState();
    this.link();
  }

  showState() {
    this.redraw();
    this.refresh();
  }

  slots() {
    return Object.entries(this.state.slots);
  }

  classNameOf({ label }) {
    return this.classNames.length ? this.classNames[label] : null;
  }

  slotButton(slot) {
    return document.querySelector(`[data-slot=${slot}]`);
  }

  // What somebody does

  // The address was changed by hand, or by a link.
  follow(address) {
    if (address === `#${this.address()}`) return;
    this.goTo(this.read(address));
    this.record();
  }

  chooseClass(label) {
    this.state.label = label;
    this.redraw();
    this.record();
  }

  enter(mode) {
    this.pause();
    this.state.mode = mode;
    this.refresh();
    this.draw();
    this.record();
  }

  activate(slot) {
    this.active[this.state.mode] = slot;
    this.refresh();
  }

  pick(number) {
    const { mode, slots } = this.state;
    const slot = this.active[mode];
    const most = mode === "arithmetic" && this.three ? EXEMPLARS : 1;
    this.pause();
    slots[slot] = chosen(slots[slot], number, most);
    this.drawSlot(slot);
    if (mode === "walk") this.state.share = slot === "from" ? 0 : 1;
    const names = SLOTS[mode];
    if (slots[slot].length === most) this.active[mode] = names[(names.indexOf(slot) + 1) % names.length];
    this.refresh();
    this.draw();
    this.record();
  }

  takeThree(three) {
    this.three = three;
    this.state.slots = withExemplars(this.state.slots, SLOTS.arithmetic, three, this.order);
    this.active.arithmetic = "a";
    this.showState();
    this.record();
  }

  slide(name, far) {
    this.state.sliders[name] = far;
    this.pause();
    this.frame = requestAnimationFrame(() => this.draw());
  }

  forget(name, forgotten) {
    const others = this.state.forgotten.filter((other) => other !== name);
    this.state.forgotten = forgotten ? [...others, name] : others;
    this.redraw();
  }

  truncate(share) {
    this.state.truncation = share;
    this.redraw();
  }

  reset() {
    if (!this.isChanged()) return;
    const { sliders, forgotten, truncation } = this.read("");
    Object.assign(this.state, { sliders, forgotten, truncation });
    this.redraw();
    this.record();
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
    this.state.share = clamp(share);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  toggle() {
    if (!this.playing) this.play();
    else {
      this.pause();
      this.record();
    }
  }

  // Walks to and fro until it is paused, or once, to its end.
  play({ once = false } = {}) {
    const { state } = this;
    if (state.share === 1) state.share = 0;
    let [before, direction] = [performance.now(), 1];
    const advance = (now) => {
      const seconds = Math.min(LONGEST_FRAME, Math.max(0, now - before) / 1000);
      before = now;
      state.share = clamp(state.share + (direction * seconds) / SECONDS_PER_WALK);
      if (state.share === 0 || state.share === 1) direction = state.share === 0 ? 1 : -1;
      if (once && state.share === 1) {
        this.pause();
        this.steps.amend(this.address(), this.state);
      } else this.frame = requestAnimationFrame(advance);
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

  save() {
    return savePicture(element("picture"), fileName(this.model.facts.name, element("caption").textContent));
  }

  async saveWalk() {
    const [from, to] = SLOTS.walk.map((slot) => this.state.slots[slot][0]);
    const state = structuredClone(this.state);
    const drawAt = (share, canvas) => {
      const z = this.finished(this.walk({ ...state, share }), state);
      paint(canvas, this.generate(z, state.label, this.dropped(state)), this.generator);
    };
    this.say("The GIF is being made …");
    await saveWalk(drawAt, fileName(this.model.facts.name, "from sample", from, "to", to));
    this.say("The GIF is saved.");
  }

  async copyLink() {
    if (!this.link()) {
      const behind = "Here the page has no address of its own. Write this behind the address of its file";
      this.say(`${behind}: #${this.address()}`);
      return;
    }
    try {
      await navigator.clipboard.writeText(location.href);
      this.say("The link is copied. Whoever has this page sees the same picture with it.");
    } catch {
      this.say("This browser does not let a page copy: the link stands in the address bar.");
    }
  }

  say(sentence) {
    element("said").textContent = sentence;
  }

  // Drawing

  latent(number) {
    return sampleLatent(number, this.model);
  }

  used(state = this.state) {
    return this.controls.used(state, this.classNameOf(state));
  }

  dropped(state = this.state) {
    return this.controls.dropped(state, this.classNameOf(state));
  }

  generate(z, label = this.state.label, dropped = this.dropped()) {
    return this.stopwatch.time(() => this.generator.generate(z, label, dropped));
  }

  // Everything is drawn again: the same latents, of another class, without an object, or truncated.
  redraw() {
    for (const [slot] of this.slots()) this.drawSlot(slot);
    this.grid.redraw();
    this.draw();
  }

  drawSlot(slot) {
    const latents = this.state.slots[slot].map((number) => this.latent(number));
    const z = latents.length === 1 ? latents[0] : withTypicalNorm(meanLatent(latents), this.model);
    this.drawLatent(z, this.slotButton(slot).firstChild);
  }

  drawSample(number, canvas) {
    this.drawLatent(this.latent(number), canvas);
  }

  drawLatent(z, canvas) {
    paint(canvas, this.generate(truncated(z, this.state.truncation)), this.generator);
  }

  walk({ slots, share }) {
    return pathOf(this.model)(this.latent(slots.from[0]), this.latent(slots.to[0]), share);
  }

  calculated({ slots }) {
    const means = SLOTS.arithmetic.map((slot) => meanLatent(slots[slot].map((number) => this.latent(number))));
    return arithmetic(...means, this.model);
  }

  finished(z, state = this.state) {
    return truncated(moved(z, this.used(state)), state.truncation);
  }

  // The latent of the large picture.
  shownLatent() {
    const { state } = this;
    return this.finished(state.mode === "walk" ? this.walk(state) : this.calculated(state));
  }

  draw() {
    const walked = 100 * this.state.share;
    element("share").value = walked;
    element("share").setAttribute("aria-valuetext", `${Math.round(walked)} % of the way`);
    element("class").selectedIndex = this.state.label;
    element("truncation").value = this.state.truncation;
    element("truncation-shown").textContent = this.state.truncation.toFixed(2);
    this.controls.show(this.state, this.classNameOf(this.state));
    this.display(this.shownLatent(), captionOf(this.state, this.used(), this.dropped()));
  }

  display(z, contents) {
    const className = this.classNameOf(this.state);
    const caption = className === null ? contents : `${contents}, class ${className}`;
    paint(element("picture"), this.generate(z), this.generator);
    element("picture").setAttribute("aria-label", caption);
    element("caption").textContent = caption;
    this.real.update();
  }

  // Draws any latent, until the next move.
  show(z) {
    this.pause();
    this.display(Float32Array.from(z), "a latent of your own");
  }

  refresh() {
    const { mode, slots } = this.state;
    const active = this.active[mode];
    for (const part of document.querySelectorAll("[data-mode]")) part.hidden = part.dataset.mode !== mode;
    for (const radio of document.getElementsByName("mode")) radio.checked = radio.value === mode;
    for (const [slot, numbers] of this.slots()) {
      const button = this.slotButton(slot);
      button.setAttribute("aria-pressed", slot === active);
      button.setAttribute("aria-label", `${button.textContent}: sample ${textOf(numbers)}`);
    }
    const three = mode === "arithmetic" && this.three;
    element("three").checked = this.three;
    const full = slots[active].length === EXEMPLARS;
    element("hint").replaceChildren(
      three ? `Choose three (${full ? 0 : slots[active].length} so far) for ` : "Choose one for ",
      make("strong", { textContent: NAMES[active] }),
    );
    element("picture").classList.toggle("draggable", mode === "walk");
    this.markUses();
  }

  markUses() {
    const { mode, slots } = this.state;
    this.grid.mark(Object.fromEntries(SLOTS[mode].map((slot) => [NAMES[slot], slots[slot]])));
  }
}
