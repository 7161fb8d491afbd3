/** Reads server-sent events out of bytes, as they come (WHATWG HTML, section 9.2.6). */

export interface SentEvent {
  name: string;
  data: string;
  id: string;
}

/** The events of a body. What is not ended by an empty line is no event. */
export async function* sentEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<SentEvent | null> {
  const decoder = new TextDecoder();
  let held = "";
  let name = "";
  let id = "";
  let data: string[] = [];
  for await (const chunk of pieces(body)) {
    held += decoder.decode(chunk, { stream: true });
    // A CR at the end may be half of a CRLF.
    const whole = held.endsWith("\r") ? held.slice(0, -1) : held;
    const lines = whole.split(/\r\n|\r|\n/);
    held = (lines.pop() ?? "") + held.slice(whole.length);
    for (const line of lines) {
      if (line === "") {
        if (data.length) yield { name: name || "message", data: data.join("\n"), id };
        name = "";
        data = [];
        continue;
      }
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "event") name = value;
      else if (field === "data") data.push(value);
      else if (field === "id" && !value.includes("\0")) id = value;
      // A comment: somebody is still there.
      else if (field === "") yield null;
    }
  }
}

async function* pieces(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
