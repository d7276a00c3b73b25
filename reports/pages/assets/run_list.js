"use strict";
// A list of any length of which only the rows in sight are in the page. Rows have one height, so places are products.
const makeList = (box, rows, fill, moved) => {
  const ROW = 58;
  const MORE = 6;      // rows drawn above and below what is in sight
  let items = [];
  let active = -1;     // place in `items`
  const drawn = new Map();

  const draw = () => {
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - MORE);
    const last = Math.min(items.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + MORE);
    for (const [place, row] of drawn) {
      if (place < first || place >= last) { row.remove(); drawn.delete(place); }
    }
    for (let place = first; place < last; place++) {
      if (drawn.has(place)) continue;
      const row = fill(items[place]);
      row.id = "row" + place;
      row.setAttribute("role", "option");
      row.setAttribute("aria-setsize", items.length);
      row.setAttribute("aria-posinset", place + 1);
      row.style.transform = `translateY(${place * ROW}px)`;
      row.dataset.place = place;
      drawn.set(place, row);
      rows.append(row);
    }
    for (const [place, row] of drawn) row.setAttribute("aria-selected", place === active);
    if (drawn.has(active)) box.setAttribute("aria-activedescendant", "row" + active);
    else box.removeAttribute("aria-activedescendant");
  };

  const reveal = () => {
    const top = active * ROW;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW - box.clientHeight;
  };

  const activate = (place) => {
    if (!items.length) return;
    active = Math.max(0, Math.min(items.length - 1, place));
    reveal();
    draw();
    moved(items[active]);
  };

  // Other items; the same one stays active where it is among them.
  const set = (next) => {
    const kept = active >= 0 ? items[active] : undefined;
    items = next;
    active = kept === undefined ? -1 : items.indexOf(kept);
    rows.style.height = items.length * ROW + "px";
    for (const row of drawn.values()) row.remove();
    drawn.clear();
    if (active >= 0) reveal(); else box.scrollTop = 0;
    draw();
  };

  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  };
  box.addEventListener("scroll", soon, { passive: true });
  new ResizeObserver(soon).observe(box);

  return {
    set, activate, draw,
    move: (by) => activate(active < 0 ? 0 : active + by),
    jump: (place) => activate(place < 0 ? items.length - 1 : place),
    page: () => Math.max(1, Math.floor(box.clientHeight / ROW) - 1),
    item: () => (active >= 0 ? items[active] : undefined),
    place: () => active,
    find: (item) => items.indexOf(item),
    count: () => items.length,
  };
};
