// Latents by number, and the paths between them. Sample 7 is the same picture whenever the page is opened.

// mulberry32, by Tommy Ettinger: a small generator of numbers in [0, 1) whose whole state is one integer.
function uniformNumbers(seed) {
  let state = Math.imul(seed, 0x9e3779b9) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
}

// Box and Muller 1958; 1 - u, because the logarithm of 0 is none.
function normalNumbers(seed) {
  const uniform = uniformNumbers(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

function sampleLatent(number, { latent_dim: length, latent_distribution: distribution }) {
  const uniform = uniformNumbers(number);
  const draw = distribution === "normal" ? normalNumbers(number) : () => 2 * uniform() - 1;
  return Float32Array.from({ length }, draw);
}

const norm = (z) => Math.sqrt(z.reduce((sum, value) => sum + value * value, 0));

const mix = (from, to, a, b) => from.map((value, i) => a * value + b * to[i]);

function lerp(from, to, share) {
  return mix(from, to, 1 - share, share);
}

// Normal latents lie near a sphere, whose inside the generator has hardly seen: walk on the sphere (White 2016), the
// length going from the one's to the other's. Opposite and parallel ones have no single great circle.
function slerp(from, to, share) {
  const [start, end] = [norm(from), norm(to)].map((length) => Math.max(length, 1e-12));
  const cosine = from.reduce((sum, value, i) => sum + (value / start) * (to[i] / end), 0);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const sine = Math.sin(angle);
  if (sine < 1e-6) return lerp(from, to, share);
  const scale = ((1 - share) * start + share * end) / sine;
  return mix(from, to, (scale * Math.sin((1 - share) * angle)) / start, (scale * Math.sin(share * angle)) / end);
}

const pathOf = ({ latent_distribution: distribution }) => (distribution === "normal" ? slerp : lerp);

// Scaled to the length that latents of this generator have.
function withTypicalNorm(z, { latent_dim: length, latent_distribution: distribution }) {
  const typical = Math.sqrt(distribution === "normal" ? length : length / 3);
  const factor = typical / Math.max(norm(z), 1e-12);
  return z.map((value) => factor * value);
}

// The sum of three independent latents is longer than any that the generator has seen, the mean of three shorter.
function arithmetic(a, b, c, model) {
  return withTypicalNorm(a.map((value, i) => value - b[i] + c[i]), model);
}

function meanLatent(latents) {
  return latents[0].map((_, i) => latents.reduce((sum, z) => sum + z[i], 0) / latents.length);
}

// Moves a latent along directions, { vector, far } each, and gives it its own length again.
function moved(z, directions) {
  if (directions.length === 0) return z;
  const sum = z.map((value, i) => directions.reduce((total, { vector, far }) => total + far * vector[i], value));
  const factor = norm(z) / Math.max(norm(sum), 1e-12);
  return sum.map((value) => factor * value);
}

// Drawn towards 0, where pictures are more ordinary, and more alike.
const truncated = (z, share) => (share === 1 ? z : z.map((value) => share * value));
