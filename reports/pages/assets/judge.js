"use strict";
// The judge at work: which text, which criterion, what a key does.
(async () => {
  const at = (id) => document.getElementById(id);
  const told = await page.unpack("told");
  const { scale, criteria } = told.rubric;
  let place = 0;
  let open = 0;
  let blocked = false;
  let leaving = false;
  let pace = told;
  let typed = 0;
  let shown = null;
  let put = "";

  const say = (words) => { at("said").textContent = words; };
  const trouble = (words, button, remedy) => {
    blocked = true;
    at("what").textContent = words;
    at("remedy").textContent = button;
    at("remedy").onclick = remedy;
    at("trouble").hidden = false;
    at("remedy").focus();
  };
  const reload = () => { leaving = true; desk.keep(); location.reload(); };
  const keys = (count) => (count === 1 ? "The last key is" : `The last ${count} keys are`);

  // What the judge gave, and another tab or program had given otherwise meanwhile.
  const refused = (lost) => trouble(lost.map(({ id, criterion, value }) => {
    const number = desk.entries.findIndex((entry) => entry.id === id);
    const of = number < 0 ? "a text that is not in the file any more" : `text ${number + 1}`;
    return `Not taken: ${criterion === null ? "the note" : `${show.spaced(criterion)} ${value ?? "(taken away)"}`} for ${of}, which has something else by now.`;
  }).join(" "), "Go on", goOn);
  const goOn = () => {
    blocked = false;
    at("trouble").hidden = true;
    at("candidate").focus();
  };

  const heard = {
    foreign: reload,
    merged: (lost) => {
      if (shown && document.activeElement !== at("note")) putNote();
      if (shown && !desk.whole(shown)) open = firstOpen(shown);
      refresh();
      if (lost.length) refused(lost);
    },
    saving: () => show.saved("", "saving …"),
    saved: (said) => {
      pace = said;
      show.saved("good", `saved in ${page.plain(told.saved_in)}`);
      show.progress(desk.done(), pace);
    },
    failed: (by, why) => {
      const count = desk.unsaved();
      show.saved("bad", count ? `${count} not saved` : "");
      if (by === "file") {
        trouble(`${page.plain(told.saved_in)} was changed by another program (an editor, an export), and nothing in it was overwritten. `
          + (count ? `${keys(count)} not saved yet, and ${count === 1 ? "is" : "are"} given again where the file has no other score.` : ""),
        "Take over the file as it is now", reload);
      } else if (by === "gone") {
        trouble(`judge serve does not answer; it may have been stopped. ${count ? `${keys(count)} not saved` : "All is saved"}; `
          + "if it was stopped, start it again by the same command and go on at its new address.", "Try again", retry);
      } else if (by === "disk") {
        trouble(`${keys(count)} not saved: ${page.plain(why)}.`, "Try again", retry);
      } else {
        trouble(`${keys(count)} not saved: ${page.plain(why)}`, "Load the page anew", reload);
      }
    },
  };
  const retry = () => {
    goOn();
    desk.retry();
    if (!desk.unsaved()) desk.look();
  };

  const desk = makeDesk(told, heard);
  const show = makeShow(told, {
    open: (number) => { open = number; refresh(); },
    score: (number, value) => {
      if (number !== null) open = number;
      const taken = desk.entries[place].scores[criteria[open].name] === value;
      give(taken ? null : value);
    },
  });
  // In the address, where loading anew finds it; ids of ours are so made, and others stay out of it.
  const markOf = ({ id }) => (/^\w{1,40}$/.test(id) ? id : "");
  // As the field has it, which keeps other line ends than a file: a note that nobody touched is not changed.
  const putNote = () => {
    at("note").value = shown.note;
    put = at("note").value;
  };
  const ended = () => place >= desk.entries.length;

  const refresh = () => {
    const here = document.activeElement;
    at("judging").hidden = at("quick").hidden = ended();
    at("end").hidden = !ended();
    at("undo").disabled = !desk.undoable();
    at("back").disabled = place === 0;
    at("on").disabled = ended();
    at("skip").disabled = ended() && desk.done() === desk.entries.length;
    show.progress(desk.done(), pace);
    if (ended()) return;
    show.scores(desk.entries[place], open);
    if (here && here !== document.body && at("criteria").contains(here) && !here.checkVisibility()) show.cards[open].head.focus();
  };

  const end = () => {
    const missing = desk.entries.length - desk.done();
    at("end-name").textContent = missing ? "The end of the file" : "All texts are judged";
    at("end-what").textContent = missing
      ? `${missing.toLocaleString("en")} ${missing === 1 ? "text lacks a score" : "texts lack a score"}: n goes to the first of them.`
      : `Every score is saved in ${page.plain(told.saved_in)}. To look at a text again, go back (k).`;
    at("next").hidden = missing > 0;
  };

  const firstOpen = (entry) => Math.max(0, criteria.findIndex(({ name }) => entry.scores[name] === null));

  const go = (to, quietly) => {
    note();
    shown = null;
    place = Math.max(0, Math.min(desk.entries.length, to));
    if (ended()) {
      end();
    } else {
      open = firstOpen(desk.entries[place]);
      shown = desk.entries[place];
      show.candidate(shown, place);
      putNote();
    }
    refresh();
    history.replaceState(null, "", `#${ended() ? "end" : markOf(desk.entries[place])}`);
    if (quietly) return;
    const target = at(ended() ? "end" : "candidate");
    target.focus({ preventScroll: true });
    if (target.getBoundingClientRect().top < 0) target.scrollIntoView({ block: "start" });
    say(ended() ? `${at("end-name").textContent}. ${at("end-what").textContent}` : `${at("place").textContent}. ${show.spaced(criteria[open].name)}`);
  };

  // The next text that lacks a score, after this one, else from the beginning; the end when there is none.
  const next = () => {
    const lacking = desk.entries.map((entry, number) => (desk.whole(entry) ? -1 : number)).filter((number) => number >= 0);
    const after = lacking.find((number) => number > place);
    go(after ?? lacking.find((number) => number !== place) ?? (lacking.length ? place : desk.entries.length));
  };

  const give = (value) => {
    const entry = desk.entries[place];
    const { name } = criteria[open];
    const before = desk.whole(entry);
    desk.change(entry.id, name, value);
    const said = value === null ? `${show.spaced(name)}: taken away` : `${show.spaced(name)} ${value}`;
    if (value !== null && open + 1 < criteria.length) {
      open += 1;
    } else if (value !== null && !desk.whole(entry)) {
      open = firstOpen(entry);
    } else if (value !== null) {
      if (before) go(place + 1); else next();
      return;
    }
    refresh();
    say(`${said}. ${show.spaced(criteria[open].name)}`);
  };

  const undo = () => {
    const last = desk.undo();
    if (!last) { say("Nothing to take back"); return; }
    const to = desk.entries.findIndex((entry) => entry.id === last.id);
    if (to !== place) go(to, true);
    if (last.criterion === null) putNote();
    else open = Math.max(0, criteria.findIndex(({ name }) => name === last.criterion));
    refresh();
    say(`Taken back: ${last.criterion === null ? "the note" : `${show.spaced(last.criterion)} ${last.value ?? ""}`}. ${at("place").textContent}`);
  };

  const note = () => {
    clearTimeout(typed);
    if (!shown || at("note").value === put) return;
    put = at("note").value;
    if (desk.change(shown.id, null, put)) at("undo").disabled = false;
  };

  const actions = {
    j: () => go(place + 1), ArrowRight: () => go(place + 1), k: () => go(place - 1), ArrowLeft: () => go(place - 1),
    n: next, u: undo, m: () => at("note").focus(), "?": () => at("help").showModal(),
  };

  addEventListener("keydown", (event) => {
    if (blocked || at("help").open || event.isComposing) return;
    if (event.target === at("note")) {
      if (event.key === "Escape") at("candidate").focus();
      return;
    }
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "z") {
      event.preventDefault();
      undo();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const score = scale.find((one) => show.keyOf(one) === event.key);
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (score !== undefined && !ended()) {
      if (!event.repeat) give(score);
    } else if (step && at("criteria").contains(document.activeElement)) {
      open = (open + step + criteria.length) % criteria.length;
      refresh();
      show.cards[open].head.focus();
    } else if (actions[event.key]) {
      actions[event.key]();
    } else {
      return;
    }
    event.preventDefault();
  });
  at("back").addEventListener("click", actions.k);
  at("on").addEventListener("click", actions.j);
  at("skip").addEventListener("click", next);
  at("undo").addEventListener("click", undo);
  at("ask").addEventListener("click", actions["?"]);
  at("note").addEventListener("change", note);
  at("note").addEventListener("input", () => { clearTimeout(typed); typed = setTimeout(note, 500); });
  addEventListener("focus", () => desk.look());
  addEventListener("pagehide", note);
  addEventListener("beforeunload", (event) => {
    if (!leaving && blocked && desk.unsaved()) event.preventDefault(); // what is on its way arrives though the page is left
  });

  const lost = desk.again();
  const asked = location.hash.slice(1);
  const there = desk.entries.findIndex((entry) => asked && markOf(entry) === asked);
  const lacking = desk.entries.findIndex((entry) => !desk.whole(entry));
  at("how").open = !desk.done();
  at("judging").hidden = at("steps").hidden = false;
  go(there >= 0 ? there : lacking >= 0 ? lacking : desk.entries.length, true);
  if (lost.length) refused(lost);
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
})();
