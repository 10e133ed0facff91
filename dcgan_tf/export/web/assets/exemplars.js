// Which samples stand in which slot. In arithmetic, a slot has one sample, or up to three, whose latents are averaged.

const EXEMPLARS = 3; // for each, as in the paper: Radford et al. 2015, section 6.3.2

// Returns what a slot holds after a sample was chosen for it. A full slot begins anew; a second click takes out.
function chosen(numbers, number, most) {
  if (most === 1) return [number];
  if (numbers.length >= most) return [number];
  if (!numbers.includes(number)) return [...numbers, number];
  return numbers.length === 1 ? numbers : numbers.filter((other) => other !== number);
}

// Gives each slot three samples, the first ones that stand in none; or takes all but one away.
function withExemplars(slots, names, three, order) {
  const filled = { ...slots };
  const taken = new Set(names.flatMap((name) => slots[name]));
  let place = 0;
  for (const name of names) {
    filled[name] = three ? [...slots[name]] : slots[name].slice(0, 1);
    while (three && filled[name].length < EXEMPLARS) {
      while (taken.has(order.at(place))) place += 1;
      taken.add(order.at(place));
      filled[name].push(order.at(place));
    }
  }
  return filled;
}

const severalIn = (slots) => SLOTS.arithmetic.some((name) => slots[name].length > 1);

const textOf = (numbers) => (numbers.length === 1 ? String(numbers[0]) : `(${numbers.join(", ")})`);
