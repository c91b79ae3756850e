import assert from "node:assert/strict";
import { ConnectionLost } from "../../support/registry/http_message.ts";
import { Repository, sha256Of } from "../../support/registry/repository.ts";
import { UploadSession } from "../../support/registry/upload_session.ts";

const ONE = new TextEncoder().encode("one");
const TWO = new TextEncoder().encode("two");

Deno.test("append() ends when another request goes on with the upload", async () => {
  const repository = new Repository();
  const upload = new UploadSession(repository, { algorithm: "sha256", maxKeptBytes: Infinity });
  const { promise: revived, resolve: revive } = Promise.withResolvers<void>();
  const first = upload.append(async function* () {
    yield ONE;
    await revived;
    yield ONE;
  }());
  while (upload.sizeBytes < ONE.length) await Promise.resolve();
  assert.equal(await upload.append(ReadableStream.from([TWO]), ONE.length), true);
  revive();
  await assert.rejects(first, ConnectionLost);
  const digest = sha256Of(new TextEncoder().encode("onetwo"));
  assert.equal(await upload.commit(digest), digest);
  assert.deepEqual(repository.blobs.get(digest), { sizeBytes: 6, parts: [ONE, TWO] });
});
