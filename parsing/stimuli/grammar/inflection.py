"""Forms of nouns and verbs: regular rules, with the exceptions of the lexicon."""

from treeprobe.parsing.stimuli.grammar.lexicon import DOUBLED, IRREGULAR_PLURALS, IRREGULAR_VERBS


def add_s(stem: str) -> str:
    """The ending of plurals and of the third person."""
    if stem.endswith(("s", "sh", "ch", "x", "z")):
        return stem + "es"
    if stem.endswith("y") and stem[-2] not in "aeiou":
        return stem[:-1] + "ies"
    return stem + "s"


def plural(noun: str) -> str:
    """The plural of a noun."""
    return IRREGULAR_PLURALS.get(noun) or add_s(noun)


def past(verb: str) -> str:
    """The past tense of a verb."""
    return IRREGULAR_VERBS[verb][0] if verb in IRREGULAR_VERBS else _add_ed(verb)


def participle(verb: str) -> str:
    """The past participle of a verb."""
    return IRREGULAR_VERBS[verb][1] if verb in IRREGULAR_VERBS else _add_ed(verb)


def _add_ed(verb: str) -> str:
    """The regular past."""
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    return (verb + verb[-1] if verb in DOUBLED else verb) + "ed"


def gerund(verb: str) -> str:
    """The form in -ing."""
    if verb.endswith("e") and not verb.endswith("ee"):
        return verb[:-1] + "ing"
    return (verb + verb[-1] if verb in DOUBLED else verb) + "ing"
