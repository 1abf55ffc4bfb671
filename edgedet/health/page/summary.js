// How sampling goes: budgets, disk, what became of the samples; or how to have it.

import { bytes, count, element, list, text } from "/assets/format.js";

const PERIODS = { minutely: "a minute", hourly: "an hour", daily: "a day" };
const STATES = [["kept", "wait for you"], ["approved", "approved"], ["uploaded", "sent"], ["annotated", "sent, with boxes"], ["done", "done"], ["refused", "refused"]];
const EXAMPLE = `sampling:
  enabled: true
  approval: manual        # nothing leaves before somebody looked
  strategies:
    - name: unsure
      type: close_to_threshold
      threshold: 0.25
      epsilon: 0.15
      limits:
        - {type: minutely, value: 1}
        - {type: daily, value: 100}
`;

export class Summary {
  constructor() {
    this.budgets = element("div", { class: "budgets" });
    this.disk = element("div", { class: "budgets" });
    this.states = element("dl", { class: "list" });
    this.reasons = element("dl", { class: "list" });
    this.refused = element("h2", {}, "Refused, and why");
    this.trouble = element("p", { class: "warn trouble", role: "status" });
    this.root = element("aside", { class: "side summary", "aria-label": "How sampling goes" },
      element("article", { class: "panel" }, this.trouble, element("h2", {}, "Budgets used"), this.budgets, element("h2", {}, "On this disk"), this.disk),
      element("article", { class: "panel" }, element("h2", {}, "All samples"), this.states, this.refused, this.reasons),
      element("article", { class: "panel keys" }, element("h2", {}, "Keys"), keys()));
  }

  update(answer) {
    this.trouble.hidden = !answer.trouble;
    text(this.trouble, answer.trouble ? `Nothing is sent now: ${answer.trouble}` : "");
    bars(this.budgets, answer.budgets.map(budget), "no limits are set");
    bars(this.disk, [["pictures", answer.stored_bytes / answer.quota_bytes, `${bytes(answer.stored_bytes)} of ${bytes(answer.quota_bytes)}`, ""]], "");
    list(this.states, [...STATES.filter(([state]) => answer.states[state] || state === "kept").map(([state, words]) => [words, count(answer.states[state])]),
      ...(answer.dropped ? [["made way for newer ones", count(answer.dropped), "warn"]] : []),
      ["go to", answer.sink], ["approval", answer.approval]]);
    this.refused.hidden = !answer.refusals.length;
    list(this.reasons, answer.refusals.map(({ reason, count: number }) => [reason || "no reason", count(number)]));
  }
}

// Name, share, words, and what the pointer is told.
function budget({ strategy, type, per, value, spent }) {
  const owners = Object.entries(spent).map(([owner, number]) => [owner || "no class", number]).sort((a, b) => b[1] - a[1]);
  const most = owners[0]?.[1] ?? 0;
  const name = strategy ?? "all together";
  if (per === "device") return [name, most / Math.max(1, value), `${count(most)} of ${count(value)} ${PERIODS[type]}`, ""];
  const whose = owners.length ? ` (most: ${owners[0][0]})` : "";
  return [name, most / Math.max(1, value), `${count(most)} of ${count(value)} ${PERIODS[type]} each ${per}${whose}`,
    owners.map(([owner, number]) => `${owner}: ${number}`).join("\n")];
}

function bars(target, rows, nothing) {
  const key = JSON.stringify(rows);
  if (target.dataset.key === key) return;
  target.dataset.key = key;
  target.replaceChildren(...rows.map(([name, share, words, title], index) => {
    const fill = element("i");
    fill.style.width = `${Math.min(100, 100 * share)}%`;
    const isFirst = index === 0 || rows[index - 1][0] !== name;
    return element("div", { class: share >= 1 ? "budget full" : "budget", title },
      isFirst ? element("b", {}, name) : null, element("span", {}, words), element("span", { class: "bar" }, fill));
  }), rows.length ? "" : element("p", { class: "hint" }, nothing));
}

function keys() {
  const rows = [["A", "approve"], ["R", "reject"], ["U", "undo"], ["← → ↑ ↓", "go on"], ["Space", "select"], ["Enter", "large"], ["Esc", "back"]];
  return element("dl", { class: "list" }, ...rows.flatMap(([key, words]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, words)]));
}

export function howToEnable() {
  return element("article", { class: "panel enable" }, element("h2", {}, "No frames are sampled"),
    element("p", {}, "With sampling, the device keeps the frames in which its model was unsure, within a budget, for you to label. Put this into the configuration and restart the service:"),
    element("pre", { tabIndex: 0, "aria-label": "Configuration" }, EXAMPLE),
    element("p", { class: "hint" }, "If it is enabled already, the log says why it does not run. What the settings mean: docs/sampling.md."));
}
