import assert from "node:assert/strict";
import { rawRequest } from "../../support/raw_request.ts";
import { type ExchangeHandler, startHttpServer } from "../../support/registry/http_server.ts";
import { type HttpAnswer, readBody } from "../../support/registry/http_message.ts";

const echo: ExchangeHandler = async ({ request }) => ({
  status: 200,
  body: (await readBody(request.body, 1e6))!,
});
const ignore: ExchangeHandler = () => Promise.resolve({ status: 413, body: "no" });

Deno.test("startHttpServer() reads a body of known length and keeps the connection", async () => {
  await using server = startHttpServer(echo);
  const post = (body: string, extra = "") =>
    `POST / HTTP/1.1\r\nHost: x\r\n${extra}Content-Length: ${body.length}\r\n\r\n${body}`;
  const text = await rawRequest(server.host, post("one"), post("two", "Connection: close\r\n"));
  assert.match(text, /^HTTP\/1\.1 200 Test\r\nContent-Length: 3\r\n\r\noneHTTP\/1\.1 200 Test\r\n.*two$/s);
});

Deno.test("startHttpServer() reads a chunked body with trailers", async () => {
  await using server = startHttpServer(echo);
  const head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
  const text = await rawRequest(server.host, `${head}3\r\none\r\n4;ext=1\r\nmore\r\n0\r\nX-Sum: 1\r\n\r\n`);
  assert.match(text, /onemore$/);
});

Deno.test("startHttpServer() asks for the body when the client waits to be told", async () => {
  await using server = startHttpServer(echo);
  const head = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n";
  assert.match(await rawRequest(server.host, head, "one"), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
});

Deno.test("startHttpServer() answers at once when the client waits and the body is not wanted", async () => {
  await using server = startHttpServer(ignore);
  const head = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  const text = await rawRequest(server.host, head);
  assert.match(text, /^HTTP\/1\.1 413 Test\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno$/);
});

Deno.test("startHttpServer() answers while a large body is still being sent", async () => {
  await using server = startHttpServer(ignore);
  const head = "POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n";
  assert.match(await rawRequest(server.host, head), /^HTTP\/1\.1 413 /);
});

Deno.test("startHttpServer() closes the connection after a body that is shorter than it says", async () => {
  const answer: HttpAnswer = { status: 200, headers: { "Content-Length": "10" }, body: "short" };
  await using server = startHttpServer(() => Promise.resolve(answer));
  assert.match(await rawRequest(server.host, "GET / HTTP/1.1\r\n\r\n"), /short$/);
});

Deno.test("startHttpServer() writes several lines of one header and no body to HEAD", async () => {
  const answer: HttpAnswer = { status: 200, headers: { "X-A": ["1", "2"], "Content-Length": "7" } };
  await using server = startHttpServer(() => Promise.resolve(answer));
  const text = await rawRequest(server.host, "HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n");
  assert.match(text, /^HTTP\/1\.1 200 Test\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 7\r\n\r\n$/);
});

for (const text of ["\x16\x03\x01\x02\x00\x01", "SSH-2.0-x\r\n\r\n"]) {
  Deno.test(`startHttpServer() answers ${JSON.stringify(text)}, which is not HTTP, at once`, async () => {
    await using server = startHttpServer(echo);
    assert.match(await rawRequest(server.host, text), /^HTTP\/1\.1 400 /);
  });
}

Deno.test("startHttpServer() tells on disposal that its handler failed", async () => {
  const server = startHttpServer(() => Promise.reject(new TypeError("a bug of the test")));
  assert.equal(await rawRequest(server.host, "GET / HTTP/1.1\r\n\r\n"), "");
  await assert.rejects(async () => await server[Symbol.asyncDispose](), /a bug of the test/);
});
