"""The login that instaloader saved in a file: cookies, in Python's pickle format."""

import io
import pickle
import threading
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from instaloader import (
    Hashtag,
    Instaloader,
    InstaloaderContext,
    Post,
    Profile,
    RateController,
    exceptions,
    get_json_structure,
)

from services.ingest.sources.base import CredentialError, SourceError, SourceRefusedError
from services.ingest.sources.fields import count_of
from services.ingest.sources.meta.settings import InstaloaderSession
from services.ingest.sources.network.reconnection import NetworkError

_MAX_BYTES: Final = 64 * 1024
_NEEDED: Final = ("sessionid", "csrftoken")


class _PlainUnpickler(pickle.Unpickler):
    """Reads texts, numbers, lists and dicts alone: a pickle may otherwise run whatever its writer wishes."""

    def find_class(self, module_name: str, global_name: str, /) -> NoReturn:
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is no cookie")


def cookies_of(session: InstaloaderSession) -> dict[str, str]:
    """Return the cookies in the session file.

    Raises CredentialError, naming INSTAGRAM_SESSION_FILE, where it cannot be read, is no file of instaloader's or
    holds no login.
    """
    try:
        with session.file.open("rb") as file:
            content = file.read(_MAX_BYTES)
    except OSError as error:
        raise CredentialError(f"the file that INSTAGRAM_SESSION_FILE names cannot be read ({error.strerror})") from None
    try:
        value: Any = _PlainUnpickler(io.BytesIO(content)).load()
    except Exception:  # noqa: BLE001 - a damaged pickle raises anything
        value = None
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) and value[name] for name in _NEEDED):
        raise CredentialError(
            "the file that INSTAGRAM_SESSION_FILE names holds no login; make it with `instaloader --login NAME`"
        )
    return {str(name): str(cookie) for name, cookie in value.items()}


LIMIT_SECONDS: Final = 900.0
"""The first wait after a 429; Instagram says nowhere how long it wants."""
_LOGIN: Final = (
    "save a login with `instaloader --login NAME`, then set INSTAGRAM_SESSION_FILE and INSTAGRAM_SESSION_USER"
)
_SHAPES: Final = (KeyError, TypeError, ValueError, AttributeError, IndexError, AssertionError, OverflowError)


