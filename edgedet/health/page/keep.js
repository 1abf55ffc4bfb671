// "Keep this frame": asks the device for the next frame of a source, and tells what came of it.

import { send } from "/assets/ask.js";
import { element, text } from "/assets/format.js";

const TOLD_MS = 8000;

// A button, and where the answer stands: `root` has both.
export function keeper(sourceId) {
  let timer = 0;
  const told = element("span", { class: "hint told", role: "status", "aria-live": "polite" });
  const say = (words, kind = "", ...more) => {
    clearTimeout(timer);
    told.className = `hint told ${kind}`;
    text(told, words);
    told.append(...more);
    if (words) timer = setTimeout(() => say(""), TOLD_MS);
  };
  const button = element("button", { type: "button", title: `Keep the next frame of ${sourceId} for labelling`, onclick: async () => {
    button.disabled = true;
    say("asking …");
    const { isDone, body } = await send(`/api/sources/${encodeURIComponent(sourceId)}/keep`, {});
    button.disabled = false;
    if (!isDone) say(`not kept: ${body.error}`, "warn");
    else if (body.id) say("kept: ", "", element("a", { href: `#/samples/${body.id}` }, "look"));
    else say(body.told, "warn");
  } }, "Keep this frame");
  return { root: element("span", { class: "keep" }, button, told), button };
}
