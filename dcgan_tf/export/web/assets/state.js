// What the page shows, as one object: its changes are undone by going back to an earlier one, and a link holds what
// is seen of it.

const SMALLEST_TRUNCATION = 0.3;

const SLOTS = { walk: ["from", "to"], arithmetic: ["a", "b", "c"] };
const KEYS = ["seed", "to", "at", "a", "b", "c", "class", "forget", "truncation"];

const clampTo = (value, least, most) => Math.min(most, Math.max(least, value));
const clamp = (value) => clampTo(value, 0, 1);

// An attribute may be called as one of the keys.
const keyOf = (slider) => (KEYS.includes(slider) ? `${slider}*` : slider);
const rounded = (value) => String(Math.round(1000 * value) / 1000);

// The state in which the page opens; `order` says which samples come first.
function firstState(order) {
  const [a, b, c] = [0, 1, 2].map((place) => order.at(place));
  return {
    mode: "walk",
    slots: { from: [a], to: [b], a: [a], b: [b], c: [c] },
    share: 0,
    label: 0,
    sliders: {},
    forgotten: [],
    truncation: 1,
  };
}

// Returns the part of an address behind "#", such as seed=3&smile=0.6; the numbers are those of samples.
function addressOf(state, { classNames }) {
  const { mode, slots, share, label, sliders, forgotten, truncation } = state;
  const parts = new URLSearchParams();
  if (mode === "walk") {
    parts.set("seed", slots.from[0]);
    parts.set("to", slots.to[0]);
    if (share > 0) parts.set("at", rounded(share));
  } else {
    for (const slot of SLOTS.arithmetic) parts.set(slot, slots[slot].join(","));
  }
  if (label > 0) parts.set("class", classNames[label]);
  for (const [name, far] of Object.entries(sliders)) if (far !== 0) parts.set(keyOf(name), rounded(far));
  for (const name of forgotten) parts.append("forget", name);
  if (truncation < 1) parts.set("truncation", rounded(truncation));
  return parts.toString().replaceAll("%2C", ",");
}

// Samples have whole numbers from 1; what is none is left out, and so is one that was there before.
function numbersIn(text, most) {
  const numbers = (text ?? "").split(",").map(Number);
  const valid = numbers.filter((number) => Number.isSafeInteger(number) && number > 0 && number < 2 ** 31);
  return [...new Set(valid)].slice(0, most);
}

function numberIn(text, least, most, otherwise) {
  const value = text === null || text.trim() === "" ? NaN : Number(text);
  return Number.isFinite(value) ? clampTo(value, least, most) : otherwise;
}

// Returns the state of an address. Whatever it does not say, or says wrongly, is as in `first`.
function stateOf(address, first, { classNames, sliderNames, forgettable }) {
  const parts = new URLSearchParams(address.replace(/^#/, ""));
  const slots = { ...first.slots };
  for (const [slot, key, most] of [["from", "seed", 1], ["to", "to", 1], ["a", "a", 3], ["b", "b", 3], ["c", "c", 3]]) {
    const numbers = numbersIn(parts.get(key), most);
    if (numbers.length) slots[slot] = numbers;
  }
  const sliders = sliderNames.map((name) => [name, numberIn(parts.get(keyOf(name)), -1, 1, 0)]);
  const wanted = parts.getAll("forget");
  return {
    mode: SLOTS.arithmetic.some((slot) => parts.has(slot)) ? "arithmetic" : "walk",
    slots,
    share: numberIn(parts.get("at"), 0, 1, 0),
    label: Math.max(0, classNames.indexOf(parts.get("class"))),
    sliders: Object.fromEntries(sliders),
    forgotten: forgettable.filter((name) => wanted.includes(name)),
    truncation: numberIn(parts.get("truncation"), SMALLEST_TRUNCATION, 1, 1),
  };
}
