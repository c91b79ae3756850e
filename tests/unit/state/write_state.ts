/** Stores many logins, pushes, habits and layers in a row: arguments are directory, name of this writer, how many. */
import { CompressedLayers } from "../../../lib/state/compressed_layers.ts";
import { CredentialStore } from "../../../lib/state/credential_store.ts";
import { HostMemory } from "../../../lib/state/host_memory.ts";
import { PushHistory } from "../../../lib/state/push_history.ts";
import { digestOf, sha256Digest } from "../../../lib/spec/digest.ts";
import { systemClock } from "../../../lib/util/clock.ts";

const [directory, name, count] = Deno.args as [string, string, string];
const options = {
  clock: systemClock,
  onWarning(message: string): never {
    throw new Error(message);
  },
};
const store = new CredentialStore(directory, options);
const history = new PushHistory(directory, options);
const memory = new HostMemory(directory, options);
const layers = new CompressedLayers(directory, { ...options, method: "gzip:3" });
for (let number = 0; number < Number(count); number++) {
  await store.set(`${name}-${number}.example`, { username: name, password: `${number}` });
  await history.append([{
    image: `${name}:${number}`,
    target: `${name}.example/app:${number}`,
    digest: sha256Digest("0".repeat(64)),
    pushedAt: new Date(systemClock.now()).toISOString(),
    confirmed: true,
  }]);
  await memory.learn(`${name}-${number}.example`, { strategy: "single" });
  const digest = await digestOf(new TextEncoder().encode(`${name}-${number}`));
  await layers.add(digest, { digest, size: number });
}
