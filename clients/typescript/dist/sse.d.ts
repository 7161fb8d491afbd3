/** Reads server-sent events out of bytes, as they come (WHATWG HTML, section 9.2.6). */
export interface SentEvent {
    name: string;
    data: string;
    id: string;
}
/** The events of a body. What is not ended by an empty line is no event. */
export declare function sentEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<SentEvent | null>;
