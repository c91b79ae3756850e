import assert from "node:assert/strict";
import { archiveFileName } from "../../../lib/runtimes/archive_file_name.ts";

Deno.test("archiveFileName() turns names into file names", () => {
  const digest = "a".repeat(64);
  const cases = [
    ["nginx:latest", "nginx_latest.tar"],
    ["library/nginx:1.27-alpine", "library_nginx_1.27-alpine.tar"],
    ["registry.example:5000/team/app:1.2", "registry.example_5000_team_app_1.2.tar"],
    ["[::1]:5000/app:1", "___1__5000_app_1.tar"],
    [`app@sha256:${digest}`, `app_sha256_${digest}.tar`],
    ["e994d26a80eb", "e994d26a80eb.tar"],
  ] as const;
  for (const [image, fileName] of cases) assert.equal(archiveFileName(image), fileName);
});

Deno.test("archiveFileName() avoids the device names of Windows", () => {
  for (const device of ["con", "PRN", "aux", "nul", "com1", "lpt9"]) {
    assert.equal(archiveFileName(device), `_${device}.tar`);
    assert.equal(archiveFileName(`${device}.x`), `_${device}.x.tar`);
    assert.equal(archiveFileName(`${device}x`), `${device}x.tar`);
  }
});

Deno.test("archiveFileName() keeps the tag of a name that is too long", () => {
  const fileName = archiveFileName(`${"a/".repeat(300)}app:1.2`);
  assert.ok(fileName.length <= 205);
  assert.ok(fileName.endsWith("_app_1.2.tar"));
});
