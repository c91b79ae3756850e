import assert from "node:assert/strict";
import { widenScopes } from "../../../../lib/registry/auth/token_scopes.ts";

const PUSH = "repository:host:5000/team/app:pull,push";

Deno.test("widenScopes() keeps what a request needs in front, and adds what else is wanted", () => {
  const cases: [string, string[]][] = [
    ["", [PUSH]],
    ["repository:host:5000/team/app:push,pull", [PUSH]],
    ["repository:host:5000/team/app:push", [PUSH]],
    ["repository:host:5000/team/app:delete", [PUSH, "repository:host:5000/team/app:delete"]],
    ["repository:other:pull  registry:catalog:*", [PUSH, "repository:other:pull", "registry:catalog:*"]],
    ["repository:other:pull repository:other:pull", [PUSH, "repository:other:pull"]],
  ];
  for (const [wanted, widened] of cases) assert.deepEqual(widenScopes([PUSH], wanted), widened, wanted);
});

Deno.test("widenScopes() does not let a registry fill a URL", () => {
  const wanted = Array.from({ length: 1000 }, (_, nth) => `repository:r${nth}:pull`).join(" ");
  assert.equal(widenScopes([], wanted).length, 16);
});
