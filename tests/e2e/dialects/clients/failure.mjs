// What a call of OpenAI's client is refused with; null: it was not.
export async function failure(call) {
  try {
    await call();
  } catch (error) {
    return [error.constructor.name, error.status, error.code, error.param];
  }
  return null;
}
