// The classes of a generator that is told one: a list to choose from; of another generator, nothing.

// choose(label) is called with the number of the class that somebody picks.
function listClasses(names, choose) {
  const list = document.getElementById("class");
  list.replaceChildren(...names.map((name, label) => new Option(name, label)));
  list.addEventListener("input", () => choose(list.selectedIndex));
  for (const part of document.querySelectorAll("[data-classes]")) part.hidden = names.length === 0;
}
