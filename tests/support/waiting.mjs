// Waiting for conditions, with a deadline.

// For one step of a test; only a hang waits as long.
export const patience = 40000;

// The condition's value as soon as it is true.
export async function eventually(condition, what = String(condition)) {
  const deadline = Date.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) {
      return value;
    }
    if (Date.now() > deadline) {
      throw new Error(`${what} did not come true within ${patience} ms`);
    }
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
