// Draws a picture with what is in it, as large as its canvas is shown, sharp on every screen.

const HUES = [168, 38, 208, 330, 90, 270, 12, 186];

export class Picture {
  constructor(canvas) {
    this.canvas = canvas;
    this.bitmap = null;
    this.head = null;
    this.places = { zones: [], lines: [] };
    this.shows = { boxes: true, zones: true };
    this.overlay = null; // drawn last, by the editor
  }

  put(head, bitmap) {
    this.bitmap?.close();
    this.head = head;
    this.bitmap = bitmap;
    this.draw();
  }

  // Where the picture lies in the canvas: as large as fits, in the middle, in device pixels.
  area() {
    const { width, height } = this.canvas;
    const ratio = this.head ? this.head.width / this.head.height : 16 / 9;
    const drawn = width / height > ratio ? [height * ratio, height] : [width, width / ratio];
    return { x: (width - drawn[0]) / 2, y: (height - drawn[1]) / 2, width: drawn[0], height: drawn[1] };
  }

  draw() {
    const { canvas } = this;
    this.scale = Math.min(window.devicePixelRatio || 1, 2);
    const size = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.max(1, Math.round(side * this.scale)));
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    const area = this.area();
    if (this.bitmap) context.drawImage(this.bitmap, area.x, area.y, area.width, area.height);
    if (this.shows.zones) this.#places(context, area);
    if (this.shows.boxes && this.head) for (const found of this.head.objects) this.#box(context, area, found);
    this.overlay?.(context, area, this.scale);
  }

  #places(context, area) {
    for (const zone of this.places.zones) {
      outline(context, area, zone.points, this.scale, { hue: 210, closed: true });
      if (this.canvas.clientWidth >= 480) label(context, at(area, top(zone.points)), zone.name, "hsl(210 80% 62%)", this.scale);
    }
    for (const line of this.places.lines) {
      outline(context, area, line.points, this.scale, { hue: 45, closed: false });
      if (this.canvas.clientWidth >= 480) label(context, at(area, line.points[0]), line.name, "hsl(45 90% 60%)", this.scale);
    }
  }

  #box(context, area, found) {
    const [x1, y1, x2, y2] = found.box;
    const colour = `hsl(${hue(found.label)} 85% 58%)`;
    const [left, upper] = at(area, [x1, y1]);
    context.lineWidth = 2 * this.scale;
    context.strokeStyle = colour;
    context.strokeRect(left, upper, (x2 - x1) * area.width, (y2 - y1) * area.height);
    if (this.canvas.clientWidth < 480) return; // words would hide more than they tell
    const name = found.track ? `${found.label} ${found.track.split("-").pop()}` : found.label;
    label(context, [left, upper], `${name} ${found.score.toFixed(2)}`, colour, this.scale);
  }
}

export function at(area, [x, y]) {
  return [area.x + x * area.width, area.y + y * area.height];
}

export function outline(context, area, points, scale, { hue: tone, closed, bold = false }) {
  if (!points.length) return;
  context.beginPath();
  points.forEach((point, index) => (index ? context.lineTo(...at(area, point)) : context.moveTo(...at(area, point))));
  if (closed) {
    context.closePath();
    context.fillStyle = `hsl(${tone} 80% 60% / ${bold ? 0.28 : 0.16})`;
    context.fill();
  }
  context.lineWidth = (bold ? 2.5 : 1.5) * scale;
  context.strokeStyle = `hsl(${tone} 85% 62%)`;
  context.stroke();
}

export function label(context, [x, y], words, colour, scale) {
  const height = 15 * scale;
  context.font = `600 ${11 * scale}px system-ui, "DejaVu Sans", sans-serif`;
  const width = context.measureText(words).width + 8 * scale;
  const left = Math.min(Math.max(0, x - scale), Math.max(0, context.canvas.width - width));
  const upper = y - height < 0 ? y : y - height;
  context.fillStyle = colour;
  context.fillRect(left, upper, width, height);
  context.fillStyle = "#071014";
  context.textBaseline = "middle";
  context.fillText(words, left + 4 * scale, upper + height / 2 + scale / 2);
}

function top(points) {
  return points.reduce((best, point) => (point[1] < best[1] ? point : best), points[0] ?? [0, 0]);
}

function hue(name) {
  let sum = 0;
  for (const letter of name) sum = (31 * sum + letter.codePointAt(0)) % 9973;
  return HUES[sum % HUES.length];
}
