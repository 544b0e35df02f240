// Loaded into a Node.js child of `entrepot exec`. Node.js before 22.21 does not heed HTTPS_PROXY, so https's agents
// get their connections through the proxy here; where Node.js does it by itself, this does nothing.
'use strict';
const [major, minor] = process.versions.node.split('.').map(Number);
if ((major < 22 || (major === 22 && minor < 21)) && process.env.HTTPS_PROXY) {
  const http = require('node:http');
  const https = require('node:https');
  const tls = require('node:tls');
  const proxy = new URL(process.env.HTTPS_PROXY);
  const direct = https.Agent.prototype.createConnection;
  const loopback = new Set(['localhost', '127.0.0.1', '::1']);

  https.Agent.prototype.createConnection = function (options, callback) {
    const host = options.host || options.hostname;
    if (loopback.has(host)) return direct.call(this, options, callback);
    const authority = `${host}:${options.port || 443}`;
    const asked = http.request({
      host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: authority, headers: { host: authority }, agent: false,
    });
    asked.once('connect', (answer, socket) => {
      if (answer.statusCode === 200) {
        callback(null, tls.connect({ ...options, socket, servername: options.servername || host }));
      } else {
        socket.destroy();
        callback(new Error(`entrepot exec refuses ${authority}`));
      }
    });
    asked.once('error', callback);
    asked.end();
  };
}
