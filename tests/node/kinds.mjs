// Each middleware, set up as its users do, behind one face:
//   install(app)        adds it
//   isNew(ctx)          whether the request came without a session that it accepted
//   state(ctx)          the session's own data, without what the middleware adds
//   meta(ctx)           what the middleware adds
//   setMaxAge(ctx, ms), save(ctx), regenerate(ctx): only where the middleware has it
import { Cookies as EggCookies } from '@eggjs/cookies';
import co from 'co';
import installEggRedis from 'egg-session-redis/app.js';
import Keygrip from 'keygrip';
import genericSession from 'koa-generic-session';
import koaSession from 'koa-session';
import sessionStore from 'koa-session-store';
import uid from 'uid-safe';

export function makeKind(options, redis) {
  switch (options.kind) {
    case 'koa-session':
      return koaSessionKind(options, redis);
    case 'koa-generic-session':
      return genericKind(options, redis);
    case 'koa-session-store':
      return storeKind(options, redis);
    case 'egg':
      return eggKind(options, redis);
  }
}

function setKeys(app, { keys, algorithm }) {
  if (!keys) return;
  app.keys = algorithm ? new Keygrip(keys, algorithm, 'base64') : keys;
}

/** Leaves out what was not given, so that the middleware's own defaults hold. */
function given(entries) {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

// koa-session, by itself or under egg. koa-redis has the three methods it asks of a store.

const koaSessionFace = {
  isNew: (ctx) => ctx.session?.isNew ?? false,
  state: (ctx) => ctx.session && ctx.session.toJSON(),
  meta: (ctx) =>
    ctx.session && {
      id: ctx.session.externalKey,
      maxAge: ctx.session.maxAge,
      expire: ctx.session._expire,
    },
  setMaxAge: (ctx, maxAge) => (ctx.session.maxAge = maxAge),
  save: (ctx) => ctx.session.save(),
  regenerate: (ctx) => ctx.session.regenerate(),
};

function koaSessionKind(options, redis) {
  return {
    ...koaSessionFace,
    install(app) {
      setKeys(app, options);
      app.use(koaSession(koaSessionOptions(options, redis), app));
    },
  };
}

function koaSessionOptions(options, store) {
  return given({
    key: options.key,
    maxAge: options.maxAge,
    signed: Boolean(options.keys),
    rolling: options.rolling,
    renew: options.renew,
    prefix: options.prefix,
    store,
  });
}

// egg: its session middleware is koa-session and nothing else; what differs are the cookies, the
// defaults and the Redis store.

function eggKind(options, redis) {
  return {
    ...koaSessionFace,
    install(app) {
      app.keys = options.keys;
      app.use((ctx, next) => {
        ctx.cookies = new EggCookies(ctx, app.keys);
        return next();
      });
      const settings = {
        ...koaSessionOptions(options, redis && eggStore(redis.client)),
        key: options.key ?? 'EGG_SESS',
        maxAge: options.maxAge ?? 24 * 3600 * 1000,
        encrypt: options.encrypt,
      };
      app.use(koaSession(settings, app));
    },
  };
}

function eggStore(client) {
  const app = { config: { sessionRedis: { name: '' } }, redis: client };
  installEggRedis(app);
  return app.sessionStore;
}

// koa-generic-session: `cookie` on the session is its own. It tells nobody whether a session is new,
// but it asks for an id when it makes one. The generator is the one that it has by default.

const MADE = Symbol('made');

function genericKind(options, redis) {
  return {
    install(app) {
      setKeys(app, options);
      const middleware = genericSession(
        given({
          key: options.key,
          prefix: options.prefix,
          rolling: options.rolling,
          store: redis,
          cookie: given({
            signed: options.keys ? undefined : false,
            maxAge: options.maxAge === 'session' ? null : options.maxAge,
          }),
          genSid(length) {
            this[MADE] = true;
            return uid(length);
          },
        }),
      );
      app.use(middleware);
    },
    isNew: (ctx) => Boolean(ctx.session && ctx[MADE]),
    state(ctx) {
      if (!ctx.session) return null;
      const { cookie, ...state } = ctx.session;
      return state;
    },
    meta: (ctx) => ctx.session && { id: ctx.sessionId, cookie: ctx.session.cookie },
    setMaxAge: (ctx, maxAge) => (ctx.session.cookie.maxAge = maxAge === 'session' ? null : maxAge),
    save: (ctx) => (ctx.sessionSave = true),
    regenerate: (ctx) => ctx.regenerateSession(),
  };
}

// koa-session-store: written for Koa 1, hence co. No Redis store fits it, so the three methods that it
// asks of one are here; it passes JSON text and expects it back, and it gives no lifetime. It takes
// the id out of what it shows, so the cookie that it read is kept.

const READ = Symbol('read');

function storeKind(options, redis) {
  const name = options.key ?? 'koa:sess';
  return {
    install(app) {
      setKeys(app, options);
      const middleware = sessionStore(
        given({
          name,
          store: redis && textStore(redis.client, options.prefix ?? ''),
          cookie: given({
            signed: options.keys ? undefined : false,
            maxAge: options.maxAge === 'session' ? undefined : options.maxAge,
          }),
        }),
      );
      app.use((ctx, next) => {
        const { get } = ctx.cookies;
        ctx.cookies.get = function (asked, ...rest) {
          const value = get.call(this, asked, ...rest);
          if (asked === name) ctx[READ] = value;
          return value;
        };
        const rest = (function* () {
          yield next();
        })();
        return co.call(ctx, middleware, rest);
      });
    },
    isNew: (ctx) => Boolean(ctx.session) && !(ctx[READ] && JSON.parse(ctx[READ])._sid),
    state: (ctx) => ctx.session,
    meta: (ctx) => ctx.session && { cookie: ctx[READ] },
  };
}

function textStore(client, prefix) {
  return {
    load: (id) => client.get(prefix + id),
    save: (id, text) => client.set(prefix + id, text),
    remove: (id) => client.del(prefix + id),
  };
}
