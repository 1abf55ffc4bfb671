// The page: asks how everything is, once a second, and shows it; nothing while it is hidden.

import { ask } from "/assets/ask.js";
import { Chart, stages } from "/assets/charts.js";
import { bytes, count, duration, element, list, milliseconds, rate, text, words } from "/assets/format.js";
import { Live } from "/assets/live.js";
import { SamplesView } from "/assets/samples.js";
import { SourceView } from "/assets/source.js";
import { Grid } from "/assets/tiles.js";

const $ = (id) => document.getElementById(id);
const STATE_MS = 1000;
const HISTORY_MS = 5000;

let state = null;
let view = null; // of one source, large
let samples = null; // of the frames that were kept
let failures = 0;
const grid = new Grid($("grid"), look);
const live = new Live((head, bitmap) => (view ?? grid).put(head, bitmap));
const throughput = new Chart($("throughput"), [["decoded", 1, rate], ["detected", 2, rate]], 1800);
const latency = new Chart($("latency"), [["median", 3, milliseconds], ["p99", 4, milliseconds]], 1800);

async function repeat(work, pause) {
  for (;;) {
    if (!document.hidden) {
      try {
        await work();
        failures = 0;
      } catch {
        failures += 1;
        if (failures > 2) overall("bad", "the device does not answer");
      }
    }
    await new Promise((resume) => setTimeout(resume, pause));
  }
}

async function refresh() {
  state = await ask("/api/state");
  show();
}

async function remember() {
  const { points } = await ask("/api/history");
  throughput.update(points);
  latency.update(points);
}

function show() {
  const { device, sources, model, broker, parts } = state;
  document.title = `${device.name} · edgedet`;
  text($("device"), `${device.site} / ${device.name}`);
  const wrong = sources.filter((source) => !["live", "degraded", "ended", "disabled"].includes(source.state)).length;
  if (!state.is_live) overall("bad", "stuck");
  else if (wrong) overall("warn", `${wrong} ${wrong === 1 ? "source is" : "sources are"} not live`);
  else overall(state.problems.length ? "warn" : "good", state.problems.length ? "not all is well" : "all is well");
  problems(state.problems);
  const sum = (name) => sources.reduce((total, source) => total + source[name], 0);
  figures([["sources", `${sources.filter(({ state: each }) => ["live", "degraded", "ended"].includes(each)).length} of ${sources.length}`],
    ["detected", `${rate(sum("fps"))} fps`], ["p99", milliseconds(state.stages.total.p99_ms)], ["objects", count(sum("objects"))],
    ["MQTT", broker ? words(broker.state) : "off"]]);
  stages($("stages"), state.stages);
  list($("model"), [["name", `${model.name} ${model.version}`], ["runs on", model.backend || "being loaded"], ["precision", model.precision],
    ["input", `${model.input_hw[1]} × ${model.input_hw[0]}`], ["score from", model.score_threshold],
    ["classes", model.class_names.slice(0, 8).join(", ") + (model.class_names.length > 8 ? ` and ${model.class_names.length - 8} more` : "")],
    ["sha256", model.sha256.slice(0, 12)], ...rolloutRows(parts.rollout)]);
  list($("broker"), [...brokerRows(broker), ...spoolRows(parts.spool)]);
  list($("sampling"), samplingRows(parts.sampling));
  text($("waiting"), parts.sampling?.to_approve ? count(parts.sampling.to_approve) : "");
  list($("run"), [["running for", duration(device.uptime_s)], ["the run before", words(device.last_run.end) + (device.last_run.detail ? `: ${device.last_run.detail}` : "")],
    ["frames detected", count(state.frames)], ["frames a batch", state.batches ? (state.frames / state.batches).toFixed(1) : "–"],
    ["left out", count(sum("dropped"))], ["version", device.version], ["boot", device.boot]]);
  grid.update(sources, Boolean(parts.sampling));
  const source = view && sources.find(({ id }) => id === view.id);
  if (source) view.update(source, Boolean(parts.sampling));
  else if (!samples) route();
}

function rolloutRows(rollout) {
  if (!rollout) return [];
  const tone = { refused: "warn", rolled_back: "warn", settled: "good" }[rollout.state] || "";
  return [["installed as", rollout.serving], ...(rollout.candidate ? [["candidate", rollout.candidate]] : []),
    ["latest change", words(rollout.state) + (rollout.reason ? `: ${rollout.reason}` : ""), tone]];
}

