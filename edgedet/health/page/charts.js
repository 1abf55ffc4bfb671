// Curves of the last half hour, with the values under the pointer; bars of the stages.

import { element, milliseconds, rate } from "/assets/format.js";

const WIDTH = 600;
const HEIGHT = 150;
const LEFT = 52;
const BOTTOM = 18;
const NAMESPACE = "http://www.w3.org/2000/svg";

export class Chart {
  #points = [];
  #chosen = null;

  // `series`: [name, column, format]; a point is a row of /api/history.
  constructor(root, series, spanSeconds) {
    this.series = series;
    this.span = spanSeconds;
    this.legend = element("div", { class: "legend", "aria-hidden": "true" });
    this.svg = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
    root.append(this.svg, this.legend);
    this.svg.addEventListener("pointermove", (event) => this.#point(event));
    this.svg.addEventListener("pointerleave", () => { this.#chosen = null; this.draw(); });
    new ResizeObserver(() => this.draw()).observe(this.svg);
  }

  update(points) {
    this.#points = points;
    this.draw();
  }

  draw() {
    const width = this.svg.clientWidth || WIDTH;
    const height = this.svg.clientHeight || HEIGHT;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const points = this.#points;
    const end = points.length ? points.at(-1)[0] : Date.now() / 1000;
    const span = Math.max(60, Math.min(this.span, end - (points[0]?.[0] ?? end)));
    const most = Math.max(0, ...points.flatMap((point) => this.series.map(([, column]) => point[column] ?? 0)));
    const ceiling = most ? rounded(most) : 1;
    this.place = {
      x: (time) => LEFT + ((time - end + span) / span) * (width - LEFT - 4),
      y: (value) => 6 + (1 - value / ceiling) * (height - BOTTOM - 6),
    };
    const parts = (points.length ? [0, 0.5, 1] : [0]).flatMap((share) => this.#gridline(share * ceiling, width));
    for (const minutes of [span / 60, span / 120, 0]) {
      const label = minutes < 0.1 ? "now" : `−${minutes.toFixed(minutes < 10 && minutes % 1 > 0.05 ? 1 : 0)} min`;
      const anchor = minutes === 0 ? "end" : minutes === span / 60 ? "start" : "middle";
      parts.push(svg("text", { x: this.place.x(end - 60 * minutes), y: height - 3, "text-anchor": anchor }, label));
    }
    this.series.forEach(([, column], index) => parts.push(...this.#curve(column, index)));
    const chosen = this.#chosen ?? points.at(-1) ?? null;
    if (this.#chosen) parts.push(svg("line", { class: "cursor", x1: this.place.x(chosen[0]), x2: this.place.x(chosen[0]), y1: 4, y2: height - BOTTOM }));
    this.svg.replaceChildren(...parts);
    this.#tell(chosen);
  }

  #gridline(value, width) {
    const y = this.place.y(value);
    const format = this.series[0][2];
    return [svg("line", { class: "axis", x1: LEFT, x2: width, y1: y, y2: y }),
      svg("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, value ? format(value) : "0")];
  }

  // Where nothing was measured, the curve has a gap.
  #curve(column, index) {
    const runs = [[]];
    for (const point of this.#points) {
      if (point[column] === null) runs.push([]);
      else runs.at(-1).push(`${this.place.x(point[0]).toFixed(1)},${this.place.y(point[column]).toFixed(1)}`);
    }
    return runs.filter((run) => run.length).map((run) => svg("polyline", { class: `series${index}`, points: run.join(" ") }));
  }

  #tell(point) {
    const texts = this.series.map(([name, column, format]) => `${name} ${point ? format(point[column]) : "–"}`);
    const when = this.#chosen ? new Date(1000 * point[0]).toLocaleTimeString() : point ? "latest" : "the first point comes in a few seconds";
    this.legend.replaceChildren(...texts.map((words, index) => element("span", { class: `series${index}` }, words)),
      element("span", { class: "when" }, when));
    this.svg.setAttribute("aria-label", texts.join(", "));
  }

  #point(event) {
    const x = event.clientX - this.svg.getBoundingClientRect().left;
    this.#chosen = this.#points.reduce((best, point) =>
      !best || Math.abs(this.place.x(point[0]) - x) < Math.abs(this.place.x(best[0]) - x) ? point : best, null);
    this.draw();
  }
}

const STAGES = [
  ["wait", "out of the decoder until taken into a batch"],
  ["queue", "painted, and waiting for the backend"],
  ["infer", "inside the backend"],
  ["post", "from the answer until every outlet has it"],
  ["total", "all of it"],
];

export function stages(root, found) {
  const most = Math.max(1e-6, ...STAGES.map(([name]) => found[name]?.p50_ms ?? 0));
  if (!root.children.length) {
    root.append(...STAGES.map(([name, title]) => element("div", { class: "stage", title },
      element("span", {}, name), element("span", { class: "bar" }, element("i")), element("span", { class: "num" }))));
  }
  STAGES.forEach(([name], index) => {
    const row = root.children[index];
    const { p50_ms: middle, p99_ms: most99 } = found[name] ?? { p50_ms: 0, p99_ms: 0 };
    row.querySelector("i").style.width = `${(100 * middle) / most}%`;
    row.querySelector(".num").textContent = `${milliseconds(middle)} · p99 ${milliseconds(most99)}`;
  });
}

function rounded(value) {
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 3, 5, 10].map((factor) => factor * unit).find((bound) => bound >= value * 1.02) ?? 10 * unit;
}

function svg(tag, attributes, words) {
  const made = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (words !== undefined) made.textContent = words;
  return made;
}

export const formats = { rate, milliseconds };
