"use strict";
// A cell of a matrix tells which tasks flipped; the comparison in full is made when somebody opens it.
(() => {
  const blocks = {};
  const unpacked = (name) => (blocks[name] ??= page.unpack(name));
  const count = (number) => number.toLocaleString("en");

  const names = (line, tasks, places, total) => {
    const shown = places.map((place) => page.plain(tasks[place]));
    const more = total > shown.length ? ` and ${count(total - shown.length)} more` : "";
    return page.make("p", "", `${line}: ${shown.length ? shown.join(", ") + more : "none"}`);
  };

  const tell = async (button) => {
    const matrix = button.closest("table");
    for (const other of matrix.querySelectorAll("button[aria-pressed]")) other.removeAttribute("aria-pressed");
    button.setAttribute("aria-pressed", "true");
    const place = Number(matrix.dataset.matrix);
    const { labels, tasks, pairs } = (await unpacked("data-flips"))[place];
    const [first, second, lost, lostTasks, won, wonTasks, p] = pairs[Number(button.dataset.pair)];
    const [one, other] = [page.plain(labels[first]), page.plain(labels[second])];
    const lines = [
      names(`${one} passed, ${other} failed (${count(lost)})`, tasks, lostTasks, lost),
      names(`${other} passed, ${one} failed (${count(won)})`, tasks, wonTasks, won),
    ];
    if ("turned" in button.dataset) lines.reverse();
    document.getElementById(`pair${place}`).replaceChildren(...lines, page.make("p", "quiet", `McNemar, exact: ${p}.`));
  };
  for (const button of document.querySelectorAll(".matrix button")) button.addEventListener("click", () => tell(button));

  const table = (section) => {
    const made = page.make("table", "small");
    const head = made.createTHead().insertRow();
    section.heads.forEach((text, place) => {
      const cell = page.make("th", section.numbers[place] ? "number" : "", text);
      cell.scope = "col";
      head.append(cell);
    });
    const body = made.createTBody();
    for (const line of section.lines) {
      const row = body.insertRow();
      line.forEach((text, place) => {
        const cell = page.make(place ? "td" : "th", section.numbers[place] ? "number" : "", text);
        if (!place) cell.scope = "row";
        row.append(cell);
      });
    }
    return made;
  };

  const compare = async (details) => {
    const sections = (await unpacked("data-compared"))[details.dataset.benchmark];
    for (const section of sections) {
      const wide = page.make("div", "wide");
      wide.tabIndex = 0;
      wide.setAttribute("role", "region");
      wide.setAttribute("aria-label", `${details.closest("section").querySelector("h2").textContent}: ${section.title}`);
      wide.append(table(section));
      details.append(page.make("h3", "", section.title), wide);
      if (section.says) details.append(page.make("p", "", section.says));
      for (const note of section.notes) details.append(page.make("p", "quiet small", note));
    }
  };
  for (const details of document.querySelectorAll(".comparison")) {
    details.addEventListener("toggle", () => compare(details), { once: true });
  }
})();
