// The grid of samples: drawn a few per frame, so that the page never hangs, and walked through with arrow keys.

// The order in which samples are shown: the numbers in `first`, then all others by size.
class SampleOrder {
  constructor(first) {
    this.first = first;
    this.taken = [...first].sort((a, b) => a - b);
  }

  // Returns the number of the sample at a place, counted from 0.
  at(place) {
    if (place < this.first.length) return this.first[place];
    let number = place - this.first.length + 1;
    for (const taken of this.taken) if (taken <= number) number += 1;
    return number;
  }
}

const SAMPLES = 24;
const MILLISECONDS_PER_FRAME = 8;

const nextFrame = () => new Promise(requestAnimationFrame);

class SampleGrid {
  // draw(number, canvas) paints a sample; pick(number) is called when somebody chooses one.
  constructor(element, order, draw, pick) {
    this.element = element;
    this.order = order;
    this.draw = draw;
    this.screen = 0;
    this.drawings = 0;
    this.buttons = Array.from({ length: SAMPLES }, (_, i) => this.makeButton(i, pick));
    element.replaceChildren(...this.buttons);
    element.addEventListener("keydown", (event) => this.move(event));
  }

  makeButton(i, pick) {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = i === 0 ? 0 : -1;
    button.append(document.createElement("canvas"));
    button.addEventListener("click", () => pick(this.number(i)));
    button.addEventListener("focus", () => this.makeReachable(button));
    return button;
  }

  number(i) {
    return this.order.at(this.screen * SAMPLES + i);
  }

  // Shows so many screens further on, or back.
  turn(screens) {
    this.screen = Math.max(0, this.screen + screens);
    this.buttons.forEach((button) => button.classList.add("waiting"));
    this.redraw();
  }

  // Draws the samples. A later call overtakes one that is not done yet.
  async redraw() {
    const drawing = ++this.drawings;
    const numbers = this.buttons.map((_, i) => this.number(i));
    this.element.setAttribute("aria-busy", "true");
    let pause = 0;
    for (const [i, button] of this.buttons.entries()) {
      if (performance.now() > pause) {
        await nextFrame();
        pause = performance.now() + MILLISECONDS_PER_FRAME;
      }
      if (drawing !== this.drawings) return;
      this.draw(numbers[i], button.firstChild);
      button.classList.remove("waiting");
    }
    this.element.setAttribute("aria-busy", "false");
  }

  // Marks the samples in use; uses maps a slot's name to the samples' numbers.
  mark(uses) {
    this.buttons.forEach((button, i) => {
      const number = this.number(i);
      const names = Object.keys(uses).filter((name) => uses[name].includes(number));
      button.dataset.uses = names.join(" ");
      button.setAttribute("aria-label", [`sample ${number}`, ...names].join(", "));
    });
  }

  makeReachable(button) {
    for (const other of this.buttons) other.tabIndex = other === button ? 0 : -1;
  }

  move(event) {
    const columns = getComputedStyle(this.element).gridTemplateColumns.split(" ").length;
    const last = SAMPLES - 1;
    const at = this.buttons.indexOf(document.activeElement);
    const targets = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - columns, ArrowDown: at + columns };
    const target = { ...targets, Home: 0, End: last }[event.key];
    if (at < 0 || target === undefined) return;
    event.preventDefault();
    if (target >= 0 && target <= last) this.buttons[target].focus();
  }
}
