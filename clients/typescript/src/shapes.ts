/** The shapes of the API by short names. They are those of its OpenAPI document: `schema.ts` is made from it. */

import type { components } from "./schema.js";

type Shapes = components["schemas"];
type Defaulted<Shape, Required extends keyof Shape> = Pick<Shape, Required> & Partial<Omit<Shape, Required>>;

/** What is left out has its default on the server. */
export type JobRequest = Defaulted<Shapes["JobRequest"], "model">;
export type Job = Shapes["JobView"];
export type JobPage = Shapes["JobPage"];
export type Quote = Shapes["QuoteView"];
export type Model = Shapes["ModelCard"];
export type Upload = Shapes["UploadView"];

/** One event of a job's stream. */
export interface JobEvent {
  /** Come back with it to go on behind it. */
  id: string;
  name: "started" | "delta" | "reset" | "end" | "gone";
  data: Record<string, unknown>;
}
