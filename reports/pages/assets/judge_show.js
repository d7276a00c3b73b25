"use strict";
// What stands on the judge's page: the rubric, made once; a text with its scenario and scores. Texts are never markup.
const makeShow = (told, pressed) => {
  const LONGEST = 100000;
  const at = (id) => document.getElementById(id);
  const { scale, criteria, version, instructions } = told.rubric;
  const keyOf = (score) => (score < 10 ? String(score) : scale[0] === 0 ? "x" : "0");

  const spaced = (name) => page.plain(name.replaceAll("_", " "));

  const scoreButton = (score, name) => {
    const button = page.make("button", "score");
    button.type = "button";
    button.dataset.score = score;
    const key = page.make("kbd", "", keyOf(score));
    key.setAttribute("aria-hidden", "true");
    button.append(key);
    button.setAttribute("aria-label", `${name}: ${score}`);
    return button;
  };

  const anchorOf = ({ score, meaning, examples }, name) => {
    const button = scoreButton(score, name);
    button.removeAttribute("aria-label");
    const words = page.make("span", "words");
    const number = page.make("span", "visually-hidden", `${score}: `);
    words.append(number, page.show(page.make("span"), meaning));
    for (const example of examples) {
      const line = page.make("span", "example");
      line.append(page.make("span", "visually-hidden", "Example: "), page.show(page.make("span"), example));
      words.append(line);
    }
    button.append(words);
    return button;
  };

  // One card a criterion: its name and score, and while it is open its question and what each score means.
  const cards = criteria.map(({ name, question, anchors }, number) => {
    const card = page.make("section", "card");
    const heading = page.make("h3");
    const head = page.make("button", "head");
    head.type = "button";
    const score = page.make("span", "given");
    head.append(page.make("span", "name", spaced(name)), score);
    heading.append(head);
    const body = page.make("div", "body");
    body.id = `criterion-${number}`;
    head.setAttribute("aria-controls", body.id);
    body.append(page.show(page.make("p", "question"), question));
    const list = page.make("div", "anchors");
    list.setAttribute("role", "group");
    list.setAttribute("aria-label", spaced(name));
    const buttons = anchors.map((anchor) => anchorOf(anchor, spaced(name)));
    list.append(...buttons);
    body.append(list);
    card.append(heading, body);
    head.addEventListener("click", () => pressed.open(number));
    for (const button of buttons) button.addEventListener("click", () => pressed.score(number, Number(button.dataset.score)));
    at("criteria").append(card);
    return { card, head, score, body, buttons };
  });

  const quick = scale.map((score) => {
    const button = scoreButton(score, "");
    button.addEventListener("click", () => pressed.score(null, score));
    at("quick-scores").append(button);
    return button;
  });

  at("rubric-name").textContent = `Rubric ${page.plain(version)}`;
  page.show(at("instructions"), instructions.replace(/(?<!\n)\n(?![\n*\d-])/g, " "));  // lines are filled anew, paragraphs kept
  at("how").hidden = !instructions;
  at("score-keys").append(...scale.flatMap((score) => [page.make("kbd", "", keyOf(score)), " "]));
  if (scale.at(-1) === 10) at("score-keys").append(`(${keyOf(10)} is 10)`);

  // Beside the text, what is open is whole in sight; below the text it would take that one away.
  const fit = (card) => {
    if (document.documentElement.dataset.ready && matchMedia("(min-width: 900px)").matches) card.scrollIntoView({ block: "nearest" });
  };

  const scores = (entry, open) => {
    cards.forEach(({ card, head, score, body, buttons }, number) => {
      const value = entry.scores[criteria[number].name];
      score.textContent = value === null ? "no score" : String(value);
      score.classList.toggle("none", value === null);
      card.classList.toggle("open", number === open);
      head.setAttribute("aria-expanded", String(number === open));
      body.hidden = number !== open;
      for (const button of buttons) button.setAttribute("aria-pressed", String(Number(button.dataset.score) === value));
    });
    fit(cards[open].card);
    const { name } = criteria[open];
    at("quick-name").textContent = spaced(name);
    at("quick").setAttribute("aria-label", `Score of ${spaced(name)}`);
    for (const button of quick) {
      button.setAttribute("aria-label", `${spaced(name)}: ${button.dataset.score}`);
      button.setAttribute("aria-pressed", String(Number(button.dataset.score) === entry.scores[name]));
    }
  };

  const text = (entry) => {
    const long = entry.text.length > LONGEST;
    page.show(at("text"), long ? entry.text.slice(0, LONGEST) : entry.text);
    at("whole").hidden = !long;
    at("whole").textContent = `Show all ${entry.text.length.toLocaleString("en")} characters (${LONGEST.toLocaleString("en")} are shown)`;
    at("whole").onclick = () => { page.show(at("text"), entry.text); at("whole").hidden = true; at("candidate").focus(); };
  };

  const candidate = (entry, place) => {
    at("place").textContent = `Text ${(place + 1).toLocaleString("en")} of ${told.entries.length.toLocaleString("en")}`;
    at("scenario").replaceChildren(...Object.entries(entry.scenario).map(([name, value]) => {
      const pair = page.make("div");
      const said = page.show(page.make("dd"), value);
      said.dir = "auto";
      pair.append(page.make("dt", "", spaced(name)), said);
      return pair;
    }));
    text(entry);
  };

  const minutes = (seconds) => `${Math.max(1, Math.round(seconds / 60)).toLocaleString("en")} min`;

  const progress = (done, { spent_s: spent, finished }) => {
    const all = told.entries.length;
    at("bar").max = all;
    at("bar").value = done;
    at("count").textContent = `${done.toLocaleString("en")} of ${all.toLocaleString("en")} judged`;
    const words = [];
    if (spent >= 60) words.push(`${minutes(spent)} so far`);
    if (finished > 2 && done < all) words.push(`about ${minutes((spent / finished) * (all - done))} to go`);
    at("pace").textContent = words.length ? `· ${words.join(", ")}` : "";
  };

  const saved = (kind, words) => {
    at("saved").className = `saved ${kind}`;
    at("saved").textContent = words;
  };

  return { cards, keyOf, spaced, candidate, scores, progress, saved };
};
