"""What becomes of an exception: the error that the pod's events show."""

import functools
import traceback

from componentize_py_types import Err
from wit_world.imports import types


def refusal(code, message, details=None):
    """An error to raise: one sentence, with the value that is wrong in it; the codes are those of `error` in wit/types.wit."""
    return Err(types.Error(code, message, details))


def exported(work):
    """A function that the component exports. An exception that is a mistake in it would end it without a word."""

    @functools.wraps(work)
    def answer(*given):
        try:
            return work(*given)
        except Err:
            raise
        except Exception as error:
            raise refusal("failed", f"{type(error).__name__}: {error}", traceback.format_exc()) from None

    return answer
