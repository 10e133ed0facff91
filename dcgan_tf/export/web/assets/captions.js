// The words below the picture, which are also its name for those who do not see it.

// used: the directions that the picture was moved along, { name, far } each; dropped: the objects that are left out.
function captionOf({ mode, share, slots }, used, dropped) {
  const [a, b, c] = SLOTS[mode].map((slot) => textOf(slots[slot]));
  const changes = [
    ...used.map(({ name, far }) => `, ${name} ${signed(far)}`),
    ...dropped.map(({ name }) => `, without ${name}`),
  ].join("");
  if (mode === "arithmetic") return `samples ${a} − ${b} + ${c}${changes}`;
  if (share === 0 || a === b) return `sample ${a}${changes}`;
  return (share === 1 ? `sample ${b}` : `${Math.round(100 * share)} % from sample ${a} to ${b}`) + changes;
}
