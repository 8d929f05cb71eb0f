"""What a server could do so that a page can know: advice drawn from one recording."""

from wsprobe.remedy.advice import Advice, advice

__all__ = ["Advice", "advice"]
