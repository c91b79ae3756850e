import assert from "node:assert/strict";
import { login } from "../../lib/commands/login.ts";
import { isPusherError } from "../../lib/errors.ts";
import type { Credentials } from "../../lib/spec/credentials.ts";
import { makePushStage } from "../support/push_stage.ts";
import { refuse } from "../support/registry/answer_faults.ts";
import type { Fault } from "../support/registry/fault.ts";
import type { ProfileName } from "../support/registry/profiles.ts";
import type { AuthOptions } from "../support/registry/registry_auth.ts";
import { makeTestContext } from "../support/test_context.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const GUID = "00000000-0000-0000-0000-000000000000";
const JSON_KEY = '{\n  "type": "service_account",\n  "private_key": "-----BEGIN: \\"é\\"\\n"\n}\n';
const REFRESH = "eyJhbGciOiJSUzI1NiJ9.refresh/token+1";

/** How one user of one kind of registry comes in. */
interface Entrance {
  profile: ProfileName;
  type: AuthOptions["type"];
  credentials: Credentials;
  /** How tokens are asked for: method, path, and what the query says besides the scope. */
  tokens: readonly string[];
}

const ENTRANCES: Record<string, Entrance> = {
  "Docker Hub with an access token": {
    profile: "docker-hub",
    type: "bearer",
    credentials: { username: "ann", password: "dckr_pat_AbC-1" },
    tokens: ["GET /token service=test-registry account=ann"],
  },
  "GitHub with a personal token": {
    profile: "ghcr",
    type: "bearer",
    credentials: { username: "ann", password: "ghp_AbC1" },
    tokens: ["GET /token service=test-registry account=ann"],
  },
  "Amazon with a password for twelve hours": {
    profile: "ecr",
    type: "basic",
    credentials: { username: "AWS", password: "eyJwYXlsb2FkIjoi".repeat(150) },
    tokens: [],
  },
  "Google with the key of a service account": {
    profile: "gar",
    type: "bearer",
    credentials: { username: "_json_key", password: JSON_KEY },
    tokens: ["GET /token service=test-registry account=_json_key"],
  },
  "Google with an access token": {
    profile: "gar",
    type: "bearer",
    credentials: { username: "oauth2accesstoken", password: "ya29.a0Af_-~" },
    tokens: ["GET /token service=test-registry account=oauth2accesstoken"],
  },
  "Azure with a refresh token for a password": {
    profile: "acr",
    type: "bearer",
    credentials: { username: GUID, password: REFRESH },
    tokens: [`GET /oauth2/token service=acr.example account=${GUID}`],
  },
  "Azure with an identity token, which it exchanges": {
    profile: "acr",
    type: "bearer",
    credentials: { username: GUID, identityToken: REFRESH },
    tokens: ["POST /oauth2/token"],
  },
  "Harbor with a robot": {
    profile: "harbor",
    type: "bearer",
    credentials: { username: "robot$team+ci", password: "x" },
    tokens: ["GET /service/token service=harbor-registry account=robot$team+ci"],
  },
  "GitLab with the token of a job": {
    profile: "gitlab",
    type: "bearer",
    credentials: { username: "gitlab-ci-token", password: "glcbt-64_x" },
    tokens: ["GET /jwt/auth service=container_registry account=gitlab-ci-token"],
  },
  "Quay with a robot": {
    profile: "quay",
    type: "bearer",
    credentials: { username: "team+ci", password: "ABC" },
    tokens: ["GET /v2/auth service=quay.example account=team+ci"],
  },
  "Quay with an OAuth token": {
    profile: "quay",
    type: "bearer",
    credentials: { username: "$oauthtoken", password: "ABC" },
    tokens: ["GET /v2/auth service=quay.example account=$oauthtoken"],
  },
  "Artifactory with an API key": {
    profile: "artifactory-6",
    type: "bearer",
    credentials: { username: "ann@example.com", password: "AKCp5 x" },
    tokens: ["GET /token service=test-registry account=ann@example.com"],
  },
  "Nexus, which has no tokens": {
    profile: "nexus",
    type: "basic",
    credentials: { username: "ann", password: "p:w" },
    tokens: [],
  },
  "Gitea with a token": {
    profile: "gitea",
    type: "bearer",
    credentials: { username: "ann", password: "abc123" },
    tokens: ["GET /v2/token service=container_registry account=ann"],
  },
};

