"""A second set of data folders, for rules that may have been made with the first set in view.

Written by somebody who had read neither the rules of fastcompanion/data, nor its tests and pages, nor
the cases of the first set, and frozen before any of them was tried. Thirty folders are made in the
manner of data that people really download or export; ten tables are real, out of scikit-learn and
statsmodels, and none of them is in benchmarks/recognition_tables.py.

`target` is as in the first set: "" where no one column with a name is the answer. `unclear` is the truth
where an honest human could not tell: "kind" says that the kind is right when it is called a guess,
whichever it is, and that the target is not judged; "target" says the same of the target alone.
"""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from random import Random
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw

from benchmarks.recognition_sets import (
    ENGLISH,
    GERMAN,
    GREEN,
    GREY,
    RED,
    SAND,
    TINTS,
    Case,
    Writer,
    dirt,
    mask,
    note,
    picture,
    place,
    prose,
    table,
    tone,
)


@dataclass(frozen=True)
class Second(Case):
    """A case of the second set, which may be one that an honest human cannot tell."""

    unclear: str = ""


CASES: list[Second] = []
FRENCH = "le la un une très bon mauvais produit livraison colis déçu jamais plus avec sans qualité retard parfait commande merci encore taille".split()
SPANISH = "el la muy bueno malo nunca hotel habitación limpia ruido desayuno personal volveremos cerca playa precio noche gracias pequeño".split()

# One case stays on one screen.
# fmt: off


def case(name: str, kind: str, target: str, about: str, source: str, unclear: str = "") -> Callable[[Writer], Writer]:
    """Add what the function writes to the cases, with a random generator seeded by its name."""

    def add(writer: Writer) -> Writer:
        make = partial(run, writer, name)
        CASES.append(Second(name, make, kind, target, about, source, unclear))
        return writer

    return add


def run(writer: Writer, seed: str, folder: Path) -> None:
    writer(folder, Random(seed))


def comma(value: float, places: int = 2) -> str:
    return f"{value:.{places}f}".replace(".", ",")


