"use strict";
// Light or dark: as the system says until somebody chooses; the choice is kept where the browser lets a page keep one.
(() => {
  const KEY = "bench-runner-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  const stored = () => {
    try { return localStorage.getItem(KEY); } catch { return null; }
  };
  const store = (theme) => {
    try { localStorage.setItem(KEY, theme); } catch { /* from disk some browsers keep nothing */ }
  };
  const shown = () => root.dataset.theme || (system.matches ? "dark" : "light");

  const chosen = stored();
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

  const toggle = () => {
    root.dataset.theme = shown() === "dark" ? "light" : "dark";
    store(root.dataset.theme);
  };

  addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", toggle);
  });
  addEventListener("keydown", (event) => {
    const typing = event.target.closest && event.target.closest("input, select, textarea");
    if (event.key === "t" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) toggle();
  });
})();
