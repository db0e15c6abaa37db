"""MongoDB's absence as an error that callers know how to meet."""

import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from pymongo.errors import ConnectionFailure, PyMongoError

from shared.errors import PeerUnavailableError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Operation = Callable[Arguments, Coroutine[Any, Any, Result]]


def answering(operation: Operation[Arguments, Result]) -> Operation[Arguments, Result]:
    """Wrap an operation that may be repeated: a server away or too slow becomes PeerUnavailableError."""

    @functools.wraps(operation)
    async def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return await operation(*args, **kwargs)
        except PyMongoError as error:
            if isinstance(error, ConnectionFailure) or error.timeout:
                raise PeerUnavailableError("mongodb", "the profile store does not answer; send it again") from None
            raise

    return call
