// A page of samples as cards: which one has the focus, which are selected, and their pictures.

import { Card } from "/assets/card.js";
import { element } from "/assets/format.js";
import { Thumbs } from "/assets/thumbs.js";

export class Sheet {
  #cards = new Map();
  #thumbs = new Thumbs();
  #anchor = null; // where a selection with Shift began
  #observer;
  #resizing;

  // `open` shows a sample large; `touched` hears of another focus or selection.
  constructor({ open, touched }) {
    this.root = element("div", { class: "samples-grid", role: "group", "aria-label": "Samples" });
    this.current = null;
    this.actions = { open, focus: (card) => this.focus(card), select: (card, isRange) => this.select(card, card.isSelected, isRange) };
    this.touched = touched;
    this.#observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) if (isIntersecting) this.get(target.dataset.sample)?.load(this.#thumbs);
    }, { rootMargin: "300px" });
    this.#resizing = new ResizeObserver(() => this.redraw());
    this.#resizing.observe(this.root);
  }

  close() {
    this.#observer.disconnect();
    this.#resizing.disconnect();
    this.empty();
  }

  get cards() {
    return [...this.#cards.values()];
  }

  get ids() {
    return [...this.#cards.keys()];
  }

  get selected() {
    return this.cards.filter((card) => card.isSelected);
  }

  get(id) {
    return this.#cards.get(id);
  }

  fill(samples) {
    this.empty();
    for (const sample of samples) {
      const card = new Card(sample, this.actions);
      this.#cards.set(sample.id, card);
      this.root.append(card.root);
      this.#observer.observe(card.root);
    }
    this.focus(this.cards[0] ?? null);
  }

  empty() {
    this.#thumbs.clear();
    for (const card of this.cards) {
      this.#observer.unobserve(card.root);
      card.close();
    }
    this.#cards.clear();
    this.current = this.#anchor = null;
  }

  put(samples) {
    for (const sample of samples) this.get(sample.id)?.update(sample);
  }

  redraw() {
    for (const card of this.cards) card.picture.draw();
  }

  // The card so many further on, if there is one; by lines of the grid, if `isLines`.
  beside(by, isLines) {
    const columns = isLines ? getComputedStyle(this.root).gridTemplateColumns.split(" ").length : 1;
    return this.cards[this.cards.indexOf(this.current) + by * columns];
  }

  // The next one that waits, else the last one before.
  get waiting() {
    const waits = (card) => card.sample.state === "kept";
    const at = this.cards.indexOf(this.current);
    return this.cards.slice(at).find(waits) ?? this.cards.slice(0, at).reverse().find(waits);
  }

  focus(card) {
    if (this.current) this.current.root.tabIndex = -1;
    this.current = card;
    if (card) card.root.tabIndex = 0;
    this.touched();
  }

  select(card, on, isRange = false) {
    const ends = [isRange && this.#anchor ? this.#anchor : card, card].map((each) => this.cards.indexOf(each)).sort((a, b) => a - b);
    for (const each of this.cards.slice(ends[0], ends[1] + 1)) each.isSelected = on;
    this.#anchor = card;
    this.touched();
  }

  selectAll(on) {
    for (const card of this.cards) card.isSelected = on;
    this.touched();
  }
}
