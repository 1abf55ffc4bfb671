// Numbers, times and words as the page shows them, and small helpers to build elements.

export const STATES = {
  live: "good", ended: "info", degraded: "warn", reconnecting: "warn", stalled: "warn",
  auth_failed: "bad", no_decoder: "bad", disabled: "quiet",
};

export function rate(value) {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}

export function milliseconds(value) {
  if (value === null || value === undefined) return "–";
  return value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

export function count(value) {
  return value.toLocaleString("en").replaceAll(",", "\u202f");
}

export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let index = 0;
  for (; value >= 1024 && index < units.length - 1; index++) value /= 1024;
  return `${value.toFixed(index && value < 100 ? 1 : 0)} ${units[index]}`;
}

export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 90) return `${whole} s`;
  if (whole < 5400) return `${Math.round(whole / 60)} min`;
  if (whole < 172_800) return `${(whole / 3600).toFixed(1)} h`;
  return `${(whole / 86_400).toFixed(1)} d`;
}

export function since(moment) {
  return duration((Date.now() - Date.parse(moment)) / 1000);
}

export function words(state) {
  return state.replaceAll("_", " ");
}

// Text is always set as text: nothing that a camera or broker says becomes markup.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name.startsWith("aria-") || name === "role" || name === "for") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Changes only what changed, so that a screen reader and a text selection are left in peace.
export function list(target, rows) {
  const key = JSON.stringify(rows);
  if (target.dataset.key === key) return;
  target.dataset.key = key;
  target.replaceChildren(...rows.flatMap(([term, text, kind]) => [
    element("dt", {}, term), element("dd", kind ? { class: kind } : {}, String(text)),
  ]));
}

export function text(target, value) {
  if (target.textContent !== value) target.textContent = value;
}
