import assert from "node:assert/strict";
import { tlsError, type TlsFailure } from "../../../../lib/registry/connection/tls_error.ts";

const REQUEST = { registry: "r.example:5000", request: "GET /v2/" };

Deno.test("tlsError() says what is wrong with a certificate, and which flag or file mends it", () => {
  const pair = { clientCertificate: { cert: "cert", key: "key" } };
  const cases: [string, TlsFailure["settings"], RegExp, RegExp][] = [
    ["received corrupt message of type InvalidContentType", {}, /does not speak TLS/, /--plain-http/],
    [
      "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))",
      {},
      /signed by itself/,
      /--ca-file.*\/etc\/docker\/certs\.d\/r\.example:5000\/ca\.crt/,
    ],
    ["self-signed certificate", {}, /signed by itself/, /--ca-file/],
    ["invalid peer certificate: UnknownIssuer", {}, /unknown authority/, /--ca-file.*ca\.crt/],
    ["unable to verify the first certificate", {}, /unknown authority/, /--ca-file/],
    [
      "invalid peer certificate: certificate expired: verification time 1795382837 (UNIX), but certificate is not " +
      "valid after 1609459200 (185923637 seconds ago)",
      {},
      /has expired: the limit is 2021-01-01$/,
      /clock/,
    ],
    [
      "invalid peer certificate: certificate not valid yet: verification time 1 (UNIX), but certificate is not valid " +
      "before 1609459200",
      {},
      /not valid yet: the limit is 2021-01-01$/,
      /clock/,
    ],
    [
      'invalid peer certificate: certificate not valid for name "r.example"; certificate is only valid for ' +
      'DnsName("a.example") or IpAddress(10.0.0.1)',
      {},
      /is for a\.example, 10\.0\.0\.1$/,
      /Use a name/,
    ],
    [
      "received fatal alert: BadCertificate",
      {},
      /asks for a client certificate/,
      /--cert-file and --key-file/,
    ],
    [
      "received fatal alert: CertificateRequired",
      pair,
      /refuses our client certificate/,
      /Check --cert-file/,
    ],
    ["No required SSL certificate", {}, /asks for a client certificate/, /--cert-file/],
    ["SSL certificate error", {}, /refuses our client certificate/, /Check --cert-file/],
    ["invalid peer certificate: BadSignature", {}, /TLS handshake failed \(invalid/, /TLS 1\.2/],
  ];
  for (const [text, settings, reason, hint] of cases) {
    const error = tlsError({ ...REQUEST, text, settings });
    assert.equal(error?.code, "TLS", text);
    assert.match(error.message, /^Cannot reach "r\.example:5000": /);
    assert.match(error.message, reason);
    assert.match(error.hint ?? "", hint);
    assert.equal(error.retryable, false);
    assert.deepEqual(error.detail, REQUEST);
  }
});

Deno.test("tlsError() leaves other failures to others", () => {
  for (const text of ["connection refused", "dns error", "connection closed before message completed"]) {
    assert.equal(tlsError({ ...REQUEST, text }), undefined, text);
  }
});

Deno.test("tlsError() escapes names that a server's certificate claims", () => {
  const text = 'certificate not valid for name "r"; certificate is only valid for DnsName("\x1b[2Jx")';
  assert.doesNotMatch(tlsError({ ...REQUEST, text })!.message, /\p{Cc}/u);
});
