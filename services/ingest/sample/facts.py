"""What one post is about: route, flight, times, amounts and other particulars that its sentences share.

Telephone numbers, addresses and links are ones reserved for fiction (555-01xx and example.com, RFC 2606);
registrations begin with a Q, which no state holds (ITU Radio Regulations, Appendix 42).
"""

from typing import Final

from services.ingest.sample.dice import Dice
from services.ingest.sample.grammar import Grammar
from services.ingest.sample.kinds import Kind

_AIRCRAFT: Final = ("A320neo", "A321neo", "A220-300", "737-800", "E195-E2", "ATR 72-600", "A330-900")
_RIVALS: Final = ("Northquay Air", "Northquay", "@northquayair", "Tarnwing", "@flytarnwing", "Velmara", "@velmara_air")
_RIVAL_NAMES: Final = ("Northquay Air", "Tarnwing", "Velmara")
_FROM_HUB: Final = 0.6
_LETTERS: Final = "ABCDEFGHJKLMNPRSTUVWXYZ"
_NAMES: Final = ("kim.arden", "r.solberg", "jo.merrin", "t.valdez", "alex.faro", "m.okello", "sam.lindqvist")


def post_facts(kind: Kind, grammar: Grammar, dice: Dice) -> dict[str, str]:
    """Return the facts of one post by an author of `kind`, each a text ready to stand in a sentence."""
    rivals = _RIVALS if kind.by_handle else _RIVAL_NAMES
    return {
        **_route(kind, grammar, dice),
        **_times(kind.flight_hours, dice),
        **_amounts(dice),
        **_fleet(dice),
        **_contact(dice),
        "brand": "Aerolume" if not kind.by_handle and dice.chance(0.7) else grammar.write("brand"),
        "rival": dice.pick(rivals),
    }


def _cities(count: int, grammar: Grammar) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        if (city := grammar.write("city")) not in found:
            found.append(city)
    return found


def _route(kind: Kind, grammar: Grammar, dice: Dice) -> dict[str, str]:
    hub = grammar.write("hub")
    origin, destination, city = _cities(3, grammar)
    if kind.incident and hub not in (destination, city) and dice.chance(_FROM_HUB):
        origin = hub
    number = dice.whole(102, 989)
    return {
        "origin": origin,
        "destination": destination,
        "city": city,
        "month": grammar.write("month"),
        "month2": grammar.write("month2"),
        "flight": f"AQX{number}",
        "flight2": f"AQX{number + 1}",
        "gate": f"{dice.pick('ABCD')}{dice.whole(1, 48)}",
        "seat": f"{dice.whole(1, 28)}{dice.pick('ABCDEF')}",
        "runway": dice.pick(("09L", "27R", "04", "22", "18", "36L", "14", "32", "25R", "07")),
    }


def _times(flight_hours: tuple[int, int], dice: Dice) -> dict[str, str]:
    hour, minute = dice.whole(*flight_hours), dice.pick((0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55))
    late = hour * 60 + minute + dice.whole(8, 40) * 5
    return {
        "time": f"{hour:02}:{minute:02}",
        "latetime": f"{late // 60:02}:{late % 60:02}",
        "minutes": str(dice.whole(5, 19) * 5),
        "past": f"{dice.whole(1, 11) * 5:02}",
        "hours": str(dice.whole(3, 9)),
        "days": str(dice.whole(4, 14)),
        "days2": str(dice.whole(15, 42)),
        "year": str(dice.whole(2008, 2024)),
        "year2": str(dice.whole(2027, 2029)),
        "year3": "2026",
    }


def _amounts(dice: Dice) -> dict[str, str]:
    price = dice.whole(62, 390)
    return {
        "price": str(price),
        "price2": str(price + dice.whole(9, 150)),
        "price3": str(price + dice.whole(180, 420)),
        "lowprice": str(dice.whole(15, 59)),
        "percent": str(dice.whole(3, 10) * 5),
        "percent2": str(dice.whole(58, 79)),
        "percent3": str(dice.whole(70, 91)),
        "count": str(dice.whole(43, 190)),
        "count2": str(dice.whole(38, 160)),
        "digit": str(dice.whole(1, 4)),
        "digit2": str(dice.whole(1, 9)),
    }


def _fleet(dice: Dice) -> dict[str, str]:
    first = dice.whole(0, len(_AIRCRAFT) - 1)
    tail = "".join(dice.pick(_LETTERS) for _ in range(2))
    return {
        "aircraft": _AIRCRAFT[first],
        "aircraft2": _AIRCRAFT[first - dice.whole(1, len(_AIRCRAFT) - 1)],
        "reg": f"QL-{tail}{dice.pick('ABCDEF')}",
        "reg2": f"QL-{tail}{dice.pick('GHJKLM')}",
        "fleet": str(dice.whole(83, 86)),
        "pax": str(dice.whole(70, 186)),
        "msn": str(dice.whole(4100, 11900)),
        "level": str(dice.whole(29, 39) * 10),
        "speed": str(dice.whole(425, 492)),
        "shutter": str(dice.pick((500, 640, 800, 1000, 1250, 1600))),
        "wind": f"{dice.whole(1, 36) * 10:03}/{dice.whole(6, 31)}",
    }


def _contact(dice: Dice) -> dict[str, str]:
    phone = f"555-01{dice.whole(0, 99):02}"
    page = f"{dice.pick(('p', 'n', 'view', 'a'))}/{dice.whole(1000, 99999)}"
    return {
        "tag": f"AQX {dice.whole(100000, 999999)}",
        "ref": "".join(dice.pick(_LETTERS + "23456789") for _ in range(6)),
        "phone": dice.pick((f"202-{phone}", f"+1 202 {phone}", f"(202) {phone}")),
        "email": f"{dice.pick(_NAMES)}@example.{dice.pick(('com', 'org'))}",
        "link": f"https://{dice.pick(('', 'www.', 'go.', 'blog.'))}example.{dice.pick(('com', 'org', 'net'))}/{page}",
    }
