import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type HttpService, startHttpService } from "../../lib/server/http_service.ts";
import { createRegistryHandler, type RegistryHandler } from "../../lib/server/registry_handler.ts";
import type { RegistryStore } from "../../lib/server/registry_store.ts";
import type { Digest } from "../../lib/spec/digest.ts";
import { BUFFER_BYTES, BufferRing } from "../../lib/util/buffer_ring.ts";
import { systemClock } from "../../lib/util/clock.ts";
import { streamRange } from "../../lib/util/range_stream.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { ask, openServedStore, pushBlob } from "../support/served_store.ts";

const CLIENTS = 24;

function start(handler: RegistryHandler, clock = systemClock): HttpService {
  return startHttpService(handler, { hostname: "127.0.0.1", port: 0, clock });
}

/** Sends a request as it is, without a client that has its own ideas. */
async function connect({ address }: HttpService, head: string): Promise<Deno.Conn> {
  const connection = await Deno.connect(address);
  await connection.write(new TextEncoder().encode(`${head}\r\nHost: registry.test\r\n\r\n`));
  return connection;
}

async function readHead(connection: Deno.Conn): Promise<string> {
  const byte = new Uint8Array(1);
  let head = "";
  while (!head.endsWith("\r\n\r\n") && await connection.read(byte) !== null) {
    head += String.fromCharCode(byte[0]!);
  }
  return head;
}

/** Bytes that say at which position of which blob they belong. */
function fillPattern(into: Uint8Array, blob: number, offsetBytes: number): void {
  const words = new Uint32Array(into.buffer, into.byteOffset, into.length / 4);
  for (let index = 0; index < words.length; index++) words[index] = (offsetBytes / 4 + index) ^ (blob << 24);
}

/** A registry whose blobs are made while they are read: their digests are numbers, their sizes follow from these. */
function patternStore(): RegistryStore {
  return {
    repositories: () => Promise.resolve([]),
    tags: () => Promise.resolve(undefined),
    findManifest: () => Promise.resolve(undefined),
    referrers: () => Promise.resolve([]),
    findBlob: (_, digest) => {
      const sizeBytes = sizeOf(numberOf(digest));
      const open = () => {
        let offsetBytes = 0;
        const read = (into: Uint8Array): Promise<void> => {
          fillPattern(into, numberOf(digest), offsetBytes);
          offsetBytes += into.length;
          return Promise.resolve();
        };
        return Promise.resolve(streamRange(sizeBytes, { read, close: () => {}, buffers: new BufferRing() }));
      };
      return Promise.resolve({ sizeBytes, open });
    },
  };
}

/** Sizes that fill the network's buffers to different degrees: some end just where sending has come to a halt. */
function sizeOf(blob: number): number {
  return (blob + 1) * BUFFER_BYTES;
}

function digestNumbered(blob: number): Digest {
  return `sha256:${String(blob).padStart(64, "0")}` as Digest;
}

function numberOf(digest: Digest): number {
  return Number(digest.slice("sha256:".length));
}

Deno.test("streamRange() never refills a buffer that Deno.serve has still to send", async () => {
  const service = start(createRegistryHandler(patternStore()));
  const letGo = Promise.withResolvers<void>();
  const receive = async (blob: number): Promise<string> => {
    using connection = await connect(service, `GET /v2/app/blobs/${digestNumbered(blob)} HTTP/1.1`);
    await letGo.promise;
    assert.match(await readHead(connection), new RegExp(`content-length: ${sizeOf(blob)}\\r\\n`, "i"));
    const hash = createHash("sha256");
    const buffer = new Uint8Array(65536);
    for (let leftBytes = sizeOf(blob); leftBytes > 0;) {
      const read = await connection.read(buffer.subarray(0, leftBytes));
      if (read === null) return "cut";
      hash.update(buffer.subarray(0, read));
      leftBytes -= read;
    }
    return hash.digest("hex");
  };
  const blobs = Array.from({ length: CLIENTS }, (_, blob) => blob);
  const stuck = blobs.map(receive);
  // Answered later than all of them, and so by then each has been sent as far as its client lets it.
  await (await fetch(`http://127.0.0.1:${service.address.port}/v2/`)).body?.cancel();
  letGo.resolve();
  const expected = blobs.map((blob) => {
    const bytes = new Uint8Array(sizeOf(blob));
    fillPattern(bytes, blob, 0);
    return createHash("sha256").update(bytes).digest("hex");
  });
  assert.deepEqual(await Promise.all(stuck), expected);
  await service.stop(0);
});

