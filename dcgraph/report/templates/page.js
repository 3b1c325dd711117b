
"use strict";
// Shows the likelihood maps of the image that is pointed at, tapped, or reached with the Tab key.
// Without this script they stand beside each image.
const dcgraph = {
  start() {
    document.documentElement.classList.add("scripts");
    const viewer = document.getElementById("viewer");
    if (!viewer) return;
    for (const look of document.querySelectorAll("div.look")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = look.className;
      button.dataset.caption = look.dataset.caption;
      button.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-controls", "viewer");
      button.append(...look.childNodes);
      look.replaceWith(button);
    }
    viewer.hidden = false;
    // the first of the least likely, where there is most to see
    dcgraph.show(document.querySelector("#least button.look"));
  },

  show(button) {
    const viewer = document.getElementById("viewer");
    if (!viewer || !button || button.getAttribute("aria-pressed") === "true") return;
    for (const other of document.querySelectorAll("button.look")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    document.getElementById("viewer-caption").textContent = button.dataset.caption;
    const first = document.createElement("figure");
    const label = document.createElement("figcaption");
    label.textContent = "image";
    first.append(button.querySelector("img").cloneNode(), label);
    const maps = button.parentElement.querySelectorAll(".maps figure");
    const copies = Array.from(maps, (map) => map.cloneNode(true));
    document.getElementById("viewer-images").replaceChildren(first, ...copies);
  },
};

for (const kind of ["focusin", "click"]) {
  document.addEventListener(kind, (event) => dcgraph.show(event.target.closest("button.look")));
}
let pointed = "";
document.addEventListener("mousemove", (event) => {
  // a page that moves under a mouse at rest is no pointing
  const place = `${event.screenX} ${event.screenY}`;
  if (place !== pointed) dcgraph.show(event.target.closest("button.look"));
  pointed = place;
});
dcgraph.start();
