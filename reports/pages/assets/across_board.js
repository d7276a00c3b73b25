"use strict";
// The leaderboard: its rows are data; those that fit the filters are shown, in the chosen order, some at a time.
(() => {
  const STEP = 100;
  const rows = page.data("data-board");
  const table = document.getElementById("leaders");
  const heads = [...table.tHead.rows[0].cells];
  const search = document.getElementById("search");
  const benchmark = document.getElementById("benchmark");
  const front = document.getElementById("front");
  const status = document.getElementById("status");
  const more = document.getElementById("more");
  const SVG = "http://www.w3.org/2000/svg";
  const natural = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  const keys = heads.map((head) => head.dataset.key);
  const numeric = heads.map((head) => "number" in head.dataset);
  for (const row of rows) {
    row.text = [...row.cells.map((cell) => (typeof cell === "string" ? cell : cell[0])), row.settings, row.origin, row.mark,
      ...(row.doubts || [])].filter(Boolean).join(" ").toLowerCase();
  }
  let order = rows.slice();
  let fitting = rows;
  let shown = STEP;

  const rect = (x, width, y, height, className) => {
    const element = document.createElementNS(SVG, "rect");
    for (const [name, value] of Object.entries({ x, width, y, height, class: className })) element.setAttribute(name, value);
    return element;
  };

  // A score with its interval on a line from 0 to 100.
  const scale = ([score, low, high]) => {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "mini");
    svg.setAttribute("viewBox", "0 0 100 8");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    svg.append(rect(0, 100, 3.5, 1, "axis"), rect(low, Math.max(high - low, 0.5), 2, 4, "bar"),
      rect(Math.min(98.5, Math.max(0, score - 0.75)), 1.5, 0, 8, "dot"));
    return svg;
  };

  // A name may be broken after the marks within it, and elsewhere only where one of its parts is too long.
  const named = (element, text) => {
    for (const part of text.split(/(?<=[_:/.-])/)) element.append(part, document.createElement("wbr"));
    return element;
  };

  const model = (row, text) => {
    const cell = page.make("th", "c-model");
    cell.append(named(page.make("span"), text));
    cell.scope = "row";
    if (row.front) {
      const star = page.make("span", "front", " ★");
      star.title = "On the Pareto front: no run on the same tasks and machine beats it in score, tokens/s and memory at once";
      star.append(page.make("span", "visually-hidden", "on the Pareto front"));
      cell.append(star);
    }
    if (row.origin) cell.append(" ", page.make("span", "badge origin", row.origin));
    const place = named(page.make("small", "quiet on-phone"), row.benchmark);
    place.setAttribute("aria-hidden", "true");
    cell.append(place);
    if (row.settings) cell.append(page.make("small", "quiet", row.settings));
    return cell;
  };

  const validity = (row, text) => {
    const cell = page.make("td", "c-validity");
    if (text) cell.append(page.make("span", "badge", text));
    return cell;
  };

  // Why a score is doubted, over the whole width below its row.
  const doubts = (row) => {
    const line = page.make("tr", "doubts");
    const cell = page.make("td", "quiet");
    cell.append(page.make("span", "", `${row.doubts.join("; ")}.`));
    cell.colSpan = row.cells.length;
    line.append(cell);
    return line;
  };

  const made = (row) => {
    const line = document.createElement("tr");
    row.cells.forEach((cell, place) => {
      const key = keys[place];
      if (key === "model") { line.append(model(row, cell)); return; }
      if (key === "validity") { line.append(validity(row, cell)); return; }
      if (key === "benchmark") { line.append(named(page.make("td", "c-benchmark"), cell)); return; }
      const kind = key === "against" && row.kind ? ` ${row.kind}` : "";
      const element = page.make("td", `${numeric[place] ? "number " : ""}c-${key}${kind}`, numeric[place] ? cell[0] : cell);
      if (key === "score" && row.scale) element.append(scale(row.scale));
      line.append(element);
    });
    return row.doubts ? [line, doubts(row)] : [line];
  };

  const draw = () => {
    table.tBodies[0].replaceChildren(...fitting.slice(0, shown).flatMap(made));
    more.hidden = fitting.length <= shown;
    const all = rows.length.toLocaleString("en");
    const fit = fitting.length.toLocaleString("en");
    const some = fitting.length > shown ? `, the first ${shown.toLocaleString("en")} of them shown` : "";
    status.textContent = (fitting.length === rows.length ? `${all} ${rows.length === 1 ? "run" : "runs"}` : `${fit} of ${all} runs`) + some;
  };

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = benchmark.selectedIndex > 0 ? benchmark.options[benchmark.selectedIndex].text : null;
    fitting = order.filter((row) => (chosen === null || row.benchmark === chosen) && (!front.checked || row.front)
      && words.every((word) => row.text.includes(word)));
    shown = STEP;
    draw();
  };

  const sort = (place) => {
    const head = heads[place];
    const first = numeric[place] ? "descending" : "ascending";
    const other = numeric[place] ? "ascending" : "descending";
    const way = head.getAttribute("aria-sort") === first ? other : first;
    heads.forEach((one) => one.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", way);
    const sign = way === "ascending" ? 1 : -1;
    order = rows.slice().sort((a, b) => {
      if (!numeric[place]) return sign * natural.compare(a.cells[place], b.cells[place]);
      const [one, two] = [a.cells[place][1], b.cells[place][1]];
      if (one === null || two === null) return (one === null) - (two === null); // what is unknown stands last
      return sign * (one - two);
    });
    filter();
  };

  heads.forEach((head, place) => {
    const button = page.make("button", "", head.textContent);
    button.type = "button";
    button.addEventListener("click", () => sort(place));
    head.replaceChildren(button);
  });
  for (const control of [search, benchmark, front]) control.addEventListener("input", filter);
  more.addEventListener("click", () => {
    const next = table.tBodies[0].rows.length;
    shown += STEP * 5;
    draw();
    table.tBodies[0].rows[next].tabIndex = -1; // on with the keyboard where the new rows begin
    table.tBodies[0].rows[next].focus();
  });
  document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("controls").hidden = false;
  if (!rows.some((row) => row.front)) front.parentElement.hidden = true;
  filter();

  addEventListener("keydown", (event) => {
    const typing = event.target.closest && event.target.closest("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
    }
    if (event.key === "Escape" && event.target === search) {
      search.value = "";
      filter();
    }
  });
})();
