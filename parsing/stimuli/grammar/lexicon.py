"""The words of the grammar, in groups that make sense together."""


def listed(words: str) -> list[str]:
    """The words of a text."""
    return words.split()


PEOPLE = listed(
    """
    teacher lawyer doctor student farmer driver nurse singer painter neighbor pilot tailor writer
    editor manager engineer artist actor guard baker sailor senator judge reporter professor
    gardener banker chef customer visitor tourist librarian plumber soldier waiter dentist scientist
    officer uncle architect detective child king queen prince hunter poet monk clerk dancer captain
    critic designer barber carpenter
    """
)
DOCUMENTS = listed(
    """
    book letter report poem article story novel note essay contract message script map speech diary
    """
)
OBJECTS = listed(
    """
    car bicycle table chair clock radio lamp guitar coat bag camera computer box boat vase ring
    carpet mirror hammer umbrella violin bottle ladder basket helmet
    """
)
FOODS = listed("apple cake sandwich pie salad pizza orange egg soup melon pancake cookie")
PLACES = listed(
    """
    garden kitchen office museum park station library hotel school market village church theater
    restaurant airport hospital castle forest street city
    """
)
NAMES = listed(
    """
    Mary John Anna Peter Sarah David Emma Tom Julia Robert Laura James Nina Daniel Alice Henry Clara
    Simon Ruth Oscar
    """
)

ON_PEOPLE = listed(
    """
    admire help thank follow visit blame trust praise interview call warn meet see love hate greet
    respect know ignore recognize remember avoid invite defend criticize
    """
)
ON_DOCUMENTS = listed(
    """
    read write publish review edit translate copy sign finish study forget destroy print
    """
)
ON_OBJECTS = listed(
    """
    buy sell repair clean steal find lose break carry hide move borrow paint bring drop
    """
)
ON_FOODS = listed("eat cook bake taste buy sell bring prepare")
INTRANSITIVE = listed(
    """
    sleep laugh arrive smile wait cry leave work dance sing swim complain travel return shout
    """
)
STATES_OF_MIND = listed("admire trust see love hate respect know recognize remember forget find lose")
SAYING = listed("say think know believe claim hope suspect admit realize")
WANTING = listed("want try plan hope decide refuse promise agree")
GIVING = listed("give send show offer lend sell bring hand")

PERSONAL = listed(
    """
    happy tired angry famous young old clever proud polite rich careful busy brave quiet
    """
)
PHYSICAL = listed(
    """
    old new expensive heavy small large beautiful strange dirty broken cheap ugly blue green red
    """
)
LITERARY = listed(
    """
    long short boring famous old new strange interesting clever difficult funny important
    """
)
EDIBLE = listed("fresh cold warm large small sweet cheap delicious")
SPATIAL = listed("old new large small quiet famous beautiful busy empty")

ABSTRACT = listed("clear possible important strange true good nice difficult easy necessary surprising obvious")
FACTUAL = listed("clear possible strange true good nice surprising obvious")
INTENSIFIERS = listed("very so too really quite")

MANNER = listed("quietly slowly happily suddenly carefully quickly gladly secretly eagerly")
MODALS = listed("will can may should must might could would")
SUBORDINATORS = listed("because when although while if before after")
PREPOSITIONS = listed("in near behind at")
BESIDE = listed("near behind beside with")
FREQUENCY = listed("often always never sometimes usually rarely already still just")
DAYS = listed("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
PERIODS = listed("week month year summer winter night")
NUMBERS = listed("two three four five six seven eight ten twelve twenty")
SURNAMES = listed("Miller Smith Brown Taylor Clark Walker Young Hill Baker Carter Evans Parker")
ASKING = listed("wonder ask know")

GROUPS = {
    "person": (PEOPLE, PERSONAL),
    "document": (DOCUMENTS, LITERARY),
    "object": (OBJECTS, PHYSICAL),
    "food": (FOODS, EDIBLE),
    "place": (PLACES, SPATIAL),
}
TRANSITIVE = {"person": ON_PEOPLE, "document": ON_DOCUMENTS, "object": ON_OBJECTS, "food": ON_FOODS}

# Which nouns may modify a noun of a group, after which preposition.
MODIFIERS = {
    "person": (("from", "place"), ("with", "object"), ("in", "place")),
    "document": (("about", "person"), ("about", "place"), ("from", "person"), ("by", "person")),
    "object": (("from", "place"), ("for", "person"), ("with", "object"), ("in", "place")),
    "food": (("with", "food"), ("from", "place"), ("for", "person")),
    "place": (("near", "place"), ("behind", "place"), ("with", "object")),
}
# lemma: (subject, object, possessive)
PRONOUNS = {
    "I": ("I", "me", "my"), "you": ("you", "you", "your"), "he": ("he", "him", "his"), "she": ("she", "her", "her"),
    "it": ("it", "it", "its"), "we": ("we", "us", "our"), "they": ("they", "them", "their"),
}  # fmt: skip

IRREGULAR_PLURALS = {"child": "children", "box": "boxes"}
IRREGULAR_VERBS = {
    "meet": ("met", "met"), "see": ("saw", "seen"), "know": ("knew", "known"), "read": ("read", "read"),
    "write": ("wrote", "written"), "forget": ("forgot", "forgotten"), "buy": ("bought", "bought"),
    "sell": ("sold", "sold"), "steal": ("stole", "stolen"), "find": ("found", "found"),
    "lose": ("lost", "lost"), "break": ("broke", "broken"), "hide": ("hid", "hidden"),
    "bring": ("brought", "brought"), "eat": ("ate", "eaten"), "sleep": ("slept", "slept"),
    "leave": ("left", "left"), "sing": ("sang", "sung"), "swim": ("swam", "swum"),
    "say": ("said", "said"), "think": ("thought", "thought"), "give": ("gave", "given"),
    "send": ("sent", "sent"), "show": ("showed", "shown"), "lend": ("lent", "lent"),
}  # fmt: skip
DOUBLED = {"forget", "swim", "plan", "drop", "admit"}
