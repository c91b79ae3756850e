import assert from "node:assert/strict";
import { findReference } from "../../../lib/commands/inspect_reference.ts";

Deno.test("findReference() takes paths for archives, also those of Windows", async () => {
  const paths = [
    "C:\\images\\app.tar",
    "C:/images/app",
    "images\\app",
    "\\\\server\\share\\app.tar",
    "./app:1",
  ];
  for (const path of paths) assert.equal(await findReference(path), undefined, path);
});

Deno.test("findReference() says how an image is named where there is no such file", async () => {
  for (const name of ["nginx", "team/app"]) {
    await assert.rejects(findReference(name), {
      code: "ARCHIVE_NOT_FOUND",
      message: `Cannot open "${name}": no such file`,
      hint: `Check the path; an image needs its registry or a tag, as in "${name}:latest".`,
    });
  }
  await assert.rejects(findReference("docker://r.example/app:1"), {
    code: "REFERENCE_INVALID",
    hint: "Leave out docker://.",
  });
});

Deno.test("findReference() takes names with a tag or a registry for images", async () => {
  assert.equal((await findReference("nginx:1.27"))?.repository, "library/nginx");
  const { registry, repository, tag } = await findReference("localhost:5000/team/app:1") ?? {};
  assert.deepEqual([registry, repository, tag], ["localhost:5000", "team/app", "1"]);
});
