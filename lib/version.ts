/** Version of this package, as in `deno.json`. */
export const VERSION = "0.1.0";

/** Commit this was built from; empty when the sources themselves are run. `scripts/release/bundle.ts` puts it in. */
export const COMMIT = "";
