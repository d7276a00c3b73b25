"use strict";
// The leaderboard sorts and filters; a cell of a matrix tells which tasks flipped.
(() => {
  const table = document.getElementById("leaders");
  const rows = [...table.tBodies[0].rows];
  const heads = [...table.tHead.rows[0].cells];
  const search = document.getElementById("search");
  const benchmark = document.getElementById("benchmark");
  const front = document.getElementById("front");
  const status = document.getElementById("status");
  const texts = rows.map((row) => row.textContent.toLowerCase());

  const value = (row, place, numeric) => {
    const cell = row.cells[place];
    if (!numeric) return cell.textContent.trim();
    return cell.dataset.by === "" ? null : Number(cell.dataset.by);
  };
  const natural = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

  const sort = (place) => {
    const head = heads[place];
    const numeric = head.dataset.kind === "number";
    const first = numeric ? "descending" : "ascending";
    const order = head.getAttribute("aria-sort") === first ? (numeric ? "ascending" : "descending") : first;
    heads.forEach((one) => one.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const keyed = rows.map((row, at) => ({ row, at, key: value(row, place, numeric) }));
    keyed.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.at - b.at; // unknown: last
      return sign * (numeric ? a.key - b.key : natural.compare(a.key, b.key)) || a.at - b.at;
    });
    table.tBodies[0].append(...keyed.map((one) => one.row));
  };

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = benchmark.selectedIndex > 0 ? benchmark.options[benchmark.selectedIndex].text : null;
    let shown = 0;
    rows.forEach((row, at) => {
      const fits = words.every((word) => texts[at].includes(word)) && (chosen === null || row.dataset.benchmark === chosen)
        && (!front.checked || "front" in row.dataset);
      row.hidden = !fits;
      shown += fits;
    });
    const all = rows.length.toLocaleString("en");
    status.textContent = shown === rows.length ? `${all} ${shown === 1 ? "run" : "runs"}` : `${shown.toLocaleString("en")} of ${all} runs`;
  };

  heads.forEach((head, place) => {
    const button = page.make("button", "", head.textContent);
    button.type = "button";
    button.addEventListener("click", () => sort(place));
    head.replaceChildren(button);
  });
  for (const control of [search, benchmark, front]) control.addEventListener("input", filter);
  document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("controls").hidden = false;
  if (!rows.some((row) => "front" in row.dataset)) front.parentElement.hidden = true;
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

  let unpacked = null;
  const flips = () => (unpacked ??= page.unpack("flips"));

  const names = (line, tasks, places, count) => {
    const shown = places.map((place) => page.plain(tasks[place]));
    const more = count > shown.length ? ` and ${(count - shown.length).toLocaleString("en")} more` : "";
    return page.make("p", "", `${line}: ${shown.length ? shown.join(", ") + more : "none"}`);
  };

  const tell = async (button) => {
    const matrix = button.closest("table");
    for (const other of matrix.querySelectorAll("button[aria-pressed]")) other.removeAttribute("aria-pressed");
    button.setAttribute("aria-pressed", "true");
    const place = Number(matrix.dataset.matrix);
    const { labels, tasks, pairs } = (await flips())[place];
    const [first, second, count, here, otherCount, there, p] = pairs[Number(button.dataset.pair)];
    const [one, other] = [page.plain(labels[first]), page.plain(labels[second])];
    const lines = [
      names(`${one} passed, ${other} failed (${count.toLocaleString("en")})`, tasks, here, count),
      names(`${other} passed, ${one} failed (${otherCount.toLocaleString("en")})`, tasks, there, otherCount),
    ];
    if ("turned" in button.dataset) lines.reverse();
    document.getElementById(`pair${place}`).replaceChildren(...lines, page.make("p", "quiet", `McNemar, exact: ${p}.`));
  };
  for (const button of document.querySelectorAll(".matrix button")) button.addEventListener("click", () => tell(button));
})();
