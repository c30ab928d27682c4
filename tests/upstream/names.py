"""Invented people, from many languages, accents included."""

from __future__ import annotations

from tests.upstream.chance import choice, number
from tests.upstream.model import Author

GIVEN = [
    "Aiko",
    "Amara",
    "Anselm",
    "Bérénice",
    "Björn",
    "Carmela",
    "Dagný",
    "Davor",
    "Eilidh",
    "Emre",
    "Fatoumata",
    "Gergő",
    "Hyejin",
    "Ilse",
    "Ines",
    "João",
    "Kalpana",
    "Kenji",
    "Lindiwe",
    "Łukasz",
    "Małgorzata",
    "Meihua",
    "Nadezhda",
    "Nikolaos",
    "Noor",
    "Oluwaseun",
    "Phương",
    "Quirin",
    "Rakesh",
    "René",
    "Rūta",
    "Sigrún",
    "Søren",
    "Tadhg",
    "Tomáš",
    "Umberto",
    "Vesna",
    "Wambui",
    "Xiulan",
    "Yevhen",
    "Yusuf",
    "Zeynep",
    "Zuri",
    "Æthel",
]
FAMILY = [
    "Abarquez",
    "Brännvall",
    "Castellví",
    "Dąbek",
    "Eskeland",
    "Fukamori",
    "Gómara",
    "Hallgrímsdóttir",
    "Ibekwelu",
    "Jovanoska",
    "Kõivumägi",
    "Lachôme",
    "Mbatharu",
    "Nakagoshi",
    "Ó-Braonáin",
    "Pettersdal",
    "Quispecondori",
    "Rajamannar",
    "Šimkovec",
    "Tanimizu",
    "Ünlütepe",
    "Vântdevară",
    "Wolkenrath",
    "Xuanbei",
    "Yıldırgan",
    "Zsigmondfi",
    "Adeyinwa",
    "Bhattanagar",
    "Chkheidvili",
    "Drożdżewicz",
    "Elmasri",
    "Façanhola",
    "Grønnegaard",
    "Hosokaido",
    "Ilyushenkov",
    "Jæderholm",
    "Kapoorani",
    "Lindqvistad",
    "Mæhlumsen",
    "Nguyễnvân",
    "Okonjobi",
    "Příhodský",
    "Rousselière",
    "Sathyamurti",
]
PLACES = (
    "University of Norhaven, Department of Computer Science",
    "Institut Bellecombe, Équipe Apprentissage",
    "Kitamori Institute of Technology",
    "Universidade de Vale Verde",
    "Hochschule Eichental",
)


def person(key: str) -> str:
    """One invented name."""
    return f"{choice(key + '/given', GIVEN)} {choice(key + '/family', FAMILY)}"


def people(key: str, count: int) -> list[Author]:
    """So many different authors; one list in nine says where they work, as rarely as on arXiv."""
    place = choice(key + "/place", PLACES) if number(key + "/affiliated", 9) == 0 else None
    names: dict[str, None] = {}
    turn = 0
    while len(names) < count:
        names[person(f"{key}/{turn}")] = None
        turn += 1
    return [Author(name, place) for name in names]
