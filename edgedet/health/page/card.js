// One sample in the grid: its picture, why it was kept, and what was decided about it.

import { count, element, since, text } from "/assets/format.js";
import { Picture } from "/assets/picture.js";
import { head } from "/assets/thumbs.js";

const BADGES = { kept: "", approved: "good", uploaded: "info", annotated: "info", done: "info", refused: "bad" };
export const NAMES = { kept: "waits", approved: "approved", uploaded: "sent", annotated: "sent", done: "done", refused: "refused" };

export class Card {
  constructor(sample, actions) {
    this.sample = sample;
    this.isLoaded = false;
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.picture = new Picture(this.canvas);
    this.picture.head = head(sample);
    this.veil = element("div", { class: "veil" });
    this.box = element("input", { type: "checkbox", tabIndex: -1, "aria-label": `Select ${sample.id}`,
      onclick: (event) => { event.stopPropagation(); actions.select(this, event.shiftKey); } });
    this.badge = element("span", { class: "badge" });
    this.when = element("span", { class: "when" });
    this.root = element("article", { class: "sample", tabIndex: -1,
      onclick: (event) => { if (event.target !== this.box) actions.open(this); }, onfocus: () => actions.focus(this) },
    element("div", { class: "frame" }, this.canvas, this.veil, this.box),
    element("p", { class: "why", title: sample.why }, sample.why),
    element("p", { class: "origin" }, element("b", {}, sample.source), this.when, this.badge));
    this.root.dataset.sample = sample.id;
    this.update(sample);
  }

  get isSelected() {
    return this.box.checked;
  }

  set isSelected(on) {
    this.box.checked = on;
    this.root.classList.toggle("selected", on);
  }

  get width() {
    return this.canvas.clientWidth * Math.min(window.devicePixelRatio || 1, 2);
  }

  async load(thumbs) {
    if (this.isLoaded) return;
    this.isLoaded = true;
    const bitmap = this.sample.has_picture ? await thumbs.fetch(this.sample.id, this.width) : null;
    if (bitmap) this.picture.put(head(this.sample), bitmap);
    this.#cover();
  }

  update(sample) {
    this.sample = sample;
    this.root.classList.toggle("decided", sample.state !== "kept");
    this.badge.className = `badge ${BADGES[sample.state] ?? "quiet"}`;
    text(this.badge, sample.state === "kept" ? "" : NAMES[sample.state] ?? sample.state);
    this.badge.hidden = sample.state === "kept";
    this.badge.title = sample.reason;
    text(this.when, `${since(sample.captured)} ago`);
    const objects = `${count(sample.objects.length)} ${sample.objects.length === 1 ? "object" : "objects"}`;
    this.root.setAttribute("aria-label", `${sample.source}, ${sample.why}, ${objects}, ${NAMES[sample.state] ?? sample.state}`);
    this.#cover();
  }

  #cover() {
    const isGone = !this.sample.has_picture || (this.isLoaded && !this.picture.bitmap);
    this.veil.hidden = !isGone;
    text(this.veil, isGone ? (this.sample.state === "refused" ? "removed" : "not on this disk any more") : "");
  }

  close() {
    this.picture.bitmap?.close();
    this.root.remove();
  }
}
