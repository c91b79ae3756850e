import assert from "node:assert/strict";
import { commandText } from "../../../lib/cli/command_text.ts";
import { runCommand } from "../../support/run_command.ts";

Deno.test({
  name: "commandText() is read by a shell as it was typed",
  ignore: Deno.build.os === "windows",
  async fn() {
    const args = [
      "my app.tar",
      "it's",
      "-t",
      "r.example:5000/a/b:1",
      "",
      "$HOME",
      "a\\b",
      "*",
      '"',
      "~",
      "ä",
    ];
    const line = commandText(args, { isWindows: false });
    const printed = await runCommand(["sh", "-c", line.replace("docker-image-pusher", "printf '%s\\n'")]);
    assert.equal(printed, args.map((arg) => `${arg}\n`).join(""));
  },
});

Deno.test("commandText() quotes nothing that is plain", () => {
  const args = [
    "push",
    "./a.tar",
    "--target=r.example:5000/team/app:1.0_x@sha256:0a",
    "--blob-chunk",
    "1MiB",
  ];
  for (const isWindows of [false, true]) {
    assert.equal(commandText(args, { isWindows }), `docker-image-pusher ${args.join(" ")}`);
  }
});

Deno.test("commandText() leaves the password out, however it was given", () => {
  const user = ["push", "a.tar", "--username", "ann"];
  for (
    const password of [
      ["--password", "s3cret"],
      ["--password=s3cret"],
      ["--src-password", "s3cret"],
      ["--dest-password=s3cret"],
    ]
  ) {
    const text = commandText([...user, ...password, "--verify"], { isWindows: false });
    assert.equal(text, "docker-image-pusher push a.tar --username ann --verify");
  }
  assert.match(commandText([...user, "--password-stdin"], { isWindows: false }), / --password-stdin$/);
});

Deno.test("commandText() quotes for Windows what has spaces or backslashes", () => {
  const text = commandText(["push", "C:\\my images\\a.tar", "b.tar"], { isWindows: true });
  assert.equal(text, 'docker-image-pusher push "C:\\my images\\a.tar" b.tar');
});