def lines(path: Path, records: Iterable[object]) -> None:
    """Write JSON lines, letters beyond ASCII as they are."""
    note(path, "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records))


# Tables whose answer is a class


@case("Kundenabwanderung", "table-class", "Gekündigt",
      "German export: semicolons, cp1252, decimal commas, the answer before the last column", "a CRM's export")
def _(folder: Path, rng: Random) -> None:
    header = "Kunden-Nr|Vertragsbeginn|Tarif|Monatsgebühr|Datenvolumen GB|Hotline-Anrufe|PLZ|Gekündigt|Bearbeiter"
    rows = []
    for number in range(420):
        calls = rng.randrange(7)
        start = date(2018, 1, 1) + timedelta(days=rng.randrange(1800))
        rows.append([
            f"K{100200 + number}", f"{start:%d.%m.%Y}", rng.choice(["S", "M", "L", "XL Unlimited"]),
            comma(rng.choice([9.99, 14.99, 24.99, 39.99])), comma(rng.uniform(0, 60), 1), calls,
            f"{rng.randrange(1067, 99998):05d}", "ja" if rng.random() < calls / 8 else "nein",
            rng.choice(["Müller", "Yilmaz", "Groß", ""]),
        ])
    table(folder / "Kundenabwanderung_2023.csv", header, rows, ";", "cp1252", "\r\n")


@case("bank-marketing", "table-class", "y",
      "two tables of the same columns, one a tenth of the other, all text in quotes, semicolons, a .names file", "UCI")
def _(folder: Path, rng: Random) -> None:
    header = "age;job;marital;education;default;balance;housing;loan;contact;day;month;duration;campaign;pdays;previous;poutcome;y"
    rows = []
    for _ in range(1500):
        long = rng.randrange(20, 1500)
        texts = [rng.choice(["admin.", "technician", "services", "retired", "unknown"]), rng.choice(["married", "single", "divorced"]),
                 rng.choice(["primary", "secondary", "tertiary"]), rng.choice(["yes", "no"])]
        row = [str(rng.randrange(18, 90)), *(f'"{one}"' for one in texts), str(rng.randrange(-500, 9000)), '"yes"', '"no"',
               '"cellular"', str(rng.randrange(1, 31)), rng.choice(['"may"', '"jun"', '"nov"']), str(long),
               str(rng.randrange(1, 9)), "-1", "0", '"unknown"', '"yes"' if long > 1100 else '"no"']
        rows.append(";".join(row))
    head = ";".join(f'"{one}"' for one in header.split(";"))
    note(folder / "bank-full.csv", "\n".join([head, *rows]) + "\n")
    note(folder / "bank.csv", "\n".join([head, *rows[::10]]) + "\n")
    note(folder / "bank-names.txt", "Citation Request:\n  This dataset is public available for research.\n")


@case("triage-xlsx", "table-class", "Orientation",
      "an Excel workbook with French names and nothing else", "a hospital's survey")
def _(folder: Path, rng: Random) -> None:
    rows: list[Sequence[object]] = [["N° dossier", "Âge", "Sexe", "Température", "Fréquence cardiaque", "Douleur (0-10)", "Orientation"]]
    for number in range(180):
        heat = round(rng.uniform(36, 40.5), 1)
        where = "Urgence vitale" if heat > 39.6 else rng.choice(["Circuit court", "Circuit long"])
        rows.append([number + 1, rng.randrange(1, 95), rng.choice("FM"), heat, rng.randrange(50, 150), rng.randrange(11), where])
    workbook(folder / "Triage urgences 2022.xlsx", rows)


def workbook(path: Path, rows: Sequence[Sequence[object]]) -> None:
    """Write the least that Excel opens."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    written = "".join("<row>" + "".join(excel_cell(one) for one in row) + "</row>" for row in rows)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="{sheet}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{sheet}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="Feuil1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{written}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(place(path), "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + text)


def excel_cell(value: object) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"


# Tables whose answer is a number


@case("pisos-madrid", "table-number", "precio_eur",
      "Spanish flats, the price in the middle, yes and no as sí and no, links and holes", "a scraped listing")
def _(folder: Path, rng: Random) -> None:
    header = "id_anuncio|titulo|barrio|precio_eur|superficie_m2|habitaciones|planta|ascensor|url"
    rows = []
    for number in range(350):
        size, rooms, part = rng.randrange(28, 210), rng.randrange(1, 6), rng.choice(["Lavapiés", "Chamberí", "Usera", "Retiro"])
        rows.append([90_000_000 + number * 37, f"Piso en venta en {part}", part, size * rng.randrange(2600, 6900) // 1000 * 1000, size, rooms,
                     rng.choice(["bajo", "1ª", "2ª", "5ª", ""]), rng.choice(["sí", "no", ""]), f"https://example.es/inmueble/{number}"])
    table(folder / "pisos_madrid.csv", header, rows)


@case("reaktor-lauf", "table-number", "Ausbeute [%]",
      "Excel's Unicode text: UTF-16, tabs, a block of notes above the header", "a laboratory's export")
def _(folder: Path, rng: Random) -> None:
    top = "# Gerät: EasyMax 402\tSeriennr. 0815\r\n# Operator: J. Weiß\r\n# Export 14.03.2022 09:12\r\n"
    head = "Versuch\tTemperatur [°C]\tDruck [bar]\tRührzahl [1/min]\tKatalysator [mol-%]\tLösungsmittel\tAusbeute [%]\r\n"
    body = ""
    for number in range(96):
        heat, cat = rng.choice([40, 60, 80, 100]), rng.choice([0.5, 1.0, 2.5, 5.0])
        gain = min(98.9, 10 + heat * 0.6 + cat * 4 + rng.gauss(0, 4))
        body += f"JW-{number + 1:03d}\t{heat}\t{comma(rng.uniform(1, 6), 1)}\t{rng.choice([300, 450, 600])}\t{comma(cat, 1)}\t{rng.choice(['THF', 'MeOH', 'Toluol'])}\t{comma(gain)}\r\n"
    note(folder / "Reaktor_Lauf_Q1.txt", top + head + body, "utf-16")


@case("mieszkania-wynajem", "table-number", "czynsz_pln",
      "Polish, the first line is Excel's sep=;, numbers with a space for thousands, the answer first", "a spreadsheet")
def _(folder: Path, rng: Random) -> None:
    text = "sep=;\r\nczynsz_pln;dzielnica;metraż;pokoje;piętro;rok budowy;umeblowane\r\n"
    for _ in range(260):
        size = rng.uniform(18, 120)
        rent = f"{int(size * rng.uniform(45, 80)) // 10 * 10:,}".replace(",", " ")
        text += f"{rent};{rng.choice(['Śródmieście', 'Żoliborz', 'Wola', 'Praga-Południe'])};{comma(size, 1)};{1 + int(size // 25)};{rng.randrange(12)};{rng.randrange(1930, 2023)};{rng.choice(['TAK', 'NIE'])}\r\n"
    note(folder / "wynajem_warszawa.csv", text, "utf-8-sig")


# Pictures


@case("poubelles", "images-class", "",
      "class folders below French names of the parts, capitals and accents, a few files of dirt", "a class project")
def _(folder: Path, rng: Random) -> None:
    for part, many in (("apprentissage", 14), ("validation", 5), ("essai", 5)):
        for name, tint in zip(("Carton", "Métal", "Papier ménager", "Verre"), TINTS, strict=False):
            for number in range(many):
                picture(folder / "poubelles" / part / name / f"{name} ({number + 1}).jpg", rng, tint)
    dirt(folder, "Thumbs.db", "desktop.ini")


@case("leaves-flat", "images-class", "",
      "one folder, the class in the middle of the file names after a date, capital suffixes", "a field trip")
def _(folder: Path, rng: Random) -> None:
    for number in range(90):
        name, tint = rng.choice([("oak", GREEN), ("beech", SAND), ("maple", RED)])
        picture(folder / f"IMG_202304{1 + number // 10:02d}_{name}_{number:03d}.JPG", rng, tint)


@case("skin-lesions", "images-class", "",
      "a wide table of 0.0 and 1.0 with exactly one 1.0 in each row, names without the suffix", "ISIC challenge")
def _(folder: Path, rng: Random) -> None:
    names, rows = ("MEL", "NV", "BCC", "AKIEC", "BKL"), []
    for number in range(80):
        hit = rng.choices(range(5), (2, 6, 1, 1, 2))[0]
        picture(folder / "ISIC2018_Task3_Training_Input" / f"ISIC_{24306 + number:07d}.jpg", rng, TINTS[hit])
        rows.append([f"ISIC_{24306 + number:07d}", *("1.0" if one == hit else "0.0" for one in range(5))])
    table(folder / "ISIC2018_Task3_Training_GroundTruth.csv", "image|" + "|".join(names), rows)
    note(folder / "ISIC2018_Task3_Training_Input" / "ATTRIBUTION.txt", "HAM10000\n")


@case("chest-xrays", "images-labels", "Finding Labels",
      "several findings in one cell with bars, many with one, pictures in numbered folders, other columns beside", "NIH")
def _(folder: Path, rng: Random) -> None:
    found, rows = ("Effusion", "Infiltration", "Mass", "Nodule", "Atelectasis", "Cardiomegaly"), []
    for number in range(120):
        said = sorted(rng.sample(found, rng.choice([0, 0, 1, 1, 1, 2, 3])))
        name = f"{number // 3 + 1:08d}_{number % 3:03d}.png"
        Image.frombytes("L", (32, 32), rng.randbytes(1024)).save(place(folder / f"images_{1 + number // 60:03d}" / "images" / name))
        rows.append([name, "|".join(said) or "No Finding", number % 3, number // 3 + 1, rng.randrange(5, 90), rng.choice("MF"), rng.choice(["PA", "AP"]), 2682, 2749])
    table(folder / "Data_Entry_2017.csv", "Image Index|Finding Labels|Follow-up #|Patient ID|Patient Age|Patient Gender|View Position|OriginalImage[Width|Height]", rows)
    note(folder / "train_val_list.txt", "\n".join(str(row[0]) for row in rows[:90]) + "\n")
    note(folder / "test_list.txt", "\n".join(str(row[0]) for row in rows[90:]) + "\n")


@case("retina-diseases", "images-labels", "",
      "wide 0 and 1 of several at once, numbers as names that come again in each part, a table for each part", "RFMiD")
def _(folder: Path, rng: Random) -> None:
    codes = ("DR", "ARMD", "MH", "DN", "MYA", "BRVO", "TSLN")
    for part, many in (("Training", 60), ("Validation", 24), ("Testing", 24)):
        rows = []
        for number in range(1, many + 1):
            ill = [int(rng.random() < 0.25) for _ in codes]
            picture(folder / f"{part}_Set" / part / f"{number}.png", rng, RED)
            rows.append([number, int(any(ill)), *ill])
        table(folder / f"{part}_Set" / f"RFMiD_{part}_Labels.csv", "ID|Disease_Risk|" + "|".join(codes), rows)


@case("street-coco", "images-labels", "",
      "a COCO listing of boxes and outlines: none of the twelve kinds is exactly this", "COCO", "kind")
def _(folder: Path, rng: Random) -> None:
    for part, many in (("train2017", 40), ("val2017", 15)):
        images: list[object] = []
        boxes: list[object] = []
        for number in range(many):
            name = f"{number * 7 + 139:012d}.jpg"
            picture(folder / part / name, rng)
            images.append({"id": number, "file_name": name, "width": 32, "height": 24})
            for _ in range(rng.randrange(1, 4)):
                x, y = rng.randrange(20), rng.randrange(14)
                boxes.append({"id": len(boxes), "image_id": number, "category_id": rng.randrange(1, 4), "bbox": [x, y, 9, 8], "area": 72,
                              "iscrowd": 0, "segmentation": [[x, y, x + 9, y, x + 9, y + 8, x, y + 8]]})
        kinds = [{"id": 1, "name": "person"}, {"id": 2, "name": "bicycle"}, {"id": 3, "name": "car"}]
        listing = {"info": {"year": 2017}, "images": images, "annotations": boxes, "categories": kinds}
        note(folder / "annotations" / f"instances_{part}.json", json.dumps(listing))


@case("pet-appeal", "images-number", "Pawpularity",
      "a dozen columns of 0 and 1 before the answer, hashes as names, a test part and a sample to submit", "Kaggle PetFinder")
def _(folder: Path, rng: Random) -> None:
    marks = "Subject Focus|Eyes|Face|Near|Action|Accessory|Group|Collage|Human|Occlusion|Info|Blur"
    for part, many in (("train", 90), ("test", 8)):
        rows: list[list[object]] = []
        for _ in range(many):
            name, score = rng.randbytes(16).hex(), min(100, max(1, int(rng.gauss(38, 20))))
            picture(folder / part / f"{name}.jpg", rng, (score * 2, 90, 90))
            rows.append([name, *(rng.randrange(2) for _ in range(12)), *([score] if part == "train" else [])])
        table(folder / f"{part}.csv", f"Id|{marks}" + ("|Pawpularity" if part == "train" else ""), rows)
    table(folder / "sample_submission.csv", "Id|Pawpularity", [[row[0], rng.uniform(20, 50)] for row in rows])


@case("kamera-rzeka", "images-number", "poziom_wody_cm",
      "Polish gauge of a river: paths with folders in the table, semicolons, decimal commas, a time beside", "a water office")
def _(folder: Path, rng: Random) -> None:
    rows = []
    for number in range(84):
        at, level = datetime(2021, 6, 1, 6) + timedelta(hours=number * 5), 140 + rng.uniform(-40, 160)
        name = f"zdjecia/{at:%Y-%m-%d}/kam2_{at:%H%M}.jpg"
        picture(folder / name, rng, (60, 90, int(level / 2)))
        rows.append([name, f"{at:%Y-%m-%d %H:%M}", comma(level, 1), rng.choice(["", "mgła", "noc"])])
    table(folder / "pomiary.csv", "plik|czas|poziom_wody_cm|uwagi", rows, ";")


@case("face-corners", "images-points", "",
      "one row for each picture, x and y of four points as columns, a column of names first", "Kaggle facial keypoints")
def _(folder: Path, rng: Random) -> None:
    rows = []
    for number in range(70):
        picture(folder / "training" / f"face_{number:04d}.jpg", rng, SAND, (96, 96))
        spots = [rng.gauss(at, 4) for at in (30, 38, 66, 38, 48, 58, 48, 76)]
        rows.append([f"face_{number:04d}.jpg", *(f"{one:.4f}" for one in spots)])
    names = ("left_eye_center", "right_eye_center", "nose_tip", "mouth_center_bottom_lip")
    table(folder / "training_frames_keypoints.csv", "|" + "|".join(f"{one}_{axis}" for one in names for axis in "xy"), rows)


@case("faces-in-the-wild", "images-points", "",
      "a .pts file of 12 points beside each picture, with version, n_points and braces", "iBUG 300-W")
def _(folder: Path, rng: Random) -> None:
    for part in ("01_Indoor", "02_Outdoor"):
        for number in range(1, 31):
            stem = folder / "300W" / part / f"{part[3:].lower()}_{number:03d}"
            picture(stem.with_suffix(".png"), rng, SAND, (64, 64))
            spots = "\n".join(f"{rng.uniform(5, 60):.6f} {rng.uniform(5, 60):.6f}" for _ in range(12))
            note(stem.with_suffix(".pts"), f"version: 1\nn_points:  12\n{{\n{spots}\n}}\n")


@case("polyps", "segmentation", "",
      "a folder for each patient with image.png and mask.png, the same two names again and again", "a clinic's export")
def _(folder: Path, rng: Random) -> None:
    for number in range(1, 41):
        patient = folder / "data" / f"patient_{number:03d}"
        picture(patient / "image.png", rng, RED)
        mask(patient / "mask.png", rng, (0, 255))
    note(folder / "data" / "acquisition.txt", "Olympus CF-HQ190L\n")


@case("road-scenes", "segmentation", "",
      "parts and parts_labels side by side, masks in colors with a suffix _L, the colors in a table", "CamVid on Kaggle")
def _(folder: Path, rng: Random) -> None:
    colors = {"Building": (128, 0, 0), "Car": (64, 0, 128), "Road": (128, 64, 128), "Sky": (128, 128, 128)}
    for part, many in (("train", 30), ("val", 8), ("test", 10)):
        for number in range(many):
            stem = f"{part[0]}0016E5_{390 + number * 30:05d}"
            picture(folder / part / f"{stem}.png", rng, GREY, (48, 36))
            drawn = Image.new("RGB", (48, 36), colors["Sky"])
            for at, name in enumerate(("Road", "Building", "Car")):
                ImageDraw.Draw(drawn).rectangle((at * 12, 18 + at, at * 12 + 14, 35), fill=colors[name])
            drawn.save(place(folder / f"{part}_labels" / f"{stem}_L.png"))
    table(folder / "class_dict.csv", "name|r|g|b", [[name, *color] for name, color in colors.items()])


# Texts


@case("world-news", "text-class", "",
      "no header, a number of the class before title and text, the names of the classes in a file", "AG News")
def _(folder: Path, rng: Random) -> None:
    for part, many in (("train", 400), ("test", 80)):
        rows = [[rng.randrange(1, 5), prose(rng, ENGLISH, 4, 9), prose(rng, ENGLISH, 20, 45)] for _ in range(many)]
        table(folder / f"{part}.csv", "", rows, quoted=True)
    note(folder / "classes.txt", "World\nSports\nBusiness\nSci/Tech\n")


@case("intents-jsonl", "text-class", "label",
      "JSON lines in three files, a number and its name for each sentence", "Hugging Face")
def _(folder: Path, rng: Random) -> None:
    names = ("card_arrival", "lost_card", "exchange_rate", "top_up_failed")
    for part, many in (("train", 240), ("validation", 60), ("test", 60)):
        picks = [rng.randrange(4) for _ in range(many)]
        lines(folder / "data" / f"{part}.jsonl", ({"text": prose(rng, ENGLISH, 5, 14), "label": pick, "label_text": names[pick]} for pick in picks))
    note(folder / "README.md", "---\nlicense: cc-by-4.0\ntask_categories:\n- text-classification\n---\n")


@case("newsgroups-bydate", "text-class", "",
      "mails without a suffix, numbers as names, in folders with dots, parts named by date", "20 Newsgroups")
def _(folder: Path, rng: Random) -> None:
    for part, many in (("20news-bydate-train", 14), ("20news-bydate-test", 8)):
        for group in ("alt.atheism", "comp.graphics", "rec.autos", "sci.space"):
            for _ in range(many):
                head = f"From: user{rng.randrange(99)}@site.edu\nSubject: Re: {prose(rng, ENGLISH, 2, 5)}\nLines: 9\n\n"
                note(folder / part / group / str(rng.randrange(10_000, 99_999)), head + prose(rng, ENGLISH, 30, 80) + "\n", "latin-1")


@case("avis-clients", "text-number", "note_sur_20",
      "French, marks of up to 20 with decimal commas, latin-1, line breaks within the text", "a shop's export")
def _(folder: Path, rng: Random) -> None:
    rows = [[f"CMD-{7000 + number}", f"{rng.randrange(1, 29):02d}/{rng.randrange(1, 13):02d}/2022", prose(rng, FRENCH, 10, 40) + "\n" + prose(rng, FRENCH, 3, 12),
             comma(min(20, max(0, rng.gauss(13, 4))), 1)] for number in range(320)]
    table(folder / "avis_clients.csv", "commande|date|commentaire|note_sur_20", rows, ";", "latin-1", "\r\n", quoted=True)


@case("hoteles", "text-number", "estrellas",
      "reviews with one to five stars: five classes or a number, both are done", "a scraped portal", "kind")
def _(folder: Path, rng: Random) -> None:
    rows = [[prose(rng, SPANISH, 12, 45), rng.choices(range(1, 6), (1, 1, 2, 4, 6))[0]] for _ in range(400)]
    table(folder / "reseñas_hoteles.csv", "reseña|estrellas", rows)


# Ratings


@case("book-ratings", "ratings", "Book-Rating",
      "three tables, hyphens in the names, letters in the ISBN, all in quotes, latin-1, semicolons", "Book-Crossing")
def _(folder: Path, rng: Random) -> None:
    books = [f"{rng.randrange(10**8, 10**9)}{rng.choice('0123456789X')}" for _ in range(60)]
    places = ("köln, nordrhein-westfalen, germany", "toronto, ontario, canada", "madrid, n/a, spain")
    users = [[number, rng.choice(places), rng.choice(["NULL", 24, 37, 51])] for number in range(276_725, 276_795)]
    years = [[book, prose(rng, ENGLISH, 2, 5), f"A. {rng.choice(GERMAN).title()}", rng.randrange(1970, 2004), "Heyne"] for book in books]
    pairs = rng.sample([(user[0], book) for user in users for book in books], 900)
    write = partial(table, sep=";", encoding="latin-1", quoted=True)
    write(folder / "BX-Users.csv", "User-ID|Location|Age", users)
    write(folder / "BX-Books.csv", "ISBN|Book-Title|Book-Author|Year-Of-Publication|Publisher", years)
    write(folder / "BX-Book-Ratings.csv", "User-ID|ISBN|Book-Rating", [[*pair, rng.choice([0, 0, 5, 7, 8, 9, 10])] for pair in pairs])


@case("restaurant-consumers", "ratings", "rating",
      "stars of 0 to 2 for food and service beside the whole, five other tables of the places and people", "UCI")
def _(folder: Path, rng: Random) -> None:
    places, people = range(132_560, 132_620), [f"U{1001 + number}" for number in range(60)]
    pairs = rng.sample([(one, spot) for one in people for spot in places], 700)
    table(folder / "rating_final.csv", "userID|placeID|rating|food_rating|service_rating", [[*pair, rng.randrange(3), rng.randrange(3), rng.randrange(3)] for pair in pairs])
    table(folder / "chefmozcuisine.csv", "placeID|Rcuisine", [[spot, rng.choice(["Mexican", "Bar", "Pizzeria"])] for spot in places])
    table(folder / "chefmozparking.csv", "placeID|parking_lot", [[spot, rng.choice(["none", "public", "valet parking"])] for spot in places])
    table(folder / "usercuisine.csv", "userID|Rcuisine", [[one, rng.choice(["Mexican", "American"])] for one in people])
    table(folder / "userprofile.csv", "userID|latitude|longitude|smoker|budget", [[one, f"22.1{rng.randrange(9999)}", f"-100.9{rng.randrange(999)}", rng.choice(["true", "false"]), rng.choice(["low", "medium", "?"])] for one in people])


# Series in time


@case("household-power", "time-series", "Global_active_power",
      "date and time in two columns, question marks for holes, semicolons in a .txt", "UCI")
def _(folder: Path, rng: Random) -> None:
    rows, start = [], datetime(2006, 12, 16, 17, 24)
    for minute in range(1200):
        at, power = start + timedelta(minutes=minute), 0.3 + rng.random() * 4
        values = [f"{power:.3f}", f"{power / 20:.3f}", f"{rng.uniform(233, 245):.3f}", f"{power * 4.2:.3f}", f"{rng.randrange(3)}.000"]
        rows.append([f"{at.day}/{at.month}/{at.year}", f"{at:%H:%M:%S}", *(["?"] * 5 if 300 < minute < 320 else values)])
    table(folder / "household_power_consumption.txt", "Date|Time|Global_active_power|Global_reactive_power|Voltage|Global_intensity|Sub_metering_1", rows, ";")


@case("filialumsatz", "time-series", "Umsatz",
      "a series for each branch, one below the other, German dates, the answer between other columns", "a chain's export")
def _(folder: Path, rng: Random) -> None:
    rows = []
    for branch in (1, 4, 7, 12, 15):
        for number in range(210):
            day = date(2015, 1, 2) + timedelta(days=number)
            free = day.weekday() == 6
            people = 0 if free else rng.randrange(300, 900)
            rows.append([branch, f"{day:%d.%m.%Y}", day.isoweekday(), comma(people * rng.uniform(6, 11)), people, int(not free), rng.randrange(2)])
    table(folder / "umsatz_taeglich.csv", "Filiale|Datum|Wochentag|Umsatz|Kunden|Geöffnet|Aktion", rows, ";", "utf-8-sig", "\r\n")


@case("page-views", "time-series", "",
      "a row for each page, a column for each day, holes: the series lie across", "Kaggle web traffic")
def _(folder: Path, rng: Random) -> None:
    days = [str(date(2015, 7, 1) + timedelta(days=number)) for number in range(150)]
    rows = [[f"Topic_{number}_{rng.choice(['en', 'de', 'fr'])}.wikipedia.org_all-access_spider", *(rng.choice(["", rng.randrange(900)]) if number % 9 == 0 else rng.randrange(900) for _ in days)]
            for number in range(60)]
    table(folder / "train_1.csv", "Page|" + "|".join(days), rows, quoted=True)


# Sounds


@case("spoken-digits", "audio-class", "",
      "the class is the number before the speaker in the name of the file", "free spoken digits")
def _(folder: Path, rng: Random) -> None:
    for digit in range(5):
        for speaker in ("jackson", "nicolas", "theo"):
            for number in range(5):
                tone(folder / "recordings" / f"{digit}_{speaker}_{number}.wav", rng, 200 + digit * 90)
    note(folder / "metadata.py", "metadata = {'jackson': {'gender': 'male', 'accent': 'USA/neutral'}}\n")


@case("bird-calls", "audio-class", "primary_label",
      "the species in a table with places and a quality, files in folders of the species too", "BirdCLEF")
def _(folder: Path, rng: Random) -> None:
    rows = []
    for at, (code, name) in enumerate((("abethr1", "African Bare-eyed Thrush"), ("combuz1", "Common Buzzard"), ("wbrcha2", "White-browed Robin-Chat"))):
        for _ in range(16):
            path = f"{code}/XC{rng.randrange(100_000, 800_000)}.wav"
            tone(folder / "train_audio" / path, rng, 500 + at * 300)
            rows.append([code, "[]", f"{rng.uniform(-5, 5):.4f}", f"{rng.uniform(30, 40):.4f}", name, rng.choice([3.0, 3.5, 4.5, 5.0]), path])
    table(folder / "train_metadata.csv", "primary_label|secondary_labels|latitude|longitude|common_name|rating|filename", rows)


# fmt: on

# Real tables


def from_statsmodels(path: str, folder: Path) -> None:
    """Copy a table that statsmodels is tested with, as it lies there."""
    source = Path(str(import_module("statsmodels").__file__)).parent / path
    (folder / source.name).write_bytes(source.read_bytes())


def from_openml(number: int, name: str, folder: Path) -> None:
    """Write a whole table of OpenML that scikit-learn is tested with, holes as empty cells."""
    read = import_module("sklearn.externals._arff").load
    top = Path(str(import_module("sklearn.datasets").__file__)).parent
    packed = next((top / "tests" / "data" / "openml" / f"id_{number}").glob("data-v1*.gz"))
    with gzip.open(packed, "rt", encoding="utf-8") as file:
        loaded = read(file)
    header = "|".join(column for column, _ in loaded["attributes"])
    rows = [["" if one is None else one for one in row] for row in loaded["data"]]
    table(folder / f"{name}.csv", header, rows)


def statsmodels(
    path: str, kind: str, target: str, about: str, source: str, unclear: str = ""
) -> None:
    name = "statsmodels-" + Path(path).stem
    made = partial(from_statsmodels, path)
    CASES.append(Second(name, made, kind, target, about, source, unclear))


def openml(number: int, name: str, kind: str, target: str, about: str) -> None:
    made = partial(from_openml, number, name)
    CASES.append(Second(f"openml-{name}", made, kind, target, about, "scikit-learn"))


GENERATED = len(CASES)
statsmodels(
    "gam/tests/results/autos.csv",
    "table-number",
    "price",
    "205 cars of 1985, holes, the price last",
    "statsmodels, UCI automobile",
)
statsmodels(
    "miscmodels/tests/results/ologit_ucla.csv",
    "table-class",
    "apply",
    "three degrees of likely as words, first column",
    "statsmodels, UCLA",
)
statsmodels(
    "stats/tests/results/framing.csv",
    "table-class",
    "cong_mesg",
    "a survey with other scales in words; whether a letter was sent, 0 or 1, last",
    "statsmodels, its example of mediation",
)
statsmodels(
    "tsa/holtwinters/tests/results/housing-data.csv",
    "time-series",
    "HOUSTNSA",
    "houses begun by month",
    "statsmodels, FRED",
)
statsmodels(
    "tsa/stl/tests/results/mstl_elec_vic.csv",
    "time-series",
    "y",
    "demand for electricity by hour, ds and y",
    "statsmodels, its example of MSTL",
)
statsmodels(
    "genmod/tests/results/stata_lbw_glm.csv",
    "table-class",
    "low",
    "babies of low weight: low is weight below 2500, and the weight stands last",
    "statsmodels, Stata",
    "kind",
)
openml(40945, "titanic", "table-class", "survived", "the long one: boat, body, names, holes")
openml(42585, "penguins", "table-class", "species", "three species, first column")
openml(561, "cpu", "table-number", "class", "a number that is named class, last column")
openml(62, "zoo", "table-class", "type", "true and false, 101 animals, one name twice")
