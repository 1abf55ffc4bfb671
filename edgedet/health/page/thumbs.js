// Pictures of samples, fetched when they come to the screen, a few at a time, and let go with it.

const AT_ONCE = 3; // a browser opens six connections to a host; figures and clicks need some

export class Thumbs {
  #waiting = [];
  #running = 0;
  #controller = new AbortController();

  // The JPEG of a sample as a bitmap, small enough for `width` pixels, or null: it is gone.
  fetch(id, width) {
    const { signal } = this.#controller;
    return new Promise((resolve) => {
      this.#waiting.push(async () => resolve(await bitmap(id, width, signal)));
      this.#next();
    });
  }

  // Fetch nothing more of what was asked for so far.
  clear() {
    this.#controller.abort();
    this.#controller = new AbortController();
    for (const work of this.#waiting.splice(0)) work(); // ends at once, with nothing
  }

  async #next() {
    if (this.#running >= AT_ONCE || !this.#waiting.length) return;
    this.#running += 1;
    await this.#waiting.shift()();
    this.#running -= 1;
    this.#next();
  }
}

async function bitmap(id, width, signal) {
  const size = width <= 340 ? "?width=320" : width <= 700 ? "?width=640" : "";
  try {
    const response = await fetch(`/api/samples/${encodeURIComponent(id)}/picture.jpg${size}`, { signal });
    return response.ok ? await createImageBitmap(await response.blob()) : null;
  } catch {
    return null;
  }
}

// What `Picture` draws beside the bitmap.
export function head(sample) {
  const objects = sample.objects.map((found) => ({ label: found.class, score: found.score, box: found.box, track: null }));
  return { width: sample.width, height: sample.height, objects };
}
