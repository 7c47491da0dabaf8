// Starts app.mjs and talks to it: what try.mjs needs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const APP = fileURLToPath(new URL('app.mjs', import.meta.url));

export async function start(...args) {
  const child = spawn(process.execPath, [APP, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([first]) => first),
    exit.then(([code]) => Promise.reject(new Error(`app.mjs ${args.join(' ')}: exit ${code}`))),
  ]);
  const base = line.replace(/^listening on /, '');
  return {
    child,
    /** Answers { status, setCookie, body }. */
    ask: (method, path, options) => ask(method, base + path, options),
    async stop() {
      child.stdin.end();
      return (await exit)[0];
    },
  };
}

async function ask(method, url, { cookie, now, body } = {}) {
  const headers = {};
  if (cookie) headers.cookie = cookie;
  if (now !== undefined) headers['x-test-now'] = String(now);
  const sent = request(url, { method, headers, agent: false });
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = await once(sent, 'response');
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  return {
    status: response.statusCode,
    setCookie: response.headers['set-cookie'] ?? [],
    body: JSON.parse(Buffer.concat(chunks).toString('utf8') || 'null'),
  };
}

/** The Cookie header of a client that got these Set-Cookie lines. */
export function cookieOf({ setCookie }) {
  return setCookie.map((line) => line.split(';', 1)[0]).join('; ');
}
