// One sample, as large as the window lets it: what the model saw, why it was kept, what became of it.

import { NAMES } from "/assets/card.js";
import { button } from "/assets/deciding.js";
import { bytes, count, element, list, since, text } from "/assets/format.js";
import { Picture } from "/assets/picture.js";
import { Thumbs, head } from "/assets/thumbs.js";

const LARGE = 4000; // as it was kept

export class SampleView {
  #thumbs = new Thumbs();
  #ahead = new Map(); // pictures by id: this one, and those to the left and right

  constructor(root, step) {
    this.root = root;
    this.sample = null;
    const canvas = element("canvas");
    this.picture = new Picture(canvas);
    this.veil = element("div", { class: "veil" });
    this.frame = element("div", { class: "frame" }, canvas, this.veil);
    this.boxes = element("button", { type: "button", "aria-pressed": "true", onclick: () => this.#toggle() }, "Boxes");
    this.before = button("← Newer", () => step(-1));
    this.next = button("Older →", () => step(1));
    this.facts = element("dl", { class: "list" });
    this.found = element("dl", { class: "list" });
    this.why = element("h2", { class: "why" });
    root.replaceChildren(
      element("div", { class: "tools" }, element("a", { class: "button", href: "#/samples" }, "← All samples"), this.before, this.next, this.boxes), this.frame,
      element("div", { class: "side" }, element("article", { class: "panel" }, this.why, this.facts),
        element("article", { class: "panel" }, element("h2", {}, "What the model saw"), this.found)));
    root.hidden = false;
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(canvas);
  }

  close() {
    this.observer.disconnect();
    this.#thumbs.clear();
    for (const coming of this.#ahead.values()) coming.then((bitmap) => bitmap?.close());
    this.root.hidden = true;
    this.root.replaceChildren();
  }

  redraw() {
    this.picture.draw();
  }

  async show(sample, { before, next }) {
    this.sample = null;
    this.picture.bitmap = null;
    this.picture.head = head(sample);
    this.frame.style.aspectRatio = `${sample.width} / ${sample.height}`;
    this.before.disabled = !before;
    this.next.disabled = !next;
    this.#told(sample);
    this.picture.draw();
    const coming = this.#coming(sample.id);
    for (const id of [next, before]) if (id) this.#coming(id);
    for (const [id, old] of this.#ahead) {
      if ([sample.id, before, next].includes(id)) continue;
      old.then((bitmap) => bitmap?.close());
      this.#ahead.delete(id);
    }
    const bitmap = await coming;
    if (this.sample?.id !== sample.id) return; // somebody went on
    this.picture.bitmap = bitmap;
    this.isMissing = !bitmap;
    this.#told(this.sample);
    this.picture.draw();
  }

  update(sample) {
    if (sample.id === this.sample?.id) this.#told(sample);
  }

  #coming(id) {
    if (!this.#ahead.has(id)) this.#ahead.set(id, this.#thumbs.fetch(id, LARGE));
    return this.#ahead.get(id);
  }

  #told(sample) {
    const isOther = this.sample?.id !== sample.id;
    if (isOther) this.isMissing = false;
    this.sample = sample;
    text(this.why, sample.why);
    this.veil.hidden = this.picture.bitmap !== null || !(this.isMissing || !sample.has_picture);
    text(this.veil, this.veil.hidden ? "" : sample.state === "refused" ? "rejected, and removed" : "the picture is not on this disk any more");
    list(this.facts, [["state", NAMES[sample.state] ?? sample.state, { kept: "", refused: "bad", approved: "good" }[sample.state] ?? "info"],
      ...(sample.reason ? [["reason", sample.reason]] : []),
      ["strategy", sample.strategy], ["source", sample.source],
      ["taken", `${new Date(sample.captured).toLocaleString()} (${since(sample.captured)} ago)`],
      ["frame", `${count(sample.seq)}, ${sample.width} × ${sample.height}, ${bytes(sample.size_bytes)}`],
      ...(sample.tags.length ? [["tags", sample.tags.join(", ")]] : []), ["id", sample.id]]);
    const objects = [...sample.objects].sort((a, b) => b.score - a.score);
    list(this.found, objects.length ? objects.map((found) => [found.class, found.score.toFixed(2)]) : [["nothing", "above the threshold"]]);
  }

  #toggle() {
    this.picture.shows.boxes = !this.picture.shows.boxes;
    this.boxes.setAttribute("aria-pressed", String(this.picture.shows.boxes));
    this.picture.draw();
  }
}
