// Starts the page, or says why it cannot.

const NEEDS = "The network cannot run here; it needs Chrome 97, Firefox 113, Safari 16.4 or a newer browser";

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
    const still = location.hash.length > 1 || !matchMedia("(prefers-reduced-motion: no-preference)").matches;
    if (!still) explorer.play({ once: true });
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
    shown: () => explorer.shownLatent(),
    latent,
    between: (from, to, share) => pathOf(model)(latent(from), latent(to), share),
    arithmetic: (a, b, c) => arithmetic(latent(a), latent(b), latent(c), model),
  };
}

window.dcgan = {};
window.dcgan.ready = start();
