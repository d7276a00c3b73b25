"use strict";
// The run's tasks: the index, the texts in pieces that are unpacked when somebody wants them, filters, order, search.
const tasks = (() => {
  const FLAGS = [
    ["looping", "looping"], ["truncated", "cut off"], ["unclosed", "thinking not closed"],
    ["disagree", "answers differ"], ["failed", "requests failed"],
  ];
  const ORDERS = {
    "as asked": null,
    "not correct first": (index, task) => (index.outcomes[index.outcome[task]] === "correct" ? 1 : 0),
    "most tokens first": (index, task) => -(index.tokens[task] ?? -1),
    "slowest first": (index, task) => -(index.wall[task] ?? -1),
  };
  const KEPT = 400;  // unpacked pieces in memory: some 80 million characters

  let index;
  let starts;        // the first task of each piece
  const unpacked = new Map();

  const open = async () => {
    index = await page.unpack("index");
    let first = 0;
    starts = index.pieces.map((size) => { const start = first; first += size; return start; });
    return index;
  };

  const pieceOf = (task) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= task) low = middle; else high = middle - 1;
    }
    return low;
  };

  const piece = async (number) => {
    let found = unpacked.get(number);
    if (found) {
      unpacked.delete(number);  // the one used last is the last to go
    } else {
      found = await page.unpack("p" + number);
      if (unpacked.size >= KEPT) unpacked.delete(unpacked.keys().next().value);
    }
    unpacked.set(number, found);
    return found;
  };

  const body = async (task) => {
    const number = pieceOf(task);
    return (await piece(number))[task - starts[number]];
  };

  const holds = (text, words) => typeof text === "string" && text.toLowerCase().includes(words);

  const bodyHolds = (found, words) =>
    (found.prompt || []).some(([, text]) => holds(text, words)) || holds(found.reference, words) ||
    (found.failures || []).some((text) => holds(text, words)) ||
    found.samples?.some((sample) => holds(sample.answer?.[0], words) ||
      ["response", "thinking", "detail", "no_answer"].some((name) => holds(sample[name], words)));

  // The tasks that hold `words`, told bit by bit: `told(found, share)`, until `stopped()`.
  const search = async (words, stopped, told) => {
    const found = new Set();
    for (let task = 0; task < index.id.length; task++) if (holds(index.id[task], words)) found.add(task);
    let last = performance.now();
    for (let number = 0; number < starts.length; number++) {
      const bodies = await piece(number);
      if (stopped()) return;
      bodies.forEach((one, place) => { if (bodyHolds(one, words)) found.add(starts[number] + place); });
      if (performance.now() - last > 120) {
        told(found, (number + 1) / starts.length);
        await new Promise((done) => setTimeout(done));  // the page stays awake
        if (stopped()) return;
        last = performance.now();
      }
    }
    told(found, 1);
  };

  // Which tasks a choice leaves, in its order. `found`: what a search came to, or null.
  const chosen = ({ outcomes, flags, difficulty, order }, found) => {
    const left = [];
    for (let task = 0; task < index.id.length; task++) {
      if (outcomes.size && !outcomes.has(index.outcome[task])) continue;
      if (flags && (index.flags[task] & flags) !== flags) continue;
      if (difficulty >= 0 && index.difficulty[task] !== difficulty) continue;
      if (found && !found.has(task)) continue;
      left.push(task);
    }
    const by = ORDERS[order];
    if (by) {
      const keys = new Map(left.map((task) => [task, by(index, task)]));
      left.sort((one, other) => keys.get(one) - keys.get(other) || one - other);
    }
    return left;
  };

  // A task's place in an address, which takes no half characters.
  const anchor = (id) => "#task=" + encodeURIComponent(id.toWellFormed());
  const named = (id) => index.id.findIndex((one) => one.toWellFormed() === id);

  return { open, body, anchor, named, search, chosen, FLAGS, orders: Object.keys(ORDERS) };
})();

// Words and figures.
const said = {
  outcome: (name) => (name ? name.replaceAll("_", " ") : "not verified"),
  count: (value) => value.toLocaleString("en-US"),
  seconds: (value) => {
    if (value > 0 && value < 0.0005) return "< 1 ms";
    if (value < 0.0995) return (1000 * value).toFixed(0) + " ms";
    if (value < 0.995) return value.toFixed(2) + " s";
    if (value < 9.95) return value.toFixed(1) + " s";
    const whole = Math.round(value);
    if (whole < 60) return whole + " s";
    if (whole < 3600) return Math.floor(whole / 60) + " min " + String(whole % 60).padStart(2, "0") + " s";
    return Math.floor(whole / 3600) + " h " + String(Math.round((whole % 3600) / 60)).padStart(2, "0") + " min";
  },
};
