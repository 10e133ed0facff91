// What can be taken away: the picture as PNG, and a walk as a GIF.

const SAVED_SIDE = 768; // pixels: the picture on the page, on a screen with two to each of its own
const WALK_SIDE = 256;
const WALK_FRAMES = 24; // to the end; then as many back
const WALK_HUNDREDTHS = 8; // of a second for each frame

// As smooth as the page shows it, and large enough: small pictures are unhandy elsewhere.
function enlarged(canvas, side) {
  const factor = Math.max(1, Math.ceil(side / Math.max(canvas.width, canvas.height)));
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

const fileName = (...words) => words.join(" ").replace(/[^\p{L}\p{N}]+/gu, "-");

async function savePicture(canvas, name) {
  const large = enlarged(canvas, SAVED_SIDE);
  download(await new Promise((resolve) => large.toBlob(resolve, "image/png")), `${name}.png`);
}

// drawAt(share, canvas) paints the picture at a share of the way. One frame at a time, so that the page never hangs.
async function saveWalk(drawAt, name) {
  const canvas = document.createElement("canvas");
  const frames = [];
  let size = null;
  for (let i = 0; i < WALK_FRAMES; i++) {
    await nextFrame();
    drawAt(i / (WALK_FRAMES - 1), canvas);
    const large = enlarged(canvas, WALK_SIDE);
    size = large.getContext("2d").getImageData(0, 0, large.width, large.height);
    frames.push(gifFrame(size, WALK_HUNDREDTHS));
  }
  download(gifOf([...frames, ...frames.slice(1, -1).reverse()], size), `${name}.gif`);
}
