import assert from "node:assert/strict";
import {
  formatPlatform,
  isSamePlatform,
  normalizePlatform,
  parsePlatform,
} from "../../../lib/spec/platform.ts";

Deno.test("formatPlatform() writes what is known, without the Windows version", () => {
  const cases: [Parameters<typeof formatPlatform>[0], string][] = [
    [{ os: "linux", architecture: "amd64" }, "linux/amd64"],
    [{ os: "linux", architecture: "arm", variant: "v7" }, "linux/arm/v7"],
    [{ os: "linux", architecture: "arm64", variant: "" }, "linux/arm64"],
    [{ os: "windows", architecture: "amd64", "os.version": "10.0.20348.1129" }, "windows/amd64"],
    [{ os: "unknown", architecture: "unknown" }, "unknown/unknown"],
    [{ os: "", architecture: "" }, ""],
  ];
  for (const [platform, text] of cases) assert.equal(formatPlatform(platform), text);
});

Deno.test("parsePlatform() says the same in one way, as containerd does", () => {
  const cases: Record<string, string> = {
    "linux/amd64": "linux/amd64",
    "Linux/X86_64": "linux/amd64",
    "linux/x86-64": "linux/amd64",
    "linux/amd64/v1": "linux/amd64",
    "linux/amd64/v2": "linux/amd64/v2",
    "linux/aarch64": "linux/arm64",
    "linux/arm64/v8": "linux/arm64",
    "linux/arm64/8": "linux/arm64",
    "linux/arm64/v9": "linux/arm64/v9",
    "linux/arm": "linux/arm/v7",
    "linux/arm/7": "linux/arm/v7",
    "linux/arm/v6": "linux/arm/v6",
    "linux/arm/5": "linux/arm/v5",
    "linux/armhf": "linux/arm/v7",
    "linux/armel": "linux/arm/v6",
    "linux/i386": "linux/386",
    "linux/s390x": "linux/s390x",
    "macos/arm64": "darwin/arm64",
    "windows/amd64": "windows/amd64",
  };
  for (const [text, expected] of Object.entries(cases)) {
    assert.equal(formatPlatform(parsePlatform(text)!), expected, text);
  }
});

Deno.test("parsePlatform() knows what is no platform", () => {
  for (
    const text of ["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux arm64", "linux/a\u{7}", "a//b"]
  ) {
    assert.equal(parsePlatform(text), undefined, text);
  }
});

Deno.test("normalizePlatform() keeps the version of Windows", () => {
  const platform = { os: "Windows", architecture: "AMD64", "os.version": "10.0.1" };
  assert.deepEqual(normalizePlatform(platform), {
    os: "windows",
    architecture: "amd64",
    variant: undefined,
    "os.version": "10.0.1",
  });
});

Deno.test("isSamePlatform() compares what programs can run on", () => {
  const arm = { os: "linux", architecture: "arm64", variant: "v8" };
  assert(isSamePlatform(arm, { os: "linux", architecture: "aarch64" }));
  assert(!isSamePlatform(arm, { os: "linux", architecture: "arm", variant: "v8" }));
  assert(
    !isSamePlatform({ os: "linux", architecture: "arm", variant: "v6" }, {
      os: "linux",
      architecture: "arm",
    }),
  );
  assert(!isSamePlatform(arm, { os: "freebsd", architecture: "arm64" }));
});
