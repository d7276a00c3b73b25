"use strict";
// The page of a run: filters, list and opened task wired together, by keyboard as by pointer.
(async () => {
  const at = (id) => document.getElementById(id);
  const { make, show } = page;
  const [box, pane, panes, input, status] = ["list", "detail", "panes", "search", "status"].map(at);
  const NARROW = matchMedia("(max-width: 899px)");
  const choice = { outcomes: new Set(), flags: 0, difficulty: -1, order: tasks.orders[0] };
  let index;
  let found = null;    // what a search came to; null: nothing is searched for
  let shown;           // the task that is open
  let turn = 0;        // of searches: an older one stops when a newer one has begun

  const sought = (field) => field.value.trim().toLowerCase();

  const row = (task) => {
    const element = make("div", "row");
    const line = make("div", "line");
    const outcome = index.outcomes[index.outcome[task]];
    line.append(make("span", "badge o-" + (outcome || "none"), said.outcome(outcome)),
      show(make("span", "id mono"), index.id[task]));
    const figures = [];
    if (index.samples[task] > 1) figures.push(index.judged ? `${index.samples[task]} texts` : `${index.passed[task]}/${index.samples[task]}`);
    if (index.tokens[task] !== null) figures.push(said.count(index.tokens[task]) + " tok");
    if (index.wall[task] !== null) figures.push(said.seconds(index.wall[task]));
    line.append(make("span", "figures quiet", figures.join(" · ")));
    element.append(line, show(make("div", "snippet quiet"), index.snippet[task]));
    return element;
  };

  const list = makeList(box, at("rows"), row, (task) => { if (!pane.hidden) open(task); });

  const open = async (task) => {
    const over = NARROW.matches && shown === undefined && !location.hash;  // it covers the list: "back" leads there
    history[over ? "pushState" : "replaceState"](null, "", tasks.anchor(index.id[task]));
    shown = task;
    const head = detail.head(index.id[task], index.outcomes[index.outcome[task]], index.difficulties[index.difficulty[task]]);
    pane.setAttribute("aria-label", "Task " + page.plain(index.id[task]));
    pane.replaceChildren(head);
    pane.hidden = false;
    panes.classList.add("open");
    pane.scrollTop = 0;
    const body = await tasks.body(task);
    if (shown !== task) return;  // somebody has gone on
    pane.replaceChildren(head, ...detail.parts(body));
    mark();
    if (NARROW.matches) pane.focus();
  };

  const close = () => {
    if (pane.hidden) return;
    history.replaceState(null, "", location.pathname + location.search);
    shut();
  };

  const shut = () => {
    if (pane.hidden) return;
    shown = undefined;
    pane.hidden = true;
    panes.classList.remove("open");
    box.focus({ preventScroll: true });
    list.draw();
  };

  // What is searched for is marked in the opened task, where the browser knows how.
  const mark = () => {
    if (!CSS.highlights) return;
    CSS.highlights.delete("found");
    const words = sought(input);
    if (!words || pane.hidden) return;
    const ranges = [];
    const walker = document.createTreeWalker(pane, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node && ranges.length < 2000; node = walker.nextNode()) {
      const text = node.data.toLowerCase();
      if (text.length !== node.data.length) continue;  // letters that grow in lower case have no places
      for (let from = text.indexOf(words); from >= 0 && ranges.length < 2000; from = text.indexOf(words, from + words.length)) {
        const range = new Range();
        range.setStart(node, from);
        range.setEnd(node, from + words.length);
        ranges.push(range);
      }
    }
    CSS.highlights.set("found", new Highlight(...ranges));
  };

  const refresh = (share = 1) => {
    const left = tasks.chosen(choice, found);
    list.set(left);
    const all = index.id.length;
    const words = left.length === all ? `${said.count(all)} ${all === 1 ? "task" : "tasks"}` : `${said.count(left.length)} of ${said.count(all)} tasks`;
    status.textContent = share < 1 ? `${words}, searching … ${Math.round(100 * share)} %` : words;
    if (share === 1) document.documentElement.dataset.searched = sought(input);  // for who waits for it
  };

  const search = () => {
    const mine = ++turn;
    const words = sought(input);
    mark();
    if (!words) { found = null; refresh(); return; }
    tasks.search(words, () => mine !== turn, (now, share) => { found = now; refresh(share); });
  };

  const chip = (words, count, pressed) => {
    const button = make("button", "chip");
    button.type = "button";
    button.append(words + " ", make("b", "", said.count(count)));
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      const now = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(now));
      pressed(now);
      refresh();
    });
    return button;
  };

  const controls = () => {
    const chips = at("chips");
    const counts = index.outcomes.map(() => 0);
    for (const outcome of index.outcome) counts[outcome] += 1;
    index.outcomes.map((name, place) => [name, place]).sort((a, b) => counts[b[1]] - counts[a[1]]).forEach(([name, place]) => {
      const button = chip(said.outcome(name), counts[place], (on) => {
        if (on) choice.outcomes.add(place); else choice.outcomes.delete(place);
      });
      button.dataset.outcome = name || "none";
      button.prepend(make("span", "swatch o-" + (name || "none")));
      chips.append(button);
    });
    tasks.FLAGS.forEach(([name, words], place) => {
      const count = index.flags.reduce((sum, flags) => sum + ((flags >> place) & 1), 0);
      if (!count || (name === "truncated" && index.samples.every((samples) => samples <= 1))) return;
      const button = chip(words, count, (on) => { choice.flags = on ? choice.flags | (1 << place) : choice.flags & ~(1 << place); });
      button.dataset.flag = name;
      chips.append(button);
    });
    const options = (select, names, values) => names.forEach((name, place) => {
      const option = make("option", "", page.plain(name));
      option.value = values[place];
      select.append(option);
    });
    const known = index.difficulties.map((name, place) => [name, place]).filter(([name]) => name);
    const difficulty = at("difficulty");
    options(difficulty, ["any difficulty", ...known.map(([name]) => name)], [-1, ...known.map(([, place]) => place)]);
    difficulty.parentElement.hidden = known.length < 2;
    difficulty.addEventListener("change", () => { choice.difficulty = Number(difficulty.value); refresh(); });
    const order = at("order");
    options(order, tasks.orders, tasks.orders);
    order.addEventListener("change", () => { choice.order = order.value; refresh(); });
    let wait;
    input.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(search, 120); });
    at("controls").addEventListener("submit", (event) => event.preventDefault());
  };

  const follow = () => {
    const named = location.hash.match(/^#task=(.*)$/s);
    if (!named) { shut(); return; }
    let id = named[1];
    try { id = decodeURIComponent(id); } catch { /* as it stands */ }
    const task = tasks.named(id);
    if (task < 0 || task === shown) return;
    if (list.find(task) < 0) {  // hidden by what was chosen: a link shows what it names
      for (const button of at("chips").children) button.setAttribute("aria-pressed", "false");
      Object.assign(choice, { flags: 0, difficulty: -1 });
      choice.outcomes.clear();
      at("difficulty").value = "-1";
      input.value = "";
      turn += 1;
      found = null;
      refresh();
    }
    pane.hidden = false;
    list.activate(list.find(task));
    panes.scrollIntoView({ block: "nearest" });
  };

  const copy = async (link) => {
    const words = link.textContent;
    try {
      await navigator.clipboard.writeText(link.href);
      link.textContent = "Copied";
    } catch {
      link.textContent = "The address has it";
    }
    setTimeout(() => { link.textContent = words; }, 1500);
  };

  const keys = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const field = event.target.closest("input, select, textarea");
    if (event.key === "Escape") {
      if (field === input && input.value) { input.value = ""; search(); } else if (field === input) box.focus(); else close();
      return;
    }
    if (field) {
      if (field === input && (event.key === "Enter" || event.key === "ArrowDown")) {
        event.preventDefault();
        box.focus();
        if (list.count()) list.jump(Math.max(0, list.place()));
      }
      return;
    }
    if (event.key === "/") { event.preventDefault(); input.focus(); input.select(); return; }
    const within = box.contains(event.target);
    const steps = { j: 1, k: -1, ...(within && { ArrowDown: 1, ArrowUp: -1, PageDown: list.page(), PageUp: -list.page() }) };
    if (event.key in steps) {
      event.preventDefault();
      list.move(steps[event.key]);
    } else if (within && (event.key === "Home" || event.key === "End")) {
      event.preventDefault();
      list.jump(event.key === "Home" ? 0 : -1);
    } else if (event.key === "Enter" && (within || event.target === document.body)) {
      if (list.item() === undefined) list.jump(0);
      if (list.item() !== undefined) { event.preventDefault(); open(list.item()); }
    }
  };

  if (!window.DecompressionStream) {
    at("browse").before(make("p", "note", "This browser cannot unpack the tasks (it has no DecompressionStream); "
      + "Chrome 80, Firefox 113, Safari 16.4 and later can."));
    return;
  }
  index = await tasks.open();
  at("browse").hidden = false;
  controls();
  refresh();
  box.addEventListener("click", (event) => {
    const clicked = event.target.closest("[role=option]");
    if (!clicked) return;
    const task = Number(clicked.dataset.place);
    pane.hidden = false;
    list.activate(task);
  });
  pane.addEventListener("click", (event) => {
    if (event.target.closest(".close")) close();
    const link = event.target.closest("a.copy");
    if (link) copy(link);
  });
  document.addEventListener("keydown", keys);
  addEventListener("hashchange", follow);
  follow();
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
})();
