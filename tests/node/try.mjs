// Self-check: every kind against vectors that were taken from the middlewares themselves, and the
// stored forms if `node try.mjs --redis URL` names a Redis that may be written to.
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import koaRedis from 'koa-redis';
import { cookieOf, start } from './peer.mjs';

const { redis: url } = parseArgs({ options: { redis: { type: 'string' } } }).values;

const NOW = 1_700_000_000_000;
const DAY = 86_400_000;
const KEYS = ['--keys', 'key-new-2023,key-old-2022'];
const TOMORROW = 'Wed, 15 Nov 2023 22:13:20 GMT';
const EPOCH = 'expires=Thu, 01 Jan 1970 00:00:00 GMT';

const A =
  'koa.sess=eyJ2aWV3cyI6MSwidXNlciI6ImFsaWNlIiwiX2V4cGlyZSI6MTcwMDA4NjQwMDAwMCwiX21heEFnZSI6ODY0MDAwMDB9';
const A_STATE = { views: 1, user: 'alice' };
const A_NEW = 'koa.sess.sig=765PdgrmC6Vbyoe6YAoS7DXl1Ns';
const A_OLD = 'koa.sess.sig=1vSHObC6-w7BJsykf1tpObkc-FY';

const checks = {
  async 'koa-session: vector A is written and read'(use) {
    const app = await use('--kind', 'koa-session', ...KEYS);
    const written = await app.ask('POST', '/set', { now: NOW, body: A_STATE });
    assert.deepEqual(written.setCookie, [`${A}; path=/; httponly`, `${A_NEW}; path=/; httponly`]);
    assert.deepEqual(written.body, { new: true, state: A_STATE });
    const read = await app.ask('GET', '/state', { now: NOW, cookie: `${A}; ${A_NEW}` });
    assert.deepEqual(read, { status: 200, setCookie: [], body: { new: false, state: A_STATE } });
  },

  async 'koa-session: vector A signed by the old key is signed anew'(use) {
    const app = await use('--kind', 'koa-session', ...KEYS);
    const read = await app.ask('GET', '/state', { now: NOW, cookie: `${A}; ${A_OLD}` });
    assert.deepEqual(read.setCookie, [`${A_NEW}; path=/; httponly`]);
    assert.deepEqual(read.body, { new: false, state: A_STATE });
  },

  async 'koa-session: vector A ends after its last millisecond'(use) {
    const app = await use('--kind', 'koa-session', ...KEYS);
    const cookie = `${A}; ${A_NEW}`;
    const last = await app.ask('GET', '/state', { now: NOW + DAY, cookie });
    assert.equal(last.body.new, false);
    const after = await app.ask('GET', '/state', { now: NOW + DAY + 1, cookie });
    assert.deepEqual(after.body, { new: true, state: {} });
    assert.deepEqual((await app.ask('GET', '/events')).body, [
      { event: 'expired', value: { ...A_STATE, _expire: NOW + DAY, _maxAge: DAY } },
    ]);
  },

  async 'koa-session: vector C, a browser session'(use) {
    const app = await use('--kind', 'koa-session', '--keys', 'k1', '--max-age', 'session');
    const written = await app.ask('POST', '/set', { now: NOW, body: { count: 3 } });
    assert.deepEqual(written.setCookie, [
      'koa.sess=eyJjb3VudCI6MywiX3Nlc3Npb24iOnRydWV9; path=/; httponly',
      'koa.sess.sig=pehpoNjL-ur3sFe1riFDzhUBens; path=/; httponly',
    ]);
  },

  async 'koa-session: SHA-256, by a Keygrip'(use) {
    const app = await use('--kind', 'koa-session', ...KEYS, '--algorithm', 'sha256');
    const written = await app.ask('POST', '/set', { now: NOW, body: A_STATE });
    assert.match(written.setCookie[1], /^koa\.sess\.sig=[\w-]{43}; path=\/; httponly$/);
    const read = await app.ask('GET', '/state', { now: NOW, cookie: cookieOf(written) });
    assert.equal(read.body.new, false);
  },

  async 'koa-session: untouched, maxAge, regenerate, destroy, a failure'(use) {
    const app = await use('--kind', 'koa-session', ...KEYS);
    const cookie = `${A}; ${A_NEW}`;
    const untouched = await app.ask('GET', '/untouched', { now: NOW, cookie: `${A}; ${A_OLD}` });
    assert.deepEqual(untouched.setCookie, []);
    const longer = await app.ask('POST', '/max-age?ms=172800000', { now: NOW, cookie });
    assert.match(longer.setCookie[0], /; path=\/; expires=Thu, 16 Nov 2023 22:13:20 GMT; httponly$/);
    const again = await app.ask('POST', '/regenerate', { now: NOW, cookie });
    assert.equal(again.setCookie[0], `${A}; path=/; expires=${TOMORROW}; httponly`);
    const gone = await app.ask('POST', '/destroy', { now: NOW, cookie });
    assert.equal(gone.setCookie[0], `koa.sess=; path=/; ${EPOCH}; httponly`);
    const failed = await app.ask('POST', '/max-age?ms=soon', { now: NOW, cookie });
    assert.deepEqual(failed, { status: 500, setCookie: [], body: { error: 'not a maxAge: soon' } });
  },

  async 'koa-generic-session: an unknown id of the vector is not adopted'(use) {
    const app = await use('--kind', 'koa-generic-session', '--keys', 'k1,k0');
    const cookie = 'koa.sid=gsid1; koa.sid.sig=sx713zVMRQpqzuc5eZ0A_TlZ80U';
    const read = await app.ask('GET', '/state', { now: NOW, cookie });
    assert.deepEqual(read.body, { new: true, state: {} });
    const written = await app.ask('POST', '/set', { now: NOW, body: { n: 1 } });
    assert.equal(written.body.new, true);
    assert.match(written.setCookie[0], /^koa\.sid=[\w-]{32}; path=\/; expires=Wed, 15 Nov 2023/);
    const back = await app.ask('GET', '/state', { now: NOW, cookie: cookieOf(written) });
    assert.deepEqual(back, { status: 200, setCookie: [], body: { new: false, state: { n: 1 } } });
  },

  async 'koa-session-store: the cookie is raw JSON'(use) {
    const app = await use('--kind', 'koa-session-store', '--keys', 'k1,k0');
    const cookie =
      'koa:sess={"m":"hello","_sid":"ZYYCMbffXIJruVI"}; koa:sess.sig=q3wvuFaCbEYFJAFwJUMgmzdnJ3M';
    const read = await app.ask('GET', '/state', { cookie });
    assert.deepEqual(read.body, { new: false, state: { m: 'hello' } });
    const written = await app.ask('POST', '/set', { cookie, body: { m: 'there' } });
    const [text] = written.setCookie;
    assert.equal(text, 'koa:sess={"m":"there","_sid":"ZYYCMbffXIJruVI"}; path=/; httponly');
  },

  async 'egg: signed'(use) {
    const app = await use('--kind', 'egg', ...KEYS);
    const written = await app.ask('POST', '/set', { now: NOW, body: A_STATE });
    const rest = `path=/; max-age=86400; expires=${TOMORROW}; httponly`;
    assert.deepEqual(written.setCookie, [
      `${A.replace('koa.sess', 'EGG_SESS')}; ${rest}`,
      `EGG_SESS.sig=g1dQRDpoj4mPoznUqYpjf1ix-QR-2TYpPgVD0DE3MQE; ${rest}`,
    ]);
    const read = await app.ask('GET', '/state', { now: NOW, cookie: cookieOf(written) });
    assert.deepEqual(read, { status: 200, setCookie: [], body: { new: false, state: A_STATE } });
  },

  async 'egg: encrypted'(use) {
    const app = await use('--kind', 'egg', ...KEYS, '--encrypt');
    const written = await app.ask('POST', '/set', { now: NOW, body: A_STATE });
    assert.equal(written.setCookie.length, 1);
    const read = await app.ask('GET', '/state', { now: NOW, cookie: cookieOf(written) });
    assert.deepEqual(read, { status: 200, setCookie: [], body: { new: false, state: A_STATE } });
  },

  async 'every kind ends with its standard input, and on SIGTERM'(use) {
    const app = await use('--kind', 'koa-session', '--keys', 'k1');
    assert.equal(await app.stop(), 0);
    const other = await use('--kind', 'koa-session', '--keys', 'k1');
    other.child.kill('SIGTERM');
    assert.equal(await other.stop(), 0);
  },
};

