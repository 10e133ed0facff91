// Undo and redo: the addresses of what was shown, one for each thing that somebody did.

const MOST_STEPS = 200;

class Steps {
  constructor(address) {
    this.past = [];
    this.now = address;
    this.future = [];
  }

  record(address) {
    if (address === this.now) return;
    this.past = [...this.past, this.now].slice(-MOST_STEPS);
    this.now = address;
    this.future = [];
  }

  // What happened by itself is no step of its own.
  amend(address) {
    this.now = address;
  }

  undo() {
    if (this.past.length) {
      this.future.push(this.now);
      this.now = this.past.pop();
    }
    return this.now;
  }

  redo() {
    if (this.future.length) {
      this.past.push(this.now);
      this.now = this.future.pop();
    }
    return this.now;
  }
}
