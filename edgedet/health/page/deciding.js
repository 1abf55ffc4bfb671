// Approves, rejects and takes back; says what came of it, also when somebody else was first.

import { send } from "/assets/ask.js";
import { NAMES } from "/assets/card.js";
import { element, text } from "/assets/format.js";

const REASONS = ["nothing to learn", "blurred", "too dark", "private", "a copy"];
const OPEN = ["kept", "approved"];

export class Deciding {
  #last = []; // ids of the last decision, for undo
  #isBusy = false;

  // `meant` gives the samples that a click is about, `changed` gets them as they are afterwards.
  constructor({ meant, changed, selectAll }) {
    this.meant = meant;
    this.changed = changed;
    this.all = button("Select all", selectAll);
    this.approve = button("Approve", () => this.decide("approve"), "A");
    this.reject = button("Reject", () => this.decide("reject"), "R");
    this.back = button("Undo", () => this.undo(), "U");
    this.reason = element("input", { type: "text", maxLength: 200, placeholder: "why (optional)", "aria-label": "Why it is rejected", spellcheck: false,
      onkeydown: (event) => { if (event.key === "Escape" || event.key === "Enter") { this.reason.blur(); event.stopPropagation(); } } });
    this.reason.setAttribute("list", "reasons");
    this.told = element("span", { class: "hint told", role: "status", "aria-live": "polite" });
    this.root = element("div", { class: "tools deciding" }, this.all, this.approve, this.reject, this.reason, this.back, this.told,
      element("datalist", { id: "reasons" }, ...REASONS.map((reason) => element("option", { value: reason }))));
  }

  refresh({ selected = 0, isAll = false, isLarge = false } = {}) {
    const meant = this.meant();
    text(this.approve.firstChild, selected ? `Approve ${selected}` : "Approve");
    text(this.reject.firstChild, selected ? `Reject ${selected}` : "Reject");
    text(this.all.firstChild, isAll ? "Select none" : "Select all");
    this.all.hidden = isLarge;
    this.approve.disabled = !meant.some(({ state }) => state === "kept");
    this.reject.disabled = !meant.some(({ state }) => OPEN.includes(state));
    this.back.disabled = !this.#undoable().length;
  }

  say(words, kind = "") {
    this.told.className = `hint told ${kind}`;
    text(this.told, words);
  }

  decide(action) {
    const wanted = action === "approve" ? ["kept"] : OPEN;
    const ids = this.meant().filter(({ state }) => wanted.includes(state)).map(({ id }) => id);
    return this.#send(action, ids);
  }

  undo() {
    return this.#send("undo", this.#undoable());
  }

  #undoable() {
    const shown = this.meant().filter((sample) => sample.can_undo).map(({ id }) => id);
    return shown.length ? shown : this.#last;
  }

  async #send(action, ids) {
    if (!ids.length || this.#isBusy) return; // a key that repeats is one click
    this.#isBusy = true;
    const { body } = await send("/api/samples/decisions", { action, ids, reason: action === "reject" ? this.reason.value.trim() : "" });
    this.#isBusy = false;
    if (!body.done) {
      this.say(`not done: ${body.error}`, "bad");
      return;
    }
    this.#last = action === "undo" ? [] : body.done.map(({ id }) => id);
    this.say(outcome(action, body), body.late.length || body.unknown.length ? "warn" : "");
    this.changed([...body.done, ...body.late], action);
  }
}

function outcome(action, { done, late, unknown }) {
  const verb = { approve: "approved", reject: "rejected", undo: "waiting again" }[action];
  const parts = done.length || !late.length ? [`${done.length} ${verb}`] : [];
  if (late.length === 1) parts.push(`decided already: ${late[0].id} is ${NAMES[late[0].state]}${late[0].reason ? ` (${late[0].reason})` : ""}`);
  else if (late.length) parts.push(`${late.length} were decided already`);
  if (unknown.length) parts.push(`${unknown.length} are gone`);
  return parts.join("; ");
}

export function button(name, onclick, key = "") {
  return element("button", { type: "button", onclick }, element("span", {}, name), key ? element("kbd", {}, key) : null);
}
