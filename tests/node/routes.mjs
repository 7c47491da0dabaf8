// What a test can ask of a session.
import { readMaxAge } from './options.mjs';

class Refused extends Error {}

export function routes(kind) {
  const show = (ctx) => ({ new: kind.isNew(ctx), state: kind.state(ctx) });
  const optional = (name) => {
    if (!kind[name]) throw new Refused(`this middleware has no ${name}`);
    return kind[name];
  };
  const table = {
    'GET /state': show,
    'GET /meta': (ctx) => kind.meta(ctx),
    'GET /untouched': () => ({ untouched: true }),
    'POST /set'(ctx, body) {
      for (const [name, value] of Object.entries(body)) ctx.session[name] = value;
      return show(ctx);
    },
    'POST /delete'(ctx, body) {
      for (const name of body) delete ctx.session[name];
      return show(ctx);
    },
    'POST /replace'(ctx, body) {
      ctx.session = body;
      return show(ctx);
    },
    'POST /max-age'(ctx) {
      optional('setMaxAge')(ctx, readMaxAge(ctx.query.ms));
      return show(ctx);
    },
    async 'POST /save'(ctx) {
      await optional('save')(ctx);
      return show(ctx);
    },
    'POST /destroy'(ctx) {
      ctx.session = null;
      return show(ctx);
    },
    async 'POST /regenerate'(ctx) {
      await optional('regenerate')(ctx);
      return show(ctx);
    },
  };
  return async (ctx) => {
    const route = table[`${ctx.method} ${ctx.path}`];
    if (!route) return;
    const answer = await route(ctx, await readJson(ctx.req));
    ctx.status = 200;
    answerJson(ctx, answer);
  };
}

export function answerJson(ctx, value) {
  ctx.type = 'json';
  ctx.body = JSON.stringify(value ?? null);
}

/** Like Koa itself: an error's answer keeps no header but those that the error names. */
export async function errors(ctx, next) {
  try {
    await next();
  } catch (error) {
    for (const name of ctx.res.getHeaderNames()) ctx.res.removeHeader(name);
    ctx.status = error instanceof Refused ? 501 : 500;
    answerJson(ctx, { error: error.message });
    if (error.headers) ctx.set(error.headers);
  }
}

/** `{"$date": MS}` stands for a Date, anywhere in the body. */
async function readJson(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  if (text === '') return undefined;
  return JSON.parse(text, (_, value) =>
    typeof value?.$date === 'number' ? new Date(value.$date) : value,
  );
}
