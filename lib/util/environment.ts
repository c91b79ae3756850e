/** Looks up an environment variable; `undefined` when it is not set. */
export type Environment = (name: string) => string | undefined;
