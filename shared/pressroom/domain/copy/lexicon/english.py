"""English, in one case."""

NUMBERS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
    "nineteen": 19,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "dozen": 12,
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
    "twice": 2,
    "double": 2,
    "triple": 3,
    "quadruple": 4,
}

_UNITS = {
    "mm": "millimetre millimeter",
    "cm": "centimetre centimeter",
    "metre": "meter",
    "km": "kilometre kilometer",
    "inch": "",
    "ft": "",
    "mg": "milligram milligramme",
    "gram": "gramme",
    "kg": "kilogram kilogramme kilo",
    "oz": "ounce",
    "lb": "lbs",
    "ml": "millilitre milliliter",
    "litre": "liter",
    "gallon": "gal",
    "pint": "",
    "quart": "",
    "watt": "watts",
    "kwh": "kilowatt kw",
    "volt": "",
    "amp": "ampere",
    "mah": "",
    "hz": "hertz khz mhz ghz",
    "lumen": "lm",
    "kelvin": "",
    "db": "decibel",
    "gb": "gigabyte",
    "mb": "megabyte",
    "tb": "terabyte",
    "mp": "megapixel",
    "dpi": "ppi",
    "rpm": "",
    "psi": "",
    "denier": "gsm",
    "calorie": "kcal kilocalorie",
    "degree": "celsius fahrenheit °",
    "percent": "% percentage",
    "€": "euro eur",
    "$": "dollar usd",
    "£": "gbp",
    "¥": "yen cny rmb yuan",
    "carat": "karat",
}

UNITS = {word: name for name, others in _UNITS.items() for word in (name, *others.split())}

SYMBOLS = {
    "in": "inch",
    "m": "metre",
    "g": "gram",
    "l": "litre",
    "w": "watt",
    "v": "volt",
    "a": "amp",
    "k": "kelvin",
    "feet": "ft",
    "foot": "ft",
    "bar": "psi",
}
"""Only behind a number: by themselves they are something else."""

_CLAIMS = """
    affordable allergy-free award award-winning bargain best best-selling bestseller bestselling biodegradable
    bpa-free bulletproof carbon-neutral certificate certified cheap cheapest child-safe childproof clinically compostable
    cruelty-free cure detox discount dishwasher durable dustproof eco-friendly ecological energy-saving ergonomic
    exclusive expert fda-approved finest fireproof fragrance-free free gluten-free guarantee guaranteed hand-crafted
    hand-made handcrafted handmade heal heat-resistant homemade hypoallergenic indestructible keto lactose-free
    lifetime limited machine-washable medical microwave money-back natural non-slip non-stick non-toxic nutritious
    one-of-a-kind organic original patent patented premium prescription proven recommended recyclable recycled
    refund refundable renewable rust-free rustproof sale scientifically scratch-resistant shatterproof stainproof sugar-free
    sustainable tax-free tested ultimate unbreakable unique vegan vegetarian voted warranty washable waterproof
    water-resistant weatherproof windproof winner wireless zero-waste rechargeable dimmable adjustable foldable
    portable antique vintage authentic genuine imported unlimited safe safest toxic-free cordless
"""

CLAIMS = frozenset(_CLAIMS.split())

_MATERIALS = """
    acrylic alloy aluminium aluminum ash bamboo beech birch brass brick bronze canvas carbon cardboard cashmere cedar
    ceramic cherry chrome clay concrete copper cork corduroy cotton crystal denim down enamel felt fiberglass fleece foam
    fur glass gold granite hemp iron ivory jute lacquer latex leather linen lycra mahogany maple marble metal microfiber
    mohair nylon oak onyx paper pearl pewter pine plastic platinum plywood polyester porcelain quartz rattan resin rosewood
    rubber satin sheepskin silicone silk silver slate spandex stainless steel stone stoneware suede teak terracotta
    titanium tweed velvet vinyl viscose walnut wax wicker wood wooden wool woollen woolen zinc earthenware merino
"""

_COLOURS = """
    amber aqua azure beige black blue brown burgundy charcoal coral cream crimson cyan emerald fuchsia gray green grey
    indigo khaki lavender lilac lime magenta maroon mauve mint mustard navy ochre olive orange peach pink plum purple red
    ruby rust salmon scarlet tan taupe teal turquoise violet white yellow
"""

_ORIGINS = """
    african american argentinian asian australian austrian belgian brazilian british canadian chinese czech danish dutch
    egyptian english ethiopian european finnish french german greek icelandic indian indonesian irish italian japanese
    kenyan korean mexican moroccan nordic norwegian persian peruvian polish portuguese russian scandinavian scottish
    spanish swedish swiss thai tibetan turkish vietnamese welsh
"""

# Words that are something else far more often: "down the street", "light as ash", "a stone's throw", "rust".
_RARELY = frozenset(
    {"down", "ash", "stone", "rust", "peach", "plum", "cream", "cherry", "mint", "wax", "paper"}
)

ATTRIBUTES = frozenset((_MATERIALS + _COLOURS + _ORIGINS).split()) - _RARELY

_NOT_LAST = """
    a an the this that these those my your his her its our their some any every each no
    of in on at to for with by from as into onto over under about through during without within between against among
    and or but nor so than because since while when where which who whose what if although though whether
    is are was were be been being am has have had do does did will would can could shall should may might must
    not very too quite rather more most less such only just even also i you he she it we they
"""

NOT_LAST = tuple(_NOT_LAST.split())
"""No English text ends with them, unless it was cut."""