/** A registry that knows exactly this user, and what it is asked for tokens. */
function startKnowing({ profile, type, credentials }: Entrance): { registry: TestRegistry; asked: string[] } {
  assert.ok("username" in credentials);
  const { username } = credentials;
  const secret = "password" in credentials ? credentials.password : credentials.identityToken;
  const auth = { type, users: { [username]: secret }, identityTokens: { [secret]: username } };
  const registry = startTestRegistry({ profile, auth });
  registry.repository("app");
  const asked: string[] = [];
  registry.addFault({
    on: "token",
    times: Infinity,
    do: ({ request: { method, path, query } }, next) => {
      const { scope, ...others } = Object.fromEntries(query);
      const facts = Object.entries(others).map(([name, value]) => `${name}=${value}`);
      if (method === "GET" && scope !== undefined) assert.equal(scope, "repository:app:pull,push");
      asked.push([method, path, ...facts].join(" "));
      return next();
    },
  });
  return { registry, asked };
}

for (const [who, entrance] of Object.entries(ENTRANCES)) {
  Deno.test(`${who}: is let in to push, with one request for a token`, async () => {
    const { registry, asked } = startKnowing(entrance);
    await using _registry = registry;
    await using stage = await makePushStage({ layerBytes: [100_000] });
    stage.assertPushed(await stage.push(registry, { credentials: entrance.credentials }), registry);
    assert.deepEqual(asked, entrance.tokens);
  });

  Deno.test(`${who}: is refused with another secret, and told so once`, async () => {
    const { registry } = startKnowing(entrance);
    await using _registry = registry;
    await using stage = await makePushStage({ layerBytes: [100_000] });
    const { credentials } = entrance;
    const wrong = "password" in credentials
      ? { ...credentials, password: "wrong" }
      : { ...credentials, identityToken: "wrong" };
    const { error } = await stage.push(registry, { credentials: wrong });
    assert.ok(isPusherError(error, "AUTH_DENIED"), String(error));
    assert.equal(registry.repository("app").tags.size, 0);
  });

  Deno.test(`${who}: can log in`, async () => {
    const { registry } = startKnowing(entrance);
    await using _registry = registry;
    await using stage = await makePushStage({ layerBytes: [100_000] });
    registry.addFault(denyExampleScope());
    const { credentials } = entrance;
    assert.ok("username" in credentials);
    const [username, password] = "password" in credentials
      ? [credentials.username, credentials.password]
      : ["<token>", credentials.identityToken];
    const options = { registry: registry.host, username, password, stateDir: stage.stateDir };
    const report = await login(options, makeTestContext());
    assert.equal(report.username, username);
  });
}

Deno.test("Google with an identity token, which it does not exchange: is shown it as a password", async () => {
  const credentials = { username: "ann", identityToken: REFRESH };
  const { registry, asked } = startKnowing({ profile: "gar", type: "bearer", credentials, tokens: [] });
  await using _registry = registry;
  await using stage = await makePushStage({ layerBytes: [100_000] });
  stage.assertPushed(await stage.push(registry, { credentials }), registry);
  assert.deepEqual(asked, ["POST /token", "GET /token service=test-registry"]);
});

/** GitHub gives no token for a repository that is not there. */
function denyExampleScope(): Fault {
  return {
    on: "token",
    times: Infinity,
    when: ({ request }) => request.query.get("scope") === "repository:user/image:pull",
    do: refuse(403, "DENIED", { message: "requested access to the resource is denied" }),
  };
}
