/**
 * Weaknesses that were published of tools of this kind, each with a client that has it: a test that such a client
 * passes would test nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { openArchive } from "../../lib/archive/open_archive.ts";
import { isPusherError } from "../../lib/errors.ts";
import { connectRegistry } from "../../lib/registry/registry_session.ts";
import { Repository } from "../../lib/registry/repository.ts";
import { isDigest, sha256Digest } from "../../lib/spec/digest.ts";
import { systemClock } from "../../lib/util/clock.ts";
import { layerBytes, ociImage, ociLayoutMembers, tarBytes } from "../support/archives.ts";
import { createCertificateAuthority } from "../support/certificate.ts";
import { makePushStage } from "../support/push_stage.ts";
import { redirectTo } from "../support/registry/answer_faults.ts";
import { startHttpServer } from "../support/registry/http_server.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const ANN = { username: "ann", password: "s3cret" };
const AUTHORIZATION = { authorization: `Basic ${btoa("ann:s3cret")}` };
const BLOB = { digest: sha256Digest("a".repeat(64)), size: 5, mediaType: "application/octet-stream" };
const { signal } = new AbortController();

/** Somebody else's server, on another port. */
interface Attacker extends AsyncDisposable {
  readonly origin: string;
  /** What it was told in each request that should stay with the registry. */
  readonly secrets: (string | null)[];
}

function startAttacker(): Attacker {
  const secrets: (string | null)[] = [];
  const server = startHttpServer(({ request }) => {
    secrets.push(request.headers.get("authorization") ?? request.headers.get("cookie"));
    return Promise.resolve({ status: 401, headers: { "WWW-Authenticate": 'Basic realm="give it to me"' } });
  });
  return {
    origin: `http://${server.host}`,
    secrets,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Asks for a blob as ann. */
async function askForBlob({ host }: TestRegistry): Promise<void> {
  using session = await connectRegistry(host, { credentials: ANN, clock: systemClock, signal });
  await new Repository(session, "app").hasBlob(BLOB, signal).catch(() => {});
}

Deno.test("CVE-2026-50151, Location leak: an upload location elsewhere gets no credentials", async () => {
  const client = async (registry: TestRegistry): Promise<void> => {
    await using stage = await makePushStage();
    const { error } = await stage.push(registry, { credentials: ANN });
    assert.ok(isPusherError(error), String(error));
  };
  const naive = async ({ origin }: TestRegistry): Promise<void> => {
    const begun = await fetch(`${origin}/v2/app/blobs/uploads/`, { method: "POST", headers: AUTHORIZATION });
    await begun.body?.cancel();
    const location = begun.headers.get("location")!;
    const sent = await fetch(location, { method: "PUT", headers: AUTHORIZATION, body: "bytes" });
    await sent.body?.cancel();
  };
  for (const [push, isSafe] of [[client, true], [naive, false]] as const) {
    await using attacker = startAttacker();
    await using registry = startTestRegistry({ auth: { type: "basic", users: { ann: "s3cret" } } });
    registry.addFault({
      on: "start-upload",
      times: Infinity,
      do: () => ({ status: 202, headers: { "Location": `${attacker.origin}/upload?_state=1` } }),
    });
    await push(registry);
    assert.ok(attacker.secrets.length > 0, "the location is used");
    assert.equal(attacker.secrets.every((secret) => secret === null), isSafe);
  }
});

Deno.test("GHSA-vh4v-2xq2-g5cg, redirect leak: another port of the same host gets no credentials", async () => {
  const naive = async ({ origin }: TestRegistry): Promise<void> => {
    let url = `${origin}/v2/app/blobs/${BLOB.digest}`;
    for (let hops = 0; hops < 2; hops++) {
      const answer = await fetch(url, { method: "HEAD", headers: AUTHORIZATION, redirect: "manual" });
      await answer.body?.cancel();
      url = answer.headers.get("location") ?? url;
    }
  };
  for (const [ask, isSafe] of [[askForBlob, true], [naive, false]] as const) {
    await using attacker = startAttacker();
    await using registry = startTestRegistry({ auth: { type: "basic", users: { ann: "s3cret" } } });
    registry.addFault({ on: "head-blob", times: Infinity, do: redirectTo(`${attacker.origin}/blob`) });
    await ask(registry);
    assert.equal(attacker.secrets.length, 1, "the redirect is followed");
    assert.equal(attacker.secrets.every((secret) => secret === null), isSafe);
  }
});

Deno.test("GHSA-xf85-363p-868w, scheme downgrade: nothing is asked in the clear because a registry says so", async () => {
  const authority = await createCertificateAuthority();
  const caCerts = [authority.cert];
  const client = async ({ host }: TestRegistry): Promise<void> => {
    const settingsOf = (): { caCerts: string[] } => ({ caCerts });
    using session = await connectRegistry(host, { clock: systemClock, signal, settingsOf });
    const asked = new Repository(session, "app").hasBlob(BLOB, signal);
    await assert.rejects(asked, (error) => isPusherError(error, "REGISTRY_UNSUPPORTED"));
  };
  const naive = async ({ origin }: TestRegistry): Promise<void> => {
    using client = Deno.createHttpClient({ caCerts, poolMaxIdlePerHost: 0 });
    const answer = await fetch(`${origin}/v2/app/blobs/${BLOB.digest}`, { method: "HEAD", client });
    await answer.body?.cancel();
  };
  for (const [ask, isSafe] of [[client, true], [naive, false]] as const) {
    await using attacker = startAttacker();
    await using registry = startTestRegistry({ tls: await authority.issue(["127.0.0.1"]) });
    registry.addFault({ on: "head-blob", times: Infinity, do: redirectTo(`${attacker.origin}/blob`) });
    await ask(registry);
    assert.equal(attacker.secrets.length === 0, isSafe);
  }
});

Deno.test("CVE-2024-3727, digest in paths: an archive cannot name other requests to make", async () => {
  const digest = "sha256:../../../../other/manifests/latest";
  const naive = (origin: string): URL => new URL(`/v2/app/blobs/${digest}`, origin);
  assert.equal(naive("https://r.example").pathname, "/v2/other/manifests/latest");

  await using dir = await makeTempDir();
  const image = await ociImage({ os: "linux", architecture: "amd64" }, [layerBytes("layer")]);
  const hostile = ociLayoutMembers([{
    ...image,
    descriptor: { ...image.descriptor, digest: digest as never },
  }]);
  await Deno.writeFile(dir.join("app.tar"), tarBytes(hostile));
  await assert.rejects(openArchive(dir.join("app.tar")), (error) => isPusherError(error, "ARCHIVE_CORRUPT"));

  await using registry = startTestRegistry();
  registry.addFault({
    on: "head-manifest",
    times: Infinity,
    do: () => ({ status: 200, headers: { "Docker-Content-Digest": digest } }),
  });
  using session = await connectRegistry(registry.host, { clock: systemClock, signal });
  const repository = new Repository(session, "app");
  const found = await repository.manifestDigest("latest", signal);
  assert.ok(found === undefined || isDigest(found), String(found));
  await assert.rejects(repository.getManifest(digest, signal), TypeError);
  assert.deepEqual(registry.requests.filter(({ path }) => path.includes("other")), []);
});
