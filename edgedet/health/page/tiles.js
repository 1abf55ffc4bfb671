// The grid of all sources: a tile each, and pictures only for those that are on the screen.

import { STATES, element, milliseconds, rate, since, text, words } from "/assets/format.js";
import { keeper } from "/assets/keep.js";
import { Picture } from "/assets/picture.js";

export class Grid {
  #tiles = new Map();
  #visible = new Set();
  #observer;

  constructor(root, onVisible) {
    this.root = root;
    this.#observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.#visible.add(target.dataset.source);
        else this.#visible.delete(target.dataset.source);
      }
      onVisible();
    }, { rootMargin: "80px" });
    new ResizeObserver(() => this.redraw()).observe(root);
  }

  get visible() {
    return [...this.#tiles.keys()].filter((id) => this.#visible.has(id));
  }

  // How wide a picture has to be, in pixels of the screen.
  get width() {
    const tile = this.#tiles.values().next().value;
    return tile ? tile.picture.canvas.clientWidth * Math.min(window.devicePixelRatio || 1, 2) : 320;
  }

  update(sources, canKeep) {
    this.root.style.setProperty("--columns", columns(sources.length, this.root.clientWidth));
    for (const source of sources) {
      const tile = this.#tiles.get(source.id) ?? this.#add(source.id);
      tile.update(source, canKeep);
    }
    for (const [id, tile] of this.#tiles) {
      if (!sources.some((source) => source.id === id)) {
        this.#observer.unobserve(tile.root);
        tile.root.remove();
        this.#tiles.delete(id);
      }
    }
  }

  put(head, bitmap) {
    const tile = this.#tiles.get(head.source);
    if (tile) tile.put(head, bitmap);
    else bitmap.close();
  }

  redraw() {
    for (const tile of this.#tiles.values()) tile.picture.draw();
  }

  #add(id) {
    const tile = new Tile(id);
    this.#tiles.set(id, tile);
    this.root.append(tile.root);
    this.#observer.observe(tile.root);
    return tile;
  }
}

class Tile {
  constructor(id) {
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.veil = element("div", { class: "veil" });
    this.badge = element("span", { class: "badge" });
    this.numbers = element("span", { class: "numbers" });
    this.link = element("a", { href: `#/source/${id}` },
      element("div", { class: "frame" }, this.canvas, this.veil),
      element("div", { class: "caption" }, element("span", { class: "name" }, id), this.badge, this.numbers));
    this.keep = keeper(id);
    this.root = element("div", { class: "tile" }, this.link, this.keep.root);
    this.root.dataset.source = id;
    this.picture = new Picture(this.canvas);
  }

  put(head, bitmap) {
    this.picture.put(head, bitmap);
    this.veil.hidden = this.isFine;
  }

  update(source, canKeep) {
    this.keep.root.hidden = !canKeep || !["live", "degraded"].includes(source.state);
    this.isFine = ["live", "degraded", "ended"].includes(source.state);
    this.picture.places = source;
    badge(this.badge, source.state);
    veil(this.veil, source, this.picture.bitmap !== null);
    const objects = `${source.objects} ${source.objects === 1 ? "object" : "objects"}`;
    text(this.numbers, this.isFine ? `${rate(source.fps)}/${rate(source.fps_in)} fps · ${milliseconds(source.p99_ms)} · ${source.objects} ◻` : "");
    this.numbers.title = "detected / decoded frames a second · 99th percentile of latency · objects in the latest frame";
    this.link.setAttribute("aria-label", `${source.id}: ${words(source.state)}, ${rate(source.fps)} frames a second, ${objects}`);
  }
}

export function badge(target, state) {
  target.className = `badge ${STATES[state] ?? "quiet"}`;
  text(target, words(state));
}

// What lies over a picture that is not live, or not there: "no picture" never looks like "nothing".
export function veil(target, source, hasPicture) {
  const isFine = ["live", "degraded", "ended"].includes(source.state);
  target.hidden = isFine && hasPicture;
  if (target.hidden) return;
  const ago = source.last_frame ? `last picture ${since(source.last_frame)} ago` : "no picture yet";
  const key = `${source.state} ${source.reason} ${ago}`;
  if (target.dataset.key === key) return;
  target.dataset.key = key;
  const title = isFine ? "waiting for a picture" : words(source.state);
  target.replaceChildren(element("b", { class: isFine ? "" : STATES[source.state] ?? "" }, title),
    element("span", {}, isFine ? "" : ago),
    element("span", { class: "reason" }, isFine ? "" : source.reason.slice(0, 200)));
}

function columns(count, width) {
  const most = width < 700 ? (count > 4 ? 2 : 1) : width < 1100 ? 3 : width < 1800 ? 4 : 6;
  if (count === 1) return 1;
  return Math.min(most, Math.ceil(Math.sqrt(count)));
}
