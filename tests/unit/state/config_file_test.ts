import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { parseConfig, readConfigFile } from "../../../lib/state/config_file.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

Deno.test("parseConfig() reads the example of the documentation", async () => {
  const page = await Deno.readTextFile(new URL("../../../docs/config.md", import.meta.url));
  const [, example = ""] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  const config = await parseConfig(example, "/home/ann/.docker-image-pusher/config.yaml");
  const directory = "/home/ann/.docker-image-pusher/certs";
  assert.deepEqual(config.flags, [
    { name: "limitRate", value: "20MB", line: 3 },
    { name: "verify", value: true, line: 4 },
    { name: "progress", value: "plain", line: 5 },
    { name: "cacheSize", value: "50GiB", line: 6 },
  ]);
  assert.deepEqual(config.hostOf("registry.example.com:5000"), {
    caFiles: [`${directory}/company.pem`],
    plainHttp: true,
  });
  assert.deepEqual(config.hostOf("nas.example.com"), {
    caFiles: [`${directory}/company.pem`],
    insecureSkipTlsVerify: true,
    chunkSizeBytes: 20 * 2 ** 20,
    concurrency: 1,
  });
  assert.deepEqual(config.hostOf("[fd00::5]:5000"), {
    caFiles: [`${directory}/lab-root.pem`, `${directory}/lab-issuer.pem`],
    certFile: `${directory}/me.pem`,
    keyFile: `${directory}/me.key`,
  });
  assert.equal(config.hostOf("slow.example.com").strategy, "streamed");
  assert.deepEqual(config.rewrite, [{
    from: { registry: "docker.io", prefix: "library" },
    to: { registry: "registry.example.com:5000", prefix: "hub" },
  }]);
});

Deno.test("hostOf() lets a host's own entry go before the defaults, entryOf() gives nothing else", async () => {
  const config = await parseConfig(
    `
defaults: { plainHttp: true, blobChunk: 20MiB, concurrency: 5, certFile: /a.pem, keyFile: /a.key }
hosts:
  R.example:443: { plainHttp: false, chunk: 30MiB, strategy: auto }
  docker.io: { mirrors: [mirror.example/hub] }
`,
    "config.yaml",
  );
  const pair = { certFile: "/a.pem", keyFile: "/a.key" };
  assert.deepEqual(config.hostOf("r.example"), {
    plainHttp: false,
    chunkSizeBytes: 30 * 2 ** 20,
    concurrency: 5,
    ...pair,
  });
  assert.deepEqual(config.hostOf("other.example"), {
    plainHttp: true,
    chunkSizeBytes: 20 * 2 ** 20,
    concurrency: 5,
    ...pair,
  });
  assert.deepEqual(config.entryOf("other.example"), {});
  assert.deepEqual(config.entryOf("registry-1.docker.io"), {
    mirrors: [{ registry: "mirror.example", prefix: "hub" }],
  });
  assert.deepEqual(config.flags, []);
});

Deno.test("parseConfig() takes an empty file", async () => {
  for (const text of ["", "# nothing\n", "{}", "---\n"]) {
    assert.deepEqual((await parseConfig(text, "c.yaml")).hostOf("r.example"), {}, text);
  }
});

Deno.test("parseConfig() names what is wrong, and its line", async () => {
  const cases: [string, number, RegExp][] = [
    ["\nlimitRate: 1", 2, /"limitRate" is not a setting/],
    ["hosts:\n  r.example:\n    plainHTTP: true", 3, /"hosts.r.example.plainHTTP" is not a setting/],
    [
      "hosts:\n  r.example:\n    plainHttp: sure",
      3,
      /^Cannot use "sure" for hosts.r.example.plainHttp in "c.yaml", line 3: it must be true or false$/,
    ],
    [
      "hosts:\n  r.example:\n\n    concurrency: 100",
      4,
      /^Cannot use 100 for hosts.r.example.concurrency in .*: it is more than 64$/,
    ],
    ["hosts:\n  r.example: { concurrency: 1.5 }", 2, /is not a whole number/],
    [
      "hosts:\n  r.example:\n    caFile: a\n    chunk: 1KB",
      4,
      /^Cannot use "1KB" for .*: it is not a size from 1MiB to 4GiB/,
    ],
    [
      "hosts:\n  r.example: { strategy: fast }",
      2,
      /^Cannot use "fast" .*: it must be one of "auto", "chunked", "streamed", "single"$/,
    ],
    ["hosts:\n  r.example:", 2, /^Cannot use null for hosts.r.example in .*: it must be settings$/],
    ["hosts:\n  r.example/team: {}", 2, /is no host/],
    ["hosts:\n  a.example: { mirrors: [\n    b.example,\n    'https://c.example'] }", 4, /is no registry/],
    [
      "rewrite:\n  - from: a.example\n    to: 'UPPER/x y'",
      3,
      /^Cannot use "UPPER\/x y" for rewrite.to in .*: it is no registry/,
    ],
    ["rewrite:\n  - {from: a.example, to: b.example, when: now}", 2, /"rewrite.when" is not a setting/],
    ["defaults:\n  concurrency: many", 2, /^Cannot use "many" for .*: it must be a number$/],
    ["rewrite:\n  - from: a.example", 2, /"rewrite.to" is missing/],
    ["defaults:\n  caFile: 5", 2, /is neither a path nor a list of paths/],
    ["defaults:\n  limitRate: { a: 1 }", 2, /is no value of a flag/],
    ["defaults: {}\ndefaults: {}", 2, /unique/],
    ["a:\n  - b\n c: [", 3, /./],
    ["just text", 1, /not a list of settings/],
  ];
  for (const [text, line, message] of cases) {
    await assert.rejects(parseConfig(text, "c.yaml"), (error) => {
      assert.ok(isPusherError(error, "CONFIG_INVALID"), String(error));
      assert.deepEqual(error.detail, { path: "c.yaml", line }, `${text}: ${error.message}`);
      assert.match(error.message, message);
      const start = new RegExp(`^Cannot (?:read "c.yaml": line ${line}|use .* in "c.yaml", line ${line}): `);
      assert.match(error.message, start);
      return true;
    });
  }
});

Deno.test("parseConfig() is not drowned by a file that repeats itself", async () => {
  const levels = Array.from({ length: 9 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at},`.repeat(9)}]`);
  const bomb = ["a0: &a0 [x]", ...levels].join("\n");
  await assert.rejects(parseConfig(bomb, "c.yaml"), (error) => isPusherError(error, "CONFIG_INVALID"));
});

Deno.test("readConfigFile() says why a file cannot be read", async () => {
  await using dir = await makeTempDir();
  await Deno.writeTextFile(dir.join("large.yaml"), `# ${"x".repeat(2 ** 20)}`);
  const reasons: [string, RegExp][] = [["none.yaml", /no such file/], ["large.yaml", /larger than 1 MiB/]];
  for (const [name, reason] of reasons) {
    await assert.rejects(readConfigFile(dir.join(name)), (error) => {
      assert.ok(isPusherError(error, "CONFIG_INVALID"));
      assert.match(error.message, reason);
      return true;
    });
  }
});
