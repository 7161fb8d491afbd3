/** The shapes of the API by short names. They are those of its OpenAPI document: `schema.ts` is made from it. */
export {};
