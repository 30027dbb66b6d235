"""Failures that a user can do something about. Bugs are not here: they propagate."""

from __future__ import annotations

from typing import Any, ClassVar


class HiveError(Exception):
    """Something expected went wrong; the message says what, the hint what to do next."""

    exit_status: ClassVar[int] = 1
    """Exit status of a command that ends with this error."""

    default_code: ClassVar[str] = "failed"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: str | None = None,
        env: str | None = None,
    ) -> None:
        """Create the error.

        Args:
            message: What happened, to which env and service; one sentence or a short paragraph.
            hint: What to do next; `None` where there is nothing to do.
            code: Stable snake_case word for scripts; the class's own where left out.
            env: Name of the env that it is about; `None` where it is about none.
        """
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code
        self.env = env

    def as_json(self) -> dict[str, Any]:
        """The error object of the contract."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "env": self.env}


class UsageError(HiveError):
    """The command line or a request was wrong."""

    exit_status = 2
    default_code = "usage"


class ConfigError(HiveError):
    """`hive.toml` (or another file that the user writes) cannot be used as it is."""

    exit_status = 2
    default_code = "config"


class NotFoundError(HiveError):
    """No such env, service, task, suite or project."""

    exit_status = 3
    default_code = "not_found"


class RefusedError(HiveError):
    """Doing it would lose something; the hint names the flag that overrides."""

    exit_status = 4
    default_code = "refused"


class NotAvailableError(HiveError):
    """The file asks for something that this version reads but cannot run yet."""

    default_code = "not_available"


_BY_STATUS: dict[int, type[HiveError]] = {
    kind.exit_status: kind for kind in (HiveError, UsageError, NotFoundError, RefusedError)
}


def from_wire(error: dict[str, Any]) -> HiveError:
    """Rebuild the error that the daemon sent: the error object plus its exit `status`."""
    kind = _BY_STATUS.get(int(error.get("status", 1)), HiveError)
    return kind(
        str(error.get("message", "unknown error")),
        hint=error.get("hint"),
        code=error.get("code"),
        env=error.get("env"),
    )


def to_wire(error: HiveError) -> dict[str, Any]:
    """The error object with the exit `status` that a command should end with."""
    return {**error.as_json(), "status": error.exit_status}
