"use strict";
// What other scripts of a page build on: reading the data blocks, and showing text that nobody can trust.
const page = (() => {
  // Controls, formats (bidirectional, zero-width), surrogates, unassigned, separators: spelled out, as in the terminal.
  // Joiners are left where emoji and scripts are written with them: between two pictures, between two such letters.
  const JOINED = "[\\p{sc=Arab}\\p{sc=Syrc}\\p{sc=Mong}\\p{sc=Deva}\\p{sc=Beng}\\p{sc=Guru}\\p{sc=Gujr}\\p{sc=Orya}\\p{sc=Taml}\\p{sc=Telu}\\p{sc=Knda}\\p{sc=Mlym}\\p{sc=Sinh}]\\p{M}*";
  const PICTURE = "\\p{Extended_Pictographic}[\\ufe0f\\p{Emoji_Modifier}]*";
  const UNSAFE = new RegExp("(?![\\n\\t])[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Co}\\p{Cn}\\p{Zl}\\p{Zp}]"
    + `(?<!${PICTURE}\\u200d(?=${PICTURE}))(?<!${JOINED}[\\u200c\\u200d](?=${JOINED}))`, "gu");

  const data = (id) => JSON.parse(document.getElementById(id).textContent);

  const bytes = (base64) => {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
    const text = atob(base64);
    const found = new Uint8Array(text.length);
    for (let place = 0; place < text.length; place++) found[place] = text.charCodeAt(place);
    return found;
  };

  const unpack = async (id) => {
    const stream = new Blob([bytes(document.getElementById(id).textContent)]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).json();
  };

  const spelled = (char) => {
    const code = char.codePointAt(0);
    const [mark, width] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
    return "\\" + mark + code.toString(16).padStart(width, "0");
  };

  // An element with text in it; never markup.
  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // Puts `text` into `element` as it is, but for characters that would hide or turn around what is read.
  const show = (element, text) => {
    let from = 0;
    const parts = [];
    for (const found of text.matchAll(UNSAFE)) {
      if (found.index > from) parts.push(text.slice(from, found.index));
      parts.push(make("span", "ctl", spelled(found[0])));
      from = found.index + found[0].length;
    }
    parts.push(text.slice(from));
    element.replaceChildren(...parts);
    return element;
  };

  const plain = (text) => text.replace(UNSAFE, spelled);

  return { data, unpack, make, show, plain };
})();
