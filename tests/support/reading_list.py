"""Two small sets of things to read, and what a person holds to fit each interest: for tests of suggestions, and for their threshold.

``FITS`` names, for each interest, the titles that a person would suggest, in no order. The threshold was chosen by the first set; the
second was written afterwards, and tells how it does where it was not.
"""

ARTICLES: tuple[tuple[str, str], ...] = (
    (
        "Ten hooks and where to put them",
        "Where there is no room for a cupboard, pots and ladles hang on the wall.",
    ),
    ("One pan, one burner", "Suppers for a flat where the cooker has two rings and the worktop is a tray."),
    ("A galley made wider by a shelf", "How a narrow kitchen got space for two cooks without moving a wall."),
    ("Basil on the window sill", "It wants light, warm feet and to be pinched often."),
    ("Drying thyme and sage", "Cut before noon, hang in the shade, keep in a jar."),
    ("What to plant in May", "Beans, courgettes and the first rows of lettuce for a bed that gets sun."),
    ("Compost without a smell", "Leaves and peelings in turns, and some air, give earth by autumn."),
    ("The night train to Vienna", "A couchette, a corridor and breakfast somewhere in the mountains."),
    ("Walking along the Danube", "Five days on foot between vineyards, with a ferry now and then."),
    ("How to choose running shoes", "Weight, drop and cushion, and why the shop lets you try them outside."),
    (
        "Your first ten kilometres",
        "A plan of eight weeks for those who stop for breath at the second corner.",
    ),
    ("Sourdough in two days", "A starter, a folded dough and a very hot pot."),
    ("Rye bread that keeps for a week", "A dense loaf with seeds, baked slowly and cut on the next day."),
    ("What a mortgage costs after ten years", "Fixed and floating interest compared on the same house."),
    ("Saving for a rainy day", "How many months of wages to keep in an account that you can reach at once."),
    ("A telescope for beginners", "Which mirror shows the rings of Saturn from a balcony in town."),
    (
        "The moons of Jupiter through binoculars",
        "Four points of light that change places from night to night.",
    ),
    ("Teaching a puppy to wait", "Short lessons, small rewards and a door that stays shut."),
    ("Old cats and their teeth", "Signs that eating hurts, and what a vet can do."),
    (
        "Minutes of the members' meeting",
        "The treasurer was thanked, and the date of the next meeting was set.",
    ),
)

FITS: dict[str, tuple[str, ...]] = {
    "small kitchens": (
        "A galley made wider by a shelf",
        "One pan, one burner",
        "Ten hooks and where to put them",
    ),
    "herbs": ("Drying thyme and sage", "Basil on the window sill"),
    "gardening": ("What to plant in May", "Compost without a smell", "Basil on the window sill"),
    "travel by train": ("The night train to Vienna",),
    "hiking holidays": ("Walking along the Danube",),
    "jogging": ("Your first ten kilometres", "How to choose running shoes"),
    "baking bread": ("Sourdough in two days", "Rye bread that keeps for a week"),
    "personal finance": ("Saving for a rainy day", "What a mortgage costs after ten years"),
    "astronomy": ("A telescope for beginners", "The moons of Jupiter through binoculars"),
    "pets": ("Teaching a puppy to wait", "Old cats and their teeth"),
}

ABOUT_NOTHING_HERE = (
    "opera singers",
    "chess openings",
    "diesel engines",
    "football results",
    "tax law in Norway",
)
"""Interests that no article of these is about."""

LATER_ARTICLES: tuple[tuple[str, str], ...] = (
    (
        "A quiet fan for the bedroom",
        "Four models compared by noise, draught and how easily they are cleaned.",
    ),
    ("Insulating an old roof", "Wood fibre or wool, what it costs and what the council pays."),
    (
        "Heat pumps in houses from before the war",
        "Three owners tell what they changed and what their bill says now.",
    ),
    ("Bicycles for a steep city", "Gears, brakes and whether a motor is worth its weight."),
    ("Mending a puncture on the road", "Two levers, a patch and ten minutes."),
    ("Letters to a young teacher", "What thirty years before a class have taught one who has left it."),
    ("Homework and sleep", "A study followed four hundred pupils through a winter."),
    ("The oldest recording of a nightingale", "A wax cylinder was found in a school's attic."),
    ("Feeding birds in winter", "Fat, seeds and clean water, and where cats cannot reach."),
    ("A string quartet on a ship", "The musicians tell of rehearsals in a swell."),
    ("Learning the piano at sixty", "Short practice every day, and pieces that one likes to hear."),
    ("Film festival opens with a comedy", "The jury will see twenty films in nine days."),
    ("How silent films were coloured", "Stencils, dye and patience, frame by frame."),
    ("Vaccines for travellers", "What is needed where, and how long before the flight."),
    ("Back pain at the desk", "Exercises for the minutes between two meetings."),
    ("Painting with eggs", "Tempera was the paint of icons, and it is made of yolk and pigment."),
    ("The museum's new wing", "Its architect lets the light in from the north."),
    ("Election results by district", "Turnout was higher in the countryside than ten years ago."),
    ("Sailing a small boat alone", "Reefing early, a line around the waist and a thermos."),
    ("Repairing a wooden chair", "Glue, clamps and a day of waiting."),
)

LATER_FITS: dict[str, tuple[str, ...]] = {
    "saving energy at home": ("Insulating an old roof", "Heat pumps in houses from before the war"),
    "cycling": ("Bicycles for a steep city", "Mending a puncture on the road"),
    "education": ("Letters to a young teacher", "Homework and sleep"),
    "birdwatching": ("The oldest recording of a nightingale", "Feeding birds in winter"),
    "classical music": ("A string quartet on a ship", "Learning the piano at sixty"),
    "cinema": ("Film festival opens with a comedy", "How silent films were coloured"),
    "health": ("Vaccines for travellers", "Back pain at the desk"),
    "art": ("Painting with eggs", "The museum's new wing"),
    "politics": ("Election results by district",),
    "boats": ("Sailing a small boat alone", "A string quartet on a ship"),
    "woodworking": ("Repairing a wooden chair",),
}
