"""Capitals of one word put on another."""


def in_case_of(word: str, form: str) -> str:
    """The form in capitals or with a capital, where the word is."""
    if word.isupper() and len(word) > 1:
        return form.upper()
    return form[0].upper() + form[1:] if word[0].isupper() else form
