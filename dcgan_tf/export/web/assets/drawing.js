// Pictures on canvases, and how long one takes.

const element = (id) => document.getElementById(id);

function paint(canvas, pixels, { width, height }) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(new ImageData(pixels, width), 0, 0);
}

// The mean of the last few pictures: single ones are shorter than the clocks of some browsers resolve.
class Stopwatch {
  constructor(output) {
    this.output = output;
    this.durations = [];
    setInterval(() => this.report(), 500);
  }

  time(work) {
    const start = performance.now();
    const result = work();
    this.durations = [...this.durations.slice(-29), performance.now() - start];
    return result;
  }

  report() {
    if (this.durations.length === 0) return;
    const mean = this.durations.reduce((sum, duration) => sum + duration, 0) / this.durations.length;
    this.output.textContent = `${mean.toFixed(mean < 10 ? 1 : 0)} ms per image`;
  }
}
