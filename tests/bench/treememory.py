"""The memory of a process and all below it, each page counted once.

A sum of what each has resident counts the pages that they share (a library,
a program and its fork) as often as they are mapped. The numbers of pages are
root's to read.
"""
import os
import struct

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
PRESENT, WRITTEN, NUMBER = 1 << 63, 1 << 55, (1 << 55) - 1
# Some reserve gigabytes: what is empty is passed over in pieces like these.
ENTRIES = 4096
EMPTY = [struct.pack("<Q", entry) * ENTRIES for entry in (0, WRITTEN)]


def can_tell():
    return os.geteuid() == 0


def family(pid):
    """The process and all below it."""
    pids = [pid]
    for one in pids:
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{task}/children",
                          encoding="ascii") as file:
                    pids += [int(child) for child in file.read().split()]
        except OSError:
            pass  # It has ended.
    return pids


def mapped(pid):
    """The first and the last page of each mapping that has something."""
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as smaps:
        for line in smaps:
            word = line.split()[0]
            if "-" in word:
                first, end = (int(word, 16) // PAGE_BYTES
                              for word in word.split("-"))
            elif word == "Rss:" and line.split()[1] != "0":
                yield first, end


def add_pages(pages, pid):
    with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        for first, end in mapped(pid):
            for page in range(first, end, ENTRIES):
                pagemap.seek(page * 8)
                piece = pagemap.read(min(ENTRIES, end - page) * 8)
                if piece not in EMPTY:
                    pages.update(entry & NUMBER for entry,
                                 in struct.iter_unpack("<Q", piece)
                                 if entry & PRESENT)


def resident_bytes(pid):
    pages = set()
    for one in family(pid):
        try:
            add_pages(pages, one)
        except OSError:
            pass
    return len(pages) * PAGE_BYTES


def peak(process):
    """Of a subprocess.Popen, from now until it ends, as far as looks tell."""
    most = 0
    while process.poll() is None:
        most = max(most, resident_bytes(process.pid))
    return most
