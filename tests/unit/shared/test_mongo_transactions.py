"""When a transaction runs anew, when its commit is asked for again, and what its failure is to callers; no server."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Self

import pytest
from pymongo.errors import AutoReconnect, DuplicateKeyError, OperationFailure, PyMongoError

from shared.errors import OverloadedError, PeerUnavailableError
from shared.mongo import answering, in_transaction


def labelled(error: PyMongoError, label: str) -> PyMongoError:
    """Return an error with a label."""
    error._add_error_label(label)
    return error


def conflict() -> PyMongoError:
    """Return what a transaction meets that another one was faster than."""
    return labelled(OperationFailure("WriteConflict", 112), "TransientTransactionError")


def unknown() -> PyMongoError:
    """Return what a commit comes to whose answer is lost."""
    return labelled(AutoReconnect("gone"), "UnknownTransactionCommitResult")


class Session:
    """A session that remembers what was asked of it; commits meet the next of `errors`, as long as there is one."""

    def __init__(self, errors: Sequence[PyMongoError] = ()) -> None:
        """Begin outside of a transaction."""
        self.asked: list[str] = []
        self.in_transaction = False
        self.options: dict[str, Any] = {}
        self._errors = list(errors)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.asked.append("end")

    def start_transaction(self, **options: Any) -> None:
        """Begin."""
        self.asked.append("start")
        self.options, self.in_transaction = options, True

    async def commit_transaction(self) -> None:
        """Commit."""
        self.asked.append("commit")
        if self._errors:
            raise self._errors.pop(0)
        self.in_transaction = False

    async def abort_transaction(self) -> None:
        """Abort."""
        self.asked.append("abort")
        self.in_transaction = False


def database(session: Session) -> Any:
    """Return a database with one session."""

    async def start_session() -> Session:
        return session

    return SimpleNamespace(client=SimpleNamespace(start_session=start_session))


class Work:
    """Raises each of `errors` in turn, as an operation of a store would, then returns which attempt it was."""

    def __init__(self, *errors: BaseException) -> None:
        """Begin with no attempt."""
        self.attempts = 0
        self._errors = list(errors)

    @answering
    async def run(self, _: Any) -> int:
        """Work."""
        self.attempts += 1
        if self._errors:
            raise self._errors.pop(0)
        return self.attempts


async def test_it_reads_a_snapshot_and_commits_by_the_majority() -> None:
    """Of the primary; what the work returns is returned."""
    session = Session()
    assert await in_transaction(database(session), Work().run) == 1
    assert session.asked == ["start", "commit", "end"]
    assert session.options["read_concern"].level == "snapshot"
    assert session.options["write_concern"].document == {"w": "majority", "j": True}
    assert session.options["read_preference"].name == "Primary"


@pytest.mark.parametrize("error", [conflict(), DuplicateKeyError("there by now", 11000)])
async def test_what_met_another_runs_anew(error: PyMongoError) -> None:
    """From the front, after what it did was undone."""
    session = Session()
    assert await in_transaction(database(session), Work(error).run) == 2
    assert session.asked == ["start", "abort", "start", "commit", "end"]


async def test_a_commit_whose_answer_is_lost_is_asked_for_again() -> None:
    """The work is not: it may have been committed."""
    session = Session([unknown(), unknown()])
    assert await in_transaction(database(session), Work().run) == 1
    assert session.asked == ["start", "commit", "commit", "commit", "end"]


async def test_a_commit_that_met_another_runs_the_work_anew() -> None:
    """It was not made."""
    session = Session([conflict()])
    assert await in_transaction(database(session), Work().run) == 2


async def test_what_the_work_raises_undoes_it() -> None:
    """And is raised as it is, after one attempt."""
    session, work = Session(), Work(LookupError())
    with pytest.raises(LookupError):
        await in_transaction(database(session), work.run)
    assert (session.asked, work.attempts) == (["start", "abort", "end"], 1)


async def test_others_in_the_way_for_too_long_are_an_overload() -> None:
    """Callers may send it again."""
    with pytest.raises(OverloadedError):
        await in_transaction(database(Session()), Work(conflict()).run, seconds=0)


async def test_a_server_that_stays_away_is_unavailable() -> None:
    """In the middle of the work, and at its commit."""
    gone = labelled(AutoReconnect("gone"), "TransientTransactionError")
    with pytest.raises(PeerUnavailableError):
        await in_transaction(database(Session()), Work(gone).run, seconds=0)
    with pytest.raises(PeerUnavailableError):
        await in_transaction(database(Session([unknown()])), Work().run, seconds=0)
