// node fetch.js HOST[:PORT] REFUSING_HOST: a GET whose body is streamed, a POST, an error by its name.
// Calls that wait run on koffi's threads (.async), so that the event loop goes on meanwhile: one call
// at a time on each connection.
'use strict';
const koffi = require('koffi');

const lib = koffi.load('libhttpclient.so.0');
koffi.opaque('hc_conn');
koffi.opaque('hr_response');
const hc = {};
for (const prototype of [
  'int32_t hc_new(const char *host, int32_t port, _Out_ hc_conn **out)',
  'void hc_free(hc_conn *c)',
  'int32_t hc_putrequest(hc_conn *c, const char *method, const char *target, uint32_t flags)',
  'int32_t hc_putheader(hc_conn *c, const char *name, const char *value)',
  'int32_t hc_endheaders(hc_conn *c, const void *body, uint32_t flags)',
  'int32_t hc_send(hc_conn *c, const void *data, size_t len, _Out_ size_t *sent)',
  'int32_t hc_getresponse(hc_conn *c, _Out_ hr_response **out)',
  'int32_t hr_status(const hr_response *r)',
  'const char *hr_reason(const hr_response *r)',
  'const char *hr_header(const hr_response *r, const char *name)',
  'int32_t hr_read(hr_response *r, _Out_ void *buf, size_t cap, _Out_ size_t *n)',
  'void hr_free(hr_response *r)',
  'const char *hc_status_name(int32_t status)',
  'const char *hc_strerror(int32_t status)',
]) {
  hc[/(\w+)\(/.exec(prototype)[1]] = lib.func(prototype);
}

class HttpClientError extends Error {
  constructor(status) {
    super(hc.hc_strerror(status));
    this.name = hc.hc_status_name(status);
  }
}

// A call on a thread, as a promise; what fails is thrown.
function call(f, ...args) {
  return new Promise((resolve, reject) => {
    f.async(...args, (e, status) => {
      if (e) reject(e);
      else if (status !== 0) reject(new HttpClientError(status));
      else resolve();
    });
  });
}

class Response {
  constructor(raw) { this.raw = raw; }
  get status() { return hc.hr_status(this.raw); }
  get reason() { return hc.hr_reason(this.raw); }
  header(name) { return hc.hr_header(this.raw, name); }
  free() { hc.hr_free(this.raw); this.raw = null; }
  // `for await` reads the body as it comes.
  async *[Symbol.asyncIterator]() {
    const buffer = Buffer.alloc(16384), n = [0];
    for (;;) {
      await call(hc.hr_read, this.raw, buffer, buffer.length, n);
      if (Number(n[0]) === 0) return;
      yield Buffer.from(buffer.subarray(0, Number(n[0])));
    }
  }
}

class Connection {
  constructor(host) {
    const out = [null], status = hc.hc_new(host, 0, out);
    if (status !== 0) throw new HttpClientError(status);
    this.raw = out[0];
  }
  free() { hc.hc_free(this.raw); this.raw = null; }
  async request(method, target, headers = {}, body = null) {
    await call(hc.hc_putrequest, this.raw, method, target, 0);
    for (const [name, value] of Object.entries(headers)) await call(hc.hc_putheader, this.raw, name, value);
    if (body !== null) await call(hc.hc_putheader, this.raw, 'Content-Length', String(body.length));
    await call(hc.hc_endheaders, this.raw, null, 0);
    if (body !== null) await call(hc.hc_send, this.raw, body, body.length, [0]);
    const out = [null];
    await call(hc.hc_getresponse, this.raw, out);
    return new Response(out[0]);
  }
}

async function fetch(conn) {
  const resp = await conn.request('GET', '/stream', { 'X-Example': 'node', Accept: '*/*' });
  try {
    console.log(`GET /stream: ${resp.status} ${resp.reason}`);
    console.log(`X-Answer: ${resp.header('x-answer')}`);
    let total = 0;
    for await (const piece of resp) total += piece.length;
    console.log(`body: ${total} bytes`);
  } finally {
    resp.free();
  }
}

async function post(conn) {
  const resp = await conn.request('POST', '/in', { 'Content-Type': 'text/plain' }, Buffer.from('hello'));
  try {
    const pieces = [];
    for await (const piece of resp) pieces.push(piece);
    console.log(`POST /in: ${resp.status} ${Buffer.concat(pieces)}`);
  } finally {
    resp.free();
  }
}

async function main(host, refusing) {
  const conn = new Connection(host);
  try {
    await fetch(conn);
    await post(conn);
  } finally {
    conn.free();
  }
  const other = new Connection(refusing);
  try {
    await other.request('GET', '/');
  } catch (e) {
    console.log(`error: ${e.name}`);
  } finally {
    other.free();
  }
}

main(process.argv[2], process.argv[3]).catch((e) => { console.error(e); process.exitCode = 1; });
