// One source, large: its picture, how it is doing, and the editor of its zones.

import { Editor } from "/assets/editor.js";
import { count, element, list, milliseconds, rate, since, words } from "/assets/format.js";
import { keeper } from "/assets/keep.js";
import { Picture } from "/assets/picture.js";
import { badge, veil } from "/assets/tiles.js";

export class SourceView {
  constructor(root, source) {
    this.root = root;
    this.id = source.id;
    this.held = false;
    this.editor = null;
    const canvas = element("canvas");
    this.picture = new Picture(canvas);
    this.picture.places = source;
    this.frame = element("div", { class: "frame" }, canvas, this.veil = element("div", { class: "veil" }));
    this.badge = element("span", { class: "badge" });
    this.facts = element("dl", { class: "list" });
    this.found = element("dl", { class: "list" });
    this.side = element("div", { class: "side" },
      element("article", { class: "panel" }, element("h2", {}, "How it is doing"), this.facts),
      element("article", { class: "panel" }, element("h2", {}, "In the picture"), this.found));
    const tools = element("div", { class: "tools" },
      this.#toggle("Boxes", true, (on) => { this.picture.shows.boxes = on; }),
      this.#toggle("Zones", true, (on) => { this.picture.shows.zones = on && !this.editor; }),
      this.#toggle("Hold the picture", false, (on) => { this.held = on; }),
      this.edit = this.#toggle("Edit zones", false, (on) => this.#edit(on)),
      (this.keep = keeper(source.id)).root);
    root.replaceChildren(element("header", {}, element("a", { class: "button", href: "#/" }, "← All sources"),
      element("h2", {}, source.id), this.badge, tools), this.frame, this.side);
    root.hidden = false;
    this.observer = new ResizeObserver(() => this.picture.draw());
    this.observer.observe(canvas);
    this.update(source);
  }

  get width() {
    return this.picture.canvas.clientWidth * Math.min(window.devicePixelRatio || 1, 2);
  }

  close() {
    this.editor?.close();
    this.observer.disconnect();
    this.root.hidden = true;
    this.root.replaceChildren();
  }

  put(head, bitmap) {
    if (head.source !== this.id || this.held) {
      bitmap.close();
      return;
    }
    this.frame.style.aspectRatio = `${head.width} / ${head.height}`;
    this.picture.put(head, bitmap);
    this.veil.hidden = this.isFine;
    const counts = new Map();
    for (const { label, score } of head.objects) {
      const best = counts.get(label) ?? { number: 0, score: 0 };
      counts.set(label, { number: best.number + 1, score: Math.max(best.score, score) });
    }
    list(this.found, [["frame", `${count(head.seq)}, ${head.width} × ${head.height}`], ["taken", head.capture.slice(11, 23)],
      ...[...counts].map(([label, { number, score }]) => [label, `${number}, best ${score.toFixed(2)}`])]);
  }

  update(source, canKeep = false) {
    this.keep.root.hidden = !canKeep;
    this.isFine = ["live", "degraded", "ended"].includes(source.state);
    this.source = source;
    if (!this.editor) this.picture.places = source;
    badge(this.badge, source.state);
    veil(this.veil, source, this.picture.bitmap !== null);
    list(this.facts, [
      ["state", `${words(source.state)}, since ${since(source.since)}`],
      ...(source.reason ? [["reason", source.reason]] : []),
      ["decoded", `${rate(source.fps_in)} a second`], ["detected", `${rate(source.fps)} a second`],
      ["latency", `${milliseconds(source.p50_ms)} · p99 ${milliseconds(source.p99_ms)}`],
      ["frames", `${count(source.decoded)} decoded, ${count(source.detected)} detected`],
      ["left out", count(source.dropped)], ["opened again", count(source.reconnects)],
      ["objects", `${count(source.objects_total)} so far`],
      ...(source.decoder ? [["decoder", source.decoder]] : []),
    ]);
  }

  #edit(on) {
    this.editor?.root.remove();
    this.editor?.close();
    this.editor = on ? new Editor(this.id, this.picture, this.source) : null;
    if (this.editor) this.side.prepend(this.editor.root);
  }

  #toggle(name, isOn, change) {
    const button = element("button", { type: "button", "aria-pressed": String(isOn), onclick: () => {
      isOn = !isOn;
      button.setAttribute("aria-pressed", String(isOn));
      change(isOn);
      this.picture.draw();
    } }, name);
    return button;
  }
}
