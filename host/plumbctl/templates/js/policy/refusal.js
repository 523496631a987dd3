// What becomes of an exception: the error that the pod's events show.

/** One sentence, with the value that is wrong in it; the codes are those of `error` in wit/types.wit. */
export class Refusal extends Error {
  constructor(code, message, details) {
    super(message);
    // What the host gets. The errors of the contract's own functions have it as well, and are passed on as they are.
    this.payload = { code, message, details };
  }
}

/** A function that the component exports. An exception that is a mistake in it would end it without a word. */
export function exported(work) {
  return (...given) => {
    try {
      return finished(work(...given));
    } catch (error) {
      throw error?.payload ? error : new Refusal("failed", `${error}`, error?.stack);
    }
  };
}

/** What it answered. Behind an `await` nothing would be done any more. */
function finished(answer) {
  if (answer instanceof Promise) {
    throw new Refusal("failed", "it is asynchronous, and nothing of a component is called again to finish a promise");
  }
  return answer;
}
