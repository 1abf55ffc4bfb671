// Asks the device, and tells it what somebody decided. What it refuses is an answer, too.

const PATIENCE_MS = 8000;

export async function ask(path) {
  const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (response.status === 401) location.assign("/login");
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error ?? `${response.status}`);
  return response.json();
}

// Changes something: `isDone` tells whether all of it was, `body` what the device says.
export async function send(path, content) {
  try {
    const response = await fetch(path, { method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify(content), signal: AbortSignal.timeout(2 * PATIENCE_MS) });
    if (response.status === 401) location.assign("/login");
    return { isDone: response.ok, body: await response.json() };
  } catch {
    return { isDone: false, body: { error: "the device does not answer" } };
  }
}
