import assert from "node:assert/strict";
import { serve, type ServeOptions, type ServeReport } from "../../../../lib/commands/serve/serve.ts";
import { isPusherError, PusherError } from "../../../../lib/errors.ts";
import { createCertificateAuthority } from "../../../support/certificate.ts";
import { fixturePath } from "../../../support/fixture_archives.ts";
import { makeTempDir } from "../../../support/temp_dir.ts";
import { makeTestContext, type TestContext } from "../../../support/test_context.ts";

/** Serves while something is done, and then stops it as Ctrl-C does. */
async function whileServing(
  options: Omit<ServeOptions, "onListening">,
  act: (report: ServeReport, context: TestContext) => Promise<void> | void,
): Promise<void> {
  const stop = new AbortController();
  const context = makeTestContext({ signal: stop.signal });
  const listening = Promise.withResolvers<ServeReport>();
  const serving = serve({ listen: "127.0.0.1:0", ...options, onListening: listening.resolve }, context);
  serving.catch(listening.reject);
  try {
    await act(await listening.promise, context);
  } finally {
    stop.abort(new PusherError("CANCELED", "Stopped by SIGINT", { detail: { signal: "SIGINT" } }));
    await serving;
  }
}

function notices({ events }: TestContext): string {
  return events.flatMap((event) => event.type === "notice" ? [event.message] : []).join("\n");
}

async function assertRefused(options: Partial<ServeOptions>, message: RegExp): Promise<void> {
  const serving = serve(
    { archives: [], listen: "127.0.0.1:0", onListening: () => {}, ...options },
    makeTestContext(),
  );
  await assert.rejects(
    serving,
    (error) => isPusherError(error) && message.test(error.message) && Boolean(error.hint),
  );
}

Deno.test("serve() names images without their registry, and those without a name after the file", async () => {
  const archives = ["podman43-oci-archive", "docker26-one", "docker26-byid"].map(fixturePath);
  await whileServing({ archives }, ({ url, images, isReadOnly }, context) => {
    const host = new URL(url).host;
    const references = images.map(({ reference }) => reference.slice(host.length + 1));
    assert.equal(references[0], "t/img:1");
    assert.ok(references.slice(1).every((reference) => reference === "docker26-byid"), `${references}`);
    assert.equal(isReadOnly, true);
    assert.match(notices(context), /t\/img:1 of .*docker26-one\.tar is served as t\/img@sha256:\w+ only/);
  });
});

Deno.test("serve() takes a directory of archives, and takes no pushes without a store", async () => {
  await using dir = await makeTempDir();
  await Deno.copyFile(fixturePath("docker26-one"), dir.join("a.tar"));
  await Deno.writeTextFile(dir.join("readme.txt"), "no archive");
  await whileServing({ archives: [dir.path] }, async ({ url, images }) => {
    assert.equal(images.length, 1);
    const response = await fetch(`${url}/v2/t/img/blobs/uploads/`, { method: "POST" });
    assert.deepEqual([response.status, (await response.json()).errors[0].code], [405, "UNSUPPORTED"]);
  });
});