function brokerRows(broker) {
  if (!broker) return [["MQTT", "off"]];
  return [["broker", broker.url], ["connection", words(broker.state), broker.is_connected ? "good" : "warn"], ...(broker.reason ? [["reason", broker.reason]] : []),
    ["protocol", broker.protocol], ["published", count(broker.published)], ["waiting", count(broker.pending)],
    ["given up", count(broker.dropped), broker.dropped ? "warn" : ""], ["refused", count(broker.refused), broker.is_refusing ? "bad" : broker.refused ? "warn" : ""], ["connected again", count(broker.reconnects)]];
}

function spoolRows(spool) {
  if (!spool) return [["spool", "off"]];
  return [["spool holds", `${count(spool.kept)} messages, ${bytes(spool.used_bytes)}`], ["sent late", count(spool.replayed)],
    ["lost in it", count(spool.dropped), spool.dropped ? "warn" : ""], ...(spool.is_durable ? [] : [["spool", spool.reason || "not durable", "bad"]])];
}

function samplingRows(found) {
  if (!found) return [["sampling", "off"]];
  return [["wait for you", count(found.to_approve), found.to_approve ? "warn" : ""], ["to be sent", count(found.to_send)], ["looked at", count(found.looked_at)], ["kept", count(found.kept)],
    ["alike, not kept", count(found.similar)], ["no budget left", count(found.no_credit)], ["missed", count(found.missed)],
    ["failed", count(found.failed), found.failed ? "warn" : ""], ["made way", count(found.dropped), found.dropped ? "warn" : ""],
    ...(found.trouble ? [["trouble", found.trouble, "warn"]] : [])];
}

function figures(rows) {
  const target = $("figures");
  if (target.children.length !== rows.length) {
    target.replaceChildren(...rows.map(([term]) => element("div", {}, element("dt", {}, term), element("dd"))));
  }
  rows.forEach(([, value], index) => text(target.children[index].lastChild, value));
}

function problems(found) {
  const key = JSON.stringify(found);
  if ($("problems").dataset.key === key) return;
  $("problems").dataset.key = key;
  $("problems").hidden = !found.length;
  $("problems").replaceChildren(...found.map(({ name, reason }) => element("li", {}, element("b", {}, `${name}: `), reason)));
}

function overall(kind, words_) {
  $("overall").className = `overall ${kind}`;
  text($("overall"), words_);
}

// What the address names, if anything: a source, or the samples; then which pictures are wanted.
function route() {
  const [, place, name] = location.hash.split("/").map(decoded);
  const source = place === "source" ? state?.sources.find((each) => each.id === name) : undefined;
  if (view && view.id !== source?.id) {
    view.close();
    view = null;
  }
  if (source && !view) view = new SourceView($("source"), source);
  const isSamples = place === "samples";
  if (samples && !isSamples) {
    samples.close();
    samples = null;
  }
  if (isSamples && samples) samples.open(name ?? "");
  else if (isSamples) samples = new SamplesView($("samples"), name ?? "");
  $("overview").hidden = view !== null || isSamples;
  $("panels").hidden = isSamples;
  $(isSamples ? "to-samples" : "to-sources").setAttribute("aria-current", "page");
  $(isSamples ? "to-sources" : "to-samples").removeAttribute("aria-current");
  look();
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

function look() {
  if (document.hidden || samples) live.show([], 0);
  else if (view) live.show([view.id], view.width);
  else live.show(grid.visible, grid.width);
}

function theme(chosen) {
  if (chosen) document.documentElement.dataset.theme = chosen;
  grid.redraw();
  samples?.redraw();
}

$("theme").addEventListener("click", () => {
  const isDark = getComputedStyle(document.documentElement).colorScheme === "dark"
    || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  localStorage.setItem("theme", isDark ? "light" : "dark");
  theme(localStorage.getItem("theme"));
});
theme(localStorage.getItem("theme"));
addEventListener("hashchange", () => {
  const place = $("content").dataset.place;
  route();
  $("content").dataset.place = location.hash.split("/")[1] ?? "";
  if ($("content").dataset.place !== place) $("content").focus();
});
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input[type=text], select, textarea")) return;
  if (samples && !(event.target.closest("button, a, input") && [" ", "Enter"].includes(event.key))) {
    if (samples.key(event.key)) event.preventDefault();
    return;
  }
  if (event.key === "Escape" && view) location.hash = "#/";
});
document.addEventListener("visibilitychange", () => { look(); if (!document.hidden) refresh().catch(() => {}); });
repeat(refresh, STATE_MS);
repeat(remember, HISTORY_MS);
