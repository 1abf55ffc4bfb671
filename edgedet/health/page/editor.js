// Draws zones and lines on a picture, with pointer or keys, and yields what goes into the
// configuration. Nothing is sent to the device.

import { element, text } from "/assets/format.js";
import { at, label, outline } from "/assets/picture.js";
import { fault, freeName, part, rest, yaml } from "/assets/shapes.js";

const REACH = 14; // pixels around a point that count as on it
const STEP = 0.01;

export class Editor {
  constructor(sourceId, picture, places) {
    this.sourceId = sourceId;
    this.picture = picture;
    this.shapes = [
      ...places.zones.map((place) => ({ kind: "zone", name: place.name, points: place.points.map((p) => [...p]), more: rest(place) })),
      ...places.lines.map((place) => ({ kind: "line", name: place.name, points: place.points.map((p) => [...p]), more: rest(place) })),
    ];
    this.drawing = null;
    this.chosen = null;
    this.dragged = null;
    this.cross = null;
    this.#build();
    picture.overlay = (context, area, scale) => this.#paint(context, area, scale);
    picture.shows.zones = false; // ours are drawn instead
    this.#listen();
    this.#changed();
  }

  close() {
    this.abort.abort();
    this.picture.overlay = null;
    this.picture.shows.zones = true;
    this.picture.canvas.removeAttribute("tabindex");
    this.picture.canvas.parentElement.classList.remove("drawing");
    this.picture.draw();
  }