Deno.test("serve() leaves out what is broken in a directory, and says so; alone, it is an error", async () => {
  await using dir = await makeTempDir();
  const broken = dir.join("b.tar");
  await Deno.copyFile(fixturePath("z07-truncated"), broken);
  await assertRefused({ archives: [dir.path] }, /b\.tar": the file ends inside/);
  await Deno.copyFile(fixturePath("c8d-mp"), dir.join("a.tar"));
  await Deno.copyFile(fixturePath("um-dot"), dir.join("c.tar"));
  await whileServing({ archives: [dir.path] }, ({ images }, context) => {
    assert.ok(images.length > 1);
    const warnings = context.events.flatMap((event) => event.type === "warning" ? [event.message] : []);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /b\.tar": the file ends inside .*; it is left out$/);
    assert.match(notices(context), /c\.tar: The archive names an image only by tag/);
  });
  await assertRefused({ archives: [dir.join("a.tar"), broken] }, /b\.tar": the file ends inside/);
});

Deno.test("serve() speaks TLS and asks for a login", async () => {
  await using dir = await makeTempDir();
  const authority = await createCertificateAuthority();
  const { cert, key } = await authority.issue(["127.0.0.1"]);
  const [tlsCert, tlsKey] = [dir.join("cert.pem"), dir.join("key.pem")];
  await Deno.writeTextFile(tlsCert, cert);
  await Deno.writeTextFile(tlsKey, key);
  const login = { username: "ann", password: "sécret" };
  using client = Deno.createHttpClient({ caCerts: [authority.cert] });
  await whileServing({ archives: [fixturePath("docker26-one")], tlsCert, tlsKey, login }, async ({ url }) => {
    assert.match(url, /^https:/);
    const statusFor = async (headers: HeadersInit): Promise<number> => {
      const response = await fetch(`${url}/v2/`, { client, headers });
      await response.body?.cancel();
      return response.status;
    };
    const basic = (text: string) => ({ Authorization: `Basic ${new TextEncoder().encode(text).toBase64()}` });
    assert.equal(await statusFor({}), 401);
    assert.equal(await statusFor(basic("ann:wrong")), 401);
    assert.equal(await statusFor({ Authorization: "Basic %" }), 401);
    assert.equal(await statusFor(basic("ann:sécret")), 200);
  });
});

Deno.test("serve() says what it waits for when it is stopped", async () => {
  await using dir = await makeTempDir();
  let told: TestContext | undefined;
  await whileServing({ archives: [], store: dir.join("store") }, async ({ url }, context) => {
    told = context;
    const start = await fetch(`${url}/v2/app/blobs/uploads/`, { method: "POST" });
    await start.body?.cancel();
    const path = start.headers.get("location");
    const { hostname, port } = new URL(url);
    const connection = await Deno.connect({ hostname, port: Number(port) });
    context.signal.addEventListener("abort", () => connection.close());
    const half = `PATCH ${path} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 4\r\n\r\nab`;
    await connection.write(new TextEncoder().encode(half));
    const arrived = async (): Promise<string | null> => (await fetch(`${url}${path}`)).headers.get("range");
    while (await arrived() !== "0-1");
  });
  assert.match(notices(told!), /1 request has 5 seconds to end\. Ctrl-C again ends it now\./);
});

Deno.test("serve() says that everybody gets in where others can reach it", async () => {
  await using dir = await makeTempDir();
  const options = { archives: [], store: dir.join("store"), listen: "0.0.0.0:0" };
  await whileServing(options, (_, context) => {
    assert.match(
      notices(context),
      /Everybody who reaches 0\.0\.0\.0:\d+ can read these images and push others/,
    );
  });
  await whileServing({ ...options, login: { username: "a", password: "b" } }, (_, context) => {
    assert.match(notices(context), /Passwords travel to 0\.0\.0\.0:\d+ readable to others/);
  });
});

Deno.test("serve() says what keeps it from listening", async () => {
  await assertRefused({}, /neither archives nor a store/);
  await using dir = await makeTempDir();
  const store = dir.join("store");
  await whileServing({ archives: [], store }, async ({ url }) => {
    const listen = new URL(url).host;
    await assertRefused({ store, listen }, /Cannot listen on 127\.0\.0\.1:\d+: address already in use/);
  });
  for (const listen of ["here", ":5000", "127.0.0.1:70000", "::1:5000"]) {
    await assertRefused({ store, listen }, /it is no address with a port/);
  }
  await assertRefused({ store, tlsKey: dir.join("key.pem") }, /--tls-cert is missing/);
  await assertRefused({ store, tlsCert: dir.join("no.pem"), tlsKey: dir.join("no.pem") }, /no such file/);
  await Deno.writeTextFile(dir.join("bad.pem"), "nothing");
  await assertRefused(
    { store, tlsCert: dir.join("bad.pem"), tlsKey: dir.join("bad.pem") },
    /Cannot listen on/,
  );
});

Deno.test("serve() refuses what it cannot read in place, and stores that hold something else", async () => {
  await using dir = await makeTempDir();
  const compressed = new Blob([await Deno.readFile(fixturePath("docker26-one"))]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  await Deno.writeFile(dir.join("a.tar.gz"), compressed);
  await assertRefused({ archives: [dir.join("a.tar.gz")] }, /it can only be read from its start to its end/);
  await assertRefused({ archives: ["-"] }, /it can only be read from its start to its end/);
  await assertRefused({ archives: [dir.join("none.tar")] }, /no such file/);
  await assertRefused({ store: dir.path }, /it holds other files, and is no OCI image layout/);
});
