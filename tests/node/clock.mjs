// Date.now() as a request wants it: the header X-Test-Now (milliseconds) holds until that request
// has been answered. One request at a time, for the clock is the process's.
const real = Date.now;
let frozen;

Date.now = () => frozen ?? real();

export async function clock(ctx, next) {
  const wanted = ctx.get('x-test-now');
  frozen = wanted === '' ? undefined : Number(wanted);
  try {
    await next();
  } finally {
    frozen = undefined;
  }
}
