#!/usr/bin/env python3
"""Writes unicode_table.inl: runs of code points of one class.

Source: UnicodeData.txt (general categories) and PropList.txt (White_Space) of the Unicode Character
Database, as Debian's package unicode-data installs them. Run it here after an update:

    python3 make_unicode_table.py > unicode_table.inl
"""
import re
import sys

FOLDER = "/usr/share/unicode/"
CLASSES = {"L": 1, "M": 2, "N": 3, "P": 4, "S": 5, "Z": 6, "C": 7}  # CodePointClass; 0: unassigned
LAST = 0x10FFFF


def categories():
    classes = [0] * (LAST + 1)
    first = None
    for line in open(FOLDER + "UnicodeData.txt", encoding="ascii"):
        code, name, category = line.split(";")[:3]
        number = int(code, 16)
        if name.endswith(", First>"):
            first = number
            continue
        for each in range(first if name.endswith(", Last>") else number, number + 1):
            classes[each] = CLASSES[category[0]]
        first = None
    return classes


def properties():
    version = None
    spaces = []
    for line in open(FOLDER + "PropList.txt", encoding="utf-8"):
        version = version or re.search(r"PropList-([0-9.]+)\.txt", line).group(1)
        found = re.match(r"([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*White_Space\b", line)
        if found:
            spaces.append((int(found.group(1), 16), int(found.group(2) or found.group(1), 16)))
    return version, spaces


def rows(name, values):
    print(f"constexpr std::uint32_t {name}[] = {{")
    line = "   "
    for value in values:
        text = f" 0x{value:X},"
        if len(line) + len(text) > 100:
            print(line)
            line = "   "
        line += text
    print(line)
    print("};")


def main():
    classes = categories()
    version, spaces = properties()
    runs = [code << 3 | value for code, value in enumerate(classes)
            if code == 0 or classes[code - 1] != value]
    print(f"// Unicode {version}. Written by make_unicode_table.py: change that, not this.")
    print("// clang-format off")
    print("// First code point of a run << 3 | CodePointClass of the run.")
    rows("k_class_runs", runs)
    print("// First and last code point of each run of white space.")
    rows("k_space_runs", [bound for run in spaces for bound in run])
    print("// clang-format on")
    return 0


sys.exit(main())
