// A Koa server with one session middleware, for the tests of others. See README.md.
import { once } from 'node:events';
import Koa from 'koa';
import koaRedis from 'koa-redis';
import { clock } from './clock.mjs';
import { events } from './events.mjs';
import { makeKind } from './kinds.mjs';
import { readOptions, Usage } from './options.mjs';
import { errors, routes } from './routes.mjs';

// Whoever started it may be gone without a word.
process.stdin.on('close', () => process.exit(0)).resume();
process.on('SIGTERM', () => process.exit(0));

try {
  await serve(readOptions(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Usage ? error.message : error);
  process.exit(error instanceof Usage ? 2 : 1);
}

async function serve(options) {
  const redis = options.redis && (await connect(options.redis));
  const kind = makeKind(options, redis);
  const app = new Koa();
  app.use(clock);
  app.use(errors);
  app.use(events(app));
  kind.install(app);
  app.use(routes(kind));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
}

async function connect(url) {
  const redis = koaRedis({ url });
  await once(redis, 'ready');
  redis.on('error', (error) => console.error(error.message));
  return redis;
}