/** Kind: its default prefix, the row of {"n":1}, and its lifetime in milliseconds. */
const ROWS = {
  'koa-session': ['', `{"n":1,"_expire":${NOW + DAY},"_maxAge":${DAY}}`, DAY + 10_000],
  egg: ['', `{"n":1,"_expire":${NOW + DAY},"_maxAge":${DAY}}`, DAY + 10_000],
  'koa-generic-session': [
    'koa:sess:',
    `{"cookie":{"httpOnly":true,"path":"/","overwrite":true,"signed":true,"maxAge":${DAY}},"n":1}`,
    DAY,
  ],
  'koa-session-store': ['', '{"n":1}', -1],
};

for (const [kind, [prefix, row, lifetime]] of Object.entries(url ? ROWS : {})) {
  checks[`${kind}: the row in Redis`] = async (use) => {
    const redis = koaRedis({ url });
    try {
      const app = await use('--kind', kind, '--keys', 'k1', '--redis', url);
      const written = await app.ask('POST', '/set', { now: NOW, body: { n: 1 } });
      const value = cookieOf(written).match(/=([^;]*)/)[1];
      const key = prefix + (kind === 'koa-session-store' ? JSON.parse(value)._sid : value);
      assert.equal(await redis.client.get(key), row);
      const left = await redis.client.pttl(key);
      assert.ok(left <= lifetime && left > lifetime - 5000, `PTTL ${left}`);
      const read = await app.ask('GET', '/state', { now: NOW, cookie: cookieOf(written) });
      assert.deepEqual(read, { status: 200, setCookie: [], body: { new: false, state: { n: 1 } } });
      await app.ask('POST', '/destroy', { now: NOW, cookie: cookieOf(written) });
      assert.equal(await redis.client.exists(key), 0);
    } finally {
      redis.client.disconnect();
    }
  };
}

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  const started = [];
  const use = async (...args) => {
    const app = await start(...args);
    started.push(app);
    return app;
  };
  try {
    await check(use);
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error.stack}`);
  }
  for (const app of started) await app.stop();
}
console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