class Caption(dict[str, Any]):
    """A post as ingest takes it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Caption"


class _NoSleep(RateController):
    """Turns every wait that instaloader would sleep through into an error that says how long it is."""

    def __init__(self, context: InstaloaderContext, stopped: threading.Event) -> None:
        super().__init__(context)
        self._stopped = stopped

    def sleep(self, secs: float) -> None:
        raise NetworkError("instaloader counts too many requests lately; waiting", wait=secs)

    def wait_before_query(self, query_type: str) -> None:
        if self._stopped.is_set():
            raise NetworkError("stopped")
        super().wait_before_query(query_type)


class Loader:
    """Reads captions under one hashtag or of one profile after another; one thread at a time."""

    def __init__(self, session: InstaloaderSession | None, request_seconds: float) -> None:
        """Log in with the session file's cookies; raises CredentialError where they are none.

        No silence in the middle of an answer lasts longer than `request_seconds`.
        """
        self._stopped = threading.Event()
        self._instaloader = Instaloader(
            sleep=False,
            quiet=True,
            max_connection_attempts=1,
            request_timeout=request_seconds,
            rate_controller=lambda context: _NoSleep(context, self._stopped),
        )
        if session is not None:
            self._instaloader.context.load_session(session.user, cookies_of(session))  # type: ignore[no-untyped-call]
        self._posts: Iterator[Post] = iter(())
        self._handle: str | None = None

    def open(self, query: str) -> None:
        """Begin to read `#hashtag` or `profile`, the latest first.

        Raises NetworkError, CredentialError or SourceRefusedError; private profiles are refused to their followers too.
        """
        context = self._instaloader.context
        try:
            if query.startswith("#"):
                self._handle = None
                self._posts = Hashtag.from_name(context, query[1:]).get_posts_resumable()
                return
            profile = Profile.from_username(context, query)
            if profile.is_private:
                raise SourceRefusedError("the profile is private; what it posts is for its followers")  # noqa: TRY301
            self._handle = query
            self._posts = profile.get_posts()
        except (SourceRefusedError, NetworkError):
            raise
        except Exception as error:  # noqa: BLE001 - reading a website's insides, instaloader raises anything
            raise _meaning_of(error) from None

    def take(self, most: int) -> tuple[list[Caption | None], bool]:
        """Return up to `most` posts, None for each that cannot be read, and whether more may follow.

        Raises as `open` does; then the place in the list is lost, and reading begins anew with `open`.
        """
        taken: list[Caption | None] = []
        try:
            for _ in range(most):
                if self._stopped.is_set():
                    return taken, False
                post = next(self._posts, None)
                if post is None:
                    return taken, False
                taken.append(self._caption(post))
        except (SourceRefusedError, NetworkError):
            raise
        except Exception as error:  # noqa: BLE001 - see `open`
            raise _meaning_of(error) from None
        return taken, True

    def stop(self) -> None:
        """Let no further request begin; one under way ends by itself within its deadline. Any thread may call it."""
        self._stopped.set()
        self._instaloader.context.close()  # type: ignore[no-untyped-call]

    def _caption(self, post: Post) -> Caption | None:
        try:
            return self._read(post)
        except _SHAPES:
            return None

    def _read(self, post: Post) -> Caption | None:
        shown = get_json_structure(post)["node"]
        author: dict[str, Any] = {"id": str(post.owner_id)}
        if self._handle:
            author["handle"] = self._handle
        return Caption(
            platform="instagram",
            post_id=str(post.mediaid),
            author=author,
            text=post.caption or "",
            created_at=post.date_local.isoformat(),
            likes=count_of(shown, "edge_media_preview_like", "count"),
            replies=count_of(shown, "edge_media_to_comment", "count") or count_of(shown, "comments"),
        )


def _meaning_of(error: Exception) -> SourceError | NetworkError:
    """Return what to raise for something that instaloader raised: its own words hold names and are not passed on."""
    if isinstance(error, exceptions.AbortDownloadException):
        return _aborted(str(error))
    if isinstance(error, exceptions.LoginRequiredException):
        return CredentialError(f"Instagram shows this to logged-in accounts alone: {_LOGIN}")
    if isinstance(error, exceptions.PrivateProfileNotFollowedException):
        return SourceRefusedError("the profile is private; what it posts is for its followers")
    if isinstance(error, (exceptions.ProfileNotExistsException, exceptions.QueryReturnedNotFoundException)):
        return SourceRefusedError(
            "Instagram shows no such profile or hashtag: it does not exist, or Instagram hides it from this reader"
        )
    return _passing(error)


def _aborted(words: str) -> SourceError:
    if "login page" in words:
        return CredentialError(
            f"Instagram has ended the login in INSTAGRAM_SESSION_FILE: wait some hours, then {_LOGIN}"
        )
    return SourceRefusedError(
        "Instagram has locked the account of INSTAGRAM_SESSION_FILE until its owner passes a check in the app; "
        "nothing more is asked, since that would make it worse"
    )


def _passing(error: Exception) -> NetworkError:
    if any(isinstance(cause, exceptions.TooManyRequestsException) for cause in _chain(error)):
        return NetworkError("Instagram answers 429, too many requests; waiting long", wait=LIMIT_SECONDS)
    words = str(error).lower()
    if "401" in words and "wait" in words:
        return NetworkError(
            f"Instagram asks visitors to wait, which it does to make them log in; waiting long, or {_LOGIN}",
            wait=LIMIT_SECONDS,
        )
    if isinstance(error, (exceptions.ConnectionException, OSError)):
        cause = next((type(cause).__name__ for cause in _chain(error) if cause is not error), type(error).__name__)
        return NetworkError(f"no good answer from Instagram ({cause}); trying later", is_unread="JSON" in cause)
    return NetworkError(
        f"Instagram answered in a way that instaloader cannot read ({type(error).__name__}); trying later. Where this "
        "stays, Instagram has changed its website: a newer instaloader may help",
        is_unread=True,
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
