// What is known of the generator, at the foot of the page.

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
  const rows = Object.entries(texts).map(([term, text]) =>
    make("div", {}, make("dt", { textContent: term }), make("dd", { textContent: text })),
  );
  element("facts").replaceChildren(...rows);
  element("latent-dim").textContent = length;
}
