// The command line of app.mjs.
import { parseArgs } from 'node:util';

export const KINDS = ['koa-session', 'koa-generic-session', 'koa-session-store', 'egg'];

export class Usage extends Error {}

export function readOptions(args) {
  let given;
  try {
    given = parseArgs({
      args,
      options: {
        kind: { type: 'string' },
        keys: { type: 'string' },
        algorithm: { type: 'string' },
        key: { type: 'string' },
        'max-age': { type: 'string' },
        rolling: { type: 'boolean', default: false },
        renew: { type: 'boolean', default: false },
        encrypt: { type: 'boolean', default: false },
        redis: { type: 'string' },
        prefix: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new Usage(error.message);
  }
  const { kind } = given;
  if (!KINDS.includes(kind)) throw new Usage(`--kind must be one of ${KINDS.join(', ')}`);
  const only = (option, ...kinds) => {
    if (given[option] && !kinds.includes(kind)) throw new Usage(`${kind} has no --${option}`);
  };
  only('rolling', 'koa-session', 'koa-generic-session', 'egg');
  only('renew', 'koa-session', 'egg');
  only('encrypt', 'egg');
  only('algorithm', 'koa-session', 'koa-generic-session', 'koa-session-store');
  if (given.algorithm && !['sha1', 'sha256'].includes(given.algorithm)) {
    throw new Usage('--algorithm must be sha1 or sha256');
  }
  if (kind === 'egg' && !given.keys) throw new Usage('egg needs --keys');
  if (given.prefix !== undefined && !given.redis) throw new Usage('--prefix needs --redis');
  return {
    kind,
    keys: given.keys?.split(','),
    algorithm: given.algorithm,
    key: given.key,
    maxAge: readMaxAge(given['max-age']),
    rolling: given.rolling,
    renew: given.renew,
    encrypt: given.encrypt,
    redis: given.redis,
    prefix: given.prefix,
  };
}

/** Milliseconds, 'session', or undefined when not given. */
export function readMaxAge(text) {
  if (text === undefined || text === null) return undefined;
  if (text === 'session') return text;
  const number = Number(text);
  if (text === '' || !Number.isFinite(number)) throw new Usage(`not a maxAge: ${text}`);
  return number;
}
