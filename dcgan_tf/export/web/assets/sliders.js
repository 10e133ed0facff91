// The sliders of attributes, the switches that forget an object, and the numbers that were measured of both.

// The others are behind one more click.
const shownSliders = () => (matchMedia("(min-width: 56rem)").matches ? 6 : 3);

const percent = (share) => `${Math.round(100 * share)} %`;
const signed = (value) => (value > 0 ? `+${value.toFixed(2)}` : value.toFixed(2).replace("-", "−"));

function make(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function noteOfDirection({ kept, kept_by_chance: chance }) {
  if (kept === null) return "";
  const keeps = `keeps ${percent(kept)} of the rest`;
  if (chance === null) return keeps;
  return `${keeps} (random: ${percent(chance)})` + (kept < chance ? ": changes other things, too" : "");
}

function noteOfForgetting({ left, left_by_chance: chance, changed, realistic }) {
  const rest = `changes the rest in up to ${percent(changed)}, ${percent(realistic)} still look real`;
  return `left in ${percent(left)} (random: ${percent(chance)}), ${rest}`;
}

// What was found in one class is offered in that class only.
const isOffered = ({ shown_class: found }, className) => found === null || found === className;

class Controls {
  // changed(state's part) is called while somebody moves something, done() when it is let go.
  constructor({ directions, forgettable }, { slide, forget, done }) {
    this.directions = directions;
    this.forgettable = forgettable;
    this.sliders = directions.map((direction, i) => this.makeSlider(direction, i, slide, done));
    this.switches = forgettable.map((maps, i) => this.makeSwitch(maps, i, forget, done));
  }

  makeSlider(direction, i, slide, done) {
    const input = make("input", { type: "range", id: `slider-${i}`, min: -1, max: 1, step: 0.05, value: 0 });
    const output = make("output", { htmlFor: input.id });
    const note = make("small", { id: `slider-note-${i}`, textContent: noteOfDirection(direction) });
    input.setAttribute("aria-describedby", note.id);
    input.addEventListener("input", () => slide(direction.name, Number(input.value)));
    input.addEventListener("change", done);
    const label = make("label", { htmlFor: input.id, textContent: direction.name });
    const row = make("div", { className: "slider" }, label, output, input, note);
    return { direction, input, output, row };
  }

  makeSwitch(maps, i, forget, done) {
    const input = make("input", { type: "checkbox", id: `switch-${i}` });
    input.setAttribute("role", "switch");
    const note = make("small", { id: `switch-note-${i}`, textContent: noteOfForgetting(maps) });
    input.setAttribute("aria-describedby", note.id);
    input.addEventListener("change", () => {
      forget(maps.name, input.checked);
      done();
    });
    const row = make("div", { className: "switch" }, make("label", {}, input, `Forget ${maps.name}`), note);
    return { maps, input, row };
  }

  show({ sliders, forgotten }, className) {
    if (className !== this.offeredIn) this.offer(className);
    for (const { direction, input, output } of this.sliders) {
      const far = sliders[direction.name];
      input.value = far;
      output.textContent = signed(far);
    }
    for (const { maps, input } of this.switches) input.checked = forgotten.includes(maps.name);
  }

  // Puts what is offered in a class on the page. A row that is moved loses the focus: only when the class changes.
  offer(className) {
    this.offeredIn = className;
    const sliders = this.sliders.filter(({ direction }) => isOffered(direction, className));
    const switches = this.switches.filter(({ maps }) => isOffered(maps, className));
    const rows = sliders.map(({ row }) => row);
    element("sliders").replaceChildren(...rows.slice(0, shownSliders()));
    element("other-sliders").replaceChildren(...rows.slice(shownSliders()));
    element("all-sliders").hidden = rows.length <= shownSliders();
    element("switches").replaceChildren(...switches.map(({ row }) => row));
    for (const part of document.querySelectorAll("[data-sliders]")) part.hidden = sliders.length === 0;
    for (const part of document.querySelectorAll("[data-switches]")) part.hidden = switches.length === 0;
    element("kept").hidden = sliders.every(({ direction }) => direction.kept === null);
  }

  // The directions that are used, and how far.
  used({ sliders }, className) {
    const used = this.directions.filter((one) => sliders[one.name] && isOffered(one, className));
    return used.map((direction) => ({ ...direction, far: sliders[direction.name] }));
  }

  // The feature maps to leave out, as the generator takes them.
  dropped({ forgotten }, className) {
    return this.forgettable.filter((one) => forgotten.includes(one.name) && isOffered(one, className));
  }
}
