// The frames that were kept for labelling, a page at a time, looked through with mouse or keys.

import { ask } from "/assets/ask.js";
import { button, Deciding } from "/assets/deciding.js";
import { count, element, text } from "/assets/format.js";
import { SampleView } from "/assets/sample.js";
import { Sheet } from "/assets/sheet.js";
import { Summary, howToEnable } from "/assets/summary.js";

const PAGE = 48; // more would be slow to draw, and nobody decides about more at once
const POLL_MS = 3000;
const KINDS = [["kept", "waiting for you"], ["approved,uploaded,annotated", "on their way"], ["done", "done"], ["refused", "refused"], ["", "all"]];

export class SamplesView {
  #pages = [""]; // the ids behind which this page and those before it begin
  #large = null;
  #listed = null; // the answer that this page was made of
  #turn = 0;
  #isClosed = false;

  constructor(root, wanted) {
    this.root = root;
    this.#build();
    this.timer = setInterval(() => { if (!document.hidden) this.#poll(); }, POLL_MS);
    root.hidden = false;
    this.#begin(wanted);
  }

  close() {
    this.#isClosed = true;
    clearInterval(this.timer);
    this.#large?.close();
    this.sheet.close();
    this.root.hidden = true;
    this.root.replaceChildren();
  }

  redraw() {
    this.sheet.redraw();
    this.#large?.redraw();
  }

  // Shows one sample large, or, without an id, all of them.
  async open(id) {
    if (id === (this.#large?.sample.id ?? "")) return;
    if (id) await this.#enlarge(id);
    else {
      this.#large.close();
      this.#large = null;
      this.main.hidden = this.summary.root.hidden = false;
      this.sheet.current?.root.focus();
    }
    this.#tools();
  }

  // Whether a key meant something here.
  key(key) {
    const { sheet, deciding } = this;
    const steps = { ArrowLeft: [-1, false], ArrowRight: [1, false], ...(this.#large ? {} : { ArrowUp: [-1, true], ArrowDown: [1, true] }) };
    if (steps[key]) this.#go(sheet.beside(...steps[key]));
    else if (key === "a") deciding.decide("approve");
    else if (key === "r") deciding.decide("reject");
    else if (key === "u") deciding.undo();
    else if (key === "Escape" && this.#large) location.hash = "#/samples";
    else if (key === "Escape" && sheet.selected.length) sheet.selectAll(false);
    else if (!this.#large && sheet.current && key === "Enter") location.hash = `#/samples/${sheet.current.sample.id}`;
    else if (!this.#large && sheet.current && key === " ") sheet.select(sheet.current, !sheet.current.isSelected);
    else return false;
    return true;
  }

  #build() {
    this.kind = choice("Which samples", () => this.#filter(), KINDS);
    this.source = choice("Source", () => this.#filter());
    this.strategy = choice("Strategy", () => this.#filter());
    this.found = element("span", { class: "hint", role: "status" });
    this.fresh = button("", () => this.#filter());
    this.deciding = new Deciding({ meant: () => this.#meant, changed: (samples, action) => this.#changed(samples, action),
      selectAll: () => this.sheet.selectAll(this.sheet.selected.length < this.sheet.ids.length) });
    this.sheet = new Sheet({ open: (card) => { location.hash = `#/samples/${card.sample.id}`; }, touched: () => this.#tools() });
    this.nothing = element("p", { class: "nothing", hidden: true });
    this.newer = button("← Newer", () => { this.#pages.pop(); this.#load(); });
    this.older = button("Older →", () => { this.#pages.push(this.sheet.ids.at(-1)); this.#load(); });
    this.pager = element("div", { class: "tools pager", hidden: true }, this.newer, this.older);
    this.fresh.hidden = true;
    this.main = element("div", { class: "samples-main" },
      element("div", { class: "tools filters" }, this.kind, this.source, this.strategy, this.found, this.fresh), this.sheet.root, this.nothing, this.pager);
    this.place = element("div", { class: "large", hidden: true });
    this.summary = new Summary();
    this.root.replaceChildren(element("div", { class: "samples-body" }, this.deciding.root, this.main, this.place), this.summary.root);
  }

  async #begin(wanted) {
    const first = await this.#ask("");
    if (!first || this.#isClosed) return;
    if (!first.enabled) {
      this.root.replaceChildren(howToEnable());
      return;
    }
    if (first.approval !== "manual" && !first.states.kept) this.kind.value = "";
    await this.#load();
    if (wanted) this.open(wanted);
  }

  async #ask(query) {
    try {
      const answer = await ask(`/api/samples${query}`);
      if (this.isLost) this.deciding.say("");
      this.isLost = false;
      return answer;
    } catch (error) {
      this.isLost = true;
      this.deciding.say(`cannot be read now: ${error.message}`, "bad");
      return null;
    }
  }

  #query(more) {
    const given = { states: this.kind.value, source: this.source.value, strategy: this.strategy.value, ...more };
    return `?${new URLSearchParams(Object.entries(given).filter(([, value]) => value !== ""))}`;
  }

  #filter() {
    this.#pages = [""];
    return this.#load();
  }

  async #load() {
    const turn = ++this.#turn;
    const answer = await this.#ask(this.#query({ limit: PAGE, before: this.#pages.at(-1) }));
    if (!answer?.enabled || turn !== this.#turn || this.#isClosed) return; // another page was asked for meanwhile
    this.#listed = answer;
    this.sheet.root.dataset.kind = this.kind.value;
    this.sheet.fill(answer.samples);
    this.#show(answer);
    scrollTo({ top: 0 });
    const isTyping = document.activeElement?.closest("select, input[type=text]");
    if (!this.#large && !isTyping) this.sheet.current?.root.focus({ preventScroll: true });
  }

  async #poll() {
    if (!this.#listed) return this.sheet.ids.length ? null : this.#begin("");
    const turn = this.#turn;
    const { ids } = this.sheet;
    const answer = await this.#ask(this.#query(ids.length ? { ids: ids.join(",") } : {}));
    if (!answer?.enabled || turn !== this.#turn || this.#isClosed) return null;
    this.#put(answer.samples);
    this.#show(answer);
    return !ids.length && answer.found ? this.#filter() : null;
  }

  #put(samples) {
    this.sheet.put(samples);
    for (const sample of samples) this.#large?.update(sample);
  }

  #show(answer) {
    const shown = this.sheet.ids.length;
    options(this.source, "all sources", answer.sources);
    options(this.strategy, "all strategies", answer.strategies);
    this.summary.update(answer);
    const states = this.kind.value.split(",").filter(Boolean);
    const left = this.sheet.cards.filter(({ sample }) => states.length && !states.includes(sample.state)).length;
    const more = answer.found + left - this.#listed.found;
    this.fresh.hidden = more <= 0 || this.#pages.length > 1 || !shown;
    text(this.fresh.firstChild, `${count(Math.max(0, more))} new: show`);
    const first = (this.#pages.length - 1) * PAGE;
    text(this.found, shown ? `${count(first + 1)}–${count(first + shown)} of ${count(Math.max(this.#listed.found, first + shown))}` : "");
    this.nothing.hidden = shown > 0;
    text(this.nothing, this.kind.value === "kept" ? "Nothing waits for you. New frames appear here by themselves." : "There is nothing of this kind.");
    this.pager.hidden = !this.#listed.older && this.#pages.length === 1;
    this.older.disabled = !this.#listed.older;
    this.newer.disabled = this.#pages.length === 1;
    this.#tools();
  }

  // Decided, here or elsewhere: shown where it was, and on to the next one that waits.
  async #changed(samples, action) {
    const { sheet } = this;
    this.#put(samples);
    const cards = samples.map(({ id }) => sheet.get(id)).filter(Boolean);
    for (const card of cards) card.isSelected = false;
    if (action === "undo") this.#go(cards.length === 1 ? cards[0] : null);
    else if (sheet.waiting) this.#go(sheet.waiting);
    else if (this.kind.value === "kept" && sheet.ids.length) {
      if (this.#large) location.hash = "#/samples";
      await this.#load(); // those that come behind this page
    }
    this.#tools();
    this.#poll();
  }

  #go(card) {
    if (!card || card === this.sheet.current) return;
    if (this.#large) location.replace(`#/samples/${card.sample.id}`);
    else card.root.focus();
  }

  async #enlarge(id) {
    const card = this.sheet.get(id);
    const sample = card?.sample ?? (await this.#ask(`?ids=${encodeURIComponent(id)}`))?.samples?.[0];
    if (this.#isClosed) return;
    if (!sample) {
      this.deciding.say(`there is no sample ${id}`, "warn");
      return;
    }
    if (card) this.sheet.focus(card);
    this.main.hidden = this.summary.root.hidden = true;
    if (!this.#large) scrollTo({ top: 0 });
    this.#large ??= new SampleView(this.place, (by) => this.#go(this.sheet.beside(by, false)));
    const { ids } = this.sheet;
    const at = ids.indexOf(id);
    this.#large.show(sample, { before: ids[at - 1], next: at < 0 ? undefined : ids[at + 1] });
  }

  // What a click is about: the large one; else those selected; else the one that has the focus.
  get #meant() {
    if (this.#large) return [this.#large.sample];
    const { selected, current } = this.sheet;
    return (selected.length || !current ? selected : [current]).map(({ sample }) => sample);
  }

  #tools() {
    const selected = this.#large ? 0 : this.sheet?.selected.length ?? 0;
    if (this.sheet) this.deciding.refresh({ selected, isAll: selected > 0 && selected === this.sheet.ids.length, isLarge: this.#large !== null });
  }
}

function choice(name, onchange, given = []) {
  return element("select", { "aria-label": name, onchange }, ...given.map(([value, words]) => element("option", { value }, words)));
}

// Its options, when others are there than before; what was chosen stays chosen.
function options(select, all, names) {
  const key = JSON.stringify(names);
  if (select.dataset.key === key) return;
  const chosen = select.value;
  select.dataset.key = key;
  select.replaceChildren(element("option", { value: "" }, all), ...names.map((name) => element("option", { value: name }, name)));
  select.value = names.includes(chosen) ? chosen : "";
}
