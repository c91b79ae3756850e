import * as v from "valibot";
import { type Digest, isDigest } from "../spec/digest.ts";
import { ExpendableDocument } from "./expendable_document.ts";
import type { StateOptions } from "./state_document.ts";

const LAYERS_FILE = "compressed_layers.json";
const MAX_LAYERS = 1_000;

/** What a compressed layer is. */
export interface CompressedLayer {
  /** Its digest. */
  digest: Digest;
  /** Its size in bytes. */
  size: number;
}

/** What is needed to remember compressed layers. */
export interface CompressedLayersOptions extends StateOptions {
  /**
   * Names everything that decides what comes of a plain layer: format, level, version of the compressor, for example
   * `zstd:3 deno 2.9.6`.
   */
  method: string;
}

const digestSchema = v.custom<Digest>(
  (value) => typeof value === "string" && isDigest(value),
  "must be a digest",
);

const layersSchema = v.object({
  version: v.literal(1),
  // The newest last.
  layers: v.array(v.object({
    diffId: digestSchema,
    method: v.string(),
    digest: digestSchema,
    size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  })),
});

/**
 * What came of layers that were compressed, in `compressed_layers.json`: the last 1,000. Who knows it beforehand can ask
 * a registry for a layer without compressing it. It only saves work, so nothing here ever stops a push; see
 * {@linkcode ExpendableDocument}.
 */
export class CompressedLayers {
  #file: ExpendableDocument<v.InferOutput<typeof layersSchema>>;
  #method: string;

  /**
   * Names the directory; nothing is read or created yet.
   *
   * @param directory The state directory.
   * @param options How layers are compressed, time, and who hears of warnings.
   */
  constructor(directory: string, options: CompressedLayersOptions) {
    const document = { directory, name: LAYERS_FILE, schema: layersSchema };
    this.#file = new ExpendableDocument(document, "the memory of compressed layers", options);
    this.#method = options.method;
  }

  /**
   * What is known of layers that were compressed by this method.
   *
   * @returns By digest of the plain layer.
   */
  async list(): Promise<Map<Digest, CompressedLayer>> {
    const content = await this.#file.read();
    const own = (content?.layers ?? []).filter(({ method }) => method === this.#method);
    return new Map(own.map(({ diffId, digest, size }) => [diffId, { digest, size }]));
  }

  /**
   * Remembers what came of a layer.
   *
   * @param diffId Digest of the plain layer.
   * @param layer What it became.
   */
  async add(diffId: Digest, { digest, size }: CompressedLayer): Promise<void> {
    const method = this.#method;
    await this.#file.update((content) => {
      const others = (content?.layers ?? []).filter((other) =>
        other.diffId !== diffId || other.method !== method
      );
      return { version: 1, layers: [...others, { diffId, method, digest, size }].slice(-MAX_LAYERS) };
    });
  }
}
