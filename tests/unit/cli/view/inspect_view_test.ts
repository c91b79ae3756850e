import assert from "node:assert/strict";
import { inspectLines } from "../../../../lib/cli/view/inspect_view.ts";
import type { InspectedImage, InspectReport } from "../../../../lib/commands/inspect_image.ts";

const MIB = 2 ** 20;

function digest(char: string): string {
  return `sha256:${char.repeat(64)}`;
}

function image(overrides: Partial<InspectedImage> = {}): InspectedImage {
  return {
    names: ["docker.io/library/nginx:1.27", "docker.io/library/nginx:latest"],
    kind: "image",
    digest: digest("d"),
    mediaType: "application/vnd.docker.distribution.manifest.v2+json",
    platform: "linux/amd64",
    created: "2026-01-02T03:04:05.678901234Z",
    configDigest: digest("c"),
    sizeBytes: 48.6 * MIB,
    layers: [
      {
        digest: digest("1"),
        mediaType: "application/vnd.docker.image.rootfs.diff.tar",
        sizeBytes: 45.6 * MIB,
        diffId: digest("1"),
      },
      { digest: digest("2"), mediaType: "application/vnd.oci.image.layer.v1.tar+zstd", sizeBytes: 3 * MIB },
      {
        digest: digest("3"),
        mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
        sizeBytes: 900,
      },
    ],
    manifests: [],
    absent: [],
    referrers: [],
    ...overrides,
  };
}

function report(...images: InspectedImage[]): InspectReport {
  return { path: "images/nginx_1.27.tar", format: "docker-archive", sizeBytes: 48.7 * MIB, images };
}

Deno.test("inspectLines() lays out an image", async (t) => {
  await t.assertSnapshot(inspectLines(report(image())));
});

Deno.test("inspectLines() lays out an index with what it lists", async (t) => {
  const manifests = ["linux/amd64", "linux/arm64/v8"].map((platform) => image({ names: [], platform }));
  const [layer] = image().layers;
  const { platform: _, ...attestation } = image({
    names: [],
    kind: "attestation",
    digest: digest("a"),
    subject: digest("d"),
    layers: [{ digest: digest("4"), mediaType: "application/vnd.in-toto+json", sizeBytes: 5000 }],
  });
  const { platform: __, ...sbom } = image({
    names: [],
    kind: "artifact",
    artifactType: "application/spdx+json",
    subject: digest("d"),
    layers: [layer!],
    absent: [{ kind: "blob", digest: digest("1"), mediaType: "application/x-layer", sizeBytes: 1 }],
  });
  const index: InspectedImage = {
    names: ["registry.example.com/team/app:1"],
    kind: "index",
    digest: digest("e"),
    mediaType: "application/vnd.oci.image.index.v1+json",
    sizeBytes: 97 * MIB,
    layers: [],
    manifests: [...manifests, attestation],
    absent: [
      { kind: "manifest", digest: digest("f"), mediaType: "x", sizeBytes: 1, platform: "linux/s390x" },
      { kind: "attestation", digest: digest("b"), mediaType: "x", sizeBytes: 1 },
    ],
    referrers: [sbom],
  };
  await t.assertSnapshot(inspectLines(report(index, image({ names: [] }))));
});

Deno.test("inspectLines() stays within 80 columns", () => {
  for (const line of inspectLines(report(image({ layers: Array(120).fill(image().layers[0]) })))) {
    assert(line.length <= 80, line);
  }
});

Deno.test("inspectLines() escapes what an archive says", () => {
  const evil = "\x1b[2J";
  const layer = { digest: evil, mediaType: evil, sizeBytes: 1 };
  const absent = [{ ...layer, kind: "manifest" as const, platform: evil }];
  const hostile = image({
    names: [evil],
    kind: "artifact",
    artifactType: evil,
    subject: evil,
    platform: evil,
    created: evil,
    layers: [layer],
    absent,
  });
  const lines = inspectLines({ ...report(hostile, image({ manifests: [hostile] })), path: evil });
  assert.doesNotMatch(lines.join(""), /\p{Cc}/u);
});
