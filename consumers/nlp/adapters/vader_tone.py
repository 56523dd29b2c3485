"""Tone by word list (VADER): knows strong words that the training sentences do not hold."""

from importlib.metadata import version

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer


class VaderToneLexicon:
    """Adds up the tone of a text's words, with negation and emphasis."""

    def __init__(self) -> None:
        self.name = f"vader/{version('vaderSentiment')}"
        self._analyzer = SentimentIntensityAnalyzer()

    def tone(self, text: str) -> float:
        """From -1 (negative) over 0 to 1 (positive)."""
        return float(self._analyzer.polarity_scores(text)["compound"])
