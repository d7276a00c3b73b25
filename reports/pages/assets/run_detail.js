"use strict";
// One task opened: what was asked, what each reply said, what was taken out of it and what was said of that.
const detail = (() => {
  const { make, show } = page;

  const badge = (outcome) => make("span", "badge o-" + (outcome || "none"), said.outcome(outcome));

  const block = (title, text, className) => {
    const box = make("div", "block " + (className || ""));
    box.append(make("h4", "", title), show(make("pre", ""), text));
    return box;
  };

  // A block that is filled when it is opened for the first time.
  const folded = (title, fill, open) => {
    const box = make("details", "");
    box.append(make("summary", "", title));
    const once = () => { if (box.open && box.children.length === 1) box.append(...fill()); };
    box.addEventListener("toggle", once);
    box.open = Boolean(open);
    once();
    return box;
  };

  const FACTS = [
    ["completion_tokens", "tokens", said.count], ["thinking_tokens", "of them thinking", said.count],
    ["prompt_tokens", "prompt tokens", said.count], ["cached_tokens", "of them from the cache", said.count],
    ["wall_s", "time", said.seconds], ["ttft_s", "to the first token", said.seconds],
    ["tokens_per_second", "tokens/s", (value) => value.toFixed(value < 100 ? 1 : 0)],
    ["verify_s", "verified in", said.seconds], ["joules", "joules", (value) => value.toFixed(1)],
    ["cost_usd", "US dollars", (value) => value.toPrecision(3)], ["seed", "seed", String],
  ];

  const facts = (sample) => {
    const list = make("dl", "facts");
    const add = (name, value) => {
      const pair = make("div", "");
      pair.append(make("dt", "", name), show(make("dd", ""), value));
      list.append(pair);
    };
    if (sample.finish) add("ended by", sample.finish);
    for (const [key, name, shown] of FACTS) {
      const value = sample.numbers?.[key];
      if (value !== undefined) add(name, shown(value));
    }
    for (const [name, value] of sample.merits || []) add(page.plain(name), String(Number(value.toPrecision(4))));
    return list;
  };

  const fields = (sample) => {
    const list = make("ul", "fields");
    for (const [name, agrees] of sample.fields) {
      const item = make("li", agrees ? "good" : "bad");
      item.append(make("span", "", agrees ? "✓ " : "✗ "), show(make("span", ""), name));
      item.setAttribute("aria-label", page.plain(name) + (agrees ? " agrees" : " differs"));
      list.append(item);
    }
    return list;
  };

  // `alone`: the head of the task says the outcome already.
  const verdict = (sample, alone) => {
    const line = make("p", "verdict");
    if (!alone) line.append(badge(sample.outcome));
    if (sample.looping) line.append(make("span", "badge flag", "looping"));
    if (sample.unclosed) line.append(make("span", "badge flag", "thinking not closed"));
    const words = sample.detail || sample.no_answer;
    if (words) line.append(show(make("span", "why"), words));
    return line;
  };

  const judged = (sample, body, alone) => {
    const parts = [verdict(sample, alone)];
    const answers = make("div", "answers");
    answers.append(sample.answer
      ? block("Extracted answer", sample.answer[0], sample.outcome === "correct" ? "good" : "bad")
      : block("Extracted answer", sample.no_answer || "none", "none"));
    if (body.reference !== undefined) answers.append(block("Right answer", body.reference));
    parts.push(answers);
    if (sample.fields) parts.push(fields(sample));
    return parts;
  };

  const told = (sample) => {
    const parts = [];
    if (sample.thinking) {
      parts.push(folded(`Thinking (${said.count(sample.thinking.length)} characters)`,
        () => [show(make("pre", "text"), sample.thinking)], !sample.response));
    }
    parts.push(block("Response", sample.response || "", sample.response ? "" : "none"));
    if (!sample.response) parts.at(-1).querySelector("pre").textContent = "(empty)";
    parts.push(facts(sample));
    return parts;
  };

  const votes = (body) => {
    const all = body.votes.reduce((sum, [, count]) => sum + count, 0);
    const table = make("table", "votes");
    table.append(make("caption", "", `Votes of ${said.count(all)} samples`));
    for (const [key, count] of body.votes.slice(0, 20)) {
      const row = make("tr", "");
      const bar = make("progress", "");
      bar.max = all;
      bar.value = count;
      const cell = make("td", "grow");
      cell.append(bar);
      row.append(show(make("th", "mono"), key), make("td", "", said.count(count)), cell);
      row.firstChild.scope = "row";
      table.append(row);
    }
    return table;
  };

  const samples = (body) => {
    const all = body.samples || [];
    const shown = all.some((sample) => sample.index === body.chosen) ? body.chosen : all[0]?.index;
    return all.map((sample) => {
      const tokens = sample.numbers?.completion_tokens;
      const words = [`Sample ${sample.index}`, said.outcome(sample.outcome)];
      if (tokens !== undefined) words.push(`${said.count(tokens)} tokens`);
      if (sample.key !== undefined && body.votes) words.push("votes for " + page.plain(sample.key.slice(0, 60)));
      if (sample.index === body.chosen) words.push("chosen");
      const box = folded(words.join(" · "), () => [...judged(sample, body, false), ...told(sample)], sample.index === shown);
      box.classList.add("sample");
      box.dataset.sample = sample.index;
      return box;
    });
  };

  const prompt = (body) => {
    const box = folded("Task, as the benchmark's script saw it", () => body.prompt.map(([name, text, plain]) => {
      if (!plain) return folded(page.plain(name), () => [show(make("pre", ""), text)], false);
      const one = block(page.plain(name), text);
      one.querySelector("pre").tabIndex = 0;  // long ones are scrolled, by keyboard too
      return one;
    }), true);
    box.classList.add("prompt");
    return box;
  };

  // The head stands at once; the texts follow when their piece is unpacked.
  const head = (id, outcome, difficulty) => {
    const box = make("header", "");
    const title = show(make("h3", "mono"), id);
    const link = make("a", "copy", "Copy link");
    link.href = tasks.anchor(id);
    const close = make("button", "close", "✕");
    close.type = "button";
    close.setAttribute("aria-label", "Close (Esc)");
    const line = make("p", "");
    line.append(badge(outcome), " ");
    if (difficulty) line.append(show(make("span", "quiet"), difficulty), " ");
    line.append(link);
    box.append(title, close, line);
    return box;
  };

  const parts = (body) => {
    const found = [];
    for (const failure of body.failures || []) found.push(show(make("p", "note"), failure));
    const alone = body.samples?.length === 1 && body.samples[0];
    if (body.votes && !alone) found.push(votes(body));
    if (alone) found.push(...judged(alone, body, true));
    if (body.prompt) found.push(prompt(body));
    found.push(...(alone ? told(alone) : samples(body)));
    if (!body.samples) found.push(make("p", "quiet", "No reply to this task is in the folder."));
    return found;
  };

  return { head, parts };
})();