Deno.test("startHttpService() says lengths, and compresses nothing on the way", async () => {
  await using served = await openServedStore();
  const { digest, size } = await pushBlob(served.handler, "app", "{}".repeat(5_000));
  const service = start(served.handler);
  for (const request of [`HEAD /v2/app/blobs/${digest}`, `GET /v2/app/blobs/${digest}`, "GET /v2/_catalog"]) {
    using connection = await connect(
      service,
      `${request} HTTP/1.1\r\nAccept-Encoding: gzip, br\r\nConnection: close`,
    );
    const head = (await readHead(connection)).toLowerCase();
    assert.match(
      head,
      request.endsWith("catalog") ? /content-length: 19\r\n/ : new RegExp(`content-length: ${size}\r\n`),
    );
    assert.doesNotMatch(head, /content-encoding|transfer-encoding/);
    const { size: bodyBytes } = await new Response(connection.readable).blob();
    assert.equal(bodyBytes, request.startsWith("HEAD") ? 0 : Number(/content-length: (\d+)/.exec(head)?.[1]));
  }
  await service.stop(0);
});

Deno.test("startHttpService() keeps what came of a request that is cut, and goes on from there", async () => {
  await using served = await openServedStore();
  const { promise: cut, resolve } = Promise.withResolvers<unknown>();
  const service = start(async (request) => {
    try {
      return await served.handler(request);
    } catch (error) {
      resolve(error);
      throw error;
    }
  });
  const { headers } = await ask(served.handler, "POST /v2/app/blobs/uploads/");
  const location = headers.get("location")!;
  const connection = await connect(service, `PATCH ${location} HTTP/1.1\r\nContent-Length: 100`);
  await connection.write(new TextEncoder().encode("0123456789"));
  while ((await ask(served.handler, `GET ${location}`)).headers.get("range") !== "0-9");
  connection.close();
  assert.equal((await cut as Error).name, "ClientGone");
  const patch = { body: new TextEncoder().encode("abc"), headers: { "Content-Range": "10-12" } };
  assert.equal((await ask(served.handler, `PATCH ${location}`, patch)).headers.get("range"), "0-12");
  await service.stop(0);
});

Deno.test("startHttpService() answers a request whose body nobody will read", async () => {
  const service = start(
    createRegistryHandler(patternStore(), { login: { username: "ann", password: "secret" } }),
  );
  const url = `http://127.0.0.1:${service.address.port}/v2/app/blobs/uploads/1`;
  const response = await fetch(url, { method: "PATCH", body: new Uint8Array(8 * 2 ** 20) });
  assert.deepEqual([response.status, (await response.json()).errors[0].code], [401, "UNAUTHORIZED"]);
  assert.equal(response.headers.get("www-authenticate"), 'Basic realm="docker-image-pusher"');
  await service.stop(0);
});

Deno.test("startHttpService() tells of failures, and clients only that there was one, or that a disk is full", async () => {
  const full = Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
  const failures = [new Error("secret"), new Error("Cannot write /secret", { cause: full })];
  const told: unknown[] = [];
  const service = startHttpService(() => Promise.reject(failures[told.length]), {
    hostname: "127.0.0.1",
    port: 0,
    onError: (error) => void told.push(error),
    clock: systemClock,
  });
  const answers: unknown[] = [];
  for (const _ of failures) {
    const response = await fetch(`http://127.0.0.1:${service.address.port}/v2/`);
    answers.push([response.status, (await response.json()).errors[0].message]);
  }
  assert.deepEqual(answers, [[500, "the registry failed"], [507, "the disk of the registry is full"]]);
  assert.deepEqual(told, failures);
  await service.stop(0);
});

Deno.test("stop() waits for what is under way, and cuts off what takes too long", async () => {
  const clock = new FakeClock({ autoAdvance: false });
  const arrived = Promise.withResolvers<void>();
  const answering = Promise.withResolvers<void>();
  const service = start(async () => {
    arrived.resolve();
    await answering.promise;
    return new Response("done");
  }, clock);
  const answer = fetch(`http://127.0.0.1:${service.address.port}/v2/`);
  await arrived.promise;
  const stopped = service.stop(5_000);
  answering.resolve();
  assert.equal(await (await answer).text(), "done");
  await stopped;

  const never = Promise.withResolvers<Response>();
  const reached = Promise.withResolvers<void>();
  const hanging = start(() => {
    reached.resolve();
    return never.promise;
  }, clock);
  const unanswered = fetch(`http://127.0.0.1:${hanging.address.port}/v2/`);
  await reached.promise;
  const cutOff = hanging.stop(5_000);
  await clock.advance(5_000);
  await assert.rejects(unanswered);
  never.resolve(new Response());
  await cutOff;
});
