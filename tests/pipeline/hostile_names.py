"""A hundred names that someone's data may hold, each of which has broken somebody's files or pages."""

HOSTILE = (
    # Ways out of a folder.
    "../../etc/passwd", "..", ".", "/", "//", "/etc/passwd", "./x", "../x", "x/..", "x/../../y", "a/b", "a-b", "a b",
    "a:b",
    "a//b", "a\\b", "..\\..\\x", "C:\\x", "C:x", "~", "~/x", "$HOME", "`id`", "$(id)", "%2e%2e%2f", "file:///x",
    "\\\\host\\x",
    # Ends of text, and what cannot be seen.
    "", " ", "  ", "\0", "a\0b", "a\nb", "a\r\nb", "a\tb", "\x1b[31m", "\x7f", "a\u200fb", "\u202exsv.fdp",
    "a\u200bb",
    "\ufeffa", "a\u2028b", "\u00a0", "\ud800",
    # Names that differ in little.
    "nsubj", "NSUBJ", "Nsubj", "nsubj ", " nsubj", "nsubj.", ".nsubj", "-nsubj", "nsubj:pass", "nsubj-pass",
    "NSUBJ:PASS",
    "nsubj::pass", "nsubj/pass", "nsubj=pass", "ﬁ", "fi", "ß", "ss", "é", "e\u0301", "ſ", "s", "K", "k",
    # Devices of Windows, options, hidden and temporary files.
    "CON", "con", "NUL", "nul.txt", "COM1", "lpt9.pdf", "aux", "-rf", "--", ".hidden", ".partial", "x.partial", "x~",
    "*", "?",
    # Markup and formulas.
    "</script>", "<script>alert(1)</script>", "<!--", "]]>", "\" onload=\"alert(1)", "' x='", "&amp;", "&lt;",
    "<img src=x>",
    "$x$", "$\\frac$", "{{7*7}}", "{0}", "%s",
    # Long ones, and other writing.
    "x" * 300, "x" * 301, "x/" * 200, "日本語" * 60, "🌳" * 90, "🌳", "主語", "فاعل", "कर्ता",
    "NaN", "NA", "null", "None", "0",
)  # fmt: skip
