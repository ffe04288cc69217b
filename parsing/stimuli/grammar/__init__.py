"""The grammar behind `generate`: phrases, constructions and the lexicon."""
