"""Who has to say yes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from watchfloor.base.config import Config
from watchfloor.base.picture import Decision


class AuthorityConfig(Config):
    """Rules of engagement about permission."""

    mode: Literal["auto", "ask", "hold"] = "ask"
    """``auto`` grants at once what passes the rule, ``ask`` waits for a human's answer, ``hold`` never fires."""
    p_hostile_min: float = Field(default=0.8, ge=0.0, le=1.0)
    """Probability of a hostile type at which permission is given. [1]"""
    answer_s: float = Field(default=20.0, ge=0.0, le=3600.0)
    """Time a human takes to answer. [s]"""
    ask_again_s: float = Field(default=60.0, ge=0.0, le=36_000.0)
    """Time after a refusal before the same track may be proposed again. [s]"""


def decide(rule: AuthorityConfig, *, p_hostile: float, asked_s: float, now_s: float) -> Decision:
    """Return what authority says at ``now_s`` to a proposal of ``asked_s`` with the identity as shown now.

    A human who is asked answers ``answer_s`` later on what the screen then shows; until then the answer is pending.
    """
    if rule.mode == "hold":
        return Decision.HELD
    if rule.mode == "ask" and now_s < asked_s + rule.answer_s:
        return Decision.PENDING
    return Decision.GRANTED if p_hostile >= rule.p_hostile_min else Decision.REFUSED
