"""A disk that loses power: what was written, what of it was certainly kept, and what may be left of the rest.

A run is recorded with strace. What a file was told to keep (fsync, fdatasync) is kept. Of what was written since, any
part may be lost, come in another order, or be torn at sectors of 512 bytes. Of the names in a folder that came and went
since the folder was told to keep them, a beginning is kept: file systems write those in order.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

SECTOR = 512
CALLS = "openat,open,write,pwrite64,lseek,ftruncate,fsync,fdatasync,unlink,unlinkat,rename,renameat,renameat2"
# Whatever else could write to a file is recorded too, so that it is noticed rather than left out.
UNEXPECTED = "pwritev,pwritev2,writev,fallocate,copy_file_range,sendfile,sync_file_range,truncate,msync"


class Op(NamedTuple):
    """create, unlink, write, truncate (to `offset`), sync, sync folder, or acknowledged (`name` is the id)."""

    kind: str
    name: str = ""
    offset: int = 0
    data: bytes = b""


_LINE = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+)")
_FD = re.compile(r"(?:\d+|AT_FDCWD)<([^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


def why_not():
    """Why nothing can be recorded here; empty where it can."""
    if not sys.platform.startswith("linux") or shutil.which("strace") is None:
        return "needs strace (Debian: apt install strace)"
    tried = subprocess.run(["strace", "-qq", "-e", "trace=none", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "strace may not trace processes here (ptrace is not allowed)"


def record(program, folder):
    """Run a program, and give everything it did to the files in a folder, in order."""
    folder = Path(folder).resolve()
    log = folder.parent / f"{folder.name}.strace"
    names = ["store.db", "store.db-wal", "store.db-journal", "acknowledged"]
    paths = [word for each in [folder, *(folder / name for name in names)] for word in ("-P", str(each))]
    traced = [
        "strace",
        "-f",
        "-y",
        "-xx",
        "-s",
        "100000000",
        "-e",
        f"trace={CALLS},{UNEXPECTED}",
        *paths,
        "-o",
        str(log),
    ]
    done = subprocess.run([*traced, *map(str, program)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    with log.open(encoding="ascii") as lines:
        ops = [op for line in lines for op in read_line(line, folder)]
    log.unlink()
    return ops


def _plain(hexed):
    return bytes.fromhex(hexed.replace("\\x", ""))


def read_line(line, folder):
    """The operations of one line of strace's. Raises ValueError for what it does not understand."""
    if "= ?" in line or "+++" in line or "---" in line:
        return []
    found = _LINE.search(line)
    texts = _TEXT.findall(line)
    if found is None or any(cut for _, cut in texts):
        raise ValueError(f"this line of strace is not understood: {line[:200]}")
    call, arguments, result = found.group(1), found.group(2), int(found.group(3))
    if result < 0:
        return []
    if call in _NAMED:
        name = _within(Path(_plain(texts[0][0]).decode()), folder)
        return [Op(_NAMED[call], name)] if name and (_NAMED[call] != "create" or "O_CREAT" in arguments) else []
    path = _path(arguments)
    if path == folder:
        return [Op("sync folder")] if call in _SYNC else []
    name = _within(path, folder)
    return [] if name is None else _done(call, name, arguments, b"".join(_plain(each) for each, _ in texts)[:result])


_NAMED = {"open": "create", "openat": "create", "unlink": "unlink", "unlinkat": "unlink"}
_SYNC = {"fsync", "fdatasync"}


def _path(arguments):
    """The file that the first argument is open on."""
    at = _FD.match(arguments)
    if at is None:
        return Path("?")
    return Path(_plain(at.group(1)).decode() if "\\x" in at.group(1) else at.group(1))


def _done(call, name, arguments, data):
    """What a call does to an open file."""
    if name == "acknowledged":
        return [Op("acknowledged", each) for each in data.decode().split()]
    last = arguments.rsplit(", ", 1)[-1]
    if call == "pwrite64":
        return [Op("write", name, int(last), data)]
    if call == "ftruncate":
        return [Op("truncate", name, int(last))]
    if call in _SYNC:
        return [Op("sync", name)]
    if call == "lseek":
        return []
    raise ValueError(f"this way to write is not understood: {call}")


def _within(path, folder):
    return path.name if path.parent == folder else None


class Disk:
    """What the files of a folder are, live and certainly kept."""

    def __init__(self):
        self.live = {}
        self.lasting = {}
        self.moves = []

    def apply(self, op):
        match op.kind:
            case "create":
                if op.name not in self.live:
                    self.live[op.name] = _File()
                    self.moves.append((op.name, self.live[op.name]))
            case "unlink":
                del self.live[op.name]
                self.moves.append((op.name, None))
            case "write" | "truncate":
                self.live[op.name].pending.append(op)
            case "sync":
                self.live[op.name].keep()
            case "sync folder":
                self.lasting = self._names(len(self.moves))
                self.moves = []

    def _names(self, n):
        names = dict(self.lasting)
        for name, file in self.moves[:n]:
            if file is None:
                names.pop(name, None)
            else:
                names[name] = file
        return names

    def after_power_loss(self, chance):
        """One of the states in which the files may be found: {name: contents}."""
        names = self._names(chance.choice([0, len(self.moves), chance.randint(0, len(self.moves))]))
        how = chance.choice(["none", "all", "beginning", "sectors", "sectors", "shuffled"])
        return {name: bytes(file.after_power_loss(how, chance)) for name, file in names.items()}


class _File:
    def __init__(self):
        self.kept = bytearray()
        self.pending = []

    def keep(self):
        for op in self.pending:
            _write(self.kept, op)
        self.pending = []

    def after_power_loss(self, how, chance):
        if how == "none" or not self.pending:
            return self.kept
        data, pending = bytearray(self.kept), list(self.pending)
        if how == "beginning":
            pending = pending[: chance.randint(0, len(pending))]
            *whole, torn = pending or [None]
            for op in whole:
                _write(data, op)
            if torn is not None:
                _write_torn(data, torn, 0.5, chance)
            return data
        if how == "shuffled":
            chance.shuffle(pending)
        share = 1.0 if how == "all" else chance.choice([0.02, 0.5, 0.9, 0.99, 0.999])
        for op in pending:
            if share == 1.0:
                _write(data, op)
            else:
                _write_torn(data, op, share, chance)
        return data


def _write(data, op):
    if op.kind == "truncate":
        del data[op.offset :]
        data.extend(bytes(op.offset - len(data)))
        return
    data.extend(bytes(max(op.offset - len(data), 0)))
    data[op.offset : op.offset + len(op.data)] = op.data


def _write_torn(data, op, share, chance):
    if op.kind == "truncate":
        if chance.random() < share:
            _write(data, op)
        return
    begin, end = op.offset, op.offset + len(op.data)
    for at in range(begin - begin % SECTOR, end, SECTOR):
        if chance.random() < share:
            first, last = max(at, begin), min(at + SECTOR, end)
            _write(data, Op("write", op.name, first, op.data[first - begin : last - begin]))
