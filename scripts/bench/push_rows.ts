import type { BenchStage } from "./bench_stage.ts";
import { measure } from "./measure.ts";
import { script } from "./own_program.ts";
import { findPeers } from "./peers.ts";
import { measureAtEmptyRegistry, type Row } from "./row.ts";

/**
 * Pushes to registries that keep nothing, and to docker-registry beside other tools.
 *
 * @param stage With what.
 * @returns The rows.
 */
export async function pushRows(stage: BenchStage): Promise<Row[]> {
  const { sizeBytes } = stage;
  const [one, three] = [await stage.one(), await stage.three()];
  const push = (archive: string, ...hosts: string[]) =>
    stage.own("push", archive, ...hosts.flatMap((host) => ["-t", `${host}/bench:1`]), "--yes");
  const [sink = "", ...more] = [
    await stage.startSink(),
    await stage.startSink(),
    await stage.startSink(),
  ];
  const tls = await stage.startTlsSink();
  const send = script("scripts/bench/limits.ts", "send", one, sink.slice(sink.indexOf(":") + 1));
  const trusting = { command: [...push(one, tls.host).command, "--ca-file", tls.caPath] };
  const rows: Row[] = [
    { name: "hash and send through a bare socket", sizeBytes, measure: () => measure(send) },
    { name: "push 1 layer to a sink", sizeBytes, measure: () => measure(push(one, sink)) },
    { name: "push 3 layers to a sink", sizeBytes, measure: () => measure(push(three, sink)) },
    { name: "push 1 layer to a sink over TLS", sizeBytes, measure: () => measure(trusting) },
    {
      name: "push 3 layers to 3 sinks",
      sizeBytes: 3 * sizeBytes,
      measure: () => measure(push(three, sink, ...more)),
    },
  ];
  if (!stage.hasRegistry) return rows;
  const pushThree = (host: string) => push(three, host);
  rows.push(
    {
      name: "push 3 layers to docker-registry",
      sizeBytes,
      measure: () => measureAtEmptyRegistry(pushThree),
    },
    {
      name: "the same push again",
      sizeBytes,
      measure: () => measureAtEmptyRegistry(pushThree, { prepare: (host) => [pushThree(host)] }),
    },
  );
  for (const { name, program } of await findPeers("push")) {
    const toHost = (host: string) => program(three, `${host}/bench:1`);
    rows.push({ name: `${name} of these`, sizeBytes, measure: () => measureAtEmptyRegistry(toHost) });
  }
  return rows;
}
