"""Language detection, on the detector that is in the wheel."""

import pytest

from services.sentiment.language import UNDETERMINED, LanguageDetector, from_hint
from services.sentiment.normalisation import normalise


@pytest.fixture(scope="module")
def english() -> LanguageDetector:
    """Return the detector beside a model trained on English."""
    return LanguageDetector(["en"])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("@united my bag was lost again, nobody at the desk could help me", "en"),
        ("Der Flug hatte vier Stunden Verspätung und niemand hat uns informiert", "de"),
        ("El vuelo salió tarde y perdieron mi maleta otra vez", "es"),
        ("Le personnel était très gentil, merci pour ce beau voyage", "fr"),
        ("飛行機が遅れて空港で五時間も待ちました", "ja"),
        ("DER FLUG WAR WIEDER ZU SPÄT UND KEINER SAGT ETWAS", "de"),
        ("谢谢你们", "zh"),
    ],
)
def test_clear_texts_are_told_and_only_english_is_supported(english: LanguageDetector, text: str, code: str) -> None:
    """A clear text gets its ISO 639-1 code, and only the model's own language counts as supported."""
    found = english.detect(normalise(text))
    assert found.language.code == code
    assert 0 < found.language.confidence <= 1
    assert found.supported == (code == "en")


@pytest.mark.parametrize("text", ["", "https://t.co/abc", "@someone @another", "🔥🔥🔥", "ok", "12345 67", "!!!"])
def test_a_text_with_nothing_to_go_by_is_undetermined_and_keeps_its_score(english: LanguageDetector, text: str) -> None:
    """Where nothing can be told the code is `und` with confidence 0, and the text is not called unsupported."""
    found = english.detect(normalise(text))
    assert found.language == UNDETERMINED
    assert found.supported


@pytest.mark.parametrize("text", ["lmao dude", "omg no wifi", "delayed 3 hrs smh"])
def test_short_english_that_may_be_something_else_keeps_its_score(english: LanguageDetector, text: str) -> None:
    """English that is short or holds a foreign word is not called unsupported."""
    assert english.detect(normalise(text)).supported


def test_capitals_do_not_mislead(english: LanguageDetector) -> None:
    """A name's capital does not make a text foreign."""
    assert english.detect("bag lost in Milano, no info").language.code == "en"


def test_mentions_links_and_hashtag_signs_do_not_count(english: LanguageDetector) -> None:
    """The language is that of the words, whatever handles and links stand around them."""
    plain = english.detect(normalise("der Service war furchtbar"))
    around = english.detect(normalise("@the_best_airline der #Service war furchtbar https://www.example.com/the-page"))
    assert around == plain


def test_a_hint_is_taken_without_detection(english: LanguageDetector) -> None:
    """The platform's own language wins, with confidence 1, and decides what is supported."""
    found = english.detect("this is an English text", "de")
    assert (found.language.code, found.language.confidence, found.supported) == ("de", 1.0, False)
    assert english.detect("dies ist ein deutscher Text", "en-GB").supported


def test_a_model_of_unknown_languages_supports_all() -> None:
    """Where a drop-in model does not say what it was trained on, no text is called unsupported."""
    assert LanguageDetector([]).detect("Der Flug hatte vier Stunden Verspätung").supported


@pytest.mark.parametrize(
    ("hint", "code"),
    [
        ("en", "en"),
        ("pt-BR", "pt"),
        ("zh_Hant", "zh"),
        ("DE", "de"),
        ("iw", "he"),
        ("in", "id"),
        ("haw", "haw"),
        ("und", None),
        ("qme", None),
        ("zxx", None),
        ("art", None),
        ("eng", "en"),
        ("ger", "de"),
        ("na", "na"),
        ("NA", None),
        ("nan", None),
        ("xx", None),
        ("qq-DE", None),
        ("english", None),
        ("", None),
        (None, None),
    ],
)
def test_hints_are_cut_to_a_code_or_ignored(hint: str | None, code: str | None) -> None:
    """Region and script go, withdrawn codes are renamed, and what names no language is no hint."""
    assert from_hint(hint) == code
