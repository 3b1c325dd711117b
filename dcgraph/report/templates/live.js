
"use strict";
// Asks the server for a newer page and puts it in this one's place: where one reads, what is open
// and what has the focus stay as they are.
(() => {
  const PAUSE = 2000; // milliseconds
  let known = document.body.dataset.version;

  const say = (text) => {
    const line = document.getElementById("live");
    if (line.textContent !== text) line.textContent = text;
  };

  const focusable = () => [...document.querySelectorAll("a, button, summary, [tabindex]")];

  const replace = (text) => {
    const next = new DOMParser().parseFromString(text, "text/html");
    const open = Array.from(document.querySelectorAll("details[open]"), (each) => each.id);
    const focus = focusable().indexOf(document.activeElement);
    const shown = document.querySelector("button.look[aria-pressed=true]");
    const tile = shown && shown.parentElement.id;
    const height = window.scrollY;
    document.title = next.title;
    document.body.replaceChildren(...next.body.querySelectorAll(":scope > :not(script)"));
    for (const id of open) {
      const details = document.getElementById(id);
      if (details) details.open = true;
    }
    dcgraph.start();
    if (tile) dcgraph.show(document.querySelector(`#${tile} button.look`));
    if (focus >= 0 && focus < focusable().length) {
      focusable()[focus].focus({ preventScroll: true });
    }
    window.scrollTo({ top: height, behavior: "instant" });
  };

  const look = async () => {
    try {
      const answer = await fetch("/", { cache: "no-cache" });
      const version = answer.headers.get("ETag");
      if (answer.ok && version !== `"${known}"`) {
        replace(await answer.text());
        known = version.slice(1, -1);
        say("Updated.");
      } else {
        say("Watching.");
      }
    } catch {
      say("The watch has ended: this is what the page last showed.");
    }
    setTimeout(look, PAUSE);
  };
  look();
})();
