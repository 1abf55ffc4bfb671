// Zones and lines as values: what is wrong with one, and how they stand in the configuration.

const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

export function fault(shape, shapes) {
  if (!NAME.test(shape.name)) return "a name has small letters, digits, - and _";
  if (shapes.some((other) => other !== shape && other.name === shape.name)) return "another one has this name";
  if (shape.kind === "zone" && shape.points.length < 3) return "a zone has three points or more";
  if (shape.kind === "zone" && crosses(shape.points)) return "its edges cross each other";
  if (shape.kind === "line" && shape.points.length !== 2) return "a line has two points";
  return "";
}

export function freeName(kind, shapes) {
  for (let number = 1; ; number++) {
    const name = number === 1 ? kind : `${kind}-${number}`;
    if (!shapes.some((shape) => shape.name === name)) return name;
  }
}

// The lines to put below `sources:` in the configuration.
export function yaml(sourceId, shapes) {
  const lines = [`  - id: ${sourceId}`, "    # … as it is"];
  for (const [key, kind] of [["zones", "zone"], ["lines", "line"]]) {
    const found = shapes.filter((shape) => shape.kind === kind);
    if (!found.length) continue;
    lines.push(`    ${key}:`);
    for (const shape of found) {
      const points = shape.points.map(([x, y]) => `[${part(x)}, ${part(y)}]`).join(", ");
      lines.push(`      - {name: ${shape.name}, points: [${points}]${shape.more ?? ""}}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

export function part(value) {
  return String(Math.round(1000 * Math.min(1, Math.max(0, value))) / 1000);
}

// What a shape of the configuration has besides its name and points, kept as it is.
export function rest(place) {
  const { name, points, ...others } = place;
  return Object.entries(others).filter(([, value]) => value !== null)
    .map(([key, value]) => `, ${key}: ${JSON.stringify(value)}`).join("");
}

function crosses(points) {
  const count = points.length;
  for (let i = 0; i < count; i++) {
    for (let j = i + 2; j < count; j++) {
      if (i === 0 && j === count - 1) continue;
      if (meet(points[i], points[i + 1], points[j], points[(j + 1) % count])) return true;
    }
  }
  return false;
}

function meet(a, b, c, d) {
  const side = (p, q, r) => Math.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]));
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}
