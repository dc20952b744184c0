// The handler that Node's own HTTP server runs in these tests. It listens on ports that the kernel picks and prints
// them as one line of JSON: {"main": N, "idle": N, "counted": N, "six": N or null}. With the directory of the test
// certificates all of them speak TLS, and there are more (base.py lists them).
//   node origin.js DOCUMENT_ROOT [CERTIFICATES]
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const https = require('https');
const path = require('path');
const zlib = require('zlib');

const [, , root, certificates] = process.argv;

function file(request, response, name, { chunked = false, gzip = false } = {}) {
  const full = path.join(root, path.basename(name));
  const stat = fs.statSync(full, { throwIfNoEntry: false });
  if (!stat) return plain(response, 404, 'no such file\n');
  const etag = `"${stat.size.toString(16)}-${Math.trunc(stat.mtimeMs).toString(16)}"`;
  const modified = new Date(stat.mtimeMs).toUTCString();
  response.setHeader('Content-Type', full.endsWith('.txt') ? 'text/plain' : 'application/octet-stream');
  response.setHeader('ETag', etag);
  response.setHeader('Last-Modified', modified);
  if (request.headers['if-none-match'] === etag || request.headers['if-modified-since'] === modified) {
    response.writeHead(304);
    return response.end();
  }
  const pack = gzip && /\bgzip\b/.test(request.headers['accept-encoding'] || '');
  if (pack) response.setHeader('Content-Encoding', 'gzip');
  else if (!chunked) response.setHeader('Content-Length', stat.size);
  response.writeHead(200);
  if (request.method === 'HEAD') return response.end();
  const stream = fs.createReadStream(full, { highWaterMark: 256 * 1024 });
  (pack ? stream.pipe(zlib.createGzip()) : stream).pipe(response);
}

function plain(response, status, text) {
  response.writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

// What arrived is told in headers, so that the client needs to parse nothing.
function hash(request, response) {
  const digest = crypto.createHash('sha256');
  let length = 0;
  request.on('data', (piece) => { digest.update(piece); length += piece.length; });
  request.on('end', () => {
    response.setHeader('X-Body-Sha256', digest.digest('hex'));
    response.setHeader('X-Body-Length', length);
    response.setHeader('X-Body-Framing', request.headers['transfer-encoding'] || 'length');
    response.setHeader('X-Body-Trailer', request.trailers['x-check'] || 'none');
    plain(response, 200, 'hashed\n');
  });
}

function refuse(response) {
  response.setHeader('Connection', 'close');
  plain(response, 413, 'too large\n');
}

// The whole answer leaves, but the exchange is not ended: Node then neither reads on nor closes, and the client is
// left with full buffers unless it watches for the answer. Held until the client goes away.
function refuseAndHold(request, response) {
  request.pause();
  response.writeHead(413, { 'Content-Type': 'text/plain', 'Content-Length': 10 });
  response.write('too large\n');
}

function trailers(response) {
  response.writeHead(200, { Trailer: 'X-Digest, X-Count' });
  response.write('one\n');
  response.write('two\n');
  response.addTrailers({ 'X-Digest': 'abc', 'X-Count': '2' });
  response.end();
}

function manyHeaders(response, count) {
  for (let i = 0; i < count; i++) response.setHeader(`X-Many-${i}`, `value-${i}`);
  plain(response, 200, 'many\n');
}

function earlyHints(response) {
  response.writeEarlyHints({ link: '</style.css>; rel=preload' });
  response.writeEarlyHints({ link: '</more.css>; rel=preload' });
  plain(response, 200, 'after hints\n');
}

function handle(request, response) {
  response.setHeader('X-Peer-Port', request.socket.remotePort);
  if (request.socket.encrypted) tellTls(request.socket, response);
  const [, room, name] = request.url.split('/');
  switch (room) {
    case 'files': return file(request, response, name);
    case 'chunked': return file(request, response, name, { chunked: true });
    case 'gzip': return file(request, response, name, { gzip: true });
    case 'nothing': response.writeHead(204); return response.end();
    case 'upload': return hash(request, response);
    case 'limited': return refuse(response);
    case 'held': return refuseAndHold(request, response);
    case 'trailers': return trailers(response);
    case 'many': return manyHeaders(response, Number(name));
    case 'big': response.setHeader('X-Big', 'v'.repeat(Number(name))); return plain(response, 200, 'big\n');
    case 'hints': return earlyHints(response);
    default: return plain(response, 404, 'no such room\n');
  }
}

function tellTls(socket, response) {
  const subject = socket.getPeerCertificate().subject;
  response.setHeader('X-Tls-Version', socket.getProtocol());
  response.setHeader('X-Tls-Resumed', socket.isSessionReused() ? 'yes' : 'no');
  response.setHeader('X-Tls-Client', subject ? subject.CN : 'none');
}

function serve(options, host = '127.0.0.1', tls = tlsOptions()) {
  const create = tls ? https.createServer : http.createServer;
  const server = create({ requestTimeout: 0, ...tls, ...options }, handle);
  if (tls) rememberSessions(server);
  server.maxRequestsPerSocket = options.maxRequestsPerSocket || 0;
  server.keepAliveTimeoutBuffer = 0; // a second more than it says; only newer versions can be told not to
  // A refused expectation gets its final answer without a 100.
  server.on('checkContinue', (request, response) => {
    if (!request.url.startsWith('/limited')) response.writeContinue();
    handle(request, response);
  });
  return new Promise((resolve) => {
    server.on('error', () => resolve(null));
    server.listen(0, host, () => resolve(server.address().port));
  });
}

function tlsOptions() {
  if (!certificates) return null;
  const read = (name) => fs.readFileSync(path.join(certificates, name));
  return { cert: read('good.chain'), key: read('good.key'), ca: read('ca.crt') };
}

// Without tickets a server has to keep the sessions itself.
function rememberSessions(server) {
  const sessions = new Map();
  server.on('newSession', (id, data, done) => { sessions.set(id.toString('hex'), data); done(); });
  server.on('resumeSession', (id, done) => done(null, sessions.get(id.toString('hex')) || null));
}

async function tlsPorts() {
  const keep = { keepAliveTimeout: 60000 };
  const old = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' };
  return {
    plain: await serve(keep, '127.0.0.1', null),
    tls12: await serve({ ...keep, ...old }),
    tls13: await serve({ ...keep, minVersion: 'TLSv1.3' }),
    ids: await serve({ ...keep, ...old, secureOptions: crypto.constants.SSL_OP_NO_TICKET }),
    client: await serve({ ...keep, requestCert: true, rejectUnauthorized: true }),
  };
}

(async () => {
  const ports = {
    main: await serve({ keepAliveTimeout: 60000 }),
    idle: await serve({ keepAliveTimeout: 50 }),
    counted: await serve({ keepAliveTimeout: 60000, maxRequestsPerSocket: 3 }),
    six: await serve({ keepAliveTimeout: 60000 }, '::1'),
    ...certificates && await tlsPorts(),
  };
  console.log(JSON.stringify(ports));
})();
