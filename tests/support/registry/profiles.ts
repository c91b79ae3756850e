/**
 * What is known of real registries, as data: each profile is a list of departures from the spec. Every line names
 * its source; one without a source follows from the engine the product is built on.
 *
 * @module
 */

import { isIndexType, MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { answerWith, checkCsrfCookie, refuse, withHeader, withStatus } from "./answer_faults.ts";
import type { Behaviour, Fault } from "./fault.ts";
import { writeLocation } from "./location_form.ts";
import {
  refuseConfigType,
  refuseManifestType,
  wantOneFamily,
  wantRepository,
  wantSubject,
} from "./manifest_quirks.ts";
import type { AuthOptions } from "./registry_auth.ts";
import type { RequestKind } from "./routes.ts";
import {
  bare416,
  forgetCutUpload,
  ignoreHeader,
  ignoreQuery,
  keepStateInLocation,
  limitBody,
  limitRangedPart,
  rangeOfEmpty,
  staleRange,
  takeOneBody,
  takePartsOnly,
  undoCutPart,
  wantBodyInCommit,
  wantContentLength,
  wantLargeParts,
} from "./upload_quirks.ts";

/** How a registry differs from the spec. */
export interface Profile {
  /** Its departures, the innermost first; made anew for each registry, since some remember. */
  quirks: () => Fault[];
  /** How it asks for credentials, if it asks. */
  auth?: Partial<AuthOptions>;
}

const MIB = 2 ** 20;
const UPLOAD: readonly RequestKind[] = ["start-upload", "mount", "append", "status", "commit", "cancel"];
const LOCATED: readonly RequestKind[] = ["start-upload", "mount", "append", "status"];

const DISTRIBUTION_2: Profile["quirks"] = () => [
  // registry/handlers/blobupload.go: the state token holds the offset; any mismatch cancels.
  always(UPLOAD, keepStateInLocation("forget")),
  // http.relativeurls is off by default.
  always(LOCATED, writeLocation("absolute")),
  // PATCH and PUT append whatever comes: distribution-spec#590.
  always(["append", "commit"], ignoreHeader("content-range")),
  // registry/handlers/blobupload.go: a digest in the POST is not looked at.
  always("start-upload", ignoreQuery("digest")),
  // Came with distribution-spec 1.1.
  always("referrers", answerWith({ status: 404, body: "404 page not found\n" })),
  always("put-manifest", withHeader("OCI-Subject", undefined)),
];

const DISTRIBUTION_3: Profile["quirks"] = () => [
  // registry/handlers/blobupload.go: status ignores the offset of the state token, all else answers 416.
  always(UPLOAD, keepStateInLocation("refuse")),
  always(LOCATED, writeLocation("absolute")),
  // Its 416 carries neither Location nor Range.
  always(["append", "commit"], bare416()),
  // Content-Range is validated on PATCH only: distribution-spec#590.
  always("commit", ignoreHeader("content-range")),
  always("start-upload", ignoreQuery("digest")),
];

const ECR: Profile["quirks"] = () => [
  // regclient#81, dotnet/sdk-container-builds#279.
  always("append", withStatus(201)),
  // aws/containers-roadmap#2831, dotnet/sdk#33019.
  always(["append", "status"], staleRange()),
  // Layer part quota of the ECR documentation.
  always(["start-upload", "append", "commit"], wantLargeParts(5 * MIB, false)),
  // dotnet/sdk-container-builds#424 and #472, cirruslabs/tart#159.
  always("commit", wantBodyInCommit()),
  // dotnet/sdk-container-builds#279: without create on push the connection just ends.
  always(["start-upload", "mount"], wantRepository("drop")),
  // Mounting is an account setting, off by default (ECR documentation).
  always("mount", ignoreQuery("mount", "from")),
  // containerd remotes/docker/pusher.go.
  always("put-manifest", withHeader("Location", undefined)),
  // Parts are stored whole or not at all; nothing is published about cut ones, so this is the pessimistic reading.
  always("append", undoCutPart()),
];

/** The profiles by name. */
export const PROFILES = {
  /** The letter of the spec. */
  "spec": { quirks: () => [] },
  "distribution-2.8": { quirks: DISTRIBUTION_2 },
  "distribution-3": { quirks: DISTRIBUTION_3 },
  "docker-hub": {
    quirks: () => [
      ...DISTRIBUTION_2(),
      // go-containerregistry#1679, #1741: a source that may not be seen is an auth failure instead of a 202.
      {
        ...always("mount", refuse(401, "UNAUTHORIZED", { message: "authentication required" })),
        when: ({ store, request }) => !store.find(request.query.get("from") ?? ""),
      },
    ],
    // auth.docker.io is another host than registry-1.docker.io.
    auth: { challenge: (offered) => [offered.replace("//127.0.0.1:", "//localhost:")] },
  },
  "ghcr": {
    quirks: () => [
      // wasmCloud/wash-archive#268, rust-oci-client#37, ocx-sh/ocx#237.
      always("append", limitRangedPart(4 * MIB)),
      always(LOCATED, writeLocation("singular-path")),
    ],
    // Its answer to a ping names a repository that only stands for one.
    auth: {
      challenge: (offered, { kind }) =>
        kind === "ping" ? [`${offered},scope="repository:user/image:pull"`] : [offered],
    },
  },
  "gar": {
    quirks: () => [
      // dotnet/sdk-container-builds#287, kitops-ml/kitops#777.
      always("append", takeOneBody()),
      always(LOCATED, writeLocation("outside-v2")),
    ],
    auth: {
      // containerd remotes/docker/auth/fetch.go.
      refusePostWith: 404,
      // containers/image#211: only the ping has a challenge.
      challenge: (offered, { kind }) => kind === "ping" ? [offered] : [],
    },
  },
  "ecr": {
    quirks: ECR,
    // ECR documentation, "Using HTTP API authentication": Basic, with a password that is good for 12 hours.
    auth: {
      challenge: () => ['Basic realm="https://123456789012.dkr.ecr.example/",service="ecr.amazonaws.com"'],
    },
  },
  "ecr-public": {
    quirks: () => [
      ...ECR(),
      // dotnet/sdk#33019.
      always("status", answerWith({ status: 404 })),
    ],
  },
  "acr": {
    quirks: () => [
      // Locations of Azure's API reference; derived from distribution, strict about Content-Range (dotnet/sdk).
      always(UPLOAD, keepStateInLocation("refuse")),
      always(LOCATED, writeLocation("query")),
    ],
    // containerd remotes/docker/auth/fetch.go; Azure/acr docs/AAD-OAuth.md.
    auth: {
      refusePostWith: 400,
      refusedGrant: "password",
      challenge: tokensAt("/oauth2/token", "acr.example"),
    },
  },
  "harbor": {
    quirks: () => [
      ...DISTRIBUTION_2(),
      // harbor#11682, harbor#14404.
      always(undefined, checkCsrfCookie()),
      // harbor#17097, harbor#22078: a project that does not exist.
      {
        ...always("mount", refuse(400, "BAD_REQUEST", { message: "project not found" })),
        when: ({ store, request }) => !store.find(request.query.get("from") ?? ""),
      },
    ],
    // src/server/middleware/v2auth of goharbor/harbor.
    auth: { challenge: tokensAt("/service/token", "harbor-registry") },
  },
  "quay": {
    quirks: () => [
      // dotnet/sdk#35608, openshift/oc-mirror#253.
      always("put-manifest", wantOneFamily()),
      // go-containerregistry pkg/v1/remote/write.go: from is mandatory.
      {
        ...always("mount", refuse(400, "BLOB_UPLOAD_INVALID", { message: "missing from" })),
        when: ({ request }) => !request.query.has("from"),
      },
      // containers/image docker/docker_image_dest.go: no token ever holds the delete action.
      always("cancel", refuse(401, "UNAUTHORIZED")),
    ],
    // endpoints/v2/v2auth.py of quay/quay.
    auth: { challenge: tokensAt("/v2/auth", "quay.example") },
  },
  "gitlab": {
    quirks: () => [
      ...DISTRIBUTION_2(),
      // moby/buildkit#7007, #5561.
      always("put-manifest", wantSubject()),
    ],
    // app/controllers/jwt_controller.rb of gitlab-org/gitlab.
    auth: { challenge: tokensAt("/jwt/auth", "container_registry") },
  },
  "artifactory-6": {
    // moby/buildkit#1130, containerd#3533.
    quirks: () => [always("commit", takePartsOnly())],
    // containerd remotes/docker/auth/fetch.go.
    auth: { refusePostWith: 401 },
  },
  "nexus": {
    quirks: () => [],
    // dotnet/sdk-container-builds#527.
    auth: { challenge: () => ['BASIC realm="Sonatype Nexus Repository Manager"'] },
  },
  "zot": {
    quirks: () => [
      // project-zot/zot#534, #724: without the compatibility option only OCI.
      always(
        "put-manifest",
        refuseManifestType((type) => type.includes(".docker."), { status: 415 }),
      ),
      // pkg/api/routes.go, PatchBlobUpload: any read error removes the upload.
      always("append", forgetCutUpload()),
      // pkg/api/routes.go, CreateBlobUpload: a whole blob needs its length.
      { ...always("start-upload", wantContentLength()), when: ({ request }) => request.query.has("digest") },
    ],
  },
  "gitea": {
    quirks: () => [
      // go-gitea/gitea#34795.
      always(["start-upload", "status"], rangeOfEmpty(undefined)),
      // routers/api/packages/container/container.go: only the first part may come without Content-Range.
      {
        ...always("append", refuse(416, "BLOB_UPLOAD_INVALID")),
        when: ({ request, session }) =>
          !request.headers.has("content-range") && (session?.sizeBytes ?? 0) > 0,
      },
    ],
    // routers/api/packages/container/container.go: two lines, the second without parameters.
    auth: {
      challenge: (
        offered,
        route,
      ) => [...tokensAt("/v2/token", "container_registry")(offered, route), "Basic"],
    },
  },
  "aliyun": {
    // koordinator-sh/koordinator#3194.
    quirks: () => [always("put-manifest", refuseConfigType("application/vnd.oci.empty.v1+json"))],
  },
  "swr": {
    // regclient#720, AliyunContainerService/image-syncer#163.
    quirks: () => [always("put-manifest", refuseManifestType((type) => type === MEDIA_TYPE.ociIndex))],
  },
  "yandex": {
    // docker/buildx#1513.
    quirks: () => [always("put-manifest", refuseManifestType(isIndexType))],
  },
  "pulp": {
    quirks: () => [
      // pulp/pulp_container#2199.
      always("append", withStatus(204)),
      // pulp/pulp_container#2378.
      always("status", refuse(404, "BLOB_UPLOAD_UNKNOWN")),
    ],
  },
  "r2": {
    quirks: () => [
      // README of cloudflare/serverless-registry.
      always(["start-upload", "append", "commit"], wantLargeParts(5 * MIB)),
      always("start-upload", withHeader("OCI-Chunk-Max-Length", String(100e6))),
      always(undefined, limitBody(100e6)),
    ],
  },
  "cloudflare": {
    // cloudflare/serverless-registry#67, containers/podman#24919: the free plan's limit for any host behind it.
    quirks: () => [...DISTRIBUTION_2(), always(undefined, limitBody(100e6))],
  },
  "nginx": {
    // replicatedhq/ttl.sh#104: client_max_body_size is 1 MiB unless set.
    quirks: () => [...DISTRIBUTION_2(), always(undefined, limitBody(MIB))],
  },
} as const satisfies Record<string, Profile>;

/** Names a profile. */
export type ProfileName = keyof typeof PROFILES;

/** Says where tokens come from, as whose. */
function tokensAt(path: string, service: string): NonNullable<AuthOptions["challenge"]> {
  return (offered) => [offered.replace('/token"', `${path}"`).replace("test-registry", service)];
}

function always(on: RequestKind | readonly RequestKind[] | undefined, behaviour: Behaviour): Fault {
  return { ...(on === undefined ? {} : { on }), times: Infinity, do: behaviour };
}
