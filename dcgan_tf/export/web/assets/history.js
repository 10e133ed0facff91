// Undo and redo: the states that were shown, one for each thing that somebody did.

const MOST_STEPS = 200;

// Two states with the same address are one step. A state says more: it keeps what the other mode had chosen.
class Steps {
  constructor(address, state) {
    this.past = [];
    this.future = [];
    this.amend(address, state);
  }

  record(address, state) {
    if (address === this.now.address) return;
    this.past = [...this.past, this.now].slice(-MOST_STEPS);
    this.future = [];
    this.amend(address, state);
  }

  // What happened by itself is no step of its own.
  amend(address, state) {
    this.now = { address, state: structuredClone(state) };
  }

  // Both return the state to show, or null where there is none.
  undo() {
    return this.move(this.past, this.future);
  }

  redo() {
    return this.move(this.future, this.past);
  }

  move(from, to) {
    if (from.length === 0) return null;
    to.push(this.now);
    this.now = from.pop();
    return structuredClone(this.now.state);
  }
}