  #build() {
    this.zoneButton = element("button", { type: "button", onclick: () => this.#begin("zone") }, "Draw a zone");
    this.lineButton = element("button", { type: "button", onclick: () => this.#begin("line") }, "Draw a line");
    this.hint = element("p", { class: "hint", role: "status" });
    this.shapeList = element("ul", { class: "shapes" });
    this.output = element("pre", { tabIndex: 0, "aria-label": "Configuration" });
    this.copied = element("span", { class: "hint", role: "status" });
    this.copyButton = element("button", { type: "button", onclick: () => this.#copy() }, "Copy");
    this.root = element("article", { class: "panel" }, element("h2", {}, "Zones and lines"),
      element("div", { class: "tools" }, this.zoneButton, this.lineButton), this.hint, this.shapeList,
      element("h2", {}, "For the configuration, below sources:"), this.output,
      element("div", { class: "tools" }, this.copyButton, this.copied));
  }

  #listen() {
    const { canvas } = this.picture;
    this.abort = new AbortController();
    const options = { signal: this.abort.signal };
    canvas.tabIndex = 0;
    canvas.setAttribute("aria-label", "Picture to draw on: arrow keys move, Space sets a point, Enter ends, Escape gives up");
    canvas.addEventListener("pointerdown", (event) => this.#down(event), options);
    canvas.addEventListener("pointermove", (event) => this.#move(event), options);
    canvas.addEventListener("pointerup", () => { this.dragged = null; }, options);
    canvas.addEventListener("dblclick", () => this.#finish(), options);
    canvas.addEventListener("keydown", (event) => this.#key(event), options);
  }

  #begin(kind) {
    this.drawing = { kind, name: freeName(kind, this.shapes), points: [], more: "" };
    this.chosen = null;
    this.cross = [0.5, 0.5];
    this.picture.canvas.focus();
    this.#changed();
  }

  #down(event) {
    const point = this.#where(event);
    if (!this.drawing) {
      this.dragged = this.#nearest(event);
      this.chosen = this.dragged?.shape ?? null;
      if (this.dragged) this.picture.canvas.setPointerCapture(event.pointerId);
      this.#changed();
      return;
    }
    const { points } = this.drawing;
    if (points.length > 2 && this.#distance(event, points[0]) < REACH) this.#finish();
    else this.#add(point);
  }

  #move(event) {
    if (this.dragged) {
      this.dragged.shape.points[this.dragged.index] = this.#where(event);
      this.#changed();
    } else if (this.drawing) {
      this.cross = this.#where(event);
      this.picture.draw();
    }
  }

  #key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!this.drawing) return;
    if (steps[event.key]) {
      const size = event.shiftKey ? 5 * STEP : STEP;
      this.cross = steps[event.key].map((step, axis) => clamped(this.cross[axis] + size * step));
      this.picture.draw();
    } else if (event.key === " ") this.#add([...this.cross]);
    else if (event.key === "Enter") this.#finish();
    else if (event.key === "Backspace") this.drawing.points.pop();
    else if (event.key === "Escape") this.drawing = null;
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.#changed();
  }

  #add(point) {
    const last = this.drawing.points.at(-1);
    if (last && last[0] === point[0] && last[1] === point[1]) return;
    this.drawing.points.push(point);
    if (this.drawing.kind === "line" && this.drawing.points.length === 2) this.#finish();
    this.#changed();
  }

  #finish() {
    const shape = this.drawing;
    if (!shape || shape.points.length < (shape.kind === "zone" ? 3 : 2)) return;
    this.shapes.push(shape);
    this.chosen = shape;
    this.drawing = null;
    this.#changed();
  }

  #changed() {
    const isDrawing = this.drawing !== null;
    this.zoneButton.setAttribute("aria-pressed", String(this.drawing?.kind === "zone"));
    this.lineButton.setAttribute("aria-pressed", String(this.drawing?.kind === "line"));
    this.picture.canvas.parentElement.classList.toggle("drawing", isDrawing);
    text(this.hint, isDrawing
      ? this.drawing.kind === "zone" ? "Click the corners, then the first one again. Keys: arrows, Space, Enter, Backspace, Escape." : "Click where the line begins, then where it ends."
      : this.shapes.length ? "Drag a corner to move it." : "Draw on the picture; the text below goes into the configuration.");
    this.#rows();
    text(this.output, this.shapes.length ? yaml(this.sourceId, this.shapes) : "nothing drawn yet");
    this.copyButton.disabled = !this.shapes.length || this.shapes.some((shape) => fault(shape, this.shapes));
    this.picture.draw();
  }

  #rows() {
    const names = this.shapes.map((shape) => shape.name).join() + this.shapes.map((shape) => fault(shape, this.shapes)).join();
    if (this.shapeList.dataset.key === names && this.shapeList.children.length === this.shapes.length) return;
    if (this.shapeList.contains(document.activeElement) && this.shapeList.children.length === this.shapes.length) {
      this.shapes.forEach((shape, index) => text(this.shapeList.children[index].querySelector(".fault"), fault(shape, this.shapes)));
      return;
    }
    this.shapeList.dataset.key = names;
    this.shapeList.replaceChildren(...this.shapes.map((shape) => element("li", {},
      element("span", { class: "kind" }, shape.kind),
      element("input", { value: shape.name, maxLength: 63, "aria-label": `Name of this ${shape.kind}`, spellcheck: false,
        oninput: (event) => { shape.name = event.target.value; this.#changed(); },
        onfocus: () => { this.chosen = shape; this.picture.draw(); } }),
      element("button", { type: "button", "aria-label": `Delete ${shape.name}`, title: "Delete",
        onclick: () => { this.shapes.splice(this.shapes.indexOf(shape), 1); this.#changed(); } }, "✕"),
      element("span", { class: "fault", role: "status" }, fault(shape, this.shapes)))));
  }

  #paint(context, area, scale) {
    for (const shape of this.shapes) {
      const hue = fault(shape, this.shapes) ? 0 : shape.kind === "zone" ? 210 : 45;
      outline(context, area, shape.points, scale, { hue, closed: shape.kind === "zone", bold: shape === this.chosen });
      for (const point of shape.points) dot(context, at(area, point), 4 * scale, `hsl(${hue} 85% 70%)`);
      if (shape.points.length) label(context, at(area, shape.points[0]), shape.name, `hsl(${hue} 85% 70%)`, scale);
    }
    if (!this.drawing) return;
    const points = this.cross ? [...this.drawing.points, this.cross] : this.drawing.points;
    outline(context, area, points, scale, { hue: 168, closed: false, bold: true });
    for (const point of this.drawing.points) dot(context, at(area, point), 4.5 * scale, "hsl(168 85% 70%)");
    if (this.cross) dot(context, at(area, this.cross), 3 * scale, "#fff");
  }

  #where(event) {
    const area = this.picture.area();
    const bounds = this.picture.canvas.getBoundingClientRect();
    const scale = this.picture.scale;
    return [((event.clientX - bounds.left) * scale - area.x) / area.width, ((event.clientY - bounds.top) * scale - area.y) / area.height]
      .map((value) => Number(part(value)));
  }

  #distance(event, point) {
    const bounds = this.picture.canvas.getBoundingClientRect();
    const [x, y] = at(this.picture.area(), point).map((side) => side / this.picture.scale);
    return Math.hypot(event.clientX - bounds.left - x, event.clientY - bounds.top - y);
  }

  #nearest(event) {
    const all = this.shapes.flatMap((shape) => shape.points.map((point, index) => ({ shape, index, distance: this.#distance(event, point) })));
    const best = all.sort((a, b) => a.distance - b.distance)[0];
    return best && best.distance < REACH ? best : null;
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.output.textContent);
      text(this.copied, "copied");
    } catch {
      getSelection().selectAllChildren(this.output); // without https a browser keeps its clipboard
      text(this.copied, "selected: press Ctrl+C");
    }
  }
}

function dot(context, [x, y], radius, colour) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
}

function clamped(value) {
  return Math.min(1, Math.max(0, Math.round(value / STEP) * STEP));
}
