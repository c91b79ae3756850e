import assert from "node:assert/strict";
import { formatPlatform } from "../../../lib/spec/platform.ts";

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
