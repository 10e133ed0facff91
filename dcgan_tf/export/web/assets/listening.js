// What buttons, keys and fingers do.

function listen(explorer) {
  for (const radio of document.getElementsByName("mode")) {
    radio.addEventListener("change", () => explorer.enter(radio.value));
  }
  for (const [slot] of explorer.slots()) {
    explorer.slotButton(slot).addEventListener("click", () => explorer.activate(slot));
  }
  listClasses(explorer.classNames, (label) => explorer.chooseClass(label));
  const clicks = {
    renew: () => explorer.turn(1),
    back: () => explorer.turn(-1),
    save: () => explorer.save(),
    play: () => explorer.toggle(),
    undo: () => explorer.step(explorer.steps.undo()),
    redo: () => explorer.step(explorer.steps.redo()),
    reset: () => explorer.reset(),
    link: () => explorer.copyLink(),
    gif: () => explorer.saveWalk(),
    print: () => window.print(),
  };
  for (const [id, act] of Object.entries(clicks)) element(id).addEventListener("click", act);
  element("three").addEventListener("change", ({ target }) => explorer.takeThree(target.checked));
  element("share").addEventListener("input", ({ target }) => explorer.walkTo(target.value / 100));
  element("truncation").addEventListener("input", ({ target }) => explorer.truncate(Number(target.value)));
  for (const id of ["share", "truncation"]) element(id).addEventListener("change", () => explorer.record());
  document.addEventListener("keydown", (event) => press(explorer, event));
  window.addEventListener("hashchange", () => explorer.follow(location.hash));
  listenToDragging(explorer, element("picture"));
  closeMenus();
}

function listenToDragging(explorer, picture) {
  let start = null;
  picture.addEventListener("pointerdown", (event) => {
    if (explorer.state.mode !== "walk" || event.button !== 0) return;
    picture.setPointerCapture(event.pointerId);
    start = { x: event.clientX, share: explorer.state.share };
  });
  picture.addEventListener("pointermove", (event) => {
    if (start) explorer.walkTo(start.share + (event.clientX - start.x) / picture.clientWidth);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    picture.addEventListener(end, () => {
      if (start) explorer.record();
      start = null;
    });
  }
}

function press(explorer, event) {
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && !event.altKey && key === "z") {
    event.preventDefault();
    element(event.shiftKey ? "redo" : "undo").click();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("select")) return; // there, letters look for a class
  if (key === "n") element("renew").click();
  if (key === "b") element("back").click(); // while it is out of use, nothing
  if (key === "s") explorer.save();
  // What is in focus and can be pressed takes the space bar for itself.
  const pressed = event.target.closest("button, summary, [type=radio], [type=checkbox]");
  if (key === " " && explorer.state.mode === "walk" && !pressed) {
    event.preventDefault();
    explorer.toggle();
  }
}

// A menu closes when one of its buttons is pressed, with Escape, or when somebody goes elsewhere.
function closeMenus() {
  for (const menu of document.querySelectorAll("details.menu")) {
    const close = ({ focus }) => {
      if (!menu.open) return;
      menu.open = false;
      if (focus) menu.querySelector("summary").focus();
    };
    menu.addEventListener("click", (event) => event.target.closest("button") && close({ focus: true }));
    menu.addEventListener("keydown", (event) => event.key === "Escape" && close({ focus: true }));
    document.addEventListener("pointerdown", (event) => menu.contains(event.target) || close({ focus: false }));
    menu.addEventListener("focusout", ({ relatedTarget: to }) => to && !menu.contains(to) && close({ focus: false }));
  }
}
