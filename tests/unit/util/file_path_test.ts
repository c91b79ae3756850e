import assert from "node:assert/strict";
import { splitFilePath } from "../../../lib/util/file_path.ts";

const POSIX = [
  ["app.tar", ".", "app.tar"],
  ["./out/app.tar", "./out", "app.tar"],
  ["out//app.tar", "out", "app.tar"],
  ["/app.tar", "/", "app.tar"],
  ["/a b/ünï.tar", "/a b", "ünï.tar"],
  ["C:\\images\\app.tar", ".", "C:\\images\\app.tar"],
] as const;

const WINDOWS = [
  ["app.tar", ".", "app.tar"],
  ["C:\\images\\app.tar", "C:\\images", "app.tar"],
  ["C:/images/app.tar", "C:/images", "app.tar"],
  ["images\\more/app.tar", "images\\more", "app.tar"],
  ["C:\\app.tar", "C:\\", "app.tar"],
  ["C:app.tar", "C:.", "app.tar"],
  ["\\\\server\\share\\app.tar", "\\\\server\\share", "app.tar"],
  ["\\app.tar", "\\", "app.tar"],
] as const;

Deno.test("splitFilePath() cuts paths where a name begins", () => {
  for (const [path, directory, name] of POSIX) {
    assert.deepEqual(splitFilePath(path, { isWindows: false }), { directory, name });
  }
});

Deno.test("splitFilePath() knows drive letters, shares and both separators of Windows", () => {
  for (const [path, directory, name] of WINDOWS) {
    assert.deepEqual(splitFilePath(path, { isWindows: true }), { directory, name });
  }
});
