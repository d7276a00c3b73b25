"use strict";
// The scores while they are given: what the page has, what is not saved yet, what can be taken back.
//
// A change counts in the page at once and waits here until the server has it in the file. What waits, and what was given,
// is also kept by the tab, so that loading the page anew loses neither.
const makeDesk = (told, heard) => {
  const KEY = "judge " + told.file;
  const LONGEST = 2000;
  const byId = new Map(told.entries.map((entry) => [entry.id, entry]));
  const names = told.rubric.criteria.map((criterion) => criterion.name);
  let revision = told.revision;
  let waiting = [];
  let given = [];
  let sending = false;
  let stopped = false;

  const kept = () => {
    try { return JSON.parse(sessionStorage.getItem(KEY)) || {}; } catch { return {}; }
  };
  const keep = () => {
    try { sessionStorage.setItem(KEY, JSON.stringify({ waiting, given: given.slice(-LONGEST) })); } catch { /* full, or off */ }
  };

  const valueOf = (entry, criterion) => (criterion === null ? entry.note : entry.scores[criterion]);
  const put = ({ id, criterion, value }) => {
    const entry = byId.get(id);
    if (criterion === null) entry.note = value; else entry.scores[criterion] = value;
  };
  const whole = (entry) => names.every((name) => entry.scores[name] !== null);

  const send = async () => {
    if (sending || stopped || !waiting.length) return;
    sending = true;
    heard.saving();
    const batch = [];
    for (let size = 0; batch.length < Math.min(waiting.length, 1000) && size < 400000;) { // at least one; long notes go singly
      batch.push(waiting[batch.length]);
      size += JSON.stringify(batch.at(-1)).length * 6;
    }
    let answer = null;
    let said = {};
    const body = JSON.stringify({ revision, changes: batch.map(({ id, criterion, value }) => ({ id, criterion, value })) });
    try {
      answer = await fetch("save", {
        method: "POST", headers: { "Content-Type": "application/json" }, cache: "no-store", body,
        keepalive: body.length < 15000, // goes out though the page is left; browsers allow 64 KiB
      });
      said = answer.headers.get("Content-Type") === "application/json" ? await answer.json() : { error: await answer.text() };
    } catch { answer = null; }
    sending = false;
    if (answer && answer.ok) {
      revision = said.revision;
      waiting.splice(0, batch.length);
      keep();
      heard.saved(said);
      send();
      return;
    }
    if (answer && said.by === "tab") {
      merge(said);
      send();
      return;
    }
    stopped = true;
    heard.failed(answer ? said.by || "server" : "gone", said.error || "");
  };

  const change = (id, criterion, value) => {
    const before = valueOf(byId.get(id), criterion);
    if (before === value) return false;
    const made = { id, criterion, value, before };
    put(made);
    waiting.push(made);
    const last = given.at(-1);
    if (criterion === null && last && last.id === id && last.criterion === null) last.value = value; // one note, not its letters
    else given.push({ ...made });
    keep();
    send();
    return true;
  };

  // Takes back the last change that still stands; gives it, or null.
  const undo = () => {
    while (given.length) {
      const last = given.pop();
      const entry = byId.get(last.id);
      if (!entry || valueOf(entry, last.criterion) !== last.value) continue;
      const made = { ...last, value: last.before, before: last.value };
      put(made);
      waiting.push(made);
      keep();
      send();
      return last;
    }
    return null;
  };

  // Changes that were not saved are given again, where nobody else has given something there meanwhile; gives the others.
  const repeat = (changes) => {
    const lost = [];
    for (const made of changes) {
      const entry = byId.get(made.id);
      if (!entry || (made.criterion !== null && !names.includes(made.criterion))) { lost.push(made); continue; }
      const now = valueOf(entry, made.criterion);
      if (now === made.value) continue;
      if (now !== made.before) { lost.push(made); continue; }
      put(made);
      waiting.push(made);
    }
    keep();
    return lost;
  };

  // After the page was loaded anew.
  const again = () => {
    const before = kept();
    given = Array.isArray(before.given) ? before.given : [];
    const lost = repeat(Array.isArray(before.waiting) ? before.waiting : []);
    send();
    return lost;
  };

  // What another tab has given is taken over; what waits here goes on waiting, or is told.
  const merge = (news) => {
    if (news.entries.length !== byId.size || !news.entries.every(({ id }) => byId.has(id))) { heard.foreign(); return; }
    for (const { id, scores, note } of news.entries) Object.assign(byId.get(id), { scores, note });
    revision = news.revision;
    const changes = waiting;
    waiting = [];
    heard.merged(repeat(changes));
  };

  // Whether the file is still what this page knows.
  const look = async () => {
    if (sending || stopped) return;
    let said = null;
    try {
      const answer = await fetch(`look/${revision}`, { cache: "no-store" });
      said = answer.ok ? await answer.json() : null;
    } catch { said = null; }
    if (sending || stopped || waiting.length) return; // the save will tell
    if (said && said.entries && said.revision > revision) merge(said);
    if (said && !said.changed) return;
    stopped = true;
    heard.failed(said ? "file" : "gone", "");
  };

  return {
    entries: told.entries, whole, change, undo, again, look, keep,
    done: () => told.entries.filter(whole).length,
    unsaved: () => waiting.length,
    retry: () => { stopped = false; send(); },
    undoable: () => given.length > 0,
  };
};
