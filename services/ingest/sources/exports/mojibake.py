"""Meta's exports write each byte of a text's UTF-8 as a character of its own; this makes texts of them again."""


def mend(text: str) -> str:
    """Return `text` as it was meant: "CafÃ©" becomes "Café".

    What cannot have come about that way (a character past U+00FF, bytes that are no UTF-8) is returned as it
    is, so texts of an export that was written rightly pass. A person who truly wrote "Ã©" is read as "é".
    """
    try:
        return text.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text
