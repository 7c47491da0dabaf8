// What the middlewares report beside their answers. /events is outside of the session's layer, so
// that asking adds nothing. koa-session reports after the request: the next one sees it.
import { answerJson } from './routes.mjs';

const NAMES = ['session:missed', 'session:expired', 'session:invalid', 'cookieLimitExceed'];

export function events(app) {
  const seen = [];
  for (const name of NAMES) {
    app.on(name, ({ key, name: cookie, value }) =>
      seen.push({ event: name.replace('session:', ''), key: key ?? cookie, value }),
    );
  }
  app.on('error', (error) => seen.push({ event: 'error', value: error.message }));
  return (ctx, next) => {
    if (ctx.path !== '/events') return next();
    answerJson(ctx, seen);
  };
}
