// Pictures of many sources over one connection: a browser opens only six to a host.
//
// A part is two lengths of four bytes, a head in JSON and a JPEG file. The next part is read when
// the picture is drawn, so a slow device is sent fewer; nothing piles up anywhere.

export class Live {
  #onPicture;
  #controller = null;
  #wanted = "";

  constructor(onPicture) {
    this.#onPicture = onPicture;
  }

  // Look at these sources from now on; none, or a hidden page, ends the connection.
  show(sources, width) {
    const wanted = sources.length ? `/api/live?sources=${sources.join(",")}&width=${Math.round(width)}` : "";
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#controller?.abort();
    this.#controller = null;
    if (wanted) {
      this.#controller = new AbortController();
      this.#follow(wanted, this.#controller.signal);
    }
  }

  async #follow(url, signal) {
    for (let pause = 500; !signal.aborted; pause = Math.min(2 * pause, 8000)) {
      try {
        const response = await fetch(url, { signal });
        if (response.ok) {
          await this.#read(response.body.getReader(), signal);
          pause = 500;
        }
      } catch (error) {
        if (signal.aborted) return;
      }
      await new Promise((resume) => setTimeout(resume, pause));
    }
  }

  async #read(reader, signal) {
    let held = new Uint8Array(0);
    while (!signal.aborted) {
      const { done, value } = await reader.read();
      if (done) return;
      held = joined(held, value);
      for (let size = partSize(held); size && size <= held.length; size = partSize(held)) {
        await this.#draw(held.subarray(0, size), signal);
        held = held.slice(size);
      }
    }
  }

  async #draw(part, signal) {
    const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
    const headEnd = 8 + view.getUint32(0);
    if (!view.getUint32(4)) return; // a heartbeat
    const head = JSON.parse(new TextDecoder().decode(part.subarray(8, headEnd)));
    const blob = new Blob([part.subarray(headEnd)], { type: "image/jpeg" });
    const bitmap = await createImageBitmap(blob);
    if (!signal.aborted) this.#onPicture(head, bitmap);
    else bitmap.close();
  }
}

function partSize(held) {
  if (held.length < 8) return 0;
  const view = new DataView(held.buffer, held.byteOffset, held.byteLength);
  return 8 + view.getUint32(0) + view.getUint32(4);
}

function joined(first, second) {
  if (!first.length) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
